package iam

import (
	"wplake/internal/asl/source"
	"wplake/internal/lake"
)

// All are the roles that the deployed lake works with, whether the stack makes
// them or they exist.
func All(in Input) ([]Role, error) {
	if _, err := source.Read(in.Definition); err != nil {
		return nil, &lake.Error{Code: lake.WorkflowInvalid, Message: "the state machine cannot be read", Err: err}
	}
	return nil, nil
}
