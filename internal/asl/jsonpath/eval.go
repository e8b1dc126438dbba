package jsonpath

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// budget is how many values one Get may visit.
const budget = 5_000_000

// Get evaluates the path against root. A definite path that leads nowhere
// gives found false and no error: Missing then tells why. A path that is not
// definite is always found and gives an array, maybe empty. The error is
// ErrBudget, or tells what a function could not work with.
func (p *Path) Get(root any) (value any, found bool, err error) {
	left := budget
	e := &evaluation{root: root, left: &left}
	v, err := e.value(p, root)
	var missing *missingError
	if errors.As(err, &missing) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	return v, true, nil
}

// Missing returns the reason, in the words of Step Functions, why Get finds
// nothing in root, and "" when it finds something.
func (p *Path) Missing(root any) string {
	left := budget
	e := &evaluation{root: root, left: &left}
	_, err := e.value(p, root)
	var missing *missingError
	if errors.As(err, &missing) {
		return missing.reason
	}
	return ""
}

// PastEnd tells whether the path leads nowhere only because its last step is an
// index that an array does not have.
func (p *Path) PastEnd(root any) bool {
	last := len(p.steps) - 1
	if last < 0 || p.steps[last].kind != kindIndex || !p.Definite() {
		return false
	}
	v, found, err := (&Path{source: p.source, steps: p.steps[:last]}).Get(root)
	a, isArray := v.([]any)
	i := p.steps[last].indexes[0]
	return err == nil && found && isArray && (i >= len(a) || i < -len(a))
}

// missingError says that a definite path leads nowhere.
type missingError struct{ reason string }

func (e *missingError) Error() string { return e.reason }

type evaluation struct {
	root any
	left *int
}

func (e *evaluation) spend(n int) error {
	if *e.left -= n; *e.left < 0 {
		return ErrBudget
	}
	return nil
}

// value evaluates a whole path from a start, which is the root or, in filters,
// the current value.
func (e *evaluation) value(p *Path, start any) (any, error) {
	if v, ok := simple(p.steps, start); ok {
		return v, nil
	}
	w := &walk{evaluation: e, path: p, definite: true}
	if n := len(p.steps); n > 1 && p.steps[0].kind == kindScan && p.steps[n-1].kind == kindFunction {
		return e.scanThenFunction(p, start)
	}
	matches := []any{}
	w.found = func(v any) error {
		matches = append(matches, v)
		return nil
	}
	if err := w.walk(0, start, true); err != nil {
		return nil, err
	}
	if !p.Definite() {
		return matches, nil
	}
	if len(matches) == 0 {
		return nil, &missingError{"No results for path: " + p.Normalised()}
	}
	return matches[0], nil
}

// simple follows a path of plain names and indexes, the common case, without
// the bookkeeping that the others need. ok is false when it leads nowhere.
func simple(steps []step, v any) (any, bool) {
	for i := range steps {
		s := &steps[i]
		switch {
		case s.kind == kindProperty && len(s.names) == 1:
			m, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = m[s.names[0]]; !ok {
				return nil, false
			}
		case s.kind == kindIndex && len(s.indexes) == 1:
			a, ok := v.([]any)
			if !ok {
				return nil, false
			}
			n := s.indexes[0]
			if n < 0 {
				n += len(a)
			}
			if n < 0 || n >= len(a) {
				return nil, false
			}
			v = a[n]
		default:
			return nil, false
		}
	}
	return v, true
}

// scanThenFunction applies the function at the end to all matches together,
// as the dialect does when the path starts with a deep scan.
func (e *evaluation) scanThenFunction(p *Path, start any) (any, error) {
	last := len(p.steps) - 1
	before := &Path{source: p.source, steps: p.steps[:last]}
	matches, err := e.value(before, start)
	if err != nil {
		return nil, err
	}
	return e.call(&p.steps[last], matches, start)
}

type walk struct {
	*evaluation
	path     *Path
	definite bool
	found    func(any) error
}

// walk applies the steps from i on to v. upstream tells whether the steps
// before i are definite: only then is a missing member an error.
func (w *walk) walk(i int, v any, upstream bool) error {
	if err := w.spend(1); err != nil {
		return err
	}
	if i == len(w.path.steps) {
		return w.found(v)
	}
	s := &w.path.steps[i]
	switch s.kind {
	case kindProperty:
		return w.property(i, v, upstream)
	case kindIndex, kindSlice:
		return w.elements(i, v, upstream)
	case kindWildcard:
		return each(v, func(child any) error { return w.walk(i+1, child, false) })
	case kindScan:
		return w.scan(i+1, v)
	case kindFilter:
		return w.filtered(i, v, upstream)
	default:
		result, err := w.call(s, v, v)
		if err != nil {
			return err
		}
		return w.walk(i+1, result, upstream)
	}
}

