package workflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

func code(err error) workflow.Code {
	if e, ok := errors.AsType[*workflow.Error](err); ok {
		return e.Code
	}
	return ""
}

const tokenTask = `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do.waitForTaskToken",
	"Parameters": {"token.$": "$$.Task.Token"}, "HeartbeatSeconds": 60, "End": true}}}`

func TestTokens(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		tokens := make(chan string, 10)
		b.tasks.do = func(_ context.Context, c workflow.Call) (any, error) {
			tokens <- c.Token
			if a, _ := c.Arguments.(map[string]any); a["token"] != c.Token {
				t.Errorf("the context has the token %v, the call %s", a["token"], c.Token)
			}
			return "submitted", nil
		}
		e := b.open(t)
		m := machine("m", tokenTask)
		x := start(t, e, m, "one", "")
		token := <-tokens
		// Heartbeats keep it alive, also while the engine changes.
		for range 3 {
			time.Sleep(50 * time.Second)
			if err := e.SendTaskHeartbeat(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		// Another process, which runs nothing, takes the answer.
		other := b.open(t)
		if err := other.SendTaskSuccess(t.Context(), token, json.RawMessage(`{"answer": 42}`)); err != nil {
			t.Fatal(err)
		}
		if err := other.SendTaskSuccess(t.Context(), token, json.RawMessage(`1`)); code(err) != workflow.TaskTimedOut {
			t.Errorf("answered twice: %v", err)
		}
		e = b.open(t)
		if err := e.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := ended(t, e, x.ARN); string(got.Output) != `{"answer":42}` {
			t.Errorf("got %s %s %s", got.Status, got.Output, text(got.Error))
		}
		if h := types(t, e, x.ARN); h != "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted TaskSucceeded TaskStateExited ExecutionSucceeded" {
			t.Errorf("events: %s", h)
		}
		if n := b.tasks.count(); n != 1 {
			t.Errorf("%d calls", n)
		}
		// Failures, and what is no token.
		x = start(t, e, m, "two", "")
		name, cause := "No", "it is so"
		if err := e.SendTaskFailure(t.Context(), <-tokens, &name, &cause); err != nil {
			t.Fatal(err)
		}
		if got := ended(t, e, x.ARN); text(got.Error) != name || text(got.Cause) != cause {
			t.Errorf("got %s %s %s", got.Status, text(got.Error), text(got.Cause))
		}
		if err := e.SendTaskHeartbeat(t.Context(), token); code(err) != workflow.TaskTimedOut {
			t.Errorf("heartbeat of a task that is over: %v", err)
		}
		if err := e.SendTaskSuccess(t.Context(), "nonsense", json.RawMessage(`1`)); code(err) != workflow.InvalidToken {
			t.Errorf("nonsense: %v", err)
		}
		if err := e.SendTaskSuccess(t.Context(), token, json.RawMessage(`{`)); code(err) != workflow.InvalidOutput {
			t.Errorf("broken output: %v", err)
		}
	})
}

// TestAnswerBeforeTheCallReturns: a function that answers its own token.
func TestAnswerBeforeTheCallReturns(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		e := b.open(t)
		for _, fails := range []bool{false, true} {
			b.tasks.do = func(ctx context.Context, c workflow.Call) (any, error) {
				if err := e.SendTaskSuccess(ctx, c.Token, json.RawMessage(`"early"`)); err != nil {
					return nil, err
				}
				time.Sleep(time.Second)
				if fails {
					return nil, errors.New("it failed after all")
				}
				return "late", nil
			}
			x := start(t, e, machine("m", tokenTask), "", "")
			if got := ended(t, e, x.ARN); string(got.Output) != `"early"` {
				t.Errorf("got %s %s %s", got.Status, got.Output, text(got.Error))
			}
			want := 1
			if fails {
				want = 0
			}
			if h := types(t, e, x.ARN); strings.Count(h, "TaskSubmitted") != want {
				t.Errorf("events: %s", h)
			}
		}
		synctest.Wait()
		if slots, _, posted, _, _ := e.Leaks(); slots+posted != 0 {
			t.Errorf("%d slots and %d signals are left", slots, posted)
		}
	})
}

