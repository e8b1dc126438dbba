package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"wplake/internal/asl"
)

// stopBody is what a signal to stop carries.
type stopBody struct {
	Error *string `json:",omitempty"`
	Cause *string `json:",omitempty"`
}

// Stop ends an execution as ABORTED, whichever process runs it, and waits until
// it has ended. One that has ended stays as it is.
func (e *Engine) Stop(ctx context.Context, arn string, err, cause *string) (Execution, error) {
	k, failed := e.find(ctx, arn)
	if failed != nil || k.Status != asl.Running {
		return k.Execution, failed
	}
	if k.MapRun != "" {
		return k.Execution, Errorf(ValidationException, "The execution '%s' is an item of a distributed Map: stop '%s'", arn, k.Parent)
	}
	body, failed := json.Marshal(stopBody{err, cause})
	if failed != nil {
		return k.Execution, failed
	}
	g := Signal{Execution: k.Key, Kind: StopSignal, Body: body}
	if k.Key < 0 {
		e.post(k.Key, message{kind: msgSignal, signal: g})
		return e.Wait(ctx, arn)
	}
	if failed := e.o.Store.Signal(ctx, g); failed != nil {
		return k.Execution, failed
	}
	if failed := e.adoptOne(ctx, &k); failed != nil {
		return k.Execution, failed
	}
	e.signals()
	return e.Wait(ctx, arn)
}

// adoptOne takes over one execution where its owner has died.
func (e *Engine) adoptOne(ctx context.Context, k *Kept) error {
	if k.Owner == e.owner && e.trouble(k.Key) == nil {
		return nil
	}
	due, err := e.o.Store.Adopt(ctx, e.owner, k.Key)
	if err != nil {
		return err
	}
	e.own(due)
	if len(due) > 0 {
		e.signalMu.Lock()
		e.seen = 0
		e.signalMu.Unlock()
	}
	return nil
}

// redriveWithin is how long after its end an execution can be redriven.
const redriveWithin = 14 * 24 * time.Hour

// Redrivable tells whether an execution can be redriven, and why not, in the
// words of DescribeExecution.
func (e *Engine) Redrivable(x Execution) (reason string, ok bool) {
	switch {
	case x.Machine.Type == Express:
		return "Execution is of type EXPRESS and cannot be redriven", false
	case x.MapRun != "":
		return "Execution is a child workflow execution of a distributed Map and is redriven by its parent", false
	case x.Status == asl.Running, x.Status == asl.Succeeded:
		return "Execution is " + string(x.Status) + " and cannot be redriven", false
	case e.o.Now().After(x.Stopped.Add(redriveWithin)):
		return "Execution's redrivable period exceeded", false
	}
	return "", true
}

// Redrive goes on with an execution from where it failed, and returns when that
// is on disk.
func (e *Engine) Redrive(ctx context.Context, arn string) (Execution, error) {
	k, err := e.find(ctx, arn)
	if err != nil {
		return Execution{}, err
	}
	if reason, ok := e.Redrivable(k.Execution); !ok {
		return k.Execution, Errorf(ExecutionNotRedrivable, "%s", reason)
	}
	r := &execution{tasks: map[string]context.CancelCauseFunc{}, busy: true}
	r.kept = k
	if err := e.repeat(r); err != nil {
		return k.Execution, err
	}
	if reason, ok := r.x.Redrivable(); !ok {
		return k.Execution, Errorf(ExecutionNotRedrivable, "%s", reason)
	}
	r.begin(e.o.Now())
	r.turn.change.Reopen = true
	r.kept.Redrives++
	r.kept.Redriven, r.kept.Stopped = r.turn.record.at, time.Time{}
	r.kept.Error, r.kept.Cause, r.kept.Owner = nil, nil, e.owner
	if err := r.do(operation{kind: opRedrive}); err != nil {
		return k.Execution, Errorf(ExecutionNotRedrivable, "%s", err)
	}
	if err := e.first(r); err != nil {
		return k.Execution, err
	}
	ended, err := r.finish(&e.pack)
	if err != nil {
		return k.Execution, err
	}
	if ended {
		e.o.Tasks.Ended(context.WithoutCancel(ctx), r.kept.Execution)
	}
	now := r.kept.Execution
	done := make(chan error, 1)
	e.journal.submit(&commit{change: r.turn.change, after: func(err error) {
		e.mu.Lock()
		if err != nil {
			e.dropLocked(r)
			e.mu.Unlock()
		} else {
			e.takeInLocked(r)
			e.mu.Unlock()
			e.settle(r, ended)
		}
		done <- err
	}})
	err = <-done
	if errors.Is(err, ErrConflict) {
		return k.Execution, Errorf(ExecutionNotRedrivable, "Execution is RUNNING and cannot be redriven")
	}
	return now, err
}
