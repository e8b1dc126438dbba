package asl

import (
	"errors"
	"strconv"
	"strings"
)

// AnswerKind says how an effect ended, or that it went on.
type AnswerKind string

// The kinds of answers. Started and Submitted only tell that a task got so
// far; the others end the effect.
const (
	Started     AnswerKind = "started"
	Submitted   AnswerKind = "submitted"
	Done        AnswerKind = "done"
	Failure     AnswerKind = "failure"
	StartFailed AnswerKind = "start-failed"
	TaskTimeout AnswerKind = "timeout"
)

// Answer is what a caller delivers for an effect.
type Answer struct {
	Kind AnswerKind
	// Output is the result of a task. For a Final write it lists the files that
	// were written, in whatever way the caller likes (see Write.Earlier).
	Output any
	// Page is the result of a read. Without it Output is the list of all items.
	Page *Page
	// Error and Cause are those of a failure, nil where there is none.
	Error, Cause *string
	// Worker names who started an activity, "" for nobody in particular.
	Worker string
}

// ErrUnknownEffect is what Deliver returns for an effect that nobody waits
// for: it was answered or cancelled before.
var ErrUnknownEffect = errors.New("asl: no such effect is open")

// Deliver takes the answer to an effect. What follows from it is done by the
// next Step.
func (x *Execution) Deliver(host Host, effect string, a Answer) (Progress, error) {
	f, ok := x.waiting[effect]
	if !ok {
		return Progress{}, ErrUnknownEffect
	}
	x.begin(host)
	if a.Kind == Started || a.Kind == Submitted {
		if f.For == forTask {
			x.taskEvent(f, map[AnswerKind]string{Started: "Started", Submitted: "Submitted"}[a.Kind], a)
		}
		return x.finish(), nil
	}
	delete(x.waiting, effect)
	if x.runAnswered(f, effect, a) {
		return x.finish(), nil
	}
	f.Effect = ""
	switch f.For {
	case forTimer:
		x.waited(f)
	case forRetry:
		f.Phase = starting
		x.ready = append(x.ready, f)
	case forTask:
		x.answered(f, a)
	}
	return x.finish(), nil
}

func (x *Execution) task(f *frame, s *State) {
	x.newEffect(f)
	if s.Resource.Kind == ServiceResource && s.Resource.Pattern != RequestResponse {
		f.Token = x.host.TaskToken(f.Effect)
	}
	sc := x.scope(f)
	arguments, bad := x.effective(sc)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	settings := sc
	if s.Language == JSONPath {
		in, bad := sc.filter(s.inputPath, f.Input)
		if bad != nil {
			x.failed(f, bad)
			return
		}
		settings = sc.with(in)
	}
	timeout, bad := settings.limit(s.timeout)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	heartbeat, bad := settings.limit(s.heartbeat)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	credentials, bad := settings.eval(s.credentials)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if x.tooLarge(f, s.Name, arguments) {
		return
	}
	e := Event{Input: arguments, HasInput: true, Timeout: timeout, Heartbeat: heartbeat}
	r := s.Resource
	switch r.Kind {
	case LambdaResource:
		e.Type, e.Resource = "LambdaFunctionScheduled", r.ARN
	case ActivityResource:
		e.Type, e.Resource = "ActivityScheduled", r.ARN
	default:
		e.Type, e.Resource, e.Service = "TaskScheduled", r.Call(), r.Service
	}
	x.event(f, e)
	f.Phase, f.For = waiting, forTask
	if a := x.mock(f); a != nil {
		x.answered(f, *a)
		return
	}
	x.effect(f, Effect{Kind: InvokeEffect, Resource: r, Arguments: arguments, Credentials: credentials, Token: f.Token,
		Timeout: seconds(timeout), Heartbeat: seconds(heartbeat), Attempt: f.RetryCount})
}

// limit evaluates TimeoutSeconds or HeartbeatSeconds, 0 for none.
func (sc *scope) limit(n *node) (int64, *failure) {
	v, set, bad := sc.count(n)
	if bad != nil || !set || v >= 0 && v <= 99999999 {
		return v, bad
	}
	reason := strings.TrimSuffix(n.field, "Path") + " must be between 0 and 99999999 but was: " + strconv.FormatInt(v, 10)
	if n.path != nil {
		return 0, sc.runtime(reason)
	}
	return 0, sc.unusable(n.field, reason)
}

// taskEvent writes an event of the family of the task's resource.
func (x *Execution) taskEvent(f *frame, what string, a Answer) {
	r := f.state().Resource
	e := Event{Error: a.Error, Cause: a.Cause, Worker: a.Worker}
	switch r.Kind {
	case LambdaResource:
		e.Type = "LambdaFunction" + what
	case ActivityResource:
		e.Type = "Activity" + what
	default:
		e.Type, e.Resource, e.Service = "Task"+what, r.Call(), r.Service
	}
	if what == "Succeeded" || what == "Submitted" {
		e.Output, e.HasOutput = a.Output, true
	}
	x.event(f, e)
}

// answered goes on with the result or the error of a task.
func (x *Execution) answered(f *frame, a Answer) {
	s := f.state()
	if a.Kind == Done && size(a.Output, MaxPayload) > MaxPayload {
		what := s.Resource.ARN
		if s.Resource.Kind == ServiceResource {
			what = s.Resource.Service
		}
		bad := tooLarge(what)
		a = Answer{Kind: Failure, Error: bad.err, Cause: bad.cause}
	}
	switch a.Kind {
	case Done:
		x.taskEvent(f, "Succeeded", a)
		sc := x.scope(f)
		sc.result, sc.hasResult = a.Output, true
		sc.saw(RawResult, a.Output)
		x.complete(f, sc, a.Output, s.Next)
		return
	case TaskTimeout:
		if a.Error == nil {
			name := errTimeout
			a.Error = &name
		}
		x.taskEvent(f, "TimedOut", a)
	case StartFailed:
		x.taskEvent(f, "StartFailed", a)
	default:
		x.taskEvent(f, "Failed", a)
	}
	x.failed(f, &failure{err: a.Error, cause: a.Cause})
}

// Timer is the answer to a timer.
func Timer() Answer { return Answer{Kind: Done} }
