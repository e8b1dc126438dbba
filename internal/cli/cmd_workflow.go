package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/workflow"
)

// workflowCommand groups what concerns state machines and their executions.
// Each member is a file cmd_workflow_<verb>.go.
func (a *app) workflowCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "workflow",
		Short: "Check, run and see state machines",
		Long: `A run of the lake is an execution of its workflow: a state machine in Amazon States
Language, the built-in one or the file that the definition names. These commands
check state machines, draw them, run them and show what their executions did.`,
		Example: `  wplake workflow validate
  wplake workflow validate machine.asl.json --role policy.json`,
	},
		a.workflowValidateCommand(),
		a.workflowRunCommand(),
		a.workflowTestStateCommand(a.homeTasks),
		a.workflowTestCommand(),
		a.workflowResumeCommand(),
		a.workflowExportCommand(),
		a.workflowGraphCommand(),
		a.workflowListCommand(),
		a.workflowShowCommand(),
		a.workflowHistoryCommand(),
		a.workflowStopCommand(),
		a.workflowRedriveCommand(),
	)
}

// withWorkflow opens the home, and in it what runs state machines, for do.
func (a *app) withWorkflow(ctx context.Context, do func(*home.Workflow) error) error {
	if err := a.localOnly("running state machines", "on AWS Step Functions runs the machine: wplake run --home aws"); err != nil {
		return err
	}
	return a.withHome(ctx, func(h *home.Home) error {
		w, err := h.Workflow(ctx)
		if err != nil {
			return err
		}
		return do(w)
	})
}

// homeTasks opens what tasks reach in the lake's home.
func (a *app) homeTasks(ctx context.Context) (workflow.Tasks, func(), error) {
	if err := a.localOnly("trying a state with the lake's own tasks", "give a mocked result instead: --mock"); err != nil {
		return nil, nil, err
	}
	h, err := a.openHome(ctx)
	if err != nil {
		return nil, nil, err
	}
	closeHome := func() {
		if err := h.Close(); err != nil {
			fmt.Fprintln(a.stderr, "wplake:", clean(err.Error()))
		}
	}
	w, err := h.Workflow(ctx)
	if err != nil {
		closeHome()
		return nil, nil, err
	}
	return w.Tasks(), closeHome, nil
}
