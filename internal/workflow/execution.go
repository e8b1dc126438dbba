package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"wplake/internal/asl"
)

// openEffect is an effect that an execution waits for.
type openEffect struct {
	asl.Effect
	// Scheduled and Started are when it was asked for and begun; Started is
	// zero until then.
	Scheduled, Started time.Time
	Submitted          bool
	// Child is the ARN of the nested execution that it started.
	Child string `json:",omitempty"`

	// beat is until when a heartbeat has told that it lives, as far as is known.
	beat time.Time
	// slot tells that it holds one of the slots for tasks, launched that this
	// process has begun to perform it.
	slot, launched bool
}

// slotless tells that performing it takes no slot: the engine itself does it.
func (o *openEffect) slotless() bool { return o.Kind == asl.InvokeEffect && o.nested() }

// flies tells that this process has to perform the effect.
func (o *openEffect) flies() bool {
	switch {
	case o.launched || o.Kind == asl.TimerEffect:
		return false
	case o.Kind != asl.InvokeEffect:
		return true
	}
	return o.Resource.Kind != asl.ActivityResource && !o.outside()
}

// outside tells that the effect goes on without this process.
func (o *openEffect) outside() bool {
	switch {
	case o.Kind == asl.TimerEffect:
		return true
	case o.Kind != asl.InvokeEffect:
		return false
	case o.Resource.Kind == asl.ActivityResource:
		return true
	case o.nested() && o.Resource.Pattern != asl.RequestResponse:
		return o.Submitted
	}
	return o.Resource.Pattern == asl.WaitForTaskToken && o.Submitted
}

// nested tells that the engine itself does the call.
func (o *openEffect) nested() bool {
	return o.Resource.Kind == asl.ServiceResource && o.Resource.Service == "states" && o.Resource.Action == "startExecution"
}

// due is when the effect has to be looked at, zero for never.
func (o *openEffect) due() time.Time {
	if o.Kind == asl.TimerEffect {
		return o.Until
	}
	if o.Started.IsZero() {
		return time.Time{}
	}
	var t time.Time
	if o.Timeout > 0 {
		t = o.Started.Add(o.Timeout)
	}
	if o.Heartbeat > 0 {
		beat := o.Started.Add(o.Heartbeat)
		if o.beat.After(beat) {
			beat = o.beat
		}
		t = earlier(t, beat)
	}
	return t
}

// earlier is the earlier of two times, where zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// execution is one that is in memory. One goroutine works on it at a time.
type execution struct {
	kept    Kept
	machine *asl.Machine
	x       *asl.Execution
	open    map[string]*openEffect
	// volatile executions are express: nothing of them is laid down before
	// they have ended.
	volatile bool
	// replaying: what is emitted has been laid down before.
	replaying bool
	more      bool // a step ended by its budget
	turn      *turn

	// since counts the bytes of records since the last snapshot, of the size
	// snapshot.
	since, snapshot int
	// deferred are answers that came before the task was submitted, by effect.
	deferred map[string]Signal

	// What follows belongs to the engine, under its mutex.
	inbox []message
	busy  bool
	tasks map[string]context.CancelCauseFunc
	idle  time.Time
	held  Change // of a volatile execution, until it has ended
}

// turn is what one turn of work on an execution produced.
type turn struct {
	record   record
	host     *host
	change   *Change
	events   encoder
	id, at   int64
	children map[string]*childTurn
	order    []string // of children
	opened   []string
	closed   []string
}

// childTurn is what happened to one item of a distributed Map.
type childTurn struct {
	child  Child
	events encoder
	id, at int64
}

func (r *execution) begin(now time.Time) {
	r.turn = &turn{record: record{at: now.UTC().Round(0)}, change: &Change{Key: r.kept.Key}, children: map[string]*childTurn{}}
	r.turn.host = &host{record: &r.turn.record, arn: r.kept.ARN}
}

