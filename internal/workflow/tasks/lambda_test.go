package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
)

func TestInvokeByEveryName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2]string{
		"echo":                          {"", "$LATEST"},
		"echo:$LATEST":                  {"$LATEST", "$LATEST"},
		"echo:7":                        {"7", "7"},
		"echo:live":                     {"live", "$LATEST"},
		"000000000000:function:echo":    {"", "$LATEST"},
		"[REDACTED]:function:echo:live": {"live", "$LATEST"},
		"arn:aws:lambda:eu-west-1:[REDACTED]:function:echo":           {"", "$LATEST"},
		"arn:aws:lambda:us-east-1:123456789012:function:echo:$LATEST": {"$LATEST", "$LATEST"},
		"arn:aws-cn:lambda:cn-north-1:123456789012:function:echo:3":   {"3", "3"},
	} {
		h := newHome(t)
		out := h.must("lambda:invoke", fmt.Sprintf(`{"FunctionName":%q,"Payload":{"a":[1,2.50,null]}}`, name))
		is(t, `{"a":[1,2.50,null]}`, out, "Payload")
		is(t, `200`, out, "StatusCode")
		is(t, `"`+want[1]+`"`, out, "ExecutedVersion")
		is(t, `200`, out, "SdkHttpMetadata", "HttpStatusCode")
		if id, _ := at(out, "SdkResponseMetadata", "RequestId").(string); len(id) != 36 {
			t.Errorf("the request id is %q", id)
		}
		i := h.invoked[0]
		if i.Name != "echo" || i.Qualifier != want[0] || i.Call.ExecutionName != "run-7" || asl.Text(i.Call.Input) != `{"full":true}` {
			t.Errorf("%s: the function was told %+v", name, i)
		}
	}
}

func TestInvokeRefuses(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	cause := h.refused("Lambda.ResourceNotFoundException", "lambda:invoke", `{"FunctionName":"nosuch"}`)
	mustSay(t, cause, "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:nosuch:$LATEST (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: ", "; Proxy: null)")
	cause = h.refused("Lambda.ResourceNotFoundException", "aws-sdk:lambda:invoke", `{"FunctionName":"nosuch"}`)
	mustSay(t, cause, "Function not found: arn:aws:lambda:eu-west-1:000000000000:function:nosuch:$LATEST (Service: Lambda, Status Code: 404, Request ID: ")
	for _, name := range []string{"", "a b", "arn:aws:s3:::x", "arn:aws:lambda:eu-west-1:1:layer:echo", "echo:a:b", "x:y:function:echo", "echo:../x"} {
		h.refused("Lambda.ValidationException", "lambda:invoke", fmt.Sprintf(`{"FunctionName":%q}`, name))
	}
	h.refused("Lambda.InvalidParameterValueException", "lambda:invoke", `{"FunctionName":"echo:1","Qualifier":"2"}`)
	h.refused("Lambda.ValidationException", "lambda:invoke", `{"FunctionName":"echo","InvocationType":"Sometimes"}`)
	h.refused("Lambda.InvalidRequestContentException", "aws-sdk:lambda:invoke", `{"FunctionName":"echo","Payload":"{"}`)
	mustSay(t, h.refused("States.Runtime", "lambda:invoke", `{}`), "could not be used to start the Task: [The field 'FunctionName' is required but was missing]")
	mustSay(t, h.refused("States.Runtime", "lambda:invoke", `{"FunctionName":7}`), "[The value for the field 'FunctionName' must be a STRING]")
	mustSay(t, h.refused("States.Runtime", "lambda:invoke", `{"FunctionName":"echo","Nonsense":1}`), "[The field 'Nonsense' is not supported by Step Functions]")
	mustSay(t, h.refused("States.Runtime", "lambda:invoke", `"echo"`), "JSON object")
}

// failing are functions that fail, each in its way.
func failing(o *tasks.Options) {
	fail := func(err error) tasks.Function {
		return func(context.Context, tasks.Invocation) (any, error) { return nil, err }
	}
	o.Functions["own"] = fail(&tasks.FunctionError{Type: "ValueError", Message: "no \"such\" value", Trace: []string{"line 1"}})
	o.Functions["lake"] = fail(fmt.Errorf("wrapped: %w", &lake.Error{Code: lake.StorageFull, Message: "cannot write", Hint: "free some"}))
	o.Functions["any"] = fail(errors.New("oh"))
	o.Functions["panic"] = func(context.Context, tasks.Invocation) (any, error) { panic("oh") }
	o.Functions["odd"] = func(context.Context, tasks.Invocation) (any, error) { return make(chan int), nil }
	o.Functions["large"] = func(context.Context, tasks.Invocation) (any, error) { return strings.Repeat("x", 6291556), nil }
	o.Functions["loud"] = fail(&tasks.FunctionError{Type: "Loud", Message: strings.Repeat("ä", 40_000)})
}

