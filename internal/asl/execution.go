package asl

import (
	"time"

	"wplake/internal/asl/jsonata"
)

// Host gives an execution what does not follow from its definition and input.
// Its answers are part of an execution's course: an engine that repeats a
// course has to repeat them. Step calls it from one goroutine.
type Host interface {
	// Now is the time of the events that Step writes.
	Now() time.Time
	// UUID returns a new random identifier, version 4.
	UUID() string
	// Random returns a number in [0,1).
	Random() float64
	// TaskToken returns the token of a task, for $$.Task.Token.
	TaskToken(effect string) string
}

// Info says which execution this is, for the context object.
type Info struct {
	ID, Name, RoleARN string
	// MachineID and MachineName are the ARN and the name of the state machine.
	MachineID, MachineName string
	Input                  any
	StartTime              time.Time
	// RedriveCount counts the redrives; RedriveTime is that of the last one.
	RedriveCount int
	RedriveTime  time.Time
	// Express executions have no RedriveCount and no limit of events.
	Express bool
}

// Status is how an execution stands.
type Status string

// The states of an execution.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Outcome is how an execution stands and what came out of it.
type Outcome struct {
	Status Status
	// Output is set when Status is Succeeded.
	Output any
	// Error and Cause are nil where there is none.
	Error, Cause *string
}

// EffectKind says what an effect asks for.
type EffectKind string

// The kinds of effects.
const (
	InvokeEffect EffectKind = "invoke" // call a Task's resource
	TimerEffect  EffectKind = "timer"  // answer at Until
	ReadEffect   EffectKind = "read"   // read a page of a distributed Map's items
	WriteEffect  EffectKind = "write"  // write results of a distributed Map
)

// Effect is something that an execution waits for. Deliver its answer under
// its ID.
type Effect struct {
	// ID is unique in the execution and the same whenever its course is
	// repeated.
	ID    string
	Kind  EffectKind
	State string
	// Execution is the ARN of the child execution of a distributed Map that
	// asks, "" for the execution itself.
	Execution string
	// Resource and Arguments are those of a Task, an ItemReader or a
	// ResultWriter.
	Resource  Resource
	Arguments any
	// Config is the ReaderConfig of an ItemReader, or the WriterConfig of a
	// ResultWriter; nil for none. MaxItems is not in it: see Limit.
	Config any
	// MapRun is the ARN of the run that reads or writes: all its pages are of
	// one reading, all its writes for one set of files.
	MapRun string
	// Cursor is Page.Next of the page before, "" for the first; Limit is the
	// largest number of items that the page may have, and PageBytes about how
	// many bytes of JSON.
	Cursor string
	Limit  int
	// Write is what a WriteEffect writes.
	Write *Write
	// Credentials are those of a Task, nil for none.
	Credentials any
	// Token answers the task from outside.
	Token string
	// Timeout and Heartbeat are limits that the caller watches, 0 for none.
	Timeout, Heartbeat time.Duration
	// Attempt counts the tries of the state, from 0.
	Attempt int
	// Iterations are the indexes of the Map iterations around the state, the
	// outermost first.
	Iterations []int
	// Until is when a timer is due.
	Until time.Time
}

// Progress is what one Step did.
type Progress struct {
	// Effects are those that the step asks for, in order.
	Effects []Effect
	// Cancelled are effects that nobody waits for any longer.
	Cancelled []string
	// More tells that the step ended by its budget and there is more to do.
	More bool
	// MapRuns are the runs of distributed Maps that ended in this step, as they
	// ended. Nothing is read or written for them any more, unless the execution
	// is redriven.
	MapRuns []MapRun
}

// Execution is one run of a Machine. Its methods must not be called
// concurrently.
type Execution struct {
	machine *Machine
	info    Info
	emit    func(Event)
	// observer, trial and given are nil unless somebody looks on.
	observer func(Observation)
	trial    *trial
	given    map[string]any

	root    *frame
	outcome Outcome
	// nextEvent, nextEffect and nextFrame number what comes next.
	nextEvent  int64
	nextEffect int64
	nextFrame  int64

	host    Host
	ready   []*frame
	waiting map[string]*frame
	memo    jsonata.Memo
	steps   Progress
}