// init prepares an execution that stands at its beginning.
func (r *execution) init(k Kept, m *asl.Machine) error {
	input, err := asl.Decode(k.Input)
	if err != nil {
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	r.kept, r.machine, r.open, r.deferred = k, m, map[string]*openEffect{}, map[string]Signal{}
	r.x = asl.NewExecution(m, infoOf(&k, input), r.emit)
	return nil
}

func infoOf(k *Kept, input any) asl.Info {
	machine := k.Machine.ARN
	return asl.Info{
		ID: k.ARN, Name: k.Name, RoleARN: k.Machine.RoleARN, MachineID: machine, MachineName: k.Machine.Name,
		Input: input, StartTime: k.Started, Express: k.Machine.Type == Express,
	}
}

// do performs an operation and notes it in the record.
func (r *execution) do(o operation) error {
	if err := r.perform(r.turn.host, &o); err != nil {
		return err
	}
	r.turn.record.ops = append(r.turn.record.ops, o)
	return nil
}

// perform does an operation: once when it happens, and again when a journal is
// repeated.
func (r *execution) perform(h *host, o *operation) error {
	var p asl.Progress
	var err error
	switch o.kind {
	case opStep:
		p = r.x.Step(h, o.budget)
		r.more = p.More
	case opDeliver:
		if p, err = r.deliver(h, o); err != nil {
			return err
		}
	case opAbort:
		p = r.x.Abort(h, o.err, o.cause)
	case opTimeOut:
		p = r.x.TimeOut(h)
	case opRedrive:
		p, err = r.x.Redrive(h)
	case opMapRun:
		p, err = r.x.UpdateMapRun(h, o.mapRun, o.update)
	default:
		err = errJournal
	}
	if err != nil {
		return err
	}
	r.take(h, p)
	return nil
}

func (r *execution) deliver(h *host, o *operation) (asl.Progress, error) {
	e, ok := r.open[o.effect]
	if !ok {
		return asl.Progress{}, asl.ErrUnknownEffect
	}
	p, err := r.x.Deliver(h, o.effect, o.answer)
	if err != nil {
		return p, err
	}
	switch o.answer.Kind {
	case asl.Started:
		e.Started = h.Now()
	case asl.Submitted:
		e.Submitted = true
		if e.nested() {
			if out, isObject := o.answer.Output.(map[string]any); isObject {
				e.Child, _ = out["ExecutionArn"].(string)
			}
		}
	default:
		r.close(o.effect, e)
	}
	return p, nil
}

// take notes which effects are open and which are no longer.
func (r *execution) take(h *host, p asl.Progress) {
	for _, id := range p.Cancelled {
		if e, ok := r.open[id]; ok {
			r.close(id, e)
			if e.Child != "" && e.Resource.Pattern != asl.WaitForTaskToken && !r.replaying {
				// As AWS does: what waits for a nested execution stops it.
				r.turn.change.Signals = append(r.turn.change.Signals, Signal{ARN: e.Child, Kind: StopSignal})
			}
		}
	}
	for i := range p.Effects {
		e := &openEffect{Effect: p.Effects[i], Scheduled: h.Now()}
		if e.Kind == asl.InvokeEffect && e.Resource.Kind == asl.ActivityResource {
			e.Token = h.TaskToken(e.ID)
		}
		r.open[e.ID] = e
		if !r.replaying {
			r.turn.opened = append(r.turn.opened, e.ID)
			r.enter(e)
		}
	}
	if !r.replaying {
		r.turn.change.MapRuns = append(r.turn.change.MapRuns, p.MapRuns...)
	}
}

// enter lays down what others need to know of an open effect.
func (r *execution) enter(e *openEffect) {
	if e.Kind != asl.InvokeEffect || e.Token == "" || r.volatile {
		return
	}
	c := r.turn.change
	c.Tokens = append(c.Tokens, Token{Token: e.Token, Effect: e.ID, Heartbeat: e.Heartbeat})
	if e.Resource.Kind == asl.ActivityResource {
		c.Work = append(c.Work, Work{
			Activity: e.Resource.ARN, Effect: e.ID, Token: e.Token, Heartbeat: e.Heartbeat, Input: appendJSON(nil, e.Arguments),
		})
	}
}

func (r *execution) close(id string, e *openEffect) {
	delete(r.open, id)
	if r.replaying {
		return
	}
	r.turn.closed = append(r.turn.closed, id)
	if e.Kind == asl.InvokeEffect && e.Token != "" {
		r.turn.change.DropTokens = append(r.turn.change.DropTokens, e.Token)
	}
}

// emit takes the events of the language.
func (r *execution) emit(v asl.Event) {
	if v.Execution != "" {
		if !r.replaying {
			r.childEvent(&v)
		}
		return
	}
	r.kept.Events = v.ID
	if r.replaying {
		return
	}
	t := r.turn
	t.events.event(&v, &t.id, &t.at)
}

// wake is when the execution has to be looked at next, zero for never.
func (r *execution) wake() time.Time {
	var t time.Time
	if end, ok := r.deadline(); ok {
		t = end
	}
	for _, e := range r.open {
		t = earlier(t, e.due())
	}
	return t
}

// expressLimit is how long an express execution may take.
const expressLimit = 5 * time.Minute

// deadline is when the whole execution times out.
func (r *execution) deadline() (time.Time, bool) {
	end, ok := r.x.Deadline()
	if r.kept.Machine.Type == Express {
		return earlier(end, r.kept.Started.Add(expressLimit)), true
	}
	return end, ok
}

// attention tells that the execution does not only wait for the clock and for
// others.
func (r *execution) attention() bool {
	if r.more {
		return true
	}
	for _, e := range r.open {
		if !e.outside() {
			return true
		}
	}
	return false
}

// sorted returns the open effects in the order in which they were asked for.
func (r *execution) sorted() []*openEffect {
	out := make([]*openEffect, 0, len(r.open))
	for _, e := range r.open {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b *openEffect) int { return effectNumber(a.ID) - effectNumber(b.ID) })
	return out
}

