//go:build aws

package aws

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"wplake/internal/lake"
)

// found are doctor's checks by their names.
type found map[string]struct{ Name, Status, Detail, Hint string }

// doctor runs wplake doctor --home aws, which has to end with the status.
func (d *deployment) doctor(t *testing.T, status int, environment []string) found {
	t.Helper()
	cmd := command(t, d.dir, environment, "doctor", "--home", "aws", "--json")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("exit status %d instead of %d:\n%s%s", got, status, out, &stderr)
	}
	var document struct {
		OK     bool
		Checks []struct{ Name, Status, Detail, Hint string }
	}
	if err := json.Unmarshal(out, &document); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if document.OK != (status == 0) {
		t.Errorf("ok is %v with the status %d", document.OK, status)
	}
	all := found{}
	for _, c := range document.Checks {
		all[c.Name] = c
	}
	return all
}

// hold fails the test unless a check has the status and says the words.
func (f found) hold(t *testing.T, name, status, words string) {
	t.Helper()
	if c := f[name]; c.Status != status || !strings.Contains(c.Detail, words) {
		t.Errorf("%s is %q: %q; want %s with %q", name, c.Status, c.Detail, status, words)
	}
}

// A deployed lake is well for doctor; each thing that is broken beside the
// stack is found, with its remedy, whatever else is broken.
func TestDoctor(t *testing.T) {
	url := emulator(t, "MINISTACK_URL")
	d := &deployment{account: newAccount(), dir: t.TempDir(), urls: site(t)}
	d.owner, d.environment = client(url, d.account), awsEnvironment(url, d.account)
	more := "source: {kind: endpoints, endpoints: {urls: [\"" + strings.Join(d.urls, `", "`) + "\"]}}\n" +
		"schedules:\n  daily: {expression: cron(0 7 * * ? *)}\n"
	d.definition(t, "")
	d.rewrite(t, "source: {kind: endpoints}\n", more)

	d.doctor(t, 1, d.environment).hold(t, "deployment", "failed", "the lake is not deployed here")
	d.do(t, 0, "deploy", "apply", "--yes")
	d.do(t, 0, "run", "--home", "aws")
	well := d.doctor(t, 0, d.environment)
	for _, name := range []string{
		"stack wplake-demo", "template", "package", "parameters", "bucket " + d.bucket(lake.Raw), "function data_wordpressapi_raw",
		"function data_wordpressapi_catalog", "workflow wordpress_raw_to_silver", "role wplake-demo-raw-" + region,
		"role wplake-demo-workflow-" + region, "role wplake-demo-schedule-" + region, "schedule daily", "executions", "catalog", "athena wplake-demo",
	} {
		well.hold(t, name, "ok", "")
	}
	well.hold(t, "topic "+lake.TopicName(lake.Raw), "warning", "nobody has subscribed")

	t.Run("broken", d.broken)
	t.Run("without permissions", d.stranger)
}

