package jsonata

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/recolabs/gnata"

	"wplake/internal/asl/intrinsic"
)

// Largest values that a function takes or gives: elements of an array and of a
// $range, bytes of a text, nesting and values of what is made a text.
const (
	maxElements = 873_782
	maxRange    = 360_145
	maxText     = 7_000_000
	maxDepth    = 1000
	maxNodes    = 500_000
)

// function is the engine's own shape of a function.
type function = func(args []any, focus any) (any, error)

// library makes and finds functions of the engine. It holds all of them, so
// that it is let go when an expression is compiled.
type library struct {
	native native
	lookup func(name string) (any, bool)
}

// native makes functions that the engine calls.
type native struct{ kind reflect.Type }

func newLibrary() library {
	l := library{lookup: gnata.NewCustomEnv(nil).Lookup}
	model, _ := l.lookup("count")
	l.native.kind = reflect.TypeOf(model)
	return l
}

// native returns f as a value that the engine calls.
func (n native) function(f function) any {
	return reflect.ValueOf(f).Convert(n.kind).Interface()
}

// call returns the engine's function of that name, if it is a plain one.
func (l library) call(name string) (function, bool) {
	v, ok := l.lookup(name)
	plain := reflect.TypeFor[function]()
	if !ok || !reflect.TypeOf(v).ConvertibleTo(plain) {
		return nil, false
	}
	f, ok := reflect.ValueOf(v).Convert(plain).Interface().(function)
	return f, ok
}

// replacements returns the bindings, of those that names has, which replace
// functions of the engine.
func (l library) replacements(names map[string]bool) map[string]any {
	out := map[string]any{}
	for name := range names {
		switch name {
		case "eval":
			out[name] = nil // which makes it no function
		case "partition":
			out[name] = l.native.function(partition)
		case "range":
			out[name] = l.native.function(numbers)
		case "hash":
			out[name] = l.native.function(hash)
		case "parse":
			out[name] = l.native.function(parse)
		case "replace":
			if f, ok := l.lookup(name); ok {
				out[name] = guardReplace(f)
			}
		default:
			if f, ok := l.call(name); ok {
				out[name] = l.native.function(guard(name, f))
			}
		}
	}
	return out
}

// count makes the functions that can hold a value several times in their
// result count its parts.
func (l library) count(functions map[string]any, names map[string]bool, most int) {
	for _, name := range []string{"map", "each", "zip"} {
		if !names[name] {
			continue
		}
		f, ok := functions[name]
		if !ok {
			f, ok = l.lookup(name)
		}
		if ok {
			functions[name] = countResult(f, most)
		}
	}
}

// hosted adds the functions that need the host, of those that names has. format
// is the engine's $fromMillis.
func (n native) hosted(vars map[string]any, names map[string]bool, format function, host Host) {
	if names["uuid"] && host.UUID != nil {
		vars["uuid"] = n.function(func([]any, any) (any, error) { return host.UUID(), nil })
	}
	if names["random"] && host.Random != nil {
		vars["random"] = n.function(func(args []any, _ any) (any, error) {
			if len(args) == 0 || args[0] == nil {
				return host.Random(), nil
			}
			seed, ok := asNumber(args[0])
			if !ok {
				return nil, signature("random", 1)
			}
			return intrinsic.Seeded(int64(seed)), nil
		})
	}
	if host.Now == nil {
		return
	}
	if names["millis"] {
		vars["millis"] = n.function(func([]any, any) (any, error) { return float64(host.Now().UnixMilli()), nil })
	}
	if names["now"] && format != nil {
		vars["now"] = n.function(func(args []any, focus any) (any, error) {
			return format(append([]any{float64(host.Now().UnixMilli())}, args...), focus)
		})
	}
}

// guard refuses arguments and results that are too large, before the engine
// works on them.
func guard(name string, f function) function {
	return func(args []any, focus any) (any, error) {
		for _, v := range args {
			if large(v) {
				return nil, errMemory
			}
		}
		switch name {
		case "string", "distinct":
			nodes := maxNodes
			if name == "distinct" {
				nodes = 20_000 // each value is compared with each other
			}
			for _, v := range args {
				if !within(v, &nodes, maxDepth) {
					return nil, errMemory
				}
			}
		case "join":
			if joined(args) > maxText {
				return nil, errMemory
			}
		case "append":
			if len(args) == 2 && count(args[0])+count(args[1]) > maxElements {
				return nil, errMemory
			}
		}
		v, err := f(args, focus)
		if err == nil && large(v) {
			return nil, errMemory
		}
		return v, err
	}
}

func large(v any) bool {
	switch t := v.(type) {
	case string:
		return len(t) > maxText
	case []any:
		return len(t) > maxElements
	}
	return false
}

func count(v any) int {
	if list, ok := v.([]any); ok {
		return len(list)
	}
	return 1
}

func joined(args []any) int {
	if len(args) == 0 {
		return 0
	}
	list, _ := args[0].([]any)
	between := 0
	if len(args) > 1 {
		text, _ := args[1].(string)
		between = len(text)
	}
	size := between * len(list)
	for _, v := range list {
		text, _ := v.(string)
		size += len(text)
	}
	return size
}

