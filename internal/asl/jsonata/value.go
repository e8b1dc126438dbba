package jsonata

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/recolabs/gnata"
)

// Largest result: values, and bytes of text.
const (
	maxValues = 1_000_000
	maxBytes  = 32 << 20
)

// null is the engine's null; its nil stands for undefined.
func null() any {
	v, err := gnata.DecodeJSON(json.RawMessage("null"))
	if err != nil {
		panic("the engine does not read null: " + err.Error())
	}
	return v
}

// toEngine returns v with the engine's null for nil. What holds no nil is
// shared, not copied.
func toEngine(v any) any {
	if !hasNil(v) {
		return v
	}
	return replaceNil(v, null())
}

func hasNil(v any) bool {
	switch t := v.(type) {
	case nil:
		return true
	case []any:
		for _, child := range t {
			if hasNil(child) {
				return true
			}
		}
	case map[string]any:
		for _, child := range t {
			if hasNil(child) {
				return true
			}
		}
	}
	return false
}

func replaceNil(v, null any) any {
	switch t := v.(type) {
	case nil:
		return null
	case []any:
		out := make([]any, len(t))
		for i, child := range t {
			out[i] = replaceNil(child, null)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, child := range t {
			out[k] = replaceNil(child, null)
		}
		return out
	default:
		return v
	}
}

// ordered is the engine's object.
type ordered interface {
	Len() int
	Range(func(key string, v any) bool)
}

type converter struct{ values, bytes int }

// fromEngine converts a result. The error is an *Error: a function is no
// value, and a result may be too large.
func fromEngine(v any) (any, error) {
	c := &converter{values: maxValues, bytes: maxBytes}
	return c.convert(v, 0)
}

func (c *converter) convert(v any, depth int) (any, error) {
	if c.values--; c.values < 0 || c.bytes < 0 || depth > 5000 {
		return nil, &Error{Kind: Bound, Message: memoryMessage}
	}
	switch t := v.(type) {
	case nil:
		return nil, nil
	case bool:
		return t, nil
	case string:
		c.bytes -= len(t)
		return t, nil
	case json.Number:
		return plain(t), nil
	case float64:
		return number(t), nil
	case []any:
		out := make([]any, 0, min(len(t), maxValues))
		for _, child := range t {
			converted, err := c.convert(child, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, converted)
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(t))
		for k, child := range t {
			converted, err := c.convert(child, depth+1)
			if err != nil {
				return nil, err
			}
			c.bytes -= len(k)
			out[k] = converted
		}
		return out, nil
	case ordered:
		return c.object(t, depth)
	}
	if gnata.IsNull(v) {
		return nil, nil
	}
	return nil, &Error{Kind: Unsupported}
}

func (c *converter) object(m ordered, depth int) (any, error) {
	out := make(map[string]any, min(m.Len(), maxValues))
	var failed error
	m.Range(func(k string, v any) bool {
		converted, err := c.convert(v, depth+1)
		if err != nil {
			failed = err
			return false
		}
		c.bytes -= len(k)
		out[k] = converted
		return true
	})
	return out, failed
}

// plain leaves a number as it came, except for the zero that has a sign.
func plain(n json.Number) json.Number {
	if n == "-0" {
		return "0"
	}
	return n
}

// number shows a float as JSON of JavaScript does. One that JSON cannot show
// becomes a text, as Step Functions has it.
func number(f float64) any {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return json.Number("0")
	case math.Abs(f) >= 1e-6 && math.Abs(f) < 1e21:
		return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	text = strings.Replace(strings.Replace(text, "e-0", "e-", 1), "e+0", "e+", 1)
	return json.Number(text)
}
