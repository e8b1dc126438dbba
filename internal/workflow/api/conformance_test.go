package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/asl/asltest"
)

// byClient are refusals that never reached AWS: the client itself made them of
// the types of its arguments. A request with a null gets here what a request
// without the field gets (MissingRequiredParameter).
var byClient = map[string]bool{
	"test_sfn_api.py::TestSnfApi::test_create_update_state_machine_base_update_none#null_required_parameter": true,
}

// TestRecordedRefusals gives each recorded request to the API, after what the
// recording shows to have been there before.
func TestRecordedRefusals(t *testing.T) {
	t.Parallel()
	operations := map[string]string{
		"create_state_machine": "CreateStateMachine", "update_state_machine": "UpdateStateMachine",
		"validate_state_machine_definition": "ValidateStateMachineDefinition",
	}
	score := map[string][2]int{}
	for _, rc := range asltest.Cases(t, asltest.Validation) {
		n := score[rc.Op]
		n[1]++
		c := newClient(t)
		body := object{}
		if err := json.Unmarshal(rc.Request, &body); err != nil {
			t.Fatal(err)
		}
		if definition, ok := rc.Text(); ok {
			body["definition"] = definition
		}
		if rc.Op == "create_state_machine" {
			body["roleArn"] = role
			if strings.Contains(string(rc.Expected), "StateMachineAlreadyExists") {
				c.create(t, body["name"].(string), pass)
			}
		}
		if rc.Op == "update_state_machine" {
			machine := c.create(t, "m", pass)
			body["stateMachineArn"], body["definition"], body["roleArn"] = machine, nil, nil
		}
		got := c.answered(t, operations[rc.Op], body)
		want := expected(t, &rc)
		if byClient[rc.ID] {
			want = "MissingRequiredParameter: Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified"
		}
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", rc.ID, got, want)
		} else {
			n[0]++
		}
		score[rc.Op] = n
	}
	for op, n := range score {
		t.Logf("%s: %d of %d (%d made by the client itself)", op, n[0], n[1], map[bool]int{true: 1}[op == "update_state_machine"])
	}
}

// answered is what an operation answers: code and message, or the diagnostics.
func (c *client) answered(t *testing.T, operation string, body object) string {
	t.Helper()
	if operation == "ValidateStateMachineDefinition" {
		return asl.Text(c.ok(t, operation, body))
	}
	code, message := c.refused(t, operation, body)
	return strings.ReplaceAll(strings.ReplaceAll(code+": "+message, "arn:aws:states:eu-west-1:"+account, "ARN"), "'ARN:stateMachine:"+text(body["name"])+"'", "'MACHINE'")
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// expected brings a recorded answer into the form of answered.
func expected(t *testing.T, rc *asltest.Case) string {
	t.Helper()
	if rc.Op == "validate_state_machine_definition" {
		var answer object
		if err := json.Unmarshal(rc.Expected, &answer); err != nil {
			t.Fatal(err)
		}
		delete(answer, "ResponseMetadata")
		return asl.Text(answer)
	}
	code, message := rc.Refusal()
	return code + ": " + strings.ReplaceAll(message, "arn:<partition>:states:<region>:111111111111:stateMachine:<ArnPart_0idx>", "MACHINE")
}
