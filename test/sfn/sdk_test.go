//go:build aws

package sfn

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// client makes an SDK's client. Nothing is changed about its host prefixes:
// whatever host it asks for leads to the server, as a line in /etc/hosts would.
func client(t *testing.T, address, access, secret string) *sfn.Client {
	t.Helper()
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return sfn.New(sfn.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://" + address), RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}, nil
		}),
	})
}

// ended waits until an execution has ended.
func ended(t *testing.T, c *sfn.Client, arn *string) *sfn.DescribeExecutionOutput {
	t.Helper()
	for {
		d, err := c.DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: arn})
		if err != nil {
			t.Fatal(err)
		}
		if d.Status != types.ExecutionStatusRunning {
			return d
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestSDK(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), client(t, serve(t, lake), "any", "key")
	definition := strings.Replace(hello, `"Type":"Pass"`, `"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:000000000000:function:upper"`, 1)
	machine, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
		Name: aws.String("m"), Definition: &definition, RoleArn: aws.String(role), Publish: true, VersionDescription: aws.String("first"),
		Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	alias, err := c.CreateStateMachineAlias(ctx, &sfn.CreateStateMachineAliasInput{
		Name: aws.String("LIVE"), RoutingConfiguration: []types.RoutingConfigurationListItem{{StateMachineVersionArn: machine.StateMachineVersionArn, Weight: 100}},
	})
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: alias.StateMachineAliasArn, Input: aws.String(`{"who":"lake"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(*x.StartDate); age < -time.Minute || age > time.Minute {
		t.Errorf("started at %s", x.StartDate)
	}
	d := ended(t, c, x.ExecutionArn)
	if d.Status != types.ExecutionStatusSucceeded || *d.Output != `{"SAID":"HELLO LAKE"}` || *d.StateMachineAliasArn != *alias.StateMachineAliasArn {
		t.Errorf("ended: %s, output %s, cause %s", d.Status, aws.ToString(d.Output), aws.ToString(d.Cause))
	}
	var events []string
	pages := sfn.NewGetExecutionHistoryPaginator(c, &sfn.GetExecutionHistoryInput{ExecutionArn: x.ExecutionArn, MaxResults: 2})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			events = append(events, string(e.Type))
		}
	}
	if got := strings.Join(events, " "); got != "ExecutionStarted TaskStateEntered LambdaFunctionScheduled LambdaFunctionStarted LambdaFunctionSucceeded TaskStateExited ExecutionSucceeded" {
		t.Error(got)
	}
	var missing *types.StateMachineDoesNotExist
	if _, err := c.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: aws.String(prefix + "stateMachine:none")}); !errors.As(err, &missing) {
		t.Errorf("a machine that is not there: %v", err)
	}
	var wrong *types.InvalidDefinition
	if _, err := c.UpdateStateMachine(ctx, &sfn.UpdateStateMachineInput{StateMachineArn: machine.StateMachineArn, Definition: aws.String("{}")}); !errors.As(err, &wrong) {
		t.Errorf("a wrong definition: %v", err)
	}
	tags, err := c.ListTagsForResource(ctx, &sfn.ListTagsForResourceInput{ResourceArn: machine.StateMachineArn})
	if err != nil || len(tags.Tags) != 1 {
		t.Errorf("tags: %v %v", tags, err)
	}
	v, err := c.ValidateStateMachineDefinition(ctx, &sfn.ValidateStateMachineDefinitionInput{Definition: aws.String(`{"StartAt":"A"}`)})
	if err != nil || v.Result != types.ValidateStateMachineDefinitionResultCodeFail || len(v.Diagnostics) == 0 {
		t.Errorf("validation: %+v %v", v, err)
	}
}

// The SDK asks other hosts for these: sync-127.0.0.1.
func TestSDKHostPrefix(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), client(t, serve(t, lake), "any", "key")
	state, err := c.TestState(ctx, &sfn.TestStateInput{
		Definition: aws.String(`{"Type":"Pass","Parameters":{"a.$":"$.b"},"End":true}`), Input: aws.String(`{"b":1}`), RoleArn: aws.String(role),
	})
	if err != nil || *state.Output != `{"a":1}` {
		t.Errorf("TestState: %+v %v", state, err)
	}
	definition := hello
	machine, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{
		Name: aws.String("e"), Definition: &definition, RoleArn: aws.String(role), Type: types.StateMachineTypeExpress,
	})
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.StartSyncExecution(ctx, &sfn.StartSyncExecutionInput{StateMachineArn: machine.StateMachineArn, Input: aws.String(`{"who":"you"}`)})
	if err != nil || x.Status != types.SyncExecutionStatusSucceeded || *x.Output != `{"said":"Hello you"}` || x.BillingDetails == nil {
		t.Errorf("StartSyncExecution: %+v %v", x, err)
	}
}

// A worker of an activity, and a task that waits for its token.
func TestSDKWorker(t *testing.T) {
	t.Parallel()
	ctx, c := t.Context(), client(t, serve(t, lake), "any", "key")
	activity, err := c.CreateActivity(ctx, &sfn.CreateActivityInput{Name: aws.String("work")})
	if err != nil {
		t.Fatal(err)
	}
	definition := `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"` + *activity.ActivityArn + `","Retry":[{"ErrorEquals":["Again"],"IntervalSeconds":1}],"End":true}}}`
	machine, err := c.CreateStateMachine(ctx, &sfn.CreateStateMachineInput{Name: aws.String("m"), Definition: &definition, RoleArn: aws.String(role)})
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.StartExecution(ctx, &sfn.StartExecutionInput{StateMachineArn: machine.StateMachineArn, Input: aws.String(`{"n":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	task := func() *sfn.GetActivityTaskOutput {
		out, err := c.GetActivityTask(ctx, &sfn.GetActivityTaskInput{ActivityArn: activity.ActivityArn, WorkerName: aws.String("w")})
		if err != nil || out.TaskToken == nil || *out.Input != `{"n":1}` {
			t.Fatalf("no task: %+v %v", out, err)
		}
		return out
	}
	if _, err := c.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{TaskToken: task().TaskToken, Error: aws.String("Again")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{TaskToken: task().TaskToken, Output: aws.String(`{"n":2}`)}); err != nil {
		t.Fatal(err)
	}
	if d := ended(t, c, x.ExecutionArn); d.Status != types.ExecutionStatusSucceeded || *d.Output != `{"n":2}` {
		t.Errorf("%s %s", d.Status, aws.ToString(d.Output))
	}
}

