// Package schedule understands the expressions of Amazon EventBridge Scheduler:
//
//	rate(5 minutes)              every so long, from a first time on
//	cron(0 7 ? * MON-FRI *)      minutes hours day-of-month month day-of-week year
//	at(2026-12-24T18:00:00)      once
//
// Parse reads one; a Plan adds the time zone and the bounds and tells when it
// comes true. The rules are those of the service's user guide ("Schedule types
// in EventBridge Scheduler"). In short, where they are not obvious:
//
//   - Sunday is day 1 of the week, and the year may be left out.
//   - One of day-of-month and day-of-week is "?", and only one.
//   - A time of day that the clocks skip in spring is skipped by cron as well.
//     One that they show twice in autumn comes once, the first time.
//   - A day of rate is 24 hours, whatever the clocks do.
//
// The package is pure: it reads no clock and no file. Time zones are handed in.
package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is the form of an expression.
type Kind string

// The kinds of expressions.
const (
	Rate Kind = "rate"
	Cron Kind = "cron"
	At   Kind = "at"
)

// Bounds on expressions: the service's, but for maxRate, which keeps the
// arithmetic of times exact.
const (
	maxLength = 256
	firstYear = 1970
	lastYear  = 2199
	maxRate   = 100 * 365 * 24 * time.Hour
)

// Expression is a parsed expression. It is immutable; the zero value never
// comes true.
type Expression struct {
	text  string
	kind  Kind
	every time.Duration // rate
	at    wall
	cron  cron
}

// SyntaxError says what is wrong with an expression, and what is allowed.
type SyntaxError struct {
	// Field is where: minutes, hours, day-of-month, month, day-of-week, year,
	// value, unit, time, or "" for the expression as a whole.
	Field   string
	Message string
}

// Error is the field and the message.
func (e *SyntaxError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

func wrong(field, format string, args ...any) *SyntaxError {
	return &SyntaxError{Field: field, Message: fmt.Sprintf(format, args...)}
}

// Parse reads an expression. The error is a *SyntaxError.
func Parse(text string) (Expression, error) {
	if len(text) > maxLength {
		return Expression{}, wrong("", "an expression has at most %d characters", maxLength)
	}
	kind, inner, ok := strings.Cut(text, "(")
	inner, closed := strings.CutSuffix(inner, ")")
	if !ok || !closed {
		return Expression{}, wrong("", "%s is not rate(…), cron(…) or at(…)%s", strconv.Quote(text), wrapHint(text))
	}
	if inner != strings.TrimSpace(inner) {
		return Expression{}, wrong("", "there is a space beside a bracket in %s: leave it out", strconv.Quote(text))
	}
	e := Expression{text: text, kind: Kind(kind)}
	var err *SyntaxError
	switch e.kind {
	case Rate:
		e.every, err = parseRate(inner)
	case Cron:
		e.cron, err = parseCron(inner)
	case At:
		e.at, err = parseAt(inner)
	default:
		err = wrong("", "%s is not rate(…), cron(…) or at(…)", strconv.Quote(text))
	}
	if err != nil {
		return Expression{}, err
	}
	return e, nil
}

// wrapHint helps those who wrote what belongs inside the brackets.
func wrapHint(text string) string {
	switch n := len(strings.Fields(text)); {
	case strings.ContainsAny(text, "()"):
		return ""
	case n == 5 || n == 6:
		return "; a crontab's five fields become six: cron(minutes hours day-of-month month day-of-week year)"
	case n == 2:
		return "; every so long is rate(value unit)"
	}
	return ""
}

// String is the expression as it was written.
func (e Expression) String() string { return e.text }

// Kind is the form of the expression, "" for the zero value.
func (e Expression) Kind() Kind { return e.kind }

// Every is the time between two runs of a rate, 0 for other kinds.
func (e Expression) Every() time.Duration { return e.every }

// parseRate reads value and unit. Unlike the older scheduled rules, Scheduler
// takes singular and plural for any number, and capitals.
func parseRate(inner string) (time.Duration, *SyntaxError) {
	fields := strings.Fields(inner)
	if len(fields) != 2 {
		return 0, wrong("", "rate takes a value and a unit, as in rate(5 minutes)")
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || n < 1 || fields[0][0] == '+' {
		return 0, wrong("value", "%s is not a whole number from 1", strconv.Quote(fields[0]))
	}
	var unit time.Duration
	switch strings.ToLower(fields[1]) {
	case "minute", "minutes":
		unit = time.Minute
	case "hour", "hours":
		unit = time.Hour
	case "day", "days":
		unit = 24 * time.Hour
	default:
		return 0, wrong("unit", "%s is not minutes, hours or days", strconv.Quote(fields[1]))
	}
	if n > int64(maxRate/unit) {
		return 0, wrong("value", "%d %s is more than a hundred years", n, fields[1])
	}
	return time.Duration(n) * unit, nil
}

// parseAt reads a local time to the second.
func parseAt(inner string) (wall, *SyntaxError) {
	const form = "2006-01-02T15:04:05"
	t, err := time.Parse(form, inner)
	if err != nil || len(inner) != len(form) {
		return wall{}, wrong("time", "%s is not a time as in at(2026-12-24T18:00:00): yyyy-mm-ddThh:mm:ss, without a zone", strconv.Quote(inner))
	}
	if t.Year() < firstYear || t.Year() > lastYear {
		return wall{}, wrong("time", "the year %d is not from %d to %d", t.Year(), firstYear, lastYear)
	}
	return wallOf(t), nil
}
