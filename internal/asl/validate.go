package asl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wplake/internal/asl/source"
)

// Codes of diagnostics beyond those that Parse gives.
const (
	CodeEnd              = "MISSING_END_STATE"
	CodeDuplicateState   = "DUPLICATE_STATE_NAME"
	CodeStateName        = "INVALID_STATE_NAME"
	CodeLabel            = "INVALID_LABEL_NAME"
	CodeDuplicateLabel   = "DUPLICATE_LABEL_NAME"
	CodeNesting          = "TOO_DEEPLY_NESTED"
	CodeVariable         = "INVALID_VARIABLE_NAME"
	CodeReservedVariable = "RESERVED_VARIABLE_NAME"
	CodeJSONata          = "INVALID_JSONATA_EXPRESSION"
	CodeReference        = "UNSUPPORTED_JSONATA_EXPRESSION"
	CodeNoDollar         = "NO_DOLLAR"
	CodeNoPath           = "NO_PATH"
	CodeStaticResult     = "PASS_RESULT_IS_STATIC"
)

// Validate judges a definition as CreateStateMachine and
// ValidateStateMachineDefinition do, for a machine of type EXPRESS or STANDARD.
// Errors keep a definition from being used, warnings do not. What Validate
// lets pass, Parse takes.
func Validate(definition []byte, express bool) []Diagnostic {
	v := &validator{express: express, names: map[string]bool{}, labels: map[string]bool{}}
	root := v.read(definition)
	if root == nil {
		return v.found
	}
	v.definition(root)
	if v.failed() {
		return v.found
	}
	// The interpreter has the last word: what it cannot run is refused now
	// rather than when it is run.
	var refused *DefinitionError
	if _, err := Parse(definition); errors.As(err, &refused) {
		v.found = append(v.found, refused.Diagnostics...)
	}
	return v.found
}

// ValidateState judges the definition of a single state, as TestState takes
// it. Locations begin with /States/StateName; states that follow need not
// exist.
func ValidateState(definition []byte) []Diagnostic {
	v := &validator{names: map[string]bool{}, labels: map[string]bool{}, machine: JSONPath}
	root := v.read(definition)
	if root != nil {
		v.state("/States/StateName", root, 0)
	}
	return v.found
}

// HasErrors tells whether one of the diagnostics is an error.
func HasErrors(list []Diagnostic) bool {
	return slices.ContainsFunc(list, func(d Diagnostic) bool { return d.Severity == SeverityError })
}

// RefusalMessage is what CreateStateMachine says about a definition with these
// diagnostics, "" if none is an error.
func RefusalMessage(list []Diagnostic) string {
	var texts []string
	for _, d := range list {
		if d.Severity != SeverityError {
			continue
		}
		at := d.Location
		if at == "" {
			at = "null"
		}
		texts = append(texts, d.Code+": "+d.Message+" at "+at)
	}
	if len(texts) == 0 {
		return ""
	}
	return "Invalid State Machine Definition: '" + strings.Join(texts, ", ") + "'"
}

// validator walks over a definition and notes its faults.
type validator struct {
	express bool
	machine QueryLanguage
	found   []Diagnostic
	names   map[string]bool
	labels  map[string]bool
	// lost tells that a fault hides where states lead, so that what is said
	// about ends and reachability would follow from it alone.
	lost bool
}

func (v *validator) read(definition []byte) *source.Value {
	if len(definition) > MaxDefinition {
		v.add(CodeSize, "", "The definition is larger than 1 MiB.")
		return nil
	}
	root, err := source.Read(definition)
	var wrong *source.SyntaxError
	if errors.As(err, &wrong) {
		v.add(CodeInvalidJSON, wrong.Location, wrong.Error())
		return nil
	}
	if !root.Is(source.Object) {
		v.add(CodeSchema, "", "Definition must be a valid JSON object")
		return nil
	}
	return root
}

func (v *validator) add(code, at, message string) {
	v.found = append(v.found, Diagnostic{Severity: SeverityError, Code: code, Location: at, Message: message})
}

func (v *validator) warn(code, at, message string) {
	v.found = append(v.found, Diagnostic{Severity: SeverityWarning, Code: code, Location: at, Message: message})
}

func (v *validator) schema(at, format string, args ...any) {
	v.add(CodeSchema, at, fmt.Sprintf(format, args...))
}

func (v *validator) failed() bool { return HasErrors(v.found) }

func (v *validator) definition(root *source.Value) {
	v.machine = v.language("/QueryLanguage", root.Get("QueryLanguage"), JSONPath)
	v.fields("/", root, "Comment", "Version", "StartAt", "States", "TimeoutSeconds", "QueryLanguage")
	if !v.required("/", root, "States", "StartAt") {
		v.lost = true
	}
	for _, m := range root.Members {
		at := "/" + m.Name
		switch m.Name {
		case "Comment", "StartAt":
			v.typed(at, m.Value, source.String)
		case "Version":
			v.enum(at, m.Value, "1.0")
		case "TimeoutSeconds":
			v.integer(at, m.Value, 0, maxSeconds)
		}
	}
	v.flow("", root, 0)
}

