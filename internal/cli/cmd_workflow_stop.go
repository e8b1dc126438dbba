package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
)

func (a *app) workflowStopCommand() *cobra.Command {
	var name, cause string
	cmd := &cobra.Command{
		Use:   "stop EXECUTION",
		Short: "Stop an execution that runs",
		Long: `Ends an execution as ABORTED, whichever process runs it, and waits until it has
ended. Tasks in flight are told to stop. One that has ended already stays as it is.
On AWS (--home aws) a function that is at work goes on to its end.

` + executionHelp,
		Example: `  wplake workflow stop last
  wplake workflow stop 20260801T070000 --error Cancelled --cause "not today"`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeExecutions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withExecutions(cmd.Context(), func(e executions) error {
				before, err := findExecution(cmd.Context(), e, args[0])
				if err != nil {
					return err
				}
				x, err := e.Stop(cmd.Context(), before.ARN, given(cmd, "error", name), given(cmd, "cause", cause))
				if err != nil {
					return refusal(err)
				}
				if a.json {
					return a.printJSON(executionDocument(x))
				}
				if before.Status != asl.Running {
					fmt.Fprintf(a.stdout, "Execution %s had ended already: %s\n", oneLine(x.Name), a.statusText(x.Status))
					return nil
				}
				fmt.Fprintf(a.stdout, "Execution %s: %s\n", oneLine(x.Name), a.statusText(x.Status))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "error", "", "the error's name in the history")
	cmd.Flags().StringVar(&cause, "cause", "", "the cause in the history")
	return cmd
}

// given is a flag's value, nil where it was not given.
func given(cmd *cobra.Command, flag, value string) *string {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	return &value
}
