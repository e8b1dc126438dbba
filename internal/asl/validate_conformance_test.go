package asl_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wplake/internal/asl"
)

// refusal is a recorded case that may refuse a definition.
type refusal struct {
	ID, Kind, Op string
	Type         string
	Definition   *string
	Request      struct{ Type string }
	Expected     json.RawMessage
}

// readRecorded calls do with every recorded case.
func readRecorded(t *testing.T, do func(line []byte)) {
	t.Helper()
	f, err := os.Open(filepath.FromSlash(conformanceCases))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no recorded cases beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		do(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// message is the message of an expected refusal, in all its forms.
func (r *refusal) message() string {
	var text string
	if json.Unmarshal(r.Expected, &text) == nil {
		return text
	}
	var answer struct {
		Message     string
		Error       struct{ Message string }
		Diagnostics []asl.Diagnostic
	}
	if json.Unmarshal(r.Expected, &answer) != nil {
		return ""
	}
	return answer.Error.Message
}

// TestRecordedRefusals compares with what Step Functions said of definitions
// it refused.
func TestRecordedRefusals(t *testing.T) {
	t.Parallel()
	right, all := 0, 0
	readRecorded(t, func(line []byte) {
		var r refusal
		if err := json.Unmarshal(line, &r); err != nil || r.Definition == nil || r.Kind != "validation" && r.Kind != "test_state_error" {
			return
		}
		_, want, concerns := strings.Cut(r.message(), "Invalid State Machine Definition: ")
		var got string
		switch {
		case r.Op == "validate_state_machine_definition":
			var expected struct{ Diagnostics []asl.Diagnostic }
			if err := json.Unmarshal(r.Expected, &expected); err != nil {
				t.Fatal(err)
			}
			want = text(t, expected.Diagnostics)
			got = text(t, asl.Validate([]byte(*r.Definition), r.Request.Type == "EXPRESS"))
		case !concerns:
			return
		case r.Kind == "test_state_error":
			want = "Invalid State Machine Definition: " + want
			got = asl.RefusalMessage(asl.ValidateState([]byte(*r.Definition)))
		default:
			want = "Invalid State Machine Definition: " + want
			got = asl.RefusalMessage(asl.Validate([]byte(*r.Definition), r.Request.Type == "EXPRESS"))
		}
		all++
		if got == want {
			right++
		} else {
			t.Errorf("%s:\n got %s\nwant %s", r.ID, got, want)
		}
	})
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
	all := 0
	readRecorded(t, func(line []byte) {
		var r struct {
			ID, Kind, Type string
			Definition     json.RawMessage
		}
		if err := json.Unmarshal(line, &r); err != nil || r.Kind != "execution" {
			return
		}
		definition := []byte(r.Definition)
		var inner string
		if json.Unmarshal(definition, &inner) == nil {
			definition = []byte(inner)
		}
		all++
		if why := asl.RefusalMessage(asl.Validate(definition, r.Type == "EXPRESS")); why != "" {
			t.Errorf("%s: %s", r.ID, why)
		}
	})
	t.Logf("%d definitions", all)
}
