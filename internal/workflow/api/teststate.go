package api

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/teststate"
	"wplake/internal/workflow"
)

// stateLimit is how long the test of a state may take, as on AWS.
const stateLimit = 5 * time.Minute

// TestState makes Options.TestState: states that have no mock call tasks.
func TestState(tasks workflow.Tasks, account, region string, now func() time.Time) func(context.Context, teststate.Request) (teststate.Answer, error) {
	return func(ctx context.Context, r teststate.Request) (teststate.Answer, error) {
		return teststate.Run(ctx, r, teststate.Options{
			Perform: func(ctx context.Context, e asl.Effect) (asl.Answer, error) { return perform(ctx, tasks, e) },
			Limit:   stateLimit, Account: account, Region: region, Now: now, UUID: requestID, Random: rand.Float64,
		})
	}
}

// perform answers what a state asks for.
func perform(ctx context.Context, tasks workflow.Tasks, e asl.Effect) (asl.Answer, error) {
	refused := func(format string, args ...any) (asl.Answer, error) {
		return asl.Answer{}, &teststate.Error{Code: teststate.CodeValidation, Message: fmt.Sprintf(format, args...)}
	}
	if e.Kind != asl.InvokeEffect {
		return refused("The state '%s' reads or writes objects: give stateConfiguration.mapItemReaderData or a mock", e.State)
	}
	if err := tasks.Check(e.Resource, e.Arguments); err != nil {
		return refused("The state '%s' cannot be called here, so give a mock: %v", e.State, err)
	}
	if e.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, e.Timeout)
		defer cancel()
		ctx = limited
	}
	out, err := tasks.Do(ctx, workflow.Call{
		Execution: "test-state", ExecutionName: "test-state", State: e.State, Resource: e.Resource, Arguments: e.Arguments,
		Credentials: e.Credentials, Token: e.Token, Key: requestID(), Attempt: e.Attempt, Timeout: e.Timeout,
		Submitted: func(any) {},
	})
	failed, ok := errors.AsType[*workflow.TaskError](err)
	switch {
	case ok && failed.Start:
		return asl.Answer{Kind: asl.StartFailed, Error: &failed.Name, Cause: &failed.Cause}, nil
	case ok:
		return asl.Answer{Kind: asl.Failure, Error: &failed.Name, Cause: &failed.Cause}, nil
	case err != nil && e.Timeout > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return asl.Answer{Kind: asl.TaskTimeout}, nil
	}
	return asl.Answer{Kind: asl.Done, Output: out}, err
}
