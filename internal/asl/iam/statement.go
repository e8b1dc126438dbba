package iam

import (
	"slices"

	"wplake/internal/asl/source"
)

// Statement is a statement of a policy as it was read.
type Statement struct {
	ID         string // its Sid, or which line it is in
	Allow      bool
	Actions    []string
	NotActions []string
	// Resources and NotResources have * where an account is blacked out or a
	// policy variable stands.
	Resources    []string
	NotResources []string
	// Conditions are by operator and key; values that are neither a text nor a
	// list of texts are left out.
	Conditions  map[string]map[string][]string
	Conditional bool // there are conditions
}

// Statements are the policy's, in their order.
func (p Policy) Statements() []Statement {
	all := make([]Statement, len(p.statements))
	for i, s := range p.statements {
		all[i] = Statement{
			ID: s.id, Allow: s.allow, Actions: slices.Clone(s.actions), NotActions: slices.Clone(s.notActions),
			Resources: patterns(s.resources), NotResources: patterns(s.notResources), Conditions: s.condition, Conditional: s.conditions,
		}
	}
	return all
}

func patterns(resources []string) []string {
	all := make([]string, len(resources))
	for i, r := range resources {
		all[i] = pattern(r)
	}
	return all
}

// Keep is the policy with those statements alone that keep says.
func (p Policy) Keep(keep func(Statement) bool) Policy {
	var some Policy
	for i, s := range p.Statements() {
		if keep(s) {
			some.statements = append(some.statements, p.statements[i])
		}
	}
	return some
}

// Overlap tells whether there is a text that both patterns match.
func Overlap(a, b string) bool { return overlap(a, b) }

// Within tells whether every text that the narrow pattern matches is matched
// by the wide one.
func Within(narrow, wide string) bool { return within(narrow, wide) }

// conditionOf reads the conditions of a statement.
func conditionOf(v *source.Value) map[string]map[string][]string {
	if !v.Is(source.Object) {
		return nil
	}
	all := map[string]map[string][]string{}
	for _, operator := range v.Members {
		keys := map[string][]string{}
		if operator.Value.Is(source.Object) {
			for _, key := range operator.Value.Members {
				// What is no text, such as a boolean, is no condition that we write.
				keys[key.Name], _ = texts(key.Value)
			}
		}
		all[operator.Name] = keys
	}
	return all
}
