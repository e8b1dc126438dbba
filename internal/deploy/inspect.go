package deploy

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Inspector reads what is deployed, whoever deployed it, and changes nothing.
// It may be used concurrently. Errors are *lake.Error: ObjectMissing for what
// is not there, AccessDenied, with the action, for what may not be looked at.
type Inspector struct{ cfg awsapi.Config }

// NewInspector reads with the credentials of cfg. No request is made.
func NewInspector(cfg awsapi.Config) Inspector { return Inspector{cfg} }

// Function is a deployed Lambda function.
type Function struct {
	Name         string
	Runtime      string // e.g. provided.al2023
	Handler      string
	Architecture string // x86_64 or arm64
	Memory       int    // MiB
	Storage      int    // of /tmp, MiB
	Timeout      int    // seconds
	Environment  map[string]string
	Role         string // ARN
	SHA256       string // of the package, hexadecimal
	// State is Active unless Lambda still makes the function, or could not;
	// Reason says why.
	State, Reason string
	// Update is Successful unless the last change is under way or failed.
	Update, UpdateReason string
}

// Function reads a function's configuration.
func (i Inspector) Function(ctx context.Context, name string) (Function, error) {
	out, err := lambda.NewFromConfig(i.cfg).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if awsapi.Code(err) == "ResourceNotFoundException" {
		return Function{}, absent("function", name)
	}
	if err != nil {
		return Function{}, awsapi.Failure(err, "look at the function "+name, "lambda:GetFunctionConfiguration", lake.ServiceFailed)
	}
	f := Function{
		Name: name, Runtime: string(out.Runtime), Handler: aws.ToString(out.Handler), Architecture: "x86_64",
		Memory: int(aws.ToInt32(out.MemorySize)), Storage: 512, Timeout: int(aws.ToInt32(out.Timeout)), Role: aws.ToString(out.Role),
		State: string(out.State), Reason: aws.ToString(out.StateReason),
		Update: string(out.LastUpdateStatus), UpdateReason: aws.ToString(out.LastUpdateStatusReason),
	}
	if len(out.Architectures) > 0 {
		f.Architecture = string(out.Architectures[0])
	}
	if out.EphemeralStorage != nil {
		f.Storage = int(aws.ToInt32(out.EphemeralStorage.Size))
	}
	if out.Environment != nil {
		f.Environment = out.Environment.Variables
	}
	if sum, err := base64.StdEncoding.DecodeString(aws.ToString(out.CodeSha256)); err == nil {
		f.SHA256 = hex.EncodeToString(sum)
	}
	return f, nil
}

// Topic is a deployed topic with what hangs on it.
type Topic struct {
	Confirmed int            // subscriptions that get its messages
	Pending   []Subscription // that wait for their confirmation
}

// Topic reads a topic by its ARN.
func (i Inspector) Topic(ctx context.Context, arn string) (Topic, error) {
	client := sns.NewFromConfig(i.cfg)
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	var t Topic
	pages := sns.NewListSubscriptionsByTopicPaginator(client, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code := awsapi.Code(err); code == "NotFound" || code == "NotFoundException" {
			return Topic{}, absent("topic", name)
		}
		if err != nil {
			return Topic{}, awsapi.Failure(err, "list the subscriptions of the topic "+name, "sns:ListSubscriptionsByTopic", lake.ServiceFailed)
		}
		for _, s := range page.Subscriptions {
			if arn := aws.ToString(s.SubscriptionArn); strings.HasPrefix(arn, "arn:") {
				t.Confirmed++
				continue
			} else if arn == "Deleted" {
				continue
			}
			t.Pending = append(t.Pending, Subscription{Topic: name, Protocol: aws.ToString(s.Protocol), Endpoint: aws.ToString(s.Endpoint)})
		}
	}
	return t, nil
}

// BucketSettings are how a bucket is kept.
type BucketSettings struct {
	Private   bool // all four blocks of public access are on
	Versioned bool
}

// Bucket reads how a bucket of the account is kept.
func (i Inspector) Bucket(ctx context.Context, account, name string) (BucketSettings, error) {
	client := i.s3()
	var found BucketSettings
	block, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &name, ExpectedBucketOwner: owned(account)})
	switch {
	case awsapi.Code(err) == "NoSuchPublicAccessBlockConfiguration":
	case err != nil:
		return found, bucketFailure(err, name, "s3:GetBucketPublicAccessBlock")
	case block.PublicAccessBlockConfiguration != nil:
		c := block.PublicAccessBlockConfiguration
		found.Private = aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets)
	}
	versioning, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &name, ExpectedBucketOwner: owned(account)})
	if err != nil {
		return found, bucketFailure(err, name, "s3:GetBucketVersioning")
	}
	found.Versioned = versioning.Status == types.BucketVersioningStatusEnabled
	return found, nil
}

// Reach looks whether a bucket is there and can be listed from this region.
func (i Inspector) Reach(ctx context.Context, name string) error {
	_, err := i.s3().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
	switch status(err) { // HEAD has no body, so the code is made of the status
	case 404:
		return absent("bucket", name)
	case 301:
		return &lake.Error{Code: lake.StorageFailed, Message: "the bucket " + name + " lies in another region than " + i.cfg.Region, Hint: "name a bucket of this region", Err: err}
	}
	return awsapi.Failure(err, "look at the bucket "+name, "s3:ListBucket", lake.ServiceFailed)
}

func (i Inspector) s3() *s3.Client {
	return s3.NewFromConfig(i.cfg, func(o *s3.Options) { o.UsePathStyle = endpointOverridden(i.cfg, "s3") })
}

func owned(account string) *string {
	if account == "" {
		return nil
	}
	return &account
}

func bucketFailure(err error, name, action string) error {
	if status(err) == 404 || awsapi.Code(err) == "NoSuchBucket" {
		return absent("bucket", name)
	}
	return awsapi.Failure(err, "look at the settings of the bucket "+name, action, lake.ServiceFailed)
}

// Trust reads who may assume a role, by the role's name or ARN: the policy
// document as IAM keeps it.
func (i Inspector) Trust(ctx context.Context, role string) ([]byte, error) {
	name := role[strings.LastIndexByte(role, '/')+1:]
	out, err := iam.NewFromConfig(i.cfg).GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if awsapi.Code(err) == "NoSuchEntity" {
		return nil, absent("role", name)
	}
	if err != nil {
		return nil, readFailure(err, name, "iam:GetRole")
	}
	if out.Role == nil {
		return nil, oddAnswer(name)
	}
	text, err := url.PathUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
	if err != nil || text == "" {
		return nil, oddAnswer(name)
	}
	return []byte(text), nil
}

// absent says that something is not deployed.
func absent(what, name string) error {
	return &lake.Error{
		Code: lake.ObjectMissing, Message: fmt.Sprintf("there is no %s %s", what, name), Hint: "deploy it: wplake deploy apply",
	}
}

// PackageSHA256 is that of the package which the definition makes here,
// hexadecimal. It packs, which takes seconds; the error is Package's.
func (d *Deployer) PackageSHA256(ctx context.Context) (string, error) {
	w, err := d.want(ctx)
	return w.pack.SHA256, err
}
