package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
	"wplake/internal/workflow/api"
)

func (a *app) workflowHistoryCommand() *cobra.Command {
	var reverse bool
	var limit int
	cmd := &cobra.Command{
		Use:   "history EXECUTION",
		Short: "Print every event of an execution",
		Long: `Prints the events of an execution's history. With --json the document is that of
"aws stepfunctions get-execution-history", all pages in one.

` + executionHelp,
		Example: `  wplake workflow history last
  wplake workflow history last --reverse -n 10
  wplake workflow history last --json | jq -r '.events[].type'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeExecutions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usageError{fmt.Errorf("--number is %d; give 0 for all, or more", limit)}
			}
			return a.withExecutions(cmd.Context(), func(e executions) error {
				x, err := findExecution(cmd.Context(), e, args[0])
				if err != nil {
					return err
				}
				return a.printEvents(cmd.Context(), e, x.ARN, reverse, limit)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&reverse, "reverse", false, "the newest event first")
	flags.IntVarP(&limit, "number", "n", 0, "how many events at most, 0 for all")
	return cmd
}

func (a *app) printEvents(ctx context.Context, x executions, arn string, reverse bool, limit int) error {
	events, err := x.History(ctx, arn, 0, limit, reverse)
	if err != nil {
		return refusal(err)
	}
	if a.json {
		documents := make([]map[string]any, len(events))
		for i := range events {
			documents[i] = api.EventJSON(&events[i], true)
			documents[i]["timestamp"] = events[i].Time.UTC().Format("2006-01-02T15:04:05.000000-07:00")
		}
		return a.printJSON(map[string]any{"events": documents})
	}
	g := a.newGrid(">ID", ">AFTER", "TIME", "TYPE", "STATE", "DETAILS")
	for i := range events {
		e := &events[i]
		g.row(strconv.FormatInt(e.ID, 10), strconv.FormatInt(e.Previous, 10), e.Time.Local().Format("15:04:05.000"),
			e.Type, oneLine(e.State), snip(oneLine(eventNote(e)), 80))
	}
	g.print()
	return nil
}

// eventNote is the most telling of an event's details.
func eventNote(e *asl.Event) string {
	switch {
	case e.Error != nil || e.Cause != nil:
		return errorText(e.Error, e.Cause)
	case e.MapRun != "":
		return e.MapRun
	case e.Resource != "":
		text := e.Resource
		if e.Service != "" {
			text = e.Service + " " + text
		}
		if e.Timeout > 0 {
			text += ", at most " + (time.Duration(e.Timeout) * time.Second).String()
		}
		return text
	case e.Type == "MapStateStarted":
		return strconv.Itoa(e.Length) + " items"
	case e.Type == "MapIterationStarted", e.Type == "MapIterationSucceeded", e.Type == "MapIterationFailed", e.Type == "MapIterationAborted":
		return "iteration " + strconv.Itoa(e.Index)
	case e.HasOutput:
		return "→ " + asl.Text(e.Output)
	case e.HasInput:
		return asl.Text(e.Input)
	}
	return ""
}
