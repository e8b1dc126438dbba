package graph

import (
	"slices"
)

// layOut gives every vertex its place.
func (f *flow) layOut() {
	f.findSides()
	f.rank()
	f.addEnds()
	f.addPlaces()
	f.order()
	f.place()
	f.route()
}

// out lists a vertex's edges: those without errors first.
func (f *flow) out() map[*vertex][]*edge {
	out := map[*vertex][]*edge{}
	for _, e := range f.edges {
		if e.kind != catchEdge {
			out[e.from] = append(out[e.from], e)
		}
	}
	for _, e := range f.edges {
		if e.kind == catchEdge {
			out[e.from] = append(out[e.from], e)
		}
	}
	return out
}

// findSides tells the states that only errors lead to, in groups that hang
// together.
func (f *flow) findSides() {
	out := f.out()
	main := map[*vertex]bool{}
	var visit func(v *vertex, errors bool, mark func(*vertex) bool)
	visit = func(v *vertex, errors bool, mark func(*vertex) bool) {
		if !mark(v) {
			return
		}
		for _, e := range out[v] {
			if e.kind != catchEdge || errors {
				visit(e.to, errors, mark)
			}
		}
	}
	toMain := func(v *vertex) bool {
		if main[v] {
			return false
		}
		main[v] = true
		return true
	}
	visit(f.start, false, toMain)
	reached := map[*vertex]bool{}
	visit(f.start, true, func(v *vertex) bool {
		if reached[v] {
			return false
		}
		reached[v] = true
		return true
	})
	for _, v := range f.vertices { // what nothing leads to is drawn as well
		if !reached[v] {
			visit(v, false, toMain)
		}
	}
	sides := 0
	for _, v := range f.vertices {
		if main[v] || v.side > 0 {
			continue
		}
		sides++
		f.fillSide(v, main, sides)
	}
}

// fillSide numbers a state and those that hang together with it.
func (f *flow) fillSide(v *vertex, main map[*vertex]bool, side int) {
	open := []*vertex{v}
	v.side = side
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		for _, e := range f.edges {
			if e.from != at && e.to != at {
				continue
			}
			other := e.to
			if e.to == at {
				other = e.from
			}
			if !main[other] && other.side == 0 {
				other.side = side
				open = append(open, other)
			}
		}
	}
}

// rank gives every vertex the layer that the longest way to it asks for.
// Edges that close a circle are marked as going back. States are on even
// layers, the words on edges on odd ones.
func (f *flow) rank() {
	out := f.out()
	const (
		open = 1
		done = 2
	)
	state := map[*vertex]int{}
	var sorted []*vertex
	type frame struct {
		v    *vertex
		next int
	}
	visit := func(root *vertex) {
		stack := []frame{{v: root}}
		state[root] = open
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next == len(out[top.v]) {
				state[top.v] = done
				sorted = append(sorted, top.v)
				stack = stack[:len(stack)-1]
				continue
			}
			e := out[top.v][top.next]
			top.next++
			switch state[e.to] {
			case open:
				e.back = true
			case 0:
				state[e.to] = open
				stack = append(stack, frame{v: e.to})
			}
		}
	}
	for _, v := range f.vertices {
		if state[v] == 0 {
			visit(v)
		}
	}
	slices.Reverse(sorted)
	for _, v := range sorted {
		for _, e := range out[v] {
			if !e.back {
				e.to.layer = max(e.to.layer, v.layer+2)
			}
		}
	}
	for _, e := range f.edges {
		e.back = e.back || e.to.layer <= e.from.layer
	}
}

// farEnd is how many states further down an end may be before a state gets
// an end of its own.
const farEnd = 8

// addEnds puts an end behind the states that end the flow: one for those that
// stand together, and one each for those far above.
func (f *flow) addEnds() {
	lowest := map[int]int{}
	for _, v := range f.vertices {
		if v.kind == stateVertex && ends(v.state) {
			lowest[v.side] = max(lowest[v.side], v.layer)
		}
	}
	shared := map[int]*vertex{}
	for _, v := range slices.Clone(f.vertices) {
		if v.kind != stateVertex || !ends(v.state) {
			continue
		}
		far := lowest[v.side]-v.layer > 2*farEnd
		end := shared[v.side]
		if end == nil || far {
			end = f.add(&vertex{kind: endVertex, side: v.side, layer: lowest[v.side] + 2})
			f.sizeMarker(end, "End")
			if far {
				end.layer = v.layer + 2
			} else {
				shared[v.side] = end
			}
		}
		f.edges = append(f.edges, &edge{kind: nextEdge, from: v, to: end, taken: f.taken(nextEdge, v, end)})
		if f.edges[len(f.edges)-1].taken > 0 {
			end.passed = &passed{outcome: v.passed.outcome}
		}
	}
}

// maxPlaces bounds the places that edges pass layers at. Past it, long edges
// are drawn straight.
const maxPlaces = 30_000

// addPlaces makes, for each edge that goes down within its side, the vertices
// between: its label, and a bend on every layer that it passes. The others go
// by lanes.
func (f *flow) addPlaces() {
	places := 0
	for _, e := range f.edges {
		e.end = e.from
		if e.kind == catchEdge {
			continue
		}
		last := e.from
		if len(e.label) > 0 {
			last = f.add(&vertex{
				kind: labelVertex, name: e.label, side: e.from.side, layer: e.from.layer + 1,
				w: labelFont().widest(e.label) + 10, h: labelSize*1.25*float64(len(e.label)) + 4,
			})
			e.via = append(e.via, last)
			link2(e.from, last, 0.5)
			e.end = last
		}
		if e.back || e.from.side != e.to.side {
			continue
		}
		if span := e.to.layer - last.layer - 1; places+span <= maxPlaces {
			places += span
			for l := last.layer + 1; l < e.to.layer; l++ {
				bend := f.add(&vertex{kind: bendVertex, side: e.from.side, layer: l})
				e.via = append(e.via, bend)
				weight := 8.0
				if last == e.from && span > 1 {
					weight = 2
				}
				link2(last, bend, weight)
				last = bend
			}
		}
		if last.layer == e.to.layer-1 {
			weight := 2.0
			if last.kind == labelVertex {
				weight = 6
			}
			link2(last, e.to, weight)
		}
	}
	f.addTrunks(&places)
}

// addTrunks makes, for each state of a side that errors lead to from above,
// one way down that all of them join, instead of an edge for each.
func (f *flow) addTrunks(places *int) {
	trunks := map[*vertex]*lane{}
	for _, e := range f.edges {
		if e.kind != catchEdge || e.back || e.to.side == 0 {
			continue
		}
		t := trunks[e.to]
		if t == nil {
			t = &lane{to: e.to, trunk: true, top: e.from.layer}
			trunks[e.to] = t
			f.lanes = append(f.lanes, t)
		}
		t.edges = append(t.edges, e)
		t.top = min(t.top, e.from.layer)
		e.lane = t
	}
	for _, t := range f.lanes {
		var last *vertex
		if *places += t.to.layer - t.top; *places > maxPlaces {
			t.top = t.to.layer - 1 // one place is enough to join
		}
		for l := t.top; l < t.to.layer; l++ {
			bend := f.add(&vertex{kind: bendVertex, side: t.to.side, layer: l})
			if last != nil {
				link2(last, bend, 8)
			}
			t.via = append(t.via, bend)
			last = bend
		}
		link2(last, t.to, 8)
	}
}

func link2(upper, lower *vertex, weight float64) {
	upper.links = append(upper.links, link{lower, weight})
	lower.links = append(lower.links, link{upper, weight})
}
