package athena

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// How long is waited between two looks at a query: at first briefly, then
// longer each time.
const (
	firstWait = 100 * time.Millisecond
	longWait  = 2 * time.Second
	// stopPatience is how long stopping a query may take.
	stopPatience = 5 * time.Second
)

// finish waits until a query has ended and succeeded.
func (r *Reader) finish(ctx context.Context, id string) (types.QueryExecution, error) {
	for pause := firstWait; ; pause = min(pause*3/2, longWait) {
		out, err := r.client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: &id})
		if err != nil {
			r.stop(ctx, id)
			return types.QueryExecution{}, awsapi.Failure(err, "ask Athena about query "+id, "athena:GetQueryExecution", lake.ServiceFailed)
		}
		x := *out.QueryExecution
		done, err := r.judge(ctx, x)
		if done || err != nil {
			return x, err
		}
		if err := r.o.Wait(ctx, pause); err != nil {
			r.stop(ctx, id)
			return x, awsapi.Failure(err, "wait for query "+id, "athena:GetQueryExecution", lake.EngineFailed)
		}
	}
}

// judge tells whether a query has ended, and what went wrong.
func (r *Reader) judge(ctx context.Context, x types.QueryExecution) (bool, error) {
	id, scanned := aws.ToString(x.QueryExecutionId), int64(0)
	if x.Statistics != nil {
		scanned = aws.ToInt64(x.Statistics.DataScannedInBytes)
	}
	var status types.QueryExecutionStatus
	if x.Status != nil {
		status = *x.Status
	}
	reason := aws.ToString(status.StateChangeReason)
	switch status.State {
	case types.QueryExecutionStateSucceeded:
		r.tell(ctx, x)
		if r.o.ScanLimit > 0 && scanned > r.o.ScanLimit {
			r.o.Log.WarnContext(ctx, "a query read more than aws.athena.scan_limit before it could be stopped",
				"query", id, "bytes", scanned, "limit", r.o.ScanLimit)
		}
		return true, nil
	case types.QueryExecutionStateFailed:
		r.tell(ctx, x)
		return true, failure(reason, status.AthenaError)
	case types.QueryExecutionStateCancelled:
		r.tell(ctx, x)
		return true, cancelled(id, reason)
	case types.QueryExecutionStateQueued, types.QueryExecutionStateRunning:
	}
	if r.o.ScanLimit > 0 && scanned > r.o.ScanLimit {
		r.stop(ctx, id)
		r.tell(ctx, x)
		return true, scanLimit(fmt.Sprintf("it had read %d bytes, aws.athena.scan_limit is %d", scanned, r.o.ScanLimit))
	}
	return false, nil
}

// stop stops a query, also when ctx has ended. What is not stopped goes on and
// costs: the log tells.
func (r *Reader) stop(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer cancel()
	if _, err := r.client.StopQueryExecution(ctx, &athena.StopQueryExecutionInput{QueryExecutionId: &id}); err != nil {
		r.o.Log.WarnContext(ctx, "a query could not be stopped: it goes on", "query", id,
			"error", awsapi.Failure(err, "stop query "+id, "athena:StopQueryExecution", lake.ServiceFailed))
		return
	}
	r.o.Log.DebugContext(ctx, "a query was stopped", "query", id)
}

// Athena charges for the bytes that a query reads, in whole megabytes and at
// least ten of them; statements that tell of tables and failed queries are
// free ("Amazon Athena pricing").
const (
	megabyte     = 1 << 20
	leastCharged = 10 * megabyte
)

// tell hands on what a query took.
func (r *Reader) tell(ctx context.Context, x types.QueryExecution) {
	s := Stats{Execution: aws.ToString(x.QueryExecutionId), Workgroup: aws.ToString(x.WorkGroup)}
	if x.Status != nil {
		s.State = string(x.Status.State)
	}
	if x.EngineVersion != nil {
		s.Engine = aws.ToString(x.EngineVersion.EffectiveEngineVersion)
	}
	if x.ResultConfiguration != nil {
		s.Output = aws.ToString(x.ResultConfiguration.OutputLocation)
	}
	if t := x.Statistics; t != nil {
		s.BytesScanned = aws.ToInt64(t.DataScannedInBytes)
		s.Queued = milliseconds(t.QueryQueueTimeInMillis)
		s.Planned = milliseconds(t.QueryPlanningTimeInMillis)
		s.Ran = milliseconds(t.EngineExecutionTimeInMillis)
		s.Total = milliseconds(t.TotalExecutionTimeInMillis)
	}
	if s.State != string(types.QueryExecutionStateFailed) && x.StatementType != types.StatementTypeDdl && s.BytesScanned > 0 {
		s.Billed = max(leastCharged, (s.BytesScanned+megabyte-1)/megabyte*megabyte)
	}
	r.o.Log.DebugContext(ctx, "a query has ended", "query", s.Execution, "state", s.State, "bytes", s.BytesScanned, "ms", s.Total.Milliseconds())
	if r.o.Stats != nil {
		r.o.Stats(s)
	}
}

func milliseconds(n *int64) time.Duration { return time.Duration(aws.ToInt64(n)) * time.Millisecond }

func scanLimit(why string) error {
	return &lake.Error{
		Code: lake.QueryRefused, Message: "the query was stopped because it reads too much: " + why,
		Hint: "ask for fewer columns, or raise the limit (aws.athena.scan_limit, or the workgroup's)",
	}
}

// cancelled words the end of a query that somebody else stopped.
func cancelled(id, reason string) error {
	if strings.Contains(strings.ToLower(reason), "bytes scanned limit") {
		return scanLimit(reason)
	}
	message := "query " + id + " was stopped by somebody else"
	if reason != "" {
		message += ": " + reason
	}
	return &lake.Error{Code: lake.Interrupted, Message: message}
}
