package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
	"wplake/internal/workflow/trace"
)

// executionView is what is shown of an execution.
type executionView struct {
	execution  workflow.Execution
	machine    *asl.Machine // nil where the definition cannot be read
	visits     []trace.Visit
	mapRuns    []workflow.MapRun
	redrivable string // why it cannot be redriven, "" where it can
	own        bool   // it ran the lake's workflow
	forsaken   bool   // it has not ended, and its process has died
	there      string // what commands need to be about the same home
	now        time.Time
}

// executionTime is how long an execution took, or takes until now.
func (a *app) executionTime(x workflow.Execution) time.Duration {
	end := x.Stopped
	if end.IsZero() {
		end = a.now()
	}
	return max(0, end.Sub(x.Started))
}

func (a *app) statusText(s asl.Status) string {
	switch s {
	case asl.Succeeded:
		return a.color(green, string(s))
	case asl.Failed, asl.TimedOut:
		return a.color(red, string(s))
	case asl.Aborted:
		return a.color(yellow, string(s))
	}
	return string(s)
}

func (a *app) visitText(s trace.Status) string {
	switch s {
	case trace.Succeeded:
		return a.color(green, string(s))
	case trace.Failed, trace.TimedOut:
		return a.color(red, string(s))
	case trace.Caught, trace.Aborted:
		return a.color(yellow, string(s))
	}
	return string(s)
}

// errorText is an error with the beginning of its cause.
func errorText(name, cause *string) string {
	var parts []string
	for _, s := range []*string{name, cause} {
		if s != nil && *s != "" {
			parts = append(parts, *s)
		}
	}
	return strings.Join(parts, ": ")
}

// causeLines makes a cause readable: of a function's error the message, other
// JSON laid out; other text stays.
func causeLines(cause string) []string {
	var value any
	if text := strings.TrimSpace(cause); strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		if json.Unmarshal([]byte(text), &value) == nil {
			if object, ok := value.(map[string]any); ok {
				if message, ok := object["errorMessage"].(string); ok {
					return strings.Split(clean(message), "\n")
				}
			}
			if pretty, err := json.MarshalIndent(value, "", "  "); err == nil {
				cause = string(pretty)
			}
		}
	}
	return strings.Split(clean(cause), "\n")
}

// pathText says where a visit is: Map[2] for an iteration, counted from 0 as
// histories do, Parallel.2 for a branch, counted from 1.
func pathText(path []trace.Step) string {
	parts := make([]string, len(path))
	for i, s := range path {
		if s.Iteration {
			parts[i] = fmt.Sprintf("%s[%d]", s.State, s.Index)
		} else {
			parts[i] = fmt.Sprintf("%s.%d", s.State, s.Index+1)
		}
	}
	return strings.Join(parts, " › ")
}

// waitsFor says what a visit waits for that has not ended.
func waitsFor(v *trace.Visit, s *asl.State) string {
	switch {
	case v.Status != trace.Running:
		return ""
	case v.Type == asl.Map && v.MapRun != "":
		return "the items of " + v.MapRun
	case v.Type == asl.Map:
		return fmt.Sprintf("its items: %d of %d are done", v.Done, v.Items)
	case v.Type == asl.Parallel:
		return "its branches"
	case v.Type == asl.Wait && s != nil:
		seconds, until := s.Delay()
		if seconds != "" {
			return "its time: " + seconds + " seconds from " + localTime(v.Entered)
		}
		return "its time: " + until
	case v.Type == asl.Wait:
		return "its time"
	case v.Type != asl.Task:
		return "its turn"
	case len(v.Tries) > 0 && v.Tries[len(v.Tries)-1].Error != nil:
		return "the next try, after " + errorText(v.Tries[len(v.Tries)-1].Error, nil)
	case s == nil:
		return "an answer"
	case s.Resource.Kind == asl.ActivityResource:
		return "a worker of the activity " + s.Resource.ARN
	case s.Resource.Pattern == asl.WaitForTaskToken:
		return "its task token to be sent back"
	case s.Resource.Kind == asl.LambdaResource:
		return "the function " + s.Resource.ARN
	}
	return "the answer of " + s.Resource.Service + " " + s.Resource.Call()
}

// states finds the states of a machine by name.
func (v *executionView) states() map[string]*asl.State {
	states := map[string]*asl.State{}
	if v.machine != nil {
		for s := range v.machine.All() {
			states[s.Name] = s
		}
	}
	return states
}

// printExecutionView shows an execution to a person.
func (a *app) printExecutionView(v executionView) {
	x, out := v.execution, a.stdout
	took := "in " + durationText(a.executionTime(x).Milliseconds())
	if x.Status == asl.Running {
		took = "for " + durationText(a.executionTime(x).Milliseconds())
	}
	fmt.Fprintf(out, "%s  %s %s\n", a.color(bold, oneLine(x.Name)), a.statusText(x.Status), took)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(out, "  %-9s %s\n", name, clean(text))
		}
	}
	if v.forsaken {
		line("process", "it has died: `wplake workflow resume` or `wplake serve` goes on where it was")
	}
	line("machine", x.Machine.Name+" ("+string(x.Machine.Type)+")")
	line("started", localTime(x.Started))
	line("input", bytesText(int64(len(x.Input))))
	if x.Output != nil {
		line("output", bytesText(int64(len(x.Output))))
	}
	if x.Redrives > 0 {
		line("redriven", fmt.Sprintf("%s, last %s", timesText(x.Redrives), localTime(x.Redriven)))
	}
	line("parent", x.Parent)
	line("map run", x.MapRun)
	if x.Error != nil {
		line("error", *x.Error)
	}
	if x.Cause != nil && *x.Cause != "" {
		for i, text := range causeLines(*x.Cause) {
			name := "cause"
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(out, "  %-9s %s\n", name, text)
		}
	}
	a.printVisits(v)
	a.printMapRuns(v.mapRuns)
	a.printFailures(v)
}

