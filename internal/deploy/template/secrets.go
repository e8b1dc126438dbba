package template

import (
	"maps"
	"slices"
	"strings"

	"wplake/internal/config"
)

// endpoints are the endpoints for their parameter: where the definition itself
// says them all and they tell no secret.
func (b *builder) endpoints() (string, bool) {
	e := b.c.Source.Endpoints
	if b.c.Source.Kind != config.SourceEndpoints || len(e.URLs) == 0 {
		return "", false
	}
	var all []string
	for _, r := range e.URLs {
		// What is printed of a value hides what may be a secret; a comma would
		// begin another element of the list.
		if r.IsReference() || r.String() != string(r) || strings.ContainsAny(string(r), ",$") {
			return "", false
		}
		all = append(all, string(r))
	}
	joined := strings.Join(all, ",")
	return joined, len(joined) <= advancedParameter
}

// advancedParameter is the most of a parameter, in bytes.
const advancedParameter = 8192

// secrets tells which parameters a person sets: CloudFormation makes no
// SecureString, and no secret stands in a template.
func (b *builder) secrets() {
	set := func(name, what, kind, value string) {
		b.manual = append(b.manual, Manual{
			What:    "the parameter " + name + " " + what,
			Command: "wplake param set --home aws " + name + " " + value + " --type " + kind,
		})
	}
	if e := b.c.Source.Endpoints; b.c.Source.Kind == config.SourceEndpoints && len(e.URLs) == 0 {
		set(e.Parameter, "lists the endpoints, with commas between them", "StringList", "URL,URL")
	}
	told := map[string]bool{}
	for _, r := range b.looked() {
		name, ok := r.ref.Parameter()
		if !ok || told[name] {
			continue
		}
		told[name] = true
		set(name, "is the value of "+r.path, "SecureString", "-")
	}
}

// value is a value of the definition that a function looks up.
type value struct {
	path string
	ref  config.Ref
}

// looked are the values that may be in parameters.
func (b *builder) looked() []value {
	var all []value
	if e := b.c.Source.Endpoints; b.c.Source.Kind == config.SourceEndpoints {
		for _, u := range e.URLs {
			all = append(all, value{"source.endpoints.urls", u})
		}
		all = append(all, value{"source.endpoints.user", e.User}, value{"source.endpoints.password", e.Password})
		for _, h := range sortedKeys(e.Headers) {
			all = append(all, value{"source.endpoints.headers." + h, e.Headers[h]})
		}
	}
	for _, o := range slices.Sorted(maps.Keys(b.c.Objects)) {
		for _, s := range b.c.Objects[o].Steps {
			if s.Mask != nil {
				all = append(all, value{"objects." + o + ".steps.mask.salt", config.Ref(s.Mask.Salt)})
			}
		}
	}
	for _, h := range sortedKeys(b.c.AWS.Tracing.Headers) {
		all = append(all, value{"aws.tracing.headers." + h, b.c.AWS.Tracing.Headers[h]})
	}
	return all
}
