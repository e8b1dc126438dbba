package jsonata

import "reflect"

// Memo remembers what values are to the engine, so that an input which many
// expressions see is looked through once. It holds the last few values, which
// must not change. It is not for concurrent use; the zero Memo is ready.
type Memo struct {
	known [8]known
	next  int
}

// known is a value and what it is to the engine.
type known struct {
	at     uintptr
	length int
	value  any // keeps the address taken
	engine any
}

// convert is toEngine for a variable. Of an object that was made for this
// evaluation alone, such as $states, the members are remembered.
func (m *Memo) convert(v any) any {
	object, ok := v.(map[string]any)
	if m == nil || !ok || len(object) > len(m.known)/2 {
		return m.of(v)
	}
	var changed map[string]any
	for k, member := range object {
		engine := m.of(member)
		if same(engine, member) {
			continue
		}
		if changed == nil {
			changed = make(map[string]any, len(object))
		}
		changed[k] = engine
	}
	if changed == nil {
		return v
	}
	for k, member := range object {
		if _, ok := changed[k]; !ok {
			changed[k] = member
		}
	}
	return changed
}

func (m *Memo) of(v any) any {
	at, length, ok := place(v)
	if m == nil || !ok {
		return toEngine(v)
	}
	for i := range m.known {
		if k := &m.known[i]; k.at == at && k.length == length {
			return k.engine
		}
	}
	engine := toEngine(v)
	m.known[m.next] = known{at, length, v, engine}
	m.next = (m.next + 1) % len(m.known)
	return engine
}

// place is where an array or object lies; ok is false for other values, which
// cost nothing to convert.
func place(v any) (at uintptr, length int, ok bool) {
	switch t := v.(type) {
	case map[string]any:
		return reflect.ValueOf(t).Pointer(), -1, true
	case []any:
		if len(t) == 0 {
			return 0, 0, false
		}
		return reflect.ValueOf(t).Pointer(), len(t), true
	}
	return 0, 0, false
}

// same tells whether the engine takes the value as it is.
func same(engine, v any) bool {
	a, n, isTree := place(engine)
	b, m, wasTree := place(v)
	if isTree || wasTree {
		return isTree && wasTree && a == b && n == m
	}
	return v != nil
}
