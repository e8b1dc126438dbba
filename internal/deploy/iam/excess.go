package iam

import (
	"slices"
	"strings"

	"wplake/internal/asl/iam"
)

// excess finds what the policies allow and nobody needs.
func (c *comparison) excess() {
	for _, s := range c.policy.Statements() {
		if !s.Allow {
			continue
		}
		add := func(actions []string, resource, why string) {
			c.found.Excess = append(c.found.Excess, Finding{Actions: actions, Resource: resource, Statement: s.ID, Why: why})
		}
		resource := strings.Join(append(slices.Clone(s.Resources), s.NotResources...), ", ")
		if len(s.NotActions) > 0 {
			add([]string{"everything but " + strings.Join(s.NotActions, ", ")}, resource, "NotAction allows every other action, those that AWS will have one day included")
			continue
		}
		if len(s.NotResources) > 0 {
			add(s.Actions, "everything but "+strings.Join(s.NotResources, ", "), "NotResource allows every other resource of the account")
			continue
		}
		for _, action := range s.Actions {
			c.excessAction(s, action, add)
		}
	}
}

// excessAction finds what is too much in one action, or pattern of actions, of
// a statement.
func (c *comparison) excessAction(s iam.Statement, action string, add func(actions []string, resource, why string)) {
	var needed, on []string
	for _, n := range c.needs {
		if !names(iam.Statement{Actions: []string{action}}, n.action) {
			continue
		}
		if !slices.Contains(needed, n.action) {
			needed = append(needed, n.action)
		}
		for _, r := range granted(iam.Need{Action: n.action, Resources: n.resources}) {
			if r = bare(r); !slices.Contains(on, r) {
				on = append(on, r)
			}
		}
		on = append(on, bare(n.resources[0]))
	}
	if len(needed) == 0 {
		add([]string{action}, strings.Join(s.Resources, ", "), "nobody calls it")
		return
	}
	if strings.ContainsAny(action, "*?") {
		add([]string{action}, strings.Join(s.Resources, ", "), "the wildcard allows more than what is called: "+strings.Join(needed, ", "))
	}
	for _, resource := range s.Resources {
		if !concerns(action, resource) || slices.ContainsFunc(on, func(n string) bool { return iam.Within(resource, n) }) {
			continue
		}
		var inside []string
		for _, n := range on {
			if iam.Overlap(resource, n) && !slices.Contains(inside, n) {
				inside = append(inside, n)
			}
		}
		if len(inside) == 0 {
			add([]string{action}, resource, "nothing there is needed")
			continue
		}
		add([]string{action}, resource, "it is wider than what is needed: "+strings.Join(inside, ", "))
	}
}

// concerns tells whether an action can be performed on a resource at all:
// statements that mix services name many pairs that mean nothing.
func concerns(action, resource string) bool {
	parts := strings.SplitN(resource, ":", 6)
	service, call, _ := strings.Cut(strings.ToLower(action), ":")
	if len(parts) < 6 || strings.ContainsAny(parts[2]+service, "*?") {
		return true
	}
	if parts[2] != service {
		return false
	}
	if service != "s3" || strings.ContainsAny(call, "*?") {
		return true
	}
	ofObjects := strings.Contains(call, "object") || strings.Contains(call, "multipartupload") && call != "listbucketmultipartuploads"
	bucket, _, within := strings.Cut(parts[5], "/")
	if within || strings.HasSuffix(bucket, "*") {
		return ofObjects || strings.HasSuffix(bucket, "*")
	}
	return !ofObjects
}
