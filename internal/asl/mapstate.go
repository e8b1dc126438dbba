package asl

import "strings"

func (x *Execution) mapState(f *frame, s *State) {
	if a := x.mock(f); a != nil {
		x.mockedMap(f, s, a)
		return
	}
	sc := x.scope(f)
	in, bad := sc.filter(s.inputPath, f.Input)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if s.Language == JSONPath {
		sc.saw(AfterInputPath, in)
	}
	sc.input = in
	g := &children{Input: in, MaxCount: -1, MaxShare: -1, MapRun: s.Distributed}
	limit, set, bad := sc.count(s.concurrency)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if limit < 0 {
		x.failed(f, sc.runtime("MaxConcurrency must be a positive integer or zero."))
		return
	}
	if set {
		sc.saw(SetConcurrency, limit)
	}
	g.Limit = concurrency(limit, s.Distributed)
	if s.itemReader != nil {
		x.readItems(f, sc, g)
		return
	}
	items, bad := sc.mapItems(s)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if s.Language == JSONPath {
		sc.saw(AfterItemsPath, items)
	}
	x.event(f, Event{Type: "MapStateStarted", Length: len(items)})
	x.iterate(f, sc, g, items)
}

func concurrency(limit int64, distributed bool) int {
	most := int64(inlineConcurrency)
	if distributed {
		most = 10_000
	}
	if limit == 0 || limit > most {
		limit = most
	}
	return int(limit)
}

// mapItems finds the array that a Map goes over.
func (sc *scope) mapItems(s *State) ([]any, *failure) {
	if s.Language == JSONata {
		v := sc.input
		if s.items != nil {
			var f *failure
			if v, f = sc.eval(s.items); f != nil {
				return nil, f
			}
		}
		items, ok := v.([]any)
		if ok {
			return items, nil
		}
		if s.items != nil && s.items.expr != nil {
			return nil, sc.wrongType(s.items, v, "array")
		}
		return nil, sc.evaluation("Items", "Map state input must be an array but was: "+typeName(v))
	}
	v, text := sc.input, "$"
	if s.items != nil {
		var f *failure
		if v, f = sc.must(s.items.path); f != nil {
			return nil, f
		}
		text = s.items.path.text
		if s.items.path.origin == fromContext {
			text = text[1:]
		}
	}
	items, ok := v.([]any)
	if !ok {
		return nil, fail(errRuntime, "Reference path \""+text+"\" must point to array.")
	}
	return items, nil
}

// readItems asks for the items of an ItemReader.
func (x *Execution) readItems(f *frame, sc *scope, g *children) {
	r := sc.state.itemReader
	arguments, bad := sc.eval(r.arguments)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	config, bad := sc.eval(r.config)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	x.event(f, Event{Type: "MapStateStarted"})
	if bad := sc.tolerance(g); bad != nil {
		x.failed(f, bad)
		return
	}
	x.event(f, Event{Type: "MapRunStarted", MapRun: x.mapRun(f)})
	f.Children = g
	x.newEffect(f)
	f.Phase, f.For = waiting, forItems
	resource, _ := ParseResource(r.resource)
	x.effect(f, Effect{Kind: ReadEffect, Resource: resource, Arguments: arguments, Config: config, Attempt: f.RetryCount})
}

// mapRun names the run of a distributed Map after the machine that runs it.
func (x *Execution) mapRun(f *frame) string {
	label := f.state().label
	if label == "" {
		label = f.State
	}
	return strings.Replace(x.info.MachineID, ":stateMachine:", ":mapRun:", 1) + "/" + label + ":" + x.host.UUID()
}

// itemsRead goes on with the items that were read.
func (x *Execution) itemsRead(f *frame, a Answer) {
	f.Phase = joining
	items, ok := a.Output.([]any)
	switch {
	case a.Kind == Done && !ok:
		x.groupFailed(f, fail(errReader, "Attempting to map over non-iterable node."))
	case a.Kind != Done:
		name := errReader
		if a.Error == nil {
			a.Error = &name
		}
		x.groupFailed(f, &failure{err: a.Error, cause: a.Cause})
	default:
		x.run(f, x.scope(f), f.Children, items)
	}
}

