package tracing_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/tracing"
)

var update = flag.Bool("update", false, "write the golden files")

func begin() time.Time { return time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC) }

// report is a stage's of two objects, as its recorder has seen it.
func report(r *tracing.Recorder, now *time.Time) lake.StageReport {
	s := lake.StageReport{Stage: "raw", Objects: []lake.ObjectReport{
		{Object: "posts", Status: lake.StatusSucceeded, Rows: 12, Bytes: 3456, DurationMS: 700},
		{Object: "terms", Status: lake.StatusFailed, DurationMS: 100, Error: &lake.Problem{Code: lake.SourceTruncated, Message: "terms: ends early"}},
	}}
	s.Count()
	for i, at := range []time.Duration{800 * time.Millisecond, 300 * time.Millisecond} {
		*now = begin().Add(at)
		r.Event(pipeline.Event{Stage: "raw", Object: s.Objects[i].Object, Bytes: 1})
		r.Event(pipeline.Event{Stage: "raw", Object: s.Objects[i].Object, Report: &s.Objects[i]})
	}
	return s
}

func spans(header, attempt string) []tracing.Span {
	var now time.Time
	r := tracing.NewRecorder(func() time.Time { return now })
	s := report(r, &now)
	return r.Spans(tracing.Stage{Run: "run-7", Attempt: attempt, Header: header, Began: begin(), Ended: begin().Add(time.Second)}, s)
}

// collector keeps what it is sent.
type collector struct {
	mu      sync.Mutex
	bodies  [][]byte
	headers []http.Header
	paths   []string
	status  int
	answer  string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bodies, c.headers, c.paths = append(c.bodies, body), append(c.headers, r.Header), append(c.paths, r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	if c.status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(c.status)
	_, _ = io.WriteString(w, c.answer)
}

func serve(t *testing.T, c *collector) string {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return server.URL
}

func TestSendGolden(t *testing.T) {
	t.Parallel()
	c := &collector{status: 200, answer: `{"partialSuccess":{}}`}
	e := tracing.NewExporter(tracing.Options{
		Endpoint: serve(t, c) + "/", Service: "data_wordpressapi_raw", Version: "v1.2.3",
		Headers: func(context.Context) (map[string]string, error) { return map[string]string{"X-Api-Key": "secret"}, nil },
	})
	if err := e.Send(t.Context(), spans("Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1", "request-1")); err != nil {
		t.Fatal(err)
	}
	if len(c.bodies) != 1 || c.paths[0] != "/v1/traces" || c.headers[0].Get("X-Api-Key") != "secret" || c.headers[0].Get("Content-Type") != "application/json" {
		t.Fatalf("%v %v", c.paths, c.headers)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, c.bodies[0], "", "  "); err != nil {
		t.Fatal(err)
	}
	got.WriteByte('\n')
	const golden = "testdata/traces.json"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
	}
}

// Spans that belong together say so, whatever X-Ray passes on.
func TestIdentity(t *testing.T) {
	t.Parallel()
	const unsampled = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0"
	hex := regexp.MustCompile(`^[0-9a-f]+$`)
	seen := map[string]bool{}
	for _, header := range []string{"", "nonsense", "Root=1-x-y;Sampled=1", unsampled, "Root=1-67891233-abcdef012345678912345678;Sampled=1"} {
		s := spans(header, "a"+header)
		for i, one := range s {
			if len(one.Trace) != 32 || len(one.ID) != 16 || !hex.MatchString(one.Trace+one.ID) || one.Trace != s[0].Trace || seen[one.ID] {
				t.Errorf("%q: %+v", header, one)
			}
			seen[one.ID] = true
			if i > 0 && one.Parent != s[0].ID || i == 0 && one.Parent != "" || one.End.Before(one.Start) || one.Start.Before(begin()) {
				t.Errorf("%q: %+v", header, one)
			}
		}
	}
	own := spans("", "")[0].Trace
	if spans(unsampled, "x")[0].Trace != own {
		t.Error("a run's stages have different traces")
	}
	if spans("Root=1-67891233-abcdef012345678912345678;Sampled=1", "")[0].Trace != "67891233abcdef012345678912345678" {
		t.Error("X-Ray's trace is not gone on with")
	}
}

func TestSendTroubles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		c    *collector
		says string
	}{
		"refused":         {&collector{status: 403, answer: "who are you"}, "403 Forbidden: who are you"},
		"down":            {&collector{status: 503}, "503"},
		"redirect":        {&collector{status: 302}, "302"},
		"rejected":        {&collector{status: 200, answer: `{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}`}, "rejected 2 spans: too old"},
		"protobuf answer": {&collector{status: 200, answer: "\x0a\x00"}, ""},
		"no answer":       {&collector{status: 202}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tracing.NewExporter(tracing.Options{Endpoint: serve(t, test.c)}).Send(t.Context(), spans("", ""))
			if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%v", err)
			}
			if len(test.c.bodies) != 1 {
				t.Errorf("%d requests", len(test.c.bodies))
			}
		})
	}
	none := httptest.NewServer(http.NotFoundHandler())
	none.Close()
	if err := tracing.NewExporter(tracing.Options{Endpoint: none.URL}).Send(t.Context(), spans("", "")); err == nil {
		t.Error("nobody is there, and it is no error")
	}
	e := tracing.NewExporter(tracing.Options{Endpoint: none.URL, Headers: func(context.Context) (map[string]string, error) { return nil, errors.New("no such parameter") }})
	if err := e.Send(t.Context(), nil); err == nil || err.Error() != "no such parameter" {
		t.Errorf("%v", err)
	}
	if at := tracing.NewExporter(tracing.Options{Endpoint: "https://user:secret@host/v1/traces?key=secret"}).Endpoint(); at != "https://host/v1/traces" {
		t.Errorf("%s", at)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	c := &collector{status: 200}
	many := make([]tracing.Span, 600)
	if err := tracing.NewExporter(tracing.Options{Endpoint: serve(t, c)}).Send(t.Context(), many); err != nil {
		t.Fatal(err)
	}
	if len(c.bodies) != 3 {
		t.Errorf("%d requests", len(c.bodies))
	}
}
