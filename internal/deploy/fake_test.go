package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	yaml "github.com/goccy/go-yaml"

	"wplake/internal/awsapi"
	"wplake/internal/deploy"
)

const account = "123456789012"

// problem is an error of a service.
func problem(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

// withStatus is an error whose answer had an HTTP status and no body.
func withStatus(status int) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New(http.StatusText(status))}
}

// fakeAWS plays CloudFormation and S3 as far as a deployment sees them.
type fakeAWS struct {
	deploy.Stacks  // what is not played panics
	deploy.Buckets // likewise

	mu       sync.Mutex
	now      time.Time
	buckets  map[string]map[string][]byte // bucket → key → content
	foreign  map[string]bool              // buckets of others
	tags     map[string]map[string]string
	stuck    map[string]string // key of an object that cannot be removed → code
	status   cfn.StackStatus   // "" : no stack
	set      string            // of the stack: the change set last executed
	template string
	params   []cfn.Parameter
	sets     map[string]*fakeSet
	events   []cfn.StackEvent
	todo     []step // what happens with each look at the stack
	calls    []string

	// What the next operations come to.
	outcome []step
	// Errors that the next calls of an operation return: before it took place,
	// or after (the answer is lost).
	before map[string][]error
	after  map[string][]error
	// changes of the next update.
	changes []cfn.Change
	// refused is the reason why the next change set fails.
	refused string
}

type fakeSet struct {
	kind     cfn.ChangeSetType
	template string
	params   []cfn.Parameter
	looks    int
	reason   string // of a failed one
	in       *cloudformation.CreateChangeSetInput
}

// step is one event, and the state of the stack after it.
type step struct {
	resource, resourceType string
	status                 string
	reason                 string
	stack                  cfn.StackStatus
}

func newFake() *fakeAWS {
	return &fakeAWS{
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), buckets: map[string]map[string][]byte{}, foreign: map[string]bool{}, tags: map[string]map[string]string{},
		stuck: map[string]string{}, sets: map[string]*fakeSet{}, before: map[string][]error{}, after: map[string][]error{},
	}
}

func (f *fakeAWS) clients() deploy.Clients {
	return deploy.Clients{Stacks: stacksOnly{f}, Buckets: bucketsOnly{f}, Identity: who, Topics: topics{}, Roles: roles{}, Machines: machines{}, Formation: formation{true, true, nil}}
}

// stacksOnly and bucketsOnly keep the methods of the two services apart.
type stacksOnly struct{ *fakeAWS }
type bucketsOnly struct{ *fakeAWS }

func who(context.Context) (awsapi.Identity, error) {
	return awsapi.Identity{Account: account, ARN: "arn:aws:iam::" + account + ":user/me", Partition: "aws", Region: "eu-west-1"}, nil
}

// subscriptions are those of the topic of failures.
func subscriptions() []snstypes.Subscription {
	return []snstypes.Subscription{
		{SubscriptionArn: aws.String("PendingConfirmation"), Protocol: aws.String("email"), Endpoint: aws.String("me@example.org")},
		{SubscriptionArn: aws.String("arn:aws:sns:eu-west-1:123456789012:failure-stepfunction:1"), Protocol: aws.String("email"), Endpoint: aws.String("you@example.org")},
	}
}

type topics struct{}

func (topics) GetTopicAttributes(context.Context, *sns.GetTopicAttributesInput, ...func(*sns.Options)) (*sns.GetTopicAttributesOutput, error) {
	return nil, problem("NotFound", "Topic does not exist")
}

func (topics) ListSubscriptionsByTopic(_ context.Context, in *sns.ListSubscriptionsByTopicInput, _ ...func(*sns.Options)) (*sns.ListSubscriptionsByTopicOutput, error) {
	if !strings.HasSuffix(*in.TopicArn, ":failure-stepfunction") {
		return &sns.ListSubscriptionsByTopicOutput{}, nil
	}
	return &sns.ListSubscriptionsByTopicOutput{Subscriptions: subscriptions()}, nil
}

type roles struct{}

func (roles) GetRole(context.Context, *iam.GetRoleInput, ...func(*iam.Options)) (*iam.GetRoleOutput, error) {
	return nil, problem("NoSuchEntity", "The role cannot be found")
}

type machines struct{}

func (machines) ListExecutions(context.Context, *sfn.ListExecutionsInput, ...func(*sfn.Options)) (*sfn.ListExecutionsOutput, error) {
	return nil, problem("StateMachineDoesNotExist", "no machine")
}

type formation struct {
	databases, tables bool
	err               error
}

func (f formation) IAMGoverns(context.Context) (databases, tables bool, err error) {
	return f.databases, f.tables, f.err
}

