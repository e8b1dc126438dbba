package graph

import (
	"cmp"
	"math"
	"slices"
)

// lane is a way at the side of the layers that edges to the same state share.
// A trunk goes down to a state that only errors lead to; the other lanes go
// back up, or over to another side.
type lane struct {
	to    *vertex
	edges []*edge
	trunk bool
	top   int       // a trunk's first layer
	via   []*vertex // a trunk's bends, from its first layer on
	right bool
	x     float64
	// straight tells that the lane goes down right below what it comes from.
	straight bool
	// self tells that the lane leads from a box to itself.
	self bool
	port float64 // where the lane meets the side of its state
	// entry is how the lane gets to its state: nil for from the side.
	entry *track
	label []string // where all edges have the same words
}

// row is a layer's room on the paper.
type row struct {
	left, right float64 // what is taken so far
	top, height float64
	// tracks are the horizontal ways in the gap below, depth how much they
	// take, and lean what the slopes of edges ask for.
	tracks []*track
	depth  float64
	lean   float64
}

// track is a horizontal piece of a lane in the gap below a layer.
type track struct {
	lane       *lane
	from, to   float64
	level      int
	labelLines int
	y          float64
}

const (
	laneGap    = 20.0
	sideGap    = 40.0
	trackDepth = 11.0
)

func (r *row) take(left, right float64) {
	r.left, r.right = min(r.left, left), max(r.right, right)
}

// route finds the ways of all edges and, with them, the heights of the gaps.
func (f *flow) route() {
	f.moveSides()
	f.addLanes()
	f.setLanes()
	f.setTracks()
	f.setHeights()
	f.setPorts()
	f.frame()
}

// moveSides puts each side beside what stands to the left of it.
func (f *flow) moveSides() {
	for l := range f.rows {
		f.rows[l].left, f.rows[l].right = math.Inf(1), math.Inf(-1)
	}
	groups := map[int][][]*vertex{}
	sides := 0
	for _, vertices := range f.layers {
		for _, g := range bySide(vertices) {
			side := g[0].side
			sides = max(sides, side)
			groups[side] = append(groups[side], g)
		}
	}
	for side := 0; side <= sides; side++ {
		gap := f.stubRoom(side)
		shift := 0.0
		if side > 0 {
			shift = math.Inf(-1)
			for _, g := range groups[side] {
				r := &f.rows[g[0].layer]
				if taken := r.right; !math.IsInf(taken, -1) {
					shift = max(shift, taken+gap-g[0].left())
				}
			}
			if math.IsInf(shift, -1) {
				shift = 0
			}
		}
		for _, g := range groups[side] {
			for _, v := range g {
				v.x += shift
				f.rows[v.layer].take(v.left(), v.right())
			}
		}
	}
}

// stubRoom is how much room the words of the errors that lead to a side need.
func (f *flow) stubRoom(side int) float64 {
	room := sideGap
	for _, t := range f.lanes {
		t.label = t.commonLabel()
		if t.to.side != side || t.label != nil {
			continue
		}
		for _, e := range t.edges {
			room = max(room, labelFont().widest(e.label)+24)
		}
	}
	return room
}

// commonLabel is the label of all edges of a lane, nil when they differ.
func (t *lane) commonLabel() []string {
	for _, e := range t.edges {
		if !slices.Equal(e.label, t.edges[0].label) {
			return nil
		}
	}
	return t.edges[0].label
}

// addLanes makes the lanes for edges that do not go down within their side.
func (f *flow) addLanes() {
	type key struct {
		to                 *vertex
		right, catch, self bool
	}
	known := map[key]*lane{}
	for _, e := range f.edges {
		if e.lane != nil || !e.back && e.from.side == e.to.side && e.kind != catchEdge {
			continue
		}
		k := key{e.to, e.kind == catchEdge || e.from.side > 0 || e.to.side > 0, e.kind == catchEdge, e.end == e.to}
		t := known[k]
		if t == nil {
			t = &lane{to: e.to, right: k.right, self: k.self}
			known[k] = t
			f.lanes = append(f.lanes, t)
		}
		t.edges = append(t.edges, e)
		e.lane = t
	}
}

// span is the range of layers that a lane passes.
func (t *lane) span() (first, last int) {
	first, last = t.to.layer, t.to.layer
	for _, e := range t.edges {
		first, last = min(first, e.end.layer), max(last, e.end.layer)
	}
	return first, last
}

