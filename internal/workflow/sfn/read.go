package sfn

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// Describe implements workflow.Executions. Where the caller may not read the
// machine that the execution ran, or it is gone, its definition is left out.
func (c *Client) Describe(ctx context.Context, arn string) (workflow.Execution, error) {
	out, err := c.api.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
	if err != nil {
		return workflow.Execution{}, failure(err, "see how "+arn+" stands", "states:DescribeExecution")
	}
	x := described(out)
	m, err := c.api.DescribeStateMachineForExecution(ctx, &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &arn})
	if err != nil {
		err = failure(err, "read the machine of "+arn, "states:DescribeStateMachineForExecution")
		if lake.HasCode(err, lake.AccessDenied) || refused(err, workflow.StateMachineDoesNotExist) || refused(err, workflow.ExecutionDoesNotExist) {
			return x, nil // its name is known, and its history tells enough
		}
		return x, err
	}
	x.Machine.Definition, x.Machine.RoleARN = aws.ToString(m.Definition), aws.ToString(m.RoleArn)
	x.Machine.RevisionID, x.Machine.Updated = aws.ToString(m.RevisionId), aws.ToTime(m.UpdateDate)
	if name := aws.ToString(m.Name); name != "" {
		x.Machine.Name = name
	}
	return x, nil
}

func described(out *sfn.DescribeExecutionOutput) workflow.Execution {
	x := workflow.Execution{
		ARN: aws.ToString(out.ExecutionArn), Name: aws.ToString(out.Name), Status: statusOf(out.Status),
		Error: out.Error, Cause: out.Cause, Started: aws.ToTime(out.StartDate), Stopped: aws.ToTime(out.StopDate),
		TraceHeader: aws.ToString(out.TraceHeader), Redrives: int(aws.ToInt32(out.RedriveCount)), Redriven: aws.ToTime(out.RedriveDate),
		MapRun: aws.ToString(out.MapRunArn), Machine: machineOf(aws.ToString(out.StateMachineArn)),
	}
	x.Machine.Version, x.Machine.Alias = aws.ToString(out.StateMachineVersionArn), aws.ToString(out.StateMachineAliasArn)
	if out.Input != nil {
		x.Input = json.RawMessage(*out.Input)
	}
	if out.Output != nil && x.Status == asl.Succeeded {
		x.Output = json.RawMessage(*out.Output)
	}
	return x
}

// statusOf: an execution that waits for a redrive goes on.
func statusOf(s types.ExecutionStatus) asl.Status {
	if s == types.ExecutionStatusPendingRedrive {
		return asl.Running
	}
	return asl.Status(s)
}

// machineOf is what an ARN tells of a machine, a version or an alias.
func machineOf(arn string) workflow.StateMachine {
	m := workflow.StateMachine{ARN: arn, Type: workflow.Standard}
	if parts := strings.Split(arn, ":"); len(parts) > 6 {
		m.ARN, m.Name = strings.Join(parts[:7], ":"), parts[6]
	}
	return m
}

// mostListed is how many Step Functions lists at once.
const mostListed = 1000

