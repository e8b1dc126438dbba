package home

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
	"wplake/internal/workflow"
)

// RunWorkflow runs the lake's workflow as one execution of this process, whose
// name is the run's id, and waits for its end. The stages of r are those that
// are wanted, none for all. The error says that the run could not begin, which
// people are told as well, or that something about its end could not be kept or
// told; what failed within it is in the report. An interruption stops the
// execution.
func (h *Home) RunWorkflow(ctx context.Context, r RunRequest) (lake.RunReport, error) {
	report, err := h.runWorkflow(ctx, r)
	if report.RunID != "" || err == nil || ctx.Err() != nil {
		return report, err
	}
	return report, errors.Join(err, h.couldNotRun(ctx, r, err))
}

// couldNotRun tells people that a run did not begin.
func (h *Home) couldNotRun(ctx context.Context, r RunRequest, err error) error {
	e := lake.AsError(err, lake.Internal)
	return h.Notifier.Publish(ctx, notify.Message{
		Topic:   lake.FailureTopic,
		Subject: r.Command + ": could not run",
		Body:    fmt.Sprintf("Run %s did not begin. %s: %s\n%s\n", r.Request.RunID, e.Code, e.Error(), e.Hint),
	})
}

func (h *Home) runWorkflow(ctx context.Context, r RunRequest) (report lake.RunReport, err error) {
	run := r.Request.RunID
	release, err := h.hold(ctx, run, r.Command, r.Wait)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, release()) }()
	w, err := h.Workflow(ctx)
	if err != nil {
		return report, err
	}
	defer w.frames.take(run, r.Progress)()
	machine, err := w.Machine()
	if err != nil {
		return report, err
	}
	if err := w.supersede(ctx, machine, run); err != nil {
		return report, err
	}
	input, err := json.Marshal(pipeline.Input{
		Objects: r.Request.Objects, Only: r.Stages, Full: r.Request.Full, AcceptLoss: r.Request.AcceptLoss,
	})
	if err != nil {
		return report, err
	}
	x, err := w.Engine.Start(ctx, workflow.StartInput{Machine: machine, Name: run, Input: input})
	if err != nil {
		return report, err
	}
	x, err = w.finish(ctx, x.ARN)
	if err != nil {
		return report, err
	}
	report, err = w.report(x)
	if _, e := w.Retain(context.WithoutCancel(ctx)); e != nil {
		h.Log.Error("old executions could not be removed", "error", e)
	}
	return report, err
}

// finish waits for the end of an execution. When ctx ends first, the execution is stopped.
func (w *Workflow) finish(ctx context.Context, arn string) (workflow.Execution, error) {
	x, err := w.Engine.Wait(ctx, arn)
	if ctx.Err() != nil {
		after := context.WithoutCancel(ctx)
		name, cause := interrupted, "the process was told to stop"
		if _, err := w.Engine.Stop(after, arn, &name, &cause); err != nil {
			return x, err
		}
		x, err = w.Engine.Wait(after, arn)
	}
	return x, err
}

// runName is how runs are called that `wplake run` started.
var runName = regexp.MustCompile(`^[0-9]{8}T[0-9]{9}Z-[0-9a-f]{8}$`)

// supersede ends the executions of runs whose process died: such a run had the
// lake, which is ours now. What they finished is kept, as the stages skip what
// has not changed.
func (w *Workflow) supersede(ctx context.Context, m workflow.StateMachine, run string) error {
	running, _, err := w.Engine.List(ctx, workflow.Filter{MachineARN: m.ARN, Status: asl.Running, Limit: 1000})
	if err != nil {
		return err
	}
	name, cause := interrupted, "the process that ran it died; run "+run+" takes its place"
	for _, x := range running {
		if !runName.MatchString(x.Name) {
			continue // of a schedule, or of the API: a server goes on with it
		}
		if _, err := w.Engine.StopOrphan(ctx, x.ARN, &name, &cause); err != nil {
			return err
		}
	}
	return nil
}

// report is the report of a run whose execution has ended. One that ran no
// stage has the execution's outcome alone.
func (w *Workflow) report(x workflow.Execution) (lake.RunReport, error) {
	w.frames.mu.Lock()
	defer w.frames.mu.Unlock()
	if done, ok := w.frames.done[x.Name]; ok {
		delete(w.frames.done, x.Name)
		return done.report, done.err
	}
	r := lake.RunReport{
		RunID: x.Name, StartedAt: x.Started, DurationMS: x.Stopped.Sub(x.Started).Milliseconds(),
		Status: lake.StatusRunSucceeded, Stages: []lake.StageReport{},
	}
	if x.Status != asl.Succeeded {
		r.Status, r.Error = lake.StatusRunFailed, executionProblem(x.Error, x.Cause)
	}
	return r, nil
}
