package home

import (
	"context"
	"log/slog"
	"sync/atomic"

	"wplake/internal/logs"
)

// What the log says at both ends of a run; whoever follows one looks for the
// second.
const (
	runBegan = "run began"
	runEnded = logs.RunEnded
)

// runKey is the key of a run's id in a context.
type runKey struct{}

// withRun makes what is logged with the context a line of a run.
func withRun(ctx context.Context, run string) context.Context {
	return context.WithValue(ctx, runKey{}, run)
}

// runHandler gives every line of a run its id: the run of the context, or the
// one that holds the lake in this process. Sources, buckets and alerts log
// without knowing for whom they work.
type runHandler struct {
	slog.Handler
	holder *atomic.Pointer[string]
	said   bool // the logger's own attributes tell already
}

// Handle adds the run to a record that does not have it.
func (h runHandler) Handle(ctx context.Context, r slog.Record) error {
	said := h.said
	r.Attrs(func(a slog.Attr) bool {
		said = said || tellsRun(a)
		return !said
	})
	if said {
		return h.Handler.Handle(ctx, r)
	}
	run, _ := ctx.Value(runKey{}).(string)
	if holder := h.holder.Load(); run == "" && holder != nil {
		run = *holder
	}
	if run != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("run", run))
	}
	return h.Handler.Handle(ctx, r)
}

// tellsRun tells whether an attribute says whose line it is.
func tellsRun(a slog.Attr) bool { return a.Key == "run" || a.Key == "execution" }

// WithAttrs returns a handler with attributes.
func (h runHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		h.said = h.said || tellsRun(a)
	}
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup returns a handler whose further attributes are in a group.
func (h runHandler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
