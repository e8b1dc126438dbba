package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wplake/internal/asl"
)

// Result is what became of one test.
type Result struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Name   string `json:"name"`
	Passed bool   `json:"passed"`
	// Failures tell what is not as expected, a line or more each.
	Failures []string `json:"failures"`
	Status   string   `json:"status"`
	Output   any      `json:"output,omitempty"`
	Error    *string  `json:"error,omitempty"`
	Cause    *string  `json:"cause,omitempty"`
	Path     []any    `json:"path"`
	Calls    []Made   `json:"calls"`
	// Seconds is how long the execution took on its clock.
	Seconds float64 `json:"seconds"`
}

// defaultStart is when executions start that do not say.
func defaultStart() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// Check tells what a file says about a machine that it does not have: mocks and
// expectations of states that are not there. The error is a *FaultsError.
func Check(f *File, m *asl.Machine) error {
	var faults []Problem
	check := func(mocks Mocks) {
		for name, s := range mocks {
			if name == "*" {
				continue
			}
			state, _, ok := m.Find(name)
			switch {
			case !ok:
				faults = append(faults, Problem{s.Line, s.Column, fmt.Sprintf("the machine has no state %q to mock", name)})
			case s.HasRead && !state.HasReader():
				faults = append(faults, Problem{s.Line, s.Column, fmt.Sprintf("%q has no ItemReader: 'read' mocks nothing", name)})
			case !s.HasRead && state.Type != asl.Task:
				faults = append(faults, Problem{s.Line, s.Column, fmt.Sprintf("%q is a %s, which calls nothing: only a Task has a result to mock", name, state.Type)})
			}
		}
	}
	check(f.Mocks)
	for _, t := range f.Tests {
		check(t.Mocks)
		if t.StartAt != "" && m.States[t.StartAt] == nil {
			faults = append(faults, Problem{t.Line, 1, fmt.Sprintf("the machine has no state %q to start at", t.StartAt)})
		}
		for _, c := range t.Expect.Calls {
			if state, _, ok := m.Find(c.State); c.State != "" && (!ok || state.Type != asl.Task) {
				faults = append(faults, Problem{c.Line, 1, fmt.Sprintf("the machine has no Task %q that could call", c.State)})
			}
		}
	}
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b Problem) int { return a.Line - b.Line })
	return &FaultsError{File: f.Name, List: faults}
}

