package scenario

import (
	"slices"

	"wplake/internal/asl"
)

// track is the way of one thread of control through its states.
type track struct {
	names []string
	// inside are the ways of the branches or iterations of each state, by slot.
	inside []map[int]*track
}

// tracks follows all threads of an execution, and what is covered of its
// machine.
type tracks struct {
	root   *track
	frames map[int64]*track
	seen   covered
}

func newTracks(seen covered) *tracks {
	return &tracks{root: &track{}, frames: map[int64]*track{}, seen: seen}
}

func (t *tracks) observe(o asl.Observation) {
	switch o.Sight {
	case asl.Entered:
		t.seen[point{o.State.Name, "", 0}] = true
		at := t.frame(o)
		at.names, at.inside = append(at.names, o.State.Name), append(at.inside, nil)
	case asl.TookRule, asl.TookCatch, asl.TookRetry:
		t.seen[point{o.State.Name, o.Sight, o.Index}] = true
	}
}

func (t *tracks) frame(o asl.Observation) *track {
	if at, ok := t.frames[o.Frame]; ok {
		return at
	}
	at := t.root
	if parent, ok := t.frames[o.Parent]; ok && len(parent.names) > 0 {
		at = &track{}
		last := len(parent.names) - 1
		if parent.inside[last] == nil {
			parent.inside[last] = map[int]*track{}
		}
		// A state that is tried again starts its branches anew.
		parent.inside[last][o.Slot] = at
	}
	t.frames[o.Frame] = at
	return at
}

// value is the way as a report shows it: names, and {name: [ways]}.
func (t *track) value() []any {
	out := make([]any, len(t.names))
	for i, name := range t.names {
		out[i] = name
		if t.inside[i] == nil {
			continue
		}
		ways := []any{}
		for _, w := range t.ways(i) {
			if w == nil {
				ways = append(ways, nil)
				continue
			}
			ways = append(ways, w.value())
		}
		out[i] = map[string]any{name: ways}
	}
	return out
}

// ways lists the branches of a state by slot; nil for one that has not begun.
func (t *track) ways(i int) []*track {
	slots := make([]int, 0, len(t.inside[i]))
	for s := range t.inside[i] {
		slots = append(slots, s)
	}
	if len(slots) == 0 {
		return nil
	}
	out := make([]*track, slices.Max(slots)+1)
	for s, w := range t.inside[i] {
		out[s] = w
	}
	return out
}

// follows tells whether the way is the expected one.
func (t *track) follows(want []Passage) bool { return t.from(0, want) }

func (t *track) from(i int, want []Passage) bool {
	for len(want) > 0 && want[0].Name != "..." {
		if i >= len(t.names) || t.names[i] != want[0].Name || !t.passes(i, want[0].Inside) {
			return false
		}
		i, want = i+1, want[1:]
	}
	if len(want) == 0 {
		return i == len(t.names)
	}
	for len(want) > 0 && want[0].Name == "..." {
		want = want[1:]
	}
	if len(want) == 0 {
		return true
	}
	// The next named stretch may begin anywhere: its first fit is as good as any
	// other, up to the last stretch, which has to end where the way ends.
	j := slices.IndexFunc(want, func(p Passage) bool { return p.Name == "..." })
	if j < 0 {
		start := len(t.names) - len(want)
		return start >= i && t.from(start, want)
	}
	for ; i+j <= len(t.names); i++ {
		if t.part(i, i+j).from(0, want[:j]) {
			return t.from(i+j, want[j:])
		}
	}
	return false
}

func (t *track) part(from, to int) *track {
	return &track{names: t.names[from:to], inside: t.inside[from:to]}
}

func (t *track) passes(i int, want [][]Passage) bool {
	if want == nil {
		return true
	}
	ways := []*track{}
	if t.inside[i] != nil {
		ways = t.ways(i)
	}
	if len(ways) != len(want) {
		return false
	}
	for k, w := range want {
		if w == nil {
			continue
		}
		if ways[k] == nil || !ways[k].follows(w) {
			return false
		}
	}
	return true
}

// passageValue is an expected path as a report shows it.
func passageValue(want []Passage) []any {
	out := make([]any, len(want))
	for i, p := range want {
		out[i] = p.Name
		if p.Inside == nil {
			continue
		}
		ways := []any{}
		for _, w := range p.Inside {
			if w == nil {
				ways = append(ways, nil)
				continue
			}
			ways = append(ways, passageValue(w))
		}
		out[i] = map[string]any{p.Name: ways}
	}
	return out
}
