package asl

import (
	"context"
	"errors"
	"time"
)

// Driver answers the effects of an execution at once.
type Driver interface {
	Host
	// Perform answers an invocation or a read.
	Perform(ctx context.Context, e Effect) (Answer, error)
	// Sleep waits until a time, or lets a fast clock jump to it.
	Sleep(ctx context.Context, until time.Time) error
}

// errStalled would mean a fault of this package: nothing to do and nothing to
// wait for, and no end.
var errStalled = errors.New("asl: the execution waits for nothing")

// Run evaluates a machine to its end, one effect after the other. The error is
// that of the driver or the context; an execution that fails is an Outcome.
func Run(ctx context.Context, m *Machine, info Info, d Driver, emit func(Event)) (Outcome, error) {
	return NewExecution(m, info, emit).Run(ctx, d)
}

// Run evaluates the execution to its end, as the function Run does.
func (x *Execution) Run(ctx context.Context, d Driver) (Outcome, error) {
	open := queue{}
	for {
		if err := ctx.Err(); err != nil {
			return x.Outcome(), err
		}
		p := x.Step(d, 10_000)
		open.take(p)
		if x.Outcome().Status != Running {
			return x.Outcome(), nil
		}
		e, ok := open.next()
		if !ok && p.More {
			continue
		}
		if !ok {
			return x.Outcome(), errStalled
		}
		a := Timer()
		if e.Kind == TimerEffect {
			due := e.Until
			if end, limited := x.Deadline(); limited && end.Before(due) {
				due = end
			}
			if err := d.Sleep(ctx, due); err != nil {
				return x.Outcome(), err
			}
			if due.Before(e.Until) {
				x.TimeOut(d)
				return x.Outcome(), nil
			}
		} else {
			if err := started(x, d, e); err != nil {
				return x.Outcome(), err
			}
			var err error
			if a, err = d.Perform(ctx, e); err != nil {
				return x.Outcome(), err
			}
		}
		after, err := x.Deliver(d, e.ID, a)
		if err != nil {
			return x.Outcome(), err
		}
		open.take(after)
	}
}

// started tells an execution that its task has begun, and been submitted where
// the pattern has that.
func started(x *Execution, d Driver, e Effect) error {
	if e.Kind != InvokeEffect {
		return nil
	}
	if _, err := x.Deliver(d, e.ID, Answer{Kind: Started}); err != nil {
		return err
	}
	if e.Resource.Kind == ServiceResource && e.Resource.Pattern != RequestResponse {
		_, err := x.Deliver(d, e.ID, Answer{Kind: Submitted})
		return err
	}
	return nil
}

// queue holds open effects: tasks and reads in order, then timers by time.
type queue struct{ open []Effect }

func (q *queue) take(p Progress) {
	q.open = append(q.open, p.Effects...)
	for _, id := range p.Cancelled {
		for i, e := range q.open {
			if e.ID == id {
				q.open = append(q.open[:i], q.open[i+1:]...)
				break
			}
		}
	}
}

func (q *queue) next() (Effect, bool) {
	best := -1
	for i, e := range q.open {
		if e.Kind != TimerEffect {
			best = i
			break
		}
		if best < 0 || e.Until.Before(q.open[best].Until) {
			best = i
		}
	}
	if best < 0 {
		return Effect{}, false
	}
	e := q.open[best]
	q.open = append(q.open[:best], q.open[best+1:]...)
	return e, true
}