func TestActivities(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		activity := arnPrefix + "activity:human"
		m := machine("m", `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "`+activity+`", "TimeoutSeconds": 100, "End": true}}}`)
		e := b.open(t)
		worker := b.open(t) // as another process
		got := make(chan string, 3)
		var all sync.WaitGroup
		for _, name := range []string{"first", "second"} {
			all.Go(func() {
				token, input, err := worker.ActivityTask(t.Context(), activity, name)
				if err != nil {
					t.Error(err)
				}
				got <- name + string(input)
				if err := worker.SendTaskSuccess(t.Context(), token, json.RawMessage(`"by `+name+`"`)); err != nil {
					t.Error(err)
				}
			})
			time.Sleep(time.Second)
		}
		one := start(t, e, m, "one", `1`)
		if s := <-got; s != "first1" {
			t.Errorf("the first task went to %s", s)
		}
		two := start(t, e, m, "two", `2`)
		if s := <-got; s != "second2" {
			t.Errorf("the second task went to %s", s)
		}
		for _, c := range []struct{ arn, output string }{{one.ARN, `"by first"`}, {two.ARN, `"by second"`}} {
			if x := ended(t, e, c.arn); string(x.Output) != c.output {
				t.Errorf("got %s %s", x.Status, x.Output)
			}
		}
		all.Wait()
		events, err := e.History(t.Context(), one.ARN, 3, 1, false)
		if err != nil || len(events) != 1 || events[0].Type != "ActivityStarted" || events[0].Worker != "first" {
			t.Errorf("events: %+v, %v", events, err)
		}
		// Nobody comes: the worker's time begins when one has taken the task.
		late := start(t, e, m, "late", `3`)
		time.Sleep(1000 * time.Second)
		token, _, err := e.ActivityTask(t.Context(), activity, "")
		if err != nil || token == "" {
			t.Fatal(token, err)
		}
		time.Sleep(99 * time.Second)
		if x, err := e.Describe(t.Context(), late.ARN); err != nil || x.Status != asl.Running {
			t.Errorf("got %s, %v", x.Status, err)
		}
		if x := ended(t, e, late.ARN); text(x.Error) != "States.Timeout" {
			t.Errorf("got %s %s", x.Status, text(x.Error))
		}
		if err := e.SendTaskSuccess(t.Context(), token, json.RawMessage(`1`)); code(err) != workflow.TaskTimedOut {
			t.Errorf("answered too late: %v", err)
		}
		// A stopped execution takes its work with it.
		gone := start(t, e, m, "gone", `4`)
		if _, err := e.Stop(t.Context(), gone.ARN, nil, nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if token, _, err := e.ActivityTask(ctx, activity, ""); err != nil || token != "" {
			t.Errorf("got %q, %v", token, err)
		}
	})
}

