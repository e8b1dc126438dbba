package workflow

import (
	"context"
	"io"
	"iter"
	"time"

	"wplake/internal/asl"
)

// Call is one request of a Task state to a service.
type Call struct {
	// Execution is the ARN of the execution; ExecutionName its name, and Input
	// what it was started with.
	Execution, ExecutionName string
	Input                    any
	State                    string
	Resource                 asl.Resource
	Arguments                any
	Credentials              any
	// Token is the task's token, for waitForTaskToken.
	Token string
	// Key is the same whenever this attempt of the task is repeated after an
	// interruption, and different for every other: for idempotent requests.
	Key string
	// Attempt counts the tries of the state, from 0.
	Attempt int
	// Timeout is how long the call may take, 0 for no limit; ctx ends then too.
	Timeout time.Duration
	// Submitted tells that the service has taken the request, and with what
	// answer, where the pattern waits for more (.sync, .waitForTaskToken). It
	// is called at most once, before Do returns.
	Submitted func(answer any)
}

// TaskError is the failure of a task, with the name that Catch and Retry see.
type TaskError struct {
	Name  string // Lambda.AWSLambdaException, Glue.EntityNotFoundException, …
	Cause string
	// Start tells that the request could not even be made (TaskStartFailed).
	Start bool
}

// Error is name and cause.
func (e *TaskError) Error() string {
	if e.Cause == "" {
		return e.Name
	}
	return e.Name + ": " + e.Cause
}

// Tasks is the port to what Task states call. Its methods may be called
// concurrently.
type Tasks interface {
	// Check tells whether this home knows a resource with such arguments (nil
	// where they are only known at run time): nil, or an error that names the
	// resource, and says which there are.
	Check(r asl.Resource, arguments any) error
	// Do performs a call and returns its result: values as asl.Decode gives
	// them. A failure that the machine may handle is a *TaskError; for
	// waitForTaskToken the result of Do itself does not matter. When ctx ends
	// (time-out, stop), Do stops the work and returns soon.
	Do(ctx context.Context, c Call) (any, error)
	// Ended is called once for every execution of its own process that has
	// ended, before anybody learns that it has.
	Ended(ctx context.Context, e Execution)
}

// ObjectInfo describes an object that a distributed Map lists.
type ObjectInfo struct {
	Key          string
	Size         int64
	ETag         string
	LastModified time.Time
	StorageClass string
}

// Objects is the port to the objects that a distributed Map reads and writes.
type Objects interface {
	// Open reads an object. The error is a *TaskError (S3.NoSuchKey, …) where
	// the service refused.
	Open(ctx context.Context, bucket, key, version string) (io.ReadCloser, int64, error)
	// List lists objects by prefix, sorted by key.
	List(ctx context.Context, bucket, prefix string) iter.Seq2[ObjectInfo, error]
	// Put writes an object whole.
	Put(ctx context.Context, bucket, key string, body io.Reader) error
}
