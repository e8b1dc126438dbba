package api

import (
	"maps"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/jsonata"
)

// variableReferences lists the variables that each state of a definition reads,
// by name, as DescribeStateMachine tells them. States that read none are left
// out.
func variableReferences(definition string) map[string][]string {
	root, err := asl.Decode([]byte(definition))
	machine, ok := root.(map[string]any)
	if err != nil || !ok {
		return nil
	}
	w := variableWalk{assigned: map[string]bool{}, read: map[string]map[string]bool{}}
	w.assignments(machine, 0)
	if len(w.assigned) == 0 {
		return nil
	}
	w.flow(machine, isJSONata(machine, false), 0)
	list := map[string][]string{}
	for state, names := range w.read {
		list[state] = slices.Sorted(maps.Keys(names))
	}
	return list
}

// deepest bounds the walk; definitions that are kept are not so deep.
const deepest = 1000

type variableWalk struct {
	assigned map[string]bool
	read     map[string]map[string]bool // by state
}

func isJSONata(o map[string]any, outer bool) bool {
	if l, ok := o["QueryLanguage"].(string); ok {
		return l == "JSONata"
	}
	return outer
}

// assignments finds the names of all variables.
func (w *variableWalk) assignments(v any, depth int) {
	if depth > deepest {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		if assign, ok := v["Assign"].(map[string]any); ok {
			for name := range assign {
				w.assigned[strings.TrimSuffix(name, ".$")] = true
			}
		}
		for _, e := range v {
			w.assignments(e, depth+1)
		}
	case []any:
		for _, e := range v {
			w.assignments(e, depth+1)
		}
	}
}

// flow walks over the states of a machine, a branch or a Map.
func (w *variableWalk) flow(flow map[string]any, isata bool, depth int) {
	states, _ := flow["States"].(map[string]any)
	if depth > deepest {
		return
	}
	for name, v := range states {
		state, ok := v.(map[string]any)
		if !ok {
			continue
		}
		isata := isJSONata(state, isata)
		for key, field := range state {
			switch key {
			case "ItemProcessor", "Iterator":
				if inner, ok := field.(map[string]any); ok {
					w.flow(inner, isata, depth+1)
				}
			case "Branches":
				branches, _ := field.([]any)
				for _, b := range branches {
					if inner, ok := b.(map[string]any); ok {
						w.flow(inner, isata, depth+1)
					}
				}
			case "ResultPath", "Result", "Comment":
			default:
				w.value(name, key, field, isata, 0)
			}
		}
	}
}

// value looks for variables in a field of a state.
func (w *variableWalk) value(state, key string, v any, isata bool, depth int) {
	if depth > deepest {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			if k != "ResultPath" {
				w.value(state, k, e, isata, depth+1)
			}
		}
	case []any:
		for _, e := range v {
			w.value(state, key, e, isata, depth+1)
		}
	case string:
		switch {
		case isata:
			w.expression(state, v)
		case strings.HasSuffix(key, ".$"), strings.HasSuffix(key, "Path"), key == "Variable":
			w.path(state, v)
		}
	}
}

func (w *variableWalk) found(state, name string) {
	if !w.assigned[name] {
		return
	}
	if w.read[state] == nil {
		w.read[state] = map[string]bool{}
	}
	w.read[state][name] = true
}

// expression looks for variables in a text of a state in JSONata.
func (w *variableWalk) expression(state, text string) {
	text, ok := strings.CutPrefix(strings.TrimSpace(text), "{%")
	if !ok {
		return
	}
	e, err := jsonata.Compile(strings.TrimSuffix(text, "%}"))
	if err != nil {
		return
	}
	for _, r := range e.References() {
		w.found(state, strings.TrimPrefix(r.Name, "$"))
	}
}

// path looks for variables in a path or a call of an intrinsic function: $ and
// a name, not within quotation marks.
func (w *variableWalk) path(state, text string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '\'':
			quoted = !quoted
		case text[i] == '$' && !quoted:
			n := strings.IndexAny(text[i+1:], ".[]()$, \t'\"=<>!&|")
			if n < 0 {
				n = len(text) - i - 1
			}
			w.found(state, text[i+1:i+1+n])
			i += n
		}
	}
}
