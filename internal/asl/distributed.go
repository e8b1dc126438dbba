package asl

import (
	"errors"
	"strings"
	"time"
)

// mapRun is the run of a distributed Map.
type mapRun struct {
	ARN string
	// Machine is the ARN of what its children run.
	Machine          string
	Status           Status
	Started, Stopped time.Time
	// StartedID is the event with which the run began or was redriven.
	StartedID int64
	Most      int64 // MaxConcurrency as it was given
	// Executions and Items count children that have ended or run.
	Executions, Items Tally
	Reader            *reading  `json:",omitempty"`
	Writer            *writing  `json:",omitempty"`
	Batch             *batching `json:",omitempty"`
	// Transformation and Lines are what a ResultWriter without a place says of
	// the results; Transformation is "" without ResultWriter.
	Transformation string `json:",omitempty"`
	Lines          bool   `json:",omitempty"`
	// Fault is why the run is about to fail, nil while it is not.
	Fault *fault `json:",omitempty"`
	// Rest is what had not been started when the run failed, and Left counts
	// the items that were written as pending then.
	Rest *rest `json:",omitempty"`
	Left int64 `json:",omitempty"`
	// Parked are the children that failed, ParkedSize about their bytes; Queue
	// are those that wait to be redriven.
	Parked     []*frame `json:",omitempty"`
	ParkedSize int      `json:",omitempty"`
	Queue      []*frame `json:",omitempty"`
	Redrives   int
	Redriven   time.Time `json:",omitzero"`
}

// fault is a failure as it is laid down.
type fault struct {
	Error, Cause *string
}

func (f *fault) failure() *failure { return &failure{err: f.Error, cause: f.Cause} }

// rest is what a run that failed has left, for a redrive.
type rest struct {
	Items  []Item    `json:",omitempty"`
	Batch  *batching `json:",omitempty"`
	Reader *reading  `json:",omitempty"`
}

// maxParked is how many bytes of failed children a run keeps for a redrive.
// Those beyond are counted as not redrivable.
const maxParked = 8 << 20

// distributedMap starts the run of a distributed Map.
func (x *Execution) distributedMap(f *frame, sc *scope, g *children, limit int64) {
	s := sc.state
	r := &mapRun{Status: Running, Most: limit}
	var items []any
	var keys []string
	bad := x.openReader(sc, r)
	if bad == nil {
		bad = x.openWriter(sc, r)
	}
	if bad == nil && r.Reader == nil {
		items, keys, bad = sc.mapItems(s)
		if bad == nil && s.Language == JSONPath {
			sc.saw(AfterItemsPath, items)
		}
	}
	if bad != nil {
		x.failed(f, bad)
		return
	}
	x.event(f, Event{Type: "MapStateStarted", Length: len(items)})
	if bad := sc.tolerance(g); bad != nil {
		x.failed(f, bad)
		return
	}
	r.Machine = x.infoOf(f).MachineID + "/" + label(s)
	r.ARN = strings.Replace(r.Machine, ":stateMachine:", ":mapRun:", 1) + ":" + x.host.UUID()
	r.Started = x.host.Now()
	r.StartedID = x.event(f, Event{Type: "MapRunStarted", MapRun: r.ARN})
	g.Run, g.Items = r, asItems(items, keys)
	f.Phase, f.Children = joining, g
	if bad := r.reads(); bad != nil {
		x.failRun(f, g, bad)
		return
	}
	if s.batcher != nil {
		if r.Batch, bad = sc.batching(); bad != nil {
			x.failRun(f, g, bad)
			return
		}
	}
	x.pump(f, s, g)
}

// label is how the ARNs of a distributed Map's runs and children call it.
func label(s *State) string {
	if s.label != "" {
		return s.label
	}
	return s.Name
}