// flow judges the states of a machine, a branch or a processor.
func (v *validator) flow(at string, flow *source.Value, depth int) {
	states := flow.Get("States")
	if states == nil || !v.typed(at+"/States", states, source.Object) {
		return
	}
	if depth > maxNesting {
		v.add(CodeNesting, at+"/States", "States are nested too deep")
		return
	}
	if len(states.Members) == 0 {
		v.schema(at+"/States", "Value cannot be empty")
		v.lost = true
		return
	}
	v.assigned(at+"/States", states)
	for _, m := range states.Members {
		place := at + "/States/" + m.Name
		v.stateName(place, m.Name)
		v.state(place, m.Value, depth)
		v.targets(place, m.Value, states)
	}
	v.reach(at, flow, states)
}

func (v *validator) stateName(at, name string) {
	if n := utf16Length(name); n > 80 {
		v.add(CodeStateName, at, "State name '"+name+"' exceeds the 80-character limit allowed by the service")
	} else if n == 0 {
		v.add(CodeStateName, at, "State name cannot be empty")
	}
	if v.names[name] {
		v.add(CodeDuplicateState, at, "Duplicate State name: "+name)
	}
	v.names[name] = true
}

// language reads a QueryLanguage. As AWS does, it takes everything for
// JSONata that is there and is not JSONPath.
func (v *validator) language(at string, value *source.Value, missing QueryLanguage) QueryLanguage {
	switch {
	case value == nil:
		return missing
	case value.Str() == string(JSONPath):
		return JSONPath
	}
	v.enum(at, value, string(JSONPath), string(JSONata))
	return JSONata
}

// fields tells which members are none of those that may be there.
func (v *validator) fields(at string, object *source.Value, allowed ...string) {
	for _, m := range object.Members {
		if !slices.Contains(allowed, m.Name) {
			v.schema(at, "Field '%s' is not supported", m.Name)
		}
	}
}

func (v *validator) required(at string, object *source.Value, names ...string) bool {
	var missing []string
	for _, name := range names {
		if !object.Has(name) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		v.schema(at, "These fields are required: [%s]", strings.Join(missing, ", "))
	}
	return len(missing) == 0
}

// present lists which of some members are there.
func present(object *source.Value, names ...string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !object.Has(name) })
}

// atMostOne refuses several members of which there may be one.
func (v *validator) atMostOne(at string, object *source.Value, names ...string) {
	if len(present(object, names...)) > 1 {
		v.schema(at, "There should only be one of the following fields: [%s]", strings.Join(names, ", "))
	}
}

// exactlyOne refuses several members and none.
func (v *validator) exactlyOne(at string, object *source.Value, names ...string) {
	v.atMostOne(at, object, names...)
	if len(present(object, names...)) == 0 {
		v.schema(at, "This object should have only one of the following fields: [%s]", strings.Join(names, ", "))
	}
}

func (v *validator) typed(at string, value *source.Value, kinds ...source.Kind) bool {
	if slices.Contains(kinds, value.Kind) {
		return true
	}
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	v.schema(at, "Expected value of type [%s]", strings.Join(names, ", "))
	return false
}

func (v *validator) enum(at string, value *source.Value, values ...string) {
	if v.typed(at, value, source.String) && !slices.Contains(values, value.Text) {
		v.schema(at, "Value should be one of the following: [%s]", strings.Join(values, ", "))
	}
}

const maxSeconds = 99999999

// integer checks a whole number between least and most; most 0 is no limit.
func (v *validator) integer(at string, value *source.Value, least, most int64) {
	n, ok := integer(value.Any())
	if !ok {
		// A number too large for an integer is one still.
		if !value.Is(source.Number) || strings.ContainsAny(value.Text, ".eE-") {
			v.schema(at, "Expected value of type [INTEGER]")
			return
		}
		n = 1<<63 - 1
	}
	switch {
	case n < least:
		v.schema(at, "Minimum value is %d", least)
	case most > 0 && n > most:
		v.schema(at, "Maximum value is %d", most)
	}
}

// real checks a number between least and most; most 0 is no limit.
func (v *validator) real(at string, value *source.Value, least, most float64) {
	if !v.typed(at, value, source.Number) {
		return
	}
	n, err := strconv.ParseFloat(value.Text, 64)
	switch {
	case err != nil && most > 0, most > 0 && n > most:
		v.schema(at, "Maximum value is %.1f", most)
	case n < least:
		v.schema(at, "Minimum value is %.1f", least)
	}
}

func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}
