package cli

import (
	"context"
	"fmt"
	"strings"

	"wplake/internal/home"
	"wplake/internal/workflow"
)

// executions are those of a home, with what only that home can tell of them.
type executions struct {
	workflow.Executions
	local *home.Workflow // what runs them at home; nil on AWS
	// own is the ARN of the lake's machine, "" where the definition cannot be
	// read.
	own string
	// place is what the ARNs of this home's machines begin with.
	place string
}

// withExecutions opens the home for commands about executions, on this machine
// or at Step Functions.
func (a *app) withExecutions(ctx context.Context, do func(executions) error) error {
	return a.withExecutionsAt(ctx, func(_ *home.Home, e executions) error { return do(e) })
}

// withExecutionsAt is withExecutions for those that need the home as well.
func (a *app) withExecutionsAt(ctx context.Context, do func(*home.Home, executions) error) error {
	return a.withHome(ctx, func(h *home.Home) error {
		if a.onAWS() {
			own := h.MachineARN()
			return do(h, executions{Executions: h.Executions(), own: own, place: strings.TrimSuffix(own, h.Config.Workflow.Name)})
		}
		w, err := h.Workflow(ctx)
		if err != nil {
			return err
		}
		return do(h, localExecutions(h, w))
	})
}

func localExecutions(h *home.Home, w *home.Workflow) executions {
	c := h.Config.Workflow
	e := executions{
		Executions: w.Engine, local: w, place: fmt.Sprintf("arn:aws:states:%s:%s:stateMachine:", c.Region, c.Account),
	}
	if own, err := w.Machine(); err == nil {
		e.own = own.ARN
	}
	return e
}

// forsaken reports whether an execution has not ended and its process has died.
// Those of Step Functions have no process.
func (e executions) forsaken(ctx context.Context, x workflow.Execution) (bool, error) {
	if e.local == nil {
		return false, nil
	}
	return e.local.Forsaken(ctx, x)
}

// exact is the ARN of the execution of the lake's machine that has a name.
func (e executions) exact(name string) string {
	return strings.Replace(e.own, ":stateMachine:", ":execution:", 1) + ":" + name
}
