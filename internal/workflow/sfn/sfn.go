// Package sfn is the driver of the port workflow.Executions for AWS Step
// Functions: executions of a deployed state machine.
package sfn

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"

	"wplake/internal/asl"
	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// Options configure a Client.
type Options struct {
	MachineARN string           // whose executions List tells when it is not asked for another's
	Now        func() time.Time // the clock
	// Wait waits between two looks at an execution; nil for the clock.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client asks Step Functions. Its methods may be called concurrently. Errors
// are a *workflow.Error for what the service refuses, and otherwise a
// *lake.Error: AccessDenied, CredentialsBad, ServiceFailed or Interrupted.
type Client struct {
	api *sfn.Client
	o   Options
}

var _ workflow.Executions = (*Client)(nil)

// New makes a client. No request is made.
func New(cfg aws.Config, o Options) *Client {
	if o.Wait == nil {
		o.Wait = awsapi.Wait
	}
	return &Client{api: sfn.NewFromConfig(cfg), o: o}
}

// refusals are the codes that callers may meet as a *workflow.Error.
func refusals() []workflow.Code {
	return []workflow.Code{
		workflow.ConflictException, workflow.ExecutionAlreadyExists, workflow.ExecutionDoesNotExist, workflow.ExecutionNotRedrivable,
		workflow.InvalidArn, workflow.InvalidExecutionInput, workflow.InvalidName, workflow.InvalidToken, workflow.ResourceNotFound,
		workflow.StateMachineDoesNotExist, workflow.StateMachineTypeNot, workflow.ValidationException,
	}
}

func failure(err error, doing, action string) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok && slices.Contains(refusals(), workflow.Code(api.ErrorCode())) {
		return workflow.Errorf(workflow.Code(api.ErrorCode()), "%s", api.ErrorMessage())
	}
	return awsapi.Failure(err, doing, action, lake.ServiceFailed)
}

// refused tells whether err is a refusal with a code.
func refused(err error, code workflow.Code) bool {
	e, ok := errors.AsType[*workflow.Error](err)
	return ok && e.Code == code
}

// Start begins an execution. Its name makes it safe to ask again: whenever the
// name is taken by an execution with the same input, that is the one, also
// where it has ended meanwhile. So an answer that was lost does no harm.
func (c *Client) Start(ctx context.Context, in workflow.StartInput) (workflow.Execution, error) {
	machine := in.Machine.ARN
	if machine == "" {
		machine = c.o.MachineARN
	}
	input := in.Input
	if input == nil {
		input = json.RawMessage("{}")
	}
	request := &sfn.StartExecutionInput{StateMachineArn: &machine, Input: aws.String(string(input))}
	if in.Name != "" {
		request.Name = &in.Name
	}
	if in.TraceHeader != "" {
		request.TraceHeader = &in.TraceHeader
	}
	out, err := c.api.StartExecution(ctx, request)
	if err == nil {
		return c.Describe(ctx, aws.ToString(out.ExecutionArn))
	}
	err = failure(err, "start an execution of "+machine, "states:StartExecution")
	if !refused(err, workflow.ExecutionAlreadyExists) || in.Name == "" {
		return workflow.Execution{}, err
	}
	x, other := c.Describe(ctx, executionARN(machine, in.Name))
	if other != nil || !sameJSON(x.Input, input) {
		return workflow.Execution{}, err
	}
	return x, nil
}

// executionARN is that of an execution of a machine, a version or an alias.
func executionARN(machine, name string) string {
	parts := strings.SplitN(machine, ":", 8)
	if len(parts) < 7 {
		return ""
	}
	parts[5] = "execution"
	return strings.Join(append(parts[:7:7], name), ":")
}

func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(a, b)
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}

// Stop implements workflow.Executions.
func (c *Client) Stop(ctx context.Context, arn string, name, cause *string) (workflow.Execution, error) {
	x, err := c.Describe(ctx, arn)
	if err != nil || x.Status != asl.Running {
		return x, err
	}
	_, err = c.api.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: &arn, Error: name, Cause: cause})
	if err != nil {
		// It may have ended by itself meanwhile.
		if now, e := c.Describe(ctx, arn); e == nil && now.Status != asl.Running {
			return now, nil
		}
		return x, failure(err, "stop "+arn, "states:StopExecution")
	}
	return c.Wait(ctx, arn)
}

// redriveWithin is how long after its end Step Functions redrives an execution.
const redriveWithin = 14 * 24 * time.Hour

// Redrivable implements workflow.Executions, by the rules of the service that
// an execution tells of; Redrive may find others.
func (c *Client) Redrivable(x workflow.Execution) (reason string, ok bool) {
	switch {
	case x.Machine.Type == workflow.Express:
		return "Execution is of type EXPRESS and cannot be redriven", false
	case x.MapRun != "":
		return "Execution is a child workflow execution of a distributed Map and is redriven by its parent", false
	case x.Status == asl.Running, x.Status == asl.Succeeded:
		return "Execution is " + string(x.Status) + " and cannot be redriven", false
	case c.o.Now().After(x.Stopped.Add(redriveWithin)):
		return "Execution's redrivable period exceeded", false
	}
	return "", true
}

// Redrive implements workflow.Executions.
func (c *Client) Redrive(ctx context.Context, arn string) (workflow.Execution, error) {
	if _, err := c.api.RedriveExecution(ctx, &sfn.RedriveExecutionInput{ExecutionArn: &arn}); err != nil {
		return workflow.Execution{}, failure(err, "redrive "+arn, "states:RedriveExecution")
	}
	return c.Describe(ctx, arn)
}

// How long is waited between two looks at an execution.
const (
	firstWait = 500 * time.Millisecond
	longWait  = 10 * time.Second
)

// Wait implements workflow.Executions.
func (c *Client) Wait(ctx context.Context, arn string) (workflow.Execution, error) {
	var last workflow.Execution
	for pause := firstWait; ; pause = min(pause*3/2, longWait) {
		out, err := c.api.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &arn})
		switch {
		case err != nil && ctx.Err() != nil:
			return last, ctx.Err()
		case err != nil:
			return last, failure(err, "see how "+arn+" stands", "states:DescribeExecution")
		case out.Status != types.ExecutionStatusRunning && out.Status != types.ExecutionStatusPendingRedrive:
			return c.Describe(ctx, arn)
		}
		last = described(out)
		if err := c.o.Wait(ctx, pause); err != nil {
			return last, err
		}
	}
}
