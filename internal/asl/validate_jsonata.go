package asl

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"wplake/internal/asl/jsonata"
	"wplake/internal/asl/source"
)

// expressions judges the expressions in a field of a JSONata state.
func (v *validator) expressions(p *place, at, field string, value *source.Value) {
	fields := map[string]bool{"input": true, "context": true}
	switch p.kind {
	case Task, Parallel, Map:
		fields["result"] = field == "Output" || field == "Assign"
	}
	v.expressionsIn(at, value, fields)
}

// expressionsIn judges expressions that may read these fields of $states.
func (v *validator) expressionsIn(at string, value *source.Value, fields map[string]bool) {
	switch value.Kind {
	case source.Object:
		for _, m := range value.Members {
			v.expressionsIn(at+"/"+m.Name, m.Value, fields)
		}
	case source.Array:
		for i, e := range value.Elements {
			v.expressionsIn(fmt.Sprintf("%s[%d]", at, i), e, fields)
		}
	case source.String:
		text, ok := jsonataSource(value.Text)
		if ok {
			v.expression(at, text, fields)
		} else if strings.HasPrefix(value.Text, "{%") {
			v.schema(at, "JSONata string must start with {%% and end with %%}")
		}
	}
}

// onlyExpression judges a field whose value is no text: a string must be an
// expression.
func (v *validator) onlyExpression(p *place, at string, value *source.Value) {
	if _, ok := jsonataSource(value.Text); !ok {
		v.schema(at, "JSONata string must start with {%% and end with %%}")
		return
	}
	v.expressions(p, at, "", value)
}

func (v *validator) expression(at, text string, fields map[string]bool) {
	e, err := jsonata.Compile(text)
	var wrong *jsonata.SyntaxError
	if errors.As(err, &wrong) {
		v.add(CodeJSONata, at, wrong.Message)
		return
	}
	for _, r := range e.References() {
		switch {
		case r.Name == "$$":
			v.add(CodeReference, at, "Reference to '$$' is not supported.")
		case r.Name == "$states" && r.Field != "" && !fields[r.Field]:
			v.add(CodeReference, at, "Field '$states."+r.Field+"' does not exist.")
		case r.Name == "$" || !strings.HasPrefix(r.Name, "$"):
			v.add(CodeReference, at, "Reference to '"+r.Name+"' at the top level is not supported.")
		}
	}
}

// assign judges the variables that a state assigns, or a catcher of it.
func (v *validator) assign(p *place, at string, value *source.Value, caught bool) {
	if !v.typed(at, value, source.Object) {
		return
	}
	if p.language == JSONPath {
		v.payload(at, value)
		return
	}
	if caught {
		v.expressionsIn(at, value, map[string]bool{"input": true, "context": true, "errorOutput": true})
		return
	}
	v.expressions(p, at, "Assign", value)
}

// assigned judges the names of the variables that the states of one flow
// assign.
func (v *validator) assigned(at string, states *source.Value) {
	for _, m := range states.Members {
		place := at + "/" + m.Name
		v.variables(place+"/Assign", m.Value.Get("Assign"))
		for _, list := range []string{"Choices", "Catch"} {
			if entries := m.Value.Get(list); entries.Is(source.Array) {
				for i, e := range entries.Elements {
					v.variables(fmt.Sprintf("%s/%s[%d]/Assign", place, list, i), e.Get("Assign"))
				}
			}
		}
	}
}

func (v *validator) variables(at string, assign *source.Value) {
	if !assign.Is(source.Object) {
		return
	}
	for _, m := range assign.Members {
		name := strings.TrimSuffix(m.Name, ".$")
		switch {
		case name == "states":
			v.add(CodeReservedVariable, at+"/"+m.Name, "Cannot assign to reserved variable '$states'.")
		case !validVariable(name):
			v.add(CodeVariable, at+"/"+m.Name, "Invalid variable name '"+name+"': the variable name contains invalid characters.")
		case utf16Length(name) > 80:
			v.add(CodeVariable, at+"/"+m.Name, "Invalid variable name '"+name+"': the variable name exceeds the 80-character limit.")
		}
	}
}

// validVariable tells whether a name is a Unicode identifier.
func validVariable(name string) bool {
	for i, r := range name {
		letter := unicode.IsLetter(r) || unicode.Is(unicode.Nl, r) || r == '_'
		if !letter && (i == 0 || !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc)) {
			return false
		}
	}
	return name != ""
}
