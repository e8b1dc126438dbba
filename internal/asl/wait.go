package asl

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

func (x *Execution) wait(f *frame, s *State) {
	sc := x.scope(f)
	in, bad := sc.filter(s.inputPath, f.Input)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	sc.input = in
	if s.Language == JSONPath {
		sc.saw(AfterInputPath, in)
	}
	until, bad := sc.until(s)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	x.newEffect(f)
	f.Phase, f.For = waiting, forTimer
	x.effect(f, Effect{Kind: TimerEffect, Until: until})
}

func (sc *scope) until(s *State) (time.Time, *failure) {
	if s.seconds != nil {
		v, f := sc.waitValue(s.seconds)
		if f != nil {
			return time.Time{}, f
		}
		n, ok := integer(v)
		if text, isText := v.(string); isText && s.seconds.path != nil {
			// The service takes a text for the number that it shows.
			parsed, err := strconv.ParseInt(text, 10, 64)
			n, ok = parsed, err == nil
		}
		switch {
		case ok && n >= 0 && n <= 99999999:
			return sc.host.Now().Add(time.Duration(n) * time.Second), nil
		case s.seconds.path != nil:
			return time.Time{}, sc.runtime("The SecondsPath parameter does not reference an integer value: " + s.seconds.path.text + " == " + display(v))
		}
		if _, isNumber := v.(json.Number); !isNumber {
			return time.Time{}, sc.wrongType(s.seconds, v, "number")
		}
		return time.Time{}, sc.unusable("Seconds", "The Seconds field must be an integer between 0 and 99999999 but was: "+display(v))
	}
	v, f := sc.waitValue(s.timestamp)
	if f != nil {
		return time.Time{}, f
	}
	text, isText := v.(string)
	t, ok := parseTimestamp(text)
	switch {
	case ok:
		return t, nil
	case s.timestamp.path != nil:
		return time.Time{}, sc.runtime("The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format string: " + s.timestamp.path.text + " == " + display(v))
	case !isText && s.timestamp.expr != nil:
		return time.Time{}, sc.wrongType(s.timestamp, v, "string")
	}
	return time.Time{}, sc.unusable("Timestamp", "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "+display(v))
}

func (sc *scope) waitValue(n *node) (any, *failure) {
	if n.path != nil {
		return sc.must(n.path)
	}
	return sc.eval(n)
}

// waited goes on after a Wait.
func (x *Execution) waited(f *frame) {
	s := f.state()
	sc := x.scope(f)
	in, bad := sc.filter(s.inputPath, f.Input)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	sc.input = in
	if s.Language == JSONata {
		x.complete(f, sc, in, s.Next)
		return
	}
	x.leave(f, sc, in, s.outputPath, s.Next)
}

// retry starts the wait for another attempt when a Retrier grants one.
func (x *Execution) retry(f *frame, s *State, bad *failure) bool {
	for i, r := range s.Retry {
		if !matchesError(r.ErrorEquals, bad.name()) {
			continue
		}
		if f.Attempts == nil {
			f.Attempts = make([]int, len(s.Retry))
		}
		if x.tries(f) {
			f.Attempts[i] = x.trial.Retries
			x.trial.verdict.Retrier = i
		}
		if f.Attempts[i] >= r.MaxAttempts {
			return false
		}
		delay := r.delay(f.Attempts[i])
		if r.FullJitter {
			delay = time.Duration(float64(delay) * x.host.Random())
		}
		x.saw(f, Observation{Sight: TookRetry, Index: i, Delay: delay})
		if x.tries(f) {
			x.trial.verdict.Again, x.trial.verdict.Delay = true, delay
			x.end(Outcome{Status: Failed, Error: bad.err, Cause: bad.cause})
			return true
		}
		f.Attempts[i]++
		f.RetryCount++
		f.Kept = nil
		x.newEffect(f)
		f.Phase, f.For = waiting, forRetry
		x.effect(f, Effect{Kind: TimerEffect, Until: x.host.Now().Add(delay), Attempt: f.RetryCount})
		return true
	}
	return false
}

// delay is how long to wait before the attempt that follows n others.
func (r *Retrier) delay(n int) time.Duration {
	d := float64(r.Interval) * math.Pow(r.BackoffRate, float64(n))
	limit := float64(99999999 * time.Second)
	if r.MaxDelay > 0 {
		limit = float64(r.MaxDelay)
	}
	return time.Duration(min(d, limit))
}
