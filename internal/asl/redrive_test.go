package asl_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
)

// laidDown writes an execution out and reads it again.
func (c *course) laidDown(t testing.TB, definition string) {
	t.Helper()
	data, err := c.x.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if c.x, err = asl.Restore(mustParse(t, definition), data, func(e asl.Event) { c.events = append(c.events, e) }); err != nil {
		t.Fatal(err)
	}
}

// redrive goes on with an execution that was laid down, and returns the events
// that follow.
func (c *course) redrive(t testing.TB, definition string, d *store) (result, events string) {
	t.Helper()
	c.laidDown(t, definition)
	before := len(c.events)
	p, err := c.x.Redrive(d)
	if err != nil {
		t.Fatal(err)
	}
	result = c.runFrom(t, d, p)
	var out []string
	for _, e := range c.events[before:] {
		if e.Execution == "" {
			out = append(out, fmt.Sprintf("%d<%d %s", e.ID, e.Previous, e.Type))
		}
	}
	return result, strings.Join(out, ", ")
}

// flaky fails what its arguments or states name until it is mended, and counts
// the calls.
type flaky struct {
	bad   map[string]bool
	calls map[string]int
}

func newFlaky(d *store, bad ...string) *flaky {
	f := &flaky{bad: map[string]bool{}, calls: map[string]int{}}
	for _, b := range bad {
		f.bad[b] = true
	}
	d.answer = func(e asl.Effect) asl.Answer {
		name := e.State + asl.Text(e.Arguments)
		f.calls[name]++
		if f.bad[name] || f.bad[e.State] {
			return failure("E", "c")
		}
		return asl.Answer{Kind: asl.Done, Output: e.Arguments}
	}
	return f
}

func TestRedrive(t *testing.T) {
	t.Parallel()
	call := func(name, more string) string {
		return `"` + name + `":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke"` + more + `,"End":true}`
	}
	branch := func(name string) string { return `{"StartAt":"` + name + `","States":{` + call(name, "") + `}}` }
	tests := []struct {
		name, definition, input string
		bad                     []string
		failed, want, events    string
		calls                   map[string]int
	}{
		{"task", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"T"},` +
			call("T", `,"Parameters":{"n.$":"$.n","redrives.$":"$$.Execution.RedriveCount","tries.$":"$$.State.RetryCount"},"Retry":[{"ErrorEquals":["E"],"MaxAttempts":1}]`) + `}}`,
			`{"n":1}`, []string{`T{"n":1,"redrives":0,"tries":0}`, `T{"n":1,"redrives":0,"tries":1}`, `T{"n":1,"redrives":1,"tries":0}`}, "FAILED|E|c",
			`{"n":1,"redrives":1,"tries":1}`,
			"12<11 ExecutionRedriven, 13<12 TaskScheduled, 14<13 TaskStarted, 15<14 TaskFailed, 16<15 TaskScheduled, 17<16 TaskStarted, 18<17 TaskSucceeded, 19<18 TaskStateExited, 20<19 ExecutionSucceeded",
			nil},
		{"branches", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[` + branch("A") + `,` + branch("B") + `,` + branch("C") + `]}}}`,
			`1`, []string{"B"}, "FAILED|E|c", `[1,1,1]`, "", map[string]int{"A1": 1, "B1": 2, "C1": 1}},
		{"iterations", `{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":2,"End":true,"ItemProcessor":` + branch("I") + `}}}`,
			`[1,2,3,4]`, []string{"I2"}, "FAILED|E|c", `[1,2,3,4]`, "", map[string]int{"I1": 1, "I2": 2, "I3": 1, "I4": 1}},
		{"nested", `{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1,"End":true,"ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
			"Branches":[` + branch("A") + `,` + branch("B") + `]}}}}}}`,
			`[1,2]`, []string{"B2"}, "FAILED|E|c", `[[1,1],[2,2]]`, "", map[string]int{"A1": 1, "B1": 1, "A2": 1, "B2": 2}},
		{"results too large together", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[` +
			`{"StartAt":"A","States":{` + call("A", `,"ResultPath":"$.r"`) + `}},{"StartAt":"B","States":{` + call("B", `,"ResultPath":"$.r"`) + `}}]}}}`,
			`{"x":"` + strings.Repeat("x", 100<<10) + `"}`, nil, "FAILED|States.DataLimitExceeded|", "FAILED|States.DataLimitExceeded|", "", nil},
		{"fail state", `{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"X"}}}`, `{}`, nil, "FAILED|X|", "FAILED|X|",
			"4<3 ExecutionRedriven, 5<4 FailStateEntered, 6<5 ExecutionFailed", nil},
		{"no rule", `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsPresent":true,"Next":"E"}]},"E":{"Type":"Succeed"}}}`, `{}`, nil,
			"FAILED|States.Runtime|", "FAILED|States.Runtime|", "4<3 ExecutionRedriven, 5<4 ExecutionFailed", nil},
		{"caught before", `{"StartAt":"P","States":{"P":{"Type":"Parallel","Branches":[` + branch("A") + `],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"T","ResultPath":null}],"Next":"T"},` + call("T", "") + `}}`,
			`1`, []string{"A", "T"}, "FAILED|E|c", `1`, "", map[string]int{"A1": 1, "T1": 2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newStore(0)
			f := newFlaky(d, tt.bad...)
			c := start(t, tt.definition, tt.input, d)
			if got := c.run(t, d); !strings.HasPrefix(got, tt.failed) {
				t.Fatalf("got %.300s", got)
			}
			for _, b := range tt.bad {
				// What is named with its redrives fails again, so that its retriers
				// are seen to begin anew.
				if !strings.Contains(b, `"redrives":1`) {
					delete(f.bad, b)
				}
			}
			got, events := c.redrive(t, tt.definition, d)
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %.300s\nwant %s", got, tt.want)
			}
			if tt.events != "" && events != tt.events {
				t.Errorf("got  %s\nwant %s", events, tt.events)
			}
			if tt.calls != nil && fmt.Sprint(f.calls) != fmt.Sprint(tt.calls) {
				t.Errorf("calls %v, want %v", f.calls, tt.calls)
			}
			checkHistories(t, c)
		})
	}
}

