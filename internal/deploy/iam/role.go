// Package iam computes the roles of a deployed lake from its definition: what
// each function, job, crawler, state machine and schedule calls, and nothing
// beyond; and it compares the policies of a role with that. It is pure.
package iam

import (
	"bytes"
	"encoding/json"
	"fmt"

	"wplake/internal/config"
)

// The names of roles, as they are called on the command line and in a template.
const (
	Raw      = "raw"
	Bronze   = "bronze"
	Silver   = "silver"
	Catalog  = "catalog"
	Job      = "job"
	Crawler  = "crawler"
	Workflow = "workflow"
	Schedule = "schedule"
)

// The services that assume roles.
const (
	lambdaService    = "lambda.amazonaws.com"
	glueService      = "glue.amazonaws.com"
	statesService    = "states.amazonaws.com"
	schedulerService = "scheduler.amazonaws.com"
)

// Input says what is deployed, and where. Partition, Region and Account may be
// placeholders of CloudFormation, such as ${AWS::AccountId}; they stand in the
// resources as they are.
type Input struct {
	Config     config.Config
	Definition []byte // the lake's state machine as it is deployed, with the same placeholders
	Partition  string // aws, aws-cn, aws-us-gov or ${AWS::Partition}
	Region     string // eu-west-1 or ${AWS::Region}
	Account    string // 12 digits or ${AWS::AccountId}
	// Machines are the further state machines that schedules start, by name,
	// as they are deployed. They work with the role of the workflow.
	Machines map[string][]byte
	// WorkflowLogs says that the state machine writes its history to CloudWatch Logs.
	WorkflowLogs bool
}

// Conditions are the conditions of a statement: operator, key, values.
type Conditions map[string]map[string][]string

// Role is an IAM role with its policy.
type Role struct {
	Name     string // what it is for: Raw, Bronze, …
	RoleName string // what it is called in the account, at most 64 characters
	Existing string // ARN of the role that the definition names instead; then the stack makes none
	Service  string // who assumes it, e.g. lambda.amazonaws.com
	// Trust are the conditions under which the service may assume it: for work
	// of this account alone, so that nobody else makes it a deputy.
	Trust Conditions
	// Statements are empty where a state machine calls nothing; AWS takes no
	// policy without statements.
	Statements []Statement
}

// Statement allows actions on resources.
type Statement struct {
	Sid       string
	Actions   []string
	Resources []string
	Condition Conditions // may be nil
	Reason    string     // what it is needed for, one sentence
	// Spare says, where the work can be done without the statement, what is
	// lost then; "" where the work fails.
	Spare string
}

// version is the policy language's.
const version = "2012-10-17"

type document struct {
	Version   string
	Statement []any
}

// Policy is the role's policy document as AWS takes it, indented; the same for
// the same role.
func (r Role) Policy() []byte {
	type statement struct {
		Sid       string
		Effect    string
		Action    []string
		Resource  []string
		Condition Conditions `json:",omitempty"`
	}
	d := document{Version: version, Statement: []any{}}
	for _, s := range r.Statements {
		d.Statement = append(d.Statement, statement{s.Sid, "Allow", s.Actions, s.Resources, s.Condition})
	}
	return text(d)
}

// TrustPolicy is the document that says who assumes the role, indented.
func (r Role) TrustPolicy() []byte {
	type statement struct {
		Effect    string
		Principal map[string]string
		Action    string
		Condition Conditions `json:",omitempty"`
	}
	return text(document{Version: version, Statement: []any{
		statement{"Allow", map[string]string{"Service": r.Service}, "sts:AssumeRole", r.Trust},
	}})
}

func text(d document) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		panic(fmt.Sprintf("a policy document of texts: %v", err)) // texts and lists of them always encode
	}
	return b.Bytes()
}

// Roles are the roles that the stack of the definition makes, in a fixed order.
// Roles that the definition says exist are left out: All has them. The error is
// a *lake.Error: the state machine cannot be read.
func Roles(in Input) ([]Role, error) {
	all, err := All(in)
	made := []Role{}
	for _, r := range all {
		if r.Existing == "" {
			made = append(made, r)
		}
	}
	return made, err
}
