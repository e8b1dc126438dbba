package graph

import (
	"cmp"
	"math"
	"slices"
)

// gap is the least height between two layers, in pixels; between states there
// are two.
const gap = 19.0

// setHeights gives the layers and all that is on them their heights.
func (f *flow) setHeights() {
	for _, v := range f.vertices {
		r := &f.rows[v.layer]
		r.height = max(r.height, v.h)
		for _, n := range v.links {
			if n.to.layer == v.layer+1 {
				r.lean = max(r.lean, min(24, math.Abs(n.to.x-v.x)*0.05))
			}
		}
	}
	for _, t := range f.lanes {
		if t.trunk && t.label != nil {
			r := &f.rows[t.to.layer-1]
			r.lean = max(r.lean, 8+labelSize*1.25*float64(len(t.label)))
		}
	}
	y := 0.0
	for l := range f.rows {
		r := &f.rows[l]
		r.top = y
		for _, v := range f.layers[l] {
			v.y = y + r.height/2
			if v.kind == labelVertex { // near to where it goes, not to the middle
				v.y = y + v.h/2
			}
		}
		for _, t := range r.tracks {
			t.y += y + r.height
		}
		y += r.height + r.depth + gap + r.lean
	}
	f.h = y - gap
	if n := len(f.rows); n > 0 {
		last := &f.rows[n-1]
		f.h = last.top + last.height + last.depth
		if last.depth > 0 {
			f.h += 6
		}
	}
}

// plug is where a way meets the side of a box.
type plug struct {
	distance float64 // of the lane
	above    bool    // the way goes up, or comes from above
	lines    int     // of words over it
	set      func(y float64)
}

// setPorts spreads the ways that meet a side of a box over its height, in the
// order in which they do not cross.
func (f *flow) setPorts() {
	type side struct {
		v     *vertex
		right bool
	}
	var sides []side
	plugs := map[side][]plug{}
	add := func(v *vertex, x float64, p plug) {
		s := side{v, x > v.x}
		if plugs[s] == nil {
			sides = append(sides, s)
		}
		p.distance = math.Abs(x - v.x)
		plugs[s] = append(plugs[s], p)
	}
	for _, e := range f.edges {
		if e.lane != nil && !e.lane.straight && e.exit.track == nil {
			add(e.end, e.exit.x, plug{above: e.lane.to.layer < e.end.layer, lines: f.stubLabel(e), set: func(y float64) { e.port = y }})
		}
	}
	for _, t := range f.lanes {
		if !t.trunk && t.entry == nil {
			add(t.to, t.x, plug{above: t.self || t.edges[0].end.layer < t.to.layer, lines: t.entryLabel(), set: func(y float64) { t.port = y }})
		}
	}
	for _, s := range sides {
		list := plugs[s]
		slices.SortStableFunc(list, func(a, b plug) int {
			switch {
			case a.above != b.above && a.above:
				return -1
			case a.above != b.above:
				return 1
			case a.above:
				return cmp.Compare(a.distance, b.distance)
			}
			return cmp.Compare(b.distance, a.distance)
		})
		ys := make([]float64, len(list))
		for i := 1; i < len(list); i++ {
			ys[i] = ys[i-1] + 14 + float64(list[i].lines)*labelSize*1.1
		}
		total, room := ys[len(ys)-1], s.v.h-16
		if len(s.v.inner) > 0 {
			room = s.v.header
		}
		shrink := 1.0
		if total > room && total > 0 {
			shrink = max(0, room) / total
		}
		for i, p := range list {
			p.set(sideY(s.v) + (ys[i]-total/2)*shrink)
		}
	}
}

// frame moves all to the right of the left edge and sets the width.
func (f *flow) frame() {
	left, right := math.Inf(1), math.Inf(-1)
	for l := range f.rows {
		left, right = min(left, f.rows[l].left), max(right, f.rows[l].right)
	}
	for _, t := range f.lanes {
		if t.label == nil {
			continue
		}
		w := labelFont().widest(t.label)
		switch {
		case t.trunk:
			left, right = min(left, t.to.x-w/2-5), max(right, t.to.x+w/2+5)
		case t.self:
			right = max(right, t.x+w+8)
		}
	}
	left = math.Floor(left) - 2
	right = math.Ceil(right) + 2
	for _, v := range f.vertices {
		v.x -= left
	}
	for _, t := range f.lanes {
		t.x -= left
	}
	for l := range f.rows {
		for _, t := range f.rows[l].tracks {
			t.from -= left
			t.to -= left
		}
	}
	for _, e := range f.edges {
		e.exit.x -= left
	}
	f.w = right - left
}

// point is a corner of a way.
type point struct{ x, y float64 }

// down is the way of an edge that goes from layer to layer.
func (f *flow) down(e *edge) *pen {
	p := &pen{}
	p.move(e.from.x, e.from.bottom())
	f.through(p, e.via)
	p.curve(e.to.x, e.to.top()-arrowGap)
	return p
}

// through leads a way past the bends and labels of layers.
func (f *flow) through(p *pen, via []*vertex) {
	for _, v := range via {
		r := &f.rows[v.layer]
		if r.height == 0 {
			continue // nothing stands here to go around
		}
		p.curve(v.x, r.top)
		p.line(v.x, r.top+r.height)
	}
}

// sideY is where an edge leaves or enters a box at its side.
func sideY(v *vertex) float64 {
	if len(v.inner) > 0 {
		return v.top() + v.header/2
	}
	return v.y
}

// stub is the way of an edge to its lane. right tells on which side of its box
// it leaves.
func (f *flow) stub(e *edge) []point {
	x := e.exit.x
	if k := e.exit.track; k != nil {
		return []point{{k.from, e.end.bottom()}, {k.from, k.y}, {x, k.y}}
	}
	from := e.end.right()
	if x < e.end.x {
		from = e.end.left()
	}
	return []point{{from, e.port}, {x, e.port}}
}

// around is the way of an edge by its lane, from its box to the other.
func (f *flow) around(e *edge) []point {
	t := e.lane
	points := []point{{e.end.x, e.end.bottom()}}
	if !t.straight {
		points = f.stub(e)
	}
	x := points[len(points)-1].x
	if t.entry != nil {
		return append(points, point{x, t.entry.y}, point{t.entry.from, t.entry.y}, point{t.entry.from, t.to.top() - arrowGap})
	}
	y, side := t.port, t.to.right()+arrowGap
	if x < t.to.x {
		side = t.to.left() - arrowGap
	}
	return append(points, point{x, y}, point{side, y})
}
