package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"wplake/internal/asl"
)

// StartInput says what to start.
type StartInput struct {
	Machine StateMachine
	Name    string          // "" = one is chosen
	Input   json.RawMessage // nil = {}
	// TraceHeader is handed through, Parent the execution that asks, "" for none.
	TraceHeader, Parent string

	// effect is the effect of the parent, notify whether it waits for the end.
	effect string
	notify bool
}

// Start begins an execution and returns when it is on disk. For an execution
// of the same name that runs with the same input it returns that one, as
// Step Functions does; otherwise the name is taken: ExecutionAlreadyExists.
// An express execution begins, and its record is kept when it has ended.
func (e *Engine) Start(ctx context.Context, in StartInput) (Execution, error) {
	r, err := e.newExecution(in)
	if err != nil {
		return Execution{}, err
	}
	if r.volatile {
		return e.startExpress(r)
	}
	var replaces int64
	old, err := e.o.Store.Find(ctx, r.kept.ARN)
	switch {
	case err == nil:
		if x, ok := same(&old, r); ok {
			return x, nil
		}
		// A name is free again 90 days after its execution has ended.
		if old.Status == asl.Running || e.o.Now().Before(old.Stopped.Add(nameFor)) {
			return Execution{}, alreadyExists(old.ARN)
		}
		replaces = old.Key
	case !errors.Is(err, ErrNotFound):
		return Execution{}, err
	}
	x, err := e.create(ctx, r, replaces)
	if !errors.Is(err, ErrExists) {
		return x, err
	}
	// Somebody else was first.
	if old, err = e.o.Store.Find(ctx, r.kept.ARN); err == nil {
		if x, ok := same(&old, r); ok {
			return x, nil
		}
	}
	return Execution{}, alreadyExists(r.kept.ARN)
}

// nameFor is how long the name of an execution that has ended stays taken.
const nameFor = 90 * 24 * time.Hour

func alreadyExists(arn string) error {
	return Errorf(ExecutionAlreadyExists, "Execution Already Exists: '%s'", arn)
}

// same tells whether an execution is the one that is asked for.
func same(old *Kept, r *execution) (Execution, bool) {
	if r.kept.ParentEffect != "" && old.Parent == r.kept.Parent && old.ParentEffect == r.kept.ParentEffect {
		return old.Execution, true
	}
	return old.Execution, old.Status == asl.Running && string(old.Input) == string(r.kept.Input)
}

// newExecution checks what is asked for and makes the execution, at its
// beginning and in memory.
func (e *Engine) newExecution(in StartInput) (*execution, error) {
	if in.Input == nil {
		in.Input = json.RawMessage("{}")
	}
	if len(in.Input) > asl.MaxPayload {
		return nil, Errorf(InvalidExecutionInput, "Invalid State Machine Execution Input: 'Input of %d bytes exceeds the maximum of %d'", len(in.Input), asl.MaxPayload)
	}
	if _, err := asl.Decode(in.Input); err != nil {
		return nil, Errorf(InvalidExecutionInput, "Invalid State Machine Execution Input: '%s'", err)
	}
	if in.Name == "" {
		in.Name = newUUID()
	} else if err := CheckExecutionName(in.Name); err != nil {
		return nil, err
	}
	m, err := e.parse(in.Machine.Definition)
	if err != nil {
		return nil, Errorf(InvalidDefinition, "%s", err)
	}
	k := Kept{Execution: Execution{
		Name: in.Name, Machine: in.Machine, Status: asl.Running, Input: in.Input, Started: e.o.Now().UTC().Round(0),
		TraceHeader: in.TraceHeader, Parent: in.Parent, Owner: e.owner,
	}, ParentEffect: in.effect, Notify: in.notify}
	kind := "execution"
	if in.Machine.Type == Express {
		kind = "express"
	}
	k.ARN = strings.Replace(in.Machine.ARN, ":stateMachine:", ":"+kind+":", 1) + ":" + in.Name
	if in.Machine.Type == Express {
		k.ARN += ":" + newUUID()
	}
	r := &execution{volatile: in.Machine.Type == Express, tasks: map[string]context.CancelCauseFunc{}}
	return r, r.init(k, m)
}

