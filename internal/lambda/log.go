package lambda

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
)

// lines is standard output of a function: what is written in one call is never
// mixed with something else.
type lines struct {
	mu  sync.Mutex
	out io.Writer
}

// Write writes whole lines.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

// line writes one line.
func (l *lines) line(text []byte) {
	_, _ = l.Write(append(bytes.TrimRight(text, "\n"), '\n')) // standard output is all there is to tell
}

// current is the invocation at work, as lines of the log tell it.
type current struct{ request, run string }

// logHandler writes the log as Lambda's own JSON format does: timestamp, level,
// message, requestId, and then what the line has besides.
type logHandler struct {
	slog.Handler
	now     *atomic.Pointer[current]
	saidRun bool // the logger's own attributes tell the run
	grouped bool // further attributes go into a group
}

// newLog makes the log of a function and what sets the invocation at work.
func newLog(out io.Writer, level slog.Level) (*slog.Logger, *atomic.Pointer[current]) {
	at := &atomic.Pointer[current]{}
	h := slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			return a
		}
		switch {
		case a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime:
			return slog.String("timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000Z"))
		case a.Key == slog.MessageKey:
			a.Key = "message"
		}
		return a
	}})
	return slog.New(logHandler{Handler: h, now: at}), at
}

// Handle adds the invocation to a record.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	at := h.now.Load()
	if at == nil || h.grouped {
		return h.Handler.Handle(ctx, r)
	}
	said := h.saidRun
	r.Attrs(func(a slog.Attr) bool {
		said = said || a.Key == "run"
		return !said
	})
	r = r.Clone()
	r.AddAttrs(slog.String("requestId", at.request))
	if !said {
		r.AddAttrs(slog.String("run", at.run))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs returns a handler with attributes.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		h.saidRun = h.saidRun || a.Key == "run" && !h.grouped
	}
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup returns a handler whose further attributes are in a group.
func (h logHandler) WithGroup(name string) slog.Handler {
	h.grouped = h.grouped || name != ""
	h.Handler = h.Handler.WithGroup(name)
	return h
}

// logLevel is the level that Lambda's setting names, INFO unless it does.
func logLevel(getenv func(string) (string, bool)) slog.Level {
	named, _ := getenv(envLogLevel)
	switch strings.ToUpper(named) {
	case "TRACE", "DEBUG":
		return slog.LevelDebug
	case "WARN":
		return slog.LevelWarn
	case "ERROR", "FATAL":
		return slog.LevelError
	}
	return slog.LevelInfo
}
