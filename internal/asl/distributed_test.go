package asl_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wplake/internal/asl"
)

// machineARN is that of the machines of these tests.
const machineARN = "arn:aws:states:eu-west-1:1:stateMachine:m"

// store answers reads with numbered items and takes what is written; tasks are
// answered as scripted does, or by answer.
type store struct {
	*scripted
	items  int
	answer func(e asl.Effect) asl.Answer
	// broken fails the read or write with a number, from 0; -1 for none.
	brokenRead, brokenWrite int
	reads, writes           int
	limits                  []int
	written                 []asl.Write
	most                    int // items or results that were in memory at once
	// parts are the results that were added and not listed, by part.
	parts map[int][]asl.Result
	last  any         // what the last final write answered
	flaw  func() bool // whether a write or read fails
}

// write keeps results as an engine does, and lists the names of successful
// children when they are final.
func (s *store) write(w *asl.Write) any {
	if s.parts == nil {
		s.parts = map[int][]asl.Result{}
	}
	if w.Open {
		for part, results := range s.parts {
			s.parts[part] = slices.DeleteFunc(results, func(r asl.Result) bool { return r.Status != asl.Succeeded })
			if part >= w.Part || !w.Kept {
				delete(s.parts, part)
			}
		}
		return nil
	}
	if _, again := s.parts[w.Part]; !again {
		s.parts[w.Part] = slices.Clone(w.Results)
	}
	if !w.Final {
		return nil
	}
	list, _ := w.Earlier.([]any)
	list = slices.Clone(list)
	for _, results := range s.parts {
		for _, r := range results {
			if r.Status == asl.Succeeded {
				list = append(list, r.Name)
			}
		}
	}
	return list
}

// listed are the successful children that the last manifest lists.
func (s *store) listed(t testing.TB) int {
	t.Helper()
	names := map[any]bool{}
	list, _ := s.last.([]any)
	for _, n := range list {
		if names[n] {
			t.Errorf("%s is listed twice", n)
		}
		names[n] = true
	}
	return len(names)
}

func newStore(items int) *store {
	return &store{scripted: newScripted(nil), items: items, brokenRead: -1, brokenWrite: -1}
}

func (s *store) Perform(ctx context.Context, e asl.Effect) (asl.Answer, error) {
	switch e.Kind {
	case asl.ReadEffect:
		s.limits = append(s.limits, e.Limit)
		if s.reads++; s.reads-1 == s.brokenRead || s.flaw != nil && s.flaw() {
			return failure("S3.NoSuchKey", "gone"), nil
		}
		from, _ := strconv.Atoi(e.Cursor)
		page := &asl.Page{}
		for i := from; i < min(s.items, from+e.Limit); i++ {
			page.Items = append(page.Items, asl.Item{Value: map[string]any{"n": json.Number(strconv.Itoa(i))}, Source: "s3://b/k"})
		}
		if from+len(page.Items) < s.items {
			page.Next = strconv.Itoa(from + len(page.Items))
		}
		return asl.Answer{Kind: asl.Done, Page: page}, nil
	case asl.WriteEffect:
		if s.writes++; s.writes-1 == s.brokenWrite || s.flaw != nil && s.flaw() {
			// It may have come to pass all the same.
			s.write(e.Write)
			return asl.Answer{Kind: asl.Failure}, nil
		}
		s.written = append(s.written, *e.Write)
		s.most = max(s.most, len(e.Write.Results))
		output := s.write(e.Write)
		if e.Write.Final {
			s.last = output
		}
		return asl.Answer{Kind: asl.Done, Output: output}, nil
	}
	if s.answer != nil {
		return s.answer(e), nil
	}
	return s.scripted.Perform(ctx, e)
}

// counts are how many results of each status were written.
func (s *store) counts() map[asl.Status]int {
	out := map[asl.Status]int{}
	for _, w := range s.written {
		for _, r := range w.Results {
			out[r.Status]++
		}
	}
	return out
}

// course is an execution with all that it told.
type course struct {
	x      *asl.Execution
	events []asl.Event
	runs   []asl.MapRun
	out    asl.Outcome
}