// broken breaks one thing of each kind and asks doctor.
func (d *deployment) broken(t *testing.T) {
	ctx := t.Context()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(ssm.NewFromConfig(d.owner).DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: sdk.String(lake.BucketParameter(lake.Bronze))}))
	must(sns.NewFromConfig(d.owner).DeleteTopic(ctx, &sns.DeleteTopicInput{
		TopicArn: sdk.String(fmt.Sprintf("arn:aws:sns:%s:%s:%s", region, d.account, lake.TopicName(lake.Silver))),
	}))

	schedules := scheduler.NewFromConfig(d.owner)
	daily, err := schedules.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: sdk.String("daily")})
	must(daily, err)
	must(schedules.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
		Name: daily.Name, FlexibleTimeWindow: daily.FlexibleTimeWindow, ScheduleExpression: daily.ScheduleExpression, Target: daily.Target,
		State: schedulertypes.ScheduleStateDisabled,
	}))

	roles, workflow := iam.NewFromConfig(d.owner), sdk.String("wplake-demo-workflow-"+region)
	must(roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: workflow, PolicyName: sdk.String("workflow"),
		PolicyDocument: sdk.String(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:Publish", "Resource": "*"}]}`),
	}))
	must(roles.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
		RoleName:       sdk.String("wplake-demo-raw-" + region),
		PolicyDocument: sdk.String(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`),
	}))

	functions := awslambda.NewFromConfig(d.owner)
	must(functions.UpdateFunctionConfiguration(ctx, &awslambda.UpdateFunctionConfigurationInput{FunctionName: sdk.String(lake.FunctionName(lake.FunctionSilver)), MemorySize: sdk.Int32(300)}))
	must(functions.DeleteFunction(ctx, &awslambda.DeleteFunctionInput{FunctionName: sdk.String(lake.FunctionName(lake.FunctionCatalog))}))

	must(glue.NewFromConfig(d.owner).CreateTable(ctx, &glue.CreateTableInput{DatabaseName: sdk.String("wordpress_api"), TableInput: &gluetypes.TableInput{
		Name: sdk.String("silver-gone"), TableType: sdk.String("EXTERNAL_TABLE"),
		StorageDescriptor: &gluetypes.StorageDescriptor{Location: sdk.String("s3://" + d.bucket(lake.Silver) + "/wordpress_api/gone/"), Columns: []gluetypes.Column{{Name: sdk.String("a"), Type: sdk.String("int")}}},
	}}))

	got := d.doctor(t, 1, d.environment)
	parameter := "parameter " + lake.BucketParameter(lake.Bronze)
	got.hold(t, parameter, "failed", "it is not set")
	if hint := got[parameter].Hint; !strings.Contains(hint, lake.BucketParameter(lake.Bronze)+" "+d.bucket(lake.Bronze)+" --home aws") {
		t.Errorf("the remedy of %s is %q", parameter, hint)
	}
	got.hold(t, "bucket "+d.bucket(lake.Bronze), "ok", "")
	got.hold(t, "topic "+lake.TopicName(lake.Silver), "failed", "there is no topic")
	got.hold(t, "schedule daily", "failed", "it is disabled")
	got.hold(t, "role "+*workflow, "failed", "workflow lacks lambda:InvokeFunction on ")
	got.hold(t, "role wplake-demo-raw-"+region, "failed", "does not let lambda.amazonaws.com assume it")
	got.hold(t, "function "+lake.FunctionName(lake.FunctionSilver), "warning", "memory is 300 MiB")
	got.hold(t, "function "+lake.FunctionName(lake.FunctionCatalog), "failed", "there is no function")
	got.hold(t, "catalog", "warning", "tables without an object: silver-gone")
	got.hold(t, "executions", "ok", "succeeded")
}

// stranger may look at nothing: that is told for each thing, and is no fault
// of the lake.
func (d *deployment) stranger(t *testing.T) {
	url := emulator(t, "MINISTACK_AUTH_URL")
	account := newAccount()
	made, err := iam.NewFromConfig(client(url, account)).CreateUser(t.Context(), &iam.CreateUserInput{UserName: sdk.String("stranger")})
	if err != nil {
		t.Fatal(err)
	}
	key, err := iam.NewFromConfig(client(url, account)).CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: made.User.UserName})
	if err != nil {
		t.Fatal(err)
	}
	for _, layer := range lake.Layers() { // whether they are there everybody is told
		if _, err := objects(client(url, account)).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: sdk.String(d.bucket(layer))}); err != nil {
			t.Fatal(err)
		}
	}
	environment := append(awsEnvironment(url, account), "AWS_ACCESS_KEY_ID="+*key.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+*key.AccessKey.SecretAccessKey)
	got := d.doctor(t, 0, environment)
	for name, action := range map[string]string{
		"stack wplake-demo": "cloudformation:DescribeStacks", "parameter " + lake.BucketParameter(lake.Raw): "ssm:GetParameter",
		"function data_wordpressapi_raw": "lambda:GetFunctionConfiguration", "workflow wordpress_raw_to_silver": "states:DescribeStateMachine",
		"executions": "states:ListExecutions", "schedules": "scheduler:ListSchedules", "database wordpress_api": "glue:GetDatabase",
	} {
		got.hold(t, name, "warning", "AccessDenied")
		if !strings.Contains(got[name].Hint, "allow "+action) {
			t.Errorf("%s does not name %s: %q", name, action, got[name].Hint)
		}
	}
}

// rewrite replaces a part of the definition.
func (d *deployment) rewrite(t *testing.T, old, text string) {
	t.Helper()
	path := filepath.Join(d.dir, "wplake.yaml")
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(was), old) {
		t.Fatalf("the definition has no %q", old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(was), old, text, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}
