//go:build aws

package sfn_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssfn "github.com/aws/aws-sdk-go-v2/service/sfn"

	"wplake/internal/asl"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sfn"
	"wplake/internal/workflow/trace"
)

const emulated = `{"StartAt": "Check", "States": {
	"Check": {"Type": "Choice", "Choices": [{"Variable": "$.fail", "BooleanEquals": true, "Next": "Bad"}, {"Variable": "$.wait", "BooleanEquals": true, "Next": "Ask"}], "Default": "Each"},
	"Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": true}}}, "End": true},
	"Ask": {"Type": "Task", "Resource": "ACTIVITY", "End": true},
	"Bad": {"Type": "Fail", "Error": "Wrong", "Cause": "on purpose"}}}`

func TestEmulator(t *testing.T) {
	endpoint := os.Getenv("MINISTACK_URL")
	if endpoint == "" {
		t.Fatal("MINISTACK_URL names no emulator; `make test-aws` starts one")
	}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(fmt.Sprintf("%012d", 100_000_000_000+rand.Uint64()%800_000_000_000), "secret", ""),
	}
	api := awssfn.NewFromConfig(cfg)
	activity, err := api.CreateActivity(t.Context(), &awssfn.CreateActivityInput{Name: aws.String("nobody")})
	if err != nil {
		t.Fatal(err)
	}
	definition := strings.Replace(emulated, "ACTIVITY", *activity.ActivityArn, 1)
	made, err := api.CreateStateMachine(t.Context(), &awssfn.CreateStateMachineInput{
		Name: aws.String("wordpress"), Definition: &definition, RoleArn: aws.String("arn:aws:iam::123456789012:role/r"),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := sfn.New(cfg, sfn.Options{MachineARN: *made.StateMachineArn, Now: time.Now})
	m, err := c.Machine(t.Context(), "")
	if err != nil || m.Name != "wordpress" || m.Definition != definition {
		t.Fatalf("%+v, %v", m, err)
	}

	in := workflow.StartInput{Name: "run-1", Input: json.RawMessage(`{"fail": false, "wait": false, "items": [1, 2, 3]}`)}
	x, err := c.Start(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if x, err = c.Wait(t.Context(), x.ARN); err != nil || x.Status != asl.Succeeded || string(x.Output) == "" || x.Machine.Definition == "" {
		t.Fatalf("%+v, %v", x, err)
	}
	if again, err := c.Start(t.Context(), in); err != nil || again.ARN != x.ARN {
		t.Errorf("the same start again: %+v, %v", again, err)
	}
	events, err := c.History(t.Context(), x.ARN, 0, 0, false)
	if err != nil || len(events) < 6 || events[0].Type != "ExecutionStarted" {
		t.Fatalf("%+v, %v", events, err)
	}
	machine, err := asl.Parse([]byte(x.Machine.Definition))
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]int{}
	for _, v := range trace.Of(machine, events) {
		if states[v.State]++; v.Status != trace.Succeeded {
			t.Errorf("%s is %s", v.State, v.Status)
		}
	}
	if states["Check"] != 1 || states["Each"] != 1 { // the emulator tells nothing of iterations
		t.Errorf("visited %v", states)
	}

	bad, err := c.Start(t.Context(), workflow.StartInput{Name: "run-2", Input: json.RawMessage(`{"fail": true}`)})
	if err != nil {
		t.Fatal(err)
	}
	if bad, err = c.Wait(t.Context(), bad.ARN); err != nil || bad.Status != asl.Failed || bad.Error == nil || *bad.Error != "Wrong" || bad.Output != nil {
		t.Errorf("%+v, %v", bad, err)
	}
	if _, ok := c.Redrivable(bad); !ok {
		t.Error("it cannot be redriven")
	}
	failed, _, err := c.List(t.Context(), workflow.Filter{Status: asl.Failed})
	if err != nil || len(failed) != 1 || failed[0].Name != "run-2" || failed[0].Machine.Name != "wordpress" {
		t.Errorf("%+v, %v", failed, err)
	}
	name, cause := "Cancelled", "not today"
	if x, err := c.Stop(t.Context(), bad.ARN, &name, &cause); err != nil || x.Status != asl.Failed {
		t.Errorf("stopping one that has ended: %+v, %v", x, err)
	}
	long, err := c.Start(t.Context(), workflow.StartInput{Name: "run-3", Input: json.RawMessage(`{"fail": false, "wait": true}`)})
	if err != nil || long.Status != asl.Running {
		t.Fatalf("%+v, %v", long, err)
	}
	if long, err = c.Stop(t.Context(), long.ARN, &name, &cause); err != nil || long.Status != asl.Aborted || long.Error == nil || *long.Error != name {
		t.Errorf("stopped: %+v, %v", long, err)
	}
	if _, err := c.Describe(t.Context(), bad.ARN+"x"); code(err) != workflow.ExecutionDoesNotExist {
		t.Errorf("one that is not there: %v", err)
	}
}
