package workflow

import (
	"context"

	"wplake/internal/asl"
)

// Executions is the port to executions, wherever they run: on this machine
// (Engine) or at AWS Step Functions (package sfn). Its methods may be called
// concurrently. What the service refuses is an *Error.
type Executions interface {
	// Start begins an execution and returns when it is certain to run; for one
	// of the same name with the same input that runs it returns that one.
	Start(ctx context.Context, in StartInput) (Execution, error)
	// Describe returns an execution as it stands.
	Describe(ctx context.Context, arn string) (Execution, error)
	// List returns executions, and what to give as Filter.Next for those that
	// follow, "" for none. Definitions, inputs and outputs may be missing.
	List(ctx context.Context, f Filter) ([]Execution, string, error)
	// History returns at most limit events (0: all) with an ID above after;
	// newest first: below after (0: from the last).
	History(ctx context.Context, arn string, after int64, limit int, newestFirst bool) ([]asl.Event, error)
	// MapRuns returns the runs of an execution's distributed Maps, newest first.
	MapRuns(ctx context.Context, executionARN string) ([]MapRun, error)
	// Wait waits until an execution has ended. When ctx ends first, it returns
	// the execution as it stands, and ctx's error.
	Wait(ctx context.Context, arn string) (Execution, error)
	// Stop ends an execution as ABORTED and waits until it has ended. One that
	// has ended stays as it is.
	Stop(ctx context.Context, arn string, err, cause *string) (Execution, error)
	// Redrivable tells whether an execution can be redriven, and why not.
	Redrivable(x Execution) (reason string, ok bool)
	// Redrive goes on with an execution from where it failed, and returns when
	// that is certain.
	Redrive(ctx context.Context, arn string) (Execution, error)
}

var _ Executions = (*Engine)(nil)
