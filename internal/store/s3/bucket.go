// Package s3 keeps buckets in Amazon S3, or in a store that speaks its
// protocol. An object is filled in a local file and put when it is complete,
// so a reader has the old object or the new one; checksums go with it both
// ways, and a write may be bound to the version that it replaces.
package s3

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"wplake/internal/store"
)

// Sizes in bytes.
const (
	defaultPart = 16 << 20
	smallest    = 5 << 20 // that S3 takes as a part which is not the last
	maxParts    = 10_000  // of one object
)

// Options are what a bucket needs beside its name. All may be zero.
type Options struct {
	// Scratch is a folder that exists, for the files of unfinished writes;
	// empty: the system's folder for temporary files.
	Scratch string
	// Prefix is what the keys begin with that wplake writes here, such as
	// "wordpress_api/". Check tries a key below it, and Sweep leaves alone what
	// is not; empty: the bucket is all wplake's.
	Prefix string
	// PartSize is, in bytes, the largest object that is put with one request,
	// and the size of the parts of larger ones, of which two at a time are
	// under way; at least 5 MiB, 0: 16 MiB. An object of more than 10,000 such
	// parts has larger ones.
	PartSize int64
	Log      *slog.Logger
	Now      func() time.Time // the clock; nil: the machine's
}

// Bucket is a bucket of S3. It implements store.Bucket; its methods may be
// called concurrently, also by several processes.
type Bucket struct {
	client   *s3.Client
	name     string
	region   string
	scratch  string
	prefix   string
	partSize int64
	log      *slog.Logger
	now      func() time.Time

	mu   sync.Mutex
	left map[string]string // unfinished multipart uploads of this process, upload id → key
}

var _ store.Bucket = (*Bucket)(nil)

// New returns the bucket of that name. No request is made. The settings of
// cfg, such as how often a call is tried again, are awsapi.Load's.
func New(cfg aws.Config, bucket string, o Options) *Bucket {
	b := &Bucket{
		name: bucket, region: cfg.Region, scratch: cmp.Or(o.Scratch, os.TempDir()), prefix: o.Prefix,
		partSize: max(cmp.Or(o.PartSize, defaultPart), smallest), log: o.Log, now: o.Now, left: map[string]string{},
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.now == nil {
		b.now = time.Now
	}
	b.client = s3.NewFromConfig(cfg, func(so *s3.Options) {
		// No certificate covers a name with dots below S3's, and few other
		// stores have names by bucket.
		so.UsePathStyle = so.BaseEndpoint != nil || strings.Contains(bucket, ".")
		so.DisableLogOutputChecksumValidationSkipped = true
	})
	return b
}

// Name is the bucket's name.
func (b *Bucket) Name() string { return b.name }

// URI is s3://bucket/key, with the key as it is.
func (b *Bucket) URI(key string) string { return "s3://" + b.name + "/" + key }

// Stat describes an object, with its metadata. It needs s3:GetObject; without
// s3:ListBucket AWS does not tell a missing object from a forbidden one.
func (b *Bucket) Stat(ctx context.Context, key string) (store.Info, error) {
	if err := ready(ctx, key); err != nil {
		return store.Info{}, err
	}
	info, _, err := b.head(ctx, key)
	return info, err
}

// head describes an object and gives the mark of the write that made it.
func (b *Bucket) head(ctx context.Context, key string) (info store.Info, mark string, err error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		if absent(err) {
			return store.Info{}, "", store.ErrNotFound
		}
		return store.Info{}, "", b.failure(err, "look at "+b.URI(key), "s3:GetObject (and s3:ListBucket, without which a missing object looks forbidden)")
	}
	info = store.Info{Key: key, Size: aws.ToInt64(out.ContentLength), Modified: aws.ToTime(out.LastModified), Version: version(out.ETag)}
	info.Metadata, mark = decodeMetadata(out.Metadata)
	return info, mark, nil
}

// List returns the objects whose keys begin with prefix, sorted by key. Each
// 1,000 objects are a request. What cannot be a key of the port, such as a
// folder made in the console, is no object. A bucket that does not exist is an
// error: this driver makes none.
func (b *Bucket) List(ctx context.Context, prefix string) ([]store.Info, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var found []store.Info
	// Encoded, since XML has no form for some characters that foreign keys may hold.
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix, EncodingType: types.EncodingTypeUrl})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.failure(err, "list "+b.URI(prefix), "s3:ListBucket")
		}
		for _, o := range page.Contents {
			key := aws.ToString(o.Key)
			if page.EncodingType == types.EncodingTypeUrl {
				if key, err = url.QueryUnescape(key); err != nil {
					return nil, b.failure(err, "list "+b.URI(prefix), "s3:ListBucket")
				}
			}
			if !strings.HasPrefix(key, prefix) {
				continue // some stores take a//b for a/b
			}
			if store.CheckKey(key) != nil {
				if !strings.HasSuffix(key, "/") {
					b.log.Warn("something whose name cannot be a key is not an object", "uri", b.URI(key))
				}
				continue
			}
			found = append(found, store.Info{Key: key, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified), Version: version(o.ETag)})
		}
	}
	slices.SortFunc(found, func(x, y store.Info) int { return cmp.Compare(x.Key, y.Key) })
	return found, nil
}

// ready returns the reason, if there is one, not to begin an operation.
func ready(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return store.CheckKey(key)
}

// version is an entity tag without its quotes, which not every store gives.
func version(tag *string) string { return strings.Trim(aws.ToString(tag), `"`) }

// quoted is a version as a header has it.
func quoted(version string) *string { return aws.String(`"` + version + `"`) }

// bytesText is a size for people.
func bytesText(n int64) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
