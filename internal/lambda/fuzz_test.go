package lambda

import (
	"slices"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/pipeline"
)

// Whatever an event is, there is a stage and a run, or an error.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{}`, ``, `null`, `"text"`, `[1,2]`, `{"objects":"posts"}`, `{"stage":"bronze","run_id":"r"}`, `{"stage":["raw"]}`,
		`{"version":"0","detail":{},"source":"aws.events"}`, `{"run_id":""}`, `{"full":"yes"}`, "{\"stage\":\"raw\"", `{"stage":"crawl-silver"}`,
	} {
		for _, function := range []string{"", "raw", "catalog"} {
			f.Add(seed, function)
		}
	}
	f.Fuzz(func(t *testing.T, payload, function string) {
		if function != "" && !slices.Contains(functions(), function) {
			return
		}
		h := &handler{config: config.Default(), function: function, name: "f", now: func() time.Time { return time.Unix(0, 0) }}
		j, err := h.job(invocation{id: "request-1", payload: []byte(payload)})
		if err == nil && (!slices.Contains(pipeline.Stages(), j.stage) || j.layer == "") || j.RunID == "" {
			t.Errorf("%q for %q: %+v, %v", payload, function, j, err)
		}
	})
}