// create makes the first turn of an execution and lays both down together.
func (e *Engine) create(ctx context.Context, r *execution, replaces int64) (Execution, error) {
	e.mu.Lock()
	if e.closing {
		e.mu.Unlock()
		return Execution{}, errClosed
	}
	e.mu.Unlock()
	r.begin(r.kept.Started)
	r.busy = true
	if err := e.first(r); err != nil {
		return Execution{}, err
	}
	ended, err := r.finish(&e.pack)
	if err != nil {
		return Execution{}, err
	}
	started := r.kept
	c := r.turn.change
	c.Create, c.Replaces = &started, replaces
	if ended {
		e.o.Tasks.Ended(context.WithoutCancel(ctx), r.kept.Execution)
	}
	done := make(chan error, 1)
	e.journal.submit(&commit{change: c, after: func(err error) {
		if err == nil {
			r.kept.Key = started.Key
			e.mu.Lock()
			e.takeInLocked(r)
			e.mu.Unlock()
			e.settle(r, ended)
		} else {
			e.mu.Lock()
			e.dropLocked(r)
			e.mu.Unlock()
		}
		done <- err
	}})
	// What was handed over is written in any case, so the answer is waited for.
	if err := <-done; err != nil {
		return Execution{}, err
	}
	return started.Execution, nil
}

// takeInLocked makes an execution that has just been laid down known.
func (e *Engine) takeInLocked(r *execution) {
	e.loaded[r.kept.Key] = r
	e.mine[r.kept.Key] = struct{}{}
	if e.missed {
		e.missed, e.fetch = false, true
	}
}

// first makes the first turn.
func (e *Engine) first(r *execution) error {
	if err := r.do(operation{kind: opStep, budget: stepBudget}); err != nil {
		return err
	}
	if r.x.Outcome().Status != asl.Running {
		return nil
	}
	return e.prepare(r)
}

// startExpress begins an execution that is kept in memory.
func (e *Engine) startExpress(r *execution) (Execution, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return Execution{}, errClosed
	}
	e.expressN--
	r.kept.Key = e.expressN
	e.loaded[r.kept.Key] = r
	e.mine[r.kept.Key] = struct{}{}
	e.express[r.kept.ARN] = r
	r.inbox = []message{{kind: msgGo}}
	r.more = true
	e.timers.set(r.kept.Key, r.kept.Started.Add(expressLimit))
	e.scheduleLocked(r)
	return r.kept.Execution, nil
}

// StartSync runs an express execution to its end.
func (e *Engine) StartSync(ctx context.Context, in StartInput) (Execution, error) {
	if in.Machine.Type != Express {
		return Execution{}, Errorf(StateMachineTypeNot, "This operation is not supported by this type of state machine")
	}
	x, err := e.Start(ctx, in)
	if err != nil {
		return x, err
	}
	return e.Wait(ctx, x.ARN)
}

// volatile takes what a turn of an express execution did; all of it is laid
// down when it has ended.
func (e *Engine) volatile(r *execution, ended bool) {
	h, c := &r.held, r.turn.change
	h.Blocks = append(h.Blocks, c.Blocks...)
	h.Children = append(h.Children, c.Children...)
	h.MapRuns = append(h.MapRuns, c.MapRuns...)
	if !ended {
		e.settle(r, false)
		return
	}
	k := r.kept
	h.Create = &k
	e.journal.submit(&commit{change: h, after: func(err error) {
		e.mu.Lock()
		delete(e.express, r.kept.ARN)
		e.mu.Unlock()
		if err != nil {
			e.fail(r, fmt.Errorf("the express execution %s ended as %s, but could not be recorded: %w", k.ARN, k.Status, err))
			return
		}
		e.settle(r, true)
	}})
}
