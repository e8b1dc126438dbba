package cost

import (
	"encoding/json"

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

// transitions is how many steps an execution takes that goes the longest way
// without catching an error (the way to an alert, where that is longer): each state once, states within a loop rounds times, states
// of a map once an item.
func transitions(definition []byte, rounds, items int) (int, error) {
	var m machineText
	if err := json.Unmarshal(definition, &m); err != nil {
		return 0, &lake.Error{
			Code: lake.WorkflowInvalid, Message: "the state machine cannot be read", Err: err, Hint: "wplake workflow validate shows where it is wrong",
		}
	}
	return m.steps(rounds, items) + 1, nil // the start is one as well
}

func (s stateText) next() []string {
	var all []string
	for _, c := range s.Choices {
		all = append(all, c.Next)
	}
	return append(all, s.Next, s.Default)
}

// weight is what passing through a state counts.
func (s stateText) weight(rounds, items int) int {
	n := 1
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

// steps is the longest way through the machine, where states that reach each
// other count as one that is passed through rounds times.
func (m machineText) steps(rounds, items int) int {
	reached := map[string]map[string]bool{}
	for name := range m.States {
		reached[name] = m.reach(name)
	}
	loop := func(a, b string) bool { return a == b || reached[a][b] && reached[b][a] }
	memo := map[string]int{}
	var longest func(name string) int
	longest = func(name string) int {
		if _, ok := m.States[name]; !ok {
			return 0
		}
		if n, ok := memo[name]; ok {
			return n
		}
		own, after := 0, 0
		for other, s := range m.States {
			if !loop(name, other) {
				continue
			}
			own += s.weight(rounds, items)
			for _, next := range s.next() {
				if next != "" && !loop(name, next) {
					after = max(after, longest(next))
				}
			}
		}
		if reached[name][name] {
			own *= rounds
		}
		memo[name] = own + after
		return memo[name]
	}
	return longest(m.StartAt)
}

// reach are the states that come after a state, on any way but those of failures.
func (m machineText) reach(from string) map[string]bool {
	found := map[string]bool{}
	left := []string{from}
	for len(left) > 0 {
		s := m.States[left[0]]
		left = left[1:]
		for _, next := range s.next() {
			if next != "" && !found[next] {
				found[next] = true
				left = append(left, next)
			}
		}
	}
	return found
}