func TestFunctionErrors(t *testing.T) {
	t.Parallel()
	h := newHome(t, failing)
	for _, test := range []struct{ function, name, says string }{
		{"own", "ValueError", `{"errorMessage":"no \"such\" value","errorType":"ValueError","stackTrace":["line 1"]}`},
		{"lake", "StorageFull", `{"errorMessage":"cannot write (what to do: free some)","errorType":"StorageFull"}`},
		{"any", "Internal", `{"errorMessage":"oh","errorType":"Internal"}`},
		{"panic", "Internal", `a defect of wplake: oh`},
		{"odd", "Runtime.MarshalError", `unsupported type: chan int`},
		{"large", "Function.ResponseSizeTooLarge", `Response payload size (6291558 bytes)`},
		{"loud", "Loud", `ää…`},
	} {
		mustSay(t, h.refused(test.name, "lambda:invoke", `{"FunctionName":"`+test.function+`"}`), test.says)
		mustSay(t, h.refused(test.name, "arn:aws:lambda:eu-west-1:[REDACTED]:function:"+test.function, `{}`), test.says)
		// The SDK's call succeeds, and tells of the failure.
		out := h.must("aws-sdk:lambda:invoke", `{"FunctionName":"`+test.function+`"}`)
		is(t, `"Unhandled"`, out, "FunctionError")
		mustSay(t, fmt.Sprint(out["Payload"]), test.says)
		if _, ok := out["SdkHttpMetadata"]; ok {
			t.Error("an answer of the SDK tells about HTTP")
		}
	}
}

func TestInvokeBySDK(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	out := h.must("aws-sdk:lambda:invoke", `{"FunctionName":"echo","Payload":"{\"a\":1}"}`)
	is(t, `{"ExecutedVersion":"$LATEST","Payload":"{\"a\":1}","StatusCode":200}`, out)
	out = h.must("aws-sdk:lambda:invoke", `{"FunctionName":"echo","Payload":{"a":1}}`)
	is(t, `"{\"a\":1}"`, out, "Payload")
}

func TestPlainFunction(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	out, err := h.do("arn:aws:lambda:eu-west-1:[REDACTED]:function:echo:$LATEST", `{"a":1}`)
	if err != nil || asl.Text(out) != `{"a":1}` {
		t.Errorf("%v, %v", out, err)
	}
	h.refused("Lambda.ResourceNotFoundException", "arn:aws:lambda:eu-west-1:[REDACTED]:function:nosuch", `{}`)
}

func TestInvokeWithToken(t *testing.T) {
	t.Parallel()
	h := newHome(t, failing)
	var told []any
	_, err := h.doCtx(t.Context(), "lambda:invoke.waitForTaskToken", `{"FunctionName":"echo","Payload":{"token":"t"}}`, func(a any) { told = append(told, a) })
	if err != nil || len(told) != 1 {
		t.Fatalf("%v, told %v", err, told)
	}
	is(t, `{"token":"t"}`, told[0], "Payload")
	told = nil
	_, err = h.doCtx(t.Context(), "lambda:invoke.waitForTaskToken", `{"FunctionName":"own"}`, func(a any) { told = append(told, a) })
	if e := (*workflow.TaskError)(nil); !errors.As(err, &e) || e.Name != "ValueError" || told != nil {
		t.Errorf("%v, told %v", err, told)
	}
}

