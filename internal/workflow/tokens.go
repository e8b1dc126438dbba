package workflow

import (
	"context"
	"encoding/json"
	"errors"

	"wplake/internal/asl"
)

// answerBody is what a signal with the answer to a task carries.
type answerBody struct {
	Output json.RawMessage `json:",omitempty"`
	Failed bool            `json:",omitempty"`
	Error  *string         `json:",omitempty"`
	Cause  *string         `json:",omitempty"`
}

// SendTaskSuccess answers a task that waits for its token. When it has
// returned, the answer is on disk, whichever process runs the execution.
func (e *Engine) SendTaskSuccess(ctx context.Context, token string, output json.RawMessage) error {
	if len(output) > asl.MaxPayload {
		return Errorf(InvalidOutput, "Invalid Output: 'Output of %d bytes exceeds the maximum of %d'", len(output), asl.MaxPayload)
	}
	if _, err := asl.Decode(output); err != nil {
		return Errorf(InvalidOutput, "Invalid Output: '%s'", err)
	}
	return e.sendAnswer(ctx, token, answerBody{Output: output})
}

// SendTaskFailure fails a task that waits for its token.
func (e *Engine) SendTaskFailure(ctx context.Context, token string, err, cause *string) error {
	return e.sendAnswer(ctx, token, answerBody{Failed: true, Error: err, Cause: cause})
}

func (e *Engine) sendAnswer(ctx context.Context, token string, b answerBody) error {
	arn, _, ok := parseToken(token)
	if !ok {
		return invalidToken()
	}
	body, err := json.Marshal(b)
	if err != nil {
		return err
	}
	err = e.o.Store.Answer(ctx, token, e.o.Now(), Signal{Kind: AnswerSignal, Body: body})
	if err != nil {
		return e.gone(ctx, arn, err)
	}
	e.signals()
	return nil
}

// SendTaskHeartbeat tells that a task is alive.
func (e *Engine) SendTaskHeartbeat(ctx context.Context, token string) error {
	arn, _, ok := parseToken(token)
	if !ok {
		return invalidToken()
	}
	k, err := e.o.Store.Token(ctx, token)
	if err == nil {
		now := e.o.Now()
		err = e.o.Store.Beat(ctx, token, now, now.Add(k.Heartbeat))
	}
	return e.gone(ctx, arn, err)
}

func invalidToken() error { return Errorf(InvalidToken, "Invalid Token: 'Invalid token'") }

// gone says of a token that is not open whether it ever was.
func (e *Engine) gone(ctx context.Context, arn string, err error) error {
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	if _, err := e.find(ctx, arn); err == nil {
		return Errorf(TaskTimedOut, "Task Timed Out: 'Provided task does not exist anymore'")
	}
	return Errorf(TaskDoesNotExist, "Task Does Not Exist: 'Provided task does not exist'")
}

// signals reads what has been laid down for this engine's executions and hands
// it to them.
func (e *Engine) signals() {
	e.signalMu.Lock()
	defer e.signalMu.Unlock()
	for after, whole := e.seen, true; ; {
		found, err := e.o.Store.Signals(e.ctx, e.owner, after)
		if err != nil {
			if e.ctx.Err() == nil {
				e.o.Log.Error("the signals of executions could not be read", "error", err)
			}
			return
		}
		if len(found) == 0 {
			return
		}
		e.mu.Lock()
		for _, g := range found {
			whole = e.handLocked(g) && whole
			if after = g.ID; whole {
				e.seen = after
			}
		}
		e.mu.Unlock()
	}
}

// handLocked hands a signal to its execution, once. It is false when that is
// not known yet: then the signal is to be read again.
func (e *Engine) handLocked(g Signal) bool {
	if _, known := e.mine[g.Execution]; !known {
		// What had to be dropped is taken up again by Resume, and so are its
		// signals.
		if _, dropped := e.broken[g.Execution]; dropped {
			return true
		}
		e.missed = true
		return false
	}
	if _, posted := e.posted[g.ID]; !posted {
		e.posted[g.ID] = g.Execution
		e.postLocked(g.Execution, message{kind: msgSignal, signal: g})
	}
	return true
}

// signal performs what a signal asks.
func (e *Engine) signal(r *execution, g Signal) error {
	running := r.x.Outcome().Status == asl.Running
	o, open := r.open[g.Effect]
	if g.Kind == AnswerSignal && running && open && !o.Submitted && o.Resource.Kind == asl.ServiceResource && e.flying(r, g.Effect) {
		// The answer came before the call returned; the call may still fail to
		// be submitted, and the events have their order.
		r.deferred[g.Effect] = g
		return nil
	}
	if g.Kind == AnswerSignal && running && open {
		return e.answerSignal(r, g)
	}
	r.handled(g)
	if !running {
		return nil
	}
	switch g.Kind {
	case StopSignal:
		var b stopBody
		if len(g.Body) > 0 {
			if err := json.Unmarshal(g.Body, &b); err != nil {
				return errJournal
			}
		}
		return r.do(operation{kind: opAbort, err: b.Error, cause: b.Cause})
	case AnswerSignal:
		e.o.Log.Warn("the answer to a task came when nobody waited for it any more", "execution", r.kept.ARN, "effect", g.Effect)
	case StartedSignal:
		if open && o.Started.IsZero() {
			return r.do(operation{kind: opDeliver, effect: g.Effect, answer: asl.Answer{Kind: asl.Started, Worker: string(g.Body)}})
		}
	case ChildSignal:
		if open {
			return e.childEnded(r, o, string(g.Body))
		}
	case MapRunSignal:
		var b mapRunBody
		if err := json.Unmarshal(g.Body, &b); err != nil {
			return errJournal
		}
		if err := r.do(operation{kind: opMapRun, mapRun: b.ARN, update: b.Update}); err != nil {
			e.o.Log.Warn("a Map run could not be changed", "run", b.ARN, "error", err)
		}
	}
	return nil
}

func (r *execution) handled(g Signal) {
	if g.ID != 0 {
		r.turn.change.Handled = append(r.turn.change.Handled, g.ID)
	}
}

func (e *Engine) flying(r *execution, effect string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, flying := r.tasks[effect]
	return flying
}

// answerSignal delivers the answer that a signal carries.
func (e *Engine) answerSignal(r *execution, g Signal) error {
	delete(r.deferred, g.Effect)
	r.handled(g)
	var b answerBody
	if err := json.Unmarshal(g.Body, &b); err != nil {
		return errJournal
	}
	a := asl.Answer{Kind: asl.Failure, Error: b.Error, Cause: b.Cause}
	if !b.Failed {
		out, err := asl.Decode(b.Output)
		if err != nil {
			return errJournal
		}
		a = asl.Answer{Kind: asl.Done, Output: out}
	}
	return e.answered(r, g.Effect, a)
}
