package asl

import "time"

// Sight names what an Observation shows.
type Sight string

// What can be observed of a state, beside its events.
const (
	// Entered comes once for each entry into a state.
	Entered Sight = "entered"
	// The values between the steps of a state.
	AfterInputPath      Sight = "afterInputPath"
	AfterParameters     Sight = "afterParameters"
	AfterArguments      Sight = "afterArguments"
	AfterItemsPath      Sight = "afterItemsPath"
	AfterItemsPointer   Sight = "afterItemsPointer"
	AfterItemSelector   Sight = "afterItemSelector"
	AfterItemBatcher    Sight = "afterItemBatcher"
	RawResult           Sight = "result"
	AfterResultSelector Sight = "afterResultSelector"
	AfterResultPath     Sight = "afterResultPath"
	// The settings of a Map, numbers.
	SetConcurrency    Sight = "maxConcurrency"
	SetToleratedCount Sight = "toleratedFailureCount"
	SetToleratedShare Sight = "toleratedFailurePercentage"
	// TookRule comes when a Choice has chosen; Index is the rule, or -1 for
	// Default.
	TookRule Sight = "rule"
	// TookRetry comes when a retrier grants another attempt after Delay, and
	// TookCatch when a catcher takes an error; Index says which one.
	TookRetry Sight = "retry"
	TookCatch Sight = "catch"
)

// Observation is something that a state did and that its history does not
// show.
type Observation struct {
	State *State
	Sight Sight
	// Frame is the thread of control, Parent the one that started it, 0 for
	// none, and Slot the branch or item that it has there.
	Frame, Parent int64
	Slot          int
	Value         any
	Index         int
	Delay         time.Duration
}

// Observe has f called, during Step and Deliver, with what the states do.
func (x *Execution) Observe(f func(Observation)) { x.observer = f }

// saw tells the observer, if there is one. Where states go by fast, the caller
// looks for it first.
func (x *Execution) saw(f *frame, o Observation) {
	if x.observer == nil {
		return
	}
	o.State, o.Frame, o.Slot = f.state(), f.ID, f.Slot
	if f.parent != nil {
		o.Parent = f.parent.ID
	}
	x.observer(o)
}

func (sc *scope) saw(s Sight, v any) {
	if sc.x.observer != nil {
		sc.x.saw(sc.frame, Observation{Sight: s, Value: v})
	}
}