func TestNested(t *testing.T) {
	t.Parallel()
	child := machine("child", `{"StartAt": "C", "States": {
		"C": {"Type": "Choice", "Choices": [{"Variable": "$.fail", "BooleanEquals": true, "Next": "F"}], "Default": "W"},
		"W": {"Type": "Wait", "Seconds": 5, "Next": "P"}, "P": {"Type": "Pass", "Result": {"r": 1}, "End": true},
		"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}}`)
	parent := func(pattern, more string) workflow.StateMachine {
		return machine("parent", `{"StartAt": "N", "States": {"N": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution`+pattern+`",
			"Parameters": {"StateMachineArn": "`+child.ARN+`", "Input.$": "$"`+more+`}, "End": true}}}`)
	}
	for name, c := range map[string]struct {
		pattern, more, input string
		check                func(t *testing.T, x workflow.Execution, out map[string]any)
	}{
		"request": {"", "", `{"fail": false}`, func(t *testing.T, x workflow.Execution, out map[string]any) {
			if out["ExecutionArn"] == nil || out["StartDate"] == nil || out["Status"] != nil {
				t.Errorf("got %s %s", x.Status, x.Output)
			}
		}},
		"sync": {".sync", `, "Name": "given"`, `{"fail": false}`, func(t *testing.T, x workflow.Execution, out map[string]any) {
			if out["Name"] != "given" || out["Output"] != `{"r":1}` || out["Input"] != `{"fail":false}` || out["Status"] != "SUCCEEDED" {
				t.Errorf("got %s %s", x.Status, x.Output)
			}
		}},
		"sync2": {".sync:2", "", `{"fail": false}`, func(t *testing.T, x workflow.Execution, out map[string]any) {
			if o, _ := out["Output"].(map[string]any); o["r"] == nil {
				t.Errorf("got %s %s", x.Status, x.Output)
			}
		}},
		"failed": {".sync", "", `{"fail": true}`, func(t *testing.T, x workflow.Execution, _ map[string]any) {
			if text(x.Error) != "States.TaskFailed" || !strings.Contains(text(x.Cause), `"Error":"E"`) || !strings.Contains(text(x.Cause), `"Cause":"C"`) {
				t.Errorf("got %s %s %s", x.Status, text(x.Error), text(x.Cause))
			}
		}},
		"bad name": {"", `, "Name": "a b"`, `{}`, func(t *testing.T, x workflow.Execution, _ map[string]any) {
			if text(x.Error) != "StepFunctions.InvalidNameException" {
				t.Errorf("got %s %s %s", x.Status, text(x.Error), text(x.Cause))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, b *bench) {
				b.machines[child.ARN] = child
				e := b.open(t)
				x := start(t, e, parent(c.pattern, c.more), "p", c.input)
				if c.pattern == ".sync" && name != "bad name" {
					// The parent leaves memory and the process while it waits.
					time.Sleep(2 * time.Second)
					if err := e.Close(); err != nil {
						t.Fatal(err)
					}
					e = b.open(t)
					if err := e.Resume(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				got := ended(t, e, x.ARN)
				out := map[string]any{}
				if got.Output != nil {
					if err := json.Unmarshal(got.Output, &out); err != nil {
						t.Fatal(err)
					}
				}
				c.check(t, got, out)
				list, _, err := e.List(t.Context(), workflow.Filter{MachineARN: child.ARN})
				if want := 1; err != nil || len(list) != want && name != "bad name" {
					t.Errorf("%d nested executions, %v", len(list), err)
				}
			})
		})
	}
}

func TestExpress(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		e := b.open(t)
		m := machine("m", oneTask)
		m.Type = workflow.Express
		x, err := e.StartSync(t.Context(), workflow.StartInput{Machine: m, Name: "one", Input: json.RawMessage(`{"a":1}`)})
		if err != nil || x.Status != asl.Succeeded || string(x.Output) != `{"a":1}` || !strings.HasPrefix(x.ARN, arnPrefix+"express:m:one:") {
			t.Fatalf("got %+v, %v", x, err)
		}
		// A name may come again.
		again := start(t, e, m, "one", "")
		if again.ARN == x.ARN {
			t.Errorf("two executions share %s", x.ARN)
		}
		ended(t, e, again.ARN)
		if h := types(t, e, x.ARN); !strings.HasSuffix(h, "TaskSucceeded TaskStateExited ExecutionSucceeded") {
			t.Errorf("events: %s", h)
		}
		if _, err := e.StartSync(t.Context(), workflow.StartInput{Machine: machine("m", oneTask)}); code(err) != workflow.StateMachineTypeNot {
			t.Errorf("a standard one, synchronously: %v", err)
		}
		// Five minutes are all it has.
		long := m
		long.Definition = `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": true}}}`
		begun := time.Now()
		x, err = e.StartSync(t.Context(), workflow.StartInput{Machine: long})
		if err != nil || x.Status != asl.TimedOut || time.Since(begun).Round(time.Second) != 5*time.Minute {
			t.Errorf("got %s after %s, %v", x.Status, time.Since(begun), err)
		}
		running := start(t, e, long, "", "")
		if got, err := e.Stop(t.Context(), running.ARN, nil, nil); err != nil || got.Status != asl.Aborted {
			t.Errorf("stopped: %s, %v", got.Status, err)
		}
	})
}

