package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/lambda"
	"wplake/internal/pipeline"
	"wplake/internal/workflow/tasks"
)

// always gives the same report.
func always(r lake.StageReport, err error) func(context.Context, string, pipeline.Request) (lake.StageReport, error) {
	return func(context.Context, string, pipeline.Request) (lake.StageReport, error) { return r, err }
}

func TestEvents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		function string // AWS_LAMBDA_FUNCTION_NAME
		env      string // WPLAKE_FUNCTION
		payload  string
		stage    string // that is run; "": none
		want     pipeline.Request
	}{
		"the machine passes $": {"data_wordpressapi_raw", "", `{}`, "raw", pipeline.Request{RunID: "request-1"}},
		"what a run is asked for": {
			"data_wordpressapi_bronze", "", `{"objects":["posts"],"full":true,"accept_loss":true,"run_id":"run-7"}`, "bronze",
			pipeline.Request{RunID: "run-7", Objects: []string{"posts"}, Full: true, AcceptLoss: true},
		},
		"another event": {
			"data_wordpressapi_raw", "", `{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`, "raw",
			pipeline.Request{RunID: "request-1"},
		},
		"a text":           {"data_wordpressapi_silver", "", `"hello"`, "silver", pipeline.Request{RunID: "request-1"}},
		"nothing":          {"data_wordpressapi_silver", "", ``, "silver", pipeline.Request{RunID: "request-1"}},
		"another prefix":   {"prod-lake_silver", "", `null`, "silver", pipeline.Request{RunID: "request-1"}},
		"by the variable":  {"mine", "bronze", `{}`, "bronze", pipeline.Request{RunID: "request-1"}},
		"the catalog":      {"data_wordpressapi_catalog", "", `{"stage":"crawl-silver","run_id":"r"}`, "crawl-silver", pipeline.Request{RunID: "r"}},
		"by the event":     {"mine", "", `{"stage":"bronze"}`, "bronze", pipeline.Request{RunID: "request-1"}},
		"the name counts":  {"data_wordpressapi_raw", "", `{"stage":"bronze"}`, "raw", pipeline.Request{RunID: "request-1"}},
		"no stage":         {"data_wordpressapi_catalog", "", `{}`, "", pipeline.Request{}},
		"the wrong stage":  {"data_wordpressapi_catalog", "", `{"stage":"raw"}`, "", pipeline.Request{}},
		"no stage by name": {"mine", "", `{}`, "", pipeline.Request{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{stage: always(objects("posts", "!terms"), nil)}
			p := start(t, f, map[string]string{"AWS_LAMBDA_FUNCTION_NAME": test.function, "WPLAKE_FUNCTION": test.env}, definition)
			got := p.invoke(event{payload: test.payload})
			if test.stage == "" {
				if kind, message := got.failure(t); kind != "WorkflowInvalid" || !strings.Contains(message, `{"stage": "`) || len(f.stages) > 0 {
					t.Errorf("%s: %s, stages %v", kind, message, f.stages)
				}
				return
			}
			if got.path != "/invocation/request-1/response" || !slices.Equal(f.stages, []string{test.stage}) {
				t.Fatalf("stages %v, told %+v", f.stages, got)
			}
			asked := f.asked[0]
			if asked.RunID != test.want.RunID || !slices.Equal(asked.Objects, test.want.Objects) ||
				asked.Full != test.want.Full || asked.AcceptLoss != test.want.AcceptLoss || !asked.Resume {
				t.Errorf("asked for %+v", asked)
			}
			var a tasks.StageAnswer
			if err := json.Unmarshal([]byte(got.body), &a); err != nil || a.Stage != test.stage || a.Succeeded != 1 || a.Failed != 1 || len(a.Objects) != 2 {
				t.Errorf("%s: %v", got.body, err)
			}
			if status := p.end(); status != 0 || !f.closed {
				t.Errorf("the process ends with %d, closed %v", status, f.closed)
			}
		})
	}
}

