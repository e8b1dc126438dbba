package workflow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// types are the types of an execution's events.
func types(t *testing.T, e *workflow.Engine, arn string) string {
	t.Helper()
	events, err := e.History(t.Context(), arn, 0, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i, v := range events {
		if v.ID != int64(i+1) {
			t.Errorf("event %d has the ID %d", i+1, v.ID)
		}
		names = append(names, v.Type)
	}
	return strings.Join(names, " ")
}

// bubble runs a test on a clock of its own, which jumps.
func bubble(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	path := newBench(t).path
	synctest.Test(t, func(t *testing.T) {
		test(t, &bench{path: path, tasks: &tasks{}, machines: machines{}})
	})
}

func TestWaitKeepsItsTimeAcrossEngines(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		e := b.open(t)
		m := machine("m", `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "Next": "P"}, "P": {"Type": "Pass", "End": true}}}`)
		begun := time.Now()
		x := start(t, e, m, "one", "")
		time.Sleep(300 * time.Second)
		if n := e.Loaded(); n != 0 {
			t.Errorf("%d executions are in memory while they only wait", n)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Second)
		e = b.open(t)
		if err := e.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := ended(t, e, x.ARN)
		if got.Status != asl.Succeeded {
			t.Fatalf("got %s", got.Status)
		}
		if took := time.Since(begun); took < 1000*time.Second || took > 1001*time.Second {
			t.Errorf("it waited %s instead of 1000 s", took)
		}
	})
}

func TestLimitsOfTime(t *testing.T) {
	t.Parallel()
	task := func(more string) string {
		return `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true` + more + `}}}`
	}
	for name, c := range map[string]struct {
		definition, status, err, events string
		after                           time.Duration
	}{
		"task": {task(`, "TimeoutSeconds": 30`), "FAILED", "States.Timeout",
			"ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskTimedOut ExecutionFailed", 30 * time.Second},
		"retried": {task(`, "TimeoutSeconds": 30, "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 10, "MaxAttempts": 1}]`),
			"FAILED", "States.Timeout", "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskTimedOut " +
				"TaskScheduled TaskStarted TaskTimedOut ExecutionFailed", 70 * time.Second},
		"execution": {strings.Replace(task(""), "{", `{"TimeoutSeconds": 50, `, 1), "TIMED_OUT", "",
			"ExecutionStarted TaskStateEntered TaskScheduled TaskStarted ExecutionTimedOut", 50 * time.Second},
		"heartbeat": {strings.Replace(task(`, "TimeoutSeconds": 100, "HeartbeatSeconds": 20`), "test:do", "test:do.waitForTaskToken", 1),
			"FAILED", "States.HeartbeatTimeout", "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted TaskTimedOut ExecutionFailed",
			20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, b *bench) {
				stopped := 0
				b.tasks.do = func(ctx context.Context, c workflow.Call) (any, error) {
					if c.Resource.Pattern == asl.WaitForTaskToken {
						return nil, nil
					}
					<-ctx.Done()
					stopped++
					return nil, ctx.Err()
				}
				e := b.open(t)
				begun := time.Now()
				x := start(t, e, machine("m", c.definition), "one", "")
				got := ended(t, e, x.ARN)
				if string(got.Status) != c.status || text(got.Error) != c.err {
					t.Errorf("got %s %s", got.Status, text(got.Error))
				}
				if took := time.Since(begun).Round(time.Second); took != c.after {
					t.Errorf("it took %s", took)
				}
				if h := types(t, e, x.ARN); h != c.events {
					t.Errorf("events: %s", h)
				}
				synctest.Wait()
				if calls := b.tasks.count(); stopped != calls && name != "heartbeat" {
					t.Errorf("%d of %d calls were stopped", stopped, calls)
				}
				if slots, lined, posted, waiters, _ := e.Leaks(); slots+lined+posted+waiters != 0 {
					t.Errorf("left behind: %d slots, %d in line, %d signals, %d waiters", slots, lined, posted, waiters)
				}
			})
		})
	}
}

func TestRetryWaits(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		var at []time.Duration
		var keys []string
		begun := time.Now()
		b.tasks.do = func(_ context.Context, c workflow.Call) (any, error) {
			at = append(at, time.Since(begun).Round(time.Second))
			keys = append(keys, c.Key)
			if c.Attempt < 2 {
				return nil, &workflow.TaskError{Name: "Odd", Cause: "no"}
			}
			return "done", nil
		}
		e := b.open(t)
		x := start(t, e, machine("m", `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do",
			"Retry": [{"ErrorEquals": ["Odd"], "IntervalSeconds": 5, "BackoffRate": 3}], "End": true}}}`), "", "")
		if got := ended(t, e, x.ARN); string(got.Output) != `"done"` {
			t.Errorf("got %s %s", got.Status, got.Output)
		}
		if fmt.Sprint(at) != "[0s 5s 20s]" {
			t.Errorf("tried at %v", at)
		}
		if keys[0] == keys[1] || keys[1] == keys[2] {
			t.Errorf("attempts share their keys: %v", keys)
		}
	})
}

