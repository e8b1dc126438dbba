package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
	"wplake/internal/workflow/trace"
)

// showFlags are the flags of workflow show.
type showFlags struct {
	state         string
	input, output bool
}

func (a *app) workflowShowCommand() *cobra.Command {
	var f showFlags
	cmd := &cobra.Command{
		Use:   "show EXECUTION",
		Short: "Show what an execution did, state by state",
		Long: `Shows an execution: how it stands, and the states it went through in order, each
with its tries, duration and error. What runs tells what it waits for; what failed
is told again at the end, with its cause and what can be done about it.

WITHIN tells where a state is: Map[2] is the iteration of a Map, counted from 0 as
in histories, Parallel.2 the second branch.

` + executionHelp + `

With --state NAME the input and output of a state are printed instead, as often as
it was visited; --input and --output print one of both, and without --state that of
the execution.`,
		Example: `  wplake workflow show last
  wplake workflow show 20260801T070000 --state "Load posts"
  wplake workflow show last --output | jq .
  wplake workflow show last --json | jq '.states[] | select(.status == "failed")'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeExecutions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withExecutions(cmd.Context(), func(e executions) error {
				v, err := a.view(cmd.Context(), e, args[0])
				if err != nil {
					return err
				}
				return a.show(v, f)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.state, "state", "", "print the input and output of this state")
	flags.BoolVar(&f.input, "input", false, "print the input alone")
	flags.BoolVar(&f.output, "output", false, "print the output alone")
	cmd.MarkFlagsMutuallyExclusive("input", "output")
	return cmd
}

// view reads all that is shown of an execution.
func (a *app) view(ctx context.Context, e executions, given string) (executionView, error) {
	x, err := findExecution(ctx, e, given)
	if err != nil {
		return executionView{}, err
	}
	v := executionView{execution: x, now: a.now()}
	if v.machine, err = asl.Parse([]byte(x.Machine.Definition)); err != nil {
		v.machine = nil // of an older wplake, maybe; the history tells enough
	}
	if v.forsaken, err = e.forsaken(ctx, x); err != nil {
		return v, err
	}
	events, err := allEvents(ctx, e, x.ARN)
	if err != nil {
		return v, err
	}
	v.visits = trace.Of(v.machine, events)
	if v.mapRuns, err = e.MapRuns(ctx, x.ARN); err != nil {
		return v, refusal(err)
	}
	v.redrivable, _ = e.Redrivable(x)
	v.own = e.own == x.Machine.ARN
	if a.onAWS() {
		v.there = " --home aws"
	}
	return v, nil
}

func (a *app) show(v executionView, f showFlags) error {
	switch {
	case f.state != "":
		return a.showState(v, f)
	case f.input:
		return a.printDocument(v.execution.Input)
	case f.output && v.execution.Output == nil:
		return usageError{errors.New("the execution has no output: it is " + string(v.execution.Status))}
	case f.output:
		return a.printDocument(v.execution.Output)
	case a.json:
		return a.printJSON(v.document())
	}
	a.printExecutionView(v)
	return nil
}

// printDocument prints JSON text laid out.
func (a *app) printDocument(text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(a.stdout, clean(b.String()))
	return err
}

// visitData is a visit with what went in and out.
type visitData struct {
	trace.Visit
	Input  any  `json:"input"`
	Output *any `json:"output,omitempty"`
}

// showState prints the data of one state's visits.
func (a *app) showState(v executionView, f showFlags) error {
	var found []visitData
	for _, s := range v.visits {
		if s.State != f.state {
			continue
		}
		d := visitData{Visit: s, Input: s.Input}
		if s.HasOutput {
			d.Output = &s.Output
		}
		found = append(found, d)
	}
	if len(found) == 0 {
		return usageError{fmt.Errorf("the execution did not get to a state %q", f.state)}
	}
	if a.json {
		return a.printJSON(map[string]any{"state": f.state, "visits": found})
	}
	for _, d := range found {
		if err := a.printVisitData(d, f); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printVisitData(d visitData, f showFlags) error {
	switch {
	case f.input:
		return a.printDocument([]byte(asl.Text(d.Input)))
	case f.output && d.Output == nil:
		fmt.Fprintf(a.stderr, "%s %s has no output: %s\n", clean(d.State), pathText(d.Path), d.Status)
		return nil
	case f.output:
		return a.printDocument([]byte(asl.Text(*d.Output)))
	}
	title := d.State
	if within := pathText(d.Path); within != "" {
		title += " (" + within + ")"
	}
	fmt.Fprintf(a.stdout, "%s  %s\nInput\n", a.color(bold, clean(title)), a.visitText(d.Status))
	if err := a.printDocument([]byte(asl.Text(d.Input))); err != nil {
		return err
	}
	if d.Output == nil {
		fmt.Fprintf(a.stdout, "No output: %s\n\n", clean(errorText(d.Error, d.Cause)))
		return nil
	}
	fmt.Fprintln(a.stdout, "Output")
	if err := a.printDocument([]byte(asl.Text(*d.Output))); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	return nil
}

// completeExecutions completes the name of an execution for a shell.
func (a *app) completeExecutions(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	names := []string{"last"}
	err := a.withExecutions(cmd.Context(), func(e executions) error {
		return a.eachName(cmd.Context(), e, func(name string) { names = append(names, name) })
	})
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
