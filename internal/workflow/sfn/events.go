package sfn

import (
	"encoding/json"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"wplake/internal/asl"
)

// eventOf reads an event of a history.
func eventOf(h *types.HistoryEvent) asl.Event {
	e := asl.Event{ID: h.Id, Previous: h.PreviousEventId, Type: string(h.Type), Time: aws.ToTime(h.Timestamp).UTC()}
	if e.Previous == 0 && e.ID > 2 && !strings.HasPrefix(e.Type, "Execution") {
		// Step Functions tells what every event follows; what imitates it may not,
		// and knows no branches then.
		e.Previous = e.ID - 1
	}
	executionDetails(&e, h)
	stateDetails(&e, h)
	mapDetails(&e, h)
	taskDetails(&e, h)
	lambdaDetails(&e, h)
	activityDetails(&e, h)
	return e
}

// value reads JSON text as package asl holds it. Text that is no JSON, which
// the service cuts where it is too long, stays a string.
func value(text *string) (any, bool) {
	if text == nil {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(*text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return *text, true
	}
	if _, err := d.Token(); err != io.EOF {
		return *text, true
	}
	return v, true
}

func input(e *asl.Event, text *string)  { e.Input, e.HasInput = value(text) }
func output(e *asl.Event, text *string) { e.Output, e.HasOutput = value(text) }

func failed(e *asl.Event, name, cause *string) { e.Error, e.Cause = name, cause }

func service(e *asl.Event, kind, resource *string) {
	e.Service, e.Resource = aws.ToString(kind), aws.ToString(resource)
}

func executionDetails(e *asl.Event, h *types.HistoryEvent) {
	switch {
	case h.ExecutionStartedEventDetails != nil:
		d := h.ExecutionStartedEventDetails
		input(e, d.Input)
		e.RoleARN = aws.ToString(d.RoleArn)
	case h.ExecutionSucceededEventDetails != nil:
		output(e, h.ExecutionSucceededEventDetails.Output)
	case h.ExecutionFailedEventDetails != nil:
		failed(e, h.ExecutionFailedEventDetails.Error, h.ExecutionFailedEventDetails.Cause)
	case h.ExecutionTimedOutEventDetails != nil:
		failed(e, h.ExecutionTimedOutEventDetails.Error, h.ExecutionTimedOutEventDetails.Cause)
	case h.ExecutionAbortedEventDetails != nil:
		failed(e, h.ExecutionAbortedEventDetails.Error, h.ExecutionAbortedEventDetails.Cause)
	case h.ExecutionRedrivenEventDetails != nil:
		e.Redrives = int(aws.ToInt32(h.ExecutionRedrivenEventDetails.RedriveCount))
	}
}

func stateDetails(e *asl.Event, h *types.HistoryEvent) {
	switch {
	case h.StateEnteredEventDetails != nil:
		e.State = aws.ToString(h.StateEnteredEventDetails.Name)
		input(e, h.StateEnteredEventDetails.Input)
	case h.StateExitedEventDetails != nil:
		d := h.StateExitedEventDetails
		e.State, e.Assigned = aws.ToString(d.Name), d.AssignedVariables
		output(e, d.Output)
	case h.EvaluationFailedEventDetails != nil:
		d := h.EvaluationFailedEventDetails
		e.State, e.Location = aws.ToString(d.State), aws.ToString(d.Location)
		failed(e, d.Error, d.Cause)
	}
}

func mapDetails(e *asl.Event, h *types.HistoryEvent) {
	for _, d := range []*types.MapIterationEventDetails{
		h.MapIterationStartedEventDetails, h.MapIterationSucceededEventDetails, h.MapIterationFailedEventDetails, h.MapIterationAbortedEventDetails,
	} {
		if d != nil {
			e.State, e.Index = aws.ToString(d.Name), int(d.Index)
		}
	}
	switch {
	case h.MapStateStartedEventDetails != nil:
		e.Length = int(h.MapStateStartedEventDetails.Length)
	case h.MapRunStartedEventDetails != nil:
		e.MapRun = aws.ToString(h.MapRunStartedEventDetails.MapRunArn)
	case h.MapRunRedrivenEventDetails != nil:
		e.MapRun = aws.ToString(h.MapRunRedrivenEventDetails.MapRunArn)
		e.Redrives = int(aws.ToInt32(h.MapRunRedrivenEventDetails.RedriveCount))
	case h.MapRunFailedEventDetails != nil:
		failed(e, h.MapRunFailedEventDetails.Error, h.MapRunFailedEventDetails.Cause)
	}
}

func taskDetails(e *asl.Event, h *types.HistoryEvent) {
	switch {
	case h.TaskScheduledEventDetails != nil:
		d := h.TaskScheduledEventDetails
		service(e, d.ResourceType, d.Resource)
		input(e, d.Parameters)
		e.Timeout, e.Heartbeat = aws.ToInt64(d.TimeoutInSeconds), aws.ToInt64(d.HeartbeatInSeconds)
	case h.TaskStartedEventDetails != nil:
		service(e, h.TaskStartedEventDetails.ResourceType, h.TaskStartedEventDetails.Resource)
	case h.TaskSubmittedEventDetails != nil:
		d := h.TaskSubmittedEventDetails
		service(e, d.ResourceType, d.Resource)
		output(e, d.Output)
	case h.TaskSucceededEventDetails != nil:
		d := h.TaskSucceededEventDetails
		service(e, d.ResourceType, d.Resource)
		output(e, d.Output)
	case h.TaskFailedEventDetails != nil:
		d := h.TaskFailedEventDetails
		service(e, d.ResourceType, d.Resource)
		failed(e, d.Error, d.Cause)
	case h.TaskTimedOutEventDetails != nil:
		d := h.TaskTimedOutEventDetails
		service(e, d.ResourceType, d.Resource)
		failed(e, d.Error, d.Cause)
	case h.TaskStartFailedEventDetails != nil:
		d := h.TaskStartFailedEventDetails
		service(e, d.ResourceType, d.Resource)
		failed(e, d.Error, d.Cause)
	case h.TaskSubmitFailedEventDetails != nil:
		d := h.TaskSubmitFailedEventDetails
		service(e, d.ResourceType, d.Resource)
		failed(e, d.Error, d.Cause)
	}
}

func lambdaDetails(e *asl.Event, h *types.HistoryEvent) {
	switch {
	case h.LambdaFunctionScheduledEventDetails != nil:
		d := h.LambdaFunctionScheduledEventDetails
		e.Resource, e.Timeout = aws.ToString(d.Resource), aws.ToInt64(d.TimeoutInSeconds)
		input(e, d.Input)
	case h.LambdaFunctionSucceededEventDetails != nil:
		output(e, h.LambdaFunctionSucceededEventDetails.Output)
	case h.LambdaFunctionFailedEventDetails != nil:
		failed(e, h.LambdaFunctionFailedEventDetails.Error, h.LambdaFunctionFailedEventDetails.Cause)
	case h.LambdaFunctionTimedOutEventDetails != nil:
		failed(e, h.LambdaFunctionTimedOutEventDetails.Error, h.LambdaFunctionTimedOutEventDetails.Cause)
	case h.LambdaFunctionScheduleFailedEventDetails != nil:
		failed(e, h.LambdaFunctionScheduleFailedEventDetails.Error, h.LambdaFunctionScheduleFailedEventDetails.Cause)
	case h.LambdaFunctionStartFailedEventDetails != nil:
		failed(e, h.LambdaFunctionStartFailedEventDetails.Error, h.LambdaFunctionStartFailedEventDetails.Cause)
	}
}

func activityDetails(e *asl.Event, h *types.HistoryEvent) {
	switch {
	case h.ActivityScheduledEventDetails != nil:
		d := h.ActivityScheduledEventDetails
		e.Resource, e.Timeout, e.Heartbeat = aws.ToString(d.Resource), aws.ToInt64(d.TimeoutInSeconds), aws.ToInt64(d.HeartbeatInSeconds)
		input(e, d.Input)
	case h.ActivityStartedEventDetails != nil:
		e.Worker = aws.ToString(h.ActivityStartedEventDetails.WorkerName)
	case h.ActivitySucceededEventDetails != nil:
		output(e, h.ActivitySucceededEventDetails.Output)
	case h.ActivityFailedEventDetails != nil:
		failed(e, h.ActivityFailedEventDetails.Error, h.ActivityFailedEventDetails.Cause)
	case h.ActivityTimedOutEventDetails != nil:
		failed(e, h.ActivityTimedOutEventDetails.Error, h.ActivityTimedOutEventDetails.Cause)
	case h.ActivityScheduleFailedEventDetails != nil:
		failed(e, h.ActivityScheduleFailedEventDetails.Error, h.ActivityScheduleFailedEventDetails.Cause)
	}
}
