package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"wplake/internal/asl/iam"
	"wplake/internal/lake"
)

// DocumentKind says how a policy belongs to a role.
type DocumentKind string

// The kinds of policies of a role.
const (
	Inline   DocumentKind = "inline"
	Attached DocumentKind = "attached"
	Boundary DocumentKind = "boundary" // it allows nothing, and bounds what the others allow
)

// Document is a policy of a role, in any of the forms that the AWS CLI prints.
type Document struct {
	Name string
	Kind DocumentKind
	Text []byte
}

// Finding is a difference between what a role has and what it needs.
type Finding struct {
	Actions   []string `json:"actions"`
	Resource  string   `json:"resource"`
	Statement string   `json:"statement,omitempty"` // of the policy, where one is meant
	Why       string   `json:"why"`
}

// Judgement is what came out of a comparison.
type Judgement struct {
	Missing  []Finding `json:"missing"`  // the work fails
	Lost     []Finding `json:"lost"`     // the work is done without them, and something is lost
	Unjudged []Finding `json:"unjudged"` // rest on conditions that only AWS can judge
	Excess   []Finding `json:"excess"`   // are too much
}

// need is what a role must be allowed: an action on one of the resources.
type need struct {
	action    string
	resources []string
	whole     bool // resources are patterns of which all is needed
	why       string
	spare     bool
	condition Conditions // that a policy may have
}

// wanted are the needs of a role.
func (in Input) wanted(r Role) []need {
	var all []need
	statements := r.Statements
	if r.Name == Workflow {
		needs := in.needs()
		for _, n := range needs {
			all = append(all, need{action: n.Action, resources: slices.Clone(n.Resources), why: fmt.Sprintf("the state %q: %s", n.State, n.Why), spare: n.Spare})
		}
		statements = in.workflowKeys(needs)
		if in.WorkflowLogs {
			statements = append(statements, logDelivery())
		}
	}
	for _, s := range statements {
		why := s.Reason
		if s.Spare != "" {
			why += " Without it " + s.Spare + "."
		}
		for _, action := range s.Actions {
			for _, resource := range s.Resources {
				all = append(all, need{action: action, resources: []string{resource}, whole: true, why: why, spare: s.Spare != "", condition: s.Condition})
			}
		}
	}
	return all
}

// Check compares the policies of a role with what it needs. Accounts that are
// blacked out (REDACTED) and placeholders of templates are the input's; where
// its region or account is *, any will do. The error is a *lake.Error that names the policy which cannot be read.
func Check(in Input, r Role, documents []Document) (Judgement, error) {
	var given, bounds []iam.Policy
	known := in.known()
	for _, d := range documents {
		p, err := iam.Parse([]byte(known.Replace(string(d.Text))))
		if err != nil {
			return Judgement{}, &lake.Error{
				Code: lake.ConfigInvalid, Message: fmt.Sprintf("the policy %s cannot be read: %v", d.Name, err), Err: err,
				Hint: "give a policy document, a list of them, or what aws iam get-role-policy prints",
			}
		}
		if d.Kind == Boundary {
			bounds = append(bounds, p)
		} else {
			given = append(given, p)
		}
	}
	c := comparison{policy: iam.Join(given...), needs: in.wanted(r)}
	for _, n := range c.needs {
		for i, resource := range n.resources {
			n.resources[i] = known.Replace(resource)
		}
	}
	if len(bounds) > 0 {
		bound := iam.Join(bounds...)
		c.bound = &bound
	}
	for _, n := range c.needs {
		c.judge(n)
	}
	c.excess()
	return c.result(), nil
}

// known fills in what a policy leaves open: accounts that are blacked out, and
// placeholders of templates. What the input does not know either is a pattern.
func (in Input) known() *strings.Replacer {
	or := func(value, otherwise string) string {
		if strings.HasPrefix(value, "${") {
			return otherwise
		}
		return value
	}
	account := or(in.Account, "*")
	return strings.NewReplacer(
		"[REDACTED]", account, "REDACTED", account, "${AWS::AccountId}", account,
		"${AWS::Region}", or(in.Region, "*"), "${AWS::Partition}", or(in.Partition, "aws"),
	)
}

// comparison is a comparison under way.
type comparison struct {
	policy iam.Policy
	bound  *iam.Policy
	needs  []need
	found  Judgement
}

func (c *comparison) result() Judgement {
	j := c.found
	for _, list := range []*[]Finding{&j.Missing, &j.Lost, &j.Unjudged, &j.Excess} {
		*list = joined(*list)
	}
	return j
}

// joined puts findings that differ in their actions alone into one.
func joined(all []Finding) []Finding {
	out := []Finding{}
	for _, f := range all {
		i := slices.IndexFunc(out, func(o Finding) bool { return o.Resource == f.Resource && o.Statement == f.Statement && o.Why == f.Why })
		if i < 0 {
			out = append(out, Finding{Resource: f.Resource, Statement: f.Statement, Why: f.Why})
			i = len(out) - 1
		}
		for _, a := range f.Actions {
			if !slices.Contains(out[i].Actions, a) {
				out[i].Actions = append(out[i].Actions, a)
			}
		}
	}
	return out
}