func TestInvokeEvent(t *testing.T) {
	t.Parallel()
	begun, goOn := make(chan string, 1), make(chan error)
	h := newHome(t, func(o *tasks.Options) {
		o.Functions["slow"] = func(ctx context.Context, i tasks.Invocation) (any, error) {
			begun <- asl.Text(i.Payload)
			select {
			case err := <-goOn:
				return nil, err
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	out, err := h.doCtx(ctx, "lambda:invoke", `{"FunctionName":"slow","InvocationType":"Event","Payload":[1]}`, nil)
	cancel() // the state is over; its work goes on
	if err != nil {
		t.Fatal(err)
	}
	is(t, `202`, out, "StatusCode")
	is(t, `""`, out, "Payload")
	if got := <-begun; got != "[1]" {
		t.Errorf("the function got %s", got)
	}
	goOn <- errors.New("oh")
	failed := h.tasks.WaitFor(t.Context(), execution)
	if len(failed) != 1 || failed[0].Kind != "function" || failed[0].Name != "slow" || failed[0].Err == nil {
		t.Errorf("what failed is %v", failed)
	}
	if err := h.tasks.Wait(t.Context()); err != nil {
		t.Errorf("it is told twice: %v", err)
	}
	is(t, `204`, h.must("lambda:invoke", `{"FunctionName":"slow","InvocationType":"DryRun"}`), "StatusCode")
	large := fmt.Sprintf(`{"FunctionName":"slow","InvocationType":"Event","Payload":%q}`, strings.Repeat("x", 262144))
	h.refused("Lambda.RequestTooLargeException", "lambda:invoke", large)
}

// A call whose context ends returns with it.
func TestInvokeStopped(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{})
	h := newHome(t, func(o *tasks.Options) {
		o.Functions["slow"] = func(ctx context.Context, _ tasks.Invocation) (any, error) {
			close(begun)
			<-ctx.Done()
			return nil, &tasks.FunctionError{Type: "Own", Message: "stopped"}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	_, err := h.doCtx(ctx, "lambda:invoke", `{"FunctionName":"slow"}`, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

func TestStageFunction(t *testing.T) {
	t.Parallel()
	call := func(r lake.StageReport, err error) (any, error) {
		return tasks.StageFunction(func(context.Context, tasks.Invocation) (lake.StageReport, error) { return r, err })(t.Context(), tasks.Invocation{})
	}
	out, err := call(report("posts", "!terms"), nil)
	a, ok := out.(tasks.StageAnswer)
	if err != nil || !ok || a.Succeeded != 1 || a.Failed != 1 || a.Objects[1].Error == nil {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := call(report(), nil); err != nil {
		t.Errorf("nothing to do: %v", err)
	}
	var e *tasks.FunctionError
	if _, err = call(report("!posts", "!terms"), nil); !errors.As(err, &e) || e.Type != "SourceTruncated" {
		t.Errorf("nothing was well: %v", err)
	}
	mustSay(t, e.Message, "posts: posts ends early (SourceTruncated); what to do: ask", "terms ends early")
	if _, err = call(lake.StageReport{}, &lake.Error{Code: lake.Locked, Message: "held", Hint: "wait"}); !errors.As(err, &e) || e.Type != "Locked" {
		t.Errorf("it could not run: %v", err)
	}
	mustSay(t, e.Message, "held (what to do: wait)")
	whole := lake.StageReport{Stage: "raw", Error: &lake.Problem{Code: lake.SourceUnreachable, Message: "no network"}}
	whole.Count()
	if _, err = call(whole, nil); !errors.As(err, &e) || e.Type != "SourceUnreachable" {
		t.Errorf("the stage as a whole: %v", err)
	}
}

// However many objects there are, a stage's answer fits beside others into a
// state's data, and has the failures first.
func TestStageAnswerIsBounded(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 3000 {
		names = append(names, fmt.Sprintf("object-%04d", i))
	}
	names[2999] = "!" + names[2999]
	r := report(names...)
	r.Objects[2999].Error.Message = strings.Repeat("ä", 100_000)
	r.Objects[0].Warnings = []string{strings.Repeat("w", 100_000), "x"}
	out, err := tasks.StageFunction(func(context.Context, tasks.Invocation) (lake.StageReport, error) { return r, nil })(t.Context(), tasks.Invocation{})
	a, _ := out.(tasks.StageAnswer)
	if err != nil || a.Succeeded != 2999 || a.Failed != 1 || a.Objects[0].Object != "object-2999" || a.Omitted != 3000-len(a.Objects) {
		t.Fatalf("%d of %d objects, %d omitted, %v", len(a.Objects), len(r.Objects), a.Omitted, err)
	}
	h := newHome(t, func(o *tasks.Options) {
		o.Functions["stage"] = func(context.Context, tasks.Invocation) (any, error) { return out, nil }
	})
	if size := len(asl.Text(h.must("lambda:invoke", `{"FunctionName":"stage"}`))); size > 128<<10 {
		t.Errorf("it takes %d bytes", size)
	}
	if r.Objects[2999].Error.Message != strings.Repeat("ä", 100_000) {
		t.Error("the report itself was shortened")
	}
}
