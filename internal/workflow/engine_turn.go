package workflow

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"wplake/internal/asl"
)

// message is what arrives for an execution.
type message struct {
	kind   msgKind
	effect string
	answer asl.Answer
	signal Signal
}

type msgKind uint8

const (
	msgGo       msgKind = iota // there is more to do
	msgWake                    // something may be due
	msgAnswer                  // an effect was answered
	msgReturned                // a task's call has returned, without ending the effect
	msgSignal
	msgSlot // a task may start
)

// errInterrupted stops the tasks of an execution that does not wait for them
// any longer.
var errInterrupted = errors.New("the execution no longer waits for the task")

// post hands an execution a message; it is loaded for it where it must.
func (e *Engine) post(key int64, m message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.postLocked(key, m)
}

func (e *Engine) postLocked(key int64, m message) {
	if _, known := e.mine[key]; !known {
		if m.kind == msgSlot {
			e.freeLocked()
		}
		return
	}
	r, ok := e.loaded[key]
	if !ok {
		r = &execution{tasks: map[string]context.CancelCauseFunc{}}
		r.kept.Key = key
		e.loaded[key] = r
	}
	r.inbox = append(r.inbox, m)
	e.scheduleLocked(r)
}

func (e *Engine) scheduleLocked(r *execution) {
	if r.busy {
		return
	}
	r.busy = true
	if !r.idle.IsZero() {
		r.idle = time.Time{}
		if i := slices.Index(e.idle, r); i >= 0 {
			e.idle = slices.Delete(e.idle, i, i+1)
		}
	}
	e.queue = append(e.queue, r)
	e.ready.Signal()
}

// work takes executions that have something to do.
func (e *Engine) work() {
	for {
		e.mu.Lock()
		for len(e.queue) == 0 && !e.drained {
			e.ready.Wait()
		}
		if len(e.queue) == 0 || e.drained && e.emptyLocked() {
			e.mu.Unlock()
			return
		}
		r := e.queue[0]
		e.queue[0] = nil
		e.queue = e.queue[1:]
		inbox := r.inbox
		r.inbox = nil
		e.mu.Unlock()
		e.turn(r, inbox)
	}
}

// emptyLocked tells that no answer waits to be laid down while the engine is
// being closed: the rest is for whoever comes next.
func (e *Engine) emptyLocked() bool {
	e.queue = slices.DeleteFunc(e.queue, func(r *execution) bool {
		return !slices.ContainsFunc(r.inbox, func(m message) bool { return m.kind == msgAnswer })
	})
	return len(e.queue) == 0
}

// turn does what there is to do for one execution, and commits it.
func (e *Engine) turn(r *execution, inbox []message) {
	fresh := r.x == nil
	if fresh {
		err := e.load(r)
		if errors.Is(err, errNotMine) {
			e.forget(r)
			return
		}
		if err != nil {
			e.fail(r, err)
			return
		}
	}
	r.begin(e.o.Now())
	if err := e.apply(r, inbox, fresh); err != nil {
		e.fail(r, err)
		return
	}
	e.commit(r)
}

// apply performs what has arrived, and then goes on as far as it goes.
func (e *Engine) apply(r *execution, inbox []message, fresh bool) error {
	for _, m := range inbox {
		if err := e.receive(r, m); err != nil {
			return err
		}
	}
	if fresh {
		if err := e.interrupted(r); err != nil {
			return err
		}
	}
	if r.x.Outcome().Status == asl.Running {
		if err := e.due(r); err != nil {
			return err
		}
	}
	if r.x.Outcome().Status == asl.Running && (r.more || len(r.turn.record.ops) > 0 || fresh) {
		if err := e.step(r); err != nil {
			return err
		}
	}
	if r.x.Outcome().Status != asl.Running {
		return nil
	}
	return e.prepare(r)
}

// step goes on, and leaves no trace where there was nothing to do.
func (e *Engine) step(r *execution) error {
	n := len(r.turn.events.b)
	ops := len(r.turn.record.ops)
	if err := r.do(operation{kind: opStep, budget: stepBudget}); err != nil {
		return err
	}
	if ops == 0 && len(r.turn.events.b) == n && len(r.turn.opened) == 0 && len(r.turn.order) == 0 && !r.more {
		r.turn.record.ops = nil
	}
	return nil
}