// With keys the server takes what an SDK signed with them, and nothing else.
func TestSDKSignatures(t *testing.T) {
	t.Parallel()
	address := serve(t, lake+"serve: {access_key: AKIALAKE, secret_key: quite/secret+key=}\n", "--listen", "0.0.0.0:0")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	address = net.JoinHostPort("127.0.0.1", port)
	list := func(access, secret string) error {
		_, err := client(t, address, access, secret).ListStateMachines(t.Context(), &sfn.ListStateMachinesInput{})
		return err
	}
	if err := list("AKIALAKE", "quite/secret+key="); err != nil {
		t.Errorf("the right keys: %v", err)
	}
	if err := list("AKIALAKE", "another"); err == nil || !strings.Contains(err.Error(), "InvalidSignatureException") {
		t.Errorf("another secret: %v", err)
	}
	if err := list("AKIAOTHER", "quite/secret+key="); err == nil || !strings.Contains(err.Error(), "UnrecognizedClientException") {
		t.Errorf("another key: %v", err)
	}
	state, err := client(t, address, "AKIALAKE", "quite/secret+key=").TestState(t.Context(), &sfn.TestStateInput{Definition: aws.String(`{"Type":"Pass","End":true}`)})
	if err != nil || *state.Output != `{}` {
		t.Errorf("with the prefix of the host: %+v %v", state, err)
	}
}
