package workflow_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sqlite"
)

// tasks calls functions by the name of their resource's action.
type tasks struct {
	mu    sync.Mutex
	do    func(ctx context.Context, c workflow.Call) (any, error)
	calls []workflow.Call
	ended []workflow.Execution
}

func (s *tasks) Check(asl.Resource, any) error { return nil }

func (s *tasks) Do(ctx context.Context, c workflow.Call) (any, error) {
	s.mu.Lock()
	s.calls = append(s.calls, c)
	do := s.do
	s.mu.Unlock()
	if do == nil {
		return c.Arguments, nil
	}
	return do(ctx, c)
}

func (s *tasks) Ended(_ context.Context, x workflow.Execution) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, x)
}

func (s *tasks) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

type machines map[string]workflow.StateMachine

func (m machines) Machine(_ context.Context, arn string) (workflow.StateMachine, error) {
	found, ok := m[arn]
	if !ok {
		return found, workflow.Errorf(workflow.StateMachineDoesNotExist, "State Machine Does Not Exist: '%s'", arn)
	}
	return found, nil
}

func locks(path string) lock.Locker { return filelock.New(path, time.Now) }

const arnPrefix = "arn:aws:states:eu-west-1:000000000000:"

func machine(name, definition string) workflow.StateMachine {
	return workflow.StateMachine{ARN: arnPrefix + "stateMachine:" + name, Name: name, Type: workflow.Standard, Definition: definition}
}

// bench is a lake's executions in a file of their own.
type bench struct {
	path     string
	tasks    *tasks
	machines machines
	options  func(*workflow.Options)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return &bench{path: filepath.Join(t.TempDir(), "workflow.db"), tasks: &tasks{}, machines: machines{}}
}

func (b *bench) open(t *testing.T) *workflow.Engine {
	t.Helper()
	store, err := sqlite.Open(t.Context(), b.path, time.Now, locks)
	if err != nil {
		t.Fatal(err)
	}
	o := workflow.Options{Store: store, Tasks: b.tasks, Machines: b.machines, Now: time.Now, Account: "000000000000", Region: "eu-west-1"}
	if b.options != nil {
		b.options(&o)
	}
	e, err := workflow.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(e.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return e
}

func start(t *testing.T, e *workflow.Engine, m workflow.StateMachine, name, input string) workflow.Execution {
	t.Helper()
	in := workflow.StartInput{Machine: m, Name: name}
	if input != "" {
		in.Input = json.RawMessage(input)
	}
	x, err := e.Start(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func ended(t *testing.T, e *workflow.Engine, arn string) workflow.Execution {
	t.Helper()
	x, err := e.Wait(t.Context(), arn)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

const oneTask = `{"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true}}}`

func TestTaskRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := b.open(t)
	x := start(t, e, machine("m", oneTask), "one", `{"a": 1}`)
	got := ended(t, e, x.ARN)
	if got.Status != asl.Succeeded || string(got.Output) != `{"a":1}` {
		t.Fatalf("got %s %s (%s: %s)", got.Status, got.Output, text(got.Error), text(got.Cause))
	}
	events, err := e.History(t.Context(), x.ARN, 0, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, v := range events {
		types = append(types, v.Type)
	}
	t.Log(types)
}
