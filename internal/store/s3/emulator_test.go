//go:build aws

package s3_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"wplake/internal/awsapi"
	"wplake/internal/store"
	"wplake/internal/store/s3"
	"wplake/internal/store/storetest"
)

// emulators are the stores that the suite runs against, by the variable that
// holds their address.
func emulators() []string { return []string{"SEAWEEDFS_URL", "MINISTACK_URL"} }

// emulator is the configuration for the emulator of a variable.
func emulator(t *testing.T, variable string) aws.Config {
	t.Helper()
	url := os.Getenv(variable)
	if url == "" {
		t.Fatalf("%s is not set: `make test-aws` starts the emulators", variable)
	}
	cfg, err := awsapi.Load(t.Context(), awsapi.Options{Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	cfg.BaseEndpoint = &url
	return cfg
}

// bucket makes a bucket of its own.
func bucket(t *testing.T, cfg aws.Config, o s3.Options) *s3.Bucket {
	t.Helper()
	client := awss3.NewFromConfig(cfg, func(o *awss3.Options) { o.UsePathStyle = true })
	name := "suite-" + strings.ToLower(rand.Text()[:20])
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { empty(t, client, name) })
	o.Scratch = t.TempDir()
	return s3.New(cfg, name, o)
}

func empty(t *testing.T, client *awss3.Client, name string) {
	t.Helper()
	ctx := context.Background() // the test's has ended when it cleans up
	pages := awss3.NewListObjectsV2Paginator(client, &awss3.ListObjectsV2Input{Bucket: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Error(err)
			return
		}
		for _, o := range page.Contents {
			if _, err := client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &name, Key: o.Key}); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := client.DeleteBucket(ctx, &awss3.DeleteBucketInput{Bucket: &name}); err != nil {
		t.Error(err)
	}
}

func TestBucketOnEmulators(t *testing.T) {
	for _, variable := range emulators() {
		t.Run(variable, func(t *testing.T) {
			cfg := emulator(t, variable)
			open := func(t *testing.T) store.Bucket {
				return bucket(t, cfg, s3.Options{Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
			}
			t.Run("suite", func(t *testing.T) { storetest.Run(t, open) })
			t.Run("metadata", func(t *testing.T) { storetest.RunMetadata(t, open) })
		})
	}
}
