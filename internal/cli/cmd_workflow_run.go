package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
	"wplake/internal/home"
	"wplake/internal/workflow"
)

func (a *app) workflowRunCommand() *cobra.Command {
	var input, name string
	var express bool
	cmd := &cobra.Command{
		Use:   "run [FILE|-]",
		Short: "Run a state machine on this machine and wait for its end",
		Long: `Runs the state machine in FILE, or the lake's workflow, as one execution in this
process. Tasks call what this home has: the stage functions, jobs and crawlers, the
lake's buckets, parameters and topics, queries, and the commands of the definition.
A resource that this home does not know is told before the first state runs.

The execution is durable: when the process dies, "wplake workflow resume" or the
server goes on with it where it was. Ctrl-C stops it (exit status 3). The output
is printed; the exit status is 1 when the execution did not succeed.

"wplake run" runs the lake's workflow too, and reports the stages and objects.`,
		Example: `  wplake workflow run
  wplake workflow run machine.asl.json --input '{"objects": ["posts"]}'
  wplake workflow run machine.asl.json --input @event.json --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := a.jsonArgument("--input", input)
			if err != nil {
				return err
			}
			r := home.StartRequest{Name: name, Input: in, Express: express}
			if len(args) == 1 {
				if r.Definition, err = a.readMachine(args[0]); err != nil {
					return err
				}
				r.MachineName = machineNameOf(args[0])
			}
			return a.workflowRun(cmd.Context(), r)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&input, "input", "{}", "the execution's input: JSON, @FILE, or @- for standard input")
	flags.StringVar(&name, "name", "", "the execution's name (default: made up)")
	flags.BoolVar(&express, "express", false, "run it as an Express workflow: in memory, not resumed after a kill")
	return cmd
}

func (a *app) workflowResumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Go on with executions whose process died",
		Long: `Adopts every execution whose process has died, goes on with it where it was, and
waits until all of them have ended. "wplake serve" does the same when it starts.

A task that was in flight when the process died is called again, or fails, as
workflow.interrupted says.`,
		Example: `  wplake workflow resume`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.workflowResume(cmd.Context())
		},
	}
}

func (a *app) workflowRun(ctx context.Context, r home.StartRequest) error {
	return a.withWorkflow(ctx, func(w *home.Workflow) error {
		x, err := w.Run(ctx, r)
		if x.ARN == "" {
			return refusal(err)
		}
		return a.ended(ctx, []workflow.Execution{x}, err, true)
	})
}

func (a *app) workflowResume(ctx context.Context) error {
	return a.withWorkflow(ctx, func(w *home.Workflow) error {
		all, err := w.Resume(ctx)
		if err == nil && len(all) == 0 && !a.json {
			fmt.Fprintln(a.stdout, "No execution was interrupted.")
			return nil
		}
		return a.ended(ctx, all, err, false)
	})
}

// ended prints how executions ended, and gives the exit status.
func (a *app) ended(ctx context.Context, all []workflow.Execution, err error, single bool) error {
	failed := err != nil
	documents := make([]map[string]any, len(all))
	for i, x := range all {
		documents[i] = executionDocument(x)
		failed = failed || x.Status != asl.Succeeded
		if !a.json {
			a.printExecution(x)
		}
	}
	if a.json {
		var document any = map[string]any{"executions": documents}
		if single {
			document = documents[0]
		}
		if e := a.printJSON(document); e != nil {
			return errors.Join(err, e)
		}
	}
	if err != nil {
		a.printError(err)
	}
	switch {
	case ctx.Err() != nil:
		return exitError(exitInterrupted)
	case failed:
		return exitError(exitFailed)
	}
	return nil
}

// executionDocument is an execution as --json prints it, with the names that
// DescribeExecution has.
func executionDocument(x workflow.Execution) map[string]any {
	d := map[string]any{
		"executionArn": x.ARN, "stateMachineArn": x.Machine.ARN, "name": x.Name, "status": x.Status,
		"startDate": x.Started, "input": string(x.Input), "redriveCount": x.Redrives,
	}
	if !x.Stopped.IsZero() {
		d["stopDate"] = x.Stopped
	}
	if x.Output != nil {
		d["output"] = string(x.Output)
	}
	if x.Error != nil {
		d["error"] = *x.Error
	}
	if x.Cause != nil {
		d["cause"] = *x.Cause
	}
	return d
}

// printExecution tells of an execution that has ended: its output on standard
// output, all else on standard error.
func (a *app) printExecution(x workflow.Execution) {
	if x.Status == asl.Succeeded {
		fmt.Fprintln(a.stdout, clean(string(x.Output)))
	}
	if a.quiet {
		return
	}
	fmt.Fprintf(a.stderr, "Execution %s: %s in %s\n", x.Name, x.Status, durationText(x.Stopped.Sub(x.Started).Milliseconds()))
	if x.Status == asl.Succeeded {
		return
	}
	for _, part := range []*string{x.Error, x.Cause} {
		if part != nil && *part != "" {
			fmt.Fprintf(a.stderr, "  %s\n", clean(*part))
		}
	}
	fmt.Fprintf(a.stderr, "  see it: wplake workflow show %s\n", x.Name)
}

// jsonArgument reads a flag's JSON: the text itself, @FILE, or @- for standard
// input.
func (a *app) jsonArgument(flag, text string) ([]byte, error) {
	raw := []byte(text)
	if path, ok := strings.CutPrefix(text, "@"); ok {
		var err error
		if path == "-" {
			raw, err = readPayload(a.stdin)
		} else if file, e := os.Open(path); e != nil {
			err = e
		} else {
			raw, err = readPayload(file)
			_ = file.Close()
		}
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", flag, err)}
		}
	}
	if _, err := asl.Decode(raw); err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", flag, err)}
	}
	return raw, nil
}

// readPayload reads what a state's data has room for.
func readPayload(from io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(from, asl.MaxPayload+1))
	if err == nil && len(raw) > asl.MaxPayload {
		err = fmt.Errorf("it is larger than the %d bytes that an input may have", asl.MaxPayload)
	}
	return raw, err
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// machineNameOf names a state machine after its file.
func machineNameOf(path string) string {
	if path == "-" {
		return "machine"
	}
	base := filepath.Base(path)
	base = strings.TrimSuffix(strings.TrimSuffix(base, filepath.Ext(base)), ".asl")
	name := strings.Trim(notInNames.ReplaceAllString(base, "_"), "_")
	if name == "" {
		return "machine"
	}
	return name[:min(len(name), 80)]
}
