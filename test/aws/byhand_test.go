//go:build aws

package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"wplake/internal/lake"
	"wplake/test/aws/runtime"
)

// lakeByHand is a lake on an emulator without a stack: what its functions need
// is made by the test, which is also who invokes them.
type lakeByHand struct {
	account  string
	url      string // of the emulator
	owner    sdk.Config
	dir      string // the unpacked package
	buckets  map[lake.Layer]string
	endpoint []string // of the site
}

// byHand makes a lake over the site's endpoints. Names of buckets are shared by
// all accounts, so each lake has its own unless shared names are asked for.
func byHand(t *testing.T, url string, endpoints []string, usualNames bool) *lakeByHand {
	t.Helper()
	l := &lakeByHand{account: newAccount(), url: url, dir: t.TempDir(), buckets: map[lake.Layer]string{}, endpoint: endpoints}
	l.owner = client(url, l.account)
	definition := "site: demo\nsource: {kind: endpoints}\naws: {region: " + region + "}\n"
	if !usualNames {
		definition += "buckets:\n"
	}
	parameters := map[string]string{}
	for _, layer := range []lake.Layer{lake.Raw, lake.Bronze, lake.Silver} {
		name := "data-lakehouse-" + string(layer)
		if !usualNames {
			name = l.account + "-" + string(layer)
			definition += "  " + string(layer) + ": " + name + "\n"
		}
		l.buckets[layer] = name
		if _, err := objects(l.owner).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
			t.Fatal(err)
		}
		topic, err := sns.NewFromConfig(l.owner).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: sdk.String(lake.TopicName(layer))})
		if err != nil {
			t.Fatal(err)
		}
		parameters[lake.BucketParameter(layer)], parameters[lake.TopicParameter(layer)] = name, *topic.TopicArn
	}
	l.parameter(t, "/wordpress/demo/api/mysqlendpoints", strings.Join(endpoints, ","), ssmtypes.ParameterTypeStringList)
	for name, value := range parameters {
		l.parameter(t, name, value, ssmtypes.ParameterTypeString)
	}
	if _, err := glue.NewFromConfig(l.owner).CreateDatabase(t.Context(), &glue.CreateDatabaseInput{
		DatabaseInput: &gluetypes.DatabaseInput{Name: sdk.String("wordpress_api")},
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "wplake.yaml"), []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lakeByHand) parameter(t *testing.T, name, value string, kind ssmtypes.ParameterType) {
	t.Helper()
	if _, err := ssm.NewFromConfig(l.owner).PutParameter(t.Context(), &ssm.PutParameterInput{
		Name: &name, Value: &value, Type: kind, Overwrite: sdk.Bool(true),
	}); err != nil {
		t.Fatal(err)
	}
}

// invocation is one event for a function in a process of its own.
type invocation struct {
	function    string            // lake.FunctionRaw, …
	event       map[string]any    // run_id is added
	credentials *sdk.Credentials  // nil: the account's owner's
	url         string            // of the emulator; "": the lake's
	s3URL       string            // of another one for S3; "": the same
	time        time.Duration     // until the deadline; 0: a minute
	environment map[string]string // more of it
}

// outcome is what came of an invocation.
type outcome struct {
	failed bool
	// Kind and message of the failure, where the invocation failed.
	kind, message string
	objects       []objectOutcome
	logs          string
}

type objectOutcome struct {
	Object, Status string
	Rows           int64
	Unchanged      bool
	Error          *struct{ Code, Message, Hint string }
}

// invoke starts the function's process, hands it one event and ends it.
func (l *lakeByHand) invoke(t *testing.T, i invocation) outcome {
	t.Helper()
	f := l.start(t, i)
	defer func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
	}()
	return handle(t, f, i)
}

// start begins the function's process.
func (l *lakeByHand) start(t *testing.T, i invocation) *runtime.Function {
	t.Helper()
	credentials := sdk.Credentials{AccessKeyID: l.account, SecretAccessKey: "testtest"}
	if i.credentials != nil {
		credentials = *i.credentials
	}
	if i.url == "" {
		i.url = l.url
	}
	environment := []string{
		"AWS_REGION=" + region, "AWS_DEFAULT_REGION=" + region, "AWS_ENDPOINT_URL=" + i.url,
		"AWS_ACCESS_KEY_ID=" + credentials.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + credentials.SecretAccessKey,
	}
	if credentials.SessionToken != "" {
		environment = append(environment, "AWS_SESSION_TOKEN="+credentials.SessionToken)
	}
	if i.s3URL != "" {
		environment = append(environment, "AWS_ENDPOINT_URL_S3="+i.s3URL)
	}
	for name, value := range i.environment {
		environment = append(environment, name+"="+value)
	}
	f, err := runtime.Start(t.Context(), runtime.Options{
		Program: binary, Name: lake.FunctionName(i.function), TaskRoot: l.dir, Scratch: t.TempDir(), Memory: 512, Environment: environment,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// handle hands a function an event and reads what came of it.
func handle(t *testing.T, f *runtime.Function, i invocation) outcome {
	t.Helper()
	event := map[string]any{"run_id": "run-1"}
	for key, value := range i.event {
		event[key] = value
	}
	payload, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	if i.time == 0 {
		i.time = time.Minute
	}
	answer, err := f.Invoke(t.Context(), payload, time.Now().Add(i.time))
	if err != nil {
		t.Fatal(err)
	}
	out := outcome{failed: answer.Failed, logs: f.Logs()}
	var document struct {
		ErrorType, ErrorMessage string
		Objects                 []objectOutcome
	}
	if err := json.Unmarshal(answer.Payload, &document); err != nil {
		t.Fatalf("%v: %s", err, answer.Payload)
	}
	out.kind, out.message, out.objects = document.ErrorType, document.ErrorMessage, document.Objects
	return out
}

// said is all that a person learns of what failed: errors of the invocation and
// of its objects.
func (o outcome) said() string {
	var text []string
	if o.failed {
		text = append(text, o.kind+": "+o.message)
	}
	for _, object := range o.objects {
		if object.Error != nil {
			text = append(text, fmt.Sprintf("%s: %s: %s", object.Object, object.Error.Code, object.Error.Message))
		}
	}
	return strings.Join(text, "\n")
}

// well fails the test unless the invocation dealt with n objects, all well.
func (o outcome) well(t *testing.T, n int) {
	t.Helper()
	if o.failed || len(o.objects) != n || o.said() != "" {
		t.Fatalf("the invocation did not deal with %d objects: %d\n%s\n%s", n, len(o.objects), o.said(), o.logs)
	}
}

// get is an object's content.
func (l *lakeByHand) get(t *testing.T, layer lake.Layer, key string) []byte {
	t.Helper()
	return get(t, objects(l.owner), l.buckets[layer], key)
}

func get(t *testing.T, client *s3.Client, bucket, key string) []byte {
	t.Helper()
	out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Body.Close() }()
	content, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// keys are those of a bucket's objects, sorted.
func keys(t *testing.T, client *s3.Client, bucket string) []string {
	t.Helper()
	var found []string
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			found = append(found, *o.Key)
		}
	}
	slices.Sort(found)
	return found
}

// modified is when each object of a bucket was written.
func modified(t *testing.T, client *s3.Client, bucket string) map[string]time.Time {
	t.Helper()
	found := map[string]time.Time{}
	page, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range page.Contents {
		found[*o.Key] = *o.LastModified
	}
	return found
}
