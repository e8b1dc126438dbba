package lint

import (
	"encoding/json"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/iam"
	"wplake/internal/asl/source"
)

// Role compares what the states of a definition do with what a policy lets
// its role do. What a machine cannot do without is an error; what it needs to
// stop what it has started, and statements with conditions, are warnings.
func Role(definition []byte, policy iam.Policy) []Finding {
	root, err := source.Read(definition)
	if err != nil || !root.Is(source.Object) {
		return nil
	}
	var found []Finding
	seen := map[string]bool{}
	for _, n := range iam.Needs(definition) {
		key := strings.Join(append(slices.Clone(n.Path), n.Action, n.Resources[0]), "\x00")
		if seen[key] {
			continue
		}
		seen[key] = true
		if f, ok := judge(n, policy); ok {
			at := path(n.Path)
			f.State, f.Pointer, f.Position = n.State, at.Pointer(), root.At(at...).Position
			found = append(found, f)
		}
	}
	sortFindings(found)
	return found
}

// judge gives the finding about one need, and whether there is one.
func judge(n iam.Need, policy iam.Policy) (Finding, bool) {
	var denied string
	var conditions []string
	for _, resource := range n.Resources {
		v := policy.Judge(n.Action, resource)
		if v.Allowed && len(v.Conditional) == 0 {
			return Finding{}, false
		}
		if v.Allowed {
			conditions = v.Conditional
		}
		if v.Denied != "" {
			denied = v.Denied
		}
	}
	if len(conditions) > 0 {
		return Finding{
			Severity: asl.SeverityWarning, Code: ConditionsUnread,
			Message: "whether the role may " + n.Action + " on " + n.Resources[0] + " rests on the conditions of " + strings.Join(conditions, ", ") + ", which are not judged",
			Remedy:  "see for yourself that they hold for Step Functions",
		}, true
	}
	f := Finding{
		Severity: asl.SeverityError, Code: MissingAction,
		Message: "the role may not " + n.Action + " on " + n.Resources[0] + ": " + n.Why,
		Remedy:  "add the statement " + Statement(n),
	}
	if n.Spare {
		f.Severity = asl.SeverityWarning
	}
	if denied != "" {
		f.Message = "the role is denied " + n.Action + " on " + n.Resources[0] + " by " + denied + ": " + n.Why
		f.Remedy = "let that statement leave it out, and allow it: " + Statement(n)
	}
	return f, true
}

// Statement is the statement of a policy that allows what is needed.
func Statement(n iam.Need) string {
	text, err := json.Marshal(struct {
		Effect, Action, Resource string
	}{"Allow", n.Action, n.Resources[0]})
	if err != nil { // three strings
		return ""
	}
	return string(text)
}
