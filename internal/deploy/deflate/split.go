package deflate

// piece is how many tokens are looked at together when blocks are made of them.
const piece = 4096

// split makes blocks of tokens: neighbours become one where they are smaller
// with codes in common.
func split(tokens []token, from int) []block {
	type part struct {
		first, end int
		histogram  histogram
		bits       float64
	}
	var parts []*part
	for i := 0; i < len(tokens); i += piece {
		p := &part{first: i, end: min(i+piece, len(tokens))}
		p.histogram.count(tokens[p.first:p.end])
		p.bits = p.histogram.size()
		parts = append(parts, p)
	}
	join := func(a, b *part) *part {
		p := &part{first: a.first, end: b.end, histogram: a.histogram}
		p.histogram.add(&b.histogram)
		p.bits = p.histogram.size()
		return p
	}
	// The pair that gains most is joined first. joined[i] is parts[i] with its
	// right neighbour.
	joined := make([]*part, len(parts))
	for i := 0; i+1 < len(parts); i++ {
		joined[i] = join(parts[i], parts[i+1])
	}
	for {
		best, gain := -1, 0.0
		for i := 0; i+1 < len(parts); i++ {
			if g := parts[i].bits + parts[i+1].bits - joined[i].bits; g > gain {
				best, gain = i, g
			}
		}
		if best < 0 {
			break
		}
		parts[best] = joined[best]
		parts = append(parts[:best+1], parts[best+2:]...)
		joined = append(joined[:best], joined[best+1:]...)
		if best+1 < len(parts) {
			joined[best] = join(parts[best], parts[best+1])
		}
		if best > 0 {
			joined[best-1] = join(parts[best-1], parts[best])
		}
	}
	blocks := make([]block, len(parts))
	for i, p := range parts {
		last := tokens[p.end-1]
		blocks[i] = block{first: p.first, end: p.end, to: int(last.at) + int(last.length), costs: costsOf(&p.histogram)}
	}
	if len(blocks) == 0 {
		c := guessed()
		return []block{{to: from, costs: &c}}
	}
	return blocks
}
