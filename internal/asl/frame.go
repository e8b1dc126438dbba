package asl

import (
	"slices"
	"strconv"
	"time"
)

// phase is what a frame does next.
type phase uint8

const (
	entering phase = iota // enter State with Input
	starting              // do the work of State, again after a retry
	waiting               // an effect
	joining               // its children
)

// wait says what a waiting frame waits for.
type waitKind uint8

const (
	forTask waitKind = iota + 1
	forTimer
	forRetry
	forItems
)

// frame is one thread of control: the machine's own, a branch of a Parallel or
// an iteration of a Map. Exported fields are what a snapshot holds.
type frame struct {
	ID         int64
	State      string
	Phase      phase
	For        waitKind       `json:",omitempty"`
	Input      any            // raw input of the state
	Vars       map[string]any `json:",omitempty"`
	EnteredID  int64
	EnteredAt  time.Time
	Before     int64     // event before the entry into State
	Attempts   []int     `json:",omitempty"` // per retrier
	RetryCount int       `json:",omitempty"`
	Effect     string    `json:",omitempty"`
	Token      string    `json:",omitempty"`
	Last       int64     // previous event
	Slot       int       `json:",omitempty"` // branch or iteration
	Item       *mapItem  `json:",omitempty"`
	Muted      bool      `json:",omitempty"` // writes no events
	Children   *children `json:",omitempty"`
	Gone       bool      `json:",omitempty"`

	flow   *Flow
	parent *frame
}

// children are the branches or iterations of a Parallel or Map that runs.
type children struct {
	Input    any      // effective input of the state
	Items    []any    `json:",omitempty"`
	After    int64    // event that the next iteration follows
	Next     int      // first item that has not started
	Limit    int      // how many run at once
	Running  []*frame // by start
	Results  []any
	Failed   []int `json:",omitempty"` // slots of tolerated failures
	Open     int   // slots without a result
	MaxCount int64 // tolerated failures, -1 for none
	MaxShare float64
	MapRun   bool `json:",omitempty"`
}

func (x *Execution) newFrame(parent *frame, flow *Flow, input any) *frame {
	f := &frame{ID: x.nextFrame, State: flow.StartAt, Input: input, flow: flow, parent: parent}
	x.nextFrame++
	if parent != nil {
		f.Muted, f.Last = parent.Muted, parent.Last
	}
	x.ready = append(x.ready, f)
	return f
}

// variable finds a variable in the frame or those around it.
func (f *frame) variable(name string) (any, bool) {
	for ; f != nil; f = f.parent {
		if v, ok := f.Vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// iterations are the indexes of the items around the frame, the outermost first.
func (f *frame) iterations() []int {
	var out []int
	for ; f != nil; f = f.parent {
		if f.Item != nil {
			out = append(out, f.Item.Index)
		}
	}
	slices.Reverse(out)
	return out
}

// state is the frame's current state.
func (f *frame) state() *State { return f.flow.States[f.State] }

func (x *Execution) scope(f *frame) *scope {
	return &scope{x: x, frame: f, state: f.state(), host: x.host, input: f.Input}
}

// abandon drops a frame's children and effects, and itself when self is set.
func (x *Execution) abandon(f *frame, self bool) {
	if f.Children != nil {
		for _, c := range f.Children.Running {
			x.abandon(c, true)
		}
		f.Children = nil
	}
	if f.Phase == waiting && f.Effect != "" {
		delete(x.waiting, f.Effect)
		x.steps.Cancelled = append(x.steps.Cancelled, f.Effect)
		f.Effect = ""
	}
	if self {
		f.Gone = true
	}
}

func formatID(n int64) string { return strconv.FormatInt(n, 10) }