// receive performs one message.
func (e *Engine) receive(r *execution, m message) error {
	running := r.x.Outcome().Status == asl.Running
	switch m.kind {
	case msgAnswer:
		if !running {
			return nil
		}
		return e.answered(r, m.effect, m.answer)
	case msgReturned:
		return e.returned(r, m.effect)
	case msgSignal:
		return e.signal(r, m.signal)
	case msgSlot:
		o, open := r.open[m.effect]
		if !running || !open || !o.flies() || o.slot {
			e.freeSlot()
			return nil
		}
		o.slot = true
		if o.Kind != asl.InvokeEffect || !o.Started.IsZero() {
			return nil
		}
		return r.do(operation{kind: opDeliver, effect: m.effect, answer: asl.Answer{Kind: asl.Started}})
	case msgGo, msgWake:
	}
	return nil
}

// answered delivers an answer; one that comes too late is dropped.
func (e *Engine) answered(r *execution, effect string, a asl.Answer) error {
	if g, ok := r.deferred[effect]; ok && a.Kind != asl.Started && a.Kind != asl.Submitted {
		return e.answerSignal(r, g)
	}
	err := r.do(operation{kind: opDeliver, effect: effect, answer: a})
	if errors.Is(err, asl.ErrUnknownEffect) {
		return nil
	}
	return err
}

// due delivers what is due: timers, time-outs, the end of the execution's time.
func (e *Engine) due(r *execution) error {
	now := r.turn.record.at
	var late []*openEffect
	for _, o := range r.open {
		if t := o.due(); !t.IsZero() && !t.After(now) {
			late = append(late, o)
		}
	}
	slices.SortFunc(late, func(a, b *openEffect) int {
		return cmp.Or(a.due().Compare(b.due()), effectNumber(a.ID)-effectNumber(b.ID))
	})
	end, limited := r.deadline()
	for _, o := range late {
		if limited && !end.After(now) && !end.After(o.due()) {
			break
		}
		if _, open := r.open[o.ID]; !open {
			continue
		}
		if err := e.expire(r, o); err != nil {
			return err
		}
	}
	if limited && !end.After(now) && r.x.Outcome().Status == asl.Running {
		return r.do(operation{kind: opTimeOut})
	}
	return nil
}

// expire ends an effect whose time is up.
func (e *Engine) expire(r *execution, o *openEffect) error {
	if o.Kind == asl.TimerEffect {
		return r.do(operation{kind: opDeliver, effect: o.ID, answer: asl.Timer()})
	}
	if g, ok := r.deferred[o.ID]; ok {
		// It was answered in time, and somebody was told so.
		return e.answerSignal(r, g)
	}
	if o.Token != "" && !r.volatile {
		k, err := e.o.Store.Token(e.ctx, o.Token)
		switch {
		case errors.Is(err, ErrNotFound):
			// It has been answered: the signal is on its way, unless the token
			// has not been laid down yet.
			if !slices.ContainsFunc(r.turn.change.Tokens, func(t Token) bool { return t.Token == o.Token }) {
				e.signals()
				return nil
			}
		case err != nil:
			return err
		case k.Beat.After(o.beat):
			o.beat = k.Beat
			if t := o.due(); t.After(r.turn.record.at) {
				return nil
			}
		}
	}
	a := asl.Answer{Kind: asl.TaskTimeout}
	if o.Timeout == 0 || o.Started.Add(o.Timeout).After(r.turn.record.at) {
		name := "States.HeartbeatTimeout"
		a.Error = &name
	}
	return r.do(operation{kind: opDeliver, effect: o.ID, answer: a})
}

// prepare notes which tasks start with this turn.
func (e *Engine) prepare(r *execution) error {
	for _, o := range r.sorted() {
		if !o.flies() {
			continue
		}
		if !o.slot && !o.slotless() {
			if !e.takeSlot() {
				continue
			}
			o.slot = true
		}
		if o.Kind != asl.InvokeEffect || !o.Started.IsZero() {
			continue
		}
		if err := r.do(operation{kind: opDeliver, effect: o.ID, answer: asl.Answer{Kind: asl.Started}}); err != nil {
			return err
		}
	}
	return nil
}

