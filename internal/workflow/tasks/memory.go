package tasks

import "sync"

// How many runs are remembered of each kind. Those that go on do not count.
const (
	maxJobRuns = 1000
	maxQueries = 100
)

// memory remembers the newest of what has an id and ends. The zero value, with
// most set, is ready.
type memory[T interface{ over() bool }] struct {
	most int
	// dropped is told what is forgotten; may be nil.
	dropped func(T)

	mu    sync.Mutex
	byID  map[string]T
	order []string // oldest first
}

// get returns what has an id.
func (m *memory[T]) get(id string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.byID[id]
	return v, ok
}

// add remembers v, unless its id is known: then it returns what has it.
func (m *memory[T]) add(id string, v T) (known T, added bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.byID[id]; ok {
		return old, false
	}
	if m.byID == nil {
		m.byID = map[string]T{}
	}
	m.byID[id] = v
	m.order = append(m.order, id)
	m.forget()
	return v, true
}

// forget drops the oldest that are over. The caller holds mu.
func (m *memory[T]) forget() {
	excess := len(m.order) - m.most
	kept := m.order[:0]
	for _, id := range m.order {
		if v := m.byID[id]; excess > 0 && v.over() {
			excess--
			delete(m.byID, id)
			if m.dropped != nil {
				m.dropped(v)
			}
			continue
		}
		kept = append(kept, id)
	}
	m.order = kept
}

// newestFirst returns what all has, the newest first.
func (m *memory[T]) newestFirst() []T {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]T, 0, len(m.order))
	for i := len(m.order) - 1; i >= 0; i-- {
		out = append(out, m.byID[m.order[i]])
	}
	return out
}