// pump does all that a run can do: it starts children, asks for items and has
// results written, and ends the run when everything is done.
func (x *Execution) pump(f *frame, s *State, g *children) {
	r := g.Run
	if r.Status != Running || f.Children != g {
		return
	}
	if w := r.Writer; w != nil && !w.Open {
		x.write(f, r, false)
		return
	}
	if r.Fault == nil {
		if bad := x.startChildren(f, s, g); bad != nil {
			x.failRun(f, g, bad)
			return
		}
	} else {
		r.leave(g)
	}
	x.read(f, g)
	done := len(g.Running)+len(r.Queue)+len(g.Items) == 0 && r.exhausted() && (r.Batch == nil || len(r.Batch.Items) == 0)
	x.write(f, r, done)
	if done && (r.Writer == nil || r.Writer.Done) {
		x.closeRun(f, s, g)
	}
}

// exhausted tells that there are no more items to read.
func (r *mapRun) exhausted() bool { return r.Reader == nil || r.Reader.Ended }

// startChildren starts as many children as may run.
func (x *Execution) startChildren(f *frame, s *State, g *children) *failure {
	r := g.Run
	for len(g.Running) < g.Limit && !r.Writer.full() {
		if len(r.Queue) > 0 {
			c := r.Queue[0]
			r.Queue = r.Queue[1:]
			x.redriveChild(f, g, c)
			continue
		}
		in, n, bad := x.nextInput(f, s, g)
		if bad != nil {
			return bad
		}
		if n == 0 {
			return nil
		}
		if size(in, MaxPayload) > MaxPayload {
			return tooLarge(s.Name)
		}
		x.startChild(f, s, g, in, n)
	}
	return nil
}

// nextInput makes the input of the next child out of n items; n is 0 when there
// is none yet.
func (x *Execution) nextInput(f *frame, s *State, g *children) (in any, n int, bad *failure) {
	r := g.Run
	if r.Batch == nil {
		if len(g.Items) == 0 {
			return nil, 0, nil
		}
		if in, bad = x.selected(f, s, g, g.Items[0].at(g.Next)); bad != nil {
			return nil, 0, bad
		}
		g.take()
		return in, 1, nil
	}
	for len(g.Items) > 0 {
		v, bad := x.selected(f, s, g, g.Items[0].at(r.Batch.Index))
		if bad != nil {
			return nil, 0, bad
		}
		g.take()
		r.Batch.Index++
		if in, n = r.Batch.add(v); n > 0 {
			return in, n, nil
		}
	}
	if r.exhausted() {
		in, n = r.Batch.flush()
	}
	return in, n, nil
}

// failRun ends a run with an error. With a ResultWriter, what there is is
// written first.
func (x *Execution) failRun(f *frame, g *children, bad *failure) {
	r := g.Run
	if r.Fault != nil {
		return
	}
	r.Fault = &fault{Error: bad.err, Cause: bad.cause}
	x.stopChildren(g)
	r.Rest = &rest{Items: g.Items, Batch: r.Batch.copied(), Reader: r.Reader.copied()}
	if w := r.Writer; w == nil || !w.Open || bad.name() == errWriter {
		g.Items, r.Batch = nil, nil
		r.stopReading(x)
		r.stopWriting(x)
		x.closeRun(f, f.state(), g)
		return
	}
	if bad.name() == errReader {
		r.stopReading(x)
	}
	x.pump(f, f.state(), g)
}

// stopChildren aborts the children that run.
func (x *Execution) stopChildren(g *children) {
	for len(g.Running) > 0 {
		c := g.Running[0]
		x.suspend(c, true)
		x.event(c, Event{Type: "ExecutionAborted"})
		x.settle(g, c, Aborted, nil, nil)
	}
	r := g.Run
	for _, c := range r.Queue {
		r.ended(c, c.Child.Ended, 1)
	}
	r.Parked, r.Queue = append(r.Parked, r.Queue...), nil
}

// closeRun ends a run for good, and the state with it.
func (x *Execution) closeRun(f *frame, s *State, g *children) {
	r := g.Run
	if r.Fault == nil && g.Over {
		bad := tooLarge(s.Name)
		r.Fault = &fault{Error: bad.err, Cause: bad.cause}
	}
	r.Stopped = x.host.Now()
	if r.Fault == nil {
		r.Status, r.Parked = Succeeded, nil
		x.event(f, Event{Type: "MapRunSucceeded"})
		x.tell(f, g)
		x.groupDone(f, s, g, r.output(g), r.StartedID)
		return
	}
	bad := r.Fault.failure()
	r.Status = Failed
	x.event(f, Event{Type: "MapRunFailed", Error: bad.err, Cause: bad.cause})
	x.tell(f, g)
	f.Children = nil
	if bad.name() != errLimit && bad.name() != errRuntime {
		f.Kept = g
	}
	x.failed(f, bad)
}