// start makes an execution of a definition.
func start(t testing.TB, definition, input string, d *store) *course {
	t.Helper()
	c := &course{}
	info := asl.Info{ID: strings.Replace(machineARN, "stateMachine", "execution", 1) + ":e", Name: "e", MachineID: machineARN, MachineName: "m",
		RoleARN: "role", StartTime: d.now, Input: value(t, input)}
	c.x = asl.NewExecution(mustParse(t, definition), info, func(e asl.Event) { c.events = append(c.events, e) })
	return c
}

// run evaluates it to its end.
func (c *course) run(t testing.TB, d *store) string {
	t.Helper()
	return c.runFrom(t, d, asl.Progress{})
}

// runFrom evaluates it to its end after something was done.
func (c *course) runFrom(t testing.TB, d *store, done asl.Progress) string {
	t.Helper()
	var open []asl.Effect
	take := func(p asl.Progress) {
		c.runs = append(c.runs, p.MapRuns...)
		open = slices.DeleteFunc(append(open, p.Effects...), func(e asl.Effect) bool { return slices.Contains(p.Cancelled, e.ID) })
	}
	take(done)
	for c.x.Outcome().Status == asl.Running {
		take(c.x.Step(d, 0))
		if len(open) == 0 {
			break
		}
		e := open[0]
		open = open[1:]
		a := asl.Timer()
		if e.Kind != asl.TimerEffect {
			a = c.perform(t, d, e)
		}
		p, err := c.x.Deliver(d, e.ID, a)
		if err != nil {
			t.Fatal(err)
		}
		take(p)
	}
	return c.result()
}

