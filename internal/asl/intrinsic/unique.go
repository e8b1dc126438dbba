package intrinsic

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
)

// unique gives each value once, in the order of Step Functions: that of a hash
// set, in which small numbers come by size and texts as their hashes fall. The
// order is part of the result, so the hashes are those of Step Functions too.
func unique(list []any) (any, error) {
	type entry struct {
		value any
		hash  uint32
	}
	var entries []entry
	seen := make(map[string]bool, len(list))
	for _, v := range list {
		id, err := encode(canonical(v))
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			seen[id] = true
			h := hashOf(v)
			entries = append(entries, entry{v, h ^ h>>16})
		}
	}
	// The set starts with 16 places and doubles them when it is three quarters full.
	places := 16
	for 4*len(entries) > 3*places {
		places *= 2
	}
	mask := uint32(places - 1) //nolint:gosec // a small power of two
	slices.SortStableFunc(entries, func(a, b entry) int { return int(a.hash&mask) - int(b.hash&mask) })
	out := make([]any, len(entries))
	for i, e := range entries {
		out[i] = e.value
	}
	return out, nil
}

// canonical writes equal numbers alike. A whole number and one with a point or
// an exponent are of different kinds, and never equal.
func canonical(v any) any {
	switch t := v.(type) {
	case json.Number:
		if _, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			return t
		}
		if f, err := t.Float64(); err == nil {
			return map[string]any{"": json.Number(strconv.FormatFloat(f, 'g', -1, 64))}
		}
		return t
	case []any:
		out := make([]any, len(t))
		for i, child := range t {
			out[i] = canonical(child)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, child := range t {
			out[k+"."] = canonical(child) // no member is named as the mark of a number
		}
		return out
	default:
		return v
	}
}

// hashOf is the 32-bit hash of a value: of texts and lists the usual sum with
// the factor 31, of objects the sum over the members.
func hashOf(v any) uint32 {
	switch t := v.(type) {
	case bool:
		if t {
			return 1231
		}
		return 1237
	case string:
		var h uint32
		for _, unit := range utf16.Encode([]rune(t)) {
			h = 31*h + uint32(unit)
		}
		return h
	case json.Number:
		return hashOfNumber(t)
	case []any:
		h := uint32(1)
		for _, child := range t {
			h = 31*h + hashOf(child)
		}
		return h
	case map[string]any:
		var h uint32
		for k, child := range t {
			h += hashOf(k) ^ hashOf(child)
		}
		return h
	default:
		return 0
	}
}

func hashOfNumber(n json.Number) uint32 {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		if i >= math.MinInt32 && i <= math.MaxInt32 {
			return uint32(i) //nolint:gosec // the low half is what counts
		}
		return uint32(i ^ int64(uint64(i)>>32)) //nolint:gosec // both halves, folded
	}
	f, err := n.Float64()
	if err != nil {
		return 0
	}
	bits := math.Float64bits(f)
	return uint32(bits ^ bits>>32) //nolint:gosec // both halves, folded
}
