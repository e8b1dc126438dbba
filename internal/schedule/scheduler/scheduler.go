// Package scheduler starts state machines when their schedules say so.
//
// What it has decided is in the store before it is done: which due times are
// dealt with, what waits to be started and under which name. The name of an
// execution follows from schedule and due time, and starting one that exists
// does nothing. So a crash at any instruction neither loses a run nor starts
// one twice, and neither do two processes.
//
// Run keeps the schedules for as long as a server lives; RunDue deals with
// what is due now, for those whose cron calls it. A lock keeps them apart.
//
// Time is the clock on the wall. It is looked at once a minute at least, so
// that a machine that slept, or a clock that was set, is noticed: what was due
// meanwhile counts as missed, and the schedule's policy says what becomes of it.
package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/notify"
	"wplake/internal/schedule"
	"wplake/internal/workflow"
)

// Starter is the port to what schedules start.
type Starter interface {
	// Start starts the state machine of a schedule as an execution of the
	// name, and returns its ARN once it has begun; it does not wait for the
	// end. Where an execution of that name has been started before, it
	// returns that one's ARN, whatever it was given and whether it still runs.
	// A *lake.Error with the code ConfigInvalid or WorkflowInvalid means that
	// trying again is no use.
	Start(ctx context.Context, r Request) (arn string, err error)
	// Execution tells how an execution stands, or workflow.ErrNotFound.
	Execution(ctx context.Context, arn string) (workflow.Execution, error)
}

// Request is what a schedule starts.
type Request struct {
	Schedule string
	Name     string // of the execution
	Input    json.RawMessage
	Due      time.Time
}

// Documents keeps the scheduler's state; workflow.DocumentStore is one.
type Documents interface {
	Document(ctx context.Context, kind, key string) (workflow.Document, error)
	PutDocument(ctx context.Context, d workflow.Document, replaces int64) error
}

// Options are what a scheduler gets from outside.
type Options struct {
	Schedules map[string]config.Schedule
	Documents Documents
	Starter   Starter
	Notifier  notify.Notifier
	// Lock is held by whoever keeps the schedules of this lake, as Holder.
	Lock   lock.Locker
	Holder lock.Holder
	// Account and Region are those in ARNs.
	Account, Region string
	Now             func() time.Time
	Log             *slog.Logger
}

// Scheduler keeps the schedules of one lake. Its methods may be called
// concurrently.
type Scheduler struct {
	o      Options
	plans  []planned // by name
	failed atomic.Pointer[error]
}

// planned is a schedule that can be kept.
type planned struct {
	name string
	config.Schedule
	plan schedule.Plan // without the anchor of a rate, which is in the state
}

// New makes a scheduler. Nothing is opened or started. The error is a
// *lake.Error with the code ConfigInvalid.
func New(o Options) (*Scheduler, error) {
	s := &Scheduler{o: o}
	for _, name := range slices.Sorted(maps.Keys(o.Schedules)) {
		p, err := o.Schedules[name].Plan()
		if err != nil {
			e := lake.AsError(err, lake.ConfigInvalid)
			return nil, &lake.Error{Code: e.Code, Message: fmt.Sprintf("schedule %s: %s", name, e.Message), Hint: e.Hint, Err: err}
		}
		s.plans = append(s.plans, planned{name: name, Schedule: o.Schedules[name], plan: p})
	}
	return s, nil
}

// now is the time on the wall, without the reading of a clock that stands
// still while the machine sleeps.
func (s *Scheduler) now() time.Time { return s.o.Now().Round(0) }

// find returns a schedule by name.
func (s *Scheduler) find(name string) (planned, error) {
	i := slices.IndexFunc(s.plans, func(p planned) bool { return p.name == name })
	if i < 0 {
		return planned{}, &lake.Error{Code: lake.ConfigInvalid, Message: fmt.Sprintf("there is no schedule %q", name), Hint: "see which there are: wplake schedule list"}
	}
	return s.plans[i], nil
}

// lookEvery is how long at most the clock is not looked at; waitEvery how
// often it is asked whether an execution has ended that another run waits for.
const (
	lookEvery = time.Minute
	waitEvery = time.Second
)

// Run keeps the schedules until ctx ends. When somebody else keeps them it
// returns a *lake.Error with the code Locked at once. Other trouble, such as a
// full disk, is logged and told by Health, and the work goes on.
func (s *Scheduler) Run(ctx context.Context) error {
	release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err := release(); err != nil {
			s.o.Log.Error("the lock of the schedules: " + err.Error())
		}
	}()
	for ctx.Err() == nil {
		now := s.now()
		l := s.look(ctx, look{now: now, cutoff: now, late: onTime})
		wait := min(lookEvery, l.next.Sub(s.now()))
		if l.waiting {
			wait = min(wait, waitEvery)
		}
		pause(ctx, max(wait, time.Millisecond))
	}
	return nil
}

// Health returns why the last look at the schedules failed, or nil.
func (s *Scheduler) Health() error {
	if err := s.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// hold takes the lock of those who keep schedules.
func (s *Scheduler) hold(ctx context.Context) (func() error, error) {
	me := s.o.Holder
	me.Since = s.now()
	release, err := s.o.Lock.Acquire(ctx, me, 0)
	if lake.HasCode(err, lake.Locked) {
		who := "another process"
		if h, held, err := s.o.Lock.Holder(ctx); err == nil && held && h.PID > 0 {
			who = fmt.Sprintf("%s (process %d on %s)", h.Command, h.PID, h.Host)
		}
		return nil, &lake.Error{
			Code: lake.Locked, Message: "the schedules of this lake are kept by " + who + " already", Err: err,
			Hint: "one is enough: stop the other first",
		}
	}
	return release, err
}

// Outcome tells what became of a run that was due.
type Outcome struct {
	Schedule string    `json:"schedule"`
	Name     string    `json:"execution"`
	Due      time.Time `json:"due"`
	// Status is that of the execution (SUCCEEDED, FAILED, …), SKIPPED, or
	// DROPPED when it could not be started.
	Status  string    `json:"status"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Error   string    `json:"error,omitempty"`
}

// The statuses of runs that became no execution.
const (
	Skipped = "SKIPPED"
	Dropped = "DROPPED"
)

// Failed tells whether the run was to succeed and did not.
func (o Outcome) Failed() bool { return o.Status != "SUCCEEDED" && o.Status != Skipped }

// RunDue starts what is due, and waits until that has ended. What comes due
// meanwhile is left to the next call. When another process keeps the schedules,
// it does nothing, and kept is true. An interruption leaves what runs to the
// next call.
func (s *Scheduler) RunDue(ctx context.Context) (outcomes []Outcome, kept bool, err error) {
	release, err := s.hold(ctx)
	if lake.HasCode(err, lake.Locked) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	cutoff := s.now()
	for {
		l := s.look(ctx, look{now: s.now(), cutoff: cutoff, late: called})
		outcomes = append(outcomes, l.outcomes...)
		switch {
		case ctx.Err() != nil:
			return outcomes, false, &lake.Error{Code: lake.Interrupted, Message: "interrupted", Err: ctx.Err()}
		case l.err != nil:
			return outcomes, false, l.err
		case !l.busy:
			return outcomes, false, nil
		}
		pause(ctx, waitEvery)
	}
}
