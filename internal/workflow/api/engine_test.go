package api_test

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// fakeEngine keeps executions that tests put there.
type fakeEngine struct {
	mu      sync.Mutex
	now     func() time.Time
	kept    map[string]workflow.Execution
	events  []asl.Event
	runs    []workflow.MapRun
	updates []workflow.MapRunUpdate
	filters []workflow.Filter
	more    string // Next of lists
	redrove int
	tasks   []string
	token   string
}

func (e *fakeEngine) Start(_ context.Context, in workflow.StartInput) (workflow.Execution, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if in.Name == "" {
		in.Name = "chosen"
	}
	arn := "arn:aws:states:eu-west-1:" + account + ":execution:" + in.Machine.Name + ":" + in.Name
	x := workflow.Execution{ARN: arn, Name: in.Name, Machine: in.Machine, Status: asl.Running, Input: in.Input, Started: e.now(), TraceHeader: in.TraceHeader}
	e.kept[arn] = x
	return x, nil
}

func (e *fakeEngine) StartSync(ctx context.Context, in workflow.StartInput) (workflow.Execution, error) {
	x, err := e.Start(ctx, in)
	x.Status, x.Output, x.Stopped = asl.Succeeded, json.RawMessage(`{"a":1}`), x.Started.Add(101*time.Millisecond)
	return x, err
}

func (e *fakeEngine) change(arn string, f func(x *workflow.Execution)) (workflow.Execution, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	x, ok := e.kept[arn]
	if !ok {
		return x, workflow.Errorf(workflow.ExecutionDoesNotExist, "Execution Does Not Exist: '%s'", arn)
	}
	f(&x)
	e.kept[arn] = x
	return x, nil
}

func (e *fakeEngine) Stop(_ context.Context, arn string, err, cause *string) (workflow.Execution, error) {
	return e.change(arn, func(x *workflow.Execution) {
		x.Status, x.Error, x.Cause, x.Stopped = asl.Aborted, err, cause, e.now()
	})
}

func (e *fakeEngine) Redrive(_ context.Context, arn string) (workflow.Execution, error) {
	return e.change(arn, func(x *workflow.Execution) {
		e.redrove++
		x.Redriven = e.now().Add(time.Duration(e.redrove) * time.Second)
	})
}

func (e *fakeEngine) Describe(_ context.Context, arn string) (workflow.Execution, error) {
	return e.change(arn, func(*workflow.Execution) {})
}

func (e *fakeEngine) List(_ context.Context, f workflow.Filter) ([]workflow.Execution, string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.filters = append(e.filters, f)
	var list []workflow.Execution
	for _, x := range e.kept {
		list = append(list, x)
	}
	return list, e.more, nil
}

func (e *fakeEngine) History(_ context.Context, _ string, after int64, limit int, newestFirst bool) ([]asl.Event, error) {
	var list []asl.Event
	for i := range e.events {
		ev := e.events[i]
		if newestFirst {
			ev = e.events[len(e.events)-1-i]
		}
		if newestFirst && after > 0 && ev.ID >= after || !newestFirst && ev.ID <= after {
			continue
		}
		if list = append(list, ev); len(list) == limit {
			break
		}
	}
	return list, nil
}

func (e *fakeEngine) SendTaskSuccess(_ context.Context, token string, output json.RawMessage) error {
	e.tasks = append(e.tasks, "success "+token+" "+string(output))
	return nil
}

func (e *fakeEngine) SendTaskFailure(_ context.Context, token string, err, cause *string) error {
	if err == nil && cause == nil {
		e.tasks = append(e.tasks, "failure "+token)
		return nil
	}
	e.tasks = append(e.tasks, "failure "+token+" "+*err+" "+*cause)
	return nil
}

func (e *fakeEngine) SendTaskHeartbeat(_ context.Context, token string) error {
	if token == "gone" {
		return workflow.Errorf(workflow.TaskTimedOut, "Task Timed Out: 'gone'")
	}
	return nil
}

func (e *fakeEngine) ActivityTask(ctx context.Context, activity, worker string) (string, json.RawMessage, error) {
	if e.token != "" {
		return e.token, json.RawMessage(`{"for":"` + activity + " " + worker + `"}`), nil
	}
	<-ctx.Done()
	return "", nil, ctx.Err()
}

func (e *fakeEngine) MapRun(_ context.Context, arn string) (workflow.MapRun, error) {
	for _, r := range e.runs {
		if r.ARN == arn {
			return r, nil
		}
	}
	return workflow.MapRun{}, workflow.Errorf(workflow.ResourceNotFound, "Resource not found: '%s'", arn)
}

func (e *fakeEngine) MapRuns(context.Context, string) ([]workflow.MapRun, error) { return e.runs, nil }

func (e *fakeEngine) UpdateMapRun(_ context.Context, _ string, u workflow.MapRunUpdate) error {
	e.updates = append(e.updates, u)
	return nil
}