func (a *app) printVisits(v executionView) {
	if len(v.visits) == 0 {
		return
	}
	fmt.Fprintln(a.stdout)
	states := v.states()
	g := a.newGrid("STATE", "TYPE", "WITHIN", ">TRIES", "STATUS", ">DURATION", "ERROR")
	for i := range v.visits {
		s := &v.visits[i]
		tries, note := "", errorText(s.Error, nil)
		if len(s.Tries) > 1 {
			tries = strconv.Itoa(len(s.Tries))
		}
		if waits := waitsFor(s, states[s.State]); waits != "" {
			note = "waits for " + waits
		}
		g.row(oneLine(s.State), string(s.Type), oneLine(pathText(s.Path)), tries, a.visitText(s.Status),
			durationText(s.Duration(v.now).Milliseconds()), snip(oneLine(note), 80))
	}
	g.print()
}

func (a *app) printMapRuns(runs []workflow.MapRun) {
	if len(runs) == 0 {
		return
	}
	fmt.Fprintln(a.stdout)
	g := a.newGrid("MAP RUN", "STATUS", ">ITEMS", ">SUCCEEDED", ">FAILED", "ARN")
	for _, r := range runs {
		t := r.Items
		g.row(oneLine(r.State), a.statusText(r.Status), groupDigits(t.Total), groupDigits(t.Succeeded), groupDigits(t.Failed), oneLine(r.ARN))
	}
	g.print()
}

// printFailures repeats what failed, with its cause and what can be done.
func (a *app) printFailures(v executionView) {
	out, x := a.stdout, v.execution
	told, inside := 0, v.insideFailures()
	for i, s := range v.visits {
		if s.Error == nil || inside[i] || s.Status != trace.Failed && s.Status != trace.Caught && s.Status != trace.TimedOut {
			continue
		}
		if told == 0 {
			fmt.Fprintf(out, "\n%s\n", a.color(bold, "What failed"))
		}
		if told++; told > mostFailures {
			continue
		}
		within := pathText(s.Path)
		if within != "" {
			within = " (" + within + ")"
		}
		fmt.Fprintf(out, "  %s%s: %s\n", clean(s.State), clean(within), clean(*s.Error))
		if s.Cause != nil && *s.Cause != "" {
			for _, text := range causeLines(*s.Cause) {
				fmt.Fprintf(out, "    %s\n", text)
			}
		}
	}
	if told > mostFailures {
		fmt.Fprintf(out, "  and %d more: --json has them all\n", told-mostFailures)
	}
	if x.Status == asl.Running || x.Status == asl.Succeeded && told == 0 {
		return
	}
	fmt.Fprintln(out)
	switch {
	case v.own && v.endedByFail():
		fmt.Fprintln(out, "Run it again:               wplake run"+v.there)
	case v.redrivable == "" && !v.endedByFail():
		fmt.Fprintf(out, "Go on from where it failed: wplake workflow redrive %s%s\n", oneLine(x.Name), v.there)
	}
	fmt.Fprintf(out, "See what it logged:         wplake logs %s%s\n", oneLine(x.Name), v.there)
}

// timesText is how often something was done.
func timesText(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

// endedByFail tells whether the machine itself chose to fail: to go on from
// there would only fail again.
func (v executionView) endedByFail() bool {
	for _, s := range v.visits {
		if s.Parent < 0 && s.Type == asl.Fail && s.Status == trace.Failed {
			return true
		}
	}
	return false
}

// insideFailures tells the Parallels and Maps that failed with the error of a
// state inside, which is told itself.
func (v executionView) insideFailures() map[int]bool {
	told := map[int]bool{}
	for _, s := range v.visits {
		if s.Parent < 0 || s.Error == nil || s.Status != trace.Failed {
			continue
		}
		if p := v.visits[s.Parent]; p.Error != nil && *p.Error == *s.Error {
			told[s.Parent] = true
		}
	}
	return told
}

// mostFailures is how many failures are repeated.
const mostFailures = 10

// document is the view as --json prints it.
func (v executionView) document() map[string]any {
	type state struct {
		trace.Visit
		DurationMS int64  `json:"duration_ms"`
		WaitsFor   string `json:"waits_for,omitempty"`
	}
	machine := v.states()
	states := make([]state, len(v.visits))
	for i, s := range v.visits {
		states[i] = state{s, s.Duration(v.now).Milliseconds(), waitsFor(&s, machine[s.State])}
	}
	d := executionDocument(v.execution)
	d["states"] = states
	if v.forsaken {
		d["processDied"] = true
	}
	if v.execution.Parent != "" {
		d["parentArn"] = v.execution.Parent
	}
	if v.execution.MapRun != "" {
		d["mapRunArn"] = v.execution.MapRun
	}
	runs := []map[string]any{}
	for _, r := range v.mapRuns {
		runs = append(runs, map[string]any{
			"mapRunArn": r.ARN, "state": r.State, "status": r.Status,
			"itemCounts": map[string]any{"total": r.Items.Total, "succeeded": r.Items.Succeeded, "failed": r.Items.Failed},
		})
	}
	d["mapRuns"] = runs
	return d
}
