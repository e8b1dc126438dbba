//go:build aws

package deploy_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/workflow/machine"
)

// emulator is a Deployer to an account of its own in MiniStack.
func emulator(t *testing.T, id string, change func(*config.Config)) (*deploy.Deployer, aws.Config) {
	t.Helper()
	url := os.Getenv("MINISTACK_URL")
	if url == "" {
		t.Fatal("MINISTACK_URL names no emulator; `make test-aws` starts one")
	}
	// Twelve digits as the key are an account of their own.
	cfg := aws.Config{Region: "eu-west-1", BaseEndpoint: &url, Credentials: credentials.NewStaticCredentialsProvider(id, "secret", "")}
	c, in := definition(t, strings.ReplaceAll(blog, "blog-", "b"+id+"-"), nil)
	if change != nil {
		change(&c)
	}
	n := 0
	return deploy.New(cfg, deploy.Options{
		Config: c, Dir: in.Dir, Definition: in.Definition, Machine: machine.Default(c), Program: in.Program, Now: time.Now, Every: 50 * time.Millisecond,
		Token:    func() string { n++; return fmt.Sprintf("t%d-%d", time.Now().UnixNano(), n) },
		Progress: func(e deploy.Event) { t.Log(e.Text, e.Status, e.Type, e.Resource, e.Reason) },
	}), cfg
}

func TestDeployToAnEmulator(t *testing.T) {
	t.Parallel()
	const id = "111122223333"
	d, cfg := emulator(t, id, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()

	plan, err := d.Plan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if !plan.New || plan.Account.ID != id || plan.Blocked() {
		t.Fatalf("plan: new %v, account %s, findings %+v", plan.New, plan.Account.ID, plan.Findings)
	}
	p, done, err := apply(t, d)
	if err != nil {
		t.Fatal(err)
	}
	if done.Status != "CREATE_COMPLETE" || len(done.Outputs) == 0 {
		t.Errorf("applied: %s, outputs %v", done.Status, done.Outputs)
	}
	// The function's code is the package.
	functions := lambda.NewFromConfig(cfg)
	got, err := functions.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("data_wordpressapi_raw")})
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Configuration.CodeSize; n != int64(p.Package.Bytes) {
		t.Errorf("the function's code has %d bytes, the package %d", n, p.Package.Bytes)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := "wplake-artifacts-" + id + "-eu-west-1"
	versioning, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil || versioning.Status != "Enabled" {
		t.Errorf("the artifacts bucket is not versioned: %v %v", versioning, err)
	}

	// Again, and with a change.
	if p, _, err := apply(t, d); err != nil || !p.Nothing {
		t.Errorf("again: nothing %v, %+v, %v", p.Nothing, p.Changes, err)
	}
	other, _ := emulator(t, id, func(c *config.Config) { c.AWS.Functions.Memory = 2048 })
	plan, err = other.Plan(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if plan.New || plan.Nothing || !slices.ContainsFunc(plan.Changes, func(c deploy.Change) bool { return c.Type == "AWS::Lambda::Function" && c.Action == "change" }) {
		t.Errorf("the change's plan: %+v", plan.Changes)
	}
	if _, done, err := apply(t, other); err != nil || done.Status != "UPDATE_COMPLETE" {
		t.Errorf("the change: %s %v", done.Status, err)
	}
	if got, err := functions.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("data_wordpressapi_raw")}); err != nil || aws.ToInt32(got.MemorySize) != 2048 {
		t.Errorf("memory is %v, %v", got.MemorySize, err)
	}
	status, err := other.Status(ctx, true)
	if err != nil {
		t.Fatal(err)
	}
	if !status.Exists || status.Drift == nil || slices.ContainsFunc(status.Agrees, func(a deploy.Agreement) bool { return !a.Agrees }) {
		t.Errorf("status: %+v", status)
	}

	// Data stay, until told otherwise.
	raw := "b" + id + "-raw"
	for i := range 3 {
		if _, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &raw, Key: aws.String(fmt.Sprint("wordpress_api/x/", i)), Body: strings.NewReader("[]")}); err != nil {
			t.Fatal(err)
		}
	}
	destroyed, err := other.Destroy(ctx, false)
	if err != nil || !destroyed.Found {
		t.Fatalf("%+v %v", destroyed, err)
	}
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &raw}); err != nil {
		t.Errorf("the bucket went with the stack: %v", err)
	}
	// The stack is gone; the buckets are known by their tag
	// (the emulator's CloudFormation sets none).
	for _, layer := range []string{"raw", "bronze", "silver"} {
		_, err := client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{
			Bucket:  aws.String("b" + id + "-" + layer),
			Tagging: &s3types.Tagging{TagSet: []s3types.Tag{{Key: aws.String("wplake:stack"), Value: aws.String("wplake-blog")}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	destroyed, err = other.Destroy(ctx, true)
	if err != nil || destroyed.Deleted[raw] < 3 {
		t.Errorf("%+v %v", destroyed, err)
	}
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &raw}); err == nil {
		t.Error("the bucket is still there")
	}
}
