package jsonpath

import (
	"maps"
	"slices"
)

// SetError tells that a value cannot be put where a path points.
type SetError struct {
	Path  string // as written
	Input string // the input as JSON
}

// Error is the text of Step Functions' States.ReferencePathConflict.
func (e *SetError) Error() string {
	return "Unable to apply ReferencePath " + e.Path + " to input " + e.Input
}

// Set returns root with value at the place that p, a reference path, names.
// Objects that are missing on the way are made; an index must exist. root and
// what is in it stay as they are: the way to the place is copied, the rest is
// shared. The error is a *SetError.
func Set(root any, p *Path, value any) (any, error) {
	out, ok := root, p.Reference()
	if ok {
		out, ok = set(root, p.steps, value)
	}
	if !ok {
		return nil, &SetError{Path: p.source, Input: compact(root)}
	}
	return out, nil
}

func set(v any, steps []step, value any) (any, bool) {
	if len(steps) == 0 {
		return value, true
	}
	if s := &steps[0]; s.kind == kindIndex {
		a, ok := v.([]any)
		i := s.indexes[0]
		if !ok || i >= len(a) {
			return nil, false
		}
		child, ok := set(a[i], steps[1:], value)
		if !ok {
			return nil, false
		}
		a = slices.Clone(a)
		a[i] = child
		return a, true
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	name := steps[0].names[0]
	child, ok := m[name]
	if !ok {
		child = map[string]any{}
	}
	child, ok = set(child, steps[1:], value)
	if !ok {
		return nil, false
	}
	m = maps.Clone(m)
	if m == nil {
		m = map[string]any{}
	}
	m[name] = child
	return m, true
}
