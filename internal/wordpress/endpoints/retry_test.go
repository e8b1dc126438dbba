package endpoints_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
	"wplake/internal/wordpress/endpoints"
	"wplake/internal/wordpress/sourcetest"
)

const postsURL = "https://site.example/wp-json/mo/v1/posts_endpoint/"

func posts() wordpress.Object { return wordpress.Object{Name: "posts"} }

// reply is a response in memory.
func reply(status int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}
}

// attempts runs a fetch against replies, the last of which is repeated, and
// returns when each request was made, from the beginning.
func attempts(t *testing.T, o endpoints.Options, replies ...func() (*http.Response, error)) ([]time.Duration, error) {
	t.Helper()
	start := time.Now()
	var at []time.Duration
	o.URLs = urls(postsURL)
	o.Transport = transportFunc(func(*http.Request) (*http.Response, error) {
		r := replies[min(len(at), len(replies)-1)]
		at = append(at, time.Since(start))
		return r()
	})
	err := endpoints.New(o).Fetch(t.Context(), posts(), &sourcetest.Sink{})
	return at, err
}

func answers(status int, body string, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) { return reply(status, body, header...), nil }
}

func breaks(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

func TestWhatIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first func() (*http.Response, error)
		again bool
	}{
		"429":               {answers(429, ""), true},
		"500":               {answers(500, ""), true},
		"502":               {answers(502, ""), true},
		"503":               {answers(503, ""), true},
		"504":               {answers(504, ""), true},
		"522":               {answers(522, ""), true},
		"400":               {answers(400, ""), false},
		"401":               {answers(401, ""), false},
		"403":               {answers(403, ""), false},
		"404":               {answers(404, ""), false},
		"501":               {answers(501, ""), false},
		"204":               {answers(204, ""), false},
		"HTML":              {answers(200, "<html>"), false},
		"not JSON":          {answers(200, "[{]"), false},
		"truncated":         {answers(200, `[{"a":1},`), true},
		"empty":             {answers(200, ""), true},
		"gzip cut at once":  {answers(200, "\x1f\x8b", "Content-Encoding", "gzip"), true},
		"not gzip at all":   {answers(200, "[]          ", "Content-Encoding", "gzip"), true},
		"another encoding":  {answers(200, "[]", "Content-Encoding", "br"), false},
		"cut before answer": {breaks(io.EOF), true},
		"reset":             {breaks(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), true},
		"refused":           {breaks(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}), true},
		"DNS is down":       {breaks(&net.DNSError{Err: "server misbehaving", IsTemporary: true}), true},
		"no such host":      {breaks(&net.DNSError{Err: "no such host", IsNotFound: true}), false},
		"anything else":     {breaks(errors.New("http2: stream closed")), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				at, err := attempts(t, endpoints.Options{}, test.first, answers(200, "[]"))
				if test.again && (err != nil || len(at) != 2) {
					t.Errorf("%d attempts, %v; want a second one that succeeds", len(at), err)
				}
				if !test.again && (err == nil || len(at) != 1) {
					t.Errorf("%d attempts, %v; want a failure after the first", len(at), err)
				}
			})
		})
	}
}

