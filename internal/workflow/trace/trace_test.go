package trace_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/asltest"
	"wplake/internal/workflow/trace"
)

// driver answers tasks from a list by state, the first answers first, on a
// clock that counts the events and jumps to timers.
type driver struct {
	now     time.Time
	answers map[string][]asl.Answer
	ids     int
}

func (d *driver) Now() time.Time {
	d.now = d.now.Add(10 * time.Millisecond)
	return d.now
}
func (d *driver) Random() float64           { return 0.5 }
func (d *driver) TaskToken(e string) string { return "token-" + e }
func (d *driver) UUID() string {
	d.ids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", d.ids)
}

func (d *driver) Sleep(_ context.Context, until time.Time) error {
	if until.After(d.now) {
		d.now = until
	}
	return nil
}

func (d *driver) Perform(_ context.Context, e asl.Effect) (asl.Answer, error) {
	list := d.answers[e.State]
	if len(list) == 0 {
		return asl.Answer{Kind: asl.Done, Output: map[string]any{}}, nil
	}
	d.answers[e.State] = list[1:]
	return list[0], nil
}

func failure(name string) asl.Answer {
	cause := "because"
	return asl.Answer{Kind: asl.Failure, Error: &name, Cause: &cause}
}

// run evaluates a definition and returns what it did.
func run(t *testing.T, definition, input string, answers map[string][]asl.Answer) (*asl.Machine, []asl.Event) {
	t.Helper()
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	in, err := asl.Decode([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	d := &driver{now: time.Date(2024, 8, 1, 7, 0, 0, 0, time.UTC), answers: answers}
	var events []asl.Event
	info := asl.Info{Name: "one", MachineID: "arn:aws:states:eu-west-1:000000000000:stateMachine:m", Input: in, StartTime: d.now}
	if _, err := asl.Run(t.Context(), m, info, d, func(e asl.Event) { events = append(events, e) }); err != nil {
		t.Fatal(err)
	}
	return m, events
}

// line is a visit in short.
func line(v trace.Visit) string {
	var b strings.Builder
	for _, s := range v.Path {
		fmt.Fprintf(&b, "%s[%d]/", s.State, s.Index)
	}
	fmt.Fprintf(&b, "%s %s", v.State, v.Status)
	if len(v.Tries) > 1 {
		fmt.Fprintf(&b, " ×%d", len(v.Tries))
	}
	if v.Error != nil {
		b.WriteString(" " + *v.Error)
	}
	return b.String()
}

const call = `"Type":"Task","Resource":"arn:aws:states:::lambda:invoke"`

func TestOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		definition, input string
		answers           map[string][]asl.Answer
		want              []string
	}{
		"retry and catch": {
			`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"MaxAttempts":2}],"Next":"B"},
			 "B":{` + call + `,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"C"}],"End":true},"C":{"Type":"Fail","Error":"Over"}}}`, `{}`,
			map[string][]asl.Answer{"A": {failure("E"), failure("E")}, "B": {failure("X")}},
			[]string{"A succeeded ×3", "B caught X", "C failed Over"},
		},
		"loop": {
			`{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"T"},"T":{` + call + `,"Next":"C"},
			 "C":{"Type":"Choice","Choices":[{"Variable":"$.n","IsPresent":true,"Next":"S"}],"Default":"W"},"S":{"Type":"Succeed"}}}`, `{}`,
			map[string][]asl.Answer{"T": {{Kind: asl.Done, Output: map[string]any{}}, {Kind: asl.Done, Output: map[string]any{"n": true}}}},
			[]string{"W succeeded", "T succeeded", "C succeeded", "W succeeded", "T succeeded", "C succeeded", "S succeeded"},
		},
		"parallel fails": {
			`{"StartAt":"P","States":{"P":{"Type":"Parallel","Catch":[{"ErrorEquals":["States.ALL"],"Next":"H"}],"End":true,"Branches":[
			 {"StartAt":"X","States":{"X":{"Type":"Wait","Seconds":60,"End":true}}},{"StartAt":"Y","States":{"Y":{` + call + `,"End":true}}}]},
			 "H":{"Type":"Pass","End":true}}}`, `{}`,
			map[string][]asl.Answer{"Y": {failure("Bad")}},
			[]string{"P caught Bad", "P[0]/X aborted", "P[1]/Y failed Bad", "H succeeded"},
		},
		"parallel tried again": {
			`{"StartAt":"P","States":{"P":{"Type":"Parallel","Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1}],"End":true,"Branches":[
			 {"StartAt":"Y","States":{"Y":{` + call + `,"End":true}}}]}}}`, `{}`,
			map[string][]asl.Answer{"Y": {failure("Bad")}},
			[]string{"P succeeded ×2", "P[0]/Y failed Bad", "P[0]/Y succeeded"},
		},
		"parallel in map": {
			`{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
			 {"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A2"},"A2":{"Type":"Pass","End":true}}},{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}]}}}}}}`, `[1,2]`, nil,
			[]string{
				"M succeeded", "M[0]/P succeeded", "M[1]/P succeeded", "M[0]/P[0]/A succeeded", "M[0]/P[1]/B succeeded", "M[1]/P[0]/A succeeded", "M[1]/P[1]/B succeeded",
				"M[0]/P[0]/A2 succeeded", "M[1]/P[0]/A2 succeeded",
			},
		},
		"a Fail state within": {
			`{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"M","States":{"M":{"Type":"Map","Items":[1],"QueryLanguage":"JSONata","End":true,
			 "ItemProcessor":{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Deep"}}}}}}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"H"}]},"H":{"Type":"Succeed"}}}`, `{}`, nil,
			[]string{"P caught Deep", "P[0]/M failed Deep", "P[0]/M[0]/F failed Deep", "H succeeded"},
		},
		"map fails": {
			`{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"End":true,"ItemProcessor":{"StartAt":"Y","States":{"Y":{` + call + `,"End":true}}}}}}`, `[1,2,3]`,
			map[string][]asl.Answer{"Y": {{Kind: asl.Done, Output: "fine"}, failure("Bad")}},
			[]string{"M failed Bad", "M[0]/Y succeeded", "M[1]/Y failed Bad"},
		},
		"path leads nowhere, deep inside": {
			`{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.no","IsNull":true,"Next":"D"}]},"D":{"Type":"Succeed"}}}}}}`, `[1,2]`, nil,
			[]string{"M failed States.Runtime", "M[0]/C failed States.Runtime"},
		},
		"expression fails": {
			`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Output":"{% $missing %}","End":true}}}`, `{}`, nil,
			[]string{"A succeeded", "B failed States.QueryEvaluationError"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, events := run(t, test.definition, test.input, test.answers)
			for _, machine := range []*asl.Machine{m, nil} {
				var got []string
				for _, v := range trace.Of(machine, events) {
					got = append(got, line(v))
				}
				if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
					t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
				}
			}
		})
	}
}

