package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"wplake/internal/config"
	names "wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	objects "wplake/internal/store/s3"
	"wplake/test/aws/runtime"
	"wplake/test/bench/site"
)

// The buckets of both ways, one after the other.
const (
	rawBucket    = "data-lakehouse-raw"
	bronzeBucket = "data-lakehouse-bronze"
	silverBucket = "data-lakehouse-silver"
)

const region = "us-east-1"

// size is a site to measure with.
type size struct {
	name   string
	site   site.Source
	rounds int     // at most
	faster float64 // than awswrangler, what is promised
}

// The two sizes of the reference's measurements.
var (
	small = size{name: "small", site: site.Source{Posts: 600, Statistics: 9_500, Relations: 3_500}, rounds: 9, faster: 15}
	large = size{name: "large", site: site.Source{Posts: 66_000, Statistics: 1_000_000, Relations: 200_000}, rounds: 3, faster: 4}
)

// lake is the emulators, with what the functions expect there.
type lake struct {
	dir         string
	s3URL, rest string
	objects     *s3.Client
}

func newLake(ctx context.Context, dir string) (*lake, error) {
	l := &lake{dir: dir, s3URL: os.Getenv("SEAWEEDFS_URL"), rest: os.Getenv("MINISTACK_URL")}
	if l.s3URL == "" || l.rest == "" {
		return nil, errors.New("SEAWEEDFS_URL and MINISTACK_URL are not set: this is run by make bench-aws")
	}
	c := aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider(
		os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), "")}
	l.objects = s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle, o.BaseEndpoint = true, &l.s3URL })
	for _, bucket := range []string{rawBucket, bronzeBucket, silverBucket} {
		if _, err := l.objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			return nil, err
		}
		// The emulator allots space at the first write to a bucket, which takes
		// as long as many writes.
		if _, err := l.objects.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("first"), Body: strings.NewReader("first")}); err != nil {
			return nil, err
		}
		if err := l.clear(ctx, bucket); err != nil {
			return nil, err
		}
	}
	parameters := ssm.NewFromConfig(c, func(o *ssm.Options) { o.BaseEndpoint = &l.rest })
	for name, value := range map[string]string{
		"/s3/lakehouse/name/raw": rawBucket, "/s3/lakehouse/name/bronze": bronzeBucket, "/s3/lakehouse/name/silver": silverBucket,
		"/sns/data/lakehouse/raw":    "arn:aws:sns:us-east-1:000000000000:data-lakehouse-raw",
		"/sns/data/lakehouse/bronze": "arn:aws:sns:us-east-1:000000000000:data-lakehouse-bronze",
		"/sns/data/lakehouse/silver": "arn:aws:sns:us-east-1:000000000000:data-lakehouse-silver",
	} {
		if _, err := parameters.PutParameter(ctx, &ssm.PutParameterInput{
			Name: &name, Value: &value, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
		}); err != nil {
			return nil, err
		}
	}
	return l, os.WriteFile(filepath.Join(dir, config.FileName), []byte("site: bench\nsource: {kind: endpoints}\n"), 0o600)
}

// environment leads a process to the emulators.
func (l *lake) environment() []string {
	return []string{
		"AWS_ENDPOINT_URL=" + l.rest, "AWS_ENDPOINT_URL_S3=" + l.s3URL, "AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region,
		"AWS_ACCESS_KEY_ID=" + os.Getenv("AWS_ACCESS_KEY_ID"), "AWS_SECRET_ACCESS_KEY=" + os.Getenv("AWS_SECRET_ACCESS_KEY"),
	}
}

// function starts a function's process with the memory that it has by default.
func (l *lake) function(ctx context.Context, program, name string) (*runtime.Function, error) {
	scratch, err := os.MkdirTemp(l.dir, "tmp-")
	if err != nil {
		return nil, err
	}
	return runtime.Start(ctx, runtime.Options{
		Program: program, Name: name, TaskRoot: l.dir, Scratch: scratch,
		Memory: config.Default().AWS.Functions.Memory, Environment: l.environment(),
	})
}

// invoke hands over an event that has the longest time that Lambda gives.
func invoke(ctx context.Context, f *runtime.Function, event string) (runtime.Answer, error) {
	answer, err := f.Invoke(ctx, []byte(event), time.Now().Add(15*time.Minute))
	if err == nil && answer.Failed {
		err = fmt.Errorf("%s\n%s", answer.Payload, f.Logs())
	}
	return answer, err
}

// complete tells whether all five objects were written.
func complete(answer runtime.Answer) error {
	var report struct {
		Objects []struct {
			Object, Status string
			Rows           int64
			Unchanged      bool
		}
	}
	if err := json.Unmarshal(answer.Payload, &report); err != nil {
		return fmt.Errorf("%w: %s", err, answer.Payload)
	}
	for _, o := range report.Objects {
		if o.Status != "succeeded" || o.Rows == 0 || o.Unchanged {
			return fmt.Errorf("%s did not do the work: %s", o.Object, answer.Payload)
		}
	}
	if len(report.Objects) != 5 {
		return fmt.Errorf("%d objects instead of five: %s", len(report.Objects), answer.Payload)
	}
	return nil
}

// empty removes the objects of bronze and silver.
func (l *lake) empty(ctx context.Context) error {
	for _, bucket := range []string{bronzeBucket, silverBucket} {
		if err := l.clear(ctx, bucket); err != nil {
			return err
		}
	}
	return nil
}

func (l *lake) clear(ctx context.Context, bucket string) error {
	found, err := l.objects.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		return err
	}
	for _, o := range found.Contents {
		if _, err := l.objects.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: o.Key}); err != nil {
			return err
		}
	}
	return nil
}

// fill makes raw hold a site, written as the function raw writes it, and
// returns how many bytes of JSON that are.
func (l *lake) fill(ctx context.Context, s size) (int64, error) {
	if err := l.clear(ctx, rawBucket); err != nil {
		return 0, err
	}
	c := aws.Config{Region: region, BaseEndpoint: &l.s3URL, Credentials: l.objects.Options().Credentials}
	report := pipeline.Raw(ctx, pipeline.Deps{
		Config: config.Default(), Source: s.site, Log: slog.New(slog.DiscardHandler), Now: time.Now, Scratch: l.dir,
		Buckets: map[names.Layer]store.Bucket{names.Raw: objects.New(c, rawBucket, objects.Options{Scratch: l.dir})},
	}, pipeline.Request{RunID: "fill"})
	if report.Error != nil {
		return 0, errors.New(report.Error.Message)
	}
	var total int64
	for _, o := range report.Objects {
		if o.Error != nil {
			return 0, errors.New(o.Error.Message)
		}
		total += o.Bytes
	}
	return total, nil
}
