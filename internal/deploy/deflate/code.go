package deflate

import (
	"cmp"
	"math"
	mathbits "math/bits"
	"slices"
)

// Sizes of the alphabets of RFC 1951, section 3.2.5 to 3.2.7.
const (
	literalCodes  = 286 // literals, the end of a block, lengths
	distanceCodes = 30
	lengthSymbols = 19 // of the lengths of codes
	endOfBlock    = 256
	longestCode   = 15
)

// coded is a length or a distance as a symbol and further bits.
type coded struct {
	symbol int
	bits   int // how many further bits
	value  int // of the further bits
}

// lengthCode is the code of a match's length, 3 to 258.
func lengthCode(n int) coded {
	if n == maxMatch {
		return coded{symbol: 285}
	}
	n -= minMatch
	if n < 8 {
		return coded{symbol: 257 + n}
	}
	extra := mathbits.Len(uint(n)) - 3
	return coded{symbol: 257 + extra*4 + n>>extra, bits: extra, value: n & (1<<extra - 1)}
}

// distanceCode is the symbol of a distance less one, 0 to 32767.
func distanceCode(d int) int {
	if d < 4 {
		return d
	}
	extra := mathbits.Len(uint(d)) - 2
	return extra*2 + d>>extra
}

// distanceBits is how many further bits a distance's symbol has.
func distanceBits(symbol int) int { return max(0, symbol/2-1) }

// histogram counts symbols.
type histogram struct {
	literals  [literalCodes]uint32
	distances [distanceCodes]uint32
}

func (h *histogram) count(tokens []token) {
	for _, t := range tokens {
		if t.length == 1 {
			h.literals[t.literal]++
			continue
		}
		h.literals[lengthCode(int(t.length)).symbol]++
		h.distances[distanceCode(int(t.distance))]++
	}
	h.literals[endOfBlock]++
}

func (h *histogram) add(other *histogram) {
	for i, n := range other.literals {
		h.literals[i] += n
	}
	for i, n := range other.distances {
		h.distances[i] += n
	}
	h.literals[endOfBlock] = 1
}

// size is about how many bits a block of these symbols takes: by their
// frequency, and five for the code of each symbol.
func (h *histogram) size() float64 {
	total := 100.0
	weigh := func(frequency []uint32, extra func(symbol int) int) {
		all, each := 0.0, 0.0
		for i, n := range frequency {
			if n == 0 {
				continue
			}
			all += float64(n)
			each += float64(n) * math.Log2(float64(n))
			total += float64(n)*float64(extra(i)) + 5
		}
		if all > 0 {
			total += all*math.Log2(all) - each
		}
	}
	weigh(h.literals[:], lengthBits)
	weigh(h.distances[:], distanceBits)
	return total
}

// lengthBits is how many further bits a length's symbol has.
func lengthBits(symbol int) int {
	if symbol < 265 || symbol == 285 { // literals among them
		return 0
	}
	return (symbol - 261) / 4
}

// codes are the codes of a block, and how its header tells them.
type codes struct {
	literals  []uint8 // lengths of codes
	distances []uint8
	lengths   []uint8 // lengths of the codes of lengths
	runs      []coded // symbols of lengths of codes
	counts    [3]int  // HLIT, HDIST, HCLEN as numbers of codes
}

// order is in which order the lengths of the codes of lengths are told.
func order() [lengthSymbols]int {
	return [lengthSymbols]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
}

func codesOf(h *histogram) codes {
	c := codes{literals: lengthsOf(h.literals[:], longestCode), distances: lengthsOf(h.distances[:], longestCode)}
	literals, distances := trimmed(c.literals, 257), trimmed(c.distances, 1)
	c.runs = runs(append(slices.Clone(literals), distances...))
	var frequency [lengthSymbols]uint32
	for _, r := range c.runs {
		frequency[r.symbol]++
	}
	c.lengths = lengthsOf(frequency[:], 7)
	told := lengthSymbols
	for o := order(); told > 4 && c.lengths[o[told-1]] == 0; {
		told--
	}
	c.counts = [3]int{len(literals), len(distances), told}
	return c
}

// trimmed leaves out the zeros at the end, down to least.
func trimmed(lengths []uint8, least int) []uint8 {
	n := len(lengths)
	for n > least && lengths[n-1] == 0 {
		n--
	}
	return lengths[:n]
}

// runs tells lengths of codes with the symbols for repetitions.
func runs(lengths []uint8) []coded {
	var out []coded
	for i := 0; i < len(lengths); {
		n := 1
		for i+n < len(lengths) && lengths[i+n] == lengths[i] {
			n++
		}
		value := int(lengths[i])
		i += n
		if value == 0 {
			for n >= 11 {
				k := min(n, 138)
				out, n = append(out, coded{18, 7, k - 11}), n-k
			}
			if n >= 3 {
				out, n = append(out, coded{17, 3, n - 3}), 0
			}
		} else {
			out, n = append(out, coded{symbol: value}), n-1
			for n >= 3 {
				k := min(n, 6)
				if n-k > 0 && n-k < 3 && k > 3 {
					k = max(3, n-3)
				}
				out, n = append(out, coded{16, 2, k - 3}), n-k
			}
		}
		for range n {
			out = append(out, coded{symbol: value})
		}
	}
	return out
}

// lengthsOf are the lengths of the codes that take the fewest bits, none longer
// than most: package-merge (Larmore and Hirschberg, 1990).
func lengthsOf(frequency []uint32, most int) []uint8 {
	lengths := make([]uint8, len(frequency))
	type node struct {
		weight  uint64
		symbols []int
	}
	var leaves []node
	for i, n := range frequency {
		if n > 0 {
			leaves = append(leaves, node{uint64(n), []int{i}})
		}
	}
	// A decoder wants two codes; one alone has one bit.
	for i := 0; len(leaves) < 2 && i < len(frequency); i++ {
		if frequency[i] == 0 {
			leaves = append(leaves, node{0, []int{i}})
		}
	}
	byWeight := func(a, b node) int { return cmp.Compare(a.weight, b.weight) }
	slices.SortStableFunc(leaves, byWeight)
	level := leaves
	for range most - 1 {
		var pairs []node
		for i := 0; i+1 < len(level); i += 2 {
			pairs = append(pairs, node{level[i].weight + level[i+1].weight, slices.Concat(level[i].symbols, level[i+1].symbols)})
		}
		// Of the same weight a leaf comes first: otherwise a symbol could be told
		// within a pair before it is told alone.
		level = append(slices.Clone(leaves), pairs...)
		slices.SortStableFunc(level, byWeight)
	}
	for _, n := range level[:2*len(leaves)-2] {
		for _, s := range n.symbols {
			lengths[s]++
		}
	}
	return lengths
}

// bitsOf are the codes themselves, by their lengths, the first bit lowest.
func bitsOf(lengths []uint8) []uint16 {
	var count, next [longestCode + 2]int
	for _, n := range lengths {
		count[n]++
	}
	count[0] = 0
	for n := 1; n <= longestCode; n++ {
		next[n+1] = (next[n] + count[n]) << 1
	}
	out := make([]uint16, len(lengths))
	for i, n := range lengths {
		if n > 0 {
			out[i] = mathbits.Reverse16(uint16(next[n])) >> (16 - n)
			next[n]++
		}
	}
	return out
}
