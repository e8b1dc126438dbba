package config

import (
	"encoding/json"
	"reflect"
	"strings"
)

// schema is a JSON Schema, or a part of one.
type schema map[string]any

// Schema returns the JSON Schema (draft 7) of a definition, so that editors
// complete and check it. It is as strict about keys as Load is; what only the
// whole file can tell, such as a topic's channel that is not there, is Load's.
func Schema() ([]byte, error) {
	s := schemaOf(reflect.TypeFor[Config](), "", reflect.ValueOf(Default()), descriptions())
	s["$schema"] = "http://json-schema.org/draft-07/schema#"
	s["title"] = "wplake.yaml"
	s["description"] = "The definition of a WordPress lakehouse."
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// schemaOf describes a type. value is its default, or invalid where there is none.
func schemaOf(t reflect.Type, path string, value reflect.Value, texts map[string]string) schema {
	if t.Kind() == reflect.Pointer {
		return schemaOf(t.Elem(), path, reflect.Value{}, texts)
	}
	s := schema{}
	switch t.Kind() {
	case reflect.Struct:
		s = structSchema(t, path, value, texts)
	case reflect.Map:
		s["type"] = []string{"object", "null"}
		s["additionalProperties"] = schemaOf(t.Elem(), path+".*", reflect.Value{}, texts)
	case reflect.Slice:
		s["type"] = []string{"array", "null"}
		s["items"] = schemaOf(t.Elem(), path+"[]", reflect.Value{}, texts)
		withDefault(s, value)
	default:
		scalarSchema(s, t, path)
		withDefault(s, value)
	}
	if text := texts[path]; text != "" {
		s["description"] = text
	}
	return s
}

func structSchema(t reflect.Type, path string, value reflect.Value, texts map[string]string) schema {
	properties, required := schema{}, []string{}
	for _, f := range fieldsOf(t) {
		key := f.name
		if path != "" {
			key = path + "." + key
		}
		inner := reflect.Value{}
		if value.IsValid() {
			inner = value.Field(f.index)
		}
		properties[f.name] = schemaOf(t.Field(f.index).Type, key, inner, texts)
		if f.required {
			required = append(required, f.name)
		}
	}
	s := schema{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"], s["type"] = required, "object"
	}
	if t == stepType() {
		s["type"], s["minProperties"], s["maxProperties"] = "object", 1, 1
	}
	return s
}

// scalarSchema fills in what a single value may be.
func scalarSchema(s schema, t reflect.Type, path string) {
	switch {
	case enumOf(t) != nil:
		s["enum"] = enumOf(t)
		return
	case t == columnType():
		s["anyOf"] = []schema{{"enum": typeNames(strings.Contains(path, "].cast."))}, {"type": "string", "pattern": decimalType.String()}}
		return
	case t == reflect.TypeFor[ByteSize]():
		s["type"], s["pattern"] = []string{"string", "integer"}, `^[0-9.]+ *([kKmMgGtT][iI]?)?[bB]?$`
		return
	case t == reflect.TypeFor[Duration]():
		s["type"], s["pattern"] = "string", `^([0-9.]+(ns|us|µs|ms|s|m|h))+$`
		return
	}
	switch t.Kind() {
	case reflect.Bool:
		s["type"] = "boolean"
	case reflect.Int, reflect.Uint64:
		s["type"] = "integer"
		if r, ok := spans()[path]; ok {
			s["minimum"], s["maximum"] = r.low, r.high
		} else {
			s["minimum"] = 0
		}
	case reflect.Float64:
		s["type"], s["minimum"], s["maximum"] = "number", 0, 1
	default:
		// A number is taken as its text: a password may be 1234.
		s["type"] = []string{"string", "number", "boolean"}
	}
}

// withDefault adds a default that is not empty.
func withDefault(s schema, value reflect.Value) {
	if value.IsValid() && !value.IsZero() {
		s["default"] = value.Interface()
	}
}
