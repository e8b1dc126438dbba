// Package graph draws state machines: as SVG, with a layout and a renderer of
// its own, and as source for Mermaid and Graphviz. With the history of an
// execution the drawing shows its path, coloured by outcome.
//
// The package is pure, and the same machine always gives the same drawing.
package graph

import (
	"fmt"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow/trace"
)

// Format is a way to draw.
type Format string

// The formats.
const (
	SVG     Format = "svg"
	Mermaid Format = "mermaid"
	DOT     Format = "dot"
)

// Formats lists them.
func Formats() []Format { return []Format{SVG, Mermaid, DOT} }

// FormatOf is the format that a file's name asks for: .svg, .mmd or .mermaid,
// .dot or .gv; "" for any other.
func FormatOf(file string) Format {
	switch {
	case strings.HasSuffix(file, ".svg"):
		return SVG
	case strings.HasSuffix(file, ".mmd"), strings.HasSuffix(file, ".mermaid"):
		return Mermaid
	case strings.HasSuffix(file, ".dot"), strings.HasSuffix(file, ".gv"):
		return DOT
	}
	return ""
}

// Options say what a drawing has beside the machine.
type Options struct {
	Title string // "" for none
	// Execution colours the drawing; nil for the machine alone.
	Execution *Execution
}

// Execution is what a drawing shows of one.
type Execution struct {
	Name   string
	Status asl.Status
	Start  time.Time
	// Stop is zero while it runs; Now then takes its place in durations.
	Stop, Now time.Time
	// Histories hold the execution's events, oldest first, and those of the
	// executions that a distributed Map of it started.
	Histories [][]asl.Event
}

// Draw draws a machine.
func Draw(m *asl.Machine, f Format, o Options) (string, error) {
	p := newPath(m, o.Execution)
	switch f {
	case SVG:
		return drawSVG(m, o, p), nil
	case Mermaid:
		return drawMermaid(m, o, p), nil
	case DOT:
		return drawDOT(m, o, p), nil
	}
	return "", fmt.Errorf("unknown format %q (one of svg, mermaid, dot)", f)
}

// subtitle says in a few words how the execution went.
func (o Options) subtitle() string {
	x := o.Execution
	if x == nil {
		return ""
	}
	text := x.Name + " · " + statusWords(x.Status)
	if !x.Start.IsZero() {
		end := x.Stop
		if end.IsZero() {
			end = x.Now
		}
		text += " · " + durationWords(max(0, end.Sub(x.Start)))
		text += " · " + x.Start.UTC().Format("2006-01-02 15:04 UTC")
	}
	return text
}

func statusWords(s asl.Status) string {
	return strings.ToLower(strings.ReplaceAll(string(s), "_", " "))
}

// durationWords is a time span with two or three digits: 840 ms, 1.2 s, 3 min 5 s.
func durationWords(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// outcome is how the visits of a state stand together; "" for not reached.
type outcome = trace.Status

// passed tells of a state what an execution did there.
type passed struct {
	outcome  outcome
	visits   int
	failed   int // visits that failed or were caught
	tries    int // the most tries of one visit
	duration time.Duration
	err      string
	cause    string
}

// words are the line that a state has under its name.
func (p *passed) words() string {
	var parts []string
	switch p.outcome {
	case trace.Succeeded:
	default:
		parts = append(parts, string(p.outcome))
	}
	if p.visits > 1 {
		text := fmt.Sprintf("%d visits", p.visits)
		if p.failed > 0 && p.failed < p.visits {
			text += fmt.Sprintf(", %d failed", p.failed)
		}
		parts = append(parts, text)
	}
	if p.tries > 1 {
		parts = append(parts, fmt.Sprintf("%d tries", p.tries))
	}
	parts = append(parts, durationWords(p.duration))
	return strings.Join(parts, " · ")
}

// step is an edge of the machine that an execution went.
type step struct {
	from, to string // "" for the beginning or the end of the flow of the other
	caught   bool
}

// path is what an execution did, by state and edge. State names are unique in
// a machine.
type path struct {
	shown  bool // there is an execution
	states map[string]*passed
	steps  map[step]int
}

func newPath(m *asl.Machine, x *Execution) *path {
	p := &path{states: map[string]*passed{}, steps: map[step]int{}}
	if x == nil {
		return p
	}
	p.shown = true
	for _, events := range x.Histories {
		p.add(trace.Of(m, events), x.Now)
	}
	return p
}

// weight orders outcomes: what a person should see first.
func weight(o outcome) int {
	switch o {
	case trace.Running:
		return 6
	case trace.Failed:
		return 5
	case trace.TimedOut:
		return 4
	case trace.Caught:
		return 3
	case trace.Aborted:
		return 2
	case trace.Succeeded:
		return 1
	}
	return 0
}

func (p *path) add(visits []trace.Visit, now time.Time) {
	followed := make([]bool, len(visits))
	for _, v := range visits {
		if v.Next >= 0 {
			followed[v.Next] = true
		}
	}
	for i := range visits {
		v := &visits[i]
		s := p.states[v.State]
		if s == nil {
			s = &passed{}
			p.states[v.State] = s
		}
		s.visits++
		s.tries = max(s.tries, len(v.Tries))
		s.duration += v.Duration(now)
		if v.Status == trace.Failed || v.Status == trace.Caught || v.Status == trace.TimedOut {
			s.failed++
		}
		if weight(v.Status) > weight(s.outcome) {
			s.outcome = v.Status
		}
		if v.Error != nil {
			s.err = *v.Error
			if v.Cause != nil {
				s.cause = *v.Cause
			}
		}
		if !followed[i] {
			p.steps[step{to: v.State}]++
		}
		switch {
		case v.Next >= 0:
			p.steps[step{from: v.State, to: visits[v.Next].State, caught: v.Status == trace.Caught}]++
		case v.Status == trace.Succeeded:
			p.steps[step{from: v.State}]++
		}
	}
}