// NewExecution starts an execution. emit is called for each event of its
// history while Step or Deliver runs; it may be nil.
func NewExecution(m *Machine, info Info, emit func(Event)) *Execution {
	if emit == nil {
		emit = func(Event) {}
	}
	x := &Execution{machine: m, info: info, emit: emit, nextEvent: 1, nextEffect: 1, nextFrame: 1,
		outcome: Outcome{Status: Running}, waiting: map[string]*frame{}}
	x.root = x.newFrame(nil, &m.Flow, info.Input)
	return x
}

// Outcome tells how the execution stands.
func (x *Execution) Outcome() Outcome { return x.outcome }

// Deadline is when the whole execution times out; ok is false when it does
// not. A redrive begins the time anew. The caller watches it and calls TimeOut.
func (x *Execution) Deadline() (t time.Time, ok bool) {
	if x.machine.Timeout <= 0 {
		return time.Time{}, false
	}
	from := x.info.StartTime
	if x.info.RedriveTime.After(from) {
		from = x.info.RedriveTime
	}
	return from.Add(x.machine.Timeout), true
}

// Step advances the execution until every branch waits for an effect or the
// execution has ended, or until it has made budget transitions; a budget of 0
// means no limit. After it ended, Step does nothing.
func (x *Execution) Step(host Host, budget int) Progress {
	x.begin(host)
	x.started()
	for n := 0; len(x.ready) > 0 && x.outcome.Status == Running; n++ {
		if budget > 0 && n >= budget {
			x.steps.More = true
			break
		}
		f := x.ready[0]
		x.ready = x.ready[1:]
		if f.Gone {
			continue
		}
		x.advance(f)
	}
	return x.finish()
}

// started writes the first event of the history.
func (x *Execution) started() {
	if x.nextEvent == 1 && x.outcome.Status == Running {
		x.event(x.root, Event{Type: "ExecutionStarted", Input: x.info.Input, HasInput: true, RoleARN: x.info.RoleARN})
		x.root.Last = 0
	}
}

func (x *Execution) begin(host Host) {
	x.host, x.steps = host, Progress{}
}

func (x *Execution) finish() Progress {
	p := x.steps
	x.host, x.steps = nil, Progress{}
	return p
}

// TimeOut ends the execution because its time is up.
func (x *Execution) TimeOut(host Host) Progress {
	name := errTimeout
	return x.stop(host, TimedOut, "ExecutionTimedOut", &name, nil)
}

// Abort ends the execution because somebody stopped it.
func (x *Execution) Abort(host Host, err, cause *string) Progress {
	return x.stop(host, Aborted, "ExecutionAborted", err, cause)
}

func (x *Execution) stop(host Host, s Status, event string, err, cause *string) Progress {
	x.begin(host)
	if x.outcome.Status == Running {
		x.started()
		x.suspend(x.root, false)
		x.ready = nil
		e := Event{Type: event, Error: err, Cause: cause}
		if s == TimedOut {
			e.Error = nil
		}
		x.outcome = Outcome{Status: s, Error: e.Error, Cause: cause}
		x.event(x.root, e)
	}
	return x.finish()
}

// event numbers, dates and emits an event of a frame, in the history of the
// execution that the frame belongs to.
func (x *Execution) event(f *frame, e Event) int64 {
	next := &x.nextEvent
	if f.own != nil {
		next, e.Execution = &f.own.Next, f.own.ARN
	}
	e.ID, e.Previous, e.Time = *next, f.Last, x.host.Now()
	*next++
	f.Last = e.ID
	x.emit(e)
	return e.ID
}

// effect registers that a frame waits, and asks for what it waits for.
func (x *Execution) effect(f *frame, e Effect) {
	e.ID, e.State, e.Iterations = f.Effect, f.State, f.iterations()
	if f.own != nil {
		e.Execution = f.own.ARN
	}
	x.waiting[f.Effect] = f
	x.steps.Effects = append(x.steps.Effects, e)
}

func (x *Execution) newEffect(f *frame) { f.Effect = x.effectID() }

func (x *Execution) effectID() string {
	id := "e" + formatID(x.nextEffect)
	x.nextEffect++
	return id
}

// end finishes the whole execution.
func (x *Execution) end(o Outcome) {
	x.outcome = o
	e := Event{Type: "ExecutionSucceeded", Output: o.Output, HasOutput: true}
	if o.Status == Failed {
		e = Event{Type: "ExecutionFailed", Error: o.Error, Cause: o.Cause}
	}
	x.suspend(x.root, false)
	x.ready = nil
	x.event(x.root, e)
}
