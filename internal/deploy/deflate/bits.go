package deflate

// bits is a stream of bits, the lowest first.
type bits struct {
	out  []byte
	held uint64
	n    uint
}

// write adds the lowest count bits of v, at most 32.
func (b *bits) write(v uint64, count uint) {
	b.held |= v << b.n
	b.n += count
	for b.n >= 8 {
		b.out = append(b.out, byte(b.held))
		b.held >>= 8
		b.n -= 8
	}
}

// align fills up the last byte.
func (b *bits) align() {
	if b.n > 0 {
		b.write(0, 8-b.n)
	}
}

// block writes tokens as a block with codes of its own.
func (b *bits) block(tokens []token, last bool) {
	var h histogram
	h.count(tokens)
	c := codesOf(&h)
	final := uint64(0)
	if last {
		final = 1
	}
	b.write(final, 1)
	b.write(2, 2)
	b.write(uint64(c.counts[0]-257), 5)
	b.write(uint64(c.counts[1]-1), 5)
	b.write(uint64(c.counts[2]-4), 4)
	symbols := order()
	for _, symbol := range symbols[:c.counts[2]] {
		b.write(uint64(c.lengths[symbol]), 3)
	}
	of := bitsOf(c.lengths)
	for _, r := range c.runs {
		b.write(uint64(of[r.symbol]), uint(c.lengths[r.symbol]))
		b.write(uint64(r.value), uint(r.bits))
	}
	literals, distances := bitsOf(c.literals), bitsOf(c.distances)
	for _, t := range tokens {
		if t.length == 1 {
			b.write(uint64(literals[t.literal]), uint(c.literals[t.literal]))
			continue
		}
		l := lengthCode(int(t.length))
		b.write(uint64(literals[l.symbol]), uint(c.literals[l.symbol]))
		b.write(uint64(l.value), uint(l.bits))
		d := distanceCode(int(t.distance))
		b.write(uint64(distances[d]), uint(c.distances[d]))
		extra := uint(distanceBits(d))
		b.write(uint64(t.distance)&(1<<extra-1), extra)
	}
	b.write(uint64(literals[endOfBlock]), uint(c.literals[endOfBlock]))
}
