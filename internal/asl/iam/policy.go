// Package iam tells which actions a state machine's role needs, and whether
// policy documents allow them. Resources may be patterns on both sides: what a
// definition fills in at run time can be anything, and an account that is
// blacked out ([REDACTED]) any account.
package iam

import (
	"errors"
	"fmt"
	"strings"

	"wplake/internal/asl/source"
)

// Policy is one policy document, or several joined.
type Policy struct{ statements []statement }

type statement struct {
	id                      string
	allow                   bool
	actions, notActions     []string
	resources, notResources []string
	conditions              bool
	condition               map[string]map[string][]string
}

// Parse reads a policy document. It also takes what the AWS CLI prints around
// one ("PolicyDocument", "PolicyVersion"), and a list of documents. The error
// says what is wrong with it.
func Parse(text []byte) (Policy, error) {
	v, err := source.Read(text)
	if err != nil {
		return Policy{}, err
	}
	if v == nil {
		return Policy{}, errors.New("the policy is empty")
	}
	var p Policy
	if err := p.document(v); err != nil {
		return Policy{}, err
	}
	return p, nil
}

// Join is a policy with the statements of all.
func Join(policies ...Policy) Policy {
	var all Policy
	for _, p := range policies {
		all.statements = append(all.statements, p.statements...)
	}
	return all
}

func (p *Policy) document(v *source.Value) error {
	if v.Is(source.Array) {
		for _, e := range v.Elements {
			if err := p.document(e); err != nil {
				return err
			}
		}
		return nil
	}
	for _, around := range []string{"PolicyDocument", "PolicyVersion", "Document"} {
		if inner := v.Get(around); inner.Is(source.Object) {
			return p.document(inner)
		}
	}
	list := v.Get("Statement")
	switch {
	case list.Is(source.Object):
		return p.statement(list)
	case !list.Is(source.Array):
		return fmt.Errorf("line %s: a policy document has a list \"Statement\"", v.Position)
	}
	for _, e := range list.Elements {
		if err := p.statement(e); err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) statement(v *source.Value) error {
	s := statement{
		id: v.Get("Sid").Str(), conditions: len(v.At("Condition").Members) > 0 && v.Has("Condition"),
		condition: conditionOf(v.Get("Condition")),
	}
	switch effect := v.Get("Effect").Str(); effect {
	case "Allow":
		s.allow = true
	case "Deny":
	default:
		return fmt.Errorf("line %s: a statement's Effect is Allow or Deny, not %q", v.Position, effect)
	}
	if s.id == "" {
		s.id = "the statement in line " + v.Position.String()
	}
	for _, f := range []struct {
		name string
		to   *[]string
	}{{"Action", &s.actions}, {"NotAction", &s.notActions}, {"Resource", &s.resources}, {"NotResource", &s.notResources}} {
		texts, err := texts(v.Get(f.name))
		if err != nil {
			return fmt.Errorf("%s of %s: %w", f.name, s.id, err)
		}
		*f.to = texts
	}
	if len(s.actions)+len(s.notActions) == 0 {
		return fmt.Errorf("%s has no Action", s.id)
	}
	if len(s.resources)+len(s.notResources) == 0 {
		return fmt.Errorf("%s has no Resource", s.id)
	}
	p.statements = append(p.statements, s)
	return nil
}

// texts reads a text or a list of texts.
func texts(v *source.Value) ([]string, error) {
	switch {
	case v == nil:
		return nil, nil
	case v.Is(source.String):
		return []string{v.Text}, nil
	case !v.Is(source.Array):
		return nil, errors.New("it is neither a text nor a list of texts")
	}
	list := make([]string, len(v.Elements))
	for i, e := range v.Elements {
		if !e.Is(source.String) {
			return nil, errors.New("the list holds something that is no text")
		}
		list[i] = e.Text
	}
	return list, nil
}

// Verdict is what a policy says of an action.
type Verdict struct {
	Allowed bool
	// Denied names the statement that denies it, "" for none.
	Denied string
	// Conditional names the statements with conditions on which the verdict
	// rests; conditions are not judged.
	Conditional []string
}

// Judge tells whether the policy lets somebody perform an action on a
// resource, whose name may be a pattern: then it is enough that some resource
// of the pattern is allowed, and only a denial of all of them counts.
func (p Policy) Judge(action, resource string) Verdict {
	var v Verdict
	var conditional []string
	for _, s := range p.statements {
		if !s.names(action) {
			continue
		}
		switch {
		case s.allow && s.covers(resource):
			if s.conditions {
				conditional = append(conditional, s.id)
				continue
			}
			v.Allowed = true
		case !s.allow && s.coversAll(resource):
			if s.conditions {
				v.Conditional = append(v.Conditional, s.id)
				continue
			}
			v.Denied = s.id
		}
	}
	if !v.Allowed && len(conditional) > 0 {
		v.Allowed = true
		v.Conditional = append(v.Conditional, conditional...)
	}
	if v.Denied != "" {
		v.Allowed = false
	}
	return v
}

func (s *statement) names(action string) bool {
	action = strings.ToLower(action)
	match := func(patterns []string) bool {
		for _, p := range patterns {
			if overlap(strings.ToLower(p), action) {
				return true
			}
		}
		return false
	}
	if len(s.notActions) > 0 {
		return !match(s.notActions)
	}
	return match(s.actions)
}

func (s *statement) covers(resource string) bool {
	if len(s.notResources) > 0 {
		for _, p := range s.notResources {
			if within(pattern(resource), pattern(p)) {
				return false
			}
		}
		return true
	}
	for _, p := range s.resources {
		if overlap(pattern(p), pattern(resource)) {
			return true
		}
	}
	return false
}

func (s *statement) coversAll(resource string) bool {
	if len(s.notResources) > 0 {
		for _, p := range s.notResources {
			if overlap(pattern(p), pattern(resource)) {
				return false
			}
		}
		return true
	}
	for _, p := range s.resources {
		if within(pattern(resource), pattern(p)) {
			return true
		}
	}
	return false
}

// pattern makes of a blacked-out account and of a policy variable a wildcard.
func pattern(resource string) string {
	resource = strings.NewReplacer("[REDACTED]", "*", "REDACTED", "*").Replace(resource)
	for {
		before, rest, found := strings.Cut(resource, "${")
		_, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return resource
		}
		resource = before + "*" + after
	}
}

// within tells whether every text that the narrow pattern matches is matched
// by the wide one, where * of the narrow one counts as text like any other.
func within(narrow, wide string) bool {
	return glob(wide, strings.ReplaceAll(narrow, "?", "x"))
}

// glob matches a text, of which * and ? have no meaning, with a pattern.
func glob(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// overlap tells whether there is a text that both patterns match.
func overlap(a, b string) bool {
	const longest = 4096 // the longest ARN has 2048
	if len(a) > longest || len(b) > longest {
		return false
	}
	// row[j] tells whether what is left of a, from i, and of b, from j, can
	// still match the same text.
	row := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		diagonal := false // row[j+1] of the row before
		for j := len(b); j >= 0; j-- {
			below := row[j]
			switch {
			case i == len(a) && j == len(b):
				row[j] = true
			case i < len(a) && a[i] == '*':
				row[j] = below || j < len(b) && row[j+1]
			case j < len(b) && b[j] == '*':
				row[j] = row[j+1] || i < len(a) && below
			case i < len(a) && j < len(b) && (a[i] == b[j] || a[i] == '?' || b[j] == '?'):
				row[j] = diagonal
			default:
				row[j] = false
			}
			diagonal = below
		}
	}
	return row[0]
}
