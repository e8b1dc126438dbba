package cli

import "github.com/spf13/cobra"

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
	)
}
