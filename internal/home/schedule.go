package home

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/schedule/scheduler"
	"wplake/internal/workflow"
)

// Scheduler opens what keeps the lake's schedules. command is how others are
// told who keeps them.
func (h *Home) Scheduler(ctx context.Context, command string) (*scheduler.Scheduler, error) {
	w, err := h.Workflow(ctx)
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // "" will do
	return scheduler.New(scheduler.Options{
		Schedules: h.Config.Schedules, Documents: w.store, Starter: starter{w}, Notifier: h.Notifier,
		Lock:    filelock.New(filepath.Join(h.State, "schedule.lock"), h.Now),
		Holder:  lock.Holder{Host: host, PID: os.Getpid(), Command: command},
		Account: h.Config.Workflow.Account, Region: h.Config.Workflow.Region, Now: h.Now, Log: h.Log,
	})
}

// RunDue starts what is due and waits until it has ended; what an earlier call
// left unfinished goes on first. kept tells that another process keeps the
// schedules, and nothing was done.
func (h *Home) RunDue(ctx context.Context, command string) (outcomes []scheduler.Outcome, kept bool, err error) {
	s, err := h.Scheduler(ctx, command)
	if err != nil {
		return nil, false, err
	}
	if err := h.workflow.Engine.Resume(ctx); err != nil {
		return nil, false, err
	}
	outcomes, kept, err = s.RunDue(ctx)
	return outcomes, kept, errors.Join(err, h.workflow.tasks.Wait(context.WithoutCancel(ctx)))
}

// starter starts what schedules start.
type starter struct{ w *Workflow }

// machine is the state machine of a schedule: the lake's workflow, or that of
// the file which it names, under the schedule's name.
func (s starter) machine(schedule string) (workflow.StateMachine, error) {
	c := s.w.home.Config
	if c.Schedules[schedule].Definition == "" {
		return s.w.Machine()
	}
	text, err := scheduleMachine(c, s.w.home.dir, schedule)
	if err != nil {
		return workflow.StateMachine{}, err
	}
	return s.w.NewMachine(strings.ReplaceAll(schedule, ".", "_"), text, workflow.Standard)
}

// Start starts an execution; see scheduler.Starter.
func (s starter) Start(ctx context.Context, r scheduler.Request) (string, error) {
	m, err := s.machine(r.Schedule)
	if err != nil {
		return "", err
	}
	x, err := s.w.Engine.Start(ctx, workflow.StartInput{Machine: m, Name: r.Name, Input: r.Input})
	refused, ok := errors.AsType[*workflow.Error](err)
	switch {
	case ok && refused.Code == workflow.ExecutionAlreadyExists:
		return strings.Replace(m.ARN, ":stateMachine:", ":execution:", 1) + ":" + r.Name, nil
	case ok:
		return "", &lake.Error{Code: lake.WorkflowInvalid, Message: "the execution is refused", Err: err}
	}
	return x.ARN, err
}

// Execution tells how an execution stands; see scheduler.Starter.
func (s starter) Execution(ctx context.Context, arn string) (workflow.Execution, error) {
	x, err := s.w.Engine.Describe(ctx, arn)
	if refused, ok := errors.AsType[*workflow.Error](err); ok && refused.Code == workflow.ExecutionDoesNotExist {
		return x, workflow.ErrNotFound
	}
	return x, err
}