// tolerance evaluates how much of a Map may fail.
func (sc *scope) tolerance(g *children) *failure {
	s := sc.state
	count, set, f := sc.count(s.toleratedCount)
	if f != nil {
		return f
	}
	if set {
		if count < 0 {
			return sc.runtime("ToleratedFailureCount cannot be negative.")
		}
		g.MaxCount = count
		sc.saw(SetToleratedCount, count)
	}
	share, set, f := sc.number(s.toleratedShare)
	if f != nil {
		return f
	}
	if set {
		if share < 0 || share > 100 {
			return sc.runtime("ToleratedFailurePercentage must be between 0 and 100.")
		}
		g.MaxShare = share
		sc.saw(SetToleratedShare, share)
	}
	return nil
}

func (x *Execution) iterate(f *frame, sc *scope, g *children, items []any) {
	if sc.state.Distributed {
		if bad := sc.tolerance(g); bad != nil {
			x.failed(f, bad)
			return
		}
		x.event(f, Event{Type: "MapRunStarted", MapRun: x.mapRun(f)})
	}
	x.run(f, sc, g, items)
}

// run starts the iterations over the items.
func (x *Execution) run(f *frame, sc *scope, g *children, items []any) {
	f.Phase, f.Children = joining, g
	if sc.state.batcher != nil {
		sc.input = g.Input
		var bad *failure
		if items, bad = sc.batches(items); bad != nil {
			x.groupFailed(f, bad)
			return
		}
	}
	g.After = f.Last
	g.Items, g.Results, g.Open = items, make([]any, len(items)), len(items)
	x.next(f, sc.state, g)
}

// startIterations starts as many iterations as may run.
func (x *Execution) startIterations(f *frame, s *State, g *children) *failure {
	for g.Next < len(g.Items) && len(g.Running) < g.Limit {
		i := g.Next
		item := &mapItem{Index: i, Value: g.Items[i]}
		in := item.Value
		if s.itemSelector != nil && s.batcher == nil {
			sc := x.scope(f)
			sc.input, sc.item = g.Input, item
			var bad *failure
			if in, bad = sc.eval(s.itemSelector); bad != nil {
				return bad
			}
		}
		g.Next++
		c := x.newFrame(f, s.Branches[0], in)
		c.Slot, c.Item = i, item
		g.Running = append(g.Running, c)
		if g.MapRun {
			c.Muted, c.Last = true, 0
			continue
		}
		c.Last = g.After
		x.event(c, Event{Type: "MapIterationStarted", State: s.Name, Index: i})
	}
	return nil
}

// batches groups items, each selected first, into the inputs of a processor.
func (sc *scope) batches(items []any) ([]any, *failure) {
	b, s := sc.state.batcher, sc.state
	most, _, f := sc.count(b.maxItems)
	if f != nil {
		return nil, f
	}
	bytes, _, f := sc.count(b.maxBytes)
	if f != nil {
		return nil, f
	}
	if bytes <= 0 || bytes > MaxPayload {
		bytes = MaxPayload
	}
	shared, f := sc.eval(b.input)
	if f != nil {
		return nil, f
	}
	base := 2 + len(`"Items":[]`)
	if b.input != nil {
		base += size(shared, MaxPayload) + len(`"BatchInput":,`)
	}
	out, batch, used := []any{}, []any{}, base
	flush := func() {
		if len(batch) == 0 {
			return
		}
		in := map[string]any{"Items": batch}
		if b.input != nil {
			in["BatchInput"] = shared
		}
		out = append(out, in)
		batch, used = []any{}, base
	}
	for i, v := range items {
		if s.itemSelector != nil {
			one := *sc
			one.item, one.context = &mapItem{Index: i, Value: v}, nil
			if v, f = one.eval(s.itemSelector); f != nil {
				return nil, f
			}
		}
		n := size(v, MaxPayload) + 1
		if len(batch) > 0 && (most > 0 && int64(len(batch)) >= most || int64(used+n) > bytes) {
			flush()
		}
		batch, used = append(batch, v), used+n
	}
	flush()
	return out, nil
}