// each calls do with the children of an object, by name, or of an array.
func each(v any, do func(any) error) error {
	switch t := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(t)) {
			if err := do(t[k]); err != nil {
				return err
			}
		}
	case []any:
		for _, child := range t {
			if err := do(child); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) property(i int, v any, upstream bool) error {
	s := &w.path.steps[i]
	m, ok := v.(map[string]any)
	if !ok {
		if !upstream {
			return nil
		}
		return &missingError{fmt.Sprintf("Expected to find an object with property %s in path %s but found '%s'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
			normalise(w.path.steps[i:i+1]), "$"+normalise(w.path.steps[:i]), nodeClass(v))}
	}
	leaf := i == len(w.path.steps)-1
	if leaf && len(s.names) > 1 {
		merged := make(map[string]any, len(s.names))
		for _, name := range s.names {
			if child, ok := m[name]; ok {
				merged[name] = child
			}
		}
		return w.walk(i+1, merged, upstream)
	}
	for _, name := range s.names {
		child, ok := m[name]
		if !ok {
			if !leaf && upstream && len(s.names) == 1 {
				return &missingError{"Missing property in path $" + normalise(w.path.steps[:i+1])}
			}
			continue
		}
		if err := w.walk(i+1, child, upstream && len(s.names) == 1); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) elements(i int, v any, upstream bool) error {
	s := &w.path.steps[i]
	a, ok := v.([]any)
	if !ok {
		if !upstream {
			return nil
		}
		return &missingError{fmt.Sprintf("Filter: %s can only be applied to arrays. Current context is: %s",
			normalise(w.path.steps[i:i+1]), compact(v))}
	}
	if s.kind == kindSlice {
		from, to := bounds(s, len(a))
		for ; from < to; from++ {
			if err := w.element(i, a, from, false); err != nil {
				return err
			}
		}
		return nil
	}
	for _, n := range s.indexes {
		if err := w.element(i, a, n, upstream && len(s.indexes) == 1); err != nil {
			return err
		}
	}
	return nil
}

// element goes on with one element, counted from the end if n is negative. In
// a path that is not definite, an element that is not there is null.
func (w *walk) element(i int, a []any, n int, definite bool) error {
	if n < 0 {
		n += len(a)
	}
	switch {
	case n >= 0 && n < len(a):
		return w.walk(i+1, a[n], definite)
	case i == len(w.path.steps)-1 && !definite:
		return w.walk(i+1, nil, definite)
	}
	return nil
}

// bounds gives the half-open range of a slice in an array of n elements, as the
// dialect has it: with both ends given, negative ones are not counted from the
// end before they are compared, so that [1:-1] is empty and [-2:1] has three
// elements.
func bounds(s *step, n int) (from, to int) {
	fromEnd := func(i int) int {
		if i < 0 {
			i += n
		}
		return max(i, 0)
	}
	switch {
	case n == 0:
		return 0, 0
	case s.from != nil && s.to != nil:
		// Before the beginning of the array all is null; an array's length of
		// that is enough for anybody, and bounds the work.
		return max(*s.from, -2*n), min(*s.to, n)
	case s.from != nil:
		return fromEnd(*s.from), n
	default:
		return 0, min(fromEnd(*s.to), n)
	}
}

// scan applies the step i to v and to everything below it, parents first.
func (w *walk) scan(i int, v any) error {
	if err := w.spend(1); err != nil {
		return err
	}
	if w.scans(i, v) {
		if err := w.walk(i, v, false); err != nil {
			return err
		}
	}
	return each(v, func(child any) error { return w.scan(i, child) })
}

// scans tells whether the step after a deep scan applies to v. Filters look
// at objects one by one, so that an element is not met twice.
func (w *walk) scans(i int, v any) bool {
	s := &w.path.steps[i]
	switch t := v.(type) {
	case map[string]any:
		if s.kind != kindProperty {
			return s.kind != kindIndex && s.kind != kindSlice
		}
		for _, name := range s.names {
			if _, ok := t[name]; !ok {
				return false
			}
		}
		return true
	case []any:
		return s.kind == kindIndex || s.kind == kindSlice || s.kind == kindWildcard || s.kind == kindFunction
	default:
		return s.kind == kindFunction
	}
}

func (w *walk) filtered(i int, v any, upstream bool) error {
	s := &w.path.steps[i]
	accept := func(child any) error {
		ok, err := s.filter.accepts(w.evaluation, child)
		if err != nil || !ok {
			return err
		}
		return w.walk(i+1, child, false)
	}
	switch t := v.(type) {
	case map[string]any:
		return accept(t)
	case []any:
		for _, child := range t {
			if err := accept(child); err != nil {
				return err
			}
		}
		return nil
	default:
		if !upstream {
			return nil
		}
		return &missingError{fmt.Sprintf("Filter: [?] can not be applied to primitives. Current context is: %s", compact(v))}
	}
}

// nodeClass names the kind of a value as Step Functions' texts do.
func nodeClass(v any) string {
	const tree = "com.fasterxml.jackson.databind.node."
	switch t := v.(type) {
	case nil:
		return tree + "NullNode"
	case bool:
		return tree + "BooleanNode"
	case string:
		return tree + "TextNode"
	case []any:
		return tree + "ArrayNode"
	case json.Number:
		if n, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			if n == int64(int32(n)) { //nolint:gosec // the question is whether it overflows
				return tree + "IntNode"
			}
			return tree + "LongNode"
		}
		return tree + "DoubleNode"
	default:
		return tree + "ObjectNode"
	}
}
