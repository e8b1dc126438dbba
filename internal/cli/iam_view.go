package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"wplake/internal/deploy/iam"
)

// statementDocument is a statement as --json tells of it.
type statementDocument struct {
	Sid       string         `json:"sid"`
	Actions   []string       `json:"actions"`
	Resources []string       `json:"resources"`
	Condition iam.Conditions `json:"condition,omitempty"`
	Reason    string         `json:"reason"`
	Without   string         `json:"without,omitempty"` // what is lost without it, where the work can be done
}

// roleDocument is a role as --json tells of it.
type roleDocument struct {
	Name       string              `json:"name"`
	RoleName   string              `json:"role_name"`
	Existing   string              `json:"existing,omitempty"`
	Service    string              `json:"service"`
	Trust      json.RawMessage     `json:"trust_policy"`
	Policy     json.RawMessage     `json:"policy"`
	Statements []statementDocument `json:"statements"`
}

func (a *app) printRoles(roles []iam.Role) error {
	documents := make([]roleDocument, len(roles))
	for i, r := range roles {
		documents[i] = roleDocument{
			Name: r.Name, RoleName: r.RoleName, Existing: r.Existing, Service: r.Service,
			Trust: r.TrustPolicy(), Policy: r.Policy(), Statements: []statementDocument{},
		}
		for _, s := range r.Statements {
			documents[i].Statements = append(documents[i].Statements, statementDocument{s.Sid, s.Actions, s.Resources, s.Condition, s.Reason, s.Spare})
		}
	}
	return a.printJSON(struct {
		Roles []roleDocument `json:"roles"`
	}{documents})
}

// printPolicies prints policy documents as AWS takes them.
func (a *app) printPolicies(roles []iam.Role, one bool) error {
	if one {
		return a.printJSON(json.RawMessage(roles[0].Policy()))
	}
	all := map[string]json.RawMessage{}
	for _, r := range roles {
		all[r.Name] = r.Policy()
	}
	return a.printJSON(all)
}

// tellRoles prints roles for people.
func (a *app) tellRoles(roles []iam.Role) {
	for i, r := range roles {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		name := r.RoleName
		if r.Existing != "" {
			name = r.Existing + ", which exists"
		}
		fmt.Fprintf(a.stdout, "%s (%s), for %s\n", a.color(green, r.Name), name, r.Service)
		for _, s := range r.Statements {
			a.tellStatement(s)
		}
		if len(r.Statements) == 0 {
			fmt.Fprintln(a.stdout, "  needs nothing")
		}
	}
}

func (a *app) tellStatement(s iam.Statement) {
	fmt.Fprintf(a.stdout, "\n  %s\n    %s\n", a.color(yellow, s.Sid), s.Reason)
	if s.Spare != "" {
		fmt.Fprintf(a.stdout, "    Without it: %s.\n", s.Spare)
	}
	fmt.Fprintf(a.stdout, "    allow  %s\n", strings.Join(s.Actions, ", "))
	for i, r := range s.Resources {
		word := "on    "
		if i > 0 {
			word = "      "
		}
		fmt.Fprintf(a.stdout, "    %s %s\n", word, r)
	}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
			fmt.Fprintf(a.stdout, "    if     %s %s %s\n", key, operator, strings.Join(s.Condition[operator][key], ", "))
		}
	}
}
