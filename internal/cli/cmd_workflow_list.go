package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

func (a *app) workflowListCommand() *cobra.Command {
	var status, machine string
	var limit int
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List executions, the newest first",
		Long: `Lists the executions of this home, the newest first: name, state machine, status,
start, duration and error; of one that goes on, whether its process has died. The items of a distributed Map are executions too;
they are listed by "wplake workflow show" of the one that started them.

With --home aws they are those of the deployed state machine, or of another one of
the account and region (--machine), as far back as Step Functions tells: 90 days.`,
		Example: `  wplake workflow list
  wplake workflow list --status failed -n 5
  wplake workflow list --machine wordpress --json | jq -r '.executions[].name'
  wplake workflow list --home aws --status failed`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := listFilter(status, limit)
			if err != nil {
				return usageError{err}
			}
			return a.withExecutions(cmd.Context(), func(e executions) error {
				if f.MachineARN = machine; machine != "" && !strings.HasPrefix(machine, "arn:") {
					f.MachineARN = e.place + machine
				}
				return a.listExecutions(cmd.Context(), e, f, limit)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&status, "status", "", "only those that are running, succeeded, failed, timed_out or aborted")
	flags.StringVar(&machine, "machine", "", "only those of this state machine: its name or ARN")
	flags.IntVarP(&limit, "number", "n", 20, "how many at most, 0 for all")
	return cmd
}

func listFilter(status string, limit int) (workflow.Filter, error) {
	f := workflow.Filter{Status: asl.Status(strings.ToUpper(strings.ReplaceAll(status, "-", "_")))}
	switch f.Status {
	case "", asl.Running, asl.Succeeded, asl.Failed, asl.TimedOut, asl.Aborted:
	default:
		return f, fmt.Errorf("unknown status %q (one of running, succeeded, failed, timed_out, aborted)", status)
	}
	if limit < 0 {
		return f, fmt.Errorf("--number is %d; give 0 for all, or more", limit)
	}
	f.Limit = min(limit, 500)
	return f, nil
}

func (a *app) listExecutions(ctx context.Context, e executions, f workflow.Filter, limit int) error {
	documents := []map[string]any{}
	g := a.newGrid("NAME", "MACHINE", "STATUS", "STARTED", ">DURATION", "ERROR")
	var broken error
	err := eachExecution(ctx, e, f, func(x workflow.Execution) bool {
		var forsaken bool
		if forsaken, broken = e.forsaken(ctx, x); broken != nil {
			return false
		}
		if a.json {
			document := executionDocument(x)
			if forsaken {
				document["processDied"] = true
			}
			delete(document, "input")
			delete(document, "output")
			documents = append(documents, document)
		} else {
			note := errorText(x.Error, x.Cause)
			if forsaken {
				note = "its process has died: `wplake workflow resume`"
			}
			g.row(oneLine(x.Name), oneLine(x.Machine.Name), a.statusText(x.Status), localTime(x.Started),
				durationText(a.executionTime(x).Milliseconds()), snip(oneLine(note), 60))
		}
		return limit == 0 || max(len(documents), g.rows) < limit
	})
	if err = errors.Join(err, broken); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"executions": documents})
	}
	if g.rows == 0 {
		fmt.Fprintln(a.stderr, "There is no such execution: `wplake run` makes one.")
		return nil
	}
	g.print()
	return nil
}