// List implements workflow.Executions. It lists newest first, as the service
// does; the oldest first cannot be asked for.
func (c *Client) List(ctx context.Context, f workflow.Filter) ([]workflow.Execution, string, error) {
	if f.Oldest {
		return nil, "", workflow.Errorf(workflow.ValidationException, "Step Functions lists executions newest first")
	}
	in := &sfn.ListExecutionsInput{StatusFilter: types.ExecutionStatus(f.Status), MaxResults: 100}
	if f.Limit > 0 {
		in.MaxResults = int32(min(f.Limit, mostListed))
	}
	switch {
	case f.MapRun != "":
		in.MapRunArn = &f.MapRun
	case f.MachineARN != "":
		in.StateMachineArn = &f.MachineARN
	default:
		in.StateMachineArn = &c.o.MachineARN
	}
	if f.Next != "" {
		in.NextToken = &f.Next
	}
	if f.Redriven != nil {
		in.RedriveFilter = types.ExecutionRedriveFilterNotRedriven
		if *f.Redriven {
			in.RedriveFilter = types.ExecutionRedriveFilterRedriven
		}
	}
	out, err := c.api.ListExecutions(ctx, in)
	if err != nil {
		return nil, "", failure(err, "list the executions", "states:ListExecutions")
	}
	var all []workflow.Execution
	for _, e := range out.Executions {
		x := workflow.Execution{
			ARN: aws.ToString(e.ExecutionArn), Name: aws.ToString(e.Name), Status: statusOf(e.Status),
			Started: aws.ToTime(e.StartDate), Stopped: aws.ToTime(e.StopDate), MapRun: aws.ToString(e.MapRunArn),
			Redrives: int(aws.ToInt32(e.RedriveCount)), Redriven: aws.ToTime(e.RedriveDate), Machine: machineOf(aws.ToString(e.StateMachineArn)),
		}
		x.Machine.Version, x.Machine.Alias = aws.ToString(e.StateMachineVersionArn), aws.ToString(e.StateMachineAliasArn)
		all = append(all, x)
	}
	return all, aws.ToString(out.NextToken), nil
}

// mostEvents is how many events Step Functions tells at once.
const mostEvents = 1000

// History implements workflow.Executions. The service pages by tokens of its
// own and knows no IDs: what follows an ID is read from the newest event back,
// so that whoever watches an execution reads what is new alone.
func (c *Client) History(ctx context.Context, arn string, after int64, limit int, newestFirst bool) ([]asl.Event, error) {
	switch {
	case after == 0:
		return c.history(ctx, arn, limit, newestFirst, nil)
	case newestFirst:
		return c.history(ctx, arn, limit, true, func(id int64) (wanted, enough bool) { return id < after, false })
	}
	all, err := c.history(ctx, arn, 0, true, func(id int64) (wanted, enough bool) { return id > after, id <= after })
	slices.Reverse(all)
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, err
}

