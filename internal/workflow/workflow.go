// Package workflow runs executions of state machines, durably, on one machine,
// with the names, rules and answers of AWS Step Functions.
//
// The language itself is package asl, which is pure. This package gives it a
// journal (Store), a clock, and hands for its tasks (Tasks, Objects).
//
// The guarantee. Every event of a standard execution is on disk before its
// effect can be seen. After a kill an execution goes on where it was: what was
// answered is not asked again, and timers keep the time they were set to. A
// task that was in flight when the process died ran at least once; whether it
// is called again or fails is the choice of Interrupted. Nested executions and
// tasks that wait for a token or an activity are not in flight in this sense:
// they go on.
package workflow

import (
	"encoding/json"
	"fmt"
	"time"

	"wplake/internal/asl"
)

// MachineType is how executions of a machine are kept.
type MachineType string

// The types of state machines.
const (
	Standard MachineType = "STANDARD" // durable, exactly once as far as its tasks allow
	Express  MachineType = "EXPRESS"  // in memory; a record is kept when it has ended
)

// StateMachine is a definition under a name.
type StateMachine struct {
	ARN        string // without version or alias
	Name       string
	Type       MachineType
	Definition string
	RoleARN    string
	RevisionID string // "" for the first revision: Step Functions calls that INITIAL
	Created    time.Time
	Updated    time.Time
	Comment    string // of the version or machine, as versionDescription
	// Version and Alias are the qualified ARNs through which it was asked for.
	Version, Alias string
	Logging        json.RawMessage // loggingConfiguration, as it was given
	Tracing        json.RawMessage // tracingConfiguration
	Encryption     json.RawMessage // encryptionConfiguration
}

// Execution is one run of a machine, as it stands.
type Execution struct {
	ARN     string
	Name    string
	Machine StateMachine // the definition it runs, also when the machine has changed since
	Status  asl.Status
	Input   json.RawMessage
	Output  json.RawMessage // nil unless it succeeded
	Error   *string
	Cause   *string
	Started time.Time
	Stopped time.Time // zero while it runs
	// TraceHeader is handed through.
	TraceHeader string
	// Redrives counts them; Redriven is the time of the last one.
	Redrives int
	Redriven time.Time
	// Parent is the ARN of the execution that started this one, MapRun that of
	// the run of a distributed Map that it belongs to; "" for none.
	Parent, MapRun string
	// Owner is the engine that runs it, "" once it has ended.
	Owner string
}

// Interrupted says what becomes of a task that was in flight when the process
// died.
type Interrupted string

// The choices for interrupted tasks.
const (
	// RetryInterrupted calls the task again: it may take place twice.
	RetryInterrupted Interrupted = "retry"
	// FailInterrupted fails it with States.TaskFailed: it takes place at most
	// once, and the machine's Retry and Catch decide what follows.
	FailInterrupted Interrupted = "fail"
)

// Code is an error code of Step Functions' API.
type Code string

// The codes that this package answers with.
const (
	ActivityDoesNotExist     Code = "ActivityDoesNotExist"
	ConflictException        Code = "ConflictException"
	ExecutionAlreadyExists   Code = "ExecutionAlreadyExists"
	ExecutionDoesNotExist    Code = "ExecutionDoesNotExist"
	ExecutionNotRedrivable   Code = "ExecutionNotRedrivable"
	InvalidArn               Code = "InvalidArn"
	InvalidDefinition        Code = "InvalidDefinition"
	InvalidExecutionInput    Code = "InvalidExecutionInput"
	InvalidLogging           Code = "InvalidLoggingConfiguration"
	InvalidName              Code = "InvalidName"
	InvalidOutput            Code = "InvalidOutput"
	InvalidToken             Code = "InvalidToken"
	ResourceNotFound         Code = "ResourceNotFound"
	StateMachineExists       Code = "StateMachineAlreadyExists"
	StateMachineDoesNotExist Code = "StateMachineDoesNotExist"
	StateMachineTypeNot      Code = "StateMachineTypeNotSupported"
	TaskDoesNotExist         Code = "TaskDoesNotExist"
	TaskTimedOut             Code = "TaskTimedOut"
	TooManyTags              Code = "TooManyTags"
	ValidationException      Code = "ValidationException"
)

// Error is a refusal with the code that Step Functions has for it.
type Error struct {
	Code    Code
	Message string
}

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Errorf makes an Error.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}
