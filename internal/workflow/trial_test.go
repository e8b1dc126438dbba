package workflow_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

func TestTryTask(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for name, test := range map[string]struct {
		timeout time.Duration
		do      func(ctx context.Context) (any, error)
		kind    asl.AnswerKind
		name    string
		err     error
	}{
		"done":    {0, func(context.Context) (any, error) { return "out", nil }, asl.Done, "", nil},
		"failure": {0, func(context.Context) (any, error) { return nil, &workflow.TaskError{Name: "E", Cause: "c"} }, asl.Failure, "E", nil},
		"not begun": {0, func(context.Context) (any, error) {
			return nil, &workflow.TaskError{Name: "E", Cause: "c", Start: true}
		}, asl.StartFailed, "E", nil},
		"time is up": {time.Minute, func(ctx context.Context) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, asl.TaskTimeout, "", nil},
		"in time":      {time.Minute, func(context.Context) (any, error) { return "out", nil }, asl.Done, "", nil},
		"not its task": {time.Minute, func(context.Context) (any, error) { return nil, broken }, "", "", broken},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				port := &tasks{do: func(ctx context.Context, _ workflow.Call) (any, error) { return test.do(ctx) }}
				a, err := workflow.TryTask(t.Context(), port, asl.Effect{State: "S", Attempt: 2, Timeout: test.timeout}, "key")
				if !errors.Is(err, test.err) || a.Kind != test.kind || text(a.Error) != test.name {
					t.Errorf("%+v, %v", a, err)
				}
				if a.Kind == asl.Done && a.Output != "out" {
					t.Errorf("the output is %v", a.Output)
				}
				if c := port.calls[0]; c.State != "S" || c.Attempt != 2 || c.Key != "key" || c.Timeout != test.timeout {
					t.Errorf("called with %+v", c)
				}
			})
		})
	}
}
