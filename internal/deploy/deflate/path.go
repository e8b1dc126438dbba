package deflate

import (
	"math"
	"slices"
)

// token is a literal, or a match.
type token struct {
	at       int32  // place in the data
	length   uint16 // 1: a literal
	distance uint16 // less one
	literal  byte
}

// costs are the bits that tokens take, by the codes of an attempt.
type costs struct {
	literal  [256]float32
	length   [maxMatch + 1]float32
	distance [distanceCodes]float32
}

// guessed are costs before anything is known.
func guessed() costs {
	var c costs
	for i := range c.literal {
		c.literal[i] = 8
	}
	for n := minMatch; n <= maxMatch; n++ {
		c.length[n] = 7 + float32(lengthCode(n).bits)
	}
	for i := range c.distance {
		c.distance[i] = 5 + float32(distanceBits(i))
	}
	return c
}

// costsOf are the costs by how often the symbols came.
func costsOf(h *histogram) *costs {
	c := &costs{}
	literals := ideal(h.literals[:])
	distances := ideal(h.distances[:])
	for i := range c.literal {
		c.literal[i] = literals[i]
	}
	for n := minMatch; n <= maxMatch; n++ {
		l := lengthCode(n)
		c.length[n] = literals[l.symbol] + float32(l.bits)
	}
	for i := range c.distance {
		c.distance[i] = distances[i] + float32(distanceBits(i))
	}
	return c
}

// ideal are the bits that symbols take by their frequency; those that never
// came take what the rarest does, and a bit.
func ideal(frequency []uint32) []float32 {
	var total float64
	for _, n := range frequency {
		total += float64(n)
	}
	most := math.Log2(total+1) + 1
	bits := make([]float32, len(frequency))
	for i, n := range frequency {
		bits[i] = float32(most)
		if n > 0 {
			bits[i] = float32(max(0.5, math.Log2(total/float64(n))))
		}
	}
	return bits
}

// block is a run of tokens with codes of its own.
type block struct {
	first, end int // of tokens
	to         int // where its data ends
	costs      *costs
}

// longEnough is a match that is taken without a look at shorter ones.
const longEnough = 200

// shortest is the cheapest way from from to the end of the data.
func shortest(data []byte, from int, f found, blocks []block) []token {
	n := len(data) - from
	reached := make([]float64, n+1)
	step := make([]match, n+1) // how the place is best reached
	for i := 1; i <= n; i++ {
		reached[i] = math.MaxFloat64
	}
	at := 0
	for i := 0; i < n; i++ {
		for blocks[at].to <= from+i && at < len(blocks)-1 {
			at++
		}
		c := blocks[at].costs
		here := reached[i]
		if cost := here + float64(c.literal[data[from+i]]); cost < reached[i+1] {
			reached[i+1], step[i+1] = cost, match{length: 1}
		}
		shorter := minMatch
		for _, m := range f.at(from + i) {
			d := here + float64(c.distance[distanceCode(int(m.distance))])
			if m.length >= longEnough {
				shorter = int(m.length)
			}
			for l := shorter; l <= int(m.length); l++ {
				if cost := d + float64(c.length[l]); cost < reached[i+l] {
					reached[i+l], step[i+l] = cost, match{uint16(l), m.distance}
				}
			}
			shorter = int(m.length) + 1
		}
	}
	var tokens []token
	for i := n; i > 0; i -= int(step[i].length) {
		at := i - int(step[i].length)
		tokens = append(tokens, token{int32(from + at), step[i].length, step[i].distance, data[from+at]})
	}
	slices.Reverse(tokens)
	return tokens
}
