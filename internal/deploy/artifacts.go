package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Buckets are S3's calls that a deployment makes.
type Buckets interface {
	HeadBucket(context.Context, *s3.HeadBucketInput, ...func(*s3.Options)) (*s3.HeadBucketOutput, error)
	CreateBucket(context.Context, *s3.CreateBucketInput, ...func(*s3.Options)) (*s3.CreateBucketOutput, error)
	PutPublicAccessBlock(context.Context, *s3.PutPublicAccessBlockInput, ...func(*s3.Options)) (*s3.PutPublicAccessBlockOutput, error)
	PutBucketEncryption(context.Context, *s3.PutBucketEncryptionInput, ...func(*s3.Options)) (*s3.PutBucketEncryptionOutput, error)
	PutBucketVersioning(context.Context, *s3.PutBucketVersioningInput, ...func(*s3.Options)) (*s3.PutBucketVersioningOutput, error)
	PutBucketPolicy(context.Context, *s3.PutBucketPolicyInput, ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error)
	PutBucketLifecycleConfiguration(context.Context, *s3.PutBucketLifecycleConfigurationInput, ...func(*s3.Options)) (*s3.PutBucketLifecycleConfigurationOutput, error)
	GetBucketTagging(context.Context, *s3.GetBucketTaggingInput, ...func(*s3.Options)) (*s3.GetBucketTaggingOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	ListObjectVersions(context.Context, *s3.ListObjectVersionsInput, ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error)
	DeleteObjects(context.Context, *s3.DeleteObjectsInput, ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error)
	ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
	DeleteBucket(context.Context, *s3.DeleteBucketInput, ...func(*s3.Options)) (*s3.DeleteBucketOutput, error)
}

// ownership is whose a bucket is.
type ownership int

const (
	nobodys ownership = iota // there is no bucket of that name
	ours                     // it belongs to the account
	others                   // somebody else has it, or we may not look at it
)

// ArtifactsBucket is the bucket for packages.
func (d *Deployer) ArtifactsBucket(a Account) string {
	if named := d.o.Config.AWS.Artifacts; named != "" {
		return named
	}
	return fmt.Sprintf("wplake-artifacts-%s-%s", a.ID, a.Region)
}

// owner tells whose a bucket is.
func (d *Deployer) owner(ctx context.Context, a Account, bucket string) (ownership, error) {
	_, err := d.clients.Buckets.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket, ExpectedBucketOwner: &a.ID})
	if err == nil {
		return ours, nil
	}
	// HEAD has no body, so the code is made of the status.
	switch status(err) {
	case 404:
		return nobodys, nil
	case 403, 301: // 301: it lies in another region
		return others, nil
	}
	return others, awsapi.Failure(err, "look at the bucket "+bucket, "s3:ListBucket", lake.ServiceFailed)
}

// status is the HTTP status of an answer that was an error, or 0.
func status(err error) int {
	if response, ok := errors.AsType[interface {
		error
		HTTPStatusCode() int
	}](err); ok {
		return response.HTTPStatusCode()
	}
	switch awsapi.Code(err) {
	case "NotFound", "NoSuchBucket", "NoSuchKey":
		return 404
	case "Forbidden", "AccessDenied":
		return 403
	case "MovedPermanently", "PermanentRedirect":
		return 301
	case "PreconditionFailed":
		return 412
	}
	return 0
}

// ensureArtifacts makes the artifacts bucket where it is missing. One that the
// definition names and that exists is its owner's: its settings stay.
func (d *Deployer) ensureArtifacts(ctx context.Context, a Account) error {
	bucket := d.ArtifactsBucket(a)
	whose, err := d.owner(ctx, a, bucket)
	if err != nil {
		return err
	}
	switch whose {
	case others:
		return &lake.Error{
			Code: lake.DeployFailed, Message: fmt.Sprintf("the artifacts bucket %s belongs to another account, lies in another region, or may not be looked at", bucket),
			Hint: "name a bucket of yours with aws.artifacts_bucket, and allow s3:ListBucket on it",
		}
	case ours:
		if d.o.Config.AWS.Artifacts != "" {
			return nil
		}
	case nobodys:
		d.say("makes the bucket " + bucket + " for packages")
		if err := d.createBucket(ctx, a, bucket); err != nil {
			return err
		}
	}
	// Also where it exists: a try that was broken off may have left it bare.
	return d.protect(ctx, a, bucket)
}

func (d *Deployer) createBucket(ctx context.Context, a Account, bucket string) error {
	in := &s3.CreateBucketInput{Bucket: &bucket}
	if a.Region != "us-east-1" { // which is the one region that must not be said
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(a.Region)}
	}
	_, err := d.clients.Buckets.CreateBucket(ctx, in)
	if awsapi.Code(err) == "BucketAlreadyOwnedByYou" { // an answer was lost, or somebody did the same
		return nil
	}
	return awsapi.Failure(err, "make the bucket "+bucket, "s3:CreateBucket", lake.DeployFailed)
}

