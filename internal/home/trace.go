package home

import (
	"context"
	"sync"
	"time"

	"wplake/internal/pipeline"
	"wplake/internal/tracing"
)

// traced adds to what listens to a run's progress, which may be nil, the
// sending of a trace of each stage when it is done. Without a collector in the
// definition it is progress itself. That a trace was not taken is only logged.
func (h *Home) traced(ctx context.Context, run string, progress func(pipeline.Event)) func(pipeline.Event) {
	c := h.Config.AWS.Tracing
	if c.Endpoint == "" {
		return progress
	}
	exporter := tracing.NewExporter(tracing.Options{
		Endpoint: c.Endpoint, Service: "wplake", Version: h.Version,
		Headers: func(ctx context.Context) (map[string]string, error) {
			values := map[string]string{}
			for name, ref := range c.Headers {
				value, err := h.Resolve(ctx, ref)
				if err != nil {
					return nil, err
				}
				values[name] = value
			}
			return values, nil
		},
	})
	recorder := tracing.NewRecorder(h.Now)
	var mu sync.Mutex
	began := map[string]time.Time{}
	return func(e pipeline.Event) {
		if progress != nil {
			progress(e)
		}
		recorder.Event(e)
		if e.Object != "" {
			return
		}
		mu.Lock()
		if e.Done == nil {
			began[e.Stage] = h.Now()
		}
		at := began[e.Stage]
		mu.Unlock()
		if e.Done == nil {
			return
		}
		spans := recorder.Spans(tracing.Stage{Run: run, Began: at, Ended: h.Now()}, *e.Done)
		if err := exporter.Send(context.WithoutCancel(ctx), spans); err != nil {
			h.Log.Warn("the trace was not taken", "run", run, "endpoint", exporter.Endpoint(), "error", err)
		}
	}
}