// abortRun stops a run because what it belongs to has ended.
func (x *Execution) abortRun(f *frame, g *children) {
	r := g.Run
	if r.Status != Running {
		return
	}
	if r.Rest == nil {
		r.Rest = &rest{Items: g.Items, Batch: r.Batch.copied(), Reader: r.Reader.copied()}
	}
	x.stopChildren(g)
	r.stopReading(x)
	r.stopWriting(x)
	r.Status, r.Stopped = Aborted, x.host.Now()
	x.event(f, Event{Type: "MapRunAborted"})
	x.tell(f, g)
}

// tell reports how a run ended.
func (x *Execution) tell(f *frame, g *children) {
	x.steps.MapRuns = append(x.steps.MapRuns, x.showRun(f, g))
}

// showRun shows a run.
func (x *Execution) showRun(f *frame, g *children) MapRun {
	r := g.Run
	return MapRun{
		ARN: r.ARN, Execution: x.infoOf(f).ID, State: f.State, Status: r.Status, Started: r.Started, Stopped: r.Stopped,
		MaxConcurrency: r.Most, ToleratedFailureCount: max(g.MaxCount, 0), ToleratedFailurePercentage: max(g.MaxShare, 0),
		Executions: r.tally(g, false), Items: r.tally(g, true), Redrives: r.Redrives, Redriven: r.Redriven,
	}
}

// MapRuns shows the runs of distributed Maps that are open, and in an execution
// that ended unsuccessfully those that a redrive would go on with.
func (x *Execution) MapRuns() []MapRun {
	var out []MapRun
	x.eachRun(x.root, func(f *frame, g *children) bool {
		out = append(out, x.showRun(f, g))
		return true
	})
	return out
}

// eachRun visits the runs at and below a frame until visit says no.
func (x *Execution) eachRun(f *frame, visit func(*frame, *children) bool) bool {
	for _, g := range []*children{f.Children, f.Kept} {
		if g == nil {
			continue
		}
		if g.Run != nil && !visit(f, g) {
			return false
		}
		for _, c := range g.all() {
			if !x.eachRun(c, visit) {
				return false
			}
		}
	}
	return true
}

// all are the children that have not succeeded, as far as they are kept.
func (g *children) all() []*frame {
	if g.Run == nil {
		return g.Running
	}
	out := append([]*frame{}, g.Running...)
	out = append(out, g.Run.Parked...)
	return append(out, g.Run.Queue...)
}

func exceeded() *failure {
	return fail(errTolerated, "The specified tolerated failure threshold was exceeded")
}

// ErrNoMapRun is what UpdateMapRun returns for a run that is not open.
var ErrNoMapRun = errors.New("asl: no such Map run is open")

// UpdateMapRun changes the limits of a run that is open.
func (x *Execution) UpdateMapRun(host Host, arn string, u MapRunUpdate) (Progress, error) {
	x.begin(host)
	found := false
	x.eachRun(x.root, func(f *frame, g *children) bool {
		if g.Run.ARN != arn || g.Run.Status != Running || g != f.Children {
			return true
		}
		found = true
		if u.MaxConcurrency != nil {
			g.Run.Most, g.Limit = *u.MaxConcurrency, concurrency(*u.MaxConcurrency, true)
		}
		if u.ToleratedFailureCount != nil {
			g.MaxCount = *u.ToleratedFailureCount
		}
		if u.ToleratedFailurePercentage != nil {
			g.MaxShare = *u.ToleratedFailurePercentage
		}
		if g.exceeded() {
			x.failRun(f, g, exceeded())
		} else {
			x.pump(f, f.state(), g)
		}
		return false
	})
	p := x.finish()
	if !found {
		return p, ErrNoMapRun
	}
	return p, nil
}