func effectNumber(id string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "e"))
	if err != nil {
		return 0
	}
	return n
}

// finish completes the change of a turn. ended tells that the execution did.
func (r *execution) finish(p *packer) (ended bool, err error) {
	t := r.turn
	c := t.change
	o := r.x.Outcome()
	ended = o.Status != asl.Running
	for _, id := range t.order {
		ct := t.children[id]
		if len(ct.events.b) > 0 {
			ct.child.Blocks = []Block{{Seq: r.kept.Seq + 1, Last: ct.id, Body: p.block(nil, ct.events.b)}}
		}
		c.Children = append(c.Children, ct.child)
	}
	if len(t.record.ops) > 0 {
		var e encoder
		e.record(&t.record)
		r.kept.Seq++
		c.Blocks = []Block{{Seq: r.kept.Seq, Last: r.kept.Events, Body: p.block(e.b, t.events.b)}}
		r.since += len(e.b)
		c.MapRuns = append(c.MapRuns, openRuns(r.x, c.MapRuns)...)
	}
	update := ended || r.kept.Status != asl.Running
	r.kept.Status = o.Status
	if ended {
		r.kept.Stopped = t.record.at
		r.kept.Error, r.kept.Cause = o.Error, o.Cause
		if o.Status == asl.Succeeded {
			r.kept.Output = appendJSON(nil, o.Output)
		}
		r.kept.Owner, r.kept.Wake, r.kept.Attention = "", time.Time{}, false
		if r.kept.Notify && r.kept.Parent != "" {
			c.Signals = append(c.Signals, Signal{ARN: r.kept.Parent, Kind: ChildSignal, Effect: r.kept.ParentEffect, Body: []byte(r.kept.ARN)})
		}
	} else {
		wake, attention := r.wake(), r.attention()
		update = update || !wake.Equal(r.kept.Wake) || attention != r.kept.Attention
		r.kept.Wake, r.kept.Attention = wake, attention
	}
	if update && c.Create == nil {
		k := r.kept
		c.Update = &k
	}
	if r.volatile || ended || len(c.Blocks) == 0 || r.since <= max(snapshotFrom, r.snapshot) {
		return ended, nil
	}
	body, err := r.snapshotBytes()
	if err != nil {
		return ended, err
	}
	c.Snapshot = p.pack(body)
	r.since, r.snapshot = 0, len(body)
	return ended, nil
}

// snapshotFrom is from how many bytes of records a snapshot is worth it.
const snapshotFrom = 64 << 10

// openRuns are the runs of distributed Maps as they stand, without those that
// have just ended.
func openRuns(x *asl.Execution, ended []MapRun) []MapRun {
	open := x.MapRuns()
	return slices.DeleteFunc(open, func(m MapRun) bool {
		return slices.ContainsFunc(ended, func(o MapRun) bool { return o.ARN == m.ARN })
	})
}

// laid is a snapshot as it is laid down: that of the language, and what is open.
type laid struct {
	Machine json.RawMessage
	Open    []*openEffect
	More    bool
}

func (r *execution) snapshotBytes() ([]byte, error) {
	inner, err := r.x.Snapshot()
	if err != nil {
		return nil, err
	}
	return json.Marshal(laid{Machine: inner, Open: r.sorted(), More: r.more})
}

// restore reads a snapshot back.
func (r *execution) restore(body []byte) error {
	body, err := unpack(body)
	if err != nil {
		return err
	}
	var l laid
	if err := decodeNumbers(body, &l); err != nil {
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	if r.x, err = asl.Restore(r.machine, l.Machine, r.emit); err != nil {
		return err
	}
	for _, e := range l.Open {
		r.open[e.ID] = e
	}
	r.more, r.snapshot = l.More, len(body)
	return nil
}

// repeat repeats a block of the journal.
func (r *execution) repeat(body []byte) error {
	raw, _, err := splitBlock(body)
	if err != nil {
		return err
	}
	d := decoder{b: raw}
	rec := d.record()
	if d.err != nil {
		return d.err
	}
	r.since += len(raw)
	h := &host{record: &rec, arn: r.kept.ARN}
	for i := range rec.ops {
		if err := r.perform(h, &rec.ops[i]); err != nil {
			return fmt.Errorf("%w: %w", errJournal, err)
		}
	}
	return nil
}

// errDiverged says that repeating a journal did not lead where it had led.
var errDiverged = errors.New("repeating the journal does not lead to where it had led; another version of wplake may have written it")
