//go:build aws

package s3_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/store/s3"
)

// referencePolicy is what the reference's functions may do in their buckets.
const referencePolicy = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "S3BucketActions", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::%[1]s"]},
	{"Sid": "S3ObjectActions", "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"], "Resource": ["arn:aws:s3:::%[1]s/wordpress_api/*"]}
]}`

// TestReferencePolicy: the permissions of the reference's functions do for
// everything but what they have nothing to do with.
func TestReferencePolicy(t *testing.T) {
	cfg := emulator(t, "MINISTACK_AUTH_URL")
	b := bucket(t, cfg, s3.Options{})
	as := userWith(t, cfg, fmt.Sprintf(referencePolicy, b.Name()))
	b = s3.New(as, b.Name(), s3.Options{
		Scratch: t.TempDir(), Prefix: "wordpress_api/", PartSize: 5 << 20, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if _, err := b.Stat(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Stat of nothing: %v", err)
	}
	version := ""
	for _, content := range []string{"small", large("a"), large("b"), "small again"} {
		info, err := write(t, b, content, &version)
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := b.Download(t.Context(), key, t.TempDir()); err != nil || got.Version != info.Version {
			t.Errorf("Download gave %+v, %v", got, err)
		}
		_, err = write(t, b, content+"!", &version)
		wantCode(t, err, lake.ObjectChanged)
		version = info.Version
	}
	for _, prefix := range []string{"wordpress_api/", "wordpress_api_rejects/"} {
		if _, err := b.List(t.Context(), prefix); err != nil {
			t.Errorf("List(%q): %v", prefix, err)
		}
	}
	if err := b.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	wantCode(t, b.Delete(t.Context(), key), lake.AccessDenied, "s3:DeleteObject")
	_, err := b.Stat(t.Context(), "wordpress_api_rejects/terms/terms.parquet")
	wantCode(t, err, lake.AccessDenied, "s3:GetObject")
}

// userWith is the configuration of a new user who may do what the policy says.
func userWith(t *testing.T, cfg aws.Config, policy string) aws.Config {
	t.Helper()
	client := iam.NewFromConfig(cfg)
	name := aws.String("suite-" + strings.ToLower(rand.Text()[:16]))
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("reference"), PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	access, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*access.AccessKey.AccessKeyId, *access.AccessKey.SecretAccessKey, "")
	return cfg
}
