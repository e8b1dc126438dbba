// Package api serves Step Functions' HTTP API (AWS JSON 1.0) over an engine and
// a registry of state machines, as described in
// https://docs.aws.amazon.com/step-functions/latest/apireference/
//
// The AWS CLI and the SDKs work against it with an endpoint of their own. The
// host name does not matter, so that hosts with the prefix sync-, which SDKs
// make for StartSyncExecution and TestState, reach it too.
package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/teststate"
	"wplake/internal/workflow"
)

// Engine is what the API needs of *workflow.Engine.
type Engine interface {
	Start(ctx context.Context, in workflow.StartInput) (workflow.Execution, error)
	StartSync(ctx context.Context, in workflow.StartInput) (workflow.Execution, error)
	Stop(ctx context.Context, arn string, err, cause *string) (workflow.Execution, error)
	Redrive(ctx context.Context, arn string) (workflow.Execution, error)
	Describe(ctx context.Context, arn string) (workflow.Execution, error)
	List(ctx context.Context, f workflow.Filter) ([]workflow.Execution, string, error)
	History(ctx context.Context, arn string, after int64, limit int, newestFirst bool) ([]asl.Event, error)
	SendTaskSuccess(ctx context.Context, token string, output json.RawMessage) error
	SendTaskFailure(ctx context.Context, token string, err, cause *string) error
	SendTaskHeartbeat(ctx context.Context, token string) error
	ActivityTask(ctx context.Context, activityARN, worker string) (token string, input json.RawMessage, err error)
	MapRun(ctx context.Context, arn string) (workflow.MapRun, error)
	MapRuns(ctx context.Context, executionARN string) ([]workflow.MapRun, error)
	UpdateMapRun(ctx context.Context, arn string, u workflow.MapRunUpdate) error
}

// Options says what a Server works with.
type Options struct {
	Engine   Engine
	Registry *workflow.Registry
	// Check tells what keeps this home from running a definition, before an
	// execution of it begins; nil where nothing is looked at.
	Check func(definition []byte) error
	// TestState tests a state with what this home can call.
	TestState func(ctx context.Context, r teststate.Request) (teststate.Answer, error)
	// Health tells how the process stands, as a JSON value, and whether it is
	// well. It answers GET /healthz.
	Health func(ctx context.Context) (any, bool)
	// Keys are what requests must be signed with; nil takes any request, and
	// then only those that name a host of this machine.
	Keys *Keys
	// Host is the host that the server listens on, as it was given.
	Host string
	Now  func() time.Time
	Log  *slog.Logger
	// Poll is how long GetActivityTask waits for a task; 0 means 60 s.
	Poll time.Duration
}

// Limits of a server.
const (
	maxBody    = 6 << 20 // bytes; a definition has at most 1 MiB, and quotes are escaped
	maxWorking = 16      // requests whose bodies are in memory
	maxWaiting = 1000    // requests that wait for something: polls, executions
)

// Server answers requests. It is an http.Handler; its methods may be called
// concurrently.
type Server struct {
	o          Options
	operations map[string]operation
	working    chan struct{}
	waiting    chan struct{}
	// stopping is closed when polls have to end.
	stopping chan struct{}
}

// New makes a server.
func New(o Options) *Server {
	if o.Poll == 0 {
		o.Poll = time.Minute
	}
	return &Server{o: o, operations: operations(o.TestState != nil), working: make(chan struct{}, maxWorking), waiting: make(chan struct{}, maxWaiting), stopping: make(chan struct{})}
}

// HTTP makes the server's http.Server: with limits of time for all that
// clients do slowly. When ctx ends, polls for tasks are answered; what works
// goes on. It is called once.
func (s *Server) HTTP(ctx context.Context) *http.Server {
	context.AfterFunc(ctx, func() { close(s.stopping) })
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		// The longest answers are those of StartSyncExecution, after 5 minutes.
		WriteTimeout:   6 * time.Minute,
		IdleTimeout:    2 * time.Minute,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
}