// perform answers an effect; a task has started before.
func (c *course) perform(t testing.TB, d *store, e asl.Effect) asl.Answer {
	t.Helper()
	if e.Kind == asl.InvokeEffect {
		if _, err := c.x.Deliver(d, e.ID, asl.Answer{Kind: asl.Started}); err != nil {
			t.Fatal(err)
		}
	}
	a, err := d.Perform(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (c *course) result() string {
	c.out = c.x.Outcome()
	if c.out.Status == asl.Succeeded {
		return asl.Text(c.out.Output)
	}
	return strings.Join([]string{string(c.out.Status), deref(c.out.Error), deref(c.out.Cause)}, "|")
}

// types are the events of an execution's history, of a child by its ARN.
func (c *course) types(execution string) string {
	var out []string
	for _, e := range c.events {
		if e.Execution == execution {
			out = append(out, fmt.Sprintf("%d %s", e.ID, e.Type))
		}
	}
	return strings.Join(out, ", ")
}

// children are the ARNs of child executions, by the first event.
func (c *course) children() []string {
	var out []string
	for _, e := range c.events {
		if e.Execution != "" && !slices.Contains(out, e.Execution) {
			out = append(out, e.Execution)
		}
	}
	return out
}

// distributed is a machine of one distributed Map.
func distributed(fields, states string) string {
	return `{"StartAt":"M","States":{"M":{"Type":"Map","Label":"L",` + fields + `,"End":true,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"T","States":{` + states + `}}}}}`
}

const (
	task   = `"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}`
	reader = `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSONL"},"Parameters":{"Bucket":"b","Key":"k"}}`
	writer = `"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"out","Prefix":"p"}}`
)

func TestChildExecutions(t *testing.T) {
	t.Parallel()
	d := newStore(0)
	c := start(t, `{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":1},"Next":"M"},
		"M":{"Type":"Map","Label":"L","ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value","s.$":"$$.Map.Item.Source","outer.$":"$v"},"End":true,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"T","States":{
			"T":{"Type":"Pass","Parameters":{"in.$":"$","e.$":"$$.Execution","m.$":"$$.StateMachine"},"Next":"U"},
			"U":{"Type":"Pass","QueryLanguage":"JSONata","Output":{"r":"{% $states.input %}","map":"{% $exists($states.context.Map) %}","v":"{% $exists($v) %}"},"End":true}}}}}}`, `["x"]`, d)
	got := c.run(t, d)
	const child = "arn:aws:states:eu-west-1:1:execution:m/L:00000000-0000-4000-8000-000000000002"
	const in = `{"i":0,"outer":1,"s":"STATE_DATA","v":"x"}`
	want := `[{"map":false,"r":{"e":{"Id":"` + child + `","Input":` + in + `,"Name":"00000000-0000-4000-8000-000000000002","RedriveCount":0,"RoleArn":"role",` +
		`"StartTime":"2026-01-02T03:04:05Z"},"in":` + in + `,"m":{"Id":"` + machineARN + `/L","Name":"m/L"}},"v":false}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := c.types(child), "1 ExecutionStarted, 2 PassStateEntered, 3 PassStateExited, 4 PassStateEntered, 5 PassStateExited, 6 ExecutionSucceeded"; got != want {
		t.Errorf("history of the child\ngot  %s\nwant %s", got, want)
	}
	const run = "arn:aws:states:eu-west-1:1:mapRun:m/L:00000000-0000-4000-8000-000000000001"
	if len(c.runs) != 1 || c.runs[0].ARN != run || c.runs[0].Status != asl.Succeeded || c.runs[0].Executions.Succeeded != 1 {
		t.Errorf("runs %+v", c.runs)
	}
	if open := c.x.MapRuns(); len(open) != 0 {
		t.Errorf("open %+v", open)
	}
}

func TestMembersOfObjects(t *testing.T) {
	t.Parallel()
	d := newStore(0)
	c := start(t, distributed(`"ItemSelector":{"k.$":"$$.Map.Item.Key","v.$":"$$.Map.Item.Value"}`, task), `{"b":2,"a":[1]}`, d)
	if got := c.run(t, d); got != `[{"k":"a","v":[1]},{"k":"b","v":2}]` {
		t.Errorf("got %s", got)
	}
}

// TestManyItems reads in pages, and holds few items and no results.
func TestManyItems(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fields string
		items        int
		children     int64
		limits       int
	}{
		{"all", reader + "," + writer + `,"MaxConcurrency":40`, 5500, 5500, 6},
		{"some", strings.Replace(reader, `"JSONL"`, `"JSONL","MaxItems":1500`, 1) + "," + writer, 5500, 1500, 2},
		{"batches", reader + "," + writer + `,"ItemBatcher":{"MaxItemsPerBatch":700}`, 5500, 8, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newStore(tt.items)
			c := start(t, distributed(tt.fields, task), `{}`, d)
			const run = "00000000-0000-4000-8000-000000000001"
			want := `{"MapRunArn":"arn:aws:states:eu-west-1:1:mapRun:m/L:` + run + `","ResultWriterDetails":{"Bucket":"out","Key":"p/` + run + `/manifest.json"}}`
			if got := c.run(t, d); got != want {
				t.Fatalf("got  %s\nwant %s", got, want)
			}
			r := c.runs[0]
			if r.Executions.Succeeded != tt.children || r.Executions.ResultsWritten != tt.children || r.Items.ResultsWritten != r.Items.Total {
				t.Errorf("run %+v", r)
			}
			if int64(d.counts()[asl.Succeeded]) != tt.children || d.most > 2000 {
				t.Errorf("written %v, at most %d at once", d.counts(), d.most)
			}
			first, last := d.written[0], d.written[len(d.written)-1]
			if len(first.Results) != 0 || first.Final || first.Part != 0 || !first.Open || int64(d.listed(t)) != tt.children || !last.Final || last.Part != len(d.written)-1 {
				t.Errorf("first write %+v, last %d %v", first, last.Part, last.Final)
			}
			if len(d.limits) != tt.limits {
				t.Errorf("pages %v", d.limits)
			}
		})
	}
}

func TestItemReaderFailures(t *testing.T) {
	t.Parallel()
	limited := func(config string) string { return strings.Replace(reader, `"InputType":"JSONL"`, config, 1) }
	tests := []struct {
		name, fields, input, want string
		broken                    int
	}{
		{"object", reader, `{}`, "FAILED|S3.NoSuchKey|gone", 0},
		{"later page", reader, `{}`, "FAILED|S3.NoSuchKey|gone", 1},
		{"negative", limited(`"MaxItemsPath":"$.n"`), `{"n":-1}`, "FAILED|States.ItemReaderFailed|field MaxItems must be positive", -1},
		{"no number", limited(`"MaxItemsPath":"$.n"`), `{"n":"x"}`,
			`FAILED|States.Runtime|An error occurred while executing the state 'M' (entered at the event id #2). The MaxItemsPath field refers to value "x" which is not a valid integer: $.n`, -1},
		{"selector", reader + `,"ItemSelector":{"x.$":"$$.Map.Item.Value.nope"}`, `{}`, "FAILED|States.Runtime|", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newStore(1500)
			d.brokenRead = tt.broken
			c := start(t, distributed(tt.fields, task), tt.input, d)
			if got := c.run(t, d); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestResultsWithoutAPlace(t *testing.T) {
	t.Parallel()
	const tolerant = `,"ToleratedFailureCount":1`
	tests := []struct{ name, fields, want string }{
		{"none", `"InputPath":"$"` + tolerant, `[["a","b"],3]`},
		{"compact", `"ResultWriter":{"WriterConfig":{"Transformation":"COMPACT"}}` + tolerant, `[["a","b"],{FAILED},3]`},
		{"flat", `"ResultWriter":{"WriterConfig":{"Transformation":"FLATTEN","OutputType":"JSON"}}` + tolerant, `["a","b",{FAILED},3]`},
		{"lines", `"ResultWriter":{"WriterConfig":{"Transformation":"FLATTEN","OutputType":"JSONL"}}` + tolerant, `"\"a\"\n\"b\"\n{FAILED}\n3\n"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newStore(0)
			d.answer = func(e asl.Effect) asl.Answer {
				if e.Arguments == "bad" {
					return failure("E", "c")
				}
				return asl.Answer{Kind: asl.Done, Output: e.Arguments}
			}
			c := start(t, distributed(tt.fields, task), `[["a","b"],"bad",3]`, d)
			got := c.run(t, d)
			from, to := strings.Index(got, "{"), strings.LastIndex(got, "}")
			if from >= 0 {
				if !strings.Contains(got, `FAILED`) || !strings.Contains(got, `REDRIVABLE`) {
					t.Errorf("the failed child is not told: %s", got)
				}
				got = got[:from] + "{FAILED}" + got[to+1:]
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestResultsOverTheLimit(t *testing.T) {
	t.Parallel()
	d := newStore(0)
	d.answer = func(asl.Effect) asl.Answer { return asl.Answer{Kind: asl.Done, Output: strings.Repeat("x", 100<<10)} }
	c := start(t, distributed(`"InputPath":"$"`, task), `[1,2,3,4]`, d)
	if got := c.run(t, d); !strings.HasPrefix(got, "FAILED|States.DataLimitExceeded|") {
		t.Errorf("got %.200s", got)
	}
	if c.runs[0].Status != asl.Failed || c.runs[0].Executions.Succeeded != 4 {
		t.Errorf("run %+v", c.runs[0])
	}
}

// TestFailedRuns sees what becomes of a run that fails: what runs is aborted,
// what waits is told to the writer.
func TestFailedRuns(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fields string
		brokenWrite  int
		want         string
		written      map[asl.Status]int
		aborted      int64
	}{
		{"no tolerance", reader + "," + writer + `,"MaxConcurrency":3`, -1, "FAILED|States.ExceedToleratedFailureThreshold|The specified tolerated failure threshold was exceeded",
			map[asl.Status]int{asl.Succeeded: 5, asl.Failed: 1, asl.Aborted: 2, asl.Pending: 2492}, 2},
		{"tolerated", reader + "," + writer + `,"MaxConcurrency":3,"ToleratedFailurePercentage":1`, -1, `{"MapRunArn"`,
			map[asl.Status]int{asl.Succeeded: 2499, asl.Failed: 1}, 0},
		{"place", reader + "," + writer, 0, "FAILED|States.ResultWriterFailed|", map[asl.Status]int{}, 0},
		{"later write", reader + "," + writer + `,"MaxConcurrency":3,"ToleratedFailureCount":9`, 2, "FAILED|States.ResultWriterFailed|", nil, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newStore(2500)
			d.brokenWrite = tt.brokenWrite
			d.answer = func(e asl.Effect) asl.Answer {
				if asl.Text(e.Arguments) == `{"n":5}` {
					return failure("E", "c")
				}
				return asl.Answer{Kind: asl.Done, Output: e.Arguments}
			}
			c := start(t, distributed(tt.fields, task), `{}`, d)
			if got := c.run(t, d); !strings.HasPrefix(got, tt.want) {
				t.Fatalf("got %s", got)
			}
			got := d.counts()
			if tt.written != nil && fmt.Sprint(got) != fmt.Sprint(tt.written) {
				t.Errorf("written %v, want %v", got, tt.written)
			}
			r := c.runs[0]
			if tt.aborted >= 0 && r.Executions.Aborted != tt.aborted {
				t.Errorf("run %+v", r)
			}
			if total := r.Executions.Succeeded + r.Executions.Failed + r.Executions.Aborted + r.Executions.Pending; r.Executions.Total != total || r.Executions.Running != 0 {
				t.Errorf("run %+v", r)
			}
			for _, arn := range c.children() {
				if types := c.types(arn); !strings.Contains(types, "ExecutionSucceeded") && !strings.Contains(types, "ExecutionFailed") && !strings.Contains(types, "ExecutionAborted") {
					t.Errorf("%s has no end: %s", arn, types)
				}
			}
		})
	}
}

// TestStoppedRuns stops an execution below which a run is open.
func TestStoppedRuns(t *testing.T) {
	t.Parallel()
	d := newStore(0)
	definition := `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[` + distributed(`"InputPath":"$"`, task) + `]}}}`
	c := start(t, definition, `[1,2]`, d)
	p := c.x.Step(d, 0)
	open := c.x.MapRuns()
	if len(p.Effects) != 2 || p.Effects[0].Execution == "" || p.Effects[0].Execution == p.Effects[1].Execution {
		t.Fatalf("effects %+v", p.Effects)
	}
	if len(open) != 1 || open[0].Status != asl.Running || open[0].Executions.Running != 2 || open[0].State != "M" {
		t.Fatalf("open %+v", open)
	}
	p = c.x.Abort(d, nil, nil)
	if len(p.Cancelled) != 2 || len(p.MapRuns) != 1 || p.MapRuns[0].Status != asl.Aborted || p.MapRuns[0].Executions.Aborted != 2 {
		t.Errorf("progress %+v", p)
	}
	if got := c.types(""); !strings.HasSuffix(got, "6 MapRunStarted, 7 MapRunAborted, 8 ExecutionAborted") {
		t.Errorf("history %s", got)
	}
	for _, arn := range c.children() {
		if got := c.types(arn); !strings.HasSuffix(got, "ExecutionAborted") {
			t.Errorf("%s: %s", arn, got)
		}
	}
}

func TestUpdatedRuns(t *testing.T) {
	t.Parallel()
	d := newStore(0)
	c := start(t, distributed(`"MaxConcurrency":1`, task), `[1,2,3]`, d)
	p := c.x.Step(d, 0)
	run := c.x.MapRuns()[0]
	if run.MaxConcurrency != 1 || run.Executions.Pending != 2 {
		t.Fatalf("run %+v", run)
	}
	two := int64(2)
	if _, err := c.x.UpdateMapRun(d, run.ARN, asl.MapRunUpdate{MaxConcurrency: &two, ToleratedFailureCount: &two}); err != nil {
		t.Fatal(err)
	}
	if p := c.x.Step(d, 0); len(p.Effects) != 1 {
		t.Errorf("%d more tasks", len(p.Effects))
	}
	if _, err := c.x.Deliver(d, p.Effects[0].ID, failure("E", "c")); err != nil || c.x.Outcome().Status != asl.Running {
		t.Errorf("%v, %s", err, c.x.Outcome().Status)
	}
	zero := int64(0)
	if _, err := c.x.UpdateMapRun(d, run.ARN, asl.MapRunUpdate{ToleratedFailureCount: &zero}); err != nil || c.x.Outcome().Status != asl.Failed {
		t.Errorf("%v, %s", err, c.x.Outcome().Status)
	}
	if _, err := c.x.UpdateMapRun(d, run.ARN, asl.MapRunUpdate{}); !errors.Is(err, asl.ErrNoMapRun) {
		t.Errorf("got %v", err)
	}
}
