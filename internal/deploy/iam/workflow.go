package iam

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"wplake/internal/asl/iam"
)

// needs are what the state machines need of their role, with region and account
// filled in.
func (in Input) needs() []iam.Need {
	needs := iam.Needs(in.Definition)
	for _, name := range slices.Sorted(maps.Keys(in.Machines)) {
		needs = append(needs, iam.Needs(in.Machines[name])...)
	}
	for i, n := range needs {
		filled := make([]string, 0, len(n.Resources)+1)
		for _, r := range n.Resources {
			filled = append(filled, in.place().fill(r))
		}
		needs[i].Resources = filled
	}
	return needs
}

// granted are the resources that a policy names for a need. A function is
// allowed by itself and with any version or alias, as Lambda's own examples do.
func granted(n iam.Need) []string {
	if n.Action != "lambda:InvokeFunction" {
		return n.Resources
	}
	function := n.Resources[len(n.Resources)-1] // without $LATEST, where that was given
	if function == "*" || strings.HasSuffix(function, ":function:*") {
		return []string{function}
	}
	return []string{function, function + ":*"}
}

// workflowRole is the role of the state machines, from what their states call.
func (in Input) workflowRole() Role {
	var actions []string // in order
	resources := map[string][]string{}
	states := map[string][]string{}
	needs := in.needs()
	for _, n := range needs {
		if !slices.Contains(actions, n.Action) {
			actions = append(actions, n.Action)
		}
		for _, r := range granted(n) {
			if !slices.Contains(resources[n.Action], r) {
				resources[n.Action] = append(resources[n.Action], r)
			}
		}
		if !slices.Contains(states[n.Action], n.State) {
			states[n.Action] = append(states[n.Action], n.State)
		}
	}
	// Actions of one service on the same resources are one statement.
	var statements []Statement
	var callers [][]string
	for _, action := range actions {
		sid := statementName(action)
		i := slices.IndexFunc(statements, func(s Statement) bool { return s.Sid == sid && slices.Equal(s.Resources, resources[action]) })
		if i < 0 {
			statements = append(statements, Statement{Sid: sid, Resources: resources[action]})
			callers = append(callers, nil)
			i = len(statements) - 1
		}
		statements[i].Actions = append(statements[i].Actions, action)
		for _, s := range states[action] {
			if !slices.Contains(callers[i], s) {
				callers[i] = append(callers[i], s)
			}
		}
	}
	for i := range statements {
		statements[i].Reason = reason(statements[i], callers[i])
	}
	statements = append(statements, in.workflowKeys(needs)...)
	if in.WorkflowLogs {
		statements = append(statements, logDelivery())
	}
	number(statements)
	return Role{
		Name: Workflow, Service: statesService, Existing: in.Config.AWS.Existing.WorkflowRole,
		Trust: in.strict(in.place().arn("states", "stateMachine:*")), Statements: statements,
	}
}

// reason says which states need a statement.
func reason(s Statement, states []string) string {
	quoted := make([]string, len(states))
	for i, name := range states {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	const shown = 6
	if more := len(quoted) - shown; more > 0 {
		quoted = append(quoted[:shown:shown], fmt.Sprintf("%d more", more))
	}
	text := "The states " + strings.Join(quoted, ", ") + " call it"
	if len(states) == 1 {
		text = "The state " + quoted[0] + " calls it"
	}
	for _, action := range s.Actions {
		switch action {
		case "glue:GetJobRun", "states:DescribeExecution", "athena:GetQueryExecution":
			text += "; Step Functions asks with " + action + " whether what was started has ended, and would otherwise wait for ever"
		case "events:PutRule":
			text += "; Step Functions makes a rule that tells it of the end"
		}
	}
	return text + "."
}

// statementName is the Sid of a statement with the action: that of its service
// and, where a service has several kinds of resources, their kind.
func statementName(action string) string {
	service, call, _ := strings.Cut(action, ":")
	if service == "glue" {
		switch {
		case strings.Contains(call, "Job"):
			return "GlueJobActions"
		case strings.Contains(call, "Crawler"):
			return "GlueCrawlerActions"
		case strings.Contains(call, "DataQuality"):
			return "GlueDataQualityActions"
		}
	}
	if action == "s3:ListBucket" || action == "s3:ListAllMyBuckets" {
		return "S3BucketActions"
	}
	names := map[string]string{
		"athena": "AthenaActions", "dynamodb": "DynamoDBActions", "events": "EventBridgeActions", "glue": "GlueActions", "iam": "PassRoleActions",
		"lambda": "LambdaActions", "s3": "S3ObjectActions", "secretsmanager": "SecretsManagerActions", "sns": "SNSActions", "sqs": "SQSActions",
		"ssm": "ParameterStoreActions", "states": "StepFunctionsActions", "sts": "AssumeRoleActions",
	}
	if name := names[service]; name != "" {
		return name
	}
	if service == "" {
		return "Actions"
	}
	return strings.Map(func(r rune) rune { // a Sid has letters and digits alone
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToUpper(service[:1])+service[1:]) + "Actions"
}

// number makes Sids unique: GlueJobActions, GlueJobActions2.
func number(statements []Statement) {
	seen := map[string]int{}
	for i, s := range statements {
		seen[s.Sid]++
		if n := seen[s.Sid]; n > 1 {
			statements[i].Sid += fmt.Sprint(n)
		}
	}
}

// logDelivery is what Step Functions asks of the role of a machine that logs.
// CloudWatch Logs knows no resources for these actions.
func logDelivery() Statement {
	return Statement{
		Sid: "CloudWatchLogDeliveryActions",
		Actions: []string{
			"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies", "logs:GetLogDelivery",
			"logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
		},
		Resources: []string{"*"},
		Reason:    "Step Functions delivers the history of executions to the log group, and makes no machine without it; these actions know no resources.",
	}
}
