package asl

import (
	"strings"

	"wplake/internal/asl/intrinsic"
	"wplake/internal/asl/jsonpath"
)

// origin is where a path starts.
type origin uint8

const (
	fromInput origin = iota
	fromContext
	fromVariable
)

// expression is a path ($.a, $$.Execution.Id, $variable.a) or a call of an
// intrinsic function.
type expression struct {
	text     string
	origin   origin
	variable string
	path     *jsonpath.Path
	call     *intrinsic.Call
	// arguments are the paths that the call names, compiled.
	arguments map[string]*expression
	discard   bool // InputPath and OutputPath null
}

func (p *parser) expression(at, text string) *expression {
	e, err := compileExpression(text)
	if err != nil {
		p.fail(at, err.Error())
		return &expression{text: text}
	}
	return e
}

func compileExpression(text string) (*expression, error) {
	if !strings.HasPrefix(text, "$") {
		call, err := intrinsic.Parse(text)
		if err != nil {
			return nil, err
		}
		e := &expression{text: text, call: call, arguments: map[string]*expression{}}
		for _, path := range call.Paths() {
			if e.arguments[path], err = compilePath(path); err != nil {
				return nil, err
			}
		}
		return e, nil
	}
	return compilePath(text)
}

func compilePath(text string) (*expression, error) {
	e := &expression{text: text}
	rest := text[min(1, len(text)):]
	switch {
	case strings.HasPrefix(text, "$$"):
		e.origin, rest = fromContext, text[2:]
	case rest != "" && isNameStart(rest):
		e.origin = fromVariable
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		e.variable, rest = rest[:end], rest[end:]
	}
	path, err := jsonpath.Parse("$" + rest)
	if err != nil {
		return nil, err
	}
	e.path = path
	return e, nil
}

// isNameStart tells whether a variable's name begins here: a letter of any
// script or an underscore, none of the signs that go on a path.
func isNameStart(s string) bool {
	for _, r := range s {
		return r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r > 127
	}
	return false
}

// resultPath is where a result goes: nil in a state for the whole output.
type resultPath struct {
	discard bool
	path    *jsonpath.Path
}

func (p *parser) resultPath(o *object) *resultPath {
	v, ok := o.get("ResultPath")
	if !ok {
		return nil
	}
	if v == nil {
		return &resultPath{discard: true}
	}
	text, isString := v.(string)
	if !isString {
		p.fail(o.place("ResultPath"), "Value is not a Reference Path")
		return nil
	}
	path, err := jsonpath.Parse(text)
	if err != nil || !path.Reference() {
		p.fail(o.place("ResultPath"), "Value is not a Reference Path: The value for the field 'ResultPath' must be a valid Reference Path")
		return nil
	}
	return &resultPath{path: path}
}

// apply puts a result into an input.
func (r *resultPath) apply(input, result any) (any, *failure) {
	switch {
	case r == nil || !r.discard && r.path.Root():
		return result, nil
	case r.discard:
		return input, nil
	}
	out, err := jsonpath.Set(input, r.path, result)
	if err != nil {
		// The specification calls it States.ResultPathMatchFailure.
		return nil, fail("States.ReferencePathConflict", "Unable to apply ReferencePath "+r.path.String()+" to input "+Text(input))
	}
	return out, nil
}
