package scenario

import (
	"fmt"
	"math"
	"strings"

	"wplake/internal/asl"
)

// point is something of a machine that a test can reach: a state, or one of its
// rules, catchers or retriers.
type point struct {
	state string
	sight asl.Sight // "" for the state itself
	index int
}

type covered map[point]bool

// Share tells how much of one kind of thing was reached.
type Share struct {
	Covered int `json:"covered"`
	Total   int `json:"total"`
	// Missing names what was not reached.
	Missing []string `json:"missing"`
}

// Coverage is what the tests of one machine have reached of it.
type Coverage struct {
	Machine string `json:"machine"`
	// Percent is that of all things together, from 0 to 100, rounded down to one
	// decimal place.
	Percent float64 `json:"percent"`
	States  Share   `json:"states"`
	Choices Share   `json:"choices"`
	Catches Share   `json:"catches"`
	Retries Share   `json:"retries"`
}

// Covering collects what tests reach of a machine.
type Covering struct {
	name    string
	machine *asl.Machine
	seen    covered
}

// NewCovering begins with nothing reached.
func NewCovering(name string, m *asl.Machine) *Covering {
	return &Covering{name: name, machine: m, seen: covered{}}
}

// Coverage tells how far the tests have come.
func (c *Covering) Coverage() Coverage {
	out := Coverage{Machine: c.name}
	none := []string{}
	out.States.Missing, out.Choices.Missing, out.Catches.Missing, out.Retries.Missing = none, none, none, none
	c.flow(&c.machine.Flow, &out)
	all, reached := 0, 0
	for _, s := range []Share{out.States, out.Choices, out.Catches, out.Retries} {
		all, reached = all+s.Total, reached+s.Covered
	}
	if all > 0 {
		out.Percent = math.Floor(1000*float64(reached)/float64(all)) / 10
	}
	return out
}

func (c *Covering) count(s *Share, p point, name string) {
	s.Total++
	if c.seen[p] {
		s.Covered++
		return
	}
	s.Missing = append(s.Missing, name)
}

func (c *Covering) flow(f *asl.Flow, out *Coverage) {
	for _, name := range f.Names {
		s := f.States[name]
		c.count(&out.States, point{state: name}, name)
		for i, r := range s.Choices {
			c.count(&out.Choices, point{name, asl.TookRule, i}, fmt.Sprintf("%s: rule %d (%s → %s)", name, i+1, r, r.Next))
		}
		if s.Default != "" {
			c.count(&out.Choices, point{name, asl.TookRule, -1}, fmt.Sprintf("%s: Default (→ %s)", name, s.Default))
		}
		for i, t := range s.Catch {
			c.count(&out.Catches, point{name, asl.TookCatch, i}, fmt.Sprintf("%s: Catch %d (%s → %s)", name, i+1, strings.Join(t.ErrorEquals, ", "), t.Next))
		}
		for i, t := range s.Retry {
			if t.MaxAttempts > 0 {
				c.count(&out.Retries, point{name, asl.TookRetry, i}, fmt.Sprintf("%s: Retry %d (%s)", name, i+1, strings.Join(t.ErrorEquals, ", ")))
			}
		}
		for _, b := range s.Branches {
			c.flow(b, out)
		}
	}
}

// Machine is the machine under test.
func (c *Covering) Machine() *asl.Machine { return c.machine }
