package workflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/asltest"
	"wplake/internal/workflow"
)

// simple is the language's own driver, on a clock that jumps.
type simple struct {
	now time.Time
	n   int
}

func (s *simple) Now() time.Time          { return s.now }
func (s *simple) Random() float64         { return 0.5 }
func (s *simple) TaskToken(string) string { return "" }

func (s *simple) UUID() string {
	s.n++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.n)
}

func (s *simple) Sleep(_ context.Context, until time.Time) error {
	if until.After(s.now) {
		s.now = until
	}
	return nil
}

func (s *simple) Perform(context.Context, asl.Effect) (asl.Answer, error) {
	return asl.Answer{}, errors.New("a pure case calls nothing")
}

// result is what is compared.
type result struct{ status, output, err, cause, events string }

var chance = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\d\.\d{6,}|\d{10,}`)

func masked(s string) string { return chance.ReplaceAllString(s, "*") }

// TestRecordedCasesThroughTheEngine: what the language does by itself (which
// its own test compares with what Step Functions answered), it does in an
// engine, laid down step by step.
func TestRecordedCasesThroughTheEngine(t *testing.T) {
	t.Parallel()
	cases := slices.DeleteFunc(asltest.Cases(t, asltest.Execution), func(c asltest.Case) bool { return c.Needs != asltest.Pure })
	path := newBench(t).path
	synctest.Test(t, func(t *testing.T) {
		b := &bench{path: path, tasks: &tasks{}, machines: machines{}}
		e := b.open(t)
		e.Poll(10 * 24 * time.Hour)
		started := make([]workflow.Execution, len(cases))
		for i := range cases {
			m := machine("machine", string(cases[i].Definition))
			m.Type = workflow.MachineType(cases[i].Type)
			m.RoleARN = "arn:aws:iam::000000000000:role/r"
			started[i] = start(t, e, m, fmt.Sprintf("exec%d", i), string(cases[i].Input))
		}
		right, exact := 0, 0
		for i := range cases {
			c := &cases[i]
			x := ended(t, e, started[i].ARN)
			want := alone(t, c, &x)
			events, err := e.History(t.Context(), x.ARN, 0, 0, false)
			if err != nil {
				t.Fatal(err)
			}
			got := result{string(x.Status), masked(string(x.Output)), masked(text(x.Error)), masked(text(x.Cause)), typesOf(events)}
			if want != got {
				t.Errorf("%s:\n  want %+v\n  got  %+v", c.ID, want, got)
				continue
			}
			if string(x.Status) != c.Outcome.Status && c.Outcome.Status != "" && !strings.Contains(c.ID, "max_concurrency_path_negative") {
				t.Errorf("%s: %s instead of %s", c.ID, x.Status, c.Outcome.Status)
			}
			if x.Status == asl.Succeeded && same(c.Outcome.Output, x.Output) {
				exact++
			}
			right++
		}
		t.Logf("%d of %d pure cases; the output of %d of them is what was recorded without masking anything", right, len(cases), exact)
	})
}

func same(recorded, got json.RawMessage) bool {
	v, err := asl.Decode(got)
	return err == nil && asl.Text(asltest.Inner(recorded)) == asl.Text(v)
}

// alone runs a case without an engine.
func alone(t *testing.T, c *asltest.Case, x *workflow.Execution) result {
	t.Helper()
	m, err := asl.Parse(c.Definition)
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	input, err := asl.Decode(x.Input)
	if err != nil {
		t.Fatal(err)
	}
	var events []asl.Event
	out, err := asl.Run(t.Context(), m, asl.Info{
		ID: x.ARN, Name: x.Name, RoleARN: x.Machine.RoleARN, MachineID: x.Machine.ARN, MachineName: x.Machine.Name,
		Input: input, StartTime: x.Started, Express: c.Type == "EXPRESS",
	}, &simple{now: x.Started}, func(v asl.Event) {
		if v.Execution == "" {
			events = append(events, v)
		}
	})
	if err != nil {
		t.Fatalf("%s: %v", c.ID, err)
	}
	r := result{status: string(out.Status), err: masked(text(out.Error)), cause: masked(text(out.Cause)), events: typesOf(events)}
	if out.Status == asl.Succeeded {
		r.output = masked(asl.Text(out.Output))
	}
	return r
}

// typesOf are the types of events; of branches that run side by side the order
// is nobody's promise.
func typesOf(events []asl.Event) string {
	var names []string
	for _, v := range events {
		names = append(names, v.Type)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