// call notes a call and returns the error that it is to fail with.
func (f *fakeAWS) call(name string) error {
	f.calls = append(f.calls, name)
	return take(f.before, name)
}

func take(errs map[string][]error, name string) error {
	if len(errs[name]) == 0 {
		return nil
	}
	err := errs[name][0]
	errs[name] = errs[name][1:]
	return err
}

func (f *fakeAWS) happen(s step) {
	f.now = f.now.Add(time.Second)
	if s.resource != "" {
		f.events = append(f.events, cfn.StackEvent{
			EventId: aws.String(fmt.Sprint(len(f.events))), Timestamp: aws.Time(f.now), LogicalResourceId: &s.resource, ResourceType: aws.String(s.resourceType),
			ResourceStatus: cfn.ResourceStatus(s.status), ResourceStatusReason: aws.String(s.reason),
		})
	}
	if s.stack != "" {
		f.status = s.stack
	}
}

const stackID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/wplake-blog/1"

func (f stacksOnly) DescribeStacks(_ context.Context, _ *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("DescribeStacks"); err != nil {
		return nil, err
	}
	if len(f.todo) > 0 {
		f.happen(f.todo[0])
		f.todo = f.todo[1:]
	}
	if f.status == "" || f.status == cfn.StackStatusDeleteComplete {
		return nil, problem("ValidationError", "Stack with id wplake-blog does not exist")
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []cfn.Stack{{
		StackId: aws.String(stackID), StackStatus: f.status, Parameters: f.params, ChangeSetId: aws.String("arn:aws:cloudformation:x:y:changeSet/" + f.set + "/1"),
		Outputs: []cfn.Output{{OutputKey: aws.String("Machine"), OutputValue: aws.String("m")}}, CreationTime: aws.Time(f.now),
	}}}, nil
}

func (f stacksOnly) DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("DescribeStackEvents"); err != nil {
		return nil, err
	}
	events := slices.Clone(f.events)
	slices.Reverse(events)
	return &cloudformation.DescribeStackEventsOutput{StackEvents: events}, nil
}

func (f stacksOnly) ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &cloudformation.ListStackResourcesOutput{}
	for id, r := range resources(f.template) {
		name := r.Properties.BucketName
		if name == "" {
			name = id
		}
		out.StackResourceSummaries = append(out.StackResourceSummaries, cfn.StackResourceSummary{LogicalResourceId: &id, PhysicalResourceId: &name, ResourceType: aws.String(r.Type)})
	}
	return out, nil
}

type fakeResource struct {
	Type       string `yaml:"Type"`
	Properties struct {
		BucketName string `yaml:"BucketName"`
	} `yaml:"Properties"`
}

