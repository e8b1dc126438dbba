package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wplake/internal/asl"
	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/graph"
)

// graphFlags are the flags of workflow graph.
type graphFlags struct {
	execution, format, out string
}

func (a *app) workflowGraphCommand() *cobra.Command {
	var f graphFlags
	cmd := &cobra.Command{
		Use:   "graph [FILE|-]",
		Short: "Draw a state machine, or the way an execution took",
		Long: `Draws the state machine in FILE, or the lake's workflow, as an SVG picture that any
browser shows, or as source for Mermaid or Graphviz. Without -o the drawing goes to
standard output; its format is that of the file's name (.svg, .mmd, .dot), else SVG.

With --execution the drawing shows the way that an execution took, coloured by how
each state ended, with durations and tries. It is then drawn from the definition
that the execution ran; FILE is not given.

` + executionHelp,
		Example: `  wplake workflow graph -o workflow.svg
  wplake workflow graph machine.asl.json --format mermaid
  wplake workflow graph --execution last -o last.svg`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.out == "-" {
				f.out = "" // standard output
			}
			format, err := f.chosen()
			if err != nil {
				return usageError{err}
			}
			if out, ok := a.stdout.(*os.File); ok && f.out == "" && format == graph.SVG && term.IsTerminal(int(out.Fd())) {
				return usageError{&lake.Error{
					Code: lake.ConfigInvalid, Message: "a picture would fill the terminal with its source",
					Hint: "write it to a file: wplake workflow graph -o workflow.svg; --format mermaid is text that can be read",
				}}
			}
			drawing, err := a.draw(cmd.Context(), args, f, format)
			if err != nil {
				return err
			}
			return a.putDrawing(f.out, format, drawing)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.execution, "execution", "", "show the way that this execution took")
	flags.StringVar(&f.format, "format", "", "svg, mermaid or dot (default: as the name of the file says, else svg)")
	flags.StringVarP(&f.out, "output", "o", "", "write the drawing to this file")
	return cmd
}

// chosen is the format that the flags ask for.
func (f graphFlags) chosen() (graph.Format, error) {
	if f.format == "" {
		if format := graph.FormatOf(f.out); format != "" {
			return format, nil
		}
		return graph.SVG, nil
	}
	if !slices.Contains(graph.Formats(), graph.Format(f.format)) {
		return "", fmt.Errorf("unknown format %q (one of svg, mermaid, dot)", f.format)
	}
	return graph.Format(f.format), nil
}

// draw makes the drawing. A file with a state machine needs no lake.
func (a *app) draw(ctx context.Context, args []string, f graphFlags, format graph.Format) (drawing string, err error) {
	switch {
	case len(args) == 1 && f.execution != "":
		return "", usageError{errors.New("an execution is drawn from the definition it ran: give --execution or FILE, not both")}
	case len(args) == 1:
		text, err := a.readMachine(args[0])
		if err != nil {
			return "", err
		}
		return drawDefinition(text, format, graph.Options{Title: machineNameOf(args[0])})
	case f.execution == "":
		err = a.withHome(ctx, func(h *home.Home) error {
			text, err := h.Definition()
			if err == nil {
				drawing, err = drawDefinition(text, format, graph.Options{Title: h.Config.Workflow.Name})
			}
			return err
		})
		return drawing, err
	}
	err = a.withExecutions(ctx, func(e executions) error {
		x, err := findExecution(ctx, e, f.execution)
		if err != nil {
			return err
		}
		o := graph.Options{Title: x.Machine.Name, Execution: &graph.Execution{
			Name: x.Name, Status: x.Status, Start: x.Started, Stop: x.Stopped, Now: a.now(),
		}}
		if o.Execution.Histories, err = histories(ctx, e, x.ARN); err != nil {
			return err
		}
		drawing, err = drawDefinition([]byte(x.Machine.Definition), format, o)
		return err
	})
	return drawing, err
}

func drawDefinition(text []byte, f graph.Format, o graph.Options) (string, error) {
	m, err := asl.Parse(text)
	if err != nil {
		return "", usageError{&lake.Error{
			Code: lake.WorkflowInvalid, Message: err.Error(), Hint: "see all of it: wplake workflow validate FILE",
		}}
	}
	return graph.Draw(m, f, o)
}

// mostHistories bounds how many items of distributed Maps a drawing counts.
const mostHistories = 200

// histories reads the history of an execution, and of the items of its
// distributed Maps.
func histories(ctx context.Context, e executions, arn string) ([][]asl.Event, error) {
	events, err := allEvents(ctx, e, arn)
	if err != nil {
		return nil, err
	}
	all := [][]asl.Event{events}
	runs, err := e.MapRuns(ctx, arn)
	if err != nil {
		return nil, refusal(err)
	}
	for _, run := range runs {
		children, _, err := e.List(ctx, workflow.Filter{MapRun: run.ARN, Limit: mostHistories})
		if err != nil {
			return nil, err
		}
		for _, child := range children {
			if len(all) > mostHistories {
				return all, nil
			}
			events, err := allEvents(ctx, e, child.ARN)
			if err != nil {
				return nil, err
			}
			all = append(all, events)
		}
	}
	return all, nil
}

// putDrawing writes a drawing to a file, whole or not at all, or to standard
// output.
func (a *app) putDrawing(path string, format graph.Format, drawing string) error {
	switch {
	case path != "":
		if err := writeText(path, drawing); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(map[string]any{"file": path, "format": format})
		}
		if !a.quiet {
			fmt.Fprintln(a.stderr, "Wrote", path)
		}
		return nil
	case a.json:
		return a.printJSON(map[string]any{"format": format, "drawing": drawing})
	}
	_, err := io.WriteString(a.stdout, drawing)
	return err
}
