// Package tasks is what Task states reach at home: the stage functions, the
// silver job, the crawlers, queries, alerts, objects, parameters, programs and
// web addresses, with the requests, answers and errors that the services of AWS
// have for Step Functions.
//
// It is written against ports only. Which function, job or crawler there is,
// the home says in Options. What goes on after its state has ended (a crawl, a
// job that nobody waits for, an event invocation, a query) goes on in this
// process; see Tasks.WaitFor.
//
// Runs of jobs, queries and the last crawls are remembered in this process
// alone, and only the newest of them; their traces are in the run's report, the
// log and the execution's history.
package tasks

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/params"
	"wplake/internal/store"
	"wplake/internal/workflow"
)

// Options is what a home hands in. Functions, jobs and crawlers are by name;
// all of them, and the ports, are called concurrently.
type Options struct {
	Functions map[string]Function
	Jobs      map[string]Stage
	Crawlers  map[string]Stage
	// Commands are the programs of this machine, which a task calls as a
	// function or as a job. A function or job of the same name wins.
	Commands map[string]Function
	// Buckets are the lake's, by name. Others there are none.
	Buckets map[string]store.Bucket
	Params  params.Store
	// Publish delivers a message for an execution.
	Publish func(ctx context.Context, c workflow.Call, m notify.Message) error
	// Reader opens the lake's tables for one query, which closes it.
	Reader func(ctx context.Context) (engine.Reader, error)
	// Database is the tables' database, which queries need not name.
	Database string
	// Scratch is a folder for the results of queries; whoever made it removes
	// it. It is asked for at the first query.
	Scratch func() (string, error)
	// HTTP carries out http:invoke's requests, one hop each: redirects are
	// followed here. Nil refuses http:invoke.
	HTTP http.RoundTripper
	// Ended is called for every execution that has ended, while what it left in
	// the background may go on; may be nil.
	Ended func(ctx context.Context, e workflow.Execution)
	Log   *slog.Logger
	Now   func() time.Time
	// Account and Region are in the ARNs of this home.
	Account, Region string
}

// Function is what lambda:invoke and a function's own ARN call. The result is a
// JSON value, or what encoding/json makes one of. A *FunctionError is the
// function's own failure with the name that the machine sees; any other error
// fails under its lake code, or as Unhandled.
type Function func(ctx context.Context, i Invocation) (any, error)

// Stage is a job or a crawler. Objects that failed are in the report; the error
// says that it could not run.
type Stage func(ctx context.Context, i Invocation) (lake.StageReport, error)

// Invocation is one call of a function, job or crawler.
type Invocation struct {
	Name string
	// Qualifier is the version or alias that the caller named, "" for none. A
	// home has one version of each.
	Qualifier string
	// Payload is a function's payload, or a job's Arguments: a JSON value.
	Payload any
	// Call is the task: the execution's ARN, name and input among it. For work
	// that goes on after its state has ended it is the call that began it.
	Call workflow.Call
}

// FunctionError is a failure that a function tells as its own.
type FunctionError struct {
	Type    string // errorType: what Catch and Retry see
	Message string // errorMessage
	Trace   []string
}

// Error is type and message.
func (e *FunctionError) Error() string {
	if e.Message == "" {
		return e.Type
	}
	return e.Type + ": " + e.Message
}
