package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sqlite"
)

const arnPrefix = "arn:aws:states:eu-west-1:000000000000:"

func machine(name, definition string) workflow.StateMachine {
	return workflow.StateMachine{ARN: arnPrefix + "stateMachine:" + name, Name: name, Type: workflow.Standard, Definition: definition}
}

// echo are tasks that answer at once with what they were asked.
type echo struct{}

func (echo) Check(asl.Resource, any) error                      { return nil }
func (echo) Ended(context.Context, workflow.Execution)          {}
func (echo) Do(_ context.Context, c workflow.Call) (any, error) { return c.Arguments, nil }
func (echo) Machine(context.Context, string) (workflow.StateMachine, error) {
	return workflow.StateMachine{}, nil
}

func locks(path string) lock.Locker { return filelock.New(path, time.Now) }

// counting counts what is committed.
type counting struct {
	workflow.Store
	mu     sync.Mutex
	groups [][]int // sizes of the changes of each commit, in bytes
}

func (c *counting) Commit(ctx context.Context, changes []*workflow.Change) error {
	sizes := make([]int, len(changes))
	for i, ch := range changes {
		for _, b := range ch.Blocks {
			sizes[i] += len(b.Body)
		}
		sizes[i] += len(ch.Snapshot)
	}
	c.mu.Lock()
	c.groups = append(c.groups, sizes)
	c.mu.Unlock()
	return c.Store.Commit(ctx, changes)
}

// chain is a machine of n states, one after the other.
func chain(n int, state string) string {
	var b strings.Builder
	b.WriteString(`{"StartAt": "S0", "States": {`)
	for i := range n {
		next := fmt.Sprintf(`"Next": "S%d"`, i+1)
		if i == n-1 {
			next = `"End": true`
		}
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, `"S%d": {%s, %s}`, i, state, next)
	}
	b.WriteString("}}")
	return b.String()
}

// durable measures executions whose every transition is laid down before the
// next task is called.
func durable(ctx context.Context, out io.Writer, folder string) error {
	const states = 200
	definition := chain(states, `"Type": "Task", "Resource": "arn:aws:states:::test:do"`)
	for _, side := range []int{1, 8, 64} {
		executions := max(5, side*2)
		ours, floor, group, bytes, err := durableAt(ctx, filepath.Join(folder, fmt.Sprint("durable", side)), definition, executions, side)
		if err != nil {
			return err
		}
		n := float64(executions * states)
		each, err := single(filepath.Join(folder, "single"), bytes)
		if err != nil {
			return err
		}
		rate, together := n/ours.Seconds(), n/floor.Seconds()
		fmt.Fprintf(out, "durable transitions, %2d executions side by side: %.0f /s. Floor of fsynced appends of the same %d bytes: one by one %.0f /s, ratio %.2f, goal 0.50: %s; in the same groups of %.1f %.0f /s, ratio %.2f: %s\n",
			side, rate, bytes, each, rate/each, verdict(rate/each >= 0.5), group, together, rate/together, verdict(rate/together >= 0.5))
	}
	return nil
}

func durableAt(ctx context.Context, folder, definition string, executions, side int) (ours, floor time.Duration, group float64, bytes int, err error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return 0, 0, 0, 0, err
	}
	store, err := sqlite.Open(ctx, filepath.Join(folder, "workflow.db"), time.Now, locks)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	counted := &counting{Store: store}
	e, err := workflow.Open(ctx, workflow.Options{Store: counted, Tasks: echo{}, Machines: echo{}, Now: time.Now, Parallel: side})
	if err != nil {
		return 0, 0, 0, 0, err
	}
	begun := time.Now()
	if err := together(executions, side, func(i int) error {
		x, err := e.Start(ctx, workflow.StartInput{Machine: machine("m", definition), Name: fmt.Sprint("e", i), Input: json.RawMessage(`{"customer": "c-1029", "amount": 12.5}`)})
		if err == nil {
			x, err = e.Wait(ctx, x.ARN)
		}
		if err == nil && x.Status != asl.Succeeded {
			err = fmt.Errorf("%s is %s", x.ARN, x.Status)
		}
		return err
	}); err != nil {
		return 0, 0, 0, 0, err
	}
	ours = time.Since(begun)
	if err := errors.Join(e.Close(), store.Close()); err != nil {
		return 0, 0, 0, 0, err
	}
	floor, changes, total, err := appends(filepath.Join(folder, "floor"), counted.groups)
	return ours, floor, float64(changes) / float64(len(counted.groups)), total / max(1, changes), err
}

// together does n things, side at once.
func together(n, side int, do func(int) error) error {
	next := make(chan int)
	errs := make([]error, side)
	var all sync.WaitGroup
	for w := range side {
		all.Go(func() {
			for i := range next {
				if err := do(i); err != nil {
					errs[w] = err
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
	return errors.Join(errs...)
}

// appends is the floor: the same bytes in the same groups, appended to a file
// and synced.
func appends(path string, groups [][]int) (took time.Duration, changes, total int, err error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffer := make([]byte, 1<<20)
	begun := time.Now()
	for _, g := range groups {
		for _, size := range g {
			if _, err := f.Write(buffer[:min(size, len(buffer))]); err != nil {
				return 0, 0, 0, err
			}
			total += size
			changes++
		}
		if err := f.Sync(); err != nil {
			return 0, 0, 0, err
		}
	}
	return time.Since(begun), changes, total, nil
}

// single is how many appends a second are synced one by one.
func single(path string, bytes int) (float64, error) {
	const n = 3000
	groups := make([][]int, n)
	for i := range groups {
		groups[i] = []int{bytes}
	}
	took, _, _, err := appends(path, groups)
	return n / took.Seconds(), err
}