// checkHistories sees that each history has numbers of its own, without gaps.
func checkHistories(t testing.TB, c *course) {
	t.Helper()
	last := map[string]int64{}
	for _, e := range c.events {
		if e.ID != last[e.Execution]+1 || e.Previous >= e.ID {
			t.Fatalf("event %d after %d, behind %d, of %q", e.ID, last[e.Execution], e.Previous, e.Execution)
		}
		last[e.Execution] = e.ID
	}
}

func TestRedriveOfMapRuns(t *testing.T) {
	t.Parallel()
	const two = `"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Next":"T"},` + task
	steps := func(fields string) string {
		return strings.Replace(distributed(fields, two), `"StartAt":"T"`, `"StartAt":"A"`, 1)
	}
	tests := []struct {
		name, definition string
		items            int
		bad              []string
		want             string
		calls            map[string]int
		written          map[asl.Status]int
	}{
		// Two run at once: the fourth has begun when the third fails.
		{"where it failed", steps(reader + `,"MaxConcurrency":2`), 5, []string{`T{"n":2}`}, `[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4}]`,
			map[string]int{`A{"n":0}`: 1, `A{"n":1}`: 1, `A{"n":2}`: 1, `A{"n":3}`: 1, `A{"n":4}`: 1, `T{"n":0}`: 1, `T{"n":1}`: 1, `T{"n":2}`: 2, `T{"n":3}`: 1, `T{"n":4}`: 1}, nil},
		{"tolerated before", steps(reader + `,"MaxConcurrency":1,"ToleratedFailureCount":1`), 4, []string{`T{"n":0}`, `T{"n":2}`}, `[{"n":0},{"n":1},{"n":2},{"n":3}]`, nil, nil},
		{"express children begin again", strings.Replace(steps(reader+`,"MaxConcurrency":1`), "STANDARD", "EXPRESS", 1), 2, []string{`T{"n":0}`}, `[{"n":0},{"n":1}]`,
			map[string]int{`A{"n":0}`: 2, `A{"n":1}`: 1, `T{"n":0}`: 2, `T{"n":1}`: 1}, nil},
		{"batches", distributed(reader+`,"ItemBatcher":{"MaxItemsPerBatch":3},"MaxConcurrency":1`, task), 10, []string{`T{"Items":[{"n":3},{"n":4},{"n":5}]}`},
			`[{"Items":[{"n":0},{"n":1},{"n":2}]},{"Items":[{"n":3},{"n":4},{"n":5}]},{"Items":[{"n":6},{"n":7},{"n":8}]},{"Items":[{"n":9}]}]`, nil, nil},
		{"written", steps(reader + "," + writer + `,"MaxConcurrency":1`), 2500, []string{`T{"n":1200}`}, `{"MapRunArn"`, nil,
			map[asl.Status]int{asl.Succeeded: 2500, asl.Failed: 1, asl.Pending: 1299}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newStore(tt.items)
			f := newFlaky(d, tt.bad...)
			c := start(t, tt.definition, `{}`, d)
			if got := c.run(t, d); !strings.HasPrefix(got, "FAILED|States.ExceedToleratedFailureThreshold|") {
				t.Fatalf("got %.300s", got)
			}
			kept := c.x.MapRuns()
			if len(kept) != 1 || kept[0].Status != asl.Failed {
				t.Fatalf("kept %+v", kept)
			}
			f.bad = nil
			got, events := c.redrive(t, tt.definition, d)
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %.500s\nwant %s", got, tt.want)
			}
			if !strings.Contains(events, "ExecutionRedriven") || !strings.Contains(events, "MapRunRedriven") || strings.Contains(events, "MapRunStarted") {
				t.Errorf("events %s", events)
			}
			if tt.calls != nil && fmt.Sprint(f.calls) != fmt.Sprint(tt.calls) {
				t.Errorf("calls %v, want %v", f.calls, tt.calls)
			}
			r := c.runs[len(c.runs)-1]
			if len(c.runs) != 2 || r.ARN != c.runs[0].ARN || r.Redrives != 1 || r.Items.Succeeded != int64(tt.items) || r.Items.Total != int64(tt.items) || r.Executions.Failed+r.Executions.Aborted+r.Executions.PendingRedrive != 0 {
				t.Errorf("run %+v", r)
			}
			if tt.written != nil {
				if fmt.Sprint(d.counts()) != fmt.Sprint(tt.written) {
					t.Errorf("written %v, want %v", d.counts(), tt.written)
				}
				if n := d.listed(t); n != tt.items || r.Executions.ResultsWritten != int64(n) {
					t.Errorf("%d are listed, run %+v", n, r)
				}
			}
			checkHistories(t, c)
		})
	}
}

