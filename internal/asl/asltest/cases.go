// Package asltest reads what Step Functions was recorded to answer, and compares
// it with what came out here. It is for tests alone.
//
// The recordings lie beside the repository, for those who have them.
package asltest

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// The kinds of cases.
const (
	// Execution is an execution with its outcome and its history.
	Execution = "execution"
	// Validation is a definition that was validated, or refused where a machine
	// was to be made or changed.
	Validation = "validation"
	// TestState is a request to TestState with its answer.
	TestState = "test_state"
	// TestStateError is a request that TestState refused.
	TestStateError = "test_state_error"
)

// Pure is what a case needs that calls nothing.
const Pure = "pure"

// Case is one recording.
type Case struct {
	ID, Kind, Group string
	// Needs is what the case calls: Pure, or what must answer it.
	Needs string
	// Op is the operation that was called, for refusals.
	Op string
	// Type is that of the machine: STANDARD or EXPRESS.
	Type string
	// Comparable is "shape-only" where the values of an execution are chance.
	Comparable string
	// EventOrder is "total" where the events have one order only.
	EventOrder string `json:"event_order"`
	// Definition was recorded as a value or as a text; see Text.
	Definition json.RawMessage
	Input      json.RawMessage
	Request    json.RawMessage
	Expected   json.RawMessage
	// Outcome is what Expected tells of an execution; it is empty for all others.
	Outcome Outcome `json:"-"`
	// Setup is what was called before.
	Setup []struct {
		Call   string
		Kwargs map[string]any
	}
	// Transforms are what the recorder put in the place of chance.
	Transforms []struct {
		Kind   string
		Args   []any
		Kwargs struct{ JSONPath string }
	}
}

// Outcome is how an execution went.
type Outcome struct {
	Status     string
	Output     json.RawMessage
	Error      *string
	Cause      json.RawMessage
	EventTypes []string `json:"event_types"`
	Events     []Event
	// TaskResults are what the called services answered, in order.
	TaskResults []TaskResult `json:"task_results"`
}

// Event is one event of a history; an ID in brackets stands for a group of
// events whose order does not count.
type Event struct {
	ID, Prev                    json.RawMessage
	Type, Name, State, Location string
	Resource, ResourceType      string
	Input, Output, Parameters   json.RawMessage
	Error                       *string
	Index, Length               *int
	AssignedVariables           map[string]json.RawMessage
}

// TaskResult is what one call of a state was answered; Event is the type of the
// event that tells it.
type TaskResult struct {
	State, Event  string
	Output, Cause json.RawMessage
	Error         *string
	Arguments     json.RawMessage
}

// Text is the definition as it was sent; ok is false where there was none.
func (c *Case) Text() (text string, ok bool) {
	if len(c.Definition) == 0 || string(c.Definition) == "null" {
		return "", false
	}
	if json.Unmarshal(c.Definition, &text) == nil {
		return text, true
	}
	return string(c.Definition), true
}

var sentence = regexp.MustCompile(`(?s)^An error occurred \(([^)]*)\) when calling the \w+ operation: (.*)$`)

// Refusal is the error that was answered, or the sentence that the client made
// of it taken apart. What the client refused by itself has no code.
func (c *Case) Refusal() (code, message string) {
	var text string
	if json.Unmarshal(c.Expected, &text) == nil {
		if m := sentence.FindStringSubmatch(text); m != nil {
			return m[1], m[2]
		}
		return "", text
	}
	var answer struct {
		Error struct{ Code, Message string }
	}
	if json.Unmarshal(c.Expected, &answer) != nil {
		return "", ""
	}
	return answer.Error.Code, answer.Error.Message
}

// Cases reads the recorded cases of some kinds, in order; without kinds all of
// them. It skips the test where there are no recordings.
func Cases(t testing.TB, kinds ...string) []Case {
	t.Helper()
	f, err := os.Open(filepath.Join(repository(t), "..", "shared", "conformance", "asl", "cases.jsonl.gz"))
	if errors.Is(err, fs.ErrNotExist) {
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
	var cases []Case
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c Case
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatalf("recorded case %d: %v", len(cases), err)
		}
		if len(kinds) > 0 && !slices.Contains(kinds, c.Kind) {
			continue
		}
		if c.Kind == Execution {
			if err := json.Unmarshal(c.Expected, &c.Outcome); err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatalf("there is no recorded case of the kinds %v", kinds)
	}
	return cases
}

// repository is the folder that holds go.mod, above that of the running test.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			t.Fatal("there is no go.mod above the test")
		}
		dir = above
	}
	t.Fatal(err)
	return ""
}