// resources reads a template.
func resources(template string) map[string]fakeResource {
	var t struct {
		Resources map[string]fakeResource `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(template), &t); err != nil {
		panic(err)
	}
	return t.Resources
}

func (f stacksOnly) GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &cloudformation.GetTemplateOutput{TemplateBody: &f.template}, nil
}

func (f stacksOnly) ValidateTemplate(context.Context, *cloudformation.ValidateTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.ValidateTemplateOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &cloudformation.ValidateTemplateOutput{}, f.call("ValidateTemplate")
}

func (f stacksOnly) CreateChangeSet(_ context.Context, in *cloudformation.CreateChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("CreateChangeSet"); err != nil {
		return nil, err
	}
	if _, ok := f.sets[*in.ChangeSetName]; ok {
		return nil, problem("AlreadyExistsException", "ChangeSet already exists")
	}
	u, err := url.Parse(aws.ToString(in.TemplateURL))
	if err != nil {
		return nil, err
	}
	bucket, _, _ := strings.Cut(u.Host, ".s3.")
	body, ok := f.buckets[bucket][strings.TrimPrefix(u.Path, "/")]
	if !ok {
		return nil, problem("ValidationError", "S3 error: Access Denied")
	}
	f.sets[*in.ChangeSetName] = &fakeSet{kind: in.ChangeSetType, template: string(body), params: in.Parameters, reason: f.refused, in: in}
	f.refused = ""
	if f.status == "" || f.status == cfn.StackStatusDeleteComplete {
		f.happen(step{"wplake-blog", "AWS::CloudFormation::Stack", "REVIEW_IN_PROGRESS", "User Initiated", cfn.StackStatusReviewInProgress})
	}
	return &cloudformation.CreateChangeSetOutput{StackId: aws.String(stackID)}, take(f.after, "CreateChangeSet")
}

func (f stacksOnly) DescribeChangeSet(_ context.Context, in *cloudformation.DescribeChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("DescribeChangeSet"); err != nil {
		return nil, err
	}
	set, ok := f.sets[*in.ChangeSetName]
	if !ok {
		return nil, problem("ChangeSetNotFound", "ChangeSet does not exist")
	}
	out := &cloudformation.DescribeChangeSetOutput{Status: cfn.ChangeSetStatusCreatePending, StackId: aws.String(stackID)}
	set.looks++
	switch {
	case set.looks == 1:
	case set.reason != "":
		out.Status, out.StatusReason = cfn.ChangeSetStatusFailed, &set.reason
	case set.kind == cfn.ChangeSetTypeUpdate && set.template == f.template && equal(set.params, f.params):
		out.Status = cfn.ChangeSetStatusFailed
		out.StatusReason = aws.String("The submitted information didn't contain changes. Submit different information to create a change set.")
	default:
		out.Status, out.Changes = cfn.ChangeSetStatusCreateComplete, f.changes
	}
	return out, nil
}

func equal(a, b []cfn.Parameter) bool {
	return slices.EqualFunc(a, b, func(x, y cfn.Parameter) bool {
		return aws.ToString(x.ParameterKey) == aws.ToString(y.ParameterKey) && aws.ToString(x.ParameterValue) == aws.ToString(y.ParameterValue)
	})
}

func (f stacksOnly) ExecuteChangeSet(_ context.Context, in *cloudformation.ExecuteChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("ExecuteChangeSet"); err != nil {
		return nil, err
	}
	set, ok := f.sets[*in.ChangeSetName]
	if !ok {
		return nil, problem("ChangeSetNotFound", "ChangeSet does not exist")
	}
	delete(f.sets, *in.ChangeSetName)
	f.set = *in.ChangeSetName
	begin := cfn.StackStatusUpdateInProgress
	end := cfn.StackStatusUpdateComplete
	if set.kind == cfn.ChangeSetTypeCreate {
		begin, end = cfn.StackStatusCreateInProgress, cfn.StackStatusCreateComplete
	}
	f.happen(step{"wplake-blog", "AWS::CloudFormation::Stack", string(begin), "", begin})
	f.todo, f.outcome = f.outcome, nil
	if f.todo == nil {
		f.template, f.params = set.template, set.params
		f.todo = []step{
			{"RawFunction", "AWS::Lambda::Function", "CREATE_IN_PROGRESS", "", ""}, {"RawFunction", "AWS::Lambda::Function", "CREATE_COMPLETE", "", ""},
			{"wplake-blog", "AWS::CloudFormation::Stack", string(end), "", end},
		}
	}
	return &cloudformation.ExecuteChangeSetOutput{}, take(f.after, "ExecuteChangeSet")
}

func (f stacksOnly) DeleteChangeSet(_ context.Context, in *cloudformation.DeleteChangeSetInput, _ ...func(*cloudformation.Options)) (*cloudformation.DeleteChangeSetOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sets, *in.ChangeSetName)
	return &cloudformation.DeleteChangeSetOutput{}, f.call("DeleteChangeSet")
}

func (f stacksOnly) ContinueUpdateRollback(context.Context, *cloudformation.ContinueUpdateRollbackInput, ...func(*cloudformation.Options)) (*cloudformation.ContinueUpdateRollbackOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.happen(step{stack: cfn.StackStatusUpdateRollbackInProgress})
	f.todo, f.outcome = f.outcome, nil
	return &cloudformation.ContinueUpdateRollbackOutput{}, f.call("ContinueUpdateRollback")
}

func (f stacksOnly) DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("DeleteStack"); err != nil {
		return nil, err
	}
	f.happen(step{stack: cfn.StackStatusDeleteInProgress})
	f.todo, f.outcome = f.outcome, nil
	if f.todo == nil {
		f.todo = []step{{"RawBucket", "AWS::S3::Bucket", "DELETE_SKIPPED", "", ""}, {stack: cfn.StackStatusDeleteComplete}}
	}
	return &cloudformation.DeleteStackOutput{}, nil
}

func (f bucketsOnly) HeadBucket(_ context.Context, in *s3.HeadBucketInput, _ ...func(*s3.Options)) (*s3.HeadBucketOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case aws.ToString(in.ExpectedBucketOwner) != account, f.foreign[*in.Bucket]:
		return nil, withStatus(http.StatusForbidden)
	case f.buckets[*in.Bucket] == nil:
		return nil, withStatus(http.StatusNotFound)
	}
	return &s3.HeadBucketOutput{}, nil
}

func (f bucketsOnly) CreateBucket(_ context.Context, in *s3.CreateBucketInput, _ ...func(*s3.Options)) (*s3.CreateBucketOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.buckets[*in.Bucket] != nil {
		return nil, problem("BucketAlreadyOwnedByYou", "yours")
	}
	f.buckets[*in.Bucket] = map[string][]byte{}
	if err := take(f.after, "CreateBucket"); err != nil {
		return nil, err
	}
	return &s3.CreateBucketOutput{}, f.call("CreateBucket")
}

func (f bucketsOnly) note(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.call(name)
}

func (f bucketsOnly) PutPublicAccessBlock(context.Context, *s3.PutPublicAccessBlockInput, ...func(*s3.Options)) (*s3.PutPublicAccessBlockOutput, error) {
	return nil, f.note("PutPublicAccessBlock")
}

func (f bucketsOnly) PutBucketEncryption(context.Context, *s3.PutBucketEncryptionInput, ...func(*s3.Options)) (*s3.PutBucketEncryptionOutput, error) {
	return nil, f.note("PutBucketEncryption")
}

func (f bucketsOnly) PutBucketVersioning(context.Context, *s3.PutBucketVersioningInput, ...func(*s3.Options)) (*s3.PutBucketVersioningOutput, error) {
	return nil, f.note("PutBucketVersioning")
}

func (f bucketsOnly) PutBucketPolicy(context.Context, *s3.PutBucketPolicyInput, ...func(*s3.Options)) (*s3.PutBucketPolicyOutput, error) {
	return nil, f.note("PutBucketPolicy")
}

func (f bucketsOnly) PutBucketLifecycleConfiguration(context.Context, *s3.PutBucketLifecycleConfigurationInput, ...func(*s3.Options)) (*s3.PutBucketLifecycleConfigurationOutput, error) {
	return nil, f.note("PutBucketLifecycleConfiguration")
}

func (f bucketsOnly) GetBucketTagging(_ context.Context, in *s3.GetBucketTaggingInput, _ ...func(*s3.Options)) (*s3.GetBucketTaggingOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tags[*in.Bucket] == nil {
		return nil, problem("NoSuchTagSet", "none")
	}
	out := &s3.GetBucketTaggingOutput{}
	for k, v := range f.tags[*in.Bucket] {
		out.TagSet = append(out.TagSet, s3types.Tag{Key: &k, Value: &v})
	}
	return out, nil
}

func (f bucketsOnly) HeadObject(_ context.Context, in *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	content, ok := f.buckets[*in.Bucket][*in.Key]
	if !ok {
		return nil, withStatus(http.StatusNotFound)
	}
	return &s3.HeadObjectOutput{ContentLength: aws.Int64(int64(len(content)))}, nil
}

func (f bucketsOnly) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	content, ok := f.buckets[*in.Bucket][*in.Key]
	if !ok {
		return nil, problem("NoSuchKey", "no such key")
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(content))}, nil
}

func (f bucketsOnly) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("PutObject " + path.Ext(*in.Key)); err != nil {
		return nil, err
	}
	if _, ok := f.buckets[*in.Bucket][*in.Key]; ok && aws.ToString(in.IfNoneMatch) == "*" {
		return nil, withStatus(http.StatusPreconditionFailed)
	}
	content, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	f.buckets[*in.Bucket][*in.Key] = content
	return &s3.PutObjectOutput{}, take(f.after, "PutObject "+path.Ext(*in.Key))
}

func (f bucketsOnly) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &s3.ListObjectVersionsOutput{}
	for key := range f.buckets[*in.Bucket] {
		if strings.HasPrefix(key, aws.ToString(in.Prefix)) && len(out.Versions) < 1000 {
			out.Versions = append(out.Versions, s3types.ObjectVersion{Key: &key, VersionId: aws.String("v")})
		}
	}
	return out, nil
}

func (f bucketsOnly) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &s3.DeleteObjectsOutput{}
	for _, o := range in.Delete.Objects {
		if code, ok := f.stuck[*o.Key]; ok {
			if code == "SlowDown" { // once
				delete(f.stuck, *o.Key)
			}
			out.Errors = append(out.Errors, s3types.Error{Key: o.Key, VersionId: o.VersionId, Code: &code, Message: aws.String("it stays")})
			continue
		}
		delete(f.buckets[*in.Bucket], *o.Key)
	}
	return out, f.call("DeleteObjects")
}

func (f bucketsOnly) ListMultipartUploads(context.Context, *s3.ListMultipartUploadsInput, ...func(*s3.Options)) (*s3.ListMultipartUploadsOutput, error) {
	return &s3.ListMultipartUploadsOutput{}, nil
}

func (f bucketsOnly) DeleteBucket(_ context.Context, in *s3.DeleteBucketInput, _ ...func(*s3.Options)) (*s3.DeleteBucketOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.buckets[*in.Bucket]) > 0 {
		return nil, problem("BucketNotEmpty", "The bucket you tried to delete is not empty")
	}
	delete(f.buckets, *in.Bucket)
	return &s3.DeleteBucketOutput{}, nil
}
