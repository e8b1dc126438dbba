package workflow

import (
	"context"
	"errors"

	"wplake/internal/asl"
)

// TryTask makes the call that a state under test asks for, which belongs to no
// execution, and turns what comes of it into an answer. The call ends with the
// effect's own time-out. key is the call's Key; what the effect asks for must
// have passed Tasks.Check. The error is that of a call which failed with
// anything but a *TaskError.
func TryTask(ctx context.Context, tasks Tasks, e asl.Effect, key string) (asl.Answer, error) {
	if e.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, e.Timeout)
		defer cancel()
		ctx = limited
	}
	out, err := tasks.Do(ctx, Call{
		Execution: "test-state", ExecutionName: "test-state", State: e.State, Resource: e.Resource, Arguments: e.Arguments,
		Credentials: e.Credentials, Token: e.Token, Key: key, Attempt: e.Attempt, Timeout: e.Timeout,
		Submitted: func(any) {},
	})
	failed, ok := errors.AsType[*TaskError](err)
	switch {
	case ok && failed.Start:
		return asl.Answer{Kind: asl.StartFailed, Error: &failed.Name, Cause: &failed.Cause}, nil
	case ok:
		return asl.Answer{Kind: asl.Failure, Error: &failed.Name, Cause: &failed.Cause}, nil
	case err != nil && e.Timeout > 0 && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return asl.Answer{Kind: asl.TaskTimeout}, nil
	case err != nil:
		return asl.Answer{}, err
	}
	return asl.Answer{Kind: asl.Done, Output: out}, nil
}
