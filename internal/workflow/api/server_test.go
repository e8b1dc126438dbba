package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"wplake/internal/asl/teststate"
	"wplake/internal/workflow/api"
)

func TestHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host   string
		header string
		want   int
	}{
		{"127.0.0.1:8083", "", 200},
		{"localhost:8083", "", 200},
		{"[::1]:8083", "", 200},
		{"sync-127.0.0.1:8083", "", 200},
		{"sync-localhost", "", 200},
		{"LOCALHOST.", "", 200},
		{"lake.example:8083", "", 403},
		{"127.0.0.1.lake.example", "", 403},
		{"10.0.0.1:8083", "", 403},
		{"", "", 403},
		{"127.0.0.1:8083", "Origin", 403},
		{"127.0.0.1:8083", "Sec-Fetch-Site", 403},
	} {
		c := newClient(t)
		r := request(t, "ListStateMachines", object{})
		r.Host = tt.host
		if tt.header != "" {
			r.Header.Set(tt.header, "null")
		}
		if got := c.send(r).StatusCode; got != tt.want {
			t.Errorf("host %q, header %q: %d, want %d", tt.host, tt.header, got, tt.want)
		}
	}
}

func TestRequestsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(r *http.Request)
		status int
		code   string
	}{
		{"another service", func(r *http.Request) { r.Header.Set("X-Amz-Target", "AWSGlue.GetJob") }, 404, "UnknownOperationException"},
		{"no operation", func(r *http.Request) { r.Header.Del("X-Amz-Target") }, 404, "UnknownOperationException"},
		{"a form", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, "SerializationException"},
		{"another path", func(r *http.Request) { r.URL.Path = "/x" }, 404, "UnknownOperationException"},
		{"another method", func(r *http.Request) { r.Method = http.MethodGet }, 404, "UnknownOperationException"},
		{"no JSON", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("{")) }, 400, "SerializationException"},
		{"a list", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("[]")) }, 400, "SerializationException"},
		{"null", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("null")) }, 400, "SerializationException"},
		{"too much", func(r *http.Request) { r.Body = io.NopCloser(io.LimitReader(endless{}, 1<<40)) }, 413, "RequestEntityTooLargeException"},
		{"nothing", func(r *http.Request) { r.Body = http.NoBody }, 200, ""},
		{"version 1.1", func(r *http.Request) { r.Header.Set("Content-Type", "application/x-amz-json-1.1; charset=utf-8") }, 200, ""},
	} {
		c := newClient(t)
		r := request(t, "ListStateMachines", object{})
		tt.change(r)
		response := c.send(r)
		var answer object
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		code, _ := answer["__type"].(string)
		if response.StatusCode != tt.status || code != tt.code {
			t.Errorf("%s: %d %v", tt.name, response.StatusCode, answer)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestHealth(t *testing.T) {
	t.Parallel()
	well := true
	c := newClient(t, func(o *api.Options) {
		o.Health = func(context.Context) (any, bool) { return object{"ready": well}, well }
	})
	get := func() string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/healthz", nil)
		response := c.send(r)
		body, _ := io.ReadAll(response.Body)
		return response.Status + " " + string(body)
	}
	if got := get(); got != `200 OK {"ready":true}` {
		t.Error(got)
	}
	well = false
	if got := get(); got != `503 Service Unavailable {"ready":false}` {
		t.Error(got)
	}
}

func TestTestStateAndValidation(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(o *api.Options) {
		o.TestState = func(_ context.Context, r teststate.Request) (teststate.Answer, error) {
			if r.Definition == "bad" {
				return teststate.Answer{}, &teststate.Error{Code: teststate.CodeDefinition, Message: "m"}
			}
			return teststate.Answer{Output: r.Input, Status: teststate.Succeeded}, nil
		}
	})
	same(t, c.ok(t, "TestState", object{"definition": "{}", "input": "1"}), object{"output": "1", "status": "SUCCEEDED"})
	if code, message := c.refused(t, "TestState", object{"definition": "bad"}); code != "InvalidDefinition" || message != "m" {
		t.Errorf("%s: %s", code, message)
	}
	without := newClient(t)
	if code, _ := without.refused(t, "TestState", object{"definition": "{}"}); code != "UnknownOperationException" {
		t.Errorf("without TestState: %s", code)
	}
	same(t, c.ok(t, "ValidateStateMachineDefinition", object{"definition": pass}), object{"result": "OK", "diagnostics": []object{}, "truncated": false})
	bad := `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"X"},"B":{"Type":"Pass","Next":"Y"}}}`
	if got := c.ok(t, "ValidateStateMachineDefinition", object{"definition": bad, "maxResults": 1}); got["result"] != "FAIL" || got["truncated"] != true || len(got["diagnostics"].([]any)) != 1 {
		t.Errorf("one of several: %v", got)
	}
	same(t, c.ok(t, "ValidateStateMachineDefinition", object{"definition": ""}), object{
		"result": "FAIL", "truncated": false,
		"diagnostics": []object{{"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": "Definition must be a valid JSON object"}},
	})
}

func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"name":"a","definition":"{}","roleArn":"r","tags":[{"key":"k"}],"loggingConfiguration":{"destinations":[null]}}`,
		`{"routingConfiguration":[{"weight":1e400}],"name":"x"}`, `{"stateMachineArn":"arn:aws:states:r:0:stateMachine:a:b:c","nextToken":"e30="}`, `[]`, `nul`,
	} {
		for _, name := range []string{"CreateStateMachine", "CreateStateMachineAlias", "ListExecutions", "UpdateMapRun"} {
			f.Add(name, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, operation string, body []byte) {
		c := newClient(t, func(o *api.Options) { o.Poll = 1 })
		r := request(t, "", nil)
		r.Header["X-Amz-Target"] = []string{"AWSStepFunctions." + operation}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if response := c.send(r); response.StatusCode >= 500 {
			text, _ := io.ReadAll(response.Body)
			t.Errorf("%d %s", response.StatusCode, text)
		}
	})
}
