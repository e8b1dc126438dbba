package endpoints

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
)

const (
	firstPause   = time.Second // the longest pause before the second attempt
	longestPause = 30 * time.Second
)

var errTotal = errors.New("total time-out")

// failure is an attempt that came to nothing.
type failure struct {
	err   *lake.Error
	retry bool          // another attempt may help
	after time.Duration // what the server asked to wait; 0: nothing
}

func final(code lake.Code, message, hint string, cause error) *failure {
	return &failure{err: &lake.Error{Code: code, Message: message, Hint: hint, Err: cause}}
}

func passing(code lake.Code, message, hint string) *failure {
	f := final(code, message, hint, nil)
	f.retry = true
	return f
}

// fetch makes attempts until one succeeds, no other would help, or time is up.
func (s *Source) fetch(parent context.Context, t target, creds Credentials, sink wordpress.Sink) error {
	ctx, cancel := context.WithTimeoutCause(parent, s.o.TotalTimeout, errTotal)
	defer cancel()
	pauses := &pauses{o: s.o, deadline: s.o.Now().Add(s.o.TotalTimeout)}
	var last *failure
	attempts := 0
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		attempts++
		last = s.attempt(ctx, t, creds, sink)
		switch {
		case last == nil:
			return struct{}{}, nil
		case !last.retry:
			return struct{}{}, backoff.Permanent(last.err)
		}
		pauses.after = last.after
		return struct{}{}, last.err
	},
		backoff.WithBackOff(pauses),
		backoff.WithMaxTries(uint(max(s.o.Retries, 0))+1),
		backoff.WithMaxElapsedTime(0), // the context's deadline does it
		backoff.WithNotify(func(err error, pause time.Duration) {
			s.o.Log.Warn("trying again", "object", t.name, "endpoint", t.from, "attempt", attempts, "pause", pause.Round(time.Millisecond), "cause", err.Error())
		}))
	if err == nil {
		return nil
	}
	if parent.Err() != nil {
		return &lake.Error{Code: lake.Interrupted, Message: t.from + ": interrupted", Err: parent.Err()}
	}
	return s.giveUp(ctx, last.err, attempts, pauses.refused)
}

// giveUp says why no further attempt is made.
func (s *Source) giveUp(ctx context.Context, last *lake.Error, attempts int, refused time.Duration) error {
	if attempts == 1 && refused == 0 && ctx.Err() == nil {
		return last
	}
	e := *last
	if attempts > 1 {
		e.Message += fmt.Sprintf(" (attempt %d)", attempts)
	}
	switch {
	case refused > 0:
		e.Message += fmt.Sprintf("; the server asks to wait %s, longer than the total time-out of %s allows", refused, s.o.TotalTimeout)
		e.Hint = "run again later, or raise source.endpoints.total_timeout"
	case errors.Is(context.Cause(ctx), errTotal) && last.Code != lake.SourceTimeout:
		e.Message += fmt.Sprintf("; the total time-out of %s ended the attempts", s.o.TotalTimeout)
	}
	return &e
}

// pauses is a backoff.BackOff: the n-th pause is drawn between nothing and
// twice the longest one of the pause before ("full jitter"), so that many
// clients do not come back at once; a pause that the server asked for is kept
// instead.
type pauses struct {
	o        Options
	deadline time.Time
	after    time.Duration // what the server asked for after the last attempt
	refused  time.Duration // what the server asked for, but is too long
	n        int
}

// Reset begins anew.
func (p *pauses) Reset() { p.n = 0 }

// NextBackOff returns the next pause.
func (p *pauses) NextBackOff() time.Duration {
	longest := min(firstPause<<min(p.n, 10), longestPause)
	p.n++
	pause := time.Duration(p.o.Rand() * float64(longest))
	if p.after > 0 {
		pause = p.after
	}
	if pause >= p.deadline.Sub(p.o.Now()) {
		p.refused = p.after
		return backoff.Stop
	}
	return pause
}

// retryAfter reads the header Retry-After: a number of seconds or a date. It
// returns 0 where there is none, or none that lies ahead.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		const most = 365 * 24 * 3600
		return time.Duration(min(max(seconds, 0), most)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}