// within tells whether v has at most nodes values and depth levels.
func within(v any, nodes *int, depth int) bool {
	if *nodes--; *nodes < 0 || depth < 0 {
		return false
	}
	ok := true
	switch t := v.(type) {
	case []any:
		for _, child := range t {
			if ok = within(child, nodes, depth-1); !ok {
				break
			}
		}
	case map[string]any:
		for _, child := range t {
			if ok = within(child, nodes, depth-1); !ok {
				break
			}
		}
	case ordered:
		t.Range(func(_ string, child any) bool {
			ok = within(child, nodes, depth-1)
			return ok
		})
	}
	return ok
}

// guardReplace refuses a $replace whose result could be huge. Its function
// takes the engine's environment too, a type that has no name out here.
func guardReplace(f any) any {
	v := reflect.ValueOf(f)
	return reflect.MakeFunc(v.Type(), func(in []reflect.Value) []reflect.Value {
		args, _ := in[0].Interface().([]any)
		if len(args) >= 3 {
			text, _ := args[0].(string)
			by, _ := args[2].(string)
			places := len(text) + 1
			if pattern, ok := args[1].(string); ok && pattern != "" {
				places = strings.Count(text, pattern)
			}
			if len(by) > 0 && places > 8*maxText/len(by) {
				return []reflect.Value{reflect.Zero(v.Type().Out(0)), reflect.ValueOf(errMemory)}
			}
		}
		return v.Call(in)
	}).Interface()
}

func asNumber(v any) (float64, bool) {
	switch t := v.(type) {
	case float64:
		return t, true
	case json.Number:
		f, err := t.Float64()
		return f, err == nil
	}
	return 0, false
}

// argument returns the i-th argument; nil when it is missing or undefined.
func argument(args []any, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

// partition cuts an array into chunks. The fraction of their size does not
// count. Nothing comes of an empty array or of chunks without elements; without
// a size all is one chunk.
func partition(args []any, _ any) (any, error) {
	if len(args) > 2 {
		return nil, signature("partition", 3)
	}
	if argument(args, 0) == nil {
		return nil, nil
	}
	list, ok := args[0].([]any)
	if !ok {
		return nil, signature("partition", 1)
	}
	if argument(args, 1) == nil && len(list) > 0 {
		return []any{list}, nil
	}
	size, ok := asNumber(argument(args, 1))
	if !ok || size <= -1 {
		return nil, signature("partition", 2)
	}
	n := int(min(size, maxElements))
	if n == 0 || len(list) == 0 {
		return nil, nil
	}
	chunks := []any{}
	for len(list) > 0 {
		k := min(n, len(list))
		chunks = append(chunks, list[:k:k])
		list = list[k:]
	}
	return chunks, nil
}

// numbers gives the numbers from the first to the second argument, which may
// be included, in steps of the third; their fractions do not count. As a
// sequence of JSONata, one number is that number and none is undefined, as it
// is without a step.
func numbers(args []any, _ any) (any, error) {
	if len(args) > 3 {
		return nil, signature("range", 4)
	}
	var bounds [3]float64
	for i := range bounds {
		v := argument(args, i)
		if v == nil {
			return nil, nil
		}
		n, ok := asNumber(v)
		if !ok {
			return nil, signature("range", i+1)
		}
		bounds[i] = math.Trunc(n)
	}
	from, to, by := bounds[0], bounds[1], bounds[2]
	if by == 0 {
		return nil, nil
	}
	steps := math.Floor((to - from) / by)
	if !(steps >= 0) {
		return nil, nil
	}
	if steps >= maxRange {
		return nil, errMemory
	}
	out := make([]any, 0, int(steps)+1)
	for i := range int(steps) + 1 {
		out = append(out, from+float64(i)*by)
	}
	if len(out) == 1 {
		return out[0], nil
	}
	return out, nil
}

func hash(args []any, _ any) (any, error) {
	if len(args) > 2 {
		return nil, signature("hash", 3)
	}
	if argument(args, 0) == nil {
		return nil, nil
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, signature("hash", 1)
	}
	if argument(args, 1) == nil {
		return nil, nil
	}
	algorithm, ok := argument(args, 1).(string)
	if !ok {
		return nil, signature("hash", 2)
	}
	return intrinsic.Digest(text, algorithm)
}

// parse reads JSON, without repeated members and numbers that no float can
// hold. The check before it also limits the nesting, which the engine's own
// reader does not.
func parse(args []any, _ any) (any, error) {
	if len(args) > 1 {
		return nil, signature("parse", 2)
	}
	if argument(args, 0) == nil {
		return nil, nil
	}
	text, ok := args[0].(string)
	if !ok {
		return nil, signature("parse", 1)
	}
	if len(text) > maxText {
		return nil, errMemory
	}
	if !strict(text) {
		return nil, invalid()
	}
	v, err := gnata.DecodeJSON(json.RawMessage(text))
	if err != nil {
		return nil, invalid()
	}
	return v, nil
}

func invalid() error { return &Error{Kind: Thrown, Code: "D3137", Message: "Invalid JSON"} }

// signature is JSONata's error for an argument of the wrong type.
func signature(name string, index int) error {
	return &Error{Kind: Thrown, Code: "T0410", Message: fmt.Sprintf("Argument %d of function %q does not match function signature", index, name)}
}
