package jsonata

import (
	"reflect"
	"sort"
	"strings"
)

// An array or object can hold another value several times, and that one yet
// another: a few dozen steps make a value that is small in memory and has 2^n
// parts to whoever visits, compares or prints it, all in one step of the engine
// that nothing can interrupt. So such values must not come about: in
// expressions that could make them, every constructor is wrapped into a call
// that counts the parts, and the functions that can make arrays of any values
// count theirs.

// boundName is the function that counts. It is no name that a person gives.
const boundName = "__whole"

// mostParts is how many parts a value may have. Where a text names variables
// often, each may stand for that many.
func mostParts(references int) int {
	return max(20_000, min(maxNodes, 50_000_000/max(1, references)))
}

// wrap puts the constructors at made into calls of boundName.
func wrap(text string, made []span) string {
	type insert struct {
		at   int
		text string
		end  bool
		size int // of its span
	}
	var inserts []insert
	for _, s := range made {
		inserts = append(inserts, insert{s.from, "$" + boundName + "(", false, s.to - s.from}, insert{s.to, ")", true, s.to - s.from})
	}
	sort.SliceStable(inserts, func(i, j int) bool {
		a, b := inserts[i], inserts[j]
		if a.at != b.at {
			return a.at < b.at
		}
		if a.end != b.end {
			return a.end // what ends here, before what begins
		}
		if a.end {
			return a.size < b.size
		}
		return a.size > b.size
	})
	var b strings.Builder
	last := 0
	for _, in := range inserts {
		b.WriteString(text[last:in.at])
		b.WriteString(in.text)
		last = in.at
	}
	b.WriteString(text[last:])
	return b.String()
}

// counted is the function boundName: it gives back its argument, when that has
// not too many parts.
func counted(most int) function {
	return func(args []any, _ any) (any, error) {
		v := argument(args, 0)
		nodes := most
		if !within(v, &nodes, maxDepth) {
			return nil, errMemory
		}
		return v, nil
	}
}

// countResult makes a function that calls others count the parts of its
// result. Its type has no name out here.
func countResult(f any, most int) any {
	v := reflect.ValueOf(f)
	if v.Kind() != reflect.Func {
		return f
	}
	return reflect.MakeFunc(v.Type(), func(in []reflect.Value) []reflect.Value {
		out := v.Call(in)
		if len(out) == 0 || out[0].IsNil() {
			return out
		}
		nodes := most
		if !within(out[0].Interface(), &nodes, maxDepth) {
			return []reflect.Value{reflect.Zero(v.Type().Out(0)), reflect.ValueOf(errMemory)}
		}
		return out
	}).Interface()
}