// verdict is what a policy says of a need.
type verdict struct {
	allowed   bool
	cause     string // why not, or in how far not
	statement string
	unjudged  string // the statement whose condition decides
}

// judge holds a need against the policies.
func (c *comparison) judge(n need) {
	v := best(c.policy, n)
	if v.allowed && c.bound != nil {
		if b := best(*c.bound, n); !b.allowed {
			v = b
			v.cause = strings.TrimSuffix("the permissions boundary does not let it; "+b.cause, "; ")
		} else if v.unjudged == "" {
			v.unjudged = b.unjudged
		}
	}
	f := Finding{Actions: []string{n.action}, Resource: n.resources[0], Statement: v.statement, Why: n.why}
	switch {
	case !v.allowed:
		if v.cause != "" {
			f.Why = v.cause + ". " + f.Why
		}
		if n.spare {
			c.found.Lost = append(c.found.Lost, f)
		} else {
			c.found.Missing = append(c.found.Missing, f)
		}
	case v.unjudged != "":
		f.Statement = v.unjudged
		f.Why = "it rests on the conditions of " + v.unjudged + ", which are not judged here"
		c.found.Unjudged = append(c.found.Unjudged, f)
	}
}

// best is the verdict on that of the need's resources which fares best.
func best(p iam.Policy, n need) verdict {
	var last verdict
	for i, resource := range n.resources {
		v := one(p, n, resource)
		if v.allowed && v.unjudged == "" {
			return v
		}
		if i == 0 || v.allowed {
			last = v
		}
	}
	return last
}

// probe stands for whatever a pattern of which all is needed may match.
const probe = "any-of-wplake"

// one is the verdict on one resource.
func one(p iam.Policy, n need, resource string) verdict {
	// Conditions that are known to hold are as none.
	p = p.Keep(func(s iam.Statement) bool { return !s.Conditional || s.Allow || !harmless(s.Conditions) })
	certain := p.Keep(func(s iam.Statement) bool {
		return !s.Conditional || s.Allow && sameConditions(s.Conditions, n.condition)
	})
	asked := resource
	if head, found := strings.CutSuffix(resource, "*"); n.whole && found && head != "" {
		asked = head + probe
	}
	sure, maybe := certain.Judge(n.action, asked), p.Judge(n.action, asked)
	switch {
	case maybe.Denied != "":
		return verdict{cause: maybe.Denied + " denies it", statement: maybe.Denied}
	case n.whole && partlyDenied(certain, n.action, resource) != "":
		id := partlyDenied(certain, n.action, resource)
		return verdict{cause: id + " denies it for a part", statement: id}
	case sure.Allowed:
		for _, id := range maybe.Conditional {
			if denies(p, id) {
				return verdict{allowed: true, unjudged: id}
			}
		}
		return verdict{allowed: true}
	case maybe.Allowed:
		return verdict{allowed: true, unjudged: maybe.Conditional[0]}
	case asked != resource && p.Judge(n.action, resource).Allowed:
		return verdict{cause: "it is allowed for a part only"}
	}
	return verdict{}
}

func denies(p iam.Policy, id string) bool {
	return slices.ContainsFunc(p.Statements(), func(s iam.Statement) bool { return s.ID == id && !s.Allow })
}

// partlyDenied names a statement that denies some of the resources of a pattern.
func partlyDenied(p iam.Policy, action, resource string) string {
	for _, s := range p.Statements() {
		if s.Allow || !names(s, action) {
			continue
		}
		overlaps := func(r string) bool { return iam.Overlap(r, bare(resource)) }
		if slices.ContainsFunc(s.Resources, overlaps) {
			return s.ID
		}
		if len(s.NotResources) > 0 && !slices.ContainsFunc(s.NotResources, func(r string) bool { return iam.Within(bare(resource), r) }) {
			return s.ID
		}
	}
	return ""
}

// names tells whether a statement is about an action.
func names(s iam.Statement, action string) bool {
	matches := func(p string) bool { return iam.Overlap(strings.ToLower(p), strings.ToLower(action)) }
	if len(s.NotActions) > 0 {
		return !slices.ContainsFunc(s.NotActions, matches)
	}
	return slices.ContainsFunc(s.Actions, matches)
}

// bare is a resource with * for its placeholders, as those of policies have it.
func bare(resource string) string {
	for {
		before, rest, found := strings.Cut(resource, "${")
		_, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return resource
		}
		resource = before + "*" + after
	}
}

// harmless tells whether a denial never hits wplake: it is of requests without
// TLS, and there are none.
func harmless(conditions map[string]map[string][]string) bool {
	transport := conditions["Bool"]["aws:SecureTransport"]
	return len(conditions) == 1 && len(conditions["Bool"]) == 1 && len(transport) == 1 && transport[0] == "false"
}

func sameConditions(a map[string]map[string][]string, b Conditions) bool {
	return maps.EqualFunc(a, b, func(x, y map[string][]string) bool {
		return maps.EqualFunc(x, y, func(v, w []string) bool {
			return slices.Equal(slices.Sorted(slices.Values(v)), slices.Sorted(slices.Values(w)))
		})
	})
}