func TestNames(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		e := b.open(t)
		m := machine("m", `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 100, "End": true}}}`)
		x := start(t, e, m, "one", `{"a":1}`)
		if same := start(t, e, m, "one", `{"a":1}`); same.ARN != x.ARN || !same.Started.Equal(x.Started) {
			t.Errorf("the same start gave %+v", same)
		}
		try := func(name, input string) error {
			_, err := e.Start(t.Context(), workflow.StartInput{Machine: m, Name: name, Input: json.RawMessage(input)})
			return err
		}
		if err := try("one", `{"a":2}`); code(err) != workflow.ExecutionAlreadyExists || err.Error() != "Execution Already Exists: '"+x.ARN+"'" {
			t.Errorf("another input: %v", err)
		}
		ended(t, e, x.ARN)
		if err := try("one", `{"a":1}`); code(err) != workflow.ExecutionAlreadyExists {
			t.Errorf("the name of one that has ended: %v", err)
		}
		for _, name := range []string{"a b", "a/b", "a:b", "é\x01", strings.Repeat("x", 81)} {
			if err := try(name, `{}`); code(err) != workflow.InvalidName {
				t.Errorf("name %q: %v", name, err)
			}
		}
		if err := try("good-Näme_1.2", `{}`); err != nil {
			t.Errorf("a good name: %v", err)
		}
		for _, input := range []string{`{`, `"` + strings.Repeat("x", asl.MaxPayload) + `"`} {
			if err := try("", input); code(err) != workflow.InvalidExecutionInput {
				t.Errorf("input of %d bytes: %v", len(input), err)
			}
		}
		// The name outlives the execution's record, for 90 days.
		if n, err := e.Retain(t.Context(), time.Second, 0); err != nil || n != 0 {
			t.Errorf("removed %d, %v", n, err)
		}
		time.Sleep(time.Hour)
		if n, err := e.Retain(t.Context(), time.Minute, 0); err != nil || n != 2 {
			t.Errorf("removed %d, %v", n, err)
		}
		if _, err := e.Describe(t.Context(), x.ARN); code(err) != workflow.ExecutionDoesNotExist {
			t.Errorf("described what was removed: %v", err)
		}
		if err := try("one", `{"a":1}`); code(err) != workflow.ExecutionAlreadyExists {
			t.Errorf("the name of one that was removed: %v", err)
		}
		time.Sleep(90 * 24 * time.Hour)
		again := start(t, e, m, "one", `{"a":1}`)
		ended(t, e, again.ARN)
		time.Sleep(91 * 24 * time.Hour)
		if third := start(t, e, m, "one", `{"a":3}`); string(third.Input) != `{"a":3}` {
			t.Errorf("90 days later: %+v", third)
		}
	})
}

func TestRedrive(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		broken := true
		b.tasks.do = func(_ context.Context, c workflow.Call) (any, error) {
			if broken && c.State == "B" {
				return nil, &workflow.TaskError{Name: "Odd", Cause: "no"}
			}
			return c.State, nil
		}
		e := b.open(t)
		task := func(next string) string {
			return `{"Type": "Task", "Resource": "arn:aws:states:::test:do", ` + next + `}`
		}
		m := machine("m", `{"StartAt": "A", "States": {"A": `+task(`"Next": "B"`)+`, "B": `+task(`"Next": "C"`)+`, "C": `+task(`"End": true`)+`}}`)
		x := start(t, e, m, "one", "")
		if got := ended(t, e, x.ARN); got.Status != asl.Failed {
			t.Fatalf("got %s", got.Status)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		e = b.open(t)
		if got, err := e.Redrive(t.Context(), x.ARN); err != nil || got.Redrives != 1 || got.Redriven.IsZero() {
			t.Fatalf("got %+v, %v", got, err)
		}
		if got := ended(t, e, x.ARN); got.Status != asl.Failed || got.Redrives != 1 {
			t.Errorf("got %s, %d redrives", got.Status, got.Redrives)
		}
		broken = false
		if _, err := e.Redrive(t.Context(), x.ARN); err != nil {
			t.Fatal(err)
		}
		got := ended(t, e, x.ARN)
		if string(got.Output) != `"C"` || got.Redrives != 2 || got.Error != nil {
			t.Errorf("got %s %s, %d redrives", got.Status, got.Output, got.Redrives)
		}
		calls := map[string]int{}
		for _, c := range b.tasks.calls {
			calls[c.State]++
		}
		if calls["A"] != 1 || calls["B"] != 3 || calls["C"] != 1 {
			t.Errorf("calls: %v", calls)
		}
		types(t, e, x.ARN)
		if _, err := e.Redrive(t.Context(), x.ARN); code(err) != workflow.ExecutionNotRedrivable {
			t.Errorf("redrove one that succeeded: %v", err)
		}
		broken = true
		old := start(t, e, m, "old", "")
		ended(t, e, old.ARN)
		time.Sleep(15 * 24 * time.Hour)
		if _, err := e.Redrive(t.Context(), old.ARN); code(err) != workflow.ExecutionNotRedrivable {
			t.Errorf("redrove an old one: %v", err)
		}
		yes, no := true, false
		for _, f := range []struct {
			filter workflow.Filter
			want   int
		}{{workflow.Filter{Redriven: &yes}, 1}, {workflow.Filter{Redriven: &no}, 1}, {workflow.Filter{Status: asl.Failed}, 1}, {workflow.Filter{}, 2}} {
			list, _, err := e.List(t.Context(), f.filter)
			if err != nil || len(list) != f.want {
				t.Errorf("%+v: %d, %v", f.filter, len(list), err)
			}
		}
	})
}
