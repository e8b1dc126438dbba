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
	Children   *children `json:",omitempty"`
	Gone       bool      `json:",omitempty"`
	// Child is set in the first frame of a child execution.
	Child *childExecution `json:",omitempty"`
	// Kept are the children of a Parallel or Map that failed, for a redrive of
	// an execution that failed with it.
	Kept *children `json:",omitempty"`

	flow   *Flow
	parent *frame
	// own is the child execution that the frame belongs to, nil for none.
	own *childExecution
}

// children are the branches or iterations of a Parallel or Map that runs.
type children struct {
	Input    any      // effective input of the state
	Items    []Item   `json:",omitempty"` // that have not been started, in order
	After    int64    // event that the next iteration follows
	Next     int      // slot of the next child
	Limit    int      // how many run at once
	Running  []*frame // by start
	Results  []any    `json:",omitempty"` // by slot
	Size     int      `json:",omitempty"` // about the bytes of Results
	Over     bool     `json:",omitempty"` // Results were too large and are dropped
	Failed   []int    `json:",omitempty"` // slots of tolerated failures
	Open     int      // slots without a result, where their number is known
	MaxCount int64    // tolerated failures, -1 for none
	MaxShare float64
	Run      *mapRun `json:",omitempty"` // of a distributed Map
}

func (x *Execution) newFrame(parent *frame, flow *Flow, input any) *frame {
	f := &frame{ID: x.nextFrame, State: flow.StartAt, Input: input, flow: flow, parent: parent}
	x.nextFrame++
	if parent != nil {
		f.own, f.Last = parent.own, parent.Last
	}
	x.ready = append(x.ready, f)
	return f
}

// variable finds a variable in the frame or those around it.
func (f *frame) variable(name string) (any, bool) {
	for ; f != nil; f = f.outer() {
		if v, ok := f.Vars[name]; ok {
			return v, true
		}
	}
	return nil, false
}

// outer is the frame around f in the same execution, nil for none.
func (f *frame) outer() *frame {
	if f.Child != nil {
		return nil
	}
	return f.parent
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

// suspend stops all that a frame and those below it wait for. They stay as
// they are, for a redrive; self tells that the frame itself stops too.
func (x *Execution) suspend(f *frame, self bool) {
	x.cancel(&f.Effect)
	if g := f.Children; g != nil {
		if g.Run != nil {
			x.abortRun(f, g)
		} else {
			for _, c := range g.Running {
				x.suspend(c, true)
			}
		}
	}
	if self {
		f.Gone = true
	}
}

// cancel tells the caller that nobody waits for an effect any longer.
func (x *Execution) cancel(effect *string) {
	if _, open := x.waiting[*effect]; open {
		delete(x.waiting, *effect)
		x.steps.Cancelled = append(x.steps.Cancelled, *effect)
	}
	*effect = ""
}

func formatID(n int64) string { return strconv.FormatInt(n, 10) }
