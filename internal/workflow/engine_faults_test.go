package workflow_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
	"wplake/internal/workflow/storetest"
)

// TestStoreFails: what cannot be laid down does not take place, and goes on
// from where it was when it can.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	two := `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "Next": "B"},
		"B": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true}}}`
	// Each commit of the course fails once.
	for n := range 4 {
		bubble(t, func(t *testing.T, b *bench) {
			faulty := &storetest.Faulty{}
			b.options = func(o *workflow.Options) {
				faulty.Store = o.Store
				o.Store = faulty
			}
			e := b.open(t)
			commits := 0
			faulty.Fail(func([]*workflow.Change) error {
				commits++
				if commits == n+1 {
					return full
				}
				return nil
			})
			x, err := e.Start(t.Context(), workflow.StartInput{Machine: machine("m", two), Name: "one"})
			if n == 0 {
				if !errors.Is(err, full) || b.tasks.count() != 0 {
					t.Errorf("started with %v, %d calls", err, b.tasks.count())
				}
				if _, err := e.Describe(t.Context(), arnPrefix+"execution:m:one"); code(err) != workflow.ExecutionDoesNotExist {
					t.Errorf("something is left: %v", err)
				}
				x = start(t, e, machine("m", two), "one", "")
			} else if err != nil {
				t.Fatal(err)
			}
			got, err := e.Wait(t.Context(), x.ARN)
			if n == 1 || n == 2 {
				if !errors.Is(err, full) || got.Status != asl.Running {
					t.Errorf("commit %d: waited for %s, %v", n, got.Status, err)
				}
				if err := e.Resume(t.Context()); err != nil {
					t.Fatal(err)
				}
				got, err = e.Wait(t.Context(), x.ARN)
			}
			if err != nil || got.Status != asl.Succeeded {
				t.Errorf("commit %d: %s, %v", n, got.Status, err)
			}
			types(t, e, x.ARN)
			synctest.Wait()
			if slots, lined, posted, waiters, _ := e.Leaks(); slots+lined+posted+waiters != 0 {
				t.Errorf("commit %d: left behind: %d slots, %d in line, %d signals, %d waiters", n, slots, lined, posted, waiters)
			}
		})
	}
}

// TestOneFaultHarmsNoOther: the store refuses one execution alone.
func TestOneFaultHarmsNoOther(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		faulty := &storetest.Faulty{}
		b.options = func(o *workflow.Options) {
			faulty.Store = o.Store
			o.Store = faulty
		}
		e := b.open(t)
		wait := machine("m", `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 10, "End": true}}}`)
		bad, good := start(t, e, wait, "bad", ""), start(t, e, wait, "good", "")
		faulty.Fail(func(changes []*workflow.Change) error {
			for _, c := range changes {
				if c.Key == 1 {
					c.Blocks[0].Seq = 1 // as if another process had written it
				}
			}
			return nil
		})
		if got := ended(t, e, good.ARN); got.Status != asl.Succeeded {
			t.Errorf("the other one is %s", got.Status)
		}
		if got, err := e.Wait(t.Context(), bad.ARN); err == nil || got.Status != asl.Running {
			t.Errorf("the one that was refused is %s, %v", got.Status, err)
		}
	})
}

// TestPanicIsTheTasksOwn: a panic of a task fails the task.
func TestPanicIsTheTasksOwn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.tasks.do = func(context.Context, workflow.Call) (any, error) { panic("oh") }
	e := b.open(t)
	x := ended(t, e, start(t, e, machine("m", oneTask), "", "").ARN)
	if text(x.Error) != "States.TaskFailed" || !strings.Contains(text(x.Cause), "oh") {
		t.Errorf("got %s %s %s", x.Status, text(x.Error), text(x.Cause))
	}
}

// TestStopFromAnotherProcess: the one that runs it hears of it.
func TestStopFromAnotherProcess(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		runs, asks := b.open(t), b.open(t)
		wait := machine("m", `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1000, "End": true}}}`)
		x := start(t, runs, wait, "one", "")
		begun := time.Now()
		if got, err := asks.Stop(t.Context(), x.ARN, nil, nil); err != nil || got.Status != asl.Aborted {
			t.Errorf("stopped: %s, %v", got.Status, err)
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("it took %s", took)
		}
		// And when the one that ran it is dead.
		y := start(t, runs, wait, "two", "")
		z := start(t, runs, wait, "three", "")
		if err := runs.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := asks.Stop(t.Context(), y.ARN, nil, nil); err != nil || got.Status != asl.Aborted {
			t.Errorf("stopped: %s, %v", got.Status, err)
		}
		if got, err := asks.Describe(t.Context(), z.ARN); err != nil || got.Status != asl.Running || got.Owner == "" {
			t.Errorf("another one is %s, %v", got.Status, err)
		}
		// A wait for what another process runs.
		third := b.open(t)
		if err := third.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := ended(t, asks, z.ARN); got.Status != asl.Succeeded {
			t.Errorf("got %s", got.Status)
		}
	})
}

// TestHistoryPages reads histories in both directions, in pages of all sizes.
func TestHistoryPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := b.open(t)
	x := start(t, e, machine("m", `{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "MaxConcurrency": 2, "End": true, "ItemProcessor":
		{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true}}}}}}`), "", `[1,2,3,4,5]`)
	ended(t, e, x.ARN)
	all, err := e.History(t.Context(), x.ARN, 0, 0, false)
	if err != nil || len(all) < 30 {
		t.Fatal(len(all), err)
	}
	for _, size := range []int{1, 3, 7, 1000} {
		for _, newest := range []bool{false, true} {
			var ids []int64
			after := int64(0)
			for {
				page, err := e.History(t.Context(), x.ARN, after, size, newest)
				if err != nil {
					t.Fatal(err)
				}
				for _, v := range page {
					ids = append(ids, v.ID)
				}
				if len(page) == 0 || newest && page[len(page)-1].ID == 1 {
					break
				}
				after = page[len(page)-1].ID
			}
			for i, id := range ids {
				want := int64(i + 1)
				if newest {
					want = int64(len(all) - i)
				}
				if id != want || len(ids) != len(all) {
					t.Fatalf("pages of %d, newest first %v: %v", size, newest, ids)
				}
			}
		}
	}
}

// TestLongExecution passes snapshots, leaves memory and comes back, again and
// again.
func TestLongExecution(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		b.tasks.do = func(_ context.Context, c workflow.Call) (any, error) {
			n, _ := c.Arguments.(map[string]any)
			return map[string]any{"n": n["n"], "ballast": strings.Repeat("x", 20_000)}, nil
		}
		m := machine("m", `{"StartAt": "T", "States": {
			"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "Parameters": {"n.$": "$.n"}, "Next": "W"},
			"W": {"Type": "Wait", "Seconds": 5, "Next": "P"},
			"P": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)", "uuid.$": "States.UUID()"}, "Next": "C"},
			"C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 40, "Next": "T"}], "Default": "E"},
			"E": {"Type": "Succeed"}}}`)
		e := b.open(t)
		x := start(t, e, m, "one", `{"n":0}`)
		for n := range 20 {
			time.Sleep(7 * time.Second)
			if n%4 != 3 {
				continue
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = b.open(t)
			if err := e.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		got := ended(t, e, x.ARN)
		if got.Status != asl.Succeeded || !strings.HasPrefix(string(got.Output), `{"n":40`) || b.tasks.count() != 40 {
			t.Errorf("got %s %s %s, %d calls", got.Status, got.Output, text(got.Cause), b.tasks.count())
		}
		types(t, e, x.ARN)
	})
}