// Run plays the tests of a file, one after the other, and notes in c what they
// reach. The error is that of ctx.
func Run(ctx context.Context, f *File, c *Covering) ([]Result, error) {
	var out []Result
	for i := range f.Tests {
		r, err := runTest(ctx, f, &f.Tests[i], c)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

func runTest(ctx context.Context, f *File, t *Test, c *Covering) (Result, error) {
	r := Result{File: f.Name, Line: t.Line, Name: t.Name, Failures: []string{}}
	start := defaultStart()
	for _, given := range []time.Time{f.Start, t.Start} {
		if !given.IsZero() {
			start = given
		}
	}
	p := &play{machine: c.machine, mocks: []Mocks{t.Mocks, f.Mocks}, now: start, start: start, used: map[string]int{}, tracks: newTracks(c.seen)}
	p.x = asl.NewExecution(c.machine, asl.Info{
		ID:   "arn:aws:states:us-east-1:123456789012:execution:test:test",
		Name: "test", RoleARN: "arn:aws:iam::123456789012:role/test", MachineName: "test",
		MachineID: "arn:aws:states:us-east-1:123456789012:stateMachine:test", Input: t.Input, StartTime: start,
	}, nil)
	p.x.Observe(p.tracks.observe)
	if err := p.x.Begin(t.StartAt, t.Variables, t.Context); err != nil {
		r.Failures = append(r.Failures, err.Error())
		return r, nil
	}
	outcome, err := p.run(ctx)
	var stuck *unmocked
	if err != nil && !errors.As(err, &stuck) {
		return r, err
	}
	r.Status, r.Error, r.Cause = string(outcome.Status), outcome.Error, outcome.Cause
	if outcome.Status == asl.Succeeded {
		r.Output = outcome.Output
	}
	r.Path, r.Calls, r.Seconds = p.tracks.root.value(), p.calls, p.now.Sub(start).Seconds()
	if r.Calls == nil {
		r.Calls = []Made{}
	}
	if stuck != nil {
		r.Failures = append(r.Failures, stuck.text)
	} else {
		r.Failures = append(r.Failures, unmet(&t.Expect, &r, p.tracks.root)...)
	}
	r.Passed = len(r.Failures) == 0
	return r, nil
}

// unmet tells which expectations are not met.
func unmet(e *Expect, r *Result, way *track) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if e.Status != r.Status {
		add("status: want %s, got %s%s", e.Status, r.Status, because(r))
	}
	if e.Output != nil {
		out = append(out, differences("output", *e.Output, r.Output, false)...)
	}
	if e.OutputHas != nil {
		out = append(out, differences("output", *e.OutputHas, r.Output, true)...)
	}
	if e.Error != nil && !is(r.Error, *e.Error) {
		add("error: want %q, got %s", *e.Error, quoted(r.Error))
	}
	if e.Cause != nil && !is(r.Cause, *e.Cause) {
		add("cause: want %q, got %s", *e.Cause, quoted(r.Cause))
	}
	if e.CauseHas != nil && (r.Cause == nil || !strings.Contains(*r.Cause, *e.CauseHas)) {
		add("cause: want one with %q, got %s", *e.CauseHas, quoted(r.Cause))
	}
	if e.HasPath && !way.follows(e.Path) {
		add("path: want %s\n      got  %s", asl.Text(passageValue(e.Path)), asl.Text(way.value()))
	}
	for i := range e.Calls {
		out = append(out, e.Calls[i].unmet(r.Calls)...)
	}
	if e.Duration != nil {
		if got := time.Duration(r.Seconds * float64(time.Second)).Round(time.Millisecond); got != e.Duration.Round(time.Millisecond) {
			add("duration: want %s, got %s", *e.Duration, got)
		}
	}
	return out
}

func because(r *Result) string {
	if r.Error == nil && r.Cause == nil {
		return ""
	}
	return fmt.Sprintf(" (%s: %s)", quoted(r.Error), quoted(r.Cause))
}

func is(got *string, want string) bool { return got != nil && *got == want }

func quoted(s *string) string {
	if s == nil {
		return "none"
	}
	return fmt.Sprintf("%q", *s)
}

// unmet tells what is wrong with the calls that were made; of near misses it
// tells the differences.
func (c *Call) unmet(made []Made) []string {
	found := 0
	var near []string
	for i := range made {
		m := &made[i]
		if c.State != "" && c.State != m.State || c.Resource != "" && c.Resource != m.Resource {
			continue
		}
		var diffs []string
		if c.Arguments != nil {
			diffs = differences("arguments", *c.Arguments, m.Arguments, false)
		}
		if c.ArgumentsHas != nil {
			diffs = append(diffs, differences("arguments", *c.ArgumentsHas, m.Arguments, true)...)
		}
		if len(diffs) == 0 {
			found++
		} else if near == nil {
			near = diffs
		}
	}
	what := "calls"
	if c.State != "" {
		what += " of " + c.State
	}
	if c.Resource != "" {
		what += " to " + c.Resource
	}
	if c.Arguments != nil || c.ArgumentsHas != nil {
		what += " with such arguments"
	}
	switch {
	case c.Count != nil && *c.Count != found:
		out := []string{fmt.Sprintf("%s: want %d, got %d (line %d)", what, *c.Count, found, c.Line)}
		return append(out, near...)
	case c.Count == nil && found == 0:
		return append([]string{fmt.Sprintf("%s: want some, got none (line %d)", what, c.Line)}, near...)
	}
	return nil
}