// TestRedriveOfRunsThatDidNotStart reads anew where reading failed.
func TestRedriveOfRunsThatDidNotStart(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ read, write int }{{0, -1}, {1, -1}, {-1, 0}, {-1, 1}, {-1, 2}, {-1, 3}} {
		d := newStore(2500)
		d.brokenRead, d.brokenWrite = tt.read, tt.write
		definition := distributed(reader+","+writer+`,"MaxConcurrency":5`, task)
		c := start(t, definition, `{}`, d)
		if got := c.run(t, d); !strings.HasPrefix(got, "FAILED|") {
			t.Fatalf("got %.300s", got)
		}
		got, events := c.redrive(t, definition, d)
		r := c.runs[len(c.runs)-1]
		if !strings.HasPrefix(got, `{"MapRunArn"`) || !strings.Contains(events, "MapRunRedriven") || r.Items.Succeeded != 2500 || r.Items.ResultsWritten != 2500 || d.listed(t) != 2500 {
			t.Errorf("%+v: got %.300s, %s\n%+v\n%v", tt, got, events, r, d.counts())
		}
		checkHistories(t, c)
	}
}

// TestRedriveAfterStop goes on with what was stopped and timed out.
func TestRedriveAfterStop(t *testing.T) {
	t.Parallel()
	const definition = `{"StartAt":"W","TimeoutSeconds":10,"States":{"W":{"Type":"Wait","Seconds":60,"Next":"D"},"D":` +
		`{"Type":"Map","Label":"L","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"T","States":{` + task + `}}}}}`
	d := newStore(0)
	c := start(t, definition, `[1,2]`, d)
	c.x.Step(d, 0)
	c.x.TimeOut(d)
	c.laidDown(t, definition)
	d.now = d.now.Add(time.Hour)
	p, err := c.x.Redrive(d)
	if err != nil {
		t.Fatal(err)
	}
	if end, limited := c.x.Deadline(); !limited || !end.Equal(d.now.Add(10*time.Second)) {
		t.Errorf("the time ends at %s", end)
	}
	if len(p.Effects) != 0 {
		t.Errorf("effects before a step: %v", p.Effects)
	}
	p = c.x.Step(d, 0)
	if p, err = c.x.Deliver(d, p.Effects[0].ID, asl.Timer()); err != nil {
		t.Fatal(err)
	}
	if c.x.Step(d, 0); len(c.x.MapRuns()) != 1 {
		t.Fatalf("no run is open: %v", p)
	}
	c.x.Abort(d, nil, nil)
	got, events := c.redrive(t, definition, d)
	if got != `[1,2]` || !strings.Contains(events, "MapRunRedriven") {
		t.Errorf("got %s, %s", got, events)
	}
	for _, arn := range c.children() {
		if types := c.types(arn); !strings.Contains(types, "ExecutionAborted") || !strings.HasSuffix(types, "ExecutionSucceeded") {
			t.Errorf("%s: %s", arn, types)
		}
	}
	checkHistories(t, c)
}

