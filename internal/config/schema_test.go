package config_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"wplake/internal/config"
)

// node is as much of JSON Schema as the definition's uses.
type node struct {
	Type                 any              `json:"type"`
	Properties           map[string]*node `json:"properties"`
	AdditionalProperties json.RawMessage  `json:"additionalProperties"`
	Required             []string         `json:"required"`
	Items                *node            `json:"items"`
	Enum                 []any            `json:"enum"`
	AnyOf                []*node          `json:"anyOf"`
	Pattern              string           `json:"pattern"`
	Minimum, Maximum     *float64
	MinProperties        *int   `json:"minProperties"`
	MaxProperties        *int   `json:"maxProperties"`
	Description          string `json:"description"`
	Default              any    `json:"default"`
}

func loadSchema(t *testing.T) *node {
	t.Helper()
	text, err := config.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var n node
	if err := json.Unmarshal(text, &n); err != nil {
		t.Fatal(err)
	}
	return &n
}

// check tells what is wrong with a value, as an editor would.
func (n *node) check(value any, at string) error {
	if n.Type != nil && !slices.ContainsFunc(n.types(), func(t string) bool { return hasType(value, t) }) {
		return fmt.Errorf("%s: %T is none of %v", at, value, n.Type)
	}
	if n.Enum != nil && !slices.Contains(n.Enum, value) {
		return fmt.Errorf("%s: %v is none of %v", at, value, n.Enum)
	}
	if n.AnyOf != nil && !slices.ContainsFunc(n.AnyOf, func(a *node) bool { return a.check(value, at) == nil }) {
		return fmt.Errorf("%s: %v fits none", at, value)
	}
	switch v := value.(type) {
	case string:
		if n.Pattern != "" && !regexp.MustCompile(n.Pattern).MatchString(v) {
			return fmt.Errorf("%s: %q does not match %s", at, v, n.Pattern)
		}
	case float64:
		if n.Minimum != nil && v < *n.Minimum || n.Maximum != nil && v > *n.Maximum {
			return fmt.Errorf("%s: %v is out of range", at, v)
		}
	case []any:
		for i, item := range v {
			if err := n.Items.check(item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		return n.checkMapping(v, at)
	}
	return nil
}

func (n *node) checkMapping(v map[string]any, at string) error {
	if n.MinProperties != nil && len(v) < *n.MinProperties || n.MaxProperties != nil && len(v) > *n.MaxProperties {
		return fmt.Errorf("%s: %d keys", at, len(v))
	}
	for _, name := range n.Required {
		if _, ok := v[name]; !ok {
			return fmt.Errorf("%s: %s is missing", at, name)
		}
	}
	for name, item := range v {
		inner := n.Properties[name]
		if inner == nil {
			if string(n.AdditionalProperties) == "false" {
				return fmt.Errorf("%s: unknown key %s", at, name)
			}
			inner = &node{}
			if err := json.Unmarshal(n.AdditionalProperties, inner); err != nil {
				return err
			}
		}
		if err := inner.check(item, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

// additional is the schema of what a mapping of free names holds, or nil.
func (n *node) additional(t *testing.T) *node {
	t.Helper()
	if !strings.HasPrefix(string(n.AdditionalProperties), "{") {
		return nil
	}
	var inner node
	if err := json.Unmarshal(n.AdditionalProperties, &inner); err != nil {
		t.Fatal(err)
	}
	return &inner
}

func (n *node) types() []string {
	if s, ok := n.Type.(string); ok {
		return []string{s}
	}
	var all []string
	for _, t := range n.Type.([]any) {
		all = append(all, t.(string))
	}
	return all
}

func hasType(value any, t string) bool {
	switch v := value.(type) {
	case nil:
		return t == "null"
	case bool:
		return t == "boolean"
	case string:
		return t == "string"
	case float64:
		return t == "number" || t == "integer" && v == float64(int64(v))
	case []any:
		return t == "array"
	case map[string]any:
		return t == "object"
	}
	return false
}

// schemaAccepts checks a YAML text against the schema.
func schemaAccepts(t *testing.T, schema *node, text string) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(asJSON, &value); err != nil {
		t.Fatal(err)
	}
	return schema.check(value, "")
}

func TestSchemaAcceptsWhatLoadDoes(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	texts := map[string]string{"all": whole, "sections of nothing": "source:\nobjects:\n  posts:\nalerts:\n  topics:\n", "text that is a number": "site: 7\n"}
	for name, o := range templates(t) {
		texts["template "+name] = string(config.Template(o))
	}
	for name, text := range texts {
		parse(t, text)
		if err := schemaAccepts(t, schema, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefusesWhatLoadDoes(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	for _, text := range []string{
		"sitee: x", "buckets: {gold: x}", "source: {kind: sampel}", "engine: {parallel: 65}", "engine: {parallel: 1.5}", "engine: fast",
		"engine: {memory_limit: lots}", "source: {endpoints: {retries: -1}}", "source: {endpoints: {idle_timeout: 30}}", "bronze: {max_loss: 2}",
		"objects: {a: {columns: {x: text}}}", "objects: {a: {steps: [trim]}}", "objects: {a: {steps: [{}]}}", "objects: {a: {steps: [{trim: [a], drop: [b]}]}}",
		"objects: {a: {steps: [{splitdate: [a]}]}}", "objects: {a: {steps: [{mask: {columns: [a]}}]}}", "objects: {a: {on_delete: delete}}",
		"alerts: {topics: {a: b}}", "source: {sample: {seed: -1}}",
	} {
		if _, _, err := config.Parse("wplake.yaml", "/lake", []byte(text)); err == nil {
			t.Errorf("Load takes %s", text)
		}
		if schemaAccepts(t, schema, text) == nil {
			t.Errorf("the schema takes %s", text)
		}
	}
}

// Every key and every item is described, for whoever completes it.
func TestSchemaDescribesEverything(t *testing.T) {
	t.Parallel()
	var walk func(n *node, at string)
	walk = func(n *node, at string) {
		if n.Description == "" {
			t.Errorf("%s is not described", at)
		}
		for name, inner := range n.Properties {
			walk(inner, at+"."+name)
		}
		if n.Items != nil {
			walk(n.Items, at+"[]")
		}
		if inner := n.additional(t); inner != nil {
			walk(inner, at+".*")
		}
	}
	schema := loadSchema(t)
	walk(schema, "")
	if got := schema.Properties["source"].Properties["endpoints"].Properties["max_bytes"].Default; !reflect.DeepEqual(got, "2GB") {
		t.Errorf("the default of max_bytes is %v", got)
	}
}
