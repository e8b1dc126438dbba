package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
)

// logInterval is how often new lines are looked for.
const logInterval = 250 * time.Millisecond

// logFlags are the flags of logs.
type logFlags struct {
	follow bool
	lines  int
	level  string
	since  time.Duration
}

// logSource is where lines are read from, with the run that they are of, ""
// for all.
type logSource struct {
	run   string
	lines iter.Seq2[home.LogLine, error]
	// follow goes on with new lines until caughtUp returns false.
	follow func(caughtUp func() bool) iter.Seq2[home.LogLine, error]
	// over tells whether the run has ended and all of it was read; nil where a
	// line tells.
	over func() bool
}

func (a *app) logsCommand() *cobra.Command {
	var f logFlags
	cmd := &cobra.Command{
		Use:   "logs [RUN]",
		Short: "Show what the lake logged",
		Long: `Shows the lines of the lake's log, <root>/.wplake/wplake.log, oldest first; with RUN
those of one run or execution. RUN is its id, the beginning of one where only one
begins so, or "last".

With --follow new lines are shown as they are written. Following a RUN ends when the
run has ended; if Ctrl-C ends it sooner the exit status is 3. Following the whole log
goes on until Ctrl-C, which is its ordinary end (exit status 0).

The log is at most two files of 10 MiB: a full one is put aside as wplake.log.1 in
place of the one before.

With --home aws it is what the deployed functions and state machines logged to
CloudWatch Logs: of a RUN all, of the whole log what was logged in the last day unless
--since asks for more. source is the function or the machine; Lambda's own lines START
and REPORT tell time and memory.`,
		Example: `  wplake logs -n 50
  wplake logs last --level warn
  wplake logs --follow 20260801T070000
  wplake logs last --home aws --level info
  wplake logs --home aws --since 1h -f
  wplake logs last --json | jq -r '.lines[] | select(.level == "ERROR").message'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			least, err := f.check()
			if err != nil {
				return usageError{err}
			}
			run := append(args, "")[0]
			if a.onAWS() {
				return a.withExecutionsAt(cmd.Context(), func(h *home.Home, e executions) error {
					source, err := a.deployedLogs(cmd.Context(), h, e, run, f)
					if err != nil {
						return err
					}
					return a.logs(cmd.Context(), source, f, least)
				})
			}
			root, err := a.lakeRoot()
			if err != nil {
				return err
			}
			source, err := a.localLogs(cmd.Context(), home.NewLogs(root), run)
			if err != nil {
				return err
			}
			return a.logs(cmd.Context(), source, f, least)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.follow, "follow", "f", false, "go on with new lines as they are written")
	flags.IntVarP(&f.lines, "lines", "n", 0, "begin with so many of the newest lines (default: all of RUN; 100 of the whole log)")
	flags.DurationVar(&f.since, "since", 0, "only lines of the last so long, e.g. 2h (default: all; with --home aws 24h of the whole log)")
	flags.StringVar(&f.level, "level", "debug", "only lines of this level and above: debug, info, warn, error")
	return cmd
}

func (f logFlags) check() (slog.Level, error) {
	var least slog.Level
	switch strings.ToLower(f.level) {
	case "debug", "info", "warn", "error":
		if err := least.UnmarshalText([]byte(f.level)); err != nil {
			return least, err
		}
	default:
		return least, fmt.Errorf("unknown level %q (one of debug, info, warn, error)", f.level)
	}
	if f.lines < 0 {
		return least, fmt.Errorf("--lines is %d; give a number of lines", f.lines)
	}
	if f.since < 0 {
		return least, fmt.Errorf("--since is %s; give how long ago, such as 2h", f.since)
	}
	return least, nil
}

// lakeRoot is the lake's folder, without opening what is in it.
func (a *app) lakeRoot() (string, error) {
	if a.root != "" {
		root, err := filepath.Abs(a.root)
		if err != nil {
			return "", usageError{err}
		}
		return root, nil
	}
	c, file, err := a.loadConfig()
	if err != nil {
		return "", err
	}
	return file.Abs(c.Root), nil
}

// localLogs is the lake's own log, of the run that a person means, "" for all.
func (a *app) localLogs(ctx context.Context, logs home.Logs, given string) (s logSource, err error) {
	if given != "" {
		if s.run, err = findRun(logs, given); err != nil {
			return s, err
		}
	}
	s.lines = logs.Lines()
	s.follow = func(caughtUp func() bool) iter.Seq2[home.LogLine, error] {
		return logs.Follow(ctx, logInterval, caughtUp)
	}
	return s, nil
}

// logs prints the lines of a source.
func (a *app) logs(ctx context.Context, s logSource, f logFlags, least slog.Level) (err error) {
	run := s.run
	var since time.Time
	if f.since > 0 {
		since = a.now().Add(-f.since)
	}
	most := f.lines
	if most == 0 && run == "" {
		most = 100
	}
	p := logPrinter{a: a, run: run, most: most, held: true}
	ended := false
	lines := s.lines
	if f.follow {
		lines = s.follow(func() bool {
			p.release()
			ended = ended || s.over != nil && s.over()
			return !ended && p.err == nil
		})
	}
	err = eachLine(lines, func(l home.LogLine) bool {
		if run != "" && s.over == nil && l.Run() != run {
			return true
		}
		ended = run != "" && s.over == nil && l.Ends() // unless it goes on: a redrive logs further lines
		if l.Level >= least && (since.IsZero() || !l.Time.Before(since)) {
			p.take(l)
		}
		return p.err == nil
	})
	p.release()
	p.close()
	switch {
	case err != nil:
		return err
	case p.err != nil:
		return p.err
	case f.follow && run != "" && !ended && ctx.Err() != nil:
		return exitError(exitInterrupted)
	case !p.printed && !a.json:
		fmt.Fprintln(a.stderr, "There is no such line in the log.")
	}
	return nil
}

func eachLine(lines iter.Seq2[home.LogLine, error], do func(home.LogLine) bool) error {
	for l, err := range lines {
		if err != nil {
			return err
		}
		if !do(l) {
			return nil
		}
	}
	return nil
}

// findRun finds the run that a person means among those in the log.
func findRun(logs home.Logs, given string) (string, error) {
	last, exact := "", false
	begin := map[string]bool{}
	var names []string
	err := eachLine(logs.Lines(), func(l home.LogLine) bool {
		run := l.Run()
		if run == "" {
			return true
		}
		last = run
		exact = exact || run == given
		if strings.HasPrefix(run, given) && !begin[run] && len(names) <= mostCandidates {
			begin[run] = true
			names = append(names, run)
		}
		return true
	})
	switch {
	case err != nil:
		return "", err
	case exact:
		return given, nil
	case given == "last" && last != "":
		return last, nil
	case len(names) == 1:
		return names[0], nil
	case len(names) > 1:
		if len(names) > mostCandidates {
			names[mostCandidates] = "…"
		}
		return "", usageError{&lake.Error{
			Code: lake.ObjectMissing, Message: fmt.Sprintf("%q may be any of %s", given, strings.Join(names, ", ")), Hint: "give more of the id",
		}}
	}
	return "", usageError{&lake.Error{
		Code: lake.ObjectMissing, Message: fmt.Sprintf("the log has no line of a run %q", given),
		Hint: "it holds the newest 10 to 20 MiB; `wplake workflow list` shows the executions that there are",
	}}
}

// logPrinter prints lines: the newest of those that there are, then each as it
// comes.
type logPrinter struct {
	a       *app
	run     string
	most    int // of the first lines, 0 for all
	held    bool
	kept    []home.LogLine // a ring when it has most lines
	next    int
	printed bool
	err     error
}

func (p *logPrinter) take(l home.LogLine) {
	switch {
	case !p.held || p.most == 0:
		p.print(l)
	case len(p.kept) < p.most:
		p.kept = append(p.kept, l)
	default:
		p.kept[p.next] = l
		p.next = (p.next + 1) % p.most
	}
}

// release prints what was held back.
func (p *logPrinter) release() {
	if !p.held {
		return
	}
	p.held = false
	for i := range p.kept {
		p.print(p.kept[(p.next+i)%len(p.kept)])
	}
	p.kept = nil
}

func (p *logPrinter) print(l home.LogLine) {
	if p.err != nil {
		return
	}
	text := p.a.logText(l, p.run)
	if p.a.json {
		before := ",\n  "
		if !p.printed {
			before = "{\"lines\": [\n  "
		}
		document, err := json.Marshal(logDocument(l))
		if err != nil {
			p.err = err
			return
		}
		text = before + string(document)
	}
	p.printed = true
	_, p.err = io.WriteString(p.a.stdout, text)
}

// close ends the document of --json.
func (p *logPrinter) close() {
	if !p.a.json {
		return
	}
	end := "\n]}\n"
	if !p.printed {
		end = "{\"lines\": []}\n"
	}
	_, err := io.WriteString(p.a.stdout, end)
	p.err = errors.Join(p.err, err)
}

// logDocument is a line as --json prints it.
func logDocument(l home.LogLine) any {
	fields := make(map[string]string, len(l.Fields))
	for _, f := range l.Fields {
		fields[f.Key] = f.Value
	}
	return struct {
		Time    time.Time         `json:"time,omitzero"`
		Level   string            `json:"level"`
		Run     string            `json:"run,omitempty"`
		Message string            `json:"message"`
		Fields  map[string]string `json:"fields"`
	}{l.Time, l.Level.String(), l.Run(), l.Message, fields}
}

// logText is a line for a person. The run is left out where all are of it.
func (a *app) logText(l home.LogLine, run string) string {
	if l.Time.IsZero() {
		return clean(l.Text) + "\n"
	}
	var b strings.Builder
	b.WriteString(a.color(dim, l.Time.Local().Format("2006-01-02 15:04:05.000")))
	level := fmt.Sprintf(" %-5s ", l.Level)
	switch {
	case l.Level >= slog.LevelError:
		level = a.color(red, level)
	case l.Level >= slog.LevelWarn:
		level = a.color(yellow, level)
	}
	b.WriteString(level + oneLine(l.Message))
	for _, f := range l.Fields {
		if f.Key == "run" && f.Value == run {
			continue
		}
		value := oneLine(f.Value)
		if strings.ContainsAny(value, " =") || value == "" {
			value = `"` + value + `"`
		}
		b.WriteString("  " + a.color(dim, oneLine(f.Key)+"=") + value)
	}
	return b.String() + "\n"
}
