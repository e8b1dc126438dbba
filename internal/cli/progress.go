package cli

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"wplake/internal/lake"
	"wplake/internal/pipeline"
)

// progress shows how a run goes: a line an object when it is done and, on a
// terminal, one line that tells what is under way. Its methods may be called
// concurrently.
type progress struct {
	a    *app
	live bool // standard error is a terminal

	mu    sync.Mutex
	told  []string  // objects of the present stage that had their line
	shown bool      // a live line is on the screen
	last  time.Time // when it was drawn
}

func (a *app) newProgress() *progress {
	f, ok := a.stderr.(*os.File)
	return &progress{a: a, live: ok && term.IsTerminal(int(f.Fd())) && !a.quiet}
}

// event takes note of an event.
func (p *progress) event(e pipeline.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case e.Done != nil:
		p.erase()
		if !p.a.json && !p.a.quiet {
			// What was asked for and is not there was nobody's work.
			for _, r := range e.Done.Objects {
				if !slices.Contains(p.told, r.Object) && worthALine(e.Stage, r) {
					p.a.printObject(e.Stage, r)
				}
			}
			p.a.printStage(*e.Done)
		}
		p.told = nil
	case e.Report != nil:
		p.erase()
		p.told = append(p.told, e.Report.Object)
		if !p.a.json && !p.a.quiet && worthALine(e.Stage, *e.Report) {
			p.a.printObject(e.Stage, *e.Report)
		}
	case p.live:
		// Ten times a second is enough for the eye; a stage that begins is
		// shown at once, since some of its work has no steps to tell of.
		if now := p.a.now(); e.Object == "" || now.Sub(p.last) > 100*time.Millisecond {
			p.last = now
			p.erase()
			fmt.Fprint(p.a.stderr, snip(underWay(e), p.width()))
			p.shown = true
		}
	}
}

// width is how many characters fit into the live line. A longer one would wrap,
// and could not be taken away again.
func (p *progress) width() int {
	if f, ok := p.a.stderr.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 1 {
			return columns - 1
		}
	}
	return 79
}

// worthALine reports whether an object gets a line of its own. A crawl repeats
// what the stage before it has said of each object, so only what it finds
// itself is worth one.
func worthALine(stage string, r lake.ObjectReport) bool {
	return !strings.HasPrefix(stage, "crawl-") || r.Status == lake.StatusFailed || len(r.Warnings) > 0
}

// underWay says how far an object is, or that a stage has begun.
func underWay(e pipeline.Event) string {
	if e.Object == "" {
		return fmt.Sprintf("%-12s under way", e.Stage)
	}
	text := fmt.Sprintf("%-12s %-20s %s", e.Stage, e.Object, bytesText(e.Bytes))
	if e.Total > 0 {
		text += fmt.Sprintf(" of %s (%d %%)", bytesText(e.Total), 100*e.Bytes/e.Total)
	}
	return text
}

// clear takes the live line away.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *progress) erase() {
	if p.shown {
		fmt.Fprint(p.a.stderr, "\r\x1b[K")
		p.shown = false
	}
}

// printObject prints one line about an object that is done.
func (a *app) printObject(stage string, r lake.ObjectReport) {
	line := fmt.Sprintf("%-12s %-20s ", stage, r.Object)
	switch {
	case r.Error != nil && r.Error.Code == lake.Interrupted:
		line += a.color(yellow, "interrupted")
	case r.Status == lake.StatusFailed && r.Error != nil:
		line += a.color(red, "failed") + "  " + string(r.Error.Code)
	case r.Unchanged:
		line += "unchanged  " + rowsText(r.Rows)
	case r.Status == lake.StatusSkipped:
		line += "skipped"
	default:
		line += rowsText(r.Rows) + ", " + columnsText(r.Columns)
		if r.Bytes > 0 {
			line += ", " + bytesText(r.Bytes)
		}
		line += fmt.Sprintf(", %s", durationText(r.DurationMS))
	}
	if r.Rejected > 0 {
		line += a.color(yellow, fmt.Sprintf(", %d rejected", r.Rejected))
	}
	fmt.Fprintln(a.stdout, line)
	for _, w := range r.Warnings {
		fmt.Fprintf(a.stdout, "%-12s %-20s %s\n", "", "", a.color(yellow, "note: "+clean(w)))
	}
}

// printStage prints the line that sums a stage up.
func (a *app) printStage(s lake.StageReport) {
	line := fmt.Sprintf("%-12s %s in %s", s.Stage, score(s), durationText(s.DurationMS))
	if s.Failed > 0 {
		line = a.color(red, line)
	} else {
		line = a.color(green, line)
	}
	fmt.Fprintln(a.stdout, line)
}

// score is the reference pipeline's sum of a stage.
func score(s lake.StageReport) string {
	if s.Succeeded == 0 && s.Failed == 0 && len(s.Objects) == 0 && s.Error == nil {
		return "done" // a crawler, or a job, that tells nothing of objects
	}
	text := fmt.Sprintf("%d Successful | %d Failed", s.Succeeded, s.Failed)
	if n := s.Unchanged(); n > 0 {
		text += fmt.Sprintf(" (%d unchanged)", n)
	}
	return text
}

// printOutcome repeats what failed, with the remedy, and ends with one line
// about the run.
func (a *app) printOutcome(r lake.RunReport, interrupted bool) {
	if r.Status == lake.StatusRunSucceeded && !interrupted {
		if !a.quiet {
			fmt.Fprintf(a.stdout, "\nRun %s: %s in %s\n", r.RunID, a.color(green, string(r.Status)), durationText(r.DurationMS))
		}
		return
	}
	out := a.stdout
	if a.quiet {
		out = a.stderr
	}
	if problems := a.problems(r); problems != "" {
		fmt.Fprintf(out, "\nWhat failed:\n%s", problems)
	}
	if interrupted {
		fmt.Fprintf(out, "\nRun %s: %s after %s; what was finished is kept, the next run does the rest\n",
			r.RunID, a.color(yellow, "interrupted"), durationText(r.DurationMS))
		return
	}
	fmt.Fprintf(out, "\nRun %s: %s in %s\n", r.RunID, a.color(red, string(r.Status)), durationText(r.DurationMS))
}

// problems tells what failed by itself, each with its cause and remedy. What
// was interrupted did not fail.
func (a *app) problems(r lake.RunReport) string {
	var b strings.Builder
	add := func(where string, p *lake.Problem) {
		if p == nil || p.Code == lake.Interrupted {
			return
		}
		fmt.Fprintf(&b, "  %s  %s\n", where, a.color(red, string(p.Code)))
		for _, text := range []string{p.Message, p.Hint} {
			if text != "" {
				fmt.Fprintf(&b, "      %s\n", strings.ReplaceAll(clean(text), "\n", "\n      "))
			}
		}
	}
	for _, s := range r.Stages {
		add(s.Stage, s.Error)
		for _, o := range s.Objects {
			add(s.Stage+" "+o.Object, o.Error)
		}
	}
	if b.Len() == 0 { // else its error is that these failed
		add("workflow", r.Error)
	}
	return b.String()
}

// columnsText is a number of columns.
func columnsText(n int) string {
	if n == 1 {
		return "1 column"
	}
	return groupDigits(int64(n)) + " columns"
}
