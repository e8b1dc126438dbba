package asl_test

import (
	"encoding/json"
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/asl/asltest"
)

// TestRecordedRefusals compares with what Step Functions said of definitions
// it refused.
func TestRecordedRefusals(t *testing.T) {
	t.Parallel()
	right, all := 0, 0
	for _, c := range asltest.Cases(t, asltest.Validation, asltest.TestStateError) {
		definition, ok := c.Text()
		if !ok {
			continue
		}
		var request struct{ Type string }
		if err := json.Unmarshal(c.Request, &request); err != nil {
			t.Fatal(err)
		}
		express := request.Type == "EXPRESS"
		_, message := c.Refusal()
		_, want, concerns := strings.Cut(message, "Invalid State Machine Definition: ")
		var got string
		switch {
		case c.Op == "validate_state_machine_definition":
			var expected struct{ Diagnostics []asl.Diagnostic }
			if err := json.Unmarshal(c.Expected, &expected); err != nil {
				t.Fatal(err)
			}
			want = text(t, expected.Diagnostics)
			got = text(t, asl.Validate([]byte(definition), express))
		case !concerns:
			continue
		case c.Kind == asltest.TestStateError:
			want = "Invalid State Machine Definition: " + want
			got = asl.RefusalMessage(asl.ValidateState([]byte(definition)))
		default:
			want = "Invalid State Machine Definition: " + want
			got = asl.RefusalMessage(asl.Validate([]byte(definition), express))
		}
		all++
		if got == want {
			right++
		} else {
			t.Errorf("%s:\n got %s\nwant %s", c.ID, got, want)
		}
	}
	t.Logf("%d of %d refusals as recorded", right, all)
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestRecordedDefinitionsAreNotRefused holds that whatever ran on Step
// Functions is valid.
func TestRecordedDefinitionsAreNotRefused(t *testing.T) {
	t.Parallel()
	cases := asltest.Cases(t, asltest.Execution)
	for _, c := range cases {
		definition, _ := c.Text()
		if why := asl.RefusalMessage(asl.Validate([]byte(definition), c.Type == "EXPRESS")); why != "" {
			t.Errorf("%s: %s", c.ID, why)
		}
	}
	t.Logf("%d definitions", len(cases))
}
