package scheduler_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/notify"
	"wplake/internal/schedule/scheduler"
	"wplake/internal/workflow"
)

// errKilled is what a call gives in which the process dies.
var errKilled = errors.New("killed")

// world is what outlives a scheduler: the store, the executions, the people.
type world struct {
	mu        sync.Mutex
	documents map[string]workflow.Document
	started   []scheduler.Request // each once
	ended     map[string]workflow.Execution
	calls     int // of Start
	messages  []notify.Message
	holder    *lock.Holder

	refuse error         // what Start gives
	takes  time.Duration // how long executions run; 0: until end is called
	now    func() time.Time
	// kill counts down with each effect; at 0 the process dies, before the
	// effect or after it.
	kill  int
	after bool
	dead  bool
}

func newWorld() *world {
	return &world{documents: map[string]workflow.Document{}, ended: map[string]workflow.Execution{}, now: time.Now, kill: -1}
}

// effect does something that is seen outside, unless the process dies.
func (w *world) effect(do func() error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dead {
		return errKilled
	}
	w.kill--
	if w.kill == 0 && !w.after {
		w.dead = true
		return errKilled
	}
	err := do()
	if w.kill == 0 {
		w.dead = true
		return errKilled
	}
	return err
}

func (w *world) Document(_ context.Context, kind, key string) (workflow.Document, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d, ok := w.documents[kind+"/"+key]
	if !ok {
		return d, workflow.ErrNotFound
	}
	return d, nil
}

func (w *world) PutDocument(_ context.Context, d workflow.Document, replaces int64) error {
	return w.effect(func() error {
		if w.documents[d.Kind+"/"+d.Key].Revision != replaces {
			return workflow.ErrConflict
		}
		w.documents[d.Kind+"/"+d.Key] = d
		return nil
	})
}

func (w *world) Start(_ context.Context, r scheduler.Request) (string, error) {
	arn := "arn:" + r.Name
	err := w.effect(func() error {
		w.calls++
		for _, other := range w.started {
			if other.Name == r.Name {
				return nil
			}
		}
		if w.refuse != nil {
			return w.refuse
		}
		w.started = append(w.started, r)
		now := w.now()
		w.ended[arn] = workflow.Execution{ARN: arn, Name: r.Name, Status: asl.Running, Started: now}
		return nil
	})
	return arn, err
}

func (w *world) Execution(_ context.Context, arn string) (workflow.Execution, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x, ok := w.ended[arn]
	if !ok {
		return x, workflow.ErrNotFound
	}
	if x.Status == asl.Running && w.takes > 0 && !w.now().Before(x.Started.Add(w.takes)) {
		x.Status, x.Stopped = asl.Succeeded, x.Started.Add(w.takes)
	}
	return x, nil
}

// end lets the executions that run end.
func (w *world) end(status asl.Status) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for arn, x := range w.ended {
		if x.Status == asl.Running {
			x.Status, x.Stopped = status, w.now()
			if status != asl.Succeeded {
				name, cause := "Boom", "it broke"
				x.Error, x.Cause = &name, &cause
			}
			w.ended[arn] = x
		}
	}
}

func (w *world) Publish(_ context.Context, m notify.Message) error {
	return w.effect(func() error {
		w.messages = append(w.messages, m)
		return nil
	})
}

func (w *world) Acquire(_ context.Context, me lock.Holder, _ time.Duration) (func() error, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holder != nil {
		return nil, &lake.Error{Code: lake.Locked, Message: "held"}
	}
	w.holder = &me
	return func() error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.holder = nil
		return nil
	}, nil
}

func (w *world) Holder(context.Context) (lock.Holder, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.holder == nil {
		return lock.Holder{}, false, nil
	}
	return *w.holder, true, nil
}

// due lists what was started, by due time, and with the schedule where there
// are several.
func (w *world) due() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, r := range w.started {
		all = append(all, r.Due.UTC().Format("02T15:04:05"))
	}
	return strings.Join(all, " ")
}

func (w *world) subjects() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, m := range w.messages {
		all = append(all, m.Subject)
	}
	return strings.Join(all, "|")
}

// daily is a schedule with every default and changes.
func daily(change func(s *config.Schedule)) config.Schedule {
	s := config.Default().Schedules["daily"]
	if change != nil {
		change(&s)
	}
	return s
}

func (w *world) scheduler(t testing.TB, schedules map[string]config.Schedule) *scheduler.Scheduler {
	t.Helper()
	s, err := scheduler.New(scheduler.Options{
		Schedules: schedules, Documents: w, Starter: w, Notifier: w, Lock: w,
		Holder:  lock.Holder{PID: 7, Host: "here", Command: "wplake serve"},
		Account: "000000000000", Region: "eu-west-1",
		Now: func() time.Time { return w.now() }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run keeps the schedules for some time of a bubble's clock.
func run(t testing.TB, s *scheduler.Scheduler, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Health(); err != nil && !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
}

func expect(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant\n%s", what, cmp.Or(got, "none"), cmp.Or(want, "none"))
	}
}

func one(s config.Schedule) map[string]config.Schedule {
	return map[string]config.Schedule{"daily": s}
}

func text(v any) string { return fmt.Sprintf("%+v", v) }
