package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/params"
	"wplake/internal/params/yamlfile"
	"wplake/internal/store"
	"wplake/internal/store/local"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
)

const execution = "arn:aws:states:eu-west-1:000000000000:execution:lake:run-7"

// home is a home with a real store and real parameters, whose functions and
// stages do as a test says.
type home struct {
	t     *testing.T
	o     tasks.Options
	tasks *tasks.Tasks
	calls int

	mu        sync.Mutex
	published []notify.Message
	invoked   []tasks.Invocation
}

func newHome(t *testing.T, change ...func(*tasks.Options)) *home {
	t.Helper()
	h := &home{t: t}
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	h.o = tasks.Options{
		Functions: map[string]tasks.Function{"echo": h.echo},
		Jobs:      map[string]tasks.Stage{"wordpressapi_silver": well},
		Crawlers:  map[string]tasks.Stage{"wordpress_bronze": well, "wordpress_silver": well},
		Buckets:   map[string]store.Bucket{"lake-raw": local.New(dir, "lake-raw", log)},
		Params:    yamlfile.New(filepath.Join(dir, "params.yaml")),
		Publish: func(_ context.Context, _ workflow.Call, m notify.Message) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.published = append(h.published, m)
			return nil
		},
		Scratch: func() (string, error) { return t.TempDir(), nil },
		Log:     log, Now: time.Now, Account: "000000000000", Region: "eu-west-1", Database: "wordpress_api",
	}
	for _, c := range change {
		c(&h.o)
	}
	h.tasks = tasks.New(h.o)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = h.tasks.Wait(ctx) // what a test left running is stopped
	})
	return h
}

func (h *home) echo(_ context.Context, i tasks.Invocation) (any, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.invoked = append(h.invoked, i)
	return i.Payload, nil
}

// well is a stage in which all is well.
func well(context.Context, tasks.Invocation) (lake.StageReport, error) {
	return report("posts", "terms"), nil
}

// report is that of a stage over objects; "!posts" failed.
func report(objects ...string) lake.StageReport {
	r := lake.StageReport{Stage: "silver", Objects: []lake.ObjectReport{}}
	for _, o := range objects {
		one := lake.ObjectReport{Object: strings.TrimPrefix(o, "!"), Status: lake.StatusSucceeded, Warnings: []string{}}
		if one.Object != o {
			one.Status, one.Error = lake.StatusFailed, &lake.Problem{Code: lake.SourceTruncated, Message: one.Object + " ends early", Hint: "ask"}
		}
		r.Objects = append(r.Objects, one)
	}
	r.Count()
	return r
}

// do calls a resource with arguments in JSON.
func (h *home) do(resource, arguments string) (any, error) {
	h.t.Helper()
	return h.doCtx(h.t.Context(), resource, arguments, nil)
}

func (h *home) doCtx(ctx context.Context, resource, arguments string, submitted func(any)) (any, error) {
	h.t.Helper()
	r, ok := asl.ParseResource(resource)
	if !ok {
		r, ok = asl.ParseResource("arn:aws:states:::" + resource)
	}
	if !ok {
		h.t.Fatalf("%q is no resource", resource)
	}
	args, err := asl.Decode([]byte(arguments))
	if err != nil {
		h.t.Fatalf("%s: %v", arguments, err)
	}
	h.calls++
	return h.tasks.Do(ctx, workflow.Call{
		Execution: execution, ExecutionName: "run-7", Input: map[string]any{"full": true}, State: "Task",
		Resource: r, Arguments: args, Key: fmt.Sprint("key-", h.calls), Submitted: submitted,
	})
}

// must is do for a call that succeeds.
func (h *home) must(resource, arguments string) map[string]any {
	h.t.Helper()
	out, err := h.do(resource, arguments)
	if err != nil {
		h.t.Fatalf("%s %s: %v", resource, arguments, err)
	}
	m, ok := out.(map[string]any)
	if !ok {
		h.t.Fatalf("%s answers %v", resource, out)
	}
	return m
}

// refused is do for a call that fails by a name; it returns the cause.
func (h *home) refused(name, resource, arguments string) string {
	h.t.Helper()
	out, err := h.do(resource, arguments)
	var e *workflow.TaskError
	if !errors.As(err, &e) {
		h.t.Fatalf("%s %s: %v, %v; want the error %s", resource, arguments, out, err, name)
	}
	if e.Name != name {
		h.t.Fatalf("%s %s: %v; want the error %s", resource, arguments, e, name)
	}
	return e.Cause
}

// at follows keys and indices into a JSON value.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// is compares a place in an answer with a value in JSON.
func is(t *testing.T, want string, v any, path ...any) {
	t.Helper()
	if got := asl.Text(at(v, path...)); got != want {
		t.Errorf("%v is %s, want %s", path, got, want)
	}
}

// mustSay checks that a text says all of some.
func mustSay(t *testing.T, text string, all ...string) {
	t.Helper()
	for _, s := range all {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not in: %s", s, text)
		}
	}
}

func (h *home) put(name string, kind params.Type, value string) {
	h.t.Helper()
	if err := h.o.Params.Put(h.t.Context(), params.Parameter{Name: name, Type: kind, Value: value}); err != nil {
		h.t.Fatal(err)
	}
}

// table is a result that a reader gives.
type table struct {
	columns []lake.Column
	rows    [][]any
	err     error // of the query
	late    error // after the rows
	wait    chan struct{}
	asked   []string
	at      int
}

func (r *table) reader(context.Context) (engine.Reader, error) { r.at = 0; return r, nil }

func (r *table) Query(ctx context.Context, sql string, _ map[string]any) (engine.Rows, error) {
	r.asked = append(r.asked, sql)
	if r.wait != nil {
		select {
		case <-r.wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r, r.err
}

func (r *table) Export(context.Context, string, map[string]any, string) (int64, error) {
	return 0, errors.ErrUnsupported
}
func (r *table) Columns() []lake.Column { return r.columns }
func (r *table) Next() bool             { r.at++; return r.at <= len(r.rows) }
func (r *table) Values() []any          { return r.rows[r.at-1] }
func (r *table) Err() error             { return r.late }
func (r *table) Close() error           { return nil }
