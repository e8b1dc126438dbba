package scheduler

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/schedule"
	"wplake/internal/workflow"
)

// A run is on time when it is taken up so soon after it was due: by a process
// that lives, or by one that is called now and then.
const (
	onTime = time.Minute
	called = time.Hour
)

// clockWasWrong is how far beyond now the last run may lie that was dealt with;
// farther, and the clock has been set back from a wrong time.
const clockWasWrong = time.Hour

// look is one look at all schedules.
type look struct {
	now    time.Time
	cutoff time.Time // what is due later is left for another time
	late   time.Duration

	next     time.Time // when something is due next
	waiting  bool      // something waits for an execution to end
	busy     bool      // something runs, or is about to
	outcomes []Outcome
	err      error
}

func (l *look) at(t time.Time) {
	if l.next.IsZero() || t.Before(l.next) {
		l.next = t
	}
}

// look deals with whatever is due. Trouble with one schedule does not keep it
// from the others.
func (s *Scheduler) look(ctx context.Context, l look) look {
	l.at(l.now.Add(lookEvery))
	var errs []error
	for _, p := range s.plans {
		err := s.tend(ctx, p, &l)
		if err != nil && ctx.Err() == nil {
			errs = append(errs, fmt.Errorf("schedule %s: %w", p.name, err))
			s.o.Log.Error("a schedule could not be looked after: "+err.Error(), "schedule", p.name)
		}
	}
	l.err = errors.Join(errs...)
	s.failed.Store(&l.err)
	return l
}

// tend deals with one schedule. What it decides is written before it is done.
func (s *Scheduler) tend(ctx context.Context, p planned, l *look) error {
	k, err := s.open(ctx, p, l.now)
	if err != nil {
		return err
	}
	outcomes, err := s.settle(ctx, k.record, p)
	if err != nil {
		return err
	}
	outcomes = append(outcomes, s.decide(k.record, p, l)...)
	s.watch(k.record, p, l.now)
	if err := k.save(ctx); err != nil {
		return err // nothing has been done yet: the next look begins anew
	}
	l.outcomes = append(l.outcomes, outcomes...)
	if err := s.start(ctx, k, p, l); err != nil {
		return err
	}
	if err := s.post(ctx, k); err != nil {
		return err
	}
	s.plan(k.record, p, l)
	return nil
}

// settle notices runs that have ended.
func (s *Scheduler) settle(ctx context.Context, r *record, p planned) ([]Outcome, error) {
	var ended []Outcome
	var running []active
	for _, a := range r.Active {
		x, err := s.o.Starter.Execution(ctx, a.ARN)
		switch {
		case errors.Is(err, workflow.ErrNotFound):
			s.o.Log.Warn("what became of a run is not known: its record is gone", "schedule", p.name, "execution", a.Name)
			continue
		case err != nil:
			return nil, err
		case x.Stopped.IsZero() || x.Status == asl.Running:
			running = append(running, a)
			continue
		}
		o := Outcome{Schedule: p.name, Name: a.Name, Due: a.Due, Status: string(x.Status), Started: x.Started, Ended: x.Stopped, Error: reason(x)}
		ended = append(ended, o)
		r.Last = &o
		if x.Status == asl.Succeeded && x.Stopped.After(r.Success) {
			r.Success = x.Stopped
		}
	}
	r.Active = running
	return ended, nil
}

// reason is why an execution failed.
func reason(x workflow.Execution) string {
	var parts []string
	for _, p := range []*string{x.Error, x.Cause} {
		if p != nil && *p != "" {
			parts = append(parts, *p)
		}
	}
	return strings.Join(parts, ": ")
}

// decide says what becomes of due times that have not been dealt with.
func (s *Scheduler) decide(r *record, p planned, l *look) []Outcome {
	now := l.now
	if p.State == config.ScheduleDisabled {
		return s.disable(r, p)
	}
	if r.Disabled {
		r.Disabled, r.Handled, r.Until, r.Watched = false, latest(r.Handled, now), time.Time{}, now
	}
	if r.Handled.Sub(now) > clockWasWrong {
		s.o.Log.Warn("the clock has been set back: the schedule goes on from now", "schedule", p.name, "handled", r.Handled)
		r.Handled, r.Until = now, time.Time{}
	}
	d := due(p.at(r), latest(r.Handled, r.Until), l.cutoff, now.Add(-time.Duration(p.MaximumAge)))
	var dropped []Outcome
	if d.n > 0 {
		dropped = s.dueNow(r, p, l, d)
	}
	return append(dropped, s.catchUp(r, p, now)...)
}

// disable leaves out what waits; what comes due meanwhile is no run.
func (s *Scheduler) disable(r *record, p planned) []Outcome {
	var out []Outcome
	for _, e := range r.Queue {
		out = append(out, s.leaveOut(r, p, e, "the schedule is disabled"))
	}
	r.Queue, r.Until, r.Disabled = nil, time.Time{}, true
	return out
}

// at is the plan with what the state knows of it.
func (p planned) at(r *record) schedule.Plan {
	plan := p.plan
	plan.Anchor = r.Since
	return plan
}