// commit lays down what a turn did, and then performs it.
func (e *Engine) commit(r *execution) {
	ended, err := r.finish(&e.pack)
	if err != nil {
		e.fail(r, err)
		return
	}
	if ended {
		e.o.Tasks.Ended(context.WithoutCancel(e.ctx), r.kept.Execution)
	}
	c := r.turn.change
	if r.volatile {
		e.volatile(r, ended)
		return
	}
	if c.Create == nil && nothing(c) {
		e.settle(r, false)
		return
	}
	e.journal.submit(&commit{change: c, after: func(err error) {
		if err != nil {
			e.fail(r, err)
			return
		}
		e.settle(r, ended)
	}})
}

func nothing(c *Change) bool {
	return c.Update == nil && len(c.Blocks) == 0 && len(c.Signals) == 0 && len(c.Handled) == 0 && len(c.Children) == 0 && len(c.MapRuns) == 0
}

// settle performs the effects of a turn that has been laid down.
func (e *Engine) settle(r *execution, ended bool) {
	t := r.turn
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(t.change.Signals) > 0 {
		e.fetch = true
		e.poked()
	}
	for i := range t.change.Children {
		if c := &t.change.Children[i]; c.End != nil {
			e.tellLocked(c.ARN)
		}
	}
	for _, id := range t.change.Handled {
		delete(e.posted, id)
	}
	for _, id := range t.closed {
		if cancel, flying := r.tasks[id]; flying {
			cancel(errInterrupted)
		}
	}
	for _, w := range t.change.Work {
		wakeFirst(e.pollers[w.Activity])
	}
	for i := range t.change.MapRuns {
		if m := &t.change.MapRuns[i]; m.Status != asl.Running && !e.closing {
			e.flights.Go(func() { e.streams.drop(m.ARN, m.Status == asl.Succeeded) })
		}
	}
	if ended {
		e.endedLocked(r)
		return
	}
	if !e.closing {
		e.launchLocked(r)
	}
	e.timers.set(r.kept.Key, r.kept.Wake)
	r.turn = nil
	r.busy = false
	if r.more {
		r.inbox = append(r.inbox, message{kind: msgGo})
	}
	if len(r.inbox) > 0 {
		e.scheduleLocked(r)
	} else if len(r.tasks) == 0 && len(r.deferred) == 0 && !r.volatile {
		r.idle = e.o.Now()
		e.idle = append(e.idle, r)
	}
	e.poked()
}

// endedLocked lets go of an execution that has ended.
func (e *Engine) endedLocked(r *execution) {
	e.dropLocked(r)
	for id, key := range e.posted {
		if key == r.kept.Key {
			delete(e.posted, id)
		}
	}
	e.tellLocked(r.kept.ARN)
}

// tellLocked wakes those who wait for an execution.
func (e *Engine) tellLocked(arn string) {
	for _, w := range e.waiters[arn] {
		close(w)
	}
	delete(e.waiters, arn)
}

func (e *Engine) dropLocked(r *execution) {
	for _, cancel := range r.tasks {
		cancel(errInterrupted)
	}
	for _, o := range r.open {
		if o.slot && !o.launched {
			e.freeLocked()
		}
	}
	for _, m := range r.inbox {
		if m.kind == msgSlot {
			e.freeLocked()
		}
	}
	r.inbox = nil
	delete(e.loaded, r.kept.Key)
	delete(e.mine, r.kept.Key)
	e.timers.set(r.kept.Key, time.Time{})
}

// forget drops an execution that is no longer this engine's.
func (e *Engine) forget(r *execution) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dropLocked(r)
}

// fail drops an execution from memory because it could not be laid down or
// read: it stays as it is on disk.
func (e *Engine) fail(r *execution, err error) {
	e.o.Log.Error("an execution cannot go on; it stays as it is on disk", "execution", r.kept.ARN, "key", r.kept.Key, "error", err)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.endedLocked(r)
	e.broken[r.kept.Key] = err
	delete(e.express, r.kept.ARN)
}

// evictLocked lets executions leave memory that have only waited for a while.
func (e *Engine) evictLocked(now time.Time) {
	n := 0
	for n < len(e.idle) && (len(e.idle)-n > mostIdle || !e.idle[n].idle.Add(linger).After(now)) {
		delete(e.loaded, e.idle[n].kept.Key)
		n++
	}
	if n > 0 {
		e.idle = slices.Delete(e.idle, 0, n)
	}
}
