package cli

import (
	"context"

	"github.com/spf13/cobra"

	"wplake/internal/home"
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
		a.workflowRunCommand(),
		a.workflowResumeCommand(),
		a.workflowExportCommand(),
	)
}

// withWorkflow opens the home, and in it what runs state machines, for do.
func (a *app) withWorkflow(ctx context.Context, do func(*home.Workflow) error) error {
	return a.withHome(ctx, func(h *home.Home) error {
		w, err := h.Workflow(ctx)
		if err != nil {
			return err
		}
		return do(w)
	})
}
