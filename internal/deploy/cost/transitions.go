package cost

import (
	"encoding/json"
	"math"
	"slices"

	"wplake/internal/lake"
)

// machineText is as much of a state machine as is needed to count its steps.
type machineText struct {
	StartAt string
	States  map[string]stateText
}

type stateText struct {
	Type     string
	Next     string
	Default  string
	Choices  []struct{ Next string }
	Branches []machineText
	Iterator *machineText
	// ItemProcessor is Iterator's newer name.
	ItemProcessor *machineText
}

// mostSteps bounds what maps within maps come to.
const mostSteps = 1e15

// transitions is how many steps an execution takes that goes the longest way
// without catching an error (the way to an alert, where that is longer): each
// state once, states within a loop rounds times, states of a map once an item.
func transitions(definition []byte, rounds, items int) (float64, error) {
	var m machineText
	if err := json.Unmarshal(definition, &m); err != nil {
		return 0, &lake.Error{
			Code: lake.WorkflowInvalid, Message: "the state machine cannot be read", Err: err, Hint: "wplake workflow validate shows where it is wrong",
		}
	}
	return math.Min(m.steps(float64(rounds), float64(items))+1, mostSteps), nil // the start is one as well
}

func (s stateText) next() []string {
	var all []string
	for _, c := range s.Choices {
		all = append(all, c.Next)
	}
	return append(all, s.Next, s.Default)
}

// weight is what passing through a state counts.
func (s stateText) weight(rounds, items float64) float64 {
	n := 1.0
	for _, b := range s.Branches {
		n += b.steps(rounds, items)
	}
	for _, inner := range []*machineText{s.Iterator, s.ItemProcessor} {
		if inner != nil {
			n += items * inner.steps(rounds, items)
		}
	}
	return n
}

// walk finds the longest way through a machine. States that reach each other
// are one stretch of it, which is passed through rounds times; Tarjan's algorithm
// finds these, the last on the way first.
type walk struct {
	states        map[string]stateText
	rounds, items float64

	number, low map[string]int // in the order of visits; the earliest that is reached
	open        []string       // visited, and not yet part of a stretch
	isOpen      map[string]bool
	longest     map[string]float64 // from a state of a finished stretch to the end
}

func (m machineText) steps(rounds, items float64) float64 {
	w := &walk{
		states: m.States, rounds: rounds, items: items,
		number: map[string]int{}, low: map[string]int{}, isOpen: map[string]bool{}, longest: map[string]float64{},
	}
	w.visit(m.StartAt)
	return w.longest[m.StartAt]
}

func (w *walk) visit(name string) {
	s, ok := w.states[name]
	if !ok {
		return
	}
	w.number[name] = len(w.number) + 1
	w.low[name] = w.number[name]
	w.open = append(w.open, name)
	w.isOpen[name] = true
	for _, next := range s.next() {
		if w.number[next] == 0 {
			w.visit(next)
		}
		if w.isOpen[next] {
			w.low[name] = min(w.low[name], w.low[next])
		}
	}
	if w.low[name] == w.number[name] {
		w.finish(name)
	}
}

// finish closes the stretch that was entered by the state.
func (w *walk) finish(first string) {
	i := slices.Index(w.open, first)
	stretch := slices.Clone(w.open[i:])
	w.open = w.open[:i]
	own, after, loop := 0.0, 0.0, len(stretch) > 1
	for _, name := range stretch {
		own += w.states[name].weight(w.rounds, w.items)
		for _, next := range w.states[name].next() {
			loop = loop || next == name
			after = max(after, w.longest[next]) // 0 within the stretch
		}
	}
	if loop {
		own *= w.rounds
	}
	for _, name := range stretch {
		w.isOpen[name] = false
		w.longest[name] = own + after
	}
}
