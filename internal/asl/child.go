package asl

import (
	"strings"
	"time"
)

// childExecution is what a child of a distributed Map is as an execution. It
// belongs to the first frame of the child.
type childExecution struct {
	// ARN and Name are its own, Machine is the ARN of what it runs.
	ARN, Name, Machine string
	Input              any
	Started            time.Time
	// Next numbers its next event.
	Next    int64
	Items   int  // how many items it was given
	Express bool `json:",omitempty"`
	// Ended is how the last try ended, "" while it runs.
	Ended    Status    `json:",omitempty"`
	Redrives int       `json:",omitempty"`
	Redriven time.Time `json:",omitzero"`
}

// infoOf tells which execution a frame belongs to.
func (x *Execution) infoOf(f *frame) Info {
	c := f.own
	if c == nil {
		return x.info
	}
	_, name, _ := strings.Cut(c.Machine, ":stateMachine:")
	return Info{ID: c.ARN, Name: c.Name, RoleARN: x.info.RoleARN, MachineID: c.Machine, MachineName: name,
		Input: c.Input, StartTime: c.Started, RedriveCount: c.Redrives, RedriveTime: c.Redriven, Express: c.Express}
}

// full tells that the history has no place for n events and the last one.
func (x *Execution) full(f *frame, n int64) bool {
	if c := f.own; c != nil {
		return !c.Express && c.Next+n >= MaxEvents
	}
	return !x.info.Express && x.nextEvent+n >= MaxEvents
}

// startChild starts a child execution of a distributed Map with one item, or a
// batch of them.
func (x *Execution) startChild(f *frame, s *State, g *children, in any, items int) {
	r := g.Run
	name := x.host.UUID()
	c := x.newFrame(f, s.Branches[0], in)
	c.Child = &childExecution{Name: name, Machine: r.Machine, Input: in, Started: x.host.Now(), Next: 1, Items: items, Express: s.express}
	kind := ":execution:"
	arn := r.Machine + ":" + name
	if s.express {
		kind = ":express:"
		arn += ":" + x.host.UUID()
	}
	c.Child.ARN = strings.Replace(arn, ":stateMachine:", kind, 1)
	c.own, c.Slot, c.Item = c.Child, g.Next, &mapItem{Index: g.Next}
	g.Next++
	g.Running = append(g.Running, c)
	r.running(c, 1)
	x.childStarted(f, c)
}

func (x *Execution) childStarted(f *frame, c *frame) {
	c.Last = 0
	x.event(c, Event{Type: "ExecutionStarted", Input: c.Child.Input, HasInput: true, RoleARN: x.info.RoleARN, MapRun: f.Children.Run.ARN})
	c.Last = 0
}

// childSucceeded takes the output of a child execution.
func (x *Execution) childSucceeded(f, c *frame, out any) {
	s, g := f.state(), f.Children
	x.event(c, Event{Type: "ExecutionSucceeded", Output: out, HasOutput: true})
	x.settle(g, c, Succeeded, out, nil)
	x.pump(f, s, g)
}

// childEnded takes the error of a child execution.
func (x *Execution) childEnded(f, c *frame, bad *failure) {
	s, g := f.state(), f.Children
	x.suspend(c, true)
	x.event(c, Event{Type: "ExecutionFailed", Error: bad.err, Cause: bad.cause})
	x.settle(g, c, Failed, nil, bad)
	if g.exceeded() {
		x.failRun(f, g, exceeded())
		return
	}
	x.pump(f, s, g)
}

// settle counts a child that has ended, and hands its result on.
func (x *Execution) settle(g *children, c *frame, status Status, out any, bad *failure) {
	r := g.Run
	g.remove(c)
	r.running(c, -1)
	r.ended(c, status, 1)
	c.Child.Ended = status
	if status != Succeeded {
		r.park(c)
	}
	res := Result{Execution: c.Child.ARN, Name: c.Child.Name, Machine: c.Child.Machine, Status: status, Input: c.Child.Input, Output: out,
		Started: c.Child.Started, Stopped: x.host.Now(), Redrives: c.Child.Redrives, Items: c.Child.Items}
	if bad != nil {
		res.Error, res.Cause = bad.err, bad.cause
	}
	switch {
	case r.Writer != nil:
		r.Writer.add(res)
	case status == Succeeded || r.Transformation != "":
		g.form(c.Slot, res)
	default:
		g.Failed = append(g.Failed, c.Slot)
	}
}

// exceeded tells that more items have failed than may. A share is only known
// when all items are.
func (g *children) exceeded() bool {
	r := g.Run
	count, share := g.MaxCount, g.MaxShare
	if !r.exhausted() && share >= 0 {
		if count < 0 {
			return false
		}
		share = -1
	}
	t := r.tally(g, true)
	return !within(t.Failed+t.TimedOut, t.Total, count, share)
}
