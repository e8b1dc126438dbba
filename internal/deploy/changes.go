package deploy

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Change is what an update does to one resource.
type Change struct {
	Action   string `json:"action"` // add, change, remove, import
	Resource string `json:"resource"`
	Type     string `json:"type"`
	Name     string `json:"name,omitempty"` // in the account, where it is known
	// Replaced is "yes" where the resource is made anew under another identity,
	// "maybe" where CloudFormation cannot tell beforehand.
	Replaced string `json:"replaced,omitempty"`
	// Kept says that what is removed from the stack stays in the account.
	Kept bool `json:"kept,omitempty"`
	// Loses says in words which data go; empty: none.
	Loses      string           `json:"loses,omitempty"`
	Properties []PropertyChange `json:"properties,omitempty"`
}

// PropertyChange is a property that changes.
type PropertyChange struct {
	Property string `json:"property"`
	From     string `json:"from,omitempty"` // where CloudFormation or the templates say it
	To       string `json:"to,omitempty"`
}

// added are the changes that make a new stack.
func added(t tree) []Change {
	var all []Change
	for _, id := range t.ids() {
		r := t.Resources[id]
		all = append(all, Change{Action: "add", Resource: id, Type: r.Type, Name: r.name()})
	}
	return all
}

// inWords turns the changes of a change set into ours. before and after are the
// templates, which know what the change set does not say.
func inWords(changes []types.Change, before, after tree) []Change {
	var all []Change
	for _, c := range changes {
		r := c.ResourceChange
		if r == nil {
			continue
		}
		id := aws.ToString(r.LogicalResourceId)
		change := Change{Resource: id, Type: aws.ToString(r.ResourceType), Name: aws.ToString(r.PhysicalResourceId)}
		switch r.Action {
		case types.ChangeActionAdd:
			change.Action = "add"
			change.Name = after.Resources[id].name()
		case types.ChangeActionRemove:
			change.Action = "remove"
			change.Kept = r.PolicyAction == types.PolicyActionRetain || r.PolicyAction == "" && before.Resources[id].DeletionPolicy == "Retain"
			if !change.Kept {
				change.Loses = losses(change.Type)
			}
		case types.ChangeActionImport:
			change.Action = "import"
		default:
			change.Action = "change"
			change.Properties = properties(r, before, after)
			switch r.Replacement {
			case types.ReplacementTrue:
				change.Replaced = "yes"
			case types.ReplacementConditional:
				change.Replaced = "maybe"
			}
			change.Kept = r.PolicyAction == types.PolicyActionReplaceAndRetain
			if change.Replaced != "" && !change.Kept {
				change.Loses = losses(change.Type)
			}
		}
		all = append(all, change)
	}
	order := map[string]int{"remove": 0, "change": 1, "import": 2, "add": 3}
	slices.SortStableFunc(all, func(a, b Change) int {
		if order[a.Action] != order[b.Action] {
			return order[a.Action] - order[b.Action]
		}
		return strings.Compare(a.Resource, b.Resource)
	})
	return all
}

// properties lists what changes of a resource, from the change set and, where
// it gives no values, from the templates.
func properties(r *types.ResourceChange, before, after tree) []PropertyChange {
	id := aws.ToString(r.LogicalResourceId)
	found := map[string]PropertyChange{}
	for _, d := range r.Details {
		if d.Target == nil {
			continue
		}
		name := aws.ToString(d.Target.Name)
		if name == "" { // tags, metadata, a policy of the resource
			name = string(d.Target.Attribute)
		}
		p := found[name]
		p.Property = name
		if v := aws.ToString(d.Target.BeforeValue); v != "" {
			p.From = v
		}
		if v := aws.ToString(d.Target.AfterValue); v != "" {
			p.To = v
		}
		found[name] = p
	}
	var all []PropertyChange
	for _, name := range slices.Sorted(maps.Keys(found)) {
		p := found[name]
		if p.From == "" && p.To == "" {
			was, will := before.Resources[id].Properties[name], after.Resources[id].Properties[name]
			if !same(was, will) {
				p.From, p.To = textOrNothing(was), textOrNothing(will)
			}
		}
		if p.From == "" && p.To == "" && name == "Code" { // the key is a parameter, whose value neither tells
			p.To = "another package"
		}
		all = append(all, p)
	}
	return all
}

func textOrNothing(v any) string {
	if v == nil {
		return ""
	}
	return valueText(v)
}

// losses says which data go with a resource of a type.
func losses(resourceType string) string {
	switch resourceType {
	case "AWS::S3::Bucket":
		return "the bucket with its objects"
	case "AWS::Glue::Database":
		return "the catalog's database with its tables (the objects stay; `wplake crawl` makes the tables again)"
	case "AWS::Logs::LogGroup":
		return "the log with its lines"
	case "AWS::SNS::Topic":
		return "the topic's subscriptions, also those made elsewhere"
	case "AWS::SNS::Subscription":
		return "the subscription; a new one has to be confirmed again"
	case "AWS::SSM::Parameter":
		return "the parameter with its value and history"
	case "AWS::StepFunctions::StateMachine":
		return "the state machine with the history of its executions"
	case "AWS::SQS::Queue":
		return "the queue with its messages"
	}
	return ""
}
