package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"wplake/internal/asl"
)

// nest starts the execution that a task asks for. It is the same one whenever
// that is repeated: its name follows from the parent and the effect where the
// machine gives none, and who started it is kept with it.
func (f *flight) nest(ctx context.Context) asl.Answer {
	arguments, ok := f.o.Arguments.(map[string]any)
	if !ok {
		return nestedFailure(Errorf(ValidationException, "The arguments of startExecution are no object"))
	}
	text := func(key string) string {
		s, _ := arguments[key].(string)
		return s
	}
	if f.express && f.o.Resource.Pattern != asl.RequestResponse {
		return nestedFailure(Errorf(StateMachineTypeNot, "An express execution cannot wait for a nested one"))
	}
	arn := text("StateMachineArn")
	m, err := f.e.o.Machines.Machine(ctx, arn)
	if err != nil {
		return nestedFailure(err)
	}
	wait := f.o.Resource.Pattern == asl.RunJob || f.o.Resource.Pattern == asl.RunJobJSON
	if wait && m.Type == Express {
		return nestedFailure(Errorf(StateMachineTypeNot, "An express execution cannot be waited for: use aws-sdk:sfn:startSyncExecution"))
	}
	in := StartInput{
		Machine: m, Name: text("Name"), Input: json.RawMessage("{}"), TraceHeader: text("TraceHeader"),
		Parent: f.parent.ARN, effect: f.o.ID, notify: wait,
	}
	if v := arguments["Input"]; v != nil {
		in.Input = appendJSON(nil, v)
	}
	if in.Name == "" {
		var b [16]byte
		copy(b[:], f.identity())
		in.Name = formatUUID(b)
	}
	child, err := f.e.Start(ctx, in)
	if err != nil {
		return nestedFailure(err)
	}
	kind := asl.Submitted
	if f.o.Resource.Pattern == asl.RequestResponse {
		kind = asl.Done
	}
	return asl.Answer{Kind: kind, Output: startAnswer(&child)}
}

// startAnswer is what StartExecution answers, with what the service's SDK adds.
func startAnswer(x *Execution) map[string]any {
	sum := sha256.Sum256([]byte(x.ARN))
	var id [16]byte
	copy(id[:], sum[:])
	request := formatUUID(id)
	date := x.Started.UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	list := func(s string) []any { return []any{s} }
	return map[string]any{
		"ExecutionArn": x.ARN, "StartDate": epoch(x.Started.UnixMilli()),
		"SdkHttpMetadata": map[string]any{
			"AllHttpHeaders": map[string]any{
				"x-amzn-RequestId": list(request), "Date": list(date), "Content-Type": list("application/x-amz-json-1.0"),
			},
			"HttpHeaders": map[string]any{
				"x-amzn-RequestId": request, "Date": date, "Content-Type": "application/x-amz-json-1.0",
			},
			"HttpStatusCode": json.Number("200"),
		},
		"SdkResponseMetadata": map[string]any{"RequestId": request},
	}
}

func epoch(milliseconds int64) json.Number { return json.Number(strconv.FormatInt(milliseconds, 10)) }

// nestedFailure is the answer of a call that was refused.
func nestedFailure(err error) asl.Answer {
	refused, ok := errors.AsType[*Error](err)
	if !ok {
		return failureOf(err)
	}
	name := string(refused.Code)
	if !strings.HasSuffix(name, "Exception") {
		name += "Exception"
	}
	name = "StepFunctions." + name
	return asl.Answer{Kind: asl.Failure, Error: &name, Cause: &refused.Message}
}

// childEnded goes on with a task whose nested execution has ended.
func (e *Engine) childEnded(r *execution, o *openEffect, arn string) error {
	k, err := e.o.Store.Find(e.ctx, arn)
	if err != nil {
		return err
	}
	x := k.Execution
	if !o.Submitted {
		a := asl.Answer{Kind: asl.Submitted, Output: startAnswer(&x)}
		if err := r.do(operation{kind: opDeliver, effect: o.ID, answer: a}); err != nil {
			return err
		}
	}
	described := e.describeNested(&x, o.Resource.Pattern == asl.RunJobJSON && x.Status == asl.Succeeded)
	if x.Status == asl.Succeeded {
		return e.answered(r, o.ID, asl.Answer{Kind: asl.Done, Output: described})
	}
	name, cause := "States.TaskFailed", string(appendJSON(nil, described))
	return e.answered(r, o.ID, asl.Answer{Kind: asl.Failure, Error: &name, Cause: &cause})
}

// describeNested is DescribeExecution's answer as a task gets it; parsed gives
// input and output as values instead of as texts.
func (e *Engine) describeNested(x *Execution, parsed bool) map[string]any {
	data := func(raw json.RawMessage) any {
		if parsed {
			if v, err := asl.Decode(raw); err == nil {
				return v
			}
		}
		return string(raw)
	}
	included := map[string]any{"Included": true}
	d := map[string]any{
		"ExecutionArn": x.ARN, "StateMachineArn": x.Machine.ARN, "Name": x.Name, "Status": string(x.Status),
		"StartDate": epoch(x.Started.UnixMilli()), "StopDate": epoch(x.Stopped.UnixMilli()),
		"Input": data(x.Input), "InputDetails": included,
		"RedriveCount": json.Number(strconv.Itoa(x.Redrives)), "RedriveStatus": "REDRIVABLE",
	}
	if reason, ok := e.Redrivable(*x); !ok {
		d["RedriveStatus"], d["RedriveStatusReason"] = "NOT_REDRIVABLE", reason
	}
	if x.Output != nil {
		d["Output"], d["OutputDetails"] = data(x.Output), included
	}
	if x.Error != nil {
		d["Error"] = *x.Error
	}
	if x.Cause != nil {
		d["Cause"] = *x.Cause
	}
	return d
}