// TestInterrupted closes an engine under a task, which counts as its death.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, choice := range []workflow.Interrupted{workflow.RetryInterrupted, workflow.FailInterrupted} {
		t.Run(string(choice), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, b *bench) {
				b.options = func(o *workflow.Options) { o.Interrupted = choice }
				var keys []string
				b.tasks.do = func(ctx context.Context, c workflow.Call) (any, error) {
					keys = append(keys, c.Key)
					if len(keys) > 1 {
						return "again", nil
					}
					<-ctx.Done()
					return nil, ctx.Err()
				}
				e := b.open(t)
				x := start(t, e, machine("m", oneTask), "one", "")
				synctest.Wait()
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				e = b.open(t)
				if err := e.Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				got := ended(t, e, x.ARN)
				if choice == workflow.FailInterrupted {
					if got.Status != asl.Failed || text(got.Error) != "States.TaskFailed" || len(keys) != 1 {
						t.Errorf("got %s %s after %d calls", got.Status, text(got.Error), len(keys))
					}
					return
				}
				if string(got.Output) != `"again"` || len(keys) != 2 || keys[0] != keys[1] {
					t.Errorf("got %s %s, keys %v", got.Status, got.Output, keys)
				}
				if h := types(t, e, x.ARN); strings.Count(h, "TaskStarted") != 1 {
					t.Errorf("events: %s", h)
				}
			})
		})
	}
}

func TestParallelBoundsTasks(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		b.options = func(o *workflow.Options) { o.Parallel = 3 }
		flying, most := 0, 0
		enter := make(chan int, 1)
		enter <- 0
		b.tasks.do = func(context.Context, workflow.Call) (any, error) {
			<-enter
			flying++
			most = max(most, flying)
			enter <- 0
			time.Sleep(10 * time.Second)
			<-enter
			flying--
			enter <- 0
			return nil, nil
		}
		e := b.open(t)
		m := machine("m", `{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "End": true, "ItemProcessor":
			{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true}}}}}}`)
		begun := time.Now()
		a := start(t, e, m, "a", `[1,2,3,4,5]`)
		c := start(t, e, m, "b", `[1,2,3,4]`)
		for _, arn := range []string{a.ARN, c.ARN} {
			if got := ended(t, e, arn); got.Status != asl.Succeeded {
				t.Errorf("got %s", got.Status)
			}
		}
		if most != 3 {
			t.Errorf("%d tasks were in flight at once", most)
		}
		if took := time.Since(begun).Round(time.Second); took != 30*time.Second {
			t.Errorf("nine tasks of ten seconds took %s", took)
		}
		synctest.Wait()
		if slots, lined, _, _, _ := e.Leaks(); slots+lined != 0 {
			t.Errorf("%d slots and %d in line are left", slots, lined)
		}
	})
}

func TestStopStopsWhatItStarted(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		child := machine("child", `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": true}}}`)
		b.machines[child.ARN] = child
		e := b.open(t)
		x := start(t, e, machine("m", `{"StartAt": "N", "States": {"N": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync",
			"Parameters": {"StateMachineArn": "`+child.ARN+`"}, "End": true}}}`), "parent", "")
		time.Sleep(10 * time.Second)
		list, _, err := e.List(t.Context(), workflow.Filter{MachineARN: child.ARN})
		if err != nil || len(list) != 1 || list[0].Status != asl.Running || list[0].Parent != x.ARN {
			t.Fatalf("children: %v, %v", list, err)
		}
		name, cause := "Enough", "because"
		got, err := e.Stop(t.Context(), x.ARN, &name, &cause)
		if err != nil || got.Status != asl.Aborted || text(got.Error) != name || text(got.Cause) != cause {
			t.Errorf("stopped: %v, %v", got, err)
		}
		if c := ended(t, e, list[0].ARN); c.Status != asl.Aborted {
			t.Errorf("the nested execution is %s", c.Status)
		}
		if again, err := e.Stop(t.Context(), x.ARN, nil, nil); err != nil || text(again.Error) != name {
			t.Errorf("stopped again: %v, %v", again, err)
		}
		_, err = e.Stop(t.Context(), x.ARN+"x", nil, nil)
		if refused := (&workflow.Error{}); !errors.As(err, &refused) || refused.Code != workflow.ExecutionDoesNotExist {
			t.Errorf("stopped what is not there: %v", err)
		}
	})
}

// TestCloseWaitsForAnswers: what a task answers while the engine is being
// closed has been answered.
func TestCloseWaitsForAnswers(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		b.tasks.do = func(ctx context.Context, _ workflow.Call) (any, error) {
			<-ctx.Done()
			time.Sleep(10 * time.Second)
			return "in time", nil
		}
		e := b.open(t)
		m := machine("m", `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "Next": "W"},
			"W": {"Type": "Wait", "Seconds": 5, "End": true}}}`)
		x := start(t, e, m, "one", "")
		other := start(t, e, m, "two", "")
		synctest.Wait()
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		e = b.open(t)
		if err := e.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, arn := range []string{x.ARN, other.ARN} {
			if got := ended(t, e, arn); string(got.Output) != `"in time"` {
				t.Errorf("got %s %s", got.Status, got.Output)
			}
		}
		if n := b.tasks.count(); n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}
