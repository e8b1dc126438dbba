package home

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/workflow"
)

// Serving makes this process the one that serves the lake, until release is
// called. The error is a *lake.Error with the code Locked that names the other
// process where there is one.
func (h *Home) Serving(ctx context.Context, command string) (release func() error, err error) {
	host, _ := os.Hostname() // "" will do
	if err := os.MkdirAll(h.State, 0o750); err != nil {
		return nil, &lake.Error{Code: lake.StorageFailed, Message: "cannot create " + h.State, Err: err}
	}
	locker := filelock.New(filepath.Join(h.State, "serve.lock"), h.Now)
	release, err = locker.Acquire(ctx, lock.Holder{Host: host, PID: os.Getpid(), Command: command, Since: h.Now()}, 0)
	if !lake.HasCode(err, lake.Locked) {
		return release, err
	}
	who := "another process"
	if other, held, err := locker.Holder(ctx); err == nil && held && other.PID > 0 {
		who = fmt.Sprintf("%s (process %d on %s)", other.Command, other.PID, other.Host)
	}
	return nil, &lake.Error{
		Code: lake.Locked, Message: "the lake in " + h.Root + " is served by " + who + " already",
		Hint: "one is enough: ask that one, or stop it first",
	}
}

// Register keeps the lake's state machine in the registry, as the definition
// has it now.
func (w *Workflow) Register(ctx context.Context) error {
	m, err := w.Machine()
	if err != nil {
		return err
	}
	_, err = w.Registry.PutMachine(ctx, workflow.MachineInput{Name: m.Name, Definition: m.Definition, RoleARN: m.RoleARN, Type: m.Type})
	if err != nil {
		return &lake.Error{
			Code: lake.WorkflowInvalid, Err: err, Message: "the lake's workflow " + m.Name + " cannot be registered",
			Hint: "look at it with: wplake workflow validate",
		}
	}
	return nil
}

// Retain removes old executions, as the definition says.
func (w *Workflow) Retain(ctx context.Context) (removed int, err error) {
	c := w.home.Config.Workflow
	return w.Engine.Retain(ctx, time.Duration(c.KeepFor), int64(c.KeepSize))
}

// Drain waits until the tasks in flight, and what they left going on, have
// ended, or until ctx ends. Others do not begin.
func (w *Workflow) Drain(ctx context.Context) error {
	if err := w.Engine.Drain(ctx); err != nil {
		return err
	}
	return w.tasks.Wait(ctx)
}
