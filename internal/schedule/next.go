package schedule

import (
	"fmt"
	"time"
)

// Plan is an expression with what it needs to tell times.
type Plan struct {
	Expression Expression
	// Zone is that of cron and at; nil is UTC.
	Zone *time.Location
	// Start and End bound rate and cron; both may come true themselves. The
	// zero time is no bound. For at they mean nothing.
	Start, End time.Time
	// Anchor is the first time of a rate without Start, to the second.
	Anchor time.Time
}

// Occurrence is a time at which a plan comes true, and what the clocks do to it.
type Occurrence struct {
	Time time.Time // in the plan's zone
	// Doubled tells that the clocks show this time of day twice; Time is the
	// first of the two, and the second is none.
	Doubled bool
	// Skipped lists times of day before it, since the one asked about, that
	// the expression names but the clocks skip, as "2026-03-29 01:30"; the
	// first maxSkipped of them.
	Skipped []string
}

const maxSkipped = 8

// Next returns the first time after the given one at which the plan comes
// true; false when there is none up to the year 2199.
func (p Plan) Next(after time.Time) (time.Time, bool) {
	o, ok := p.NextOccurrence(after)
	return o.Time, ok
}

// NextOccurrence is Next, with what the clocks do.
func (p Plan) NextOccurrence(after time.Time) (Occurrence, bool) {
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	switch p.Expression.kind {
	case At:
		t, doubled, ok := p.Expression.at.first(zone)
		return Occurrence{Time: t, Doubled: doubled}, ok && t.After(after)
	case Rate:
		t, ok := p.nextRate(after)
		return Occurrence{Time: t.In(zone)}, ok && p.within(t)
	case Cron:
		if !p.Start.IsZero() && after.Before(p.Start) {
			after = p.Start.Add(-1)
		}
		o, ok := p.Expression.cron.next(after, zone)
		return o, ok && p.within(o.Time)
	}
	return Occurrence{}, false
}

func (p Plan) within(t time.Time) bool { return p.End.IsZero() || !t.After(p.End) }

// nextRate is the first multiple of the rate after the time. Seconds are
// counted, which do not overflow as a Duration would.
func (p Plan) nextRate(after time.Time) (time.Time, bool) {
	anchor := p.Anchor
	if !p.Start.IsZero() {
		anchor = p.Start
	}
	first, every := anchor.Unix(), int64(p.Expression.every/time.Second)
	t := time.Unix(first, 0).UTC()
	if since := after.Unix() - first; since >= 0 {
		t = time.Unix(first+(since/every+1)*every, 0).UTC()
	}
	return t, t.Year() <= lastYear
}

// next walks over the times of day that the fields allow.
func (c *cron) next(after time.Time, zone *time.Location) (Occurrence, bool) {
	at := wallOf(after.In(zone))
	at.second = 0
	if at.year < firstYear {
		at = wall{year: firstYear, month: 1, day: 1}
	}
	var o Occurrence
	for {
		var ok bool
		if at, ok = c.from(at); !ok {
			return o, false
		}
		t, doubled, exists := at.first(zone)
		if exists && t.After(after) {
			o.Time, o.Doubled = t, doubled
			return o, true
		}
		if !exists && len(o.Skipped) < maxSkipped {
			o.Skipped = append(o.Skipped, at.String())
		}
		at.minute++ // may be 60: then none of this hour is left
	}
}

// from returns the first time of day from the given one on that the fields
// allow. It looks at each month at most once.
func (c *cron) from(w wall) (wall, bool) {
	for w.year <= lastYear {
		if !c.years[(w.year-firstYear)/64].has((w.year - firstYear) % 64) {
			w = wall{year: w.year + 1, month: 1, day: 1}
			continue
		}
		month := c.months.from(w.month)
		if month < 0 {
			w = wall{year: w.year + 1, month: 1, day: 1}
			continue
		}
		if month > w.month {
			w = wall{year: w.year, month: month, day: 1}
		}
		if found, ok := c.fromDay(w); ok {
			return found, true
		}
		w = wall{year: w.year, month: w.month + 1, day: 1}
	}
	return w, false
}

// fromDay is from within the month.
func (c *cron) fromDay(w wall) (wall, bool) {
	days := c.in(w.year, w.month)
	for day := days.from(w.day); day > 0; day = days.from(day + 1) {
		if day > w.day {
			w = wall{year: w.year, month: w.month, day: day}
		}
		for hour := c.hours.from(w.hour); hour >= 0; hour = c.hours.from(hour + 1) {
			if hour > w.hour {
				w.hour, w.minute = hour, 0
			}
			if minute := c.minutes.from(w.minute); minute >= 0 {
				w.minute = minute
				return w, true
			}
		}
	}
	return w, false
}

// wall is what a clock on the wall shows.
type wall struct{ year, month, day, hour, minute, second int }

func wallOf(t time.Time) wall {
	return wall{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()}
}

// String is the time of day to the minute.
func (w wall) String() string {
	return fmt.Sprintf("%04d-%02d-%02d %02d:%02d", w.year, w.month, w.day, w.hour, w.minute)
}

// first returns the first moment at which clocks of the zone show w, whether
// they show it twice, and whether they show it at all.
func (w wall) first(zone *time.Location) (t time.Time, doubled, exists bool) {
	t = time.Date(w.year, time.Month(w.month), w.day, w.hour, w.minute, w.second, 0, zone)
	if wallOf(t) != w {
		return t, false, false
	}
	// Which of two moments Date takes is left open, so look on both sides.
	start, end := t.ZoneBounds()
	_, offset := t.Zone()
	if !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if earlier := t.Add(time.Duration(offset-before) * time.Second); earlier.Before(start) {
			return earlier, true, true
		}
	}
	if !end.IsZero() {
		_, then := end.Zone()
		later := t.Add(time.Duration(offset-then) * time.Second)
		doubled = !later.Before(end)
	}
	return t, doubled, true
}