func TestOnlyOtherStages(t *testing.T) {
	t.Parallel()
	f := &fake{stage: always(objects("posts"), nil)}
	p := start(t, f, nil, definition)
	got := p.invoke(event{payload: `{"only":["silver"]}`})
	if got.body != `{"stage":"raw","succeeded":0,"failed":0,"duration_ms":0,"objects":[]}` || len(f.stages) > 0 {
		t.Errorf("%s, stages %v", got.body, f.stages)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	missing := &lake.Error{Code: lake.ParameterMissing, Message: "data_wordpressapi_raw: No S3 raw bucket returned", Hint: "set it"}
	full := objects("posts", "!terms")
	full.Objects[1].Error = &lake.Problem{Code: lake.StorageFull, Message: "terms has at least 900.0 MiB, and there is room for 512.0 MiB", Hint: "free some space"}
	memory := objects("posts", "!terms")
	memory.Objects[1].Error = &lake.Problem{Code: lake.OutOfMemory, Message: "terms needs more"}
	tests := map[string]struct {
		lake    *fake
		kind    string   // of the function's error; "": it answers
		says    []string // the error or the answer
		subject string   // of the message; "": none
		body    []string
	}{
		"all well": {lake: &fake{stage: always(objects("posts", "=terms"), nil)}, says: []string{`"succeeded":2,"failed":0`}},
		"some failed": {
			lake: &fake{stage: always(objects("posts", "!terms"), nil)}, says: []string{`"failed":1`, "ends early"},
			subject: "data_wordpressapi_raw: Ran With Failures",
			body:    []string{"data_wordpressapi_raw ran with 1 errors.  Please check logs.\n\n", "terms: ends early (SourceTruncated)", "ask the host"},
		},
		"all failed": {
			lake: &fake{stage: always(objects("!posts", "!terms"), nil)}, kind: "SourceTruncated", says: []string{"posts: ends early", "terms: ends early"},
			subject: "data_wordpressapi_raw: Ran With Failures",
		},
		"the stage could not run": {
			lake: &fake{stage: always(lake.StageReport{Error: &lake.Problem{Code: lake.AccessDenied, Message: "no", Hint: "allow s3:ListBucket"}}, nil)},
			kind: "AccessDenied", says: []string{"allow s3:ListBucket"}, subject: "data_wordpressapi_raw: Failed",
		},
		"no bucket": {
			lake: &fake{stage: always(lake.StageReport{}, missing)}, kind: "ParameterMissing",
			subject: "data_wordpressapi_raw: Failed", body: []string{"data_wordpressapi_raw: No S3 Raw bucket returned.\n", "set it"},
		},
		"no topic": {
			lake: &fake{stage: always(objects("posts"), nil), topic: &lake.Error{Code: lake.ParameterMissing, Message: "no topic", Hint: "set it"}},
			kind: "ParameterMissing", says: []string{"no topic", "set it"},
		},
		"nobody can be told": {
			lake: &fake{stage: always(objects("posts", "!terms"), nil), publish: errors.New("throttled")},
			kind: "AlertFailed", says: []string{"throttled", "ran with 1 errors"}, subject: "data_wordpressapi_raw: Ran With Failures",
		},
		"nobody can be told that all failed": {
			lake: &fake{stage: always(objects("!terms"), nil), publish: errors.New("throttled")},
			kind: "SourceTruncated", says: []string{"throttled", "ends early"}, subject: "data_wordpressapi_raw: Ran With Failures",
		},
		"no room": {
			lake: &fake{stage: always(full, nil)}, says: []string{"900.0 MiB", "512.0 MiB", "aws.functions.storage_mb (now 1024"},
			subject: "data_wordpressapi_raw: Ran With Failures", body: []string{"aws.functions.storage_mb"},
		},
		"no memory": {
			lake: &fake{stage: always(memory, nil)}, says: []string{"aws.functions.memory_mb (now 512"}, subject: "data_wordpressapi_raw: Ran With Failures",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, test.lake, nil, definition)
			got := p.invoke(event{payload: `{"run_id":"run-7"}`})
			text := got.body
			if test.kind != "" {
				var kind string
				if kind, text = got.failure(t); kind != test.kind {
					t.Errorf("the function fails with %s: %s", kind, text)
				}
			}
			for _, want := range test.says {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in %s", want, text)
				}
			}
			if test.subject == "" {
				if len(test.lake.messages) > 0 {
					t.Errorf("people are told %+v", test.lake.messages)
				}
				return
			}
			if len(test.lake.messages) != 1 {
				t.Fatalf("people are told %+v", test.lake.messages)
			}
			m := test.lake.messages[0]
			if m.Subject != test.subject || m.Topic != "arn:aws:sns:eu-west-1:123456789012:data-lakehouse-raw" {
				t.Errorf("%+v", m)
			}
			for _, want := range test.body {
				if !strings.Contains(m.Body, want) {
					t.Errorf("%q is not in the body:\n%s", want, m.Body)
				}
			}
		})
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	f := &fake{stage: func(context.Context, string, pipeline.Request) (lake.StageReport, error) { panic("the sky falls") }}
	p := start(t, f, nil, definition)
	got := p.invoke(event{payload: `{}`})
	if kind, message := got.failure(t); kind != "Internal" || !strings.Contains(message, "the sky falls") || !strings.Contains(got.body, "lambda_test.go") {
		t.Errorf("%s", got.body)
	}
	if status := <-p.status; status != 1 { // a new process begins anew
		t.Errorf("the process ends with %d", status)
	}
	p.lines()
}

func TestInitErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env        map[string]string
		definition string
		says       string
	}{
		"the definition":       {nil, "sauce:\n  kind: sample\n", "wplake.yaml:1:1"},
		"an unknown function":  {map[string]string{"WPLAKE_FUNCTION": "gold"}, definition, "WPLAKE_FUNCTION is one of raw, bronze, silver, catalog"},
		"no definition at all": {map[string]string{"LAMBDA_TASK_ROOT": "/nowhere"}, definition, "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, &fake{}, test.env, test.definition)
			got := <-p.told
			if kind, message := got.failure(t); got.path != "/init/error" || kind != "ConfigInvalid" || !strings.Contains(message, test.says) {
				t.Errorf("%+v", got)
			}
			if status := <-p.status; status != 1 {
				t.Errorf("the process ends with %d", status)
			}
		})
	}
}

func TestWarmAndScratch(t *testing.T) {
	t.Parallel()
	var p *function
	f := &fake{}
	f.stage = func(context.Context, string, pipeline.Request) (lake.StageReport, error) {
		left, err := os.ReadDir(p.opened.Scratch)
		if err != nil || len(left) > 0 {
			t.Errorf("the scratch folder has %v, %v", left, err)
		}
		return objects("posts"), os.WriteFile(filepath.Join(p.opened.Scratch, "spool"), []byte("left"), 0o600)
	}
	p = start(t, f, nil, definition)
	if err := os.MkdirAll(filepath.Join(p.temp, "other"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		if got := p.invoke(event{id: id, payload: `{}`}); got.path != "/invocation/"+id+"/response" {
			t.Errorf("%+v", got)
		}
	}
	p.end()
	if left, err := os.ReadDir(p.temp); err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if limit := p.opened.Config.Engine.MemoryLimit; limit != 448<<20 {
		t.Errorf("the memory limit is %d", limit)
	}
	if free, err := p.opened.Room.Free(p.temp); err != nil || free <= 0 || !strings.Contains(p.opened.Room.Hint, "storage_mb") {
		t.Errorf("room: %d, %v, %q", free, err, p.opened.Room.Hint)
	}
	var cold []any
	for _, l := range p.lines() {
		if l["message"] == "invocation began" {
			cold = append(cold, l["requestId"], l["cold_start"])
		}
	}
	if !slices.Equal(cold, []any{"a", true, "b", false}) {
		t.Errorf("began: %v", cold)
	}
}

// Each line of the log is as Lambda's JSON format has it.
func TestLog(t *testing.T) {
	t.Parallel()
	var p *function
	f := &fake{}
	f.stage = func(context.Context, string, pipeline.Request) (lake.StageReport, error) {
		p.opened.Log.Info("at work", "object", "posts", "rows", 3)
		p.opened.Log.With("run", "of its own").WithGroup("deep").Warn("beware", "run", "x")
		p.opened.Log.Debug("too much")
		return objects("posts", "=terms", "!users"), nil
	}
	p = start(t, f, nil, definition)
	p.invoke(event{payload: `{"run_id":"run-7"}`})
	p.end()
	seen := map[any]map[string]any{}
	emf := 0
	for _, l := range p.lines() {
		if l["_aws"] != nil {
			emf++
			if l["Lake"] != "wplake-test" || l["run"] != "run-7" || l["requestId"] != "request-1" {
				t.Errorf("metrics: %v", l)
			}
			continue
		}
		at, _ := l["timestamp"].(string)
		if _, err := time.Parse(time.RFC3339, at); err != nil || l["level"] == nil || l["message"] == nil {
			t.Errorf("%v", l)
		}
		seen[l["message"]] = l
	}
	if emf != 2 {
		t.Errorf("%d lines of metrics", emf)
	}
	if l := seen["at work"]; l["requestId"] != "request-1" || l["run"] != "run-7" || l["object"] != "posts" || l["level"] != "INFO" || l["rows"] != 3.0 {
		t.Errorf("%v", l)
	}
	if l := seen["beware"]; l["run"] != "of its own" || l["level"] != "WARN" {
		t.Errorf("%v", l)
	}
	if seen["too much"] != nil {
		t.Error("DEBUG is told unasked")
	}
}

func TestSIGTERM(t *testing.T) {
	// Not parallel: the signal reaches the whole process, so it has to be
	// someone's. Main listens for it from its beginning.
	f := &fake{}
	at := make(chan struct{})
	f.stage = func(ctx context.Context, _ string, _ pipeline.Request) (lake.StageReport, error) {
		close(at)
		<-ctx.Done()
		return objects("=posts", "-terms"), nil
	}
	p := start(t, f, nil, definition)
	p.events <- event{id: "x", payload: `{}`, left: time.Hour}
	<-at
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	got := <-p.told
	if kind, message := got.failure(t); kind != "StageUnfinished" || !strings.Contains(message, "told to stop") || !strings.Contains(message, "terms") {
		t.Errorf("%s", got.body)
	}
	if status := <-p.status; status != 0 || !f.closed || len(f.messages) > 0 {
		t.Errorf("status %d, closed %v, told %v", status, f.closed, f.messages)
	}
}

func TestNotWithinLambda(t *testing.T) {
	t.Parallel()
	var none strings.Builder
	env := func(string) (string, bool) { return "", false }
	if status := lambda.Main(t.Context(), lambda.Options{Getenv: env, Stdout: &none, Now: time.Now}); status != 1 || !strings.Contains(none.String(), "call the program wplake") {
		t.Errorf("%d: %s", status, none.String())
	}
	for line, want := range map[string]bool{"/var/task/bootstrap": true, "bootstrap": true, "bin/wplake": false, "bootstrap stage silver": false} {
		if lambda.Wanted(strings.Fields(line), env) != want {
			t.Errorf("%s: %v", line, !want)
		}
	}
	if !lambda.Wanted([]string{"wplake"}, func(k string) (string, bool) { return "127.0.0.1:9001", k == "AWS_LAMBDA_RUNTIME_API" }) {
		t.Error("the runtime's address is not heeded")
	}
}

func TestConfigOfTheLake(t *testing.T) {
	t.Parallel()
	p := start(t, &fake{stage: always(objects("posts"), nil)}, map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008"}, definition)
	p.invoke(event{payload: `{}`})
	if got := p.opened.Config.Engine.MemoryLimit; got != config.Default().Engine.MemoryLimit || p.opened.Function != "raw" {
		t.Errorf("limit %d, function %q", got, p.opened.Function)
	}
}
