// Package teststate tests one state of a machine, as the TestState API of Step
// Functions does: https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
//
// Run takes the API's request and gives its answer, or an *Error with the
// API's code and message. Mocked states call nothing; what is not mocked is
// called through Options.Perform. With Options.Strict the refusals are those of
// AWS too; without it Map, Parallel, activities, .sync and .waitForTaskToken
// run for real where no mock is given.
package teststate

import (
	"context"
	"time"

	"wplake/internal/asl"
)

// Request is what TestState is asked. A nil pointer is a field that was not
// given.
type Request struct {
	// Definition is a state, or with StateName a whole machine.
	Definition         string         `json:"definition"`
	StateName          *string        `json:"stateName,omitempty"`
	RoleARN            string         `json:"roleArn,omitempty"`
	Input              *string        `json:"input,omitempty"`
	InspectionLevel    Level          `json:"inspectionLevel,omitempty"`
	RevealSecrets      bool           `json:"revealSecrets,omitempty"`
	Variables          *string        `json:"variables,omitempty"`
	Context            *string        `json:"context,omitempty"`
	Mock               *Mock          `json:"mock,omitempty"`
	StateConfiguration *Configuration `json:"stateConfiguration,omitempty"`
}

// Level says how much the answer tells.
type Level string

// The levels of inspection; INFO is the default.
const (
	Info  Level = "INFO"
	Debug Level = "DEBUG"
	Trace Level = "TRACE"
)

// Mock stands in for what a state would have called.
type Mock struct {
	Result              *string    `json:"result,omitempty"`
	ErrorOutput         *MockError `json:"errorOutput,omitempty"`
	FieldValidationMode Validation `json:"fieldValidationMode,omitempty"`
}

// MockError is the failure of a mocked call.
type MockError struct {
	Error *string `json:"error,omitempty"`
	Cause *string `json:"cause,omitempty"`
}

// Validation says how a mocked result is held against the API that it stands
// for.
type Validation string

// The modes of validation; STRICT is the default.
const (
	Strict  Validation = "STRICT"  // required fields are there, all fields are right
	Present Validation = "PRESENT" // the fields that are there are right
	None    Validation = "NONE"    // anything goes
)

// Configuration says in what situation the state is.
type Configuration struct {
	RetrierRetryCount        *int    `json:"retrierRetryCount,omitempty"`
	ErrorCausedByState       *string `json:"errorCausedByState,omitempty"`
	MapIterationFailureCount *int    `json:"mapIterationFailureCount,omitempty"`
	MapItemReaderData        *string `json:"mapItemReaderData,omitempty"`
}

// Status is how the test of a state ended.
type Status string

// The ways in which the test of a state ends.
const (
	Succeeded   Status = "SUCCEEDED"
	Failed      Status = "FAILED"
	Retriable   Status = "RETRIABLE"
	CaughtError Status = "CAUGHT_ERROR"
)

// Answer is what TestState answers.
type Answer struct {
	Output         *string         `json:"output,omitempty"`
	Error          *string         `json:"error,omitempty"`
	Cause          *string         `json:"cause,omitempty"`
	InspectionData *InspectionData `json:"inspectionData,omitempty"`
	NextState      string          `json:"nextState,omitempty"`
	Status         Status          `json:"status"`
}

// InspectionData holds the intermediate values of a state, as JSON texts.
type InspectionData struct {
	Input                      *string       `json:"input,omitempty"`
	AfterArguments             *string       `json:"afterArguments,omitempty"`
	AfterInputPath             *string       `json:"afterInputPath,omitempty"`
	AfterParameters            *string       `json:"afterParameters,omitempty"`
	Result                     *string       `json:"result,omitempty"`
	AfterResultSelector        *string       `json:"afterResultSelector,omitempty"`
	AfterResultPath            *string       `json:"afterResultPath,omitempty"`
	Request                    *HTTPRequest  `json:"request,omitempty"`
	Response                   *HTTPResponse `json:"response,omitempty"`
	Variables                  *string       `json:"variables,omitempty"`
	ErrorDetails               *ErrorDetails `json:"errorDetails,omitempty"`
	AfterItemsPath             *string       `json:"afterItemsPath,omitempty"`
	AfterItemSelector          *string       `json:"afterItemSelector,omitempty"`
	AfterItemBatcher           *string       `json:"afterItemBatcher,omitempty"`
	AfterItemsPointer          *string       `json:"afterItemsPointer,omitempty"`
	ToleratedFailureCount      *int64        `json:"toleratedFailureCount,omitempty"`
	ToleratedFailurePercentage *float64      `json:"toleratedFailurePercentage,omitempty"`
	MaxConcurrency             *int64        `json:"maxConcurrency,omitempty"`
}

// HTTPRequest is the request of an HTTP Task, at level TRACE.
type HTTPRequest struct {
	Protocol string `json:"protocol,omitempty"`
	Method   string `json:"method,omitempty"`
	URL      string `json:"url,omitempty"`
	Headers  string `json:"headers,omitempty"`
	Body     string `json:"body,omitempty"`
}

// HTTPResponse is the response to an HTTP Task, at level TRACE.
type HTTPResponse struct {
	Protocol      string `json:"protocol,omitempty"`
	StatusCode    string `json:"statusCode,omitempty"`
	StatusMessage string `json:"statusMessage,omitempty"`
	Headers       string `json:"headers,omitempty"`
	Body          string `json:"body,omitempty"`
}

// ErrorDetails tells which Retry or Catch dealt with an error.
type ErrorDetails struct {
	CatchIndex                  *int   `json:"catchIndex,omitempty"`
	RetryIndex                  *int   `json:"retryIndex,omitempty"`
	RetryBackoffIntervalSeconds *int64 `json:"retryBackoffIntervalSeconds,omitempty"`
}

// Codes of refusals.
const (
	CodeValidation = "ValidationException"
	CodeDefinition = "InvalidDefinition"
	CodeInput      = "InvalidExecutionInput"
)

// Error is a refusal of a request.
type Error struct{ Code, Message string }

// Error is the message.
func (e *Error) Error() string { return e.Message }

// Options are what Run needs beside the request. Now, UUID and Random must be
// given.
type Options struct {
	// Strict refuses what AWS refuses: Map, Parallel, activities, .sync and
	// .waitForTaskToken without a mock, and a Task without mock and role.
	Strict bool
	// Perform answers the calls and reads that are not mocked. An answer of
	// Kind asl.Failure is an error that the state may catch; an error of
	// Perform ends the test with that error. Without it such calls are
	// refused, by the name of their resource.
	Perform func(ctx context.Context, e asl.Effect) (asl.Answer, error)
	// Sleep waits until a time; without it waiting takes no time.
	Sleep func(ctx context.Context, until time.Time) error
	// Limit is how long the state may take before it fails with
	// States.Timeout, 0 for no limit. AWS sets five minutes.
	Limit   time.Duration
	Account string
	Region  string
	Now     func() time.Time
	UUID    func() string
	Random  func() float64
}
