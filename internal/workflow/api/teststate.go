package api

import (
	"context"
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
	return workflow.TryTask(ctx, tasks, e, requestID())
}
