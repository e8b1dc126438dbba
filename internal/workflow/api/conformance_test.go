package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"wplake/internal/asl"
)

// recorded is where the answers of AWS lie, outside of the repository.
const recorded = "../../../../shared/conformance/asl/cases.jsonl.gz"

// refusalCase is a recorded refusal of CreateStateMachine or its like.
type refusalCase struct {
	ID, Kind, Op string
	Definition   *string
	Request      object
	Expected     json.RawMessage
}

// byClient are refusals that never reached AWS: the client itself made them of
// the types of its arguments. A request with a null gets here what a request
// without the field gets (MissingRequiredParameter).
var byClient = map[string]bool{
	"test_sfn_api.py::TestSnfApi::test_create_update_state_machine_base_update_none#null_required_parameter": true,
}

func readRefusals(t *testing.T) []refusalCase {
	t.Helper()
	packed, err := os.ReadFile(recorded)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recorded answers of AWS are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var cases []refusalCase
	lines := bufio.NewScanner(unpacked)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var c refusalCase
		if json.Unmarshal(lines.Bytes(), &c) == nil && c.Kind == "validation" {
			cases = append(cases, c)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
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
	for _, rc := range readRefusals(t) {
		n := score[rc.Op]
		n[1]++
		c := newClient(t)
		body := object{}
		for k, v := range rc.Request {
			body[k] = v
		}
		if rc.Definition != nil {
			body["definition"] = *rc.Definition
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
		want := expected(t, rc)
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
func expected(t *testing.T, rc refusalCase) string {
	t.Helper()
	var sentence string
	if json.Unmarshal(rc.Expected, &sentence) == nil {
		_, after, _ := strings.Cut(sentence, "An error occurred (")
		code, after, _ := strings.Cut(after, ")")
		_, message, _ := strings.Cut(after, ": ")
		return code + ": " + message
	}
	if rc.Op == "validate_state_machine_definition" {
		var answer object
		if err := json.Unmarshal(rc.Expected, &answer); err != nil {
			t.Fatal(err)
		}
		delete(answer, "ResponseMetadata")
		return asl.Text(answer)
	}
	var e struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal(rc.Expected, &e); err != nil {
		t.Fatal(err)
	}
	message := strings.NewReplacer("arn:<partition>:states:<region>:111111111111:stateMachine:<ArnPart_0idx>", "MACHINE").Replace(e.Error.Message)
	return e.Error.Code + ": " + message
}