// The longest pause doubles up to half a minute; the pause is any part of it.
func TestPauses(t *testing.T) {
	t.Parallel()
	for part, want := range map[float64]string{
		1:    "[0s 1s 3s 7s 15s 31s 1m1s 1m31s]",
		0.5:  "[0s 500ms 1.5s 3.5s 7.5s 15.5s 30.5s 45.5s]",
		0.01: "[0s 10ms 30ms 70ms 150ms 310ms 610ms 910ms]",
	} {
		synctest.Test(t, func(t *testing.T) {
			at, err := attempts(t, endpoints.Options{Retries: 7, Rand: func() float64 { return part }}, answers(502, ""))
			if got := fmt.Sprint(at); got != want {
				t.Errorf("with %v of each pause: attempts at %s, want %s", part, got, want)
			}
			if !lake.HasCode(err, lake.SourceHTTPStatus) || !strings.Contains(err.Error(), "attempt 8") {
				t.Errorf("got %v, want the status and the number of attempts", err)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// The bubble's clock begins at midnight UTC, 2000-01-01.
		for header, want := range map[string]string{
			"7":                             "[0s 7s]",
			" 7 ":                           "[0s 7s]",
			"0":                             "[0s 1s]",
			"-5":                            "[0s 1s]",
			"soon":                          "[0s 1s]",
			"":                              "[0s 1s]",
			"Fri, 31 Dec 1999 23:00:00 GMT": "[0s 1s]",
		} {
			at, err := attempts(t, endpoints.Options{Rand: func() float64 { return 1 }}, answers(503, "", "Retry-After", header), answers(200, "[]"))
			if got := fmt.Sprint(at); err != nil || got != want {
				t.Errorf("Retry-After %q: attempts at %s, %v; want %s", header, got, err, want)
			}
		}
		for _, layout := range []string{http.TimeFormat, time.RFC850, time.ANSIC} {
			header := time.Now().UTC().Add(90 * time.Second).Format(layout)
			header = strings.Replace(header, "UTC", "GMT", 1)
			at, err := attempts(t, endpoints.Options{}, answers(429, "", "Retry-After", header), answers(200, "[]"))
			if got := fmt.Sprint(at); err != nil || got != "[0s 1m30s]" {
				t.Errorf("Retry-After %q: attempts at %s, %v; want [0s 1m30s]", header, got, err)
			}
		}
	})
}

// A server that asks for more time than there is gets no second request, and
// nobody waits for nothing.
func TestRetryAfterPastTheTotalTimeout(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"3600", "99999999999999"} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			at, err := attempts(t, endpoints.Options{}, answers(429, "", "Retry-After", header))
			if len(at) != 1 || time.Since(start) != 0 {
				t.Errorf("attempts at %v, given up after %s", at, time.Since(start))
			}
			if !lake.HasCode(err, lake.SourceHTTPStatus) || !strings.Contains(err.Error(), "asks to wait") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// hangs is a request that ends only with its context.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, context.Cause(r.Context())
}

// dripping is a body that gives a byte now and then.
type dripping struct {
	ctx   context.Context
	every time.Duration
}

func (d dripping) Read(p []byte) (int, error) {
	select {
	case <-time.After(d.every):
		return copy(p, " "), nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

func (dripping) Close() error { return nil }

func TestTimeouts(t *testing.T) {
	t.Parallel()
	const second = time.Second
	o := endpoints.Options{Retries: -1, ConnectTimeout: 2 * second, FirstByteTimeout: 5 * second, IdleTimeout: 7 * second, TotalTimeout: 60 * second}
	drip := func(every time.Duration) transportFunc {
		return func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, ContentLength: -1, Body: dripping{r.Context(), every}}, nil
		}
	}
	for name, test := range map[string]struct {
		transport func(*testing.T) http.RoundTripper
		after     time.Duration
		says      string
		hint      string
	}{
		"connect": {func(*testing.T) http.RoundTripper { return transportFunc(hangs) }, 2 * second, "no connection within 2s", "connect_timeout"},
		"first byte": {func(t *testing.T) http.RoundTripper {
			t.Helper()
			return serveInMemory(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		}, 5 * second, "no answer within 5s", "first_byte_timeout"},
		"idle":  {func(*testing.T) http.RoundTripper { return drip(8 * second) }, 7 * second, "no further byte of the answer within 7s", "idle_timeout"},
		"total": {func(*testing.T) http.RoundTripper { return drip(6 * second) }, 60 * second, "total time-out of 1m0s", "total_timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o := o
				o.URLs = urls(strings.Replace(postsURL, "https", "http", 1))
				o.Transport = test.transport(t)
				start := time.Now()
				err := endpoints.New(o).Fetch(t.Context(), posts(), &sourcetest.Sink{})
				e := lake.AsError(err, lake.Internal)
				if e.Code != lake.SourceTimeout || !strings.Contains(e.Message, test.says) || !strings.Contains(e.Hint, test.hint) {
					t.Errorf("got %s: %s (%s)", e.Code, e.Message, e.Hint)
				}
				if got := time.Since(start); got != test.after {
					t.Errorf("after %s, want %s", got, test.after)
				}
			})
		})
	}
}

// The total time-out is one for all attempts; what failed last is told.
func TestTotalTimeoutSpansAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		at, err := attempts(t, endpoints.Options{Retries: 1000, TotalTimeout: time.Minute, Rand: func() float64 { return 1 }}, answers(500, ""))
		if len(at) != 6 || time.Since(start) > time.Minute {
			t.Errorf("attempts at %v, given up after %s", at, time.Since(start))
		}
		if !lake.HasCode(err, lake.SourceHTTPStatus) {
			t.Errorf("got %v, want the last status", err)
		}
	})
}

// An interruption ends a pause at once.
func TestInterruptedWhileItWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		start := time.Now()
		source := endpoints.New(endpoints.Options{URLs: urls(postsURL), Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return reply(503, "", "Retry-After", "60"), nil
		})})
		err := source.Fetch(ctx, posts(), &sourcetest.Sink{})
		if !lake.HasCode(err, lake.Interrupted) || !errors.Is(err, context.Canceled) || time.Since(start) != 5*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

// Time that the sink takes is not the server's.
func TestSlowSink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := endpoints.New(endpoints.Options{URLs: urls(postsURL), IdleTimeout: time.Second, Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return reply(200, "[]"), nil
		})})
		if err := source.Fetch(t.Context(), posts(), &slowSink{}); err != nil {
			t.Error(err)
		}
	})
}

type slowSink struct{ sourcetest.Sink }

func (s *slowSink) Write(p []byte) (int, error) {
	time.Sleep(10 * time.Second) // on the bubble's clock
	return s.Sink.Write(p)
}
