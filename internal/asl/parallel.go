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
	f.Children = &children{Input: in, Next: n, Limit: n, Results: make([]any, n), Open: n, MaxCount: -1, MaxShare: -1}
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
	if s.Type == Map && !g.MapRun {
		g.After = c.Last
		x.event(c, Event{Type: "MapIterationSucceeded", State: s.Name, Index: c.Slot})
		f.Last = c.Last
	} else if !c.Muted {
		f.Last = c.Last
	}
	g.Results[c.Slot] = out
	g.remove(c)
	x.next(f, s, g)
}

// remove takes a finished child out.
func (g *children) remove(c *frame) {
	c.Gone = true
	for i, r := range g.Running {
		if r == c {
			g.Running = append(g.Running[:i], g.Running[i+1:]...)
			break
		}
	}
	g.Open--
}

// next starts more iterations or ends the state when all are done.
func (x *Execution) next(f *frame, s *State, g *children) {
	if s.Type == Map {
		if bad := x.startIterations(f, s, g); bad != nil {
			x.groupFailed(f, bad)
			return
		}
	}
	if g.Open > 0 {
		return
	}
	results := g.results()
	f.Children = nil
	if g.MapRun {
		x.event(f, Event{Type: "MapRunSucceeded"})
	}
	before := f.Last
	x.event(f, Event{Type: string(s.Type) + "StateSucceeded"})
	if !f.Muted {
		f.Last = before
	}
	if x.tooLarge(f, s.Name, results) {
		return
	}
	sc := x.scope(f)
	sc.result, sc.hasResult = results, true
	x.complete(f, sc, results, s.Next)
}

// results are those of all children but the ones that failed and may.
func (g *children) results() []any {
	if len(g.Failed) == 0 {
		return g.Results
	}
	failed := make(map[int]bool, len(g.Failed))
	for _, i := range g.Failed {
		failed[i] = true
	}
	out := make([]any, 0, len(g.Results)-len(failed))
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
	x.abandon(c, true)
	if g.MapRun {
		g.Failed = append(g.Failed, c.Slot)
		g.remove(c)
		if g.tolerated() {
			x.next(f, s, g)
			return
		}
		x.groupFailed(f, fail(errTolerated, "The specified tolerated failure threshold was exceeded"))
		return
	}
	failedType := c.state().Type
	if s.Type == Map {
		f.Last = c.Last
		x.event(c, Event{Type: "MapIterationFailed", State: s.Name, Index: c.Slot})
	} else {
		f.Last = c.Last
		if failedType != Fail {
			before := c.Last
			x.event(c, Event{Type: string(failedType) + "StateAborted"})
			f.Last = before
		}
	}
	g.remove(c)
	x.abortSiblings(s, g)
	x.groupFailed(f, bad)
}

// abortSiblings writes what becomes of the children that still run.
func (x *Execution) abortSiblings(s *State, g *children) {
	for _, c := range g.Running {
		if c.Phase != entering {
			x.event(c, Event{Type: string(c.state().Type) + "StateAborted"})
		}
		if s.Type == Map {
			x.event(c, Event{Type: "MapIterationAborted", State: s.Name, Index: c.Slot})
		}
	}
}

// groupFailed fails a Parallel or Map with the error of a child.
func (x *Execution) groupFailed(f *frame, bad *failure) {
	run := f.Children != nil && f.Children.MapRun
	x.abandon(f, false)
	if run {
		x.event(f, Event{Type: "MapRunFailed", Error: bad.err, Cause: bad.cause})
	}
	f.Phase = joining
	x.failed(f, bad)
}

// tolerated tells whether a distributed Map goes on with what failed so far.
func (g *children) tolerated() bool {
	n := len(g.Failed)
	share := 100 * float64(n) / float64(max(len(g.Results), 1))
	if g.MaxCount >= 0 && int64(n) <= g.MaxCount && g.MaxShare < 0 {
		return true
	}
	if g.MaxShare >= 0 && share <= g.MaxShare && (g.MaxCount < 0 || int64(n) <= g.MaxCount) {
		return true
	}
	return false
}
