package asl

import (
	"fmt"
	"strings"

	"wplake/internal/asl/source"
)

// path judges InputPath and OutputPath.
func (v *validator) path(at string, value *source.Value) {
	if !v.typed(at, value, source.String) {
		return
	}
	if _, err := compilePath(value.Text); err != nil || !strings.HasPrefix(value.Text, "$") {
		v.schema(at, "Value must be a valid JSONPath.")
	}
}

// notReference is why a text is no reference path, "" if it is one.
func notReference(text string) string {
	if !strings.HasPrefix(text, "$") {
		return "Value is not a Reference Path: Reference path didn't start with '$'"
	}
	e, err := compilePath(text)
	if err != nil || !e.path.Reference() {
		return "Value is not a Reference Path"
	}
	return ""
}

func (v *validator) referencePath(at string, value *source.Value) {
	if !v.typed(at, value, source.String) {
		return
	}
	if why := notReference(value.Text); why != "" {
		v.schema(at, "%s", why)
	} else if strings.HasPrefix(value.Text, "$$") {
		v.schema(at, "Value is not a Reference Path")
	}
}

// itemsPath may also name the context object.
func (v *validator) itemsPath(at string, value *source.Value) {
	if v.typed(at, value, source.String) {
		if why := notReference(value.Text); why != "" {
			v.schema(at, "%s", why)
		}
	}
}

func (v *validator) resultPath(at string, value *source.Value) {
	if value.Kind == source.Null {
		return
	}
	if !v.typed(at, value, source.String) {
		return
	}
	why := notReference(value.Text)
	if e, err := compilePath(value.Text); why == "" && (err != nil || e.origin != fromInput) {
		why = "Value is not a Reference Path"
	}
	if why != "" {
		v.schema(at, "%s", why)
	}
}

// pathOrCall judges a field that takes a path or an intrinsic function. Its
// place is that of the object that has it.
func (v *validator) pathOrCall(at, name string, value *source.Value) {
	if !v.typed(at+"/"+name, value, source.String) {
		return
	}
	if !isPathOrCall(value.Text) {
		v.schema(at, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call", name)
	}
}

func isPathOrCall(text string) bool {
	e, err := compileExpression(text)
	return err == nil && (e.call == nil || escapesAreKnown(text))
}

// escapesAreKnown tells whether the quoted arguments of a call have no other
// escapes than those of quotation marks, braces and the backslash.
func escapesAreKnown(call string) bool {
	quoted := false
	for i := 0; i < len(call); i++ {
		switch call[i] {
		case '\'':
			quoted = !quoted
		case '\\':
			if !quoted {
				continue
			}
			i++
			if i >= len(call) || !strings.ContainsRune(`'{}\`, rune(call[i])) {
				return false
			}
		}
	}
	return true
}

// template judges a payload template of JSONPath.
func (v *validator) template(p *place, name string, value *source.Value) {
	at := p.at + "/" + name
	if p.language == JSONata {
		v.expressions(p, at, name, value)
		return
	}
	v.payload(at, value)
}

func (v *validator) payload(at string, value *source.Value) {
	switch value.Kind {
	case source.Array:
		for i, e := range value.Elements {
			v.payload(fmt.Sprintf("%s[%d]", at, i), e)
		}
	case source.Object:
		for _, m := range value.Members {
			name, isPath := strings.CutSuffix(m.Name, ".$")
			if isPath {
				v.member(at, value, name, m)
				continue
			}
			if m.Value.Is(source.String) && looksDynamic(m.Value.Text) {
				v.warn(CodeNoDollar, at, "The value of the field '"+m.Name+"' looks like a JSONPath or an intrinsic function; to evaluate it, name the field '"+m.Name+".$'")
			}
			v.payload(at+"/"+m.Name, m.Value)
		}
	}
}

// member judges a member whose name ends in .$.
func (v *validator) member(at string, object *source.Value, name string, m source.Member) {
	if object.Has(name) {
		v.schema(at, "There should only be one of the following fields: [%s, %s]", name, m.Name)
	}
	if !m.Value.Is(source.String) || !isPathOrCall(m.Value.Text) {
		v.schema(at, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call", m.Name)
	}
}

// looksDynamic tells whether somebody may have meant a text to be evaluated.
func looksDynamic(text string) bool {
	if text == "$" || text == "$$" || strings.HasPrefix(text, "$.") || strings.HasPrefix(text, "$$.") || strings.HasPrefix(text, "$[") {
		_, err := compilePath(text)
		return err == nil
	}
	return strings.HasPrefix(text, "States.") && isPathOrCall(text)
}

// staticResult warns of what looks like a template in a Result.
func (v *validator) staticResult(at string, value *source.Value) {
	switch value.Kind {
	case source.String:
		if looksDynamic(value.Text) {
			v.warn(CodeStaticResult, at, "The Result of a Pass state is static: '"+value.Text+"' is given as it stands")
		}
	case source.Array:
		for _, e := range value.Elements {
			v.staticResult(at, e)
		}
	case source.Object:
		for _, m := range value.Members {
			if strings.HasSuffix(m.Name, ".$") {
				v.warn(CodeStaticResult, at, "The Result of a Pass state is static: the field '"+m.Name+"' is given as it stands")
				continue
			}
			v.staticResult(at, m.Value)
		}
	}
}