// dueTimes are due times that have not been dealt with.
type dueTimes struct {
	n     int       // how many
	old   int       // how many of them are too old to be worth starting
	edge  time.Time // the last of the old
	first time.Time // the first
	last  time.Time // the last
}

// maxCounted bounds the search for due times that are too old. Of a schedule
// that was left alone for so long the number tells nobody anything.
const maxCounted = 10_000

// due lists the due times after one time and up to another. Those before worth
// are old.
func due(p schedule.Plan, after, until, worth time.Time) dueTimes {
	var d dueTimes
	for {
		t, ok := p.Next(after)
		if !ok || t.After(until) {
			return d
		}
		if d.n++; d.n == 1 {
			d.first = t
		}
		d.last, after = t, t
		if t.Before(worth) {
			d.old++
			d.edge = t
			if d.old == maxCounted {
				after = worth.Add(-1)
			}
		}
	}
}

// dueNow says what becomes of what is due. Of several the last may be on time;
// those before were missed.
func (s *Scheduler) dueNow(r *record, p planned, l *look, d dueTimes) []Outcome {
	fresh := d.old < d.n
	timely := fresh && l.now.Sub(d.last) <= l.late
	missed := d.n
	if timely {
		missed--
	}
	if missed > 0 {
		s.o.Log.Warn(fmt.Sprintf("%d runs were due while nothing ran", missed), "schedule", p.name, "first", d.first, "last", d.last, "missed", string(p.Missed))
	}
	switch {
	case p.Missed == config.MissedAll && (d.n > 1 || !timely || r.catchingUp()):
		// Together with those that are being made up for already.
		d = due(p.at(r), r.Handled, l.cutoff, l.now.Add(-time.Duration(p.MaximumAge)))
		r.Handled, r.Until = latest(r.Handled, d.edge), d.last
		return s.tooLate(r, p, d.old, d.edge)
	case timely, p.Missed == config.MissedOnce && fresh:
		r.Handled = d.last
		if p.Missed == config.MissedSkip {
			r.Skipped += int64(d.n - 1)
		} else {
			r.Missed += int64(d.n - 1)
		}
		return s.enqueue(r, p, d.last, timely)
	case p.Missed == config.MissedOnce:
		r.Handled = d.last
		return s.tooLate(r, p, d.n, d.last)
	}
	r.Handled = d.last
	r.Skipped += int64(d.n)
	return nil
}

// catchUp takes the next run that is made up for, once nothing else runs or
// waits.
func (s *Scheduler) catchUp(r *record, p planned, now time.Time) []Outcome {
	if !r.catchingUp() || len(r.Queue) > 0 || len(r.Active) > 0 {
		return nil
	}
	old, edge := 0, time.Time{}
	for r.catchingUp() {
		t, ok := p.at(r).Next(r.Handled)
		if !ok || t.After(r.Until) {
			r.Until = time.Time{}
			break
		}
		r.Handled = t
		if now.Sub(t) <= time.Duration(p.MaximumAge) {
			return append(s.tooLate(r, p, old, edge), s.enqueue(r, p, t, false)...)
		}
		old, edge = old+1, t
	}
	return s.tooLate(r, p, old, edge)
}

// enqueue lets a run wait to be started: for its chance time within the
// schedule's window, if it is on time, or for the run before it.
func (s *Scheduler) enqueue(r *record, p planned, due time.Time, timely bool) []Outcome {
	e := entry{Name: executionName(p.name, due), Due: due, NotBefore: due}
	if timely {
		e.NotBefore = due.Add(chance(p.name, r.Since, due, time.Duration(p.FlexibleWindow)))
	}
	if len(r.Queue) >= maxQueue {
		return []Outcome{s.giveUp(r, p, e, fmt.Sprintf("%d runs wait already", maxQueue))}
	}
	r.Queue = append(r.Queue, e)
	return nil
}

// executionName is the name of a schedule's execution: names sort by due time,
// and have at most the 80 characters that Step Functions allows.
func executionName(schedule string, due time.Time) string {
	return due.UTC().Format("20060102T150405") + "-" + schedule
}

// chance is a time within a window that is the same whenever it is asked for.
func chance(name string, since, due time.Time, window time.Duration) time.Duration {
	if window <= 0 {
		return 0
	}
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s|%d|%d", name, since.UnixNano(), due.Unix()) // never fails
	sum := h.Sum32()
	sum = (sum ^ sum>>15) * 0x9E3779B1 // neighbouring times are too alike in their high digits
	return time.Duration(int64(sum)*window.Milliseconds()>>32) * time.Millisecond
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// plan tells when the schedule needs to be looked at next.
func (s *Scheduler) plan(r *record, p planned, l *look) {
	if p.State == config.ScheduleDisabled {
		l.busy = l.busy || len(r.Active) > 0
		return
	}
	if t, ok := p.at(r).Next(latest(r.Handled, r.Until)); ok {
		l.at(t)
	}
	for _, e := range r.Queue {
		later := e.NotBefore.After(l.now)
		if later {
			l.at(e.NotBefore)
		}
		l.busy = l.busy || !later || e.Attempts > 0
	}
	waits := len(r.Queue) > 0 || r.catchingUp()
	l.waiting = l.waiting || waits && len(r.Active) > 0
	l.busy = l.busy || len(r.Active) > 0 || r.catchingUp()
}