// TestUnfinished cuts a history after each of its events: whatever is there
// must be told.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	m, events := run(t, `{"StartAt":"A","States":{"A":{`+call+`,"Next":"P"},"P":{"Type":"Parallel","End":true,"Branches":[
		{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}},{"StartAt":"C","States":{"C":{"Type":"Pass","End":true}}}]}}}`, `{}`, nil)
	for n := range events {
		check(t, m, events[:n+1])
	}
}

func TestRedriven(t *testing.T) {
	t.Parallel()
	m, events := run(t, `{"StartAt":"A","States":{"A":{`+call+`,"End":true}}}`, `{}`, map[string][]asl.Answer{"A": {failure("E")}})
	last := events[len(events)-1]
	more := []asl.Event{
		{ID: last.ID + 1, Previous: last.ID, Type: "ExecutionRedriven", Time: last.Time.Add(time.Hour)},
		{ID: last.ID + 2, Previous: last.ID + 1, Type: "TaskScheduled", Time: last.Time.Add(time.Hour)},
		{ID: last.ID + 3, Previous: last.ID + 2, Type: "TaskSucceeded", Time: last.Time.Add(time.Hour)},
		{ID: last.ID + 4, Previous: last.ID + 3, Type: "TaskStateExited", State: "A", Time: last.Time.Add(time.Hour)},
	}
	visits := trace.Of(m, append(events, more...))
	if len(visits) != 1 || line(visits[0]) != "A succeeded ×2" {
		t.Errorf("%+v", visits)
	}
}

// check holds visits to what must be true of every history.
func check(t *testing.T, m *asl.Machine, events []asl.Event) []trace.Visit {
	t.Helper()
	visits := trace.Of(m, events)
	entered, exited, scheduled, ended := 0, 0, 0, false
	for _, e := range events {
		switch {
		case strings.HasSuffix(e.Type, "StateEntered"):
			entered++
		case strings.HasSuffix(e.Type, "StateExited"):
			exited++
		case strings.HasSuffix(e.Type, "Scheduled"):
			scheduled++
		case e.Type == "ExecutionSucceeded", e.Type == "ExecutionFailed", e.Type == "ExecutionAborted", e.Type == "ExecutionTimedOut":
			ended = true
		}
	}
	if len(visits) != entered {
		t.Errorf("%d visits, %d entries", len(visits), entered)
	}
	left, tries := 0, 0
	for i, v := range visits {
		if v.HasOutput {
			left++
		}
		if v.Type == asl.Task {
			tries += len(v.Tries)
		}
		if ended == (v.Status == trace.Running) && ended {
			t.Errorf("%s runs, the execution does not", v.State)
		}
		if v.Left.IsZero() != (v.Status == trace.Running) {
			t.Errorf("%s is %s and left at %s", v.State, v.Status, v.Left)
		}
		if v.HasOutput && v.Status != trace.Succeeded && v.Status != trace.Caught {
			t.Errorf("%s has an output and is %s", v.State, v.Status)
		}
		if v.Parent >= i {
			t.Errorf("%s is inside of a later visit", v.State)
		}
		depth := 0
		for p := v.Parent; p >= 0; p = visits[p].Parent {
			depth++
		}
		if depth != len(v.Path) {
			t.Errorf("%s is %d deep, its path %d", v.State, depth, len(v.Path))
		}
	}
	if left != exited {
		t.Errorf("%d exits were taken, %d are there", left, exited)

	}
	if tries != scheduled {
		t.Errorf("%d tries, %d were scheduled", tries, scheduled)
	}
	return visits
}

func TestRecordedHistories(t *testing.T) { //nolint:tparallel // the parts count together what they looked at
	t.Parallel()
	own, theirs := 0, 0
	for _, c := range asltest.Cases(t, asltest.Execution) {
		m, err := asl.Parse(c.Definition)
		if err != nil {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			if c.Needs == asltest.Pure {
				in, err := asl.Decode(c.Input)
				if err != nil {
					in = map[string]any{}
				}
				d := &driver{now: time.Date(2024, 8, 1, 7, 0, 0, 0, time.UTC)}
				var h histories
				out, err := asl.Run(t.Context(), m, asl.Info{Name: "one", MachineID: "arn:aws:states:eu-west-1:000000000000:stateMachine:m", Input: in, StartTime: d.now},
					d, h.take)
				if err == nil {
					own++
					for i, events := range h.all {
						if visits := check(t, m, *events); i == 0 {
							blames(t, visits, out)
						}
					}
				}
			}
			if events, ok := history(&c); ok {
				theirs++
				check(t, m, events)
			}
		})
	}
	t.Logf("%d histories of our own, %d recorded ones", own, theirs)
	if own == 0 || theirs == 0 {
		t.Error("no histories were looked at")
	}
}

// histories takes the executions apart whose events asl.Run hands out: those of
// a distributed Map's items come between those of the execution around them.
type histories struct{ all, open []*[]asl.Event }

func (h *histories) take(e asl.Event) {
	if e.Type == "ExecutionStarted" {
		h.all = append(h.all, &[]asl.Event{})
		h.open = append(h.open, h.all[len(h.all)-1])
	}
	last := h.open[len(h.open)-1]
	*last = append(*last, e)
	if strings.HasPrefix(e.Type, "Execution") && e.Type != "ExecutionStarted" {
		h.open = h.open[:len(h.open)-1]
	}
}

// blames checks that the error of a failed execution is that of a visit.
func blames(t *testing.T, visits []trace.Visit, o asl.Outcome) {
	t.Helper()
	if o.Status != asl.Failed || o.Error == nil || len(visits) == 0 {
		return
	}
	for _, v := range visits {
		if v.Status == trace.Failed && v.Error != nil && *v.Error == *o.Error {
			return
		}
	}
	var b strings.Builder
	for _, v := range visits {
		b.WriteString(line(v) + "\n")
	}
	t.Errorf("nobody is to blame for %s:\n%s", *o.Error, b.String())
}

// history is the recorded one where its events have their numbers.
func history(c *asltest.Case) ([]asl.Event, bool) {
	var events []asl.Event
	for i, e := range c.Outcome.Events {
		out := asl.Event{Type: e.Type, State: e.Name, Error: e.Error}
		if json.Unmarshal(e.ID, &out.ID) != nil || json.Unmarshal(e.Prev, &out.Previous) != nil || out.ID != int64(i+1) {
			return nil, false
		}
		if e.State != "" {
			out.State = e.State
		}
		if e.Index != nil {
			out.Index = *e.Index
		}
		if e.Length != nil {
			out.Length = *e.Length
		}
		out.Time = time.Date(2024, 8, 1, 7, 0, i, 0, time.UTC)
		events = append(events, out)
	}
	return events, len(events) > 0
}
