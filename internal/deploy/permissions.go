package deploy

import (
	"maps"
	"slices"
	"strings"
)

// Permission is one thing that a role may do.
type Permission struct {
	Role      string `json:"role"` // its name, or its logical ID where it has none
	Action    string `json:"action"`
	Resource  string `json:"resource"`
	Condition string `json:"condition,omitempty"` // JSON
	Denied    bool   `json:"denied,omitempty"`    // it may not, whatever else allows it
}

// permissions are what the roles of a template may do.
func (t tree) permissions() map[Permission]bool {
	all := map[Permission]bool{}
	add := func(role string, document any) {
		d, _ := document.(map[string]any)
		for _, s := range asList(d["Statement"]) {
			for _, p := range statement(role, s) {
				all[p] = true
			}
		}
	}
	for id, r := range t.Resources {
		switch r.Type {
		case "AWS::IAM::Role":
			role := r.name()
			if role == "" {
				role = id
			}
			for _, p := range asList(r.Properties["Policies"]) {
				if policy, ok := p.(map[string]any); ok {
					add(role, policy["PolicyDocument"])
				}
			}
			for _, arn := range asList(r.Properties["ManagedPolicyArns"]) {
				all[Permission{Role: role, Action: "all of the policy", Resource: valueText(arn)}] = true
			}
		case "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy":
			for _, role := range append(asList(r.Properties["Roles"]), asList(r.Properties["RoleName"])...) {
				add(t.roleName(role), r.Properties["PolicyDocument"])
			}
		}
	}
	return all
}

// roleName is the name of a role that a policy refers to.
func (t tree) roleName(v any) string {
	text := valueText(v)
	id := strings.TrimSuffix(strings.TrimPrefix(text, "${"), "}")
	if r, ok := t.Resources[id]; ok && text != id && r.name() != "" {
		return r.name()
	}
	return text
}

// statement splits a statement into what it says of each action and resource.
func statement(role string, s any) []Permission {
	m, ok := s.(map[string]any)
	if !ok {
		return nil
	}
	condition := ""
	if c, ok := m["Condition"]; ok {
		condition = valueText(c)
	}
	resources := asList(m["Resource"])
	for _, r := range asList(m["NotResource"]) {
		resources = append(resources, "all but "+valueText(r))
	}
	actions := asList(m["Action"])
	for _, a := range asList(m["NotAction"]) {
		actions = append(actions, "all but "+valueText(a))
	}
	var all []Permission
	for _, a := range actions {
		for _, r := range resources {
			all = append(all, Permission{Role: role, Action: valueText(a), Resource: valueText(r), Condition: condition, Denied: m["Effect"] == "Deny"})
		}
	}
	return all
}

// comparePermissions tells which permissions are given and taken away.
func comparePermissions(before, after tree) (added, removed []Permission) {
	was, will := before.permissions(), after.permissions()
	for p := range will {
		if !was[p] {
			added = append(added, p)
		}
	}
	for p := range was {
		if !will[p] {
			removed = append(removed, p)
		}
	}
	return sortPermissions(added), sortPermissions(removed)
}

func sortPermissions(all []Permission) []Permission {
	keys := map[string]Permission{}
	for _, p := range all {
		keys[strings.Join([]string{p.Role, p.Action, p.Resource, p.Condition, map[bool]string{true: "deny"}[p.Denied]}, "\x00")] = p
	}
	sorted := make([]Permission, 0, len(all))
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		sorted = append(sorted, keys[k])
	}
	return sorted
}
