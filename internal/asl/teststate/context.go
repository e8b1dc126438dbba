package teststate

import (
	"encoding/json"

	"wplake/internal/asl"
)

// kind is what a field of the context object may be.
type kind string

const (
	anything kind = ""
	isString kind = "string"
	isNumber kind = "number"
	isObject kind = "object"
)

// contextField is one field that the context object may have.
type contextField struct {
	section, name string
	kind          kind
}

// contextFields returns the fields of the context object:
// https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
func contextFields() []contextField {
	return []contextField{
		{"Execution", "Id", isString}, {"Execution", "Input", anything}, {"Execution", "Name", isString},
		{"Execution", "RoleArn", isString}, {"Execution", "StartTime", isString},
		{"Execution", "RedriveCount", isNumber}, {"Execution", "RedriveTime", isString},
		{"State", "EnteredTime", isString}, {"State", "Name", isString}, {"State", "RetryCount", isNumber},
		{"StateMachine", "Id", isString}, {"StateMachine", "Name", isString},
		{"Task", "Token", isString},
		{"Map", "Item", isObject},
	}
}

func badContext(format string, args ...any) error {
	return refuse(CodeValidation, "Invalid Context object provided: "+format, args...)
}

// readContext reads the context object and holds it against what there can be.
func readContext(q *request, o *Options) error {
	if q.Context == nil {
		return nil
	}
	if o.Strict && q.Mock == nil {
		return refuse(CodeValidation, "TestState does not support Context when a mock is not specified.")
	}
	v, err := asl.Decode([]byte(*q.Context))
	if err != nil {
		return badContext("must be valid JSON")
	}
	sections, ok := v.(map[string]any)
	if !ok {
		return badContext("must be a JSON object")
	}
	for _, section := range sorted(sections) {
		if err := readSection(q, section, sections[section]); err != nil {
			return err
		}
	}
	q.context = sections
	return nil
}

func readSection(q *request, section string, v any) error {
	known := map[string]kind{}
	for _, f := range contextFields() {
		if f.section == section {
			known[f.name] = f.kind
		}
	}
	if len(known) == 0 {
		return badContext("Field '%s' is not allowed", section)
	}
	r := q.state.Resource
	switch {
	case section == "Map" && !q.inMap:
		return badContext("'Map' field is not supported when mocking a Context object")
	case section == "Task" && (q.state.Type != asl.Task || r.Pattern == asl.RequestResponse):
		return badContext("Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern")
	}
	fields, ok := v.(map[string]any)
	if !ok {
		return badContext("%s must be an object", section)
	}
	for _, name := range sorted(fields) {
		want, ok := known[name]
		if !ok {
			return badContext("Field '%s' is not allowed", name)
		}
		if want != anything && kindOf(fields[name]) != want {
			article := "a"
			if want == isObject {
				article = "an"
			}
			return badContext("%s.%s must be %s %s", section, name, article, want)
		}
	}
	return nil
}

func kindOf(v any) kind {
	switch v.(type) {
	case string:
		return isString
	case json.Number:
		return isNumber
	case map[string]any:
		return isObject
	}
	return anything
}
