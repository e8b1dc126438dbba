package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// The bounds that Lambda puts on payloads, in bytes of JSON.
const (
	maxResponse     = 6291556
	maxEventPayload = 262144
)

// latest is the version of every function of a home.
const latest = "$LATEST"

func (t *Tasks) lambda() map[string]integration {
	return map[string]integration{"lambda:invoke": {
		optimised: true, sdk: true, patterns: []asl.Pattern{asl.WaitForTaskToken},
		fields: []field{
			{"FunctionName", text, true}, {"Payload", anything, false}, {"InvocationType", text, false}, {"Qualifier", text, false},
		},
		check: func(args map[string]any) error {
			if kind, ok := textOf(args, "InvocationType"); ok && !slices.Contains(invocationTypes(), kind) {
				return unknown(fmt.Sprintf("InvocationType %q of lambda:invoke is not known", kind), kind, invocationTypes())
			}
			if name, ok := textOf(args, "FunctionName"); ok {
				return t.checkFunction(name)
			}
			return nil
		},
		do: t.invoke,
	}}
}

func invocationTypes() []string { return []string{"DryRun", "Event", "RequestResponse"} }

var functionName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,140}$`)

// functionOf takes what names a function apart: a name, name:qualifier, a part
// of an ARN (account:function:name) or a whole one. Account and region do not
// matter, as a home has one of each; they may be blacked out.
func functionOf(text string) (name, qualifier string, ok bool) {
	parts := strings.Split(text, ":")
	if at := slices.Index(parts, "function"); at >= 0 {
		isARN := at == 5 && parts[0] == "arn" && parts[2] == "lambda"
		if !isARN && at != 1 {
			return "", "", false
		}
		parts = parts[at+1:]
	}
	if len(parts) == 0 || len(parts) > 2 || !functionName.MatchString(parts[0]) {
		return "", "", false
	}
	if len(parts) == 2 {
		qualifier = parts[1]
		ok = qualifier == latest || functionName.MatchString(qualifier)
		return parts[0], qualifier, ok
	}
	return parts[0], "", true
}

// function finds a function by its name.
func (t *Tasks) function(name string) (Function, bool) {
	if f, ok := t.o.Functions[name]; ok {
		return f, true
	}
	f, ok := t.o.Commands[name]
	return f, ok
}

func (t *Tasks) checkFunction(text string) error {
	name, _, ok := functionOf(text)
	if !ok {
		return invalid(fmt.Sprintf("%q is not the name or ARN of a function", text), "e.g. data_wordpressapi_raw, or arn:aws:lambda:eu-west-1:000000000000:function:data_wordpressapi_raw")
	}
	if _, ok := t.function(name); !ok {
		known := slices.Sorted(maps.Keys(t.o.Functions))
		for _, command := range slices.Sorted(maps.Keys(t.o.Commands)) {
			if !slices.Contains(known, command) {
				known = append(known, command)
			}
		}
		e := unknown(fmt.Sprintf("there is no function %q at this home", name), name, known)
		var l *lake.Error
		if errors.As(e, &l) {
			l.Hint += "; a program of this machine becomes one under workflow.commands"
		}
		return e
	}
	return nil
}

// invoke is lambda:invoke in all its forms.
func (t *Tasks) invoke(ctx context.Context, r request) (any, error) {
	name, qualifier, ok := functionOf(r.text("FunctionName"))
	if !ok {
		return nil, r.refuse(lambdaService(), "ValidationException", 400,
			"1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern", shorten(r.text("FunctionName"), 200))
	}
	if q := r.text("Qualifier"); q != "" {
		if qualifier != "" && qualifier != q {
			return nil, r.refuse(lambdaService(), "InvalidParameterValueException", 400,
				"The derived qualifier from the function name does not match the specified qualifier.")
		}
		qualifier = q
	}
	f, ok := t.function(name)
	if !ok {
		return nil, r.refuse(lambdaService(), "ResourceNotFoundException", 404, "Function not found: %s", t.functionARN(name, qualifier))
	}
	payload, err := r.payload()
	if err != nil {
		return nil, err
	}
	i := Invocation{Name: name, Qualifier: qualifier, Payload: payload, Call: r.call}
	switch r.text("InvocationType") {
	case "", "RequestResponse":
		return r.invoked(ctx, f, i)
	case "Event":
		if len(asl.Text(payload)) > maxEventPayload {
			return nil, r.refuse(lambdaService(), "RequestTooLargeException", 413, "Request must be smaller than %d bytes for the InvokeFunction operation", maxEventPayload)
		}
		t.work.begin(ctx, r.call, "function", name, func(ctx context.Context) error {
			_, err := f(ctx, i)
			return err
		})
		return r.accepted(map[string]any{"Payload": "", "StatusCode": number(202)}, 202, i), nil
	case "DryRun":
		return r.accepted(map[string]any{"Payload": "", "StatusCode": number(204)}, 204, i), nil
	}
	return nil, r.refuse(lambdaService(), "ValidationException", 400,
		"1 validation error detected: Value '%s' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [RequestResponse, Event, DryRun]", r.text("InvocationType"))
}

// payload is the payload that the function gets. The SDK sends bytes: a text is
// taken for the JSON that it has to be.
func (r request) payload() (any, error) {
	p, given := r.args["Payload"]
	if !given {
		return map[string]any{}, nil
	}
	s, isText := p.(string)
	if !r.sdk || !isText {
		return p, nil
	}
	v, err := asl.Decode([]byte(s))
	if err != nil {
		return nil, r.refuse(lambdaService(), "InvalidRequestContentException", 400, "Could not parse request body into json: %s", err)
	}
	return v, nil
}

// invoked calls a function and waits for its answer. Through the SDK a
// function's failure is an answer; else it is the task's.
func (r request) invoked(ctx context.Context, f Function, i Invocation) (any, error) {
	result, size, err := call(ctx, f, i)
	if ctx.Err() != nil {
		return nil, ended(ctx, err)
	}
	var failure *workflow.TaskError
	if errors.As(err, &failure) && !r.sdk {
		return nil, failure
	}
	fields := map[string]any{"Payload": result, "StatusCode": number(200), "ExecutedVersion": version(i.Qualifier)}
	if r.sdk {
		fields["Payload"] = asl.Text(result)
		if failure != nil {
			fields["Payload"], fields["FunctionError"] = failure.Cause, "Unhandled"
		}
	}
	return r.answer(fields, 200, map[string]string{"X-Amz-Executed-Version": version(i.Qualifier), "Content-Length": fmt.Sprint(size)}), nil
}

// accepted is the answer to an invocation that nobody waits for.
func (r request) accepted(fields map[string]any, status int, i Invocation) map[string]any {
	if !r.sdk {
		fields["ExecutedVersion"] = version(i.Qualifier)
	}
	return r.answer(fields, status, nil)
}

// plainFunction calls a function whose ARN is the resource itself.
func (t *Tasks) plainFunction(ctx context.Context, c workflow.Call) (any, error) {
	r := request{call: c}
	name, qualifier, ok := functionOf(c.Resource.ARN)
	f, known := t.function(name)
	if !ok || !known {
		return nil, r.refuse(lambdaService(), "ResourceNotFoundException", 404, "Function not found: %s", t.functionARN(name, qualifier))
	}
	result, _, err := call(ctx, f, Invocation{Name: name, Qualifier: qualifier, Payload: c.Arguments, Call: c})
	if ctx.Err() != nil {
		return nil, ended(ctx, err)
	}
	return result, err
}

// call calls a function. The error is the *workflow.TaskError that Lambda would
// make of it.
func call(ctx context.Context, f Function, i Invocation) (result any, size int, err error) {
	var v any
	err = guarded(func() (err error) {
		v, err = f(ctx, i)
		return err
	})
	if err != nil {
		return nil, 0, functionFailure(err)
	}
	result, size, err = value(v)
	switch {
	case err != nil:
		return nil, 0, functionFailure(&FunctionError{Type: "Runtime.MarshalError", Message: err.Error()})
	case size > maxResponse:
		return nil, 0, functionFailure(&FunctionError{
			Type:    "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("Response payload size (%d bytes) exceeded maximum allowed payload size (%d bytes).", size, maxResponse),
		})
	}
	return result, size, nil
}

// functionFailure is a function's error as Lambda tells it: its type is the
// error's name, and the cause is JSON.
func functionFailure(err error) *workflow.TaskError {
	e := AsFunctionError(err)
	cause := struct {
		Message string   `json:"errorMessage"`
		Type    string   `json:"errorType"`
		Trace   []string `json:"stackTrace,omitempty"`
	}{shorten(e.Message, maxMessage), e.Type, e.Trace}
	raw, _ := json.Marshal(cause) // strings can always be marshalled
	var plain any
	_ = json.Unmarshal(raw, &plain) // what was just marshalled
	return &workflow.TaskError{Name: e.Type, Cause: asl.Text(plain)}
}

// maxMessage bounds what a failure says, in bytes: a cause has at most 32,768
// characters.
const maxMessage = 24_000

func (t *Tasks) functionARN(name, qualifier string) string {
	if qualifier == "" {
		qualifier = latest
	}
	return t.arn("lambda", "function:"+name+":"+qualifier)
}

// version is the version that answers to a qualifier. A home has one version
// of a function: numbers are answered as they are, aliases by the latest.
func version(qualifier string) string {
	if qualifier == "" || strings.Trim(qualifier, "0123456789") != "" {
		return latest
	}
	return qualifier
}
