package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// snapshot is an execution as it is laid down. Effects that are open are found
// again by the frames that wait for them.
type snapshot struct {
	Version    int
	Info       Info
	Root       *frame
	Outcome    Outcome
	NextEvent  int64
	NextEffect int64
	NextFrame  int64
	Ready      []int64 // frames, in order
}

const snapshotVersion = 2

// Snapshot writes the execution out as JSON. Call it between steps, on an
// execution whose effects the caller has noted: they are not in it.
func (x *Execution) Snapshot() ([]byte, error) {
	s := snapshot{Version: snapshotVersion, Info: x.info, Root: x.root, Outcome: x.outcome,
		NextEvent: x.nextEvent, NextEffect: x.nextEffect, NextFrame: x.nextFrame}
	for _, f := range x.ready {
		if !f.Gone {
			s.Ready = append(s.Ready, f.ID)
		}
	}
	return json.Marshal(s)
}

// ErrSnapshot is what Restore returns for bytes that are no snapshot of an
// execution of the machine.
var ErrSnapshot = errors.New("asl: the snapshot does not fit the machine")

// Restore reads an execution that Snapshot wrote; m must be the machine that
// it ran.
func Restore(m *Machine, data []byte, emit func(Event)) (*Execution, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var s snapshot
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if s.Version != snapshotVersion || s.Root == nil {
		return nil, ErrSnapshot
	}
	x := NewExecution(m, s.Info, emit)
	x.root, x.outcome, x.ready = s.Root, s.Outcome, nil
	x.nextEvent, x.nextEffect, x.nextFrame = s.NextEvent, s.NextEffect, s.NextFrame
	frames := map[int64]*frame{}
	if !x.attach(x.root, nil, &m.Flow, frames, 0) {
		return nil, ErrSnapshot
	}
	for _, id := range s.Ready {
		f, ok := frames[id]
		if !ok {
			return nil, ErrSnapshot
		}
		x.ready = append(x.ready, f)
	}
	return x, nil
}

// attach gives a frame and those below it their places in the machine.
func (x *Execution) attach(f, parent *frame, flow *Flow, frames map[int64]*frame, depth int) bool {
	f.flow, f.parent, f.own = flow, parent, f.Child
	if f.own == nil && parent != nil {
		f.own = parent.own
	}
	s := f.state()
	if s == nil || depth > maxNesting+1 {
		return false
	}
	frames[f.ID] = f
	if f.Phase == waiting && f.Effect != "" {
		x.waiting[f.Effect] = f
	}
	for _, g := range []*children{f.Children, f.Kept} {
		if g != nil && !x.attachGroup(f, s, g, frames, depth) {
			return false
		}
	}
	return true
}

func (x *Execution) attachGroup(f *frame, s *State, g *children, frames map[int64]*frame, depth int) bool {
	if r := g.Run; r != nil {
		if s.Type != Map || !s.Distributed {
			return false
		}
		if d := r.Reader; d != nil && d.Effect != "" {
			x.waiting[d.Effect] = f
		}
		if w := r.Writer; w != nil && w.Effect != "" {
			x.waiting[w.Effect] = f
		}
	}
	if g.Run == nil && s.Distributed {
		return false
	}
	for _, c := range g.all() {
		if c == nil {
			return false
		}
		at := c.Slot
		if s.Type == Map {
			at = 0
		}
		if at < 0 || at >= len(s.Branches) || g.Run != nil && c.Child == nil {
			return false
		}
		if !x.attach(c, f, s.Branches[at], frames, depth+1) {
			return false
		}
	}
	return true
}
