package lambda_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/lambda"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
)

// service plays Lambda's runtime interface: it hands out events, and keeps what
// it is told.
type service struct {
	events chan event
	told   chan told
	server *httptest.Server
}

type event struct {
	id      string
	payload string
	left    time.Duration // until the deadline
	trace   string
}

// told is an answer, or an error.
type told struct {
	path      string
	errorType string // by the header
	body      string
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{events: make(chan event), told: make(chan told, 1)}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, known := strings.CutPrefix(r.URL.Path, "/2018-06-01/runtime")
	if !known {
		http.NotFound(w, r)
		return
	}
	if path == "/invocation/next" {
		select {
		case e := <-s.events:
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", e.id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(e.left).UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Trace-Id", e.trace)
			_, _ = io.WriteString(w, e.payload)
		case <-r.Context().Done():
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.WriteHeader(http.StatusAccepted)
	s.told <- told{path: path, errorType: r.Header.Get("Lambda-Runtime-Function-Error-Type"), body: string(body)}
}

// failure reads an error's body.
func (a told) failure(t *testing.T) (kind, message string) {
	t.Helper()
	var e struct {
		Type    string    `json:"errorType"`
		Message string    `json:"errorMessage"`
		Trace   *[]string `json:"stackTrace"`
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || e.Trace == nil {
		t.Fatalf("%s: %s", a.path, a.body)
	}
	if e.Type != a.errorType {
		t.Errorf("the header says %q, the body %q", a.errorType, e.Type)
	}
	return e.Type, e.Message
}

// fake is a lake whose stages do as they are told.
type fake struct {
	stage   func(ctx context.Context, name string, r pipeline.Request) (lake.StageReport, error)
	topic   error
	publish error

	mu       sync.Mutex
	asked    []pipeline.Request
	stages   []string
	messages []notify.Message
	closed   bool
}

func (f *fake) Topic(_ context.Context, l lake.Layer) (string, error) {
	return "arn:aws:sns:eu-west-1:123456789012:data-lakehouse-" + string(l), f.topic
}

func (f *fake) Stage(ctx context.Context, name string, r pipeline.Request, progress func(pipeline.Event)) (lake.StageReport, error) {
	f.mu.Lock()
	f.asked, f.stages = append(f.asked, r), append(f.stages, name)
	f.mu.Unlock()
	report, err := f.stage(ctx, name, r)
	for _, o := range report.Objects {
		progress(pipeline.Event{Stage: name, Object: o.Object, Report: &o})
	}
	report.Stage = name
	report.Count()
	return report, err
}

func (f *fake) Publish(_ context.Context, m notify.Message) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, m)
	return f.publish
}

func (f *fake) Resolve(_ context.Context, r config.Ref) (string, error) { return string(r), nil }

func (f *fake) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	return nil
}

// objects makes a report: "posts" is well, "=posts" was skipped, "!posts" failed,
// "-posts" was interrupted.
func objects(names ...string) lake.StageReport {
	var r lake.StageReport
	for _, n := range names {
		o := lake.ObjectReport{Object: strings.TrimLeft(n, "!-="), Status: lake.StatusSucceeded, Rows: 3, Bytes: 30, DurationMS: 2, Warnings: []string{}}
		switch n[0] {
		case '!':
			o.Status, o.Error = lake.StatusFailed, &lake.Problem{Code: lake.SourceTruncated, Message: o.Object + ": ends early", Hint: "ask the host"}
		case '-':
			o.Status, o.Error = lake.StatusFailed, &lake.Problem{Code: lake.Interrupted, Message: o.Object + ": interrupted"}
		case '=':
			o.Status, o.Unchanged = lake.StatusSkipped, true
		}
		r.Objects = append(r.Objects, o)
	}
	return r
}

// function is a running process.
type function struct {
	*service
	t      *testing.T
	lake   *fake
	opened lambda.OpenOptions
	log    *bytes.Buffer
	temp   string
	stop   func()
	status chan int
}

const definition = "source:\n  kind: sample\naws:\n  stack: wplake-test\n"

// start starts a function with an environment beyond what Lambda sets.
func start(t *testing.T, f *fake, env map[string]string, definition string) *function {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "wplake.yaml"), []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newService(t)
	variables := map[string]string{
		"AWS_LAMBDA_RUNTIME_API": strings.TrimPrefix(s.server.URL, "http://"), "LAMBDA_TASK_ROOT": root,
		"AWS_LAMBDA_FUNCTION_NAME": "data_wordpressapi_raw", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
	}
	for k, v := range env {
		variables[k] = v
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &function{service: s, t: t, lake: f, log: &bytes.Buffer{}, temp: t.TempDir(), stop: stop, status: make(chan int, 1)}
	t.Cleanup(stop)
	go func() {
		p.status <- lambda.Main(ctx, lambda.Options{
			Open: func(_ context.Context, o lambda.OpenOptions) (lambda.Lake, error) {
				p.opened = o
				return f, nil
			},
			Getenv: func(k string) (string, bool) { v, ok := variables[k]; return v, ok },
			Setenv: func(k, v string) error { variables[k] = v; return nil },
			Stdout: p.log, Now: time.Now, Version: "v1.2.3", Temp: p.temp,
		})
	}()
	return p
}

// invoke sends an event and waits for what it is answered.
func (p *function) invoke(e event) told {
	p.t.Helper()
	if e.id == "" {
		e.id = "request-1"
	}
	if e.left == 0 {
		e.left = time.Hour
	}
	p.events <- e
	return <-p.told
}

// end stops the process as SIGTERM does, and returns its exit status.
func (p *function) end() int {
	p.t.Helper()
	p.stop()
	return <-p.status
}

// lines are those of standard output, each of which is a JSON object.
func (p *function) lines() []map[string]any {
	p.t.Helper()
	var all []map[string]any
	for line := range strings.Lines(p.log.String()) {
		var one map[string]any
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			p.t.Fatalf("%q is no JSON object: %v", line, err)
		}
		all = append(all, one)
	}
	return all
}