func TestNotRedrivable(t *testing.T) {
	t.Parallel()
	d := newStore(0)
	c := start(t, one(`{"Type":"Wait","Seconds":1,"End":true}`), `{}`, d)
	c.x.Step(d, 0)
	expect := func(want string) {
		t.Helper()
		reason, ok := c.x.Redrivable()
		_, err := c.x.Redrive(d)
		if ok || reason != want || !errors.Is(err, asl.ErrNotRedrivable) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, %v", reason, err)
		}
	}
	expect("Execution is RUNNING and cannot be redriven")
	c = start(t, one(`{"Type":"Pass","End":true}`), `{}`, d)
	c.run(t, d)
	expect("Execution is SUCCEEDED and cannot be redriven")
	c = start(t, `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}`, `{}`, d)
	c.run(t, d)
	expect("Execution history event limit exceeded")
	c.x = asl.NewExecution(mustParse(t, one(`{"Type":"Fail"}`)), asl.Info{Express: true, StartTime: d.now}, nil)
	c.run(t, d)
	expect("Execution is EXPRESS and cannot be redriven")
}

// TestParkedChildren bounds what a run keeps of its failures.
func TestParkedChildren(t *testing.T) {
	t.Parallel()
	d := newStore(0)
	large := `{"r":"` + strings.Repeat("x", 100<<10) + `"}`
	const definition = `{"StartAt":"M","States":{"M":{"Type":"Map","Label":"L","ToleratedFailureCount":199,"ItemSelector":{"n.$":"$$.Map.Item.Index","x.$":"$.x"},"ItemsPath":"$.l","End":true,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"T","States":{` + task + `}}}}}`
	d.answer = func(asl.Effect) asl.Answer { return failure("E", "c") }
	list := strings.TrimSuffix(strings.Repeat("0,", 200), ",")
	c := start(t, definition, `{"l":[`+list+`],"x":`+large+`}`, d)
	if got := c.run(t, d); !strings.HasPrefix(got, "FAILED|") {
		t.Fatal(got)
	}
	r := c.x.MapRuns()[0]
	if r.Executions.Failed != 200 || r.Executions.FailuresNotRedrivable < 100 {
		t.Fatalf("run %+v", r)
	}
	data, err := c.x.Snapshot()
	if err != nil || len(data) > 24<<20 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	d.answer = nil
	got, _ := c.redrive(t, definition, d)
	after := c.runs[len(c.runs)-1]
	if !strings.HasPrefix(got, "FAILED|States.DataLimitExceeded") && !strings.HasPrefix(got, "[") || after.Executions.Failed != r.Executions.FailuresNotRedrivable {
		t.Errorf("got %.200s, %+v", got, after)
	}
}
