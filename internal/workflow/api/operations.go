package api

import (
	"context"
	"regexp"
)

// operation is one of the API's: what it asks of a request, and what it does.
type operation struct {
	// waits tells that the answer may take long.
	waits bool
	read  func(body []byte) (any, error)
	do    func(ctx context.Context, s *Server, request any) (any, error)
}

// op makes an operation of a method.
func op[T any](do func(*Server, context.Context, T) (any, error), constraints ...constraint) operation {
	return operation{
		read: func(body []byte) (any, error) {
			var request T
			err := decode(body, &request, constraints)
			return request, err
		},
		do: func(ctx context.Context, s *Server, request any) (any, error) {
			return do(s, ctx, request.(T)) //nolint:forcetypeassert // read made it
		},
	}
}

// slow marks an operation whose answer may take long.
func slow(o operation) operation {
	o.waits = true
	return o
}

const aliasPattern = `^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$`

// operations is the API.
func operations(testState bool) map[string]operation {
	maxResults, nextToken := number("maxResults", 0, 1000), text("nextToken", 1, 1024)
	token := text("taskToken", 1, 2048).must()
	failure := []constraint{text("error", 0, 256), text("cause", 0, 32768)}
	included := enum("includedData", "ALL_DATA", "METADATA_ONLY")
	types := enum("type", "STANDARD", "EXPRESS")
	tags := constraint{name: "tags", item: "Tag", members: []constraint{text("key", 1, 128), text("value", 0, 256)}}
	routing := constraint{
		name: "routingConfiguration", item: "RoutingConfigurationListItem", least: 1, most: 2,
		members: []constraint{arn("stateMachineVersionArn"), number("weight", 0, 100).must()},
	}
	settings := []constraint{
		{name: "loggingConfiguration", fields: []constraint{
			enum("level", "ALL", "ERROR", "FATAL", "OFF"),
			{name: "destinations", item: "LogDestination", members: []constraint{{name: "cloudWatchLogsLogGroup", fields: []constraint{text("logGroupArn", 1, 256)}}}},
		}},
		{name: "encryptionConfiguration", fields: []constraint{
			enum("type", "AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY").must(), text("kmsKeyId", 1, 2048), number("kmsDataKeyReusePeriodSeconds", 60, 900),
		}},
		text("versionDescription", 0, 256),
	}
	with := func(more []constraint, c ...constraint) []constraint { return append(c, more...) }
	start := []constraint{arn("stateMachineArn"), text("name", 1, 80), payload("input"), text("traceHeader", 0, 256)}
	aliasName := text("name", 1, 80).must()
	aliasName.pattern = aliasPattern
	letter, all := regexp.MustCompile(`[a-zA-Z_\-.]`), regexp.MustCompile(`^[a-zA-Z0-9_\-.]+$`)
	aliasName.matches = func(s string) bool { return letter.MatchString(s) && all.MatchString(s) }
	clientToken := text("clientToken", 1, 64)
	clientToken.pattern = "[!-~]+"
	clientToken.matches = regexp.MustCompile(`^[!-~]+$`).MatchString

	table := map[string]operation{
		"CreateStateMachine": op((*Server).createStateMachine, with(settings,
			text("name", 1, 80).must(), text("definition", 1, 1048576).must(), arn("roleArn"), types, tags)...),
		"UpdateStateMachine": op((*Server).updateStateMachine, with(settings,
			arn("stateMachineArn"), text("definition", 1, 1048576), text("roleArn", 1, 256))...),
		"DeleteStateMachine":               op((*Server).deleteStateMachine, arn("stateMachineArn")),
		"DescribeStateMachine":             op((*Server).describeStateMachine, arn("stateMachineArn"), included),
		"DescribeStateMachineForExecution": op((*Server).describeStateMachineForExecution, arn("executionArn"), included),
		"ListStateMachines":                op((*Server).listStateMachines, maxResults, nextToken),
		"ValidateStateMachineDefinition": op((*Server).validate,
			text("definition", 0, 1048576).must(), types, enum("severity", "ERROR", "WARNING"), number("maxResults", 0, 100)),

		"PublishStateMachineVersion": op((*Server).publishVersion, arn("stateMachineArn"), text("description", 0, 256)),
		"DeleteStateMachineVersion":  op((*Server).deleteVersion, text("stateMachineVersionArn", 1, 2000).must()),
		"ListStateMachineVersions":   op((*Server).listVersions, arn("stateMachineArn"), maxResults, nextToken),
		"CreateStateMachineAlias":    op((*Server).createAlias, aliasName, text("description", 0, 256), routing.must()),
		"UpdateStateMachineAlias":    op((*Server).updateAlias, arn("stateMachineAliasArn"), text("description", 0, 256), routing),
		"DeleteStateMachineAlias":    op((*Server).deleteAlias, arn("stateMachineAliasArn")),
		"DescribeStateMachineAlias":  op((*Server).describeAlias, arn("stateMachineAliasArn")),
		"ListStateMachineAliases":    op((*Server).listAliases, arn("stateMachineArn"), maxResults, nextToken),

		"StartExecution":     op((*Server).startExecution, start...),
		"StartSyncExecution": slow(op((*Server).startSyncExecution, with(start, included)...)),
		"StopExecution":      op((*Server).stopExecution, with(failure, arn("executionArn"))...),
		"RedriveExecution":   op((*Server).redriveExecution, arn("executionArn"), clientToken),
		"DescribeExecution":  op((*Server).describeExecution, arn("executionArn"), included),
		"ListExecutions": op((*Server).listExecutions,
			text("stateMachineArn", 1, 256),
			// In the order of Step Functions' own message.
			enum("statusFilter", "SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"),
			maxResults, text("nextToken", 1, 3096), text("mapRunArn", 1, 2000), enum("redriveFilter", "REDRIVEN", "NOT_REDRIVEN")),
		"GetExecutionHistory": op((*Server).history, arn("executionArn"), maxResults, nextToken),

		"DescribeMapRun": op((*Server).describeMapRun, text("mapRunArn", 1, 2000).must()),
		"ListMapRuns":    op((*Server).listMapRuns, arn("executionArn"), maxResults, nextToken),
		"UpdateMapRun": op((*Server).updateMapRun, text("mapRunArn", 1, 2000).must(),
			number("maxConcurrency", 0, 0), number("toleratedFailurePercentage", 0, 100), number("toleratedFailureCount", 0, 0)),

		"CreateActivity":    op((*Server).createActivity, text("name", 1, 80).must(), tags),
		"DeleteActivity":    op((*Server).deleteActivity, arn("activityArn")),
		"DescribeActivity":  op((*Server).describeActivity, arn("activityArn")),
		"ListActivities":    op((*Server).listActivities, maxResults, nextToken),
		"GetActivityTask":   slow(op((*Server).activityTask, arn("activityArn"), text("workerName", 1, 80))),
		"SendTaskSuccess":   op((*Server).taskSuccess, token, payload("output").must()),
		"SendTaskFailure":   op((*Server).taskFailure, with(failure, token)...),
		"SendTaskHeartbeat": op((*Server).taskHeartbeat, token),

		"TagResource":         op((*Server).tag, arn("resourceArn"), tags.must()),
		"UntagResource":       op((*Server).untag, arn("resourceArn"), constraint{name: "tagKeys", required: true}),
		"ListTagsForResource": op((*Server).listTags, arn("resourceArn")),
	}
	if testState {
		table["TestState"] = slow(op((*Server).testState, text("definition", 1, 1048576).must(), text("roleArn", 1, 256), payload("input"),
			enum("inspectionLevel", "INFO", "DEBUG", "TRACE"), payload("variables"), text("stateName", 1, 80), payload("context")))
	}
	return table
}