// setLanes gives the lanes their columns, short ones nearest to the boxes.
func (f *flow) setLanes() {
	var lanes []*lane
	for _, t := range f.lanes {
		if !t.trunk {
			lanes = append(lanes, t)
		}
	}
	slices.SortStableFunc(lanes, func(a, b *lane) int {
		firstA, lastA := a.span()
		firstB, lastB := b.span()
		return cmp.Compare(lastA-firstA, lastB-firstB)
	})
	for _, t := range lanes {
		first, last := t.span()
		if e := t.edges[0]; len(t.edges) == 1 && e.kind != catchEdge && !e.back && f.freeBelow(e.end, e.to.layer) {
			t.straight, t.x = true, e.end.x
			continue
		}
		gap := laneGap
		if t.edges[0].kind == catchEdge {
			t.label = t.commonLabel()
			for _, e := range t.edges {
				if !t.self {
					gap = max(gap, labelFont().widest(e.label)+24)
				}
			}
		}
		x := math.Inf(1)
		if t.right {
			x = math.Inf(-1)
		}
		for l := first; l <= last; l++ {
			if t.right {
				x = max(x, f.rows[l].right+gap)
			} else {
				x = min(x, f.rows[l].left-gap)
			}
		}
		t.x = x
		for l := first; l <= last; l++ {
			f.rows[l].take(x, x)
			if t.self && t.label != nil {
				f.rows[l].take(x, x+labelFont().widest(t.label)+8)
			}
		}
	}
}

// freeBelow tells whether nothing stands below a vertex down to a layer.
func (f *flow) freeBelow(v *vertex, layer int) bool {
	for l := v.layer + 1; l < layer; l++ {
		for _, other := range f.layers[l] {
			if other.solid() && other.left()-8 < v.x && v.x < other.right()+8 {
				return false
			}
		}
	}
	return true
}

// clear tells whether nothing stands in a vertex's layer between it and x.
func (f *flow) clear(v *vertex, x float64) bool {
	for _, other := range f.layers[v.layer] {
		if other != v && other.solid() && other.right() > min(v.x, x) && other.left() < max(v.x, x) {
			return false
		}
	}
	return true
}

// exit is how an edge gets to its lane: from the side of its box (nil), or by
// a track below it.
type exit struct {
	track *track
	x     float64 // of the lane there
}

// exits finds how an edge leaves, adding a track where it needs one.
func (f *flow) exitOf(e *edge) exit {
	t := e.lane
	x := t.x
	if t.trunk {
		x = t.at(e.end.layer)
	}
	if f.clear(e.end, x) && !(e.end.kind == labelVertex && x > e.end.left() && x < e.end.right()) {
		return exit{x: x}
	}
	if t.trunk {
		x = t.at(e.end.layer + 1)
	}
	k := &track{lane: t, from: port(e.end, x), to: x, labelLines: f.stubLabel(e)}
	f.rows[e.end.layer].tracks = append(f.rows[e.end.layer].tracks, k)
	return exit{track: k, x: x}
}

// at is where a trunk passes a layer.
func (t *lane) at(layer int) float64 {
	if i := layer - t.top; i >= 0 && i < len(t.via) {
		return t.via[i].x
	}
	return t.to.x
}

// stubLabel is how many lines of words an edge has before it joins its lane.
func (f *flow) stubLabel(e *edge) int {
	if e.kind != catchEdge || e.lane.label != nil {
		return 0
	}
	return len(e.label)
}

// entryLabel is how many lines of words stand over a lane's way into its
// state.
func (t *lane) entryLabel() int {
	if t.trunk || t.self {
		return 0
	}
	return len(t.label)
}

// port is where on its lower or upper side a box is left or entered towards x.
func port(v *vertex, x float64) float64 {
	if v.kind != stateVertex {
		return v.x
	}
	off := min(v.w/4, 44)
	if x < v.x {
		off = -off
	}
	return v.x + off
}

// setTracks finds the horizontal pieces and stacks those that would overlap.
func (f *flow) setTracks() {
	for _, e := range f.edges {
		if e.lane != nil && !e.lane.straight {
			e.exit = f.exitOf(e)
		}
	}
	for _, t := range f.lanes {
		if t.trunk || !t.straight && f.clear(t.to, t.x) {
			continue
		}
		t.entry = &track{lane: t, from: port(t.to, t.x), to: t.x, labelLines: t.entryLabel()}
		above := &f.rows[t.to.layer-1]
		above.tracks = append(above.tracks, t.entry)
	}
	for l := range f.rows {
		f.stack(&f.rows[l])
	}
}

// stack gives the tracks of a gap their levels.
func (f *flow) stack(r *row) {
	slices.SortStableFunc(r.tracks, func(a, b *track) int {
		return cmp.Compare(min(a.from, a.to), min(b.from, b.to))
	})
	type level struct {
		end  float64
		lane *lane
	}
	var levels []level
	for _, t := range r.tracks {
		left, right := min(t.from, t.to), max(t.from, t.to)
		i := slices.IndexFunc(levels, func(v level) bool { return v.end+6 < left || v.lane == t.lane })
		if i < 0 {
			i = len(levels)
			levels = append(levels, level{})
		}
		t.level = i
		levels[i] = level{end: max(right, levels[i].end), lane: t.lane}
	}
	heights := make([]float64, len(levels))
	for _, t := range r.tracks {
		heights[t.level] = max(heights[t.level], trackDepth+float64(t.labelLines)*labelSize*1.2)
	}
	y := 0.0
	for i, h := range heights {
		y += h
		heights[i] = y
	}
	for _, t := range r.tracks {
		t.y = heights[t.level]
	}
	r.depth = y
}
