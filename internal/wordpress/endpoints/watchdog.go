package endpoints

import (
	"context"
	"fmt"
	"io"
	"net/http/httptrace"
	"sync"
	"time"
)

// stallError is the cause of a context that a watchdog cancelled.
type stallError struct {
	what  string // e.g. "no connection"
	limit time.Duration
	key   string // the setting that holds the limit
}

func (e stallError) Error() string { return fmt.Sprintf("%s within %s", e.what, e.limit) }

// watchdog cancels an attempt that does not get on. It watches one phase at a
// time: to connect, to wait for the headers, to read from the body.
type watchdog struct {
	o      Options
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	timer *time.Timer
}

// begin starts to watch a phase, in place of the one before.
func (w *watchdog) begin(s stallError) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.halt()
	w.timer = time.AfterFunc(s.limit, func() { w.cancel(s) })
}

// pause watches nothing until the next phase begins.
func (w *watchdog) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.halt()
}

func (w *watchdog) halt() {
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *watchdog) connecting() {
	w.begin(stallError{"no connection", w.o.ConnectTimeout, "connect_timeout"})
}

func (w *watchdog) waiting() {
	w.begin(stallError{"no answer", w.o.FirstByteTimeout, "first_byte_timeout"})
}

func (w *watchdog) reading() {
	w.begin(stallError{"no further byte of the answer", w.o.IdleTimeout, "idle_timeout"})
}

// trace makes the phases follow a request made with the context.
func (w *watchdog) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { w.connecting() },
		GotConn: func(httptrace.GotConnInfo) { w.waiting() },
	})
}

// watched is a body whose reads are watched. What the reader does with the
// bytes between two reads takes as long as it takes.
type watched struct {
	body io.Reader
	dog  *watchdog
}

func (r watched) Read(p []byte) (int, error) {
	r.dog.reading()
	n, err := r.body.Read(p)
	r.dog.pause()
	return n, err
}
