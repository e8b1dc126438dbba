package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/workflow"
)

func (a *app) workflowRedriveCommand() *cobra.Command {
	var detach bool
	cmd := &cobra.Command{
		Use:   "redrive EXECUTION",
		Short: "Go on with an execution from where it failed",
		Long: `Goes on with an execution that failed, timed out or was stopped: what succeeded is
kept, the states that did not are done again. That is possible up to 14 days after
its end, as long as the execution's history has room.

The execution goes on in this process, which waits for its end and prints its output
as "wplake workflow run" does; Ctrl-C stops it (exit status 3). With --detach the
command returns when the redrive is on disk, and leaves the execution to
"wplake serve", which notices within a minute, or "wplake workflow resume".

With --home aws it goes on at Step Functions: with --detach as well.

` + executionHelp,
		Example: `  wplake workflow redrive last
  wplake workflow redrive 20260801T070000 --detach`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeExecutions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withExecutions(cmd.Context(), func(e executions) error {
				x, err := findExecution(cmd.Context(), e, args[0])
				if err != nil {
					return err
				}
				return a.redrive(cmd.Context(), e, x.ARN, detach)
			})
		},
	}
	cmd.Flags().BoolVar(&detach, "detach", false, "do not wait for its end")
	return cmd
}

func (a *app) redrive(ctx context.Context, e executions, arn string, detach bool) error {
	if detach && e.local != nil {
		// Others call its tasks: a call of this process would end with it.
		if err := e.local.Engine.Drain(ctx); err != nil {
			return err
		}
	}
	x, err := e.Redrive(ctx, arn)
	if err != nil {
		return refusal(err)
	}
	if detach {
		if a.json {
			return a.printJSON(executionDocument(x))
		}
		if e.local == nil {
			fmt.Fprintf(a.stdout, "Execution %s goes on: `wplake workflow show %s --home aws` tells how.\n", oneLine(x.Name), oneLine(x.Name))
			return nil
		}
		fmt.Fprintf(a.stdout, "Execution %s goes on: `wplake serve` or `wplake workflow resume` runs it.\n", oneLine(x.Name))
		return nil
	}
	x, err = e.Wait(ctx, arn)
	if ctx.Err() != nil {
		after := context.WithoutCancel(ctx)
		name, cause := "Interrupted", "the process was told to stop"
		x, err = e.Stop(after, arn, &name, &cause)
	}
	return a.ended(ctx, []workflow.Execution{x}, errors.Join(err), true)
}
