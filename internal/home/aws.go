package home

import (
	"context"
	"os"
	"path/filepath"

	"wplake/internal/catalog/glue"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/notify/sns"
	"wplake/internal/params/ssm"
	"wplake/internal/store"
	"wplake/internal/store/s3"
)

// OpenAWS opens the home aws of a lake that is deployed: objects in S3,
// parameters in Parameter Store, alerts by SNS, tables in the Glue Data Catalog.
// What it needs on this machine (temporary files, the reports of runs from here)
// is in a folder of the account and region within the lake's.
func OpenAWS(ctx context.Context, c config.Config, o Options) (*Home, error) {
	cloud, err := OpenCloud(ctx, c, o.Notice)
	if err != nil {
		return nil, err
	}
	h := newHome(c, o)
	h.Cloud = cloud
	h.setState(filepath.Join(h.Root, ".wplake", "aws", cloud.Account+"-"+cloud.Region))
	h.setParams(ssm.New(cloud.Config, ssm.Options{KMSKey: c.AWS.KMSKey}))
	h.Notifier = sns.New(cloud.Config, sns.Options{Account: cloud.Account, Partition: cloud.Partition})
	scratch, err := h.scratch("objects")
	if err != nil {
		return nil, err
	}
	err = h.openBuckets(ctx, bucketOptions{mending: o.Mending, layers: lake.Layers()}, func(name string) store.Bucket { return h.s3Bucket(name, scratch) })
	if o.Mending && (lake.HasCode(err, lake.ParameterMissing) || lake.HasCode(err, lake.AccessDenied)) {
		err = nil // it is about to be set, or what may not be read is told of later
	}
	if lake.HasCode(err, lake.ParameterMissing) {
		e := lake.AsError(err, lake.ParameterMissing)
		e.Hint = "deploy the lake: wplake deploy apply; or " + e.Hint + " --home aws"
		err = e
	}
	h.openCatalog()
	return h, err
}

// openCatalog opens the tables of the buckets that are open.
func (h *Home) openCatalog() {
	names := map[lake.Layer]string{}
	for l, b := range h.Buckets {
		names[l] = b.Name()
	}
	h.Catalog = glue.New(h.Cloud.Config, glue.Options{Now: h.Now, Buckets: names})
}

// s3Bucket is a bucket of this home.
func (h *Home) s3Bucket(name, scratch string) store.Bucket {
	if scratch == "" {
		scratch = os.TempDir()
	}
	return s3.New(h.Cloud.Config, name, s3.Options{Scratch: scratch, Prefix: h.Config.Dataset + "/", Log: h.Log, Now: h.Now})
}
