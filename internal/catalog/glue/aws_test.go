//go:build aws

package glue_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsglue "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"wplake/internal/catalog"
	"wplake/internal/catalog/catalogtest"
	"wplake/internal/catalog/glue"
)

func emulator(t *testing.T, variable string) string {
	t.Helper()
	endpoint := os.Getenv(variable)
	if endpoint == "" {
		t.Fatalf("%s names no emulator; `make test-aws` starts one", variable)
	}
	return endpoint
}

// account is the account of a place, another one in each run.
func account(salt uint64, place string) string {
	h := fnv.New64a()
	h.Write(fmt.Appendf(nil, "%d %s", salt, place))
	return fmt.Sprintf("%012d", 100_000_000_000+h.Sum64()%800_000_000_000)
}

// The emulator that has versions of tables.
func TestConformanceMoto(t *testing.T) {
	gate := httptest.NewServer(newGate(t, emulator(t, "MOTO_URL")))
	t.Cleanup(gate.Close)
	salt := rand.Uint64()
	catalogtest.Run(t, func(t *testing.T, place string, now func() time.Time) catalog.Catalog {
		cfg := aws.Config{
			Region: "us-east-1", BaseEndpoint: &gate.URL,
			Credentials: credentials.NewStaticCredentialsProvider("test", "testtest", ""),
		}
		// A role's credentials lead to the account that the role is of.
		out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + account(salt, place) + ":role/wplake"), RoleSessionName: aws.String("test"),
		})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Credentials = credentials.NewStaticCredentialsProvider(
			*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
		return glue.New(cfg, options(now))
	})
}

// The emulator that refuses stale versions, and has none of the past.
func TestConformanceMiniStack(t *testing.T) {
	endpoint := emulator(t, "MINISTACK_URL")
	salt := rand.Uint64()
	catalogtest.RunPresent(t, func(_ *testing.T, place string, now func() time.Time) catalog.Catalog {
		return glue.New(aws.Config{
			Region: "us-east-1", BaseEndpoint: &endpoint,
			Credentials: credentials.NewStaticCredentialsProvider(account(salt, place), "secret", ""),
		}, options(now))
	})
}

// gate is moto with what it lacks of AWS: an update of a version that is not
// the present one is refused.
type gate struct {
	t     *testing.T
	moto  string
	proxy *httputil.ReverseProxy
	mu    sync.Mutex // held from the look at the version to the end of its update
}

func newGate(t *testing.T, moto string) *gate {
	target, err := url.Parse(moto)
	if err != nil {
		t.Fatal(err)
	}
	return &gate{t: t, moto: moto, proxy: &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
		// A client that gave up wants no answer.
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "AWSGlue.UpdateTable" {
		g.proxy.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in struct {
		DatabaseName string
		VersionId    string //nolint:revive // as Glue spells it
		TableInput   struct{ Name string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		g.t.Error(err)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if present := g.present(r, in.DatabaseName, in.TableInput.Name); present != "" && present != in.VersionId {
		w.WriteHeader(http.StatusBadRequest)
		if _, err := io.WriteString(w, `{"__type":"ConcurrentModificationException","Message":"stale"}`); err != nil {
			g.t.Error(err)
		}
		return
	}
	g.proxy.ServeHTTP(w, r)
}

// present is the number of a table's present version, asked with r's credentials.
func (g *gate) present(r *http.Request, database, name string) string {
	body, err := json.Marshal(map[string]string{"DatabaseName": database, "Name": name})
	if err != nil {
		g.t.Fatal(err)
	}
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodPost, g.moto, bytes.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	ask.Header = r.Header.Clone()
	ask.Header.Set("X-Amz-Target", "AWSGlue.GetTable")
	res, err := http.DefaultClient.Do(ask)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	var out struct{ Table struct{ VersionId string } } //nolint:revive // as Glue spells it
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return ""
	}
	return out.Table.VersionId
}

// The emulator's crawlers run for five seconds, and make no tables.
func TestCrawlersMiniStack(t *testing.T) {
	endpoint := emulator(t, "MINISTACK_URL")
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(account(rand.Uint64(), t.Name()), "secret", ""),
	}
	_, err := awsglue.NewFromConfig(cfg).CreateCrawler(t.Context(), &awsglue.CreateCrawlerInput{
		Name: aws.String("wordpress_bronze"), Role: aws.String("arn:aws:iam::111122223333:role/crawler"), DatabaseName: aws.String(database),
		Targets: &types.CrawlerTargets{S3Targets: []types.S3Target{{Path: aws.String("s3://lake-bronze/wordpress_api/")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	crawlers := glue.NewCrawlers(cfg, glue.CrawlerOptions{Poll: 100 * time.Millisecond})
	started, err := crawlers.Start(t.Context(), "wordpress_bronze")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := crawlers.Start(t.Context(), "wordpress_bronze"); !errors.Is(err, glue.ErrCrawlerRunning) {
		t.Errorf("a second Start: %v", err)
	}
	if crawl, err := crawlers.Await(t.Context(), started); err != nil || crawl.Status != "SUCCEEDED" {
		t.Errorf("%+v, %v", crawl, err)
	}
}
