package cli

import (
	"fmt"
	"os"
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
			p.a.printStage(*e.Done)
		}
	case e.Report != nil:
		p.erase()
		if !p.a.json && !p.a.quiet && worthALine(e.Stage, *e.Report) {
			p.a.printObject(e.Stage, *e.Report)
		}
	case p.live && e.Object != "":
		// Ten times a second is enough for the eye.
		if now := p.a.now(); now.Sub(p.last) > 100*time.Millisecond {
			p.last = now
			p.erase()
			fmt.Fprint(p.a.stderr, underWay(e))
			p.shown = true
		}
	}
}

// worthALine reports whether an object gets a line of its own. A crawl repeats
// what the stage before it has said of each object, so only what it finds
// itself is worth one.
func worthALine(stage string, r lake.ObjectReport) bool {
	return !strings.HasPrefix(stage, "crawl-") || r.Status == lake.StatusFailed || len(r.Warnings) > 0
}

// underWay says how far an object is.
func underWay(e pipeline.Event) string {
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
	case r.Status == lake.StatusFailed && r.Error != nil:
		line += a.color(red, "failed") + "  " + string(r.Error.Code)
	case r.Unchanged:
		line += "unchanged  " + rowsText(r.Rows)
	case r.Status == lake.StatusSkipped:
		line += "skipped"
	default:
		line += fmt.Sprintf("%s, %d columns", rowsText(r.Rows), r.Columns)
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
	text := fmt.Sprintf("%d Successful | %d Failed", s.Succeeded, s.Failed)
	if n := s.Unchanged(); n > 0 {
		text += fmt.Sprintf(" (%d unchanged)", n)
	}
	return text
}

// printOutcome repeats what failed, with the remedy, and ends with one line
// about the run.
func (a *app) printOutcome(r lake.RunReport) {
	if r.Status == lake.StatusRunSucceeded {
		if !a.quiet {
			fmt.Fprintf(a.stdout, "\nRun %s: %s in %s\n", r.RunID, a.color(green, string(r.Status)), durationText(r.DurationMS))
		}
		return
	}
	out := a.stdout
	if a.quiet {
		out = a.stderr
	}
	fmt.Fprintln(out, "\nWhat failed:")
	for _, s := range r.Stages {
		if s.Error != nil {
			a.printProblem(s.Stage, "", *s.Error)
		}
		for _, o := range s.Objects {
			if o.Error != nil {
				a.printProblem(s.Stage, o.Object, *o.Error)
			}
		}
	}
	fmt.Fprintf(out, "\nRun %s: %s in %s\n", r.RunID, a.color(red, string(r.Status)), durationText(r.DurationMS))
}

func (a *app) printProblem(stage, object string, p lake.Problem) {
	out := a.stdout
	if a.quiet {
		out = a.stderr
	}
	fmt.Fprintf(out, "  %s %s  %s\n      %s\n", stage, object, a.color(red, string(p.Code)), clean(p.Message))
	if p.Hint != "" {
		fmt.Fprintf(out, "      %s\n", clean(p.Hint))
	}
}
