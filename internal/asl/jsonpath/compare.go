package jsonpath

import (
	"cmp"
	"encoding/json"
	"strconv"

	"wplake/internal/asl/jsontext"
)

// equal tells whether two values are the same. As the dialect has it, a number
// equals the text that shows it; a path that leads nowhere equals nothing.
func equal(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case string:
		switch y := b.(type) {
		case string:
			return x == y
		case json.Number:
			return x == y.String()
		}
		return false
	case json.Number:
		switch y := b.(type) {
		case json.Number:
			c, ok := compareNumbers(x, y)
			return ok && c == 0
		case string:
			c, ok := compareNumbers(x, json.Number(y))
			return ok && c == 0
		}
		return false
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			other, ok := y[k]
			if !ok || !equal(v, other) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// compareNumbers compares integers exactly and others as 64-bit floats; ok is
// false when one is no number.
func compareNumbers(a, b json.Number) (c int, ok bool) {
	x, errX := strconv.ParseInt(a.String(), 10, 64)
	y, errY := strconv.ParseInt(b.String(), 10, 64)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y), true
	}
	f, errX := a.Float64()
	g, errY := b.Float64()
	if errX != nil || errY != nil {
		return 0, false
	}
	return cmp.Compare(f, g), true
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	default:
		return "undefined"
	}
}

// compact returns v as JSON without blanks.
func compact(v any) string {
	text, err := jsontext.Compact(v)
	if err != nil {
		return "?" // a value that came from JSON always encodes
	}
	return text
}
