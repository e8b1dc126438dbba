package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	yaml "github.com/goccy/go-yaml"

	"wplake/internal/lake"
)

// tree is a template's resources, by logical ID.
type tree struct {
	Resources map[string]resource `yaml:"Resources"`
}

// resource is a resource of a template.
type resource struct {
	Type           string         `yaml:"Type"`
	DeletionPolicy string         `yaml:"DeletionPolicy"`
	Properties     map[string]any `yaml:"Properties"`
}

// parseTemplate reads a template in YAML or JSON. Functions in it have their
// long form (Fn::Sub), as wplake writes them.
func parseTemplate(body []byte) (tree, error) {
	var t tree
	if err := yaml.NewDecoder(bytes.NewReader(body)).Decode(&t); err != nil {
		return tree{}, &lake.Error{
			Code: lake.DeployFailed, Message: "the stack's template cannot be read: " + err.Error(), Err: err,
			Hint: "the stack was not made by wplake: give this lake another name with aws.stack",
		}
	}
	return t, nil
}

// ids are the logical IDs in order.
func (t tree) ids() []string { return slices.Sorted(maps.Keys(t.Resources)) }

// byType counts resources by type.
func (t tree) byType() map[string]int {
	counts := map[string]int{}
	for _, r := range t.Resources {
		counts[r.Type]++
	}
	return counts
}

// name is what a resource is called in the account, where the template says so.
func (r resource) name() string {
	for _, key := range []string{"BucketName", "TopicName", "FunctionName", "RoleName", "LogGroupName", "StateMachineName", "AlarmName", "DashboardName", "QueueName", "Name"} {
		if v, ok := r.Properties[key]; ok {
			return valueText(v)
		}
	}
	if in, ok := r.Properties["DatabaseInput"].(map[string]any); ok { // of Glue
		return valueText(in["Name"])
	}
	return ""
}

// valueText is a template's value as one reads it: a text, the text of Fn::Sub,
// or JSON.
func valueText(v any) string {
	switch t := v.(type) {
	case string:
		return t
	case map[string]any:
		if len(t) == 1 {
			if s, ok := t["Fn::Sub"].(string); ok {
				return s
			}
			if s, ok := t["Ref"].(string); ok {
				return "${" + s + "}"
			}
			if parts, ok := t["Fn::GetAtt"].([]any); ok && len(parts) == 2 {
				return fmt.Sprintf("${%v.%v}", parts[0], parts[1])
			}
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v) // a number that JSON lacks
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// same reports whether two values of templates are equal.
func same(a, b any) bool { return valueText(a) == valueText(b) }

// asList is a value that may stand alone or in a list.
func asList(v any) []any {
	switch t := v.(type) {
	case nil:
		return nil
	case []any:
		return t
	}
	return []any{v}
}
