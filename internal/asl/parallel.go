package asl

func (x *Execution) parallel(f *frame, s *State) {
	if a := x.mock(f); a != nil {
		x.mockedParallel(f, s, a)
		return
	}
	sc := x.scope(f)
	in, bad := x.effective(sc)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	x.event(f, Event{Type: "ParallelStateStarted"})
	n := len(s.Branches)
	f.Phase = joining
	f.Children = &children{Input: in, Next: n, Limit: n, Open: n, MaxCount: -1, MaxShare: -1}
	for i, b := range s.Branches {
		c := x.newFrame(f, b, in)
		c.Slot = i
		f.Children.Running = append(f.Children.Running, c)
	}
}

// childDone takes the output of a branch or iteration.
func (x *Execution) childDone(c *frame, out any) {
	f := c.parent
	s, g := f.state(), f.Children
	if g.Run != nil {
		x.childSucceeded(f, c, out)
		return
	}
	if s.Type == Map {
		g.After = c.Last
		x.event(c, Event{Type: "MapIterationSucceeded", State: s.Name, Index: c.Slot})
	}
	f.Last = c.Last
	g.keep(c.Slot, out, size(out, MaxPayload))
	g.remove(c)
	g.Open--
	x.next(f, s, g)
}

// keep stores a result of so many bytes. Results that are too large together
// fail the state in the end, so there is no use in keeping them.
func (g *children) keep(slot int, v any, bytes int) {
	if g.Over {
		return
	}
	// The brackets of the list, and a comma behind each.
	if g.Size += bytes + 1; g.Size+2 > MaxPayload {
		g.Results, g.Over = nil, true
		return
	}
	for len(g.Results) <= slot {
		g.Results = append(g.Results, nil)
	}
	g.Results[slot] = v
}

// remove takes a finished child out.
func (g *children) remove(c *frame) {
	c.Gone = true
	for i, r := range g.Running {
		if r == c {
			g.Running = append(g.Running[:i], g.Running[i+1:]...)
			return
		}
	}
}

// next starts more iterations or ends the state when all are done.
func (x *Execution) next(f *frame, s *State, g *children) {
	if s.Type == Map {
		if bad := x.startIterations(f, s, g); bad != nil {
			x.groupFailed(f, bad)
			return
		}
	}
	if g.Open == 0 {
		x.groupDone(f, s, g, g.list(), f.Last)
	}
}

// groupDone ends a Parallel or Map whose children are done. What leaves the
// state follows the event after.
func (x *Execution) groupDone(f *frame, s *State, g *children, result any, after int64) {
	f.Children = nil
	x.event(f, Event{Type: string(s.Type) + "StateSucceeded"})
	f.Last = after
	if g.Over {
		x.failed(f, tooLarge(s.Name))
		return
	}
	if x.tooLarge(f, s.Name, result) {
		return
	}
	sc := x.scope(f)
	sc.result, sc.hasResult = result, true
	x.complete(f, sc, result, s.Next)
}

// list gives the results of all children but the ones that failed and may.
func (g *children) list() []any {
	if g.Over {
		return nil
	}
	failed := make(map[int]bool, len(g.Failed))
	for _, i := range g.Failed {
		failed[i] = true
	}
	out := make([]any, 0, len(g.Results))
	for i, r := range g.Results {
		if !failed[i] {
			out = append(out, r)
		}
	}
	return out
}

// childFailed takes the error that ended a branch or iteration.
func (x *Execution) childFailed(c *frame, bad *failure) {
	f := c.parent
	s, g := f.state(), f.Children
	if g.Run != nil {
		x.childEnded(f, c, bad)
		return
	}
	x.suspend(c, true)
	failedType := c.state().Type
	f.Last = c.Last
	switch {
	case s.Type == Map:
		x.event(c, Event{Type: "MapIterationFailed", State: s.Name, Index: c.Slot})
	case failedType != Fail:
		x.event(c, Event{Type: string(failedType) + "StateAborted"})
	}
	x.abortSiblings(s, g, c)
	x.groupFailed(f, bad)
}

// abortSiblings writes what becomes of the children that still run.
func (x *Execution) abortSiblings(s *State, g *children, failed *frame) {
	for _, c := range g.Running {
		if c == failed {
			continue
		}
		x.suspend(c, true)
		if c.Phase != entering {
			x.event(c, Event{Type: string(c.state().Type) + "StateAborted"})
		}
		if s.Type == Map {
			x.event(c, Event{Type: "MapIterationAborted", State: s.Name, Index: c.Slot})
		}
	}
}

// groupFailed fails a Parallel or an inline Map with the error of a child. The
// children stay as they are until the error has been dealt with: an execution
// that fails with it can be redriven.
func (x *Execution) groupFailed(f *frame, bad *failure) {
	x.suspend(f, false)
	f.Kept, f.Children = f.Children, nil
	x.failed(f, bad)
}

// within tells whether a Map goes on with what failed so far. A count or share
// that is negative is not set; without either nothing may fail.
func within(failed, total, count int64, share float64) bool {
	if failed == 0 {
		return true
	}
	if count < 0 && share < 0 {
		return false
	}
	if count >= 0 && failed > count {
		return false
	}
	return share < 0 || 100*float64(failed)/float64(max(total, 1)) <= share
}
