package asl

import (
	"fmt"
	"slices"
	"strings"

	"wplake/internal/asl/source"
)

// comparisonOperators lists the operators of Choice rules.
func comparisonOperators() []string {
	return strings.Fields(`StringEquals StringEqualsPath StringLessThan StringLessThanPath StringGreaterThan StringGreaterThanPath
		StringLessThanEquals StringLessThanEqualsPath StringGreaterThanEquals StringGreaterThanEqualsPath StringMatches
		NumericEquals NumericEqualsPath NumericLessThan NumericLessThanPath NumericGreaterThan NumericGreaterThanPath
		NumericLessThanEquals NumericLessThanEqualsPath NumericGreaterThanEquals NumericGreaterThanEqualsPath
		BooleanEquals BooleanEqualsPath TimestampEquals TimestampEqualsPath TimestampLessThan TimestampLessThanPath
		TimestampGreaterThan TimestampGreaterThanPath TimestampLessThanEquals TimestampLessThanEqualsPath
		TimestampGreaterThanEquals TimestampGreaterThanEqualsPath IsNull IsPresent IsNumeric IsString IsBoolean IsTimestamp`)
}

func (v *validator) choices(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.Array) {
		return
	}
	if len(value.Elements) == 0 {
		v.schema(at, "Value cannot be empty")
	}
	for i, r := range value.Elements {
		at := fmt.Sprintf("%s[%d]", at, i)
		if v.typed(at, r, source.Object) {
			v.rule(p, at, r, 0)
		}
	}
}

func (v *validator) rule(p *place, at string, r *source.Value, depth int) {
	if depth > maxNesting {
		v.add(CodeNesting, at, "Rules are nested too deep")
		return
	}
	operators := comparisonOperators()
	allowed := append([]string{"And", "Or", "Not", "Variable", "Condition", "Comment"}, operators...)
	if depth == 0 {
		allowed = append(allowed, "Next", "Assign", "Output")
	}
	v.fields(at, r, allowed...)
	v.ofLanguage(at, r, p.language)
	if depth == 0 && !v.required(at, r, "Next") {
		v.lost = true
	}
	kinds := []string{"And", "Or", "Not", "Variable", "Condition"}
	if len(present(r, kinds...)) != 1 {
		v.schema(at, "The object must have only one of the following fields, [%s]", strings.Join(kinds, ", "))
	}
	if r.Has("Variable") && p.language == JSONPath {
		v.exactlyOne(at, r, operators...)
	}
	for _, m := range r.Members {
		if only := languageOf(m.Name); slices.Contains(allowed, m.Name) && (only == "" || only == p.language) {
			v.ruleField(p, at, m, depth)
		}
	}
}

func (v *validator) ruleField(p *place, at string, m source.Member, depth int) {
	place := at + "/" + m.Name
	switch m.Name {
	case "Comment", "Next":
		v.typed(place, m.Value, source.String)
	case "Assign":
		v.assign(p, place, m.Value, false)
	case "Output":
		v.expressions(p, place, m.Name, m.Value)
	case "Condition":
		if v.typed(place, m.Value, source.String, source.Boolean) && m.Value.Is(source.String) {
			v.onlyExpression(p, place, m.Value)
		}
	case "Variable":
		v.variable(place, m.Value)
	case "Not":
		if v.typed(place, m.Value, source.Object) {
			v.rule(p, place, m.Value, depth+1)
		}
	case "And", "Or":
		if !v.typed(place, m.Value, source.Array) {
			return
		}
		if len(m.Value.Elements) == 0 {
			v.schema(place, "Value cannot be empty")
		}
		for i, r := range m.Value.Elements {
			at := fmt.Sprintf("%s[%d]", place, i)
			if v.typed(at, r, source.Object) {
				v.rule(p, at, r, depth+1)
			}
		}
	default:
		v.operandOf(place, m.Name, m.Value)
	}
}

// variable judges a Variable: a path that names one value, the context object
// and variables included.
func (v *validator) variable(at string, value *source.Value) {
	if !v.typed(at, value, source.String) {
		return
	}
	if !strings.HasPrefix(value.Text, "$") {
		v.schema(at, "Value is not a Reference Path: Reference path didn't start with '$'")
	} else if _, err := compilePath(value.Text); err != nil {
		v.schema(at, "Value is not a Reference Path")
	}
}

func (v *validator) operandOf(at, operator string, value *source.Value) {
	if operator != "StringMatches" && strings.HasSuffix(operator, "Path") {
		v.variable(at, value)
		return
	}
	switch {
	case isTest(operator), strings.HasPrefix(operator, "Boolean"):
		v.typed(at, value, source.Boolean)
	case strings.HasPrefix(operator, "Numeric"):
		v.typed(at, value, source.Number)
	case strings.HasPrefix(operator, "Timestamp"):
		if v.typed(at, value, source.String) && !rfc3339(value.Text) {
			v.schema(at, "String does not match RFC3339 timestamp")
		}
	default:
		v.typed(at, value, source.String)
	}
}
