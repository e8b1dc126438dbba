// Package trace makes of an execution's history what a person asks of it:
// which states it went through, where they ran, how often each was tried, how
// long it took and how it ended. The package is pure.
package trace

import (
	"time"

	"wplake/internal/asl"
)

// Status is how a visit of a state stands.
type Status string

// The ends of visits, and Running for one that has none yet.
const (
	Running   Status = "running"
	Succeeded Status = "succeeded"
	Caught    Status = "caught"    // it failed, and the machine had an answer to that
	Failed    Status = "failed"    // it failed, and what is around it with it
	Aborted   Status = "aborted"   // ended from outside: a sibling failed, or somebody stopped the execution
	TimedOut  Status = "timed out" // the time of the whole execution was up
)

// Step is a place on the way to a state within Parallel and Map states.
type Step struct {
	State string `json:"state"` // the Parallel or Map
	// Iteration tells a Map's iteration from a Parallel's branch.
	Iteration bool `json:"iteration,omitempty"`
	Index     int  `json:"index"` // from 0
}

// Try is one attempt of a Task's call, or of a Parallel or Map.
type Try struct {
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Error   *string   `json:"error,omitempty"`
	Cause   *string   `json:"cause,omitempty"`
}

// Visit is one stay of an execution in a state.
type Visit struct {
	State string        `json:"state"`
	Type  asl.StateType `json:"type"`
	// Path leads from the machine to the state, empty on the outermost level.
	Path    []Step    `json:"path,omitempty"`
	Status  Status    `json:"status"`
	Entered time.Time `json:"entered"`
	Left    time.Time `json:"left,omitzero"` // zero while it runs
	Tries   []Try     `json:"tries,omitempty"`
	Error   *string   `json:"error,omitempty"` // of the last failure that was not tried again
	Cause   *string   `json:"cause,omitempty"`
	// Items counts a Map's items, and Done, Failing those that ended well and
	// not. A distributed Map's are not in the history of its execution.
	Items   int    `json:"items,omitempty"`
	Done    int    `json:"done,omitempty"`
	Failing int    `json:"failing,omitempty"`
	MapRun  string `json:"map_run,omitempty"`
	// Submitted tells that the service has taken the call and is waited for.
	Submitted bool `json:"submitted,omitempty"`
	// Parent is the index of the visit of the Parallel or Map around this one,
	// and Next that of the visit that followed in the same flow, -1 for none.
	Parent int `json:"-"`
	Next   int `json:"-"`
	// EnteredID and LeftID are the events, 0 for none.
	EnteredID int64 `json:"entered_event"`
	LeftID    int64 `json:"left_event,omitempty"`

	Input     any  `json:"-"`
	Output    any  `json:"-"`
	HasOutput bool `json:"-"`

	open    bool // no exit, no end
	failing bool // the last try, or an evaluation, failed
	before  int64
	// seen counts the starts of branches without a machine to tell them apart.
	seen     int
	children []int // visits within, in order
}

// Duration is how long the visit took, or takes up to now.
func (v *Visit) Duration(now time.Time) time.Duration {
	end := v.Left
	if end.IsZero() {
		end = now
	}
	return max(0, end.Sub(v.Entered))
}

// Of reads a history, oldest event first. The machine tells the branches of a
// Parallel apart; without it (nil) they are numbered as they started. Visits
// are in the order in which they began.
func Of(m *asl.Machine, events []asl.Event) []Visit {
	r := &reader{at: make(map[int64]place, len(events)), homes: map[string]home{}}
	if m != nil {
		r.find(&m.Flow, home{})
	}
	for i := range events {
		r.read(&events[i])
	}
	out := make([]Visit, len(r.visits))
	for i, v := range r.visits {
		out[i] = *v
	}
	return out
}

// place is where an event stands: in a visit, or at the beginning of a child
// of one.
type place struct {
	visit int // -1: outside of all
	// child is set behind MapIterationStarted and ParallelStateStarted.
	child bool
	index int
	// ended is set behind the exit from the visit.
	ended bool
}

// home is where a machine has a state.
type home struct {
	container string
	branch    int
}

type reader struct {
	visits []*Visit
	at     map[int64]place
	homes  map[string]home
	ended  int64 // the event that ended the execution, until it is redriven
}

// find notes where a flow's states are.
func (r *reader) find(f *asl.Flow, at home) {
	for name, s := range f.States {
		r.homes[name] = at
		for i, b := range s.Branches {
			r.find(b, home{container: name, branch: i})
		}
	}
}
