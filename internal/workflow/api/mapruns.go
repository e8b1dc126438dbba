package api

import (
	"context"
	"strconv"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

type mapRunRequest struct {
	ARN                        string   `json:"mapRunArn"`
	MaxConcurrency             *int64   `json:"maxConcurrency"`
	ToleratedFailureCount      *int64   `json:"toleratedFailureCount"`
	ToleratedFailurePercentage *float64 `json:"toleratedFailurePercentage"`
}

// mapRun returns a run by its ARN, whatever account that names.
func (s *Server) mapRun(ctx context.Context, arn string) (workflow.MapRun, error) {
	a, err := workflow.ParseARN(arn, workflow.MapRunARN)
	if err != nil {
		return workflow.MapRun{}, err
	}
	return s.o.Engine.MapRun(ctx, s.o.Registry.Own(a))
}

func (s *Server) describeMapRun(ctx context.Context, r mapRunRequest) (any, error) {
	run, err := s.mapRun(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	out := reply{
		"mapRunArn": run.ARN, "executionArn": run.Execution, "status": run.Status, "startDate": stamp(run.Started),
		"maxConcurrency": run.MaxConcurrency, "toleratedFailureCount": run.ToleratedFailureCount,
		"toleratedFailurePercentage": run.ToleratedFailurePercentage,
		"itemCounts":                 counts(run.Items), "executionCounts": counts(run.Executions),
		"redriveCount": run.Redrives,
	}
	out.time("stopDate", run.Stopped)
	out.time("redriveDate", run.Redriven)
	return out, nil
}

func counts(c asl.Tally) reply {
	return reply{
		"pending": c.Pending, "running": c.Running, "succeeded": c.Succeeded, "failed": c.Failed,
		"timedOut": c.TimedOut, "aborted": c.Aborted, "total": c.Total, "resultsWritten": c.ResultsWritten,
		"failuresNotRedrivable": c.FailuresNotRedrivable, "pendingRedrive": c.PendingRedrive,
	}
}

type ofExecutionRequest struct {
	ARN string `json:"executionArn"`
	paging
}

func (s *Server) listMapRuns(ctx context.Context, r ofExecutionRequest) (any, error) {
	x, err := s.describe(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	request := "map runs " + x.ARN
	at, err := s.at(request, r.NextToken)
	if err != nil {
		return nil, err
	}
	runs, err := s.o.Engine.MapRuns(ctx, x.ARN)
	if err != nil {
		return nil, err
	}
	// The newest come first, so that new ones move the others: what a page ends
	// with is counted from the oldest.
	rest := len(runs)
	if at != "" {
		n, _ := strconv.Atoi(at)
		rest = min(rest, n)
	}
	runs = runs[len(runs)-rest:]
	next := ""
	if len(runs) > r.limit() {
		runs = runs[:r.limit()]
		next = strconv.Itoa(rest - len(runs))
	}
	items := make([]reply, 0, len(runs))
	for _, run := range runs {
		item := reply{
			"mapRunArn": run.ARN, "executionArn": run.Execution, "stateMachineArn": machineOfRun(run.ARN), "startDate": stamp(run.Started),
		}
		item.time("stopDate", run.Stopped)
		items = append(items, item)
	}
	return s.next(reply{"mapRuns": items}, request, next), nil
}

func (s *Server) updateMapRun(ctx context.Context, r mapRunRequest) (any, error) {
	run, err := s.mapRun(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	if r.MaxConcurrency == nil && r.ToleratedFailureCount == nil && r.ToleratedFailurePercentage == nil {
		return nil, workflow.Errorf(workflow.ValidationException,
			"Either the maxConcurrency, the toleratedFailureCount, or the toleratedFailurePercentage must be specified")
	}
	return reply{}, s.o.Engine.UpdateMapRun(ctx, run.ARN, workflow.MapRunUpdate{
		MaxConcurrency: r.MaxConcurrency, ToleratedFailureCount: r.ToleratedFailureCount, ToleratedFailurePercentage: r.ToleratedFailurePercentage,
	})
}