// artifactsVersions is how long replaced versions of artifacts are kept, in days.
const artifactsVersions = 30

// protect makes a bucket private, encrypted, versioned and reachable over TLS
// alone, and bounds what it keeps.
func (d *Deployer) protect(ctx context.Context, a Account, bucket string) error {
	b := d.clients.Buckets
	encryption := types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}
	if key := d.o.Config.AWS.KMSKey; key != "" {
		encryption = types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &key}
	}
	policy, err := json.Marshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
			"Resource":  []string{"arn:" + a.Partition + ":s3:::" + bucket, "arn:" + a.Partition + ":s3:::" + bucket + "/*"},
			"Condition": map[string]any{"Bool": map[string]string{"aws:SecureTransport": "false"}},
		}},
	})
	if err != nil {
		return err
	}
	steps := []struct {
		what, action string
		do           func() error
	}{
		{"block public access to", "s3:PutBucketPublicAccessBlock", func() error {
			_, err := b.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &bucket, ExpectedBucketOwner: &a.ID, PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
				BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
			}})
			return err
		}},
		{"encrypt", "s3:PutEncryptionConfiguration", func() error {
			_, err := b.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{Bucket: &bucket, ExpectedBucketOwner: &a.ID, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
				Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &encryption, BucketKeyEnabled: aws.Bool(encryption.KMSMasterKeyID != nil)}},
			}})
			return err
		}},
		{"version", "s3:PutBucketVersioning", func() error {
			_, err := b.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket, ExpectedBucketOwner: &a.ID, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
			return err
		}},
		{"set the policy of", "s3:PutBucketPolicy", func() error {
			_, err := b.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, ExpectedBucketOwner: &a.ID, Policy: aws.String(string(policy))})
			return err
		}},
		{"set the lifecycle of", "s3:PutLifecycleConfiguration", func() error {
			_, err := b.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: &bucket, ExpectedBucketOwner: &a.ID, LifecycleConfiguration: &types.BucketLifecycleConfiguration{
				Rules: []types.LifecycleRule{{
					ID: aws.String("bound-what-is-kept"), Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: aws.String("")},
					NoncurrentVersionExpiration:    &types.NoncurrentVersionExpiration{NoncurrentDays: aws.Int32(artifactsVersions)},
					AbortIncompleteMultipartUpload: &types.AbortIncompleteMultipartUpload{DaysAfterInitiation: aws.Int32(1)},
				}},
			}})
			return err
		}},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			return awsapi.Failure(err, s.what+" the bucket "+bucket, s.action, lake.DeployFailed)
		}
	}
	return nil
}

// conflicts is how often a conditional PUT is tried that met another one.
const conflicts = 5

// upload puts content at a key that its hash names, unless it lies there
// already. It reports whether it was put now.
func (d *Deployer) upload(ctx context.Context, a Account, key, contentType string, content []byte) (put bool, err error) {
	bucket := d.ArtifactsBucket(a)
	head, err := d.clients.Buckets.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key, ExpectedBucketOwner: &a.ID})
	switch {
	case err == nil && aws.ToInt64(head.ContentLength) == int64(len(content)):
		return false, nil
	case err != nil && status(err) != 404 && status(err) != 403: // 403: no right to list, so absence is not told
		return false, awsapi.Failure(err, "look at s3://"+bucket+"/"+key, "s3:GetObject", lake.DeployFailed)
	}
	sum := sha256.Sum256(content)
	for try := 0; ; try++ {
		_, err = d.clients.Buckets.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &bucket, Key: &key, ExpectedBucketOwner: &a.ID, Body: bytes.NewReader(content), ContentType: &contentType,
			IfNoneMatch: aws.String("*"), ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		})
		switch api, _ := errors.AsType[smithy.APIError](err); {
		case err == nil:
			return true, nil
		case status(err) == 412: // the answer to our own PUT was lost, or somebody put the same
			return false, nil
		case api != nil && api.ErrorCode() == "ConditionalRequestConflict" && try < conflicts:
			if err := d.o.Wait(ctx, d.o.Every); err != nil {
				return false, interruptedBefore(err)
			}
		default:
			return false, awsapi.Failure(err, "put s3://"+bucket+"/"+key, "s3:PutObject", lake.DeployFailed)
		}
	}
}

// interruptedBefore is an interruption before the stack was touched.
func interruptedBefore(err error) error {
	return &lake.Error{Code: lake.Interrupted, Message: "interrupted before the stack was changed", Hint: "run it again", Err: err}
}
