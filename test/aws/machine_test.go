//go:build aws

package aws

import (
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

func failed(object, code string) map[string]any {
	return map[string]any{"objects": []any{
		map[string]any{"object": "posts", "status": "succeeded"},
		map[string]any{"object": object, "status": "failed", "error": map[string]any{"code": code, "message": "it failed", "hint": "mend it"}},
	}}
}

// The built-in state machine is run by an interpreter that is not ours, with
// functions that answer as they are told.
func TestMachine(t *testing.T) {
	t.Parallel()
	well := map[string]any{"objects": []any{map[string]any{"object": "posts", "status": "succeeded"}}}
	late := map[string]any{"error": "StageUnfinished"}
	for _, test := range []struct {
		name     string
		raw      []map[string]any // what the function raw answers, one after the other
		silver   []map[string]any
		status   sfntypes.ExecutionStatus
		cause    string // a part of it
		rawCalls int
	}{
		{name: "all well", raw: []map[string]any{well}, silver: []map[string]any{well}, status: sfntypes.ExecutionStatusSucceeded, rawCalls: 1},
		{name: "raw is larger than two invocations", raw: []map[string]any{late, late, well}, silver: []map[string]any{well},
			status: sfntypes.ExecutionStatusSucceeded, rawCalls: 3},
		{name: "an object failed", raw: []map[string]any{failed("terms", "SourceTruncated")}, silver: []map[string]any{well},
			status: sfntypes.ExecutionStatusFailed, cause: "data_wordpressapi_raw, terms: SourceTruncated", rawCalls: 1},
		{name: "a function failed", raw: []map[string]any{well}, silver: []map[string]any{{"error": "AccessDenied"}},
			status: sfntypes.ExecutionStatusFailed, cause: "data_wordpressapi_silver: AccessDenied", rawCalls: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			account := newAccount()
			aws := client(emulator(t, "MINISTACK_URL"), account)
			functions, machines := lambda.NewFromConfig(aws), sfn.NewFromConfig(aws)
			raw := scripted(t, functions, lake.FunctionName(lake.FunctionRaw), test.raw...)
			silver := scripted(t, functions, lake.FunctionName(lake.FunctionSilver), test.silver...)
			bronze := scripted(t, functions, lake.FunctionName(lake.FunctionBronze), well)
			catalog := scripted(t, functions, lake.FunctionName(lake.FunctionCatalog), well)
			if _, err := sns.NewFromConfig(aws).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: sdk.String(lake.FailureTopic)}); err != nil {
				t.Fatal(err)
			}
			c := config.Default()
			definition := machine.ForAWS(machine.Default(c), c, "aws", region, account)
			made, err := machines.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
				Name: sdk.String("lake"), Definition: sdk.String(string(definition)), RoleArn: sdk.String("arn:aws:iam::" + account + ":role/lake"),
			})
			if err != nil {
				t.Fatal(err)
			}
			started, err := machines.StartExecution(t.Context(), &sfn.StartExecutionInput{
				StateMachineArn: made.StateMachineArn, Name: sdk.String("run-1"), Input: sdk.String(`{"objects": ["posts"]}`),
			})
			if err != nil {
				t.Fatal(err)
			}
			out := ended(t, machines, *started.ExecutionArn, time.Minute)
			if out.Status != test.status || !strings.Contains(sdk.ToString(out.Cause), test.cause) {
				t.Errorf("the execution is %s: %s: %s, want %s: %s", out.Status, sdk.ToString(out.Error), sdk.ToString(out.Cause), test.status, test.cause)
			}
			if n := len(raw()); n != test.rawCalls {
				t.Errorf("raw was invoked %d times, want %d", n, test.rawCalls)
			}
			for name, events := range map[string][]map[string]any{"raw": raw(), "bronze": bronze(), "silver": silver(), "catalog": catalog()} {
				if len(events) == 0 {
					t.Errorf("%s was not invoked", name)
				}
				for _, event := range events {
					if objects, _ := event["objects"].([]any); event["run_id"] != "run-1" || len(objects) != 1 {
						t.Errorf("%s got the event %v", name, event)
					}
				}
			}
			var stages []any
			for _, event := range catalog() {
				stages = append(stages, event["stage"])
			}
			if len(stages) != 2 || stages[0] != "crawl-bronze" || stages[1] != "crawl-silver" {
				t.Errorf("the catalog was asked for %v", stages)
			}
		})
	}
}
