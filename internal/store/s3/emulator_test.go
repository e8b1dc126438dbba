//go:build aws

package s3_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
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

// TestMultipartOnEmulators: parts become one object, under a condition as well.
func TestMultipartOnEmulators(t *testing.T) {
	for _, variable := range emulators() {
		t.Run(variable, func(t *testing.T) {
			b := bucket(t, emulator(t, variable), s3.Options{PartSize: 5 << 20, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
			version := ""
			for _, letter := range []string{"a", "b"} {
				info, err := write(t, b, large(letter), &version)
				if err != nil {
					t.Fatal(err)
				}
				wantLarge(t, b, letter, info)
				_, err = write(t, b, large("l"), &version)
				wantCode(t, err, lake.ObjectChanged)
				wantLarge(t, b, letter, info)
				version = info.Version
			}
			if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
				t.Errorf("Sweep: %d, %v", n, err)
			}
		})
	}
}

func wantLarge(t *testing.T, b store.Bucket, letter string, want store.Info) {
	t.Helper()
	path, info, err := b.Download(t.Context(), key, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || string(content) != large(letter) || info.Version != want.Version || info.Metadata["run"] != "1" {
		t.Errorf("the object has %d bytes, %+v, %v; want %+v", len(content), info, err, want)
	}
}

// TestMultipartRace: of writers in parts that expect the same version one
// wins. SeaweedFS looks at a condition before it puts the parts together, and
// lets several of them win; S3 says that it does not.
func TestMultipartRace(t *testing.T) {
	b := bucket(t, emulator(t, "MINISTACK_URL"), s3.Options{PartSize: 5 << 20})
	version := ""
	for round := range 3 {
		var writers sync.WaitGroup
		var mu sync.Mutex
		won := map[string]store.Info{}
		for n := range 4 {
			letter := string(rune('a' + 4*round + n))
			writers.Go(func() {
				info, err := write(t, b, large(letter), &version)
				if err != nil && !lake.HasCode(err, lake.ObjectChanged) {
					t.Errorf("a loser was told: %v", err)
				}
				if err == nil {
					mu.Lock()
					won[letter] = info
					mu.Unlock()
				}
			})
		}
		writers.Wait()
		if len(won) != 1 {
			t.Fatalf("%d of 4 writers won", len(won))
		}
		for letter, info := range won {
			wantLarge(t, b, letter, info)
			version = info.Version
		}
	}
}
