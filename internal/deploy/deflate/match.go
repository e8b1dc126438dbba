package deflate

import "encoding/binary"

// The bounds of RFC 1951.
const (
	window   = 32 << 10
	minMatch = 3
	maxMatch = 258
)

// chain is how many earlier places are looked at for a match.
const chain = 600

const hashBits = 16

// match is text that was there before: as many bytes, so far back.
type match struct {
	length   uint16
	distance uint16 // less one
}

// found are the matches at each place, longer ones farther back.
type found struct {
	matches []match
	first   []int32 // by place: the index of its first; the next place's ends them
}

func (f found) at(i int) []match { return f.matches[f.first[i]:f.first[i+1]] }

// findMatches looks at each place from from on for the nearest match of every
// length that there is.
func findMatches(data []byte, from int) found {
	f := found{matches: make([]match, 0, 2*(len(data)-from)), first: make([]int32, len(data)+1)}
	head := make([]int32, 1<<hashBits)
	for i := range head {
		head[i] = -1
	}
	previous := make([]int32, len(data))
	for i := range data {
		f.first[i] = int32(len(f.matches))
		if len(data)-i < minMatch {
			continue
		}
		h := hash(data[i:])
		at := head[h]
		previous[i], head[h] = at, int32(i)
		if i < from {
			continue
		}
		longest, most := minMatch-1, min(maxMatch, len(data)-i)
		for tries := chain; at >= 0 && i-int(at) <= window && tries > 0; tries-- {
			if n := common(data, int(at), i, longest, most); n > longest {
				longest = n
				f.matches = append(f.matches, match{uint16(n), uint16(i - int(at) - 1)})
				if n == most {
					break
				}
			}
			at = previous[at]
		}
	}
	f.first[len(data)] = int32(len(f.matches))
	return f
}

func hash(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) * 0x9E3779B1 >> (32 - hashBits)
}

// common is how many bytes at the two places are the same, or 0 where that is
// certainly no more than longest.
func common(data []byte, a, b, longest, most int) int {
	if longest < most && data[a+longest] != data[b+longest] {
		return 0
	}
	n := 0
	for n+8 <= most && binary.LittleEndian.Uint64(data[a+n:]) == binary.LittleEndian.Uint64(data[b+n:]) {
		n += 8
	}
	for n < most && data[a+n] == data[b+n] {
		n++
	}
	return n
}
