package workflow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"wplake/internal/asl"
)

// slotRequest is an effect that stands in line for a slot.
type slotRequest struct {
	key    int64
	effect string
}

// takeSlot takes a slot that nobody stands in line for.
func (e *Engine) takeSlot() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.free == 0 || len(e.lined) > 0 || e.closing || e.draining {
		return false
	}
	e.free--
	return true
}

func (e *Engine) freeSlot() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.freeLocked()
}

// freeLocked gives a slot back, and to the next in line.
func (e *Engine) freeLocked() {
	e.free++
	for e.free > 0 && len(e.lined) > 0 && !e.closing && !e.draining {
		next := e.lined[0]
		e.lined = e.lined[1:]
		delete(e.inLine, next)
		e.free--
		e.postLocked(next.key, message{kind: msgSlot, effect: next.effect})
	}
}

func (e *Engine) lineLocked(q slotRequest) {
	if _, there := e.inLine[q]; there {
		return
	}
	if e.free > 0 && len(e.lined) == 0 && !e.draining {
		e.free--
		e.postLocked(q.key, message{kind: msgSlot, effect: q.effect})
		return
	}
	e.lined = append(e.lined, q)
	e.inLine[q] = struct{}{}
}

// launchLocked begins what has been laid down as begun.
func (e *Engine) launchLocked(r *execution) {
	for _, o := range r.sorted() {
		if !o.flies() {
			continue
		}
		if !o.slot && !o.slotless() {
			e.lineLocked(slotRequest{r.kept.Key, o.ID})
			continue
		}
		o.launched = true
		ctx, cancel := context.WithCancelCause(e.ctx)
		r.tasks[o.ID] = cancel
		f := &flight{e: e, r: r, o: *o, parent: r.kept.Execution, express: r.volatile}
		e.flights.Go(func() { f.run(ctx) })
	}
}

// flight is an effect that this process performs.
type flight struct {
	e       *Engine
	r       *execution
	o       openEffect
	call    Call
	parent  Execution
	express bool
}

// request is what a task's service is asked.
func (f *flight) request() Call {
	o, x := &f.o, &f.parent
	c := Call{
		Execution: x.ARN, ExecutionName: x.Name, State: o.State, Resource: o.Resource, Arguments: o.Arguments,
		Credentials: o.Credentials, Token: o.Token, Attempt: o.Attempt, Timeout: o.Timeout,
	}
	if o.Execution != "" {
		c.Execution, c.ExecutionName = o.Execution, lastPart(o.Execution)
	}
	// The input is the execution's own, and was decoded once already.
	c.Input, _ = asl.Decode(x.Input)
	c.Key = hex.EncodeToString(f.identity())
	return c
}

// identity is the same for one effect of one execution whenever it is
// performed, and no other's.
func (f *flight) identity() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", f.parent.ARN, f.parent.Started.UnixNano(), f.o.ID))
	return sum[:16]
}

func (f *flight) run(ctx context.Context) {
	defer f.land()
	switch {
	case f.o.Kind == asl.InvokeEffect && f.o.nested():
		f.answer(f.nest(ctx))
	case f.o.Kind == asl.InvokeEffect:
		f.invoke(ctx)
	default:
		f.answer(f.e.transfer(ctx, &f.o))
	}
}

// land gives back what the flight held.
func (f *flight) land() {
	e := f.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if cancel := f.r.tasks[f.o.ID]; cancel != nil {
		cancel(nil)
	}
	delete(f.r.tasks, f.o.ID)
	if f.o.slot {
		e.freeLocked()
	}
	if e.loaded[f.r.kept.Key] == f.r {
		// So that it leaves memory when nothing else happens.
		f.r.inbox = append(f.r.inbox, message{kind: msgReturned, effect: f.o.ID})
		e.scheduleLocked(f.r)
	}
}

// answer hands the execution an answer. One that failed only because the
// engine is being closed is none: the task has been interrupted.
func (f *flight) answer(a asl.Answer) {
	if a.Kind != asl.Done && a.Kind != asl.Submitted && f.e.ctx.Err() != nil {
		return
	}
	e := f.e
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.loaded[f.r.kept.Key] != f.r {
		return
	}
	f.r.inbox = append(f.r.inbox, message{kind: msgAnswer, effect: f.o.ID, answer: a})
	e.scheduleLocked(f.r)
}

// invoke calls the service of a task.
func (f *flight) invoke(ctx context.Context) {
	f.call = f.request()
	submitted := f.o.Submitted
	f.call.Submitted = func(answer any) {
		if !submitted {
			submitted = true
			f.answer(asl.Answer{Kind: asl.Submitted, Output: answer})
		}
	}
	out, err := f.do(ctx)
	if err != nil {
		f.answer(failureOf(err))
		return
	}
	if f.o.Resource.Kind != asl.ServiceResource || f.o.Resource.Pattern == asl.RequestResponse {
		f.answer(asl.Answer{Kind: asl.Done, Output: out})
		return
	}
	f.call.Submitted(out)
	if f.o.Resource.Pattern != asl.WaitForTaskToken {
		f.answer(asl.Answer{Kind: asl.Done, Output: out})
	}
}

// do calls the port, whose panic is the task's failure alone.
func (f *flight) do(ctx context.Context) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			f.e.o.Log.Error("a task panicked", "execution", f.call.Execution, "state", f.o.State, "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("the task panicked: %v", p)
		}
	}()
	return f.e.o.Tasks.Do(ctx, f.call)
}

// failureOf is the answer that an error makes.
func failureOf(err error) asl.Answer {
	a := asl.Answer{Kind: asl.Failure}
	name, cause := "States.TaskFailed", err.Error()
	if t, ok := errors.AsType[*TaskError](err); ok {
		name, cause = t.Name, t.Cause
		if t.Start {
			a.Kind = asl.StartFailed
		}
	}
	a.Error, a.Cause = &name, &cause
	return a
}

// returned notes that a call has returned: an answer that came before it is
// now due.
func (e *Engine) returned(r *execution, effect string) error {
	if g, ok := r.deferred[effect]; ok {
		return e.answerSignal(r, g)
	}
	return nil
}

// interrupted decides about tasks that were in flight when their process died.
func (e *Engine) interrupted(r *execution) error {
	for _, o := range r.sorted() {
		if !o.flies() || o.Kind != asl.InvokeEffect || o.nested() || o.Started.IsZero() {
			continue
		}
		if o.Token != "" {
			_, err := e.o.Store.Token(e.ctx, o.Token)
			if errors.Is(err, ErrNotFound) {
				o.launched = true // it has been answered; the signal is on its way
				continue
			}
			if err != nil {
				return err
			}
		}
		if e.o.Interrupted != FailInterrupted {
			continue
		}
		name, cause := "States.TaskFailed", "The process that ran the task ended before the task did."
		err := r.do(operation{kind: opDeliver, effect: o.ID, answer: asl.Answer{Kind: asl.Failure, Error: &name, Cause: &cause}})
		if err != nil && !errors.Is(err, asl.ErrUnknownEffect) {
			return err
		}
	}
	return nil
}

func wakeFirst(list []chan struct{}) {
	if len(list) == 0 {
		return
	}
	select {
	case list[0] <- struct{}{}:
	default:
	}
}

func (e *Engine) leavePoll(activity string, me chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.pollers[activity]
	if i := slices.Index(list, me); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(e.pollers, activity)
		return
	}
	e.pollers[activity] = list
	wakeFirst(list)
}
