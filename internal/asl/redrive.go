package asl

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotRedrivable is what Redrive returns for an execution that cannot be
// redriven; Redrivable gives the reason.
var ErrNotRedrivable = errors.New("asl: the execution cannot be redriven")

// Redrivable tells whether the execution can be redriven, and if not why, in
// the words of Step Functions.
func (x *Execution) Redrivable() (reason string, ok bool) {
	switch {
	case x.info.Express:
		return "Execution is EXPRESS and cannot be redriven", false
	case x.outcome.Status == Running || x.outcome.Status == Succeeded:
		return "Execution is " + string(x.outcome.Status) + " and cannot be redriven", false
	case x.full(x.root, 0):
		return "Execution history event limit exceeded", false
	}
	return "", true
}

// Redrive goes on with an execution that failed, timed out or was stopped, from
// the states that did not succeed, with the inputs that they had; the next Step
// runs them. Retriers count anew, and so does the time limit. Branches and
// iterations that succeeded keep their results; a state that failed because its
// result was too large runs all of them again. Of a distributed Map the children
// that failed go on where they failed, under their names.
func (x *Execution) Redrive(host Host) (Progress, error) {
	if reason, ok := x.Redrivable(); !ok {
		return Progress{}, fmt.Errorf("%w: %s", ErrNotRedrivable, reason)
	}
	x.begin(host)
	x.info.RedriveCount++
	x.info.RedriveTime = host.Now()
	x.outcome, x.ready = Outcome{Status: Running}, nil
	x.root.Last = x.nextEvent - 1
	x.resume(x.root, x.event(x.root, Event{Type: "ExecutionRedriven", Redrives: x.info.RedriveCount}))
	return x.finish(), nil
}

// resume goes on with a frame that was suspended, behind an event.
func (x *Execution) resume(f *frame, after int64) {
	s := f.state()
	f.Gone, f.Effect, f.Token, f.Last = false, "", "", after
	f.Attempts, f.RetryCount = nil, 0
	if f.Kept != nil {
		f.Children, f.Kept, f.Phase = f.Kept, nil, joining
	}
	switch g := f.Children; {
	case f.Phase == joining && g != nil && g.Run != nil:
		x.resumeRun(f, s, g)
		return
	case f.Phase == joining && g != nil:
		x.resumeGroup(f, s, g)
		return
	case f.Phase == entering || s.Type == Fail:
		f.Phase = entering
	default:
		f.Phase = starting
	}
	f.Children = nil
	x.ready = append(x.ready, f)
}

// resumeGroup goes on with the branches or iterations that did not succeed.
func (x *Execution) resumeGroup(f *frame, s *State, g *children) {
	g.After = f.Last
	for _, c := range g.Running {
		c.Last = f.Last
		if s.Type == Map {
			x.event(c, Event{Type: "MapIterationStarted", State: s.Name, Index: c.Slot})
		}
		x.resume(c, c.Last)
	}
	x.next(f, s, g)
}

// resumeRun goes on with the run of a distributed Map.
func (x *Execution) resumeRun(f *frame, s *State, g *children) {
	r := g.Run
	r.Status, r.Redriven, r.Fault, r.Left = Running, x.host.Now(), nil, 0
	r.Stopped = time.Time{}
	r.Redrives++
	r.StartedID = x.event(f, Event{Type: "MapRunRedriven", MapRun: r.ARN, Redrives: r.Redrives})
	if rest := r.Rest; rest != nil {
		g.Items, r.Batch, r.Reader, r.Rest = rest.Items, rest.Batch, rest.Reader, nil
	}
	if bad := r.reads(); bad != nil {
		x.failRun(f, g, bad)
		return
	}
	parked := r.Parked
	r.Parked, r.ParkedSize, r.Queue = nil, 0, nil
	again := map[int]bool{}
	for _, c := range parked {
		if x.full(c, 0) {
			r.Executions.FailuresNotRedrivable++
			r.Items.FailuresNotRedrivable += int64(c.Child.Items)
			continue
		}
		r.ended(c, c.Child.Ended, -1)
		again[c.Slot] = true
		r.Queue = append(r.Queue, c)
	}
	failed := g.Failed
	g.Failed = nil
	for _, slot := range failed {
		if !again[slot] {
			g.Failed = append(g.Failed, slot)
		}
	}
	r.rewrite()
	x.pump(f, s, g)
}

// rewrite prepares a writer to write again. What failed will be told anew.
func (r *mapRun) rewrite() {
	w := r.Writer
	if w == nil {
		return
	}
	queue := w.Queue
	w.Kept = w.Kept || w.Open && !w.Done
	w.Queue, w.Size, w.Open, w.Done = nil, 0, false, false
	r.Executions.ResultsWritten, r.Items.ResultsWritten = r.Executions.Succeeded, r.Items.Succeeded
	for _, res := range queue {
		if res.Status == Succeeded {
			w.add(res)
			r.Executions.ResultsWritten--
			r.Items.ResultsWritten -= int64(res.Items)
		}
	}
}

// redriveChild goes on with a child that failed. An Express execution begins
// again.
func (x *Execution) redriveChild(f *frame, g *children, c *frame) {
	g.Running = append(g.Running, c)
	g.Run.running(c, 1)
	e := c.Child
	e.Ended = ""
	if e.Express {
		c.State, c.Input, c.Vars, c.Phase = c.flow.StartAt, e.Input, nil, entering
		c.Children, c.Kept, c.Gone = nil, nil, false
		x.childStarted(f, c)
		x.ready = append(x.ready, c)
		return
	}
	e.Redrives++
	e.Redriven = x.host.Now()
	c.Last = e.Next - 1
	x.resume(c, x.event(c, Event{Type: "ExecutionRedriven", Redrives: e.Redrives}))
}
