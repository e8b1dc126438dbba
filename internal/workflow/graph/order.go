package graph

import (
	"cmp"
	"slices"
)

// order sets the order of the vertices in every layer so that few edges cross.
func (f *flow) order() {
	depth, sides := 0, 0
	for _, v := range f.vertices {
		depth, sides = max(depth, v.layer+1), max(sides, v.side+1)
	}
	f.layers = make([][]*vertex, depth)
	regions := make([][][]*vertex, sides)
	for i := range regions {
		regions[i] = make([][]*vertex, depth)
	}
	for _, v := range f.firstOrder() {
		regions[v.side][v.layer] = append(regions[v.side][v.layer], v)
	}
	f.rows = make([]row, depth)
	for _, layers := range regions {
		uncross(layers)
	}
	// The sides stand to the right of the middle.
	for _, layers := range regions {
		for l, vertices := range layers {
			f.layers[l] = append(f.layers[l], vertices...)
		}
	}
}

// firstOrder walks from the start down, what leads back up first: loops are
// then drawn at the left.
func (f *flow) firstOrder() []*vertex {
	loops := map[*vertex]bool{}
	for _, e := range f.edges {
		if e.back && e.kind != catchEdge {
			loops[e.end] = true
		}
	}
	for _, v := range f.vertices {
		slices.SortStableFunc(v.links, func(a, b link) int {
			return cmp.Compare(f.loopRank(loops, a.to), f.loopRank(loops, b.to))
		})
	}
	seen := make(map[*vertex]bool, len(f.vertices))
	var sorted []*vertex
	for _, root := range f.vertices {
		stack := []*vertex{root}
		for len(stack) > 0 {
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[v] {
				continue
			}
			seen[v] = true
			sorted = append(sorted, v)
			for _, l := range slices.Backward(v.links) {
				if l.to.layer > v.layer && !seen[l.to] {
					stack = append(stack, l.to)
				}
			}
		}
	}
	return sorted
}

// loopRank is 0 for what goes back up at once or behind a label or a bend.
func (f *flow) loopRank(loops map[*vertex]bool, v *vertex) int {
	for {
		if loops[v] {
			return 0
		}
		if v.solid() && v.kind != labelVertex {
			return 1
		}
		down := slices.IndexFunc(v.links, func(l link) bool { return l.to.layer > v.layer })
		if down < 0 {
			return 1
		}
		v = v.links[down].to
	}
}

// sweeps is how often the layers are put in order from both ends.
const sweeps = 12

// uncross orders layers by the middle of each vertex's neighbours, down and up
// again, and keeps the order that had the fewest crossings.
func uncross(layers [][]*vertex) {
	number(layers)
	best, least := snapshot(layers), crossings(layers)
	for i := 0; i < sweeps && least > 0; i++ {
		for l := 1; l < len(layers); l++ {
			sortByMiddle(layers[l], true)
		}
		for l := len(layers) - 2; l >= 0; l-- {
			sortByMiddle(layers[l], false)
		}
		if n := crossings(layers); n < least {
			best, least = snapshot(layers), n
		}
	}
	for l := range layers {
		copy(layers[l], best[l])
	}
	number(layers)
}

func number(layers [][]*vertex) {
	for _, vertices := range layers {
		for i, v := range vertices {
			v.pos = i
		}
	}
}

func snapshot(layers [][]*vertex) [][]*vertex {
	out := make([][]*vertex, len(layers))
	for l := range layers {
		out[l] = slices.Clone(layers[l])
	}
	return out
}

// sortByMiddle puts a layer in the order of its neighbours above, or below.
func sortByMiddle(vertices []*vertex, above bool) {
	middle := make(map[*vertex]float64, len(vertices))
	for _, v := range vertices {
		sum, n := 0, 0
		for _, l := range v.links {
			if l.to.layer < v.layer == above {
				sum += l.to.pos
				n++
			}
		}
		middle[v] = float64(v.pos)
		if n > 0 {
			middle[v] = float64(sum) / float64(n)
		}
	}
	slices.SortStableFunc(vertices, func(a, b *vertex) int { return cmp.Compare(middle[a], middle[b]) })
	for i, v := range vertices {
		v.pos = i
	}
}

// crossings counts the pairs of edges between neighbouring layers that cross.
func crossings(layers [][]*vertex) int {
	total := 0
	for l := 0; l+1 < len(layers); l++ {
		var ends []int // positions below, by position above
		for _, v := range layers[l] {
			first := len(ends)
			for _, to := range v.links {
				if to.to.layer == l+1 {
					ends = append(ends, to.to.pos)
				}
			}
			slices.Sort(ends[first:])
		}
		total += inversions(ends, len(layers[l+1]))
	}
	return total
}

// inversions counts the pairs that are not in order, of numbers below n.
func inversions(list []int, n int) int {
	tree := make([]int, n+1)
	total := 0
	for i, value := range list {
		total += i
		for k := value + 1; k > 0; k -= k & -k { // those not larger came in order
			total -= tree[k]
		}
		for k := value + 1; k <= n; k += k & -k {
			tree[k]++
		}
	}
	return total
}
