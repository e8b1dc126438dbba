package tasks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// kind is the type of a field, as Step Functions names it.
type kind string

const (
	text    kind = "STRING"
	integer kind = "INTEGER"
	boolean kind = "BOOLEAN"
	object  kind = "JSON"
	list    kind = "LIST"
	// anything is any JSON value.
	anything kind = ""
)

// field is an argument that a call takes.
type field struct {
	name     string
	kind     kind
	required bool
}

func (i integration) has(name string) bool {
	return slices.ContainsFunc(i.fields, func(f field) bool { return f.name == name })
}

func (i integration) fieldNames() string {
	var names []string
	for _, f := range i.fields {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

// arguments holds a call's arguments to its fields. The error is that of Step
// Functions for a task that cannot be started.
func (i integration) arguments(arguments any) (map[string]any, error) {
	args, ok := arguments.(map[string]any)
	if !ok && arguments != nil {
		return nil, notStarted(arguments, "The Parameters must be a JSON object")
	}
	for _, f := range i.fields {
		v, given := args[f.name]
		switch {
		case f.required && !given:
			return nil, notStarted(arguments, fmt.Sprintf("The field '%s' is required but was missing", f.name))
		case given && !f.kind.holds(v):
			return nil, notStarted(arguments, fmt.Sprintf("The value for the field '%s' must be a %s", f.name, f.kind))
		}
	}
	for name := range args {
		if !i.has(name) {
			return nil, notStarted(arguments, fmt.Sprintf("The field '%s' is not supported by Step Functions", name))
		}
	}
	return args, nil
}

func notStarted(arguments any, why string) error {
	return &workflow.TaskError{
		Name: "States.Runtime", Start: true,
		Cause: fmt.Sprintf("The Parameters '%s' could not be used to start the Task: [%s]", shorten(asl.Text(arguments), maxCause), why),
	}
}

// maxCause bounds what a cause repeats of a request, in bytes.
const maxCause = 2000

func (k kind) holds(v any) bool {
	ok := true
	switch k {
	case text:
		_, ok = v.(string)
	case integer:
		var n json.Number
		if n, ok = v.(json.Number); ok {
			_, err := n.Int64()
			ok = err == nil
		}
	case boolean:
		_, ok = v.(bool)
	case object:
		_, ok = v.(map[string]any)
	case list:
		_, ok = v.([]any)
	}
	return ok
}

// literals returns the fields of a template that are what they say: neither a
// path (name.$) nor an expression. Of such fields the name is known, and the
// value is absent: they are there as unknown{}. ok is false when nothing is known.
func literals(template any) (map[string]any, bool) {
	m, ok := template.(map[string]any)
	if !ok {
		return nil, false
	}
	out := make(map[string]any, len(m))
	for name, v := range m {
		if name, isPath := strings.CutSuffix(name, ".$"); isPath {
			out[name] = later{}
			continue
		}
		if s, isText := v.(string); isText && strings.HasPrefix(strings.TrimSpace(s), "{%") {
			v = later{}
		}
		out[name] = v
	}
	return out, true
}

// later stands for a value that is only known at run time.
type later struct{}

// text returns a field that is text, "" where there is none.
func (r request) text(name string) string {
	s, _ := r.args[name].(string)
	return s
}

// textOf is text for arguments of a definition; ok is false where the field is
// absent or only known at run time.
func textOf(args map[string]any, name string) (string, bool) {
	s, ok := args[name].(string)
	return s, ok
}

// integer returns a field that is a number, or otherwise.
func (r request) integer(name string, otherwise int64) int64 {
	if n, ok := r.args[name].(json.Number); ok {
		if v, err := n.Int64(); err == nil {
			return v
		}
	}
	return otherwise
}

// flag returns a field that is true or false.
func (r request) flag(name string) bool {
	b, _ := r.args[name].(bool)
	return b
}

// shorten cuts a text to at most so many bytes, at a character.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
