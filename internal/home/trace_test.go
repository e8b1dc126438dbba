package home

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
)

func TestTraced(t *testing.T) {
	t.Parallel()
	var names []string
	var key string
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []struct{ Name string } }
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		key = r.Header.Get("X-Key")
		for _, s := range body.ResourceSpans[0].ScopeSpans[0].Spans {
			names = append(names, s.Name)
		}
	}))
	var log strings.Builder
	h := &Home{Config: config.Default(), Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))}
	if h.traced(t.Context(), "run-7", nil) != nil {
		t.Error("a trace is made unasked")
	}
	h.Config.AWS.Tracing = config.AWSTracing{Endpoint: collector.URL, Headers: map[string]config.Ref{"X-Key": "abc"}}
	seen := 0
	done := lake.StageReport{Stage: "raw", Objects: []lake.ObjectReport{{Object: "posts", Status: lake.StatusSucceeded}}}
	run := func() {
		progress := h.traced(t.Context(), "run-7", func(pipeline.Event) { seen++ })
		progress(pipeline.Event{Stage: "raw"})
		progress(pipeline.Event{Stage: "raw", Object: "posts", Report: &done.Objects[0]})
		progress(pipeline.Event{Stage: "raw", Done: &done})
	}
	run()
	if got := strings.Join(names, ", "); got != "raw, raw posts" || seen != 3 || key != "abc" {
		t.Errorf("spans %q, events %d, key %q", got, seen, key)
	}
	collector.Close()
	run()
	if seen != 6 || !strings.Contains(log.String(), "the trace was not taken") || !strings.Contains(log.String(), "run-7") {
		t.Errorf("events %d, log %s", seen, log.String())
	}
}
