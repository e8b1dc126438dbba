package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/reeflective/readline"
	"github.com/spf13/cobra"

	"wplake/internal/engine"
	"wplake/internal/home"
	"wplake/internal/lake"
)

func (a *app) shellCommand() *cobra.Command {
	format, limit := formatTable, defaultLimit
	cmd := &cobra.Command{
		Use:   "shell",
		Short: "Ask questions in SQL, one after the other",
		Long: `Begins a session: statements end with a semicolon and may have several lines;
Tab completes keywords, tables and columns; Ctrl-C stops a query, Ctrl-D ends
the session. What was typed is kept in .wplake/shell_history of the lake's
folder, which only its owner can read. .help lists the shell's own commands.

A session sees the tables as they were when it began, whatever runs meanwhile;
.refresh shows them as they are now. What statements can do is what ` + "`wplake query`" + `
allows.

When standard input is no terminal the statements are read from it and run one
after the other, until one fails.`,
		Example: `  wplake shell
  wplake shell --format csv < questions.sql`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case a.json:
				return usageError{errors.New("a session has many results, so --json cannot be one document: use --format json or jsonl, or `wplake query --json`")}
			case limit < 0:
				return usageError{errors.New("--limit is 0 or more")}
			}
			s := &session{app: a, out: a.stdout, screen: a.screen(limit), format: formatTable}
			if err := s.setFormat(cmd.Context(), format); err != nil {
				return err
			}
			return a.shell(cmd.Context(), s)
		},
	}
	cmd.Flags().StringVar(&format, "format", formatTable, "show results as "+strings.Join(shellFormats(), ", "))
	cmd.Flags().IntVar(&limit, "limit", defaultLimit, "how many rows a table shows at most; 0: all")
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(shellFormats(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func (a *app) shell(ctx context.Context, s *session) error {
	return a.withHome(ctx, func(h *home.Home) (err error) {
		s.open = func(ctx context.Context) (engine.Reader, error) { return h.Reader(ctx) }
		if err := s.refresh(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.close()) }()
		if !isTerminal(a.stdin) || !isTerminal(a.stdout) {
			return s.script(ctx, a.stdin)
		}
		if !a.quiet {
			fmt.Fprintln(a.stdout, "End a statement with a semicolon. .tables lists the tables, .help what else there is.")
		}
		return a.interact(ctx, s, filepath.Join(h.State, "shell_history"))
	})
}

// interact reads what a person types and runs it, until the end.
func (a *app) interact(ctx context.Context, s *session, historyPath string) error {
	// Ctrl-C ends a query, not the session: what ended the command's context is
	// not asked here. A termination does end the session, also while it waits
	// for input.
	ctx, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	editor := a.newEditor(s, historyPath)
	defer context.AfterFunc(ctx, func() {
		editor.Keys.Feed(false, '\x03') // as if Ctrl-C were typed
		editor.Keys.RequestRefresh()
	})()
	for !s.done {
		text, err := editor.Readline()
		switch {
		case ctx.Err() != nil:
			return &lake.Error{Code: lake.Interrupted, Message: "the session was ended"}
		case errors.Is(err, readline.ErrInterrupt):
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("the terminal could not be read: %w", err)
		}
		a.runInput(ctx, s, text)
	}
	return nil
}

// runInput runs what was typed and shows what went wrong.
func (a *app) runInput(ctx context.Context, s *session, text string) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	if err := s.input(ctx, text); err != nil {
		a.printError(err)
	}
}

// newEditor sets up the line editor.
func (a *app) newEditor(s *session, historyPath string) *readline.Shell {
	editor := readline.NewShell()
	editor.Prompt.Primary(func() string { return "wplake> " })
	editor.Prompt.Secondary(func() string { return "     -> " })
	editor.AcceptMultiline = func(line []rune) bool { return isComplete(string(line)) }
	_ = editor.Config.Set("completion-ignore-case", true) // else only names in the case that was typed are completed
	editor.Completer = func(line []rune, cursor int) readline.Completions {
		prefix, candidates := s.names.complete(string(line[:cursor]))
		c := readline.CompleteValues(candidates...)
		c.PREFIX = prefix
		return c
	}
	history, err := openHistory(historyPath)
	if err != nil {
		a.printError(fmt.Errorf("what was typed before is not to be had: %w", err))
		return editor
	}
	editor.History.Add("wplake", history)
	return editor
}
