// Package cli is the command line: flags in, reports out. A command is a file
// cmd_<verb>.go with one function that builds it.
package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/lake"
)

// Exit statuses.
const (
	exitOK          = 0 // all well
	exitFailed      = 1 // the work was done and something failed
	exitUsage       = 2 // the command, its flags or its configuration are wrong; nothing was touched
	exitInterrupted = 3 // safe to run again
	exitUnable      = 4 // could not run at all
)

// app is what all commands share.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time

	configPath string // --config
	root       string // --root
	home       string // --home
	json       bool   // --json
	quiet      bool   // --quiet
	verbose    bool   // --verbose
	noColor    bool   // --no-color

	mending bool // the command looks at or sets parameters
	started bool // the command line was understood
}

// exitError carries an exit status without a message of its own: the command
// has already said what there is to say.
type exitError int

func (e exitError) Error() string { return "" }

// usageError marks an error as a wrong use of the command (exit status 2).
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Main runs the command line and returns the exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return a.exitStatus(ctx, root.ExecuteContext(ctx))
}

// exitStatus prints err and turns it into an exit status.
func (a *app) exitStatus(ctx context.Context, err error) int {
	if err == nil {
		return exitOK
	}
	if code, ok := errors.AsType[exitError](err); ok {
		return int(code)
	}
	if !a.started { // cobra found the command line wrong
		err = usageError{err}
	}
	a.printError(err)
	if ctx.Err() != nil || lake.HasCode(err, lake.Interrupted) {
		return exitInterrupted
	}
	if _, ok := errors.AsType[usageError](err); ok || lake.HasCode(err, lake.ConfigInvalid) {
		return exitUsage
	}
	switch lake.AsError(err, lake.Internal).Code {
	case lake.QueryInvalid, lake.QueryRefused, lake.WorkflowInvalid, lake.WorkflowRefused:
		return exitUsage
	}
	return exitUnable
}

// rootCommand builds the command tree.
func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "wplake",
		Short:         "A WordPress lakehouse in one binary",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configPath, "config", "c", "", "the lake's definition (default: wplake.yaml here or in a folder above)")
	flags.StringVar(&a.root, "root", "", "the lake's folder, instead of the definition's root")
	a.home = homeLocal
	flags.Var((*homeFlag)(&a.home), "home", "where the lake is: local, or aws (deployed)")
	flags.BoolVar(&a.json, "json", false, "print one JSON document on standard output")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print errors only")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "print what is done, step by step")
	flags.BoolVar(&a.noColor, "no-color", false, "print without colours (NO_COLOR works too)")
	root.PersistentPreRun = func(*cobra.Command, []string) { a.started = true }
	root.AddCommand(
		a.runCommand(),
		a.stageCommand(),
		a.crawlCommand(),
		a.tablesCommand(),
		a.queryCommand(),
		a.shellCommand(),
		a.attachCommand(),
		a.previewCommand(),
		a.workflowCommand(),
		a.scheduleCommand(),
		a.serveCommand(),
		a.initCommand(),
		a.configCommand(),
		a.paramCommand(),
		a.notifyCommand(),
		a.deployCommand(),
		a.iamCommand(),
		a.costCommand(),
		a.doctorCommand(),
		a.logsCommand(),
		a.versionCommand(),
		a.completionCommand(),
	)
	return root
}
