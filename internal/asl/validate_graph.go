package asl

import (
	"fmt"

	"wplake/internal/asl/source"
)

// transition is one way out of a state.
type transition struct{ at, to string }

// transitions lists the ways out of a state, at its place.
func transitions(at string, state *source.Value) []transition {
	var list []transition
	add := func(at string, value *source.Value) {
		if value.Is(source.String) {
			list = append(list, transition{at, value.Text})
		}
	}
	add(at+"/Next", state.Get("Next"))
	if choices := state.Get("Choices"); choices.Is(source.Array) {
		for i, c := range choices.Elements {
			add(fmt.Sprintf("%s/Choices[%d]/Next", at, i), c.Get("Next"))
		}
	}
	add(at+"/Default", state.Get("Default"))
	if catch := state.Get("Catch"); catch.Is(source.Array) {
		for i, c := range catch.Elements {
			add(fmt.Sprintf("%s/Catch[%d]/Next", at, i), c.Get("Next"))
		}
	}
	return list
}

// targets refuses transitions to states that are not beside this one.
func (v *validator) targets(at string, state, states *source.Value) {
	for _, t := range transitions(at, state) {
		if !states.Has(t.to) {
			v.add(CodeNext, t.at, "Missing 'Next' target: "+t.to)
		}
	}
}

// reach refuses a machine without end, a start that does not exist and states
// that nothing leads to. An end is asked of the whole machine alone, and where
// there is none, nothing is said about what can be reached.
func (v *validator) reach(at string, flow, states *source.Value) {
	if v.lost {
		return
	}
	if at == "" && !hasEnd(states) {
		v.add(CodeEnd, "", "Workflow has no terminal state")
		return
	}
	start := flow.Get("StartAt").Str()
	reached := map[string]bool{}
	pending := []string{start}
	if !states.Has(start) {
		pending = nil
		v.add(CodeNext, at+"/StartAt", "Missing 'Next' target: "+start)
	}
	for len(pending) > 0 {
		name := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if reached[name] {
			continue
		}
		reached[name] = true
		for _, t := range transitions("", states.Get(name)) {
			if states.Has(t.to) {
				pending = append(pending, t.to)
			}
		}
	}
	for _, m := range states.Members {
		if !reached[m.Name] {
			v.add(CodeNext, at+"/States/"+m.Name, `State "`+m.Name+`" is not reachable.`)
		}
	}
}

func hasEnd(states *source.Value) bool {
	for _, m := range states.Members {
		switch StateType(m.Value.Get("Type").Str()) {
		case Succeed, Fail:
			return true
		}
		if end := m.Value.Get("End"); end.Is(source.Boolean) && end.Bool {
			return true
		}
	}
	return false
}
