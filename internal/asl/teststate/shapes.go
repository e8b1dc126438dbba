package teststate

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"

	"wplake/internal/asl"
)

// shapesFile is the table that scripts/answer-shapes.py writes.
//
//go:embed shapes.json.gz
var shapesFile []byte

// shape is what a field of an answer may be.
type shape struct {
	Kind     string         `json:"k"` // s text, n number, b boolean, l list, m map, o structure
	Min      *float64       `json:"n"` // of a number, or of the length of a text
	Max      *float64       `json:"x"`
	Enum     []string       `json:"e"`
	Item     int            `json:"i"` // of a list, or value of a map
	Fields   map[string]int `json:"f"`
	Texts    string         `json:"t"` // names of fields that are any text
	Numbers  string         `json:"d"` // names of fields that are any number
	Required []string       `json:"r"`
}

type shapeTable struct {
	Answers map[string]int `json:"answers"`
	Shapes  []shape        `json:"shapes"`
}

// shapes reads the table once, when it is first asked for.
var shapes = sync.OnceValues(func() (*shapeTable, error) { //nolint:gochecknoglobals // never changed, and not read by those who mock nothing
	z, err := gzip.NewReader(bytes.NewReader(shapesFile))
	if err != nil {
		return nil, err
	}
	var t shapeTable
	return &t, json.NewDecoder(z).Decode(&t)
})

// model is the name of a service in the table, by that of Step Functions.
func model(service string) string {
	service = strings.TrimPrefix(service, "aws-sdk:")
	switch service {
	case "states", "sfn":
		return "stepfunctions"
	case "eventbridge":
		return "events"
	case "cloudwatchlogs":
		return "logs"
	case "redshiftdata":
		return "redshift-data"
	}
	return service
}

// operation is the call whose answer a task's result is, and the field of it
// that holds the result, "" for all of it. ok is false where that is unknown.
func operation(r asl.Resource) (name, field string, ok bool) {
	switch r.Pattern {
	case asl.WaitForTaskToken:
		return "", "", false
	case asl.RunJob, asl.RunJobJSON:
		switch r.Service + ":" + r.Action {
		case "states:startExecution":
			return "stepfunctions:DescribeExecution", "", true
		case "glue:startJobRun":
			return "glue:GetJobRun", "JobRun", true
		case "athena:startQueryExecution":
			return "athena:GetQueryExecution", "", true
		}
		return "", "", false
	}
	if r.Kind != asl.ServiceResource || r.Action == "" {
		return "", "", false
	}
	return model(r.Service) + ":" + strings.ToUpper(r.Action[:1]) + r.Action[1:], "", true
}

// checkResult holds the mocked result of a task against the answer of the
// service that it calls. Services that the table does not have are not checked.
func checkResult(r asl.Resource, result any, required bool) error {
	name, field, ok := operation(r)
	if !ok {
		return nil
	}
	t, err := shapes()
	if err != nil {
		return err
	}
	at, ok := t.Answers[name]
	if !ok {
		return nil
	}
	if field != "" {
		at = t.Shapes[at].Fields[field]
	}
	c := checker{table: t, required: required}
	fields, isObject := result.(map[string]any)
	if !isObject {
		return refuse(CodeValidation, "Mocked result must be a JSON object.")
	}
	if r.Service == "lambda" && r.Action == "invoke" {
		// The optimised integration reads the payload, whatever it is.
		fields = without(fields, "Payload")
	}
	if why := c.object(&t.Shapes[at], fields); why != "" {
		return refuse(CodeValidation, "Mock result schema validation error: %s", why)
	}
	return nil
}

func without(fields map[string]any, name string) map[string]any {
	out := make(map[string]any, len(fields))
	for k, v := range fields {
		if k != name {
			out[k] = v
		}
	}
	return out
}

type checker struct {
	table    *shapeTable
	required bool
}

func (c checker) object(s *shape, fields map[string]any) string {
	if c.required {
		for _, name := range s.Required {
			if _, ok := find(fields, name); !ok {
				return "Required field '" + name + "' is missing"
			}
		}
	}
	for _, key := range sorted(fields) {
		inner, ok := c.field(s, key)
		if !ok {
			continue
		}
		if why := c.value(key, inner, fields[key]); why != "" {
			return why
		}
	}
	return ""
}

// same compares names of fields but for the case of all but their first letter:
// Step Functions writes acronyms as words, the models as they please.
func same(a, b string) bool {
	return a != "" && b != "" && a[0] == b[0] && strings.EqualFold(a, b)
}

func find(fields map[string]any, name string) (any, bool) {
	if v, ok := fields[name]; ok {
		return v, true
	}
	for k, v := range fields {
		if same(k, name) {
			return v, true
		}
	}
	return nil, false
}

// field finds the shape of a field; ok is false for one that the model lacks,
// which may be newer than it.
func (c checker) field(s *shape, key string) (inner *shape, ok bool) {
	for name, at := range s.Fields {
		if same(name, key) {
			return &c.table.Shapes[at], true
		}
	}
	is := func(name string) bool { return same(name, key) }
	if slices.ContainsFunc(strings.Fields(s.Texts), is) {
		return &shape{Kind: "s"}, true
	}
	if slices.ContainsFunc(strings.Fields(s.Numbers), is) {
		return &shape{Kind: "n"}, true
	}
	return nil, false
}

func (c checker) value(name string, s *shape, v any) string {
	if v == nil {
		return ""
	}
	wrong := func(want string) string { return "Field '" + name + "' must be " + want }
	switch s.Kind {
	case "s":
		text, ok := v.(string)
		if !ok {
			return wrong("a string")
		}
		if s.Enum != nil && !slices.Contains(s.Enum, text) {
			return "Field '" + name + "' is not an expected value"
		}
		return length(name, s, len(utf16.Encode([]rune(text))))
	case "n":
		n, ok := v.(json.Number)
		if !ok {
			return wrong("a number")
		}
		return size(name, s, n)
	case "b":
		if _, ok := v.(bool); !ok {
			return wrong("a boolean")
		}
	case "l":
		items, ok := v.([]any)
		if !ok {
			return wrong("an array")
		}
		for _, item := range items {
			if why := c.value(name, &c.table.Shapes[s.Item], item); why != "" {
				return why
			}
		}
		return length(name, s, len(items))
	case "m":
		entries, ok := v.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		for _, k := range sorted(entries) {
			if why := c.value(k, &c.table.Shapes[s.Item], entries[k]); why != "" {
				return why
			}
		}
	case "o":
		fields, ok := v.(map[string]any)
		if !ok {
			return wrong("an object")
		}
		return c.object(s, fields)
	}
	return ""
}

func length(name string, s *shape, n int) string {
	switch {
	case s.Min != nil && float64(n) < *s.Min:
		return "Field '" + name + "' is smaller than the minimum length"
	case s.Max != nil && float64(n) > *s.Max:
		return "Field '" + name + "' exceeds the maximum length"
	}
	return ""
}

func size(name string, s *shape, n json.Number) string {
	f, err := n.Float64()
	switch {
	case err != nil:
		return ""
	case s.Min != nil && f < *s.Min:
		return "Field '" + name + "' is less than the minimum value"
	case s.Max != nil && f > *s.Max:
		return "Field '" + name + "' exceeds the maximum value"
	}
	return ""
}
