package asl_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
)

// scripted answers tasks by state name, in order, on a clock that jumps.
type scripted struct {
	replay
	answers map[string][]asl.Answer
	calls   []string
	slept   []time.Duration
}

func (s *scripted) Perform(_ context.Context, e asl.Effect) (asl.Answer, error) {
	s.calls = append(s.calls, e.State+" "+asl.Text(e.Arguments))
	queue := s.answers[e.State]
	if len(queue) == 0 {
		return asl.Answer{Kind: asl.Done, Output: e.Arguments}, nil
	}
	s.answers[e.State] = queue[1:]
	return queue[0], nil
}

func (s *scripted) Sleep(ctx context.Context, until time.Time) error {
	s.slept = append(s.slept, until.Sub(s.now))
	return s.replay.Sleep(ctx, until)
}

func newScripted(answers map[string][]asl.Answer) *scripted {
	return &scripted{replay: replay{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, answers: answers}
}

func failure(name, cause string) asl.Answer {
	return asl.Answer{Kind: asl.Failure, Error: &name, Cause: &cause}
}

func mustParse(t testing.TB, definition string) *asl.Machine {
	t.Helper()
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func value(t testing.TB, text string) any {
	t.Helper()
	v, err := asl.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// evaluate runs a definition and writes its outcome as one line.
func evaluate(t *testing.T, definition, input string, d *scripted) (string, []asl.Event) {
	t.Helper()
	var events []asl.Event
	info := asl.Info{ID: "id", Name: "n", StartTime: d.now, Input: value(t, input)}
	out, err := asl.Run(t.Context(), mustParse(t, definition), info, d, func(e asl.Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	if out.Status == asl.Succeeded {
		return asl.Text(out.Output), events
	}
	return strings.Join([]string{string(out.Status), deref(out.Error), deref(out.Cause)}, "|"), events
}

func one(state string) string {
	return `{"StartAt":"S","States":{"S":` + state + `,"Caught":{"Type":"Pass","End":true}}}`
}

func TestStates(t *testing.T) {
	t.Parallel()
	const at = "An error occurred while executing the state 'S' (entered at the event id #2). "
	tests := []struct{ name, definition, input, want string }{
		{"parameters and paths", one(`{"Type":"Pass","InputPath":"$.a","Parameters":{"x.$":"$.b","y":[{"z.$":"$$.State.Name"}]},"ResultPath":"$.r","OutputPath":"$.r","End":true}`),
			`{"a":{"b":1}}`, `{"x":1,"y":[{"z":"S"}]}`},
		{"null input path", one(`{"Type":"Pass","InputPath":null,"End":true}`), `{"a":1}`, `{}`},
		{"output path of nothing", one(`{"Type":"Pass","OutputPath":"$.x","End":true}`), `null`,
			"FAILED|States.Runtime|" + at + "Invalid path '$.x' : Unable to apply Path transformation to null or empty input."},
		{"result path into a text", one(`{"Type":"Pass","Result":1,"ResultPath":"$.a.b","End":true}`), `{"a":"t"}`,
			`FAILED|States.ReferencePathConflict|Unable to apply ReferencePath $.a.b to input {"a":"t"}`},
		{"a call whose argument is missing", one(`{"Type":"Pass","Parameters":{"v.$":"States.Format('{}',  States.Format('{}', $.nope))"},"End":true}`), `{"other":1}`,
			"FAILED|States.Runtime|" + at + `The function 'States.Format('{}',  States.Format('{}', $.nope))' had the following error: The JsonPath argument for the field '$.nope' could not be found in the input '{"other":1}'`},
		{"a call whose argument is missing in the context object", one(`{"Type":"Pass","Parameters":{"v.$":"States.Format('{}', $$.Nope.Deep)"},"End":true}`), `{"other":1}`,
			"FAILED|States.Runtime|" + at + `The function 'States.Format('{}', $$.Nope.Deep)' had the following error: The JsonPath argument for the field '$.Nope.Deep' could not be found in the input '{"other":1}'`},
		{"a call with wrong arguments", one(`{"Type":"Pass","Parameters":{"v.$":"States.MathAdd($.a, 1)"},"End":true}`), `{"a":"x"}`,
			"FAILED|States.Runtime|" + at + "The function 'States.MathAdd($.a, 1)' had the following error: Invalid arguments in States.MathAdd"},
		{"an index behind the end is null in a template", one(`{"Type":"Pass","Parameters":{"v.$":"$.a[5]"},"End":true}`), `{"a":[1,2]}`, `{"v":null}`},
		{"an index behind the end is missing in a call", one(`{"Type":"Pass","Parameters":{"v.$":"States.Format('{}', $.a[5])"},"End":true}`), `{"a":[1,2]}`,
			"FAILED|States.Runtime|" + at + `The function 'States.Format('{}', $.a[5])' had the following error: The JsonPath argument for the field '$.a[5]' could not be found in the input '{"a":[1,2]}'`},
		{"a member behind the end is missing", one(`{"Type":"Pass","Parameters":{"v.$":"$.a[5].x"},"End":true}`), `{"a":[1]}`,
			"FAILED|States.Runtime|" + at + `The JSONPath '$.a[5].x' specified for the field 'v.$' could not be found in the input '{"a":[1]}'`},
		{"an element behind the end is not present", one(`{"Type":"Choice","Choices":[{"Variable":"$.a[0]","IsPresent":false,"Next":"Caught"}]}`), `{"a":[]}`, `{"a":[]}`},
		{"a boolean at the path of a number", one(`{"Type":"Choice","Choices":[{"Variable":"$.l","NumericGreaterThanEqualsPath":"$.r","Next":"Caught"}]}`), `{"l":8,"r":false}`, `{"l":8,"r":false}`},
		{"seconds in a text", one(`{"Type":"Wait","SecondsPath":"$.s","End":true}`), `{"s":"3"}`, `{"s":"3"}`},
		{"seconds in an object", one(`{"Type":"Wait","SecondsPath":"$.s","End":true}`), `{"s":{"raw":"3"}}`,
			"FAILED|States.Runtime|" + at + `The SecondsPath parameter does not reference an integer value: $.s == {"raw":"3"}`},
		{"no comma in a time", one(`{"Type":"Choice","Choices":[{"Variable":"$.a","IsTimestamp":false,"Next":"Caught"}]}`), `{"a":"2016-08-18T17:33:00,5Z"}`, `{"a":"2016-08-18T17:33:00,5Z"}`},
		{"no rule matches", one(`{"Type":"Choice","Choices":[{"Variable":"$.a","NumericGreaterThan":1,"Next":"Caught"}]}`), `{"a":1}`,
			"FAILED|States.Runtime|" + at + "Failed to transition out of the state. The state does not point to a next state."},
		{"text patterns", one(`{"Type":"Choice","Choices":[{"Variable":"$.a","StringMatches":"a*c\\*","Next":"Caught"}]}`), `{"a":"abbc*"}`, `{"a":"abbc*"}`},
		{"items are no array", one(`{"Type":"Map","ItemsPath":"$.a","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}`), `{"a":1}`,
			`FAILED|States.Runtime|Reference path "$.a" must point to array.`},
		{"an item of an inline Map has no source", one(`{"Type":"Map","QueryLanguage":"JSONata","Items":"{% $states.input %}","ItemSelector":{"s":"{% $states.context.Map.Item.Source %}"},"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}`), `[1]`,
			"FAILED|States.QueryEvaluationError|" + at + "The JSONata expression '$states.context.Map.Item.Source' specified for the field 'ItemSelector/s' returned nothing (undefined)."},
		{"undefined", one(`{"Type":"Pass","QueryLanguage":"JSONata","Output":{"l":[1,"{% $states.input.nope %}"]},"End":true}`), `{}`,
			"FAILED|States.QueryEvaluationError|" + at + "The JSONata expression '$states.input.nope' specified for the field 'Output/l[1]' returned nothing (undefined)."},
		{"condition is no boolean", one(`{"Type":"Choice","QueryLanguage":"JSONata","Choices":[{"Condition":"{% 1 %}","Next":"Caught"}]}`), `{}`,
			"FAILED|States.QueryEvaluationError|" + at + "The JSONata expression '1' specified for the field 'Choices[0]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1"},
		{"a timeout is whole", one(`{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke","Arguments":{},"TimeoutSeconds":"{% 1.6 %}","End":true}`), `{}`,
			"FAILED|States.QueryEvaluationError|" + at + "The TimeoutSeconds field cannot be parsed as an integer: 1.6"},
		{"a timeout is a number", one(`{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke","Arguments":{},"TimeoutSeconds":"{% '3' %}","End":true}`), `{}`,
			"FAILED|States.QueryEvaluationError|" + at + "The JSONata expression ''3'' specified for the field 'TimeoutSeconds' returned an unexpected result type. Expected 'number', but was 'string' for value: \"3\""},
		{"a timeout has bounds", one(`{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke","Arguments":{},"TimeoutSeconds":"{% -1 %}","End":true}`), `{}`,
			"FAILED|States.QueryEvaluationError|" + at + "TimeoutSeconds must be between 0 and 99999999 but was: -1"},
		{"a heartbeat has bounds", one(`{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{},"HeartbeatSecondsPath":"$.h","End":true}`), `{"h":100000000}`,
			"FAILED|States.Runtime|" + at + "HeartbeatSeconds must be between 0 and 99999999 but was: 100000000"},
		{"what a rule gives is named under the rule", one(`{"Type":"Choice","QueryLanguage":"JSONata","Choices":[{"Condition":"{% false %}","Next":"Caught"},{"Condition":"{% true %}","Output":{"v":["{% $states.input.x %}"]},"Next":"Caught"}]}`), `{}`,
			"FAILED|States.QueryEvaluationError|" + at + "The JSONata expression '$states.input.x' specified for the field 'Choices[1]/Output/v[0]' returned nothing (undefined)."},
		{"variables of an outer scope", `{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":1},"Next":"P"},
			"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"w.$":"$v"},"Next":"C"},"C":{"Type":"Pass","Parameters":{"v.$":"$v","w.$":"$w"},"End":true}}}]}}}`,
			`{}`, `[{"v":1,"w":1}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, _ := evaluate(t, tt.definition, tt.input, newScripted(nil)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestLimitOfVariables assigns more than an execution may keep, 200 KB a state.
func TestLimitOfVariables(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 200_000)
	var b strings.Builder
	b.WriteString(`{"StartAt":"V0","QueryLanguage":"JSONata","States":{`)
	for i := range 60 {
		fmt.Fprintf(&b, `"V%d":{"Type":"Pass","Assign":{"v%d":"{%% $states.input.text %%}"},"Next":"V%d"},`, i, i, i+1)
	}
	b.WriteString(`"V60":{"Type":"Succeed"}}}`)
	got, events := evaluate(t, b.String(), `{"text":"`+text+`"}`, newScripted(nil))
	if want := "FAILED|States.DataLimitExceeded|The variables of the execution have a size exceeding the maximum number of bytes service limit."; got != want {
		t.Errorf("%.200s", got)
	}
	if n := len(events); n < 2*52 || n > 2*53+2 {
		t.Errorf("failed at event %d", n)
	}
	got, _ = evaluate(t, one(`{"Type":"Pass","Assign":{"a.$":"$.text","b.$":"$.text"},"End":true}`), `{"text":"`+text+`"}`, newScripted(nil))
	if want := "FAILED|States.DataLimitExceeded|The state/task 'S' assigned variables with a size exceeding the maximum number of bytes service limit."; got != want {
		t.Errorf("%.200s", got)
	}
}

func TestRetryAndCatch(t *testing.T) {
	t.Parallel()
	const task = `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"n.$":"$$.State.RetryCount"},
		"Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":3,"BackoffRate":2,"MaxAttempts":3,"MaxDelaySeconds":7%s}],
		"Catch":[{"ErrorEquals":["States.TaskFailed"],"Next":"Caught","ResultPath":"$.e","Assign":{"why.$":"$.Cause"}}],"End":true}`
	busy := failure("Busy", "b")
	tests := []struct {
		name, extra string
		answers     []asl.Answer
		want        string
		slept       []time.Duration
	}{
		{"delays grow to their cap", "", []asl.Answer{busy, busy, busy}, `{"n":3}`, []time.Duration{3 * time.Second, 6 * time.Second, 7 * time.Second}},
		{"attempts end", "", []asl.Answer{busy, busy, busy, busy}, `{"e":{"Cause":"b","Error":"Busy"}}`, []time.Duration{3 * time.Second, 6 * time.Second, 7 * time.Second}},
		{"jitter", `,"JitterStrategy":"FULL"`, []asl.Answer{busy}, `{"n":1}`, []time.Duration{1500 * time.Millisecond}},
		{"another error", "", []asl.Answer{failure("Other", "o")}, `{"e":{"Cause":"o","Error":"Other"}}`, nil},
		{"time-outs are not failed tasks", "", []asl.Answer{{Kind: asl.TaskTimeout}}, `FAILED|States.Timeout|`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := newScripted(map[string][]asl.Answer{"S": tt.answers})
			got, _ := evaluate(t, one(fmt.Sprintf(task, tt.extra)), `{}`, d)
			if got != tt.want || !slices.Equal(d.slept, tt.slept) {
				t.Errorf("got %s after %v, want %s after %v", got, d.slept, tt.want, tt.slept)
			}
		})
	}
}

func TestRuntimeErrorsAreNeverCaught(t *testing.T) {
	t.Parallel()
	const definition = `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"x.$":"$.nope"},
		"Retry":[{"ErrorEquals":["States.ALL"]}],"Catch":[{"ErrorEquals":["States.ALL"],"Next":"Caught"}],"End":true}`
	got, _ := evaluate(t, one(definition), `{}`, newScripted(nil))
	if !strings.HasPrefix(got, "FAILED|States.Runtime|") {
		t.Errorf("got %s", got)
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	got, events := evaluate(t, `{"StartAt":"W","TimeoutSeconds":5,"States":{"W":{"Type":"Wait","Seconds":60,"End":true}}}`, `{}`, newScripted(nil))
	if last := events[len(events)-1]; got != "TIMED_OUT||" || last.Type != "ExecutionTimedOut" {
		t.Errorf("got %s, last event %s", got, last.Type)
	}
}

func TestEndlessLoopEnds(t *testing.T) {
	t.Parallel()
	got, events := evaluate(t, `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}`, `{}`, newScripted(nil))
	if !strings.HasPrefix(got, "FAILED|States.Runtime|The execution reached the maximum number of history events") || len(events) > asl.MaxEvents {
		t.Errorf("got %s after %d events", got, len(events))
	}
}

const wide = `{"StartAt":"P","States":{
	"P":{"Type":"Parallel","Next":"M","ResultPath":"$.p","Branches":[
		{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"Next":"T"},"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"t":1},
			"Retry":[{"ErrorEquals":["States.ALL"]}],"End":true}}},
		{"StartAt":"U","States":{"U":{"Type":"Task","Resource":"arn:aws:lambda:eu-west-1:1:function:f","Assign":{"u.$":"$.n"},"End":true}}}]},
	"M":{"Type":"Map","ItemsPath":"$.list","MaxConcurrency":2,"ItemSelector":{"v.$":"$$.Map.Item.Value","i.$":"$$.Map.Item.Index"},"ResultPath":"$.m","Next":"D",
		"ItemProcessor":{"StartAt":"X","States":{"X":{"Type":"Task","Resource":"arn:aws:states:::glue:startJobRun.sync","End":true}}}},
	"D":{"Type":"Map","ItemsPath":"$.list","ItemBatcher":{"MaxItemsPerBatch":2},"ToleratedFailureCount":2,"End":true,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED"},"StartAt":"Y","States":{"Y":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","End":true}}}}}}`

// TestSnapshots restores an execution from a snapshot before each answer; its
// course must be that of an execution that was left alone.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	answers := func() *scripted {
		return newScripted(map[string][]asl.Answer{"T": {failure("E", "c")}, "Y": {failure("E", "c")}})
	}
	const input = `{"n":7,"list":[1,2,3]}`
	want, events := evaluate(t, wide, input, answers())

	m, d := mustParse(t, wide), answers()
	var history []asl.Event
	emit := func(e asl.Event) { history = append(history, e) }
	x := asl.NewExecution(m, asl.Info{ID: "id", Name: "n", StartTime: d.now, Input: value(t, input)}, emit)
	got := drive(t, m, x, d, emit)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if a, b := summary(history), summary(events); a != b {
		t.Errorf("history\n%s\nwant\n%s", a, b)
	}
	if !strings.Contains(want, `[{"Items":[3]}]`) {
		t.Errorf("the failed batch is not left out: %s", want)
	}
}

func drive(t *testing.T, m *asl.Machine, x *asl.Execution, d *scripted, emit func(asl.Event)) string {
	t.Helper()
	reload := func() {
		data, err := x.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		if x, err = asl.Restore(m, data, emit); err != nil {
			t.Fatal(err)
		}
	}
	var open []asl.Effect
	deliver := func(id string, a asl.Answer) {
		p, err := x.Deliver(d, id, a)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, p.Effects...)
		reload()
	}
	for x.Outcome().Status == asl.Running {
		for p := (asl.Progress{More: true}); p.More; {
			p = x.Step(d, 1)
			open = append(open, p.Effects...)
			reload()
		}
		if len(open) == 0 {
			break
		}
		i := slices.IndexFunc(open, func(e asl.Effect) bool { return e.Kind != asl.TimerEffect })
		if i < 0 {
			i = 0
		}
		e := open[i]
		open = slices.Delete(open, i, i+1)
		if e.Kind == asl.TimerEffect {
			_ = d.Sleep(t.Context(), e.Until)
			deliver(e.ID, asl.Timer())
			continue
		}
		deliver(e.ID, asl.Answer{Kind: asl.Started})
		if e.Resource.Pattern != asl.RequestResponse {
			deliver(e.ID, asl.Answer{Kind: asl.Submitted})
		}
		a, _ := d.Perform(t.Context(), e)
		deliver(e.ID, a)
	}
	return asl.Text(x.Outcome().Output)
}

func summary(events []asl.Event) string {
	var b strings.Builder
	for _, e := range events {
		name, details := e.Details()
		fmt.Fprintf(&b, "%d<-%d %s %s %s\n", e.ID, e.Previous, e.Type, name, asl.Text(details))
	}
	return b.String()
}

func TestAnswersNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	d := newScripted(nil)
	x := asl.NewExecution(mustParse(t, one(`{"Type":"Wait","Seconds":1,"End":true}`)), asl.Info{StartTime: d.now}, nil)
	p := x.Step(d, 0)
	if len(p.Effects) != 1 {
		t.Fatalf("got %d effects", len(p.Effects))
	}
	stopped := x.Abort(d, nil, nil)
	if !slices.Equal(stopped.Cancelled, []string{p.Effects[0].ID}) || x.Outcome().Status != asl.Aborted {
		t.Errorf("cancelled %v, status %s", stopped.Cancelled, x.Outcome().Status)
	}
	if _, err := x.Deliver(d, p.Effects[0].ID, asl.Timer()); !errors.Is(err, asl.ErrUnknownEffect) {
		t.Errorf("got %v", err)
	}
}
