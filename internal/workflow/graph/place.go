package graph

import "math"

// Distances between neighbours in a layer, in pixels.
const (
	boxGap  = 30.0
	lineGap = 18.0
)

// passes is how often the columns are aligned.
const passes = 24

// place gives the vertices of each side their columns: every vertex as near to
// the middle of its neighbours as the order allows. Sides stand for
// themselves here; route moves them.
func (f *flow) place() {
	for _, vertices := range f.layers {
		for _, group := range bySide(vertices) {
			x := 0.0
			for i, v := range group {
				if i > 0 {
					x += apart(group[i-1], v)
				}
				v.x = x
			}
		}
	}
	for i := range passes {
		both := i >= passes-6
		for l := range f.layers {
			if l == 0 && !both {
				continue
			}
			f.align(l, true, both)
		}
		for l := len(f.layers) - 1; l >= 0; l-- {
			f.align(l, false, both)
		}
	}
	f.straighten()
	f.line()
	for _, v := range f.vertices {
		v.x = math.Round(v.x)
	}
}

// bySide cuts a layer into its sides.
func bySide(vertices []*vertex) [][]*vertex {
	var groups [][]*vertex
	first := 0
	for i := range vertices {
		if i+1 == len(vertices) || vertices[i+1].side != vertices[i].side {
			groups = append(groups, vertices[first:i+1])
			first = i + 1
		}
	}
	return groups
}

// apart is the least distance between the centres of neighbours.
func apart(a, b *vertex) float64 {
	gap := boxGap
	if !a.solid() || !b.solid() || a.kind == labelVertex && b.kind == labelVertex {
		gap = lineGap
	}
	return (a.w+b.w)/2 + gap
}

// align moves the vertices of a layer to the weighted middle of their
// neighbours above, below, or both.
func (f *flow) align(l int, above, both bool) {
	for _, group := range bySide(f.layers[l]) {
		want := make([]float64, len(group))
		weights := make([]float64, len(group))
		for i, v := range group {
			sum, total := 0.0, 0.0
			for _, n := range v.links {
				if both || n.to.layer < l == above {
					sum += n.to.x * n.weight
					total += n.weight
				}
			}
			want[i], weights[i] = v.x, 0.1
			if total > 0 {
				want[i], weights[i] = sum/total, total
			}
		}
		settle(group, want, weights)
	}
}

// settle finds the places nearest to those wanted, by weighted squares, that
// keep the order and the distances: neighbours that would be too near are
// pooled and move as one.
func settle(group []*vertex, want, weights []float64) {
	type pool struct {
		first       int
		sum, weight float64 // of wanted places less the offset
	}
	offsets := make([]float64, len(group))
	var pools []pool
	for i := range group {
		if i > 0 {
			offsets[i] = offsets[i-1] + apart(group[i-1], group[i])
		}
		p := pool{first: i, sum: (want[i] - offsets[i]) * weights[i], weight: weights[i]}
		for len(pools) > 0 {
			last := pools[len(pools)-1]
			if last.sum/last.weight <= p.sum/p.weight {
				break
			}
			p = pool{first: last.first, sum: last.sum + p.sum, weight: last.weight + p.weight}
			pools = pools[:len(pools)-1]
		}
		pools = append(pools, p)
	}
	for k, p := range pools {
		end := len(group)
		if k+1 < len(pools) {
			end = pools[k+1].first
		}
		for i := p.first; i < end; i++ {
			group[i].x = p.sum/p.weight + offsets[i]
		}
	}
}

// line puts boxes that follow each other alone into one column: that of the
// lowest, where there is room, and then that of the highest.
func (f *flow) line() {
	one := func(v *vertex, above bool) *vertex {
		var found *vertex
		for _, l := range v.links {
			if l.to.layer < v.layer == above {
				if found != nil {
					return nil
				}
				found = l.to
			}
		}
		return found
	}
	for l := range f.layers {
		for _, v := range f.layers[len(f.layers)-1-l] {
			if w := one(v, false); w != nil && one(w, true) == v && f.fits(v, w.x) {
				v.x = w.x
			}
		}
	}
	for l := range f.layers {
		for _, v := range f.layers[l] {
			if w := one(v, true); w != nil && one(w, false) == v && f.fits(v, w.x) {
				v.x = w.x
			}
		}
	}
}

// straighten makes the ways of long edges vertical where there is room.
func (f *flow) straighten() {
	chains := make([][]*vertex, 0, len(f.edges))
	for _, e := range f.edges {
		chains = append(chains, append(append([]*vertex{}, e.via...), e.to))
	}
	for _, t := range f.lanes {
		chains = append(chains, append(append([]*vertex{}, t.via...), t.to))
	}
	for _, chain := range chains {
		for first := 0; first < len(chain)-1; {
			last := first
			for last+1 < len(chain) && chain[last+1].kind == bendVertex {
				last++
			}
			f.straightenRun(chain[first:last+1], chain[len(chain)-1])
			first = last + 1
		}
	}
}

// straightenRun puts bends into one column: that of the box they lead to, of
// the box they come from, or of their middle.
func (f *flow) straightenRun(run []*vertex, to *vertex) {
	middle := 0.0
	for _, v := range run {
		middle += v.x / float64(len(run))
	}
	for _, x := range []float64{to.x, run[0].x, middle} {
		fits := true
		for _, v := range run {
			if v.kind != bendVertex && v.x != x || !f.fits(v, x) {
				fits = false
				break
			}
		}
		if fits {
			for _, v := range run {
				v.x = x
			}
			return
		}
	}
}

// fits tells whether a vertex may stand at x between its neighbours.
func (f *flow) fits(v *vertex, x float64) bool {
	for _, group := range bySide(f.layers[v.layer]) {
		if group[0].side != v.side {
			continue
		}
		if v.pos > 0 && x-group[v.pos-1].x < apart(group[v.pos-1], v)-0.5 {
			return false
		}
		if v.pos+1 < len(group) && group[v.pos+1].x-x < apart(v, group[v.pos+1])-0.5 {
			return false
		}
	}
	return true
}
