package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"wplake/internal/asl"
)

// Machines is the port to the state machines that nested executions start.
type Machines interface {
	// Machine returns a machine by its ARN, or that of a version or an alias.
	// The error is an *Error where there is none.
	Machine(ctx context.Context, arn string) (StateMachine, error)
}

// Options says what an Engine works with.
type Options struct {
	Store    Store
	Tasks    Tasks
	Objects  Objects
	Machines Machines
	Log      *slog.Logger
	Now      func() time.Time
	// Account and Region are those of the ARNs.
	Account, Region string
	Interrupted     Interrupted
	// Parallel bounds the tasks in flight, over all executions; 0 means 16.
	Parallel int
}

// Engine runs executions. Its methods may be called concurrently.
type Engine struct{ o Options }

// StartInput says what to start.
type StartInput struct {
	Machine StateMachine
	Name    string          // "" = one is chosen
	Input   json.RawMessage // nil = {}
	// TraceHeader is handed through, Parent the execution that asks, "" for none.
	TraceHeader, Parent string
}

var errLater = errors.New("the engine is being written")

// Open makes an engine over a store. It runs nothing by itself: see Resume.
func Open(_ context.Context, o Options) (*Engine, error) { return &Engine{o: o}, nil }

// Close ends the engine; executions that run can be resumed by another.
func (e *Engine) Close() error { return nil }

// Start begins an execution and returns when it is on disk.
func (e *Engine) Start(context.Context, StartInput) (Execution, error) {
	return Execution{}, errLater
}

// StartSync runs an express execution to its end.
func (e *Engine) StartSync(context.Context, StartInput) (Execution, error) {
	return Execution{}, errLater
}

// Wait waits until an execution has ended.
func (e *Engine) Wait(context.Context, string) (Execution, error) { return Execution{}, errLater }

// Stop ends an execution as ABORTED.
func (e *Engine) Stop(_ context.Context, _ string, _, _ *string) (Execution, error) {
	return Execution{}, errLater
}

// Redrive goes on with an execution from where it failed.
func (e *Engine) Redrive(context.Context, string) (Execution, error) { return Execution{}, errLater }

// Describe returns an execution as it stands.
func (e *Engine) Describe(context.Context, string) (Execution, error) { return Execution{}, errLater }

// List returns executions, and what to give as Filter.Next for those that
// follow, "" for none.
func (e *Engine) List(context.Context, Filter) ([]Execution, string, error) {
	return nil, "", errLater
}

// History returns at most limit events (0: all) with an ID above after; newest
// first: below after (0: from the last).
func (e *Engine) History(_ context.Context, _ string, _ int64, _ int, _ bool) ([]asl.Event, error) {
	return nil, errLater
}

// SendTaskSuccess answers a task that waits for its token.
func (e *Engine) SendTaskSuccess(_ context.Context, _ string, _ json.RawMessage) error {
	return errLater
}

// SendTaskFailure fails a task that waits for its token.
func (e *Engine) SendTaskFailure(_ context.Context, _ string, _, _ *string) error { return errLater }

// SendTaskHeartbeat tells that a task is alive.
func (e *Engine) SendTaskHeartbeat(context.Context, string) error { return errLater }

// ActivityTask waits for a task of an activity until ctx ends; token is "" when
// there was none. worker may be "".
func (e *Engine) ActivityTask(_ context.Context, _, _ string) (token string, input json.RawMessage, err error) {
	return "", nil, errLater
}

// MapRun returns the run of a distributed Map.
func (e *Engine) MapRun(context.Context, string) (MapRun, error) { return MapRun{}, errLater }

// MapRuns returns the runs of an execution's distributed Maps, newest first.
func (e *Engine) MapRuns(context.Context, string) ([]MapRun, error) { return nil, errLater }

// UpdateMapRun changes the limits of a run that has not ended.
func (e *Engine) UpdateMapRun(context.Context, string, MapRunUpdate) error { return errLater }

// Resume adopts executions whose process died, and goes on with them.
func (e *Engine) Resume(context.Context) error { return errLater }

// Retain removes executions that ended longer than age ago (0: never), and the
// oldest ended ones until all take no more than size bytes (0: any size).
func (e *Engine) Retain(_ context.Context, _ time.Duration, _ int64) (removed int, err error) {
	return 0, errLater
}
