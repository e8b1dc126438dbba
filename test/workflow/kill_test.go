//go:build faults

package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sqlite"
)

// kills is how many executions are killed, for both choices together.
const kills = 300

// sideBySide is how many are under way at once: they mostly wait.
const sideBySide = 3

// moment spreads the n-th kill over a life: after any number of kills the
// moments lie evenly between 0 and 1.
func moment(n int) float64 {
	_, fraction := math.Modf(float64(n) * (math.Sqrt(5) - 1) / 2)
	return fraction
}

// run lets a process go on with a folder. It is killed after a time; 0 is
// never.
func run(t *testing.T, folder string, choice workflow.Interrupted, after time.Duration) (killed bool) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0])
	c.Env = append(os.Environ(), folderVariable+"="+folder, choiceVariable+"="+string(choice))
	var out bytes.Buffer
	c.Stderr = &out
	if err := c.Start(); err != nil {
		t.Error(err)
		return false
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = c.Process.Kill() })
		defer timer.Stop()
	}
	err := c.Wait()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) && !exit.Exited() && after > 0 {
		return true
	}
	if err != nil {
		t.Errorf("the process ended with %v: %s", err, out.String())
	}
	return false
}

// outcome is what is left of an execution.
type outcome struct {
	Status asl.Status
	Output any
	Nested []string
	// Events counts the events by type, those of nested executions too.
	Events map[string]int
	// Times counts how often each task was begun, by its key.
	Times map[string]int
	Names map[string]int
}

func outcomeOf(t *testing.T, folder string) outcome {
	store, err := sqlite.Open(t.Context(), filepath.Join(folder, "workflow.db"), time.Now, func(p string) lock.Locker { return filelock.New(p, time.Now) })
	if err != nil {
		t.Fatal(err)
	}
	e, err := workflow.Open(t.Context(), workflow.Options{Store: store, Tasks: effects{folder}, Machines: machines{}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(e.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	}()
	o := outcome{Events: map[string]int{}, Times: map[string]int{}, Names: map[string]int{}}
	list, _, err := e.List(t.Context(), workflow.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	runs, err := e.MapRuns(t.Context(), arnPrefix+"execution:main:one")
	if err != nil || len(runs) != 1 || runs[0].Status != asl.Succeeded || runs[0].Items.Succeeded != 6 {
		t.Errorf("Map runs: %+v, %v", runs, err)
		return o
	}
	items, _, err := e.List(t.Context(), workflow.Filter{MapRun: runs[0].ARN})
	if err != nil || len(items) != 6 {
		t.Errorf("%d items, %v", len(items), err)
	}
	for _, x := range append(list, items...) {
		if x.Machine.Name == "main" {
			o.Status = x.Status
			if err := json.Unmarshal(x.Output, &o.Output); err != nil {
				t.Errorf("%s %s: %v", x.Status, x.Output, err)
			}
		} else {
			o.Nested = append(o.Nested, x.Machine.Name+" "+string(x.Status))
		}
		events, err := e.History(t.Context(), x.ARN, 0, 0, false)
		if err != nil {
			t.Error(err)
		}
		for i, v := range events {
			if v.ID != int64(i+1) {
				t.Errorf("%s: event %d has the ID %d", x.ARN, i+1, v.ID)
			}
			o.Events[v.Type]++
		}
	}
	raw, err := os.ReadFile(filepath.Join(folder, "effects"))
	if err != nil {
		t.Error(err)
	}
	for line := range strings.Lines(string(raw)) {
		var v effect
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Error(err)
		}
		o.Times[v.Key]++
		o.Names[v.Name]++
	}
	return o
}

// TestKill kills processes at moments spread over an execution's life and
// starts them again until it has ended.
func TestKill(t *testing.T) {
	folder := t.TempDir()
	begun := time.Now()
	run(t, folder, workflow.RetryInterrupted, 0)
	life := time.Since(begun)
	undisturbed := outcomeOf(t, folder)
	if undisturbed.Status != asl.Succeeded {
		t.Fatalf("undisturbed: %+v", undisturbed)
	}
	var mu sync.Mutex
	total, repeated, failed, met := map[workflow.Interrupted]int{}, 0, 0, [10]int{}
	next := make(chan int)
	var workers sync.WaitGroup
	for range sideBySide {
		workers.Go(func() {
			for n := range next {
				choice := workflow.RetryInterrupted
				if n%3 == 2 {
					choice = workflow.FailInterrupted
				}
				folder := t.TempDir()
				killed := 0
				// Some are killed more than once.
				for k := 0; k <= n%4/2; k++ {
					if run(t, folder, choice, time.Millisecond+time.Duration(moment(n+k*kills)*float64(life))) {
						killed++
					}
				}
				run(t, folder, choice, 0)
				extra, fails := judge(t, n, choice, killed, undisturbed, outcomeOf(t, folder))
				mu.Lock()
				total[choice] += killed
				repeated += extra
				failed += fails
				met[int(moment(n)*10)]++
				mu.Unlock()
			}
		})
	}
	for n := range kills {
		next <- n
	}
	close(next)
	workers.Wait()
	t.Logf("an undisturbed life of %s, with %d tasks", life.Round(time.Millisecond), len(undisturbed.Times))
	t.Logf("%d executions, by tenths of their life when first killed: %v", kills, met)
	t.Logf("%d kills where interrupted tasks are retried: %d tasks took place twice", total[workflow.RetryInterrupted], repeated)
	t.Logf("%d kills where they fail: %d were failed, none took place twice", total[workflow.FailInterrupted], failed)
	if sum := total[workflow.RetryInterrupted] + total[workflow.FailInterrupted]; sum < kills {
		t.Errorf("only %d kills", sum)
	}
}

// judge compares an execution with the undisturbed one, and returns how many
// tasks took place twice and how many were failed.
func judge(t *testing.T, n int, choice workflow.Interrupted, killed int, want, got outcome) (extra, failed int) {
	complain := func(format string, args ...any) {
		t.Errorf("execution %d (%s, killed %d times): %s", n, choice, killed, fmt.Sprintf(format, args...))
	}
	if diff := cmp.Diff(want.Output, got.Output); got.Status != want.Status || diff != "" {
		complain("%s, output (-want +got):\n%s", got.Status, diff)
	}
	if diff := cmp.Diff(want.Nested, got.Nested); diff != "" {
		complain("nested executions (-want +got):\n%s", diff)
	}
	for key, times := range got.Times {
		if times > 1 {
			extra += times - 1
			if choice == workflow.FailInterrupted || times > 1+killed {
				complain("the task %s took place %d times", key, times)
			}
		}
	}
	// An answer may come in the moment between the call and the note that it
	// was submitted, which then is never made.
	events := maps.Clone(want.Events)
	delete(events, "TaskSubmitted")
	delete(got.Events, "TaskSubmitted")
	if choice == workflow.RetryInterrupted {
		if diff := cmp.Diff(events, got.Events); diff != "" {
			complain("events (-want +got):\n%s", diff)
		}
		if len(got.Times) != len(want.Times) {
			complain("%d tasks took place instead of %d", len(got.Times), len(want.Times))
		}
		// At most the tasks in flight, of which there are four at once.
		if extra > 4*killed {
			complain("%d tasks took place again", extra)
		}
		return extra, 0
	}
	return 0, got.Events["TaskFailed"] - events["TaskFailed"]
}
