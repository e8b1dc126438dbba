package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/workflow"
	"wplake/internal/workflow/api"
)

type object = map[string]any

const account = "000000000000"

func arnOf(name string) string {
	return "arn:aws:states:eu-west-1:" + account + ":stateMachine:" + name
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(minutes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Duration(minutes) * time.Minute)
}

// documents keeps documents, and which machines have executions, in memory.
type documents struct {
	mu      sync.Mutex
	kept    map[string]workflow.Document
	running map[string]bool
	// before is called before a document is written, to change it first.
	before func(d workflow.Document)
}

func (m *documents) Document(_ context.Context, kind, key string) (workflow.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.kept[kind+"\x00"+key]
	if !ok {
		return d, workflow.ErrNotFound
	}
	return d, nil
}

func (m *documents) PutDocument(_ context.Context, d workflow.Document, replaces int64) error {
	m.mu.Lock()
	before := m.before
	m.before = nil
	m.mu.Unlock()
	if before != nil {
		before(d)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept[d.Kind+"\x00"+d.Key].Revision != replaces {
		return workflow.ErrConflict
	}
	m.kept[d.Kind+"\x00"+d.Key] = d
	return nil
}

func (m *documents) DeleteDocument(_ context.Context, kind, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, kind+"\x00"+key)
	return nil
}

func (m *documents) Documents(_ context.Context, kind, after string, limit int) ([]workflow.Document, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []workflow.Document
	for _, k := range slices.Sorted(maps.Keys(m.kept)) {
		if d := m.kept[k]; d.Kind == kind && d.Key > after && (limit == 0 || len(list) < limit) {
			list = append(list, d)
		}
	}
	return list, nil
}

func (m *documents) List(_ context.Context, f workflow.Filter) ([]workflow.Execution, string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[f.MachineARN] {
		return []workflow.Execution{{}}, "", nil
	}
	return nil, "", nil
}

func (m *documents) count(kind string) (n int) {
	list, _ := m.Documents(context.Background(), kind, "", 0)
	return len(list)
}

// client asks a server as an SDK does.
type client struct {
	server   *api.Server
	options  api.Options
	clock    *clock
	store    *documents
	registry *workflow.Registry
	engine   *fakeEngine
}

func newClient(t *testing.T, change ...func(*api.Options)) *client {
	t.Helper()
	c := &client{
		clock: &clock{now: time.Date(2026, 11, 24, 8, 0, 0, 123456789, time.UTC)},
		store: &documents{kept: map[string]workflow.Document{}, running: map[string]bool{}},
	}
	c.registry = workflow.NewRegistry(c.store, c.clock.Now, account, "eu-west-1")
	c.engine = &fakeEngine{kept: map[string]workflow.Execution{}, now: c.clock.Now}
	c.options = api.Options{
		Engine: c.engine, Registry: c.registry, Now: c.clock.Now, Log: slog.New(slog.DiscardHandler), Host: "127.0.0.1",
		Health: func(context.Context) (any, bool) { return object{"ready": true}, true },
	}
	for _, f := range change {
		f(&c.options)
	}
	c.server = api.New(c.options)
	return c
}

func (c *client) send(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w.Result()
}

func request(t *testing.T, operation string, body any) *http.Request {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:8083/", bytes.NewReader(text))
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "AWSStepFunctions."+operation)
	return r
}

func (c *client) call(t *testing.T, operation string, body any) (int, object) {
	t.Helper()
	response := c.send(request(t, operation, body))
	var answer object
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatalf("%s: the answer is no JSON: %v", operation, err)
	}
	if response.Header.Get("x-amzn-RequestId") == "" {
		t.Errorf("%s: no request id", operation)
	}
	return response.StatusCode, answer
}

// ok calls an operation that must succeed.
func (c *client) ok(t *testing.T, operation string, body any) object {
	t.Helper()
	status, answer := c.call(t, operation, body)
	if status != http.StatusOK {
		t.Fatalf("%s %v: %d %v", operation, body, status, answer)
	}
	return answer
}

// refused calls an operation and returns code and message of the error, both
// empty when there was none.
func (c *client) refused(t *testing.T, operation string, body any) (code, message string) {
	t.Helper()
	status, answer := c.call(t, operation, body)
	if status == http.StatusOK {
		return "", ""
	}
	if status >= http.StatusInternalServerError {
		t.Errorf("%s %v: %d %v", operation, body, status, answer)
	}
	code, _ = answer["__type"].(string)
	message, _ = answer["message"].(string)
	return code, message
}

// all lists page after page.
func (c *client) all(t *testing.T, operation string, body object, key string) []object {
	t.Helper()
	body = maps.Clone(body)
	var list []object
	for {
		answer := c.ok(t, operation, body)
		for _, item := range answer[key].([]any) {
			list = append(list, item.(object))
		}
		if answer["nextToken"] == nil {
			return list
		}
		body["nextToken"] = answer["nextToken"]
	}
}

// same compares values as JSON.
func same(t *testing.T, got, want any) {
	t.Helper()
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plain, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
