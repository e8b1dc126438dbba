package iam

import (
	"maps"
	"slices"

	"wplake/internal/asl/source"
	"wplake/internal/config"
	"wplake/internal/lake"
)

// All are the roles that the deployed lake works with, whether the stack makes
// them or they exist, in a fixed order. The error is a *lake.Error: a state
// machine cannot be read.
func All(in Input) ([]Role, error) {
	for _, definition := range slices.Concat([][]byte{in.Definition}, slices.Collect(maps.Values(in.Machines))) {
		if root, err := source.Read(definition); err != nil || !root.Is(source.Object) {
			return nil, &lake.Error{
				Code: lake.WorkflowInvalid, Message: "the state machine is no JSON object, so what its role needs cannot be told", Err: err,
				Hint: "wplake workflow validate says where it is wrong",
			}
		}
	}
	roles := []Role{in.functionRole(Raw), in.functionRole(Bronze)}
	if in.Config.Silver.Runtime == config.RuntimePythonShell {
		roles = append(roles, in.jobRole())
	} else {
		roles = append(roles, in.functionRole(Silver))
	}
	if in.Config.Catalog.Crawler {
		roles = append(roles, in.crawlerRole())
	} else {
		roles = append(roles, in.functionRole(Catalog))
	}
	roles = append(roles, in.workflowRole())
	if len(in.Config.Schedules) > 0 {
		roles = append(roles, in.scheduleRole())
	}
	for i := range roles {
		roles[i].RoleName = roleName(in.Config.AWS.Stack, roles[i].Name, in.Region)
		for _, s := range roles[i].Statements {
			slices.Sort(s.Actions)
		}
	}
	return roles, nil
}

// Names are the roles that the definition may need, in order.
func Names() []string {
	return []string{Raw, Bronze, Silver, Job, Catalog, Crawler, Workflow, Schedule}
}

// strict lets a service assume a role only for a resource of this account.
func (in Input) strict(source string) Conditions {
	return Conditions{
		"StringEquals": {"aws:SourceAccount": {in.Account}},
		"ArnLike":      {"aws:SourceArn": {source}},
	}
}

// lenient is for services that are not documented to tell, whenever they assume
// a role, for whom: where they tell, it is this account. A role reaches them
// only by iam:PassRole, which works within an account alone.
func (in Input) lenient() Conditions {
	return Conditions{"StringEqualsIfExists": {"aws:SourceAccount": {in.Account}}}
}