// history reads the events that choose wants, nil for all, until it has enough
// or there are limit, 0 for any number.
func (c *Client) history(ctx context.Context, arn string, limit int, newestFirst bool, choose func(id int64) (wanted, enough bool)) ([]asl.Event, error) {
	in := &sfn.GetExecutionHistoryInput{
		ExecutionArn: &arn, ReverseOrder: newestFirst, MaxResults: mostEvents, IncludeExecutionData: aws.Bool(true),
	}
	if limit > 0 && limit < mostEvents && choose == nil {
		in.MaxResults = int32(limit)
	}
	var all []asl.Event
	for {
		out, err := c.api.GetExecutionHistory(ctx, in)
		if err != nil {
			return nil, failure(err, "read the history of "+arn, "states:GetExecutionHistory")
		}
		for i := range out.Events {
			e := &out.Events[i]
			if choose != nil {
				wanted, enough := choose(e.Id)
				if enough {
					return all, nil
				}
				if !wanted {
					continue
				}
			}
			all = append(all, eventOf(e))
			if len(all) == limit {
				return all, nil
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

// MapRuns implements workflow.Executions.
func (c *Client) MapRuns(ctx context.Context, executionARN string) ([]workflow.MapRun, error) {
	var all []workflow.MapRun
	pages := sfn.NewListMapRunsPaginator(c.api, &sfn.ListMapRunsInput{ExecutionArn: &executionARN})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, failure(err, "list the Map runs of "+executionARN, "states:ListMapRuns")
		}
		for _, m := range page.MapRuns {
			run, err := c.mapRun(ctx, aws.ToString(m.MapRunArn))
			if err != nil {
				return nil, err
			}
			all = append(all, run)
		}
	}
	slices.SortStableFunc(all, func(a, b workflow.MapRun) int { return b.Started.Compare(a.Started) })
	return all, nil
}

func (c *Client) mapRun(ctx context.Context, arn string) (workflow.MapRun, error) {
	out, err := c.api.DescribeMapRun(ctx, &sfn.DescribeMapRunInput{MapRunArn: &arn})
	if err != nil {
		return workflow.MapRun{}, failure(err, "describe the Map run "+arn, "states:DescribeMapRun")
	}
	m := workflow.MapRun{
		ARN: arn, Execution: aws.ToString(out.ExecutionArn), State: mapState(arn), Status: asl.Status(out.Status),
		Started: aws.ToTime(out.StartDate), Stopped: aws.ToTime(out.StopDate),
		MaxConcurrency: int64(out.MaxConcurrency), ToleratedFailureCount: out.ToleratedFailureCount,
		ToleratedFailurePercentage: float64(out.ToleratedFailurePercentage),
		Redrives:                   int(aws.ToInt32(out.RedriveCount)), Redriven: aws.ToTime(out.RedriveDate),
	}
	if n := out.ExecutionCounts; n != nil {
		m.Executions = asl.Tally{
			Pending: n.Pending, Running: n.Running, Succeeded: n.Succeeded, Failed: n.Failed, TimedOut: n.TimedOut, Aborted: n.Aborted,
			Total: n.Total, ResultsWritten: n.ResultsWritten,
			FailuresNotRedrivable: aws.ToInt64(n.FailuresNotRedrivable), PendingRedrive: aws.ToInt64(n.PendingRedrive),
		}
	}
	if n := out.ItemCounts; n != nil {
		m.Items = asl.Tally{
			Pending: n.Pending, Running: n.Running, Succeeded: n.Succeeded, Failed: n.Failed, TimedOut: n.TimedOut, Aborted: n.Aborted,
			Total: n.Total, ResultsWritten: n.ResultsWritten,
			FailuresNotRedrivable: aws.ToInt64(n.FailuresNotRedrivable), PendingRedrive: aws.ToInt64(n.PendingRedrive),
		}
	}
	return m, nil
}

// mapState is the state in a Map run's ARN,
// arn:…:mapRun:machine/state:id.
func mapState(arn string) string {
	parts := strings.Split(arn, ":")
	if len(parts) < 7 {
		return ""
	}
	_, state, _ := strings.Cut(parts[6], "/")
	return state
}

// Machine returns a deployed state machine, "" for the client's own.
func (c *Client) Machine(ctx context.Context, arn string) (workflow.StateMachine, error) {
	if arn == "" {
		arn = c.o.MachineARN
	}
	out, err := c.api.DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	if err != nil {
		return workflow.StateMachine{}, failure(err, "read the state machine "+arn, "states:DescribeStateMachine")
	}
	m := workflow.StateMachine{
		ARN: aws.ToString(out.StateMachineArn), Name: aws.ToString(out.Name), Type: workflow.MachineType(out.Type),
		Definition: aws.ToString(out.Definition), RoleARN: aws.ToString(out.RoleArn), RevisionID: aws.ToString(out.RevisionId),
		Created: aws.ToTime(out.CreationDate), Updated: aws.ToTime(out.CreationDate), Comment: aws.ToString(out.Description),
	}
	var failed error
	m.Logging, failed = loggingJSON(out.LoggingConfiguration)
	if t := out.TracingConfiguration; t != nil {
		text, err := json.Marshal(map[string]bool{"enabled": t.Enabled})
		m.Tracing, failed = text, errors.Join(failed, err)
	}
	return m, failed
}

// loggingJSON writes a logging configuration as the API has it.
func loggingJSON(l *types.LoggingConfiguration) (json.RawMessage, error) {
	if l == nil {
		return nil, nil
	}
	destinations := []any{}
	for _, d := range l.Destinations {
		if d.CloudWatchLogsLogGroup != nil {
			destinations = append(destinations, map[string]any{
				"cloudWatchLogsLogGroup": map[string]any{"logGroupArn": aws.ToString(d.CloudWatchLogsLogGroup.LogGroupArn)},
			})
		}
	}
	return json.Marshal(map[string]any{"level": l.Level, "includeExecutionData": l.IncludeExecutionData, "destinations": destinations})
}
