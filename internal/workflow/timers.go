package workflow

import (
	"container/heap"
	"time"
)

// timers knows when which execution is due. It holds nothing else of it.
type timers struct {
	heap  timerHeap
	byKey map[int64]*timerEntry
}

type timerEntry struct {
	key   int64
	at    int64 // nanoseconds since 1970
	index int
}

func newTimers() *timers { return &timers{byKey: map[int64]*timerEntry{}} }

// set says when an execution is due; zero for never.
func (t *timers) set(key int64, at time.Time) {
	e, ok := t.byKey[key]
	switch {
	case at.IsZero() && ok:
		heap.Remove(&t.heap, e.index)
		delete(t.byKey, key)
	case at.IsZero():
	case ok:
		e.at = at.UnixNano()
		heap.Fix(&t.heap, e.index)
	default:
		e = &timerEntry{key: key, at: at.UnixNano()}
		t.byKey[key] = e
		heap.Push(&t.heap, e)
	}
}

// next is when the first is due; ok is false when none is.
func (t *timers) next() (at time.Time, ok bool) {
	if len(t.heap) == 0 {
		return time.Time{}, false
	}
	return time.Unix(0, t.heap[0].at), true
}

// due takes the next that is due out.
func (t *timers) due(now time.Time) (key int64, ok bool) {
	if len(t.heap) == 0 || t.heap[0].at > now.UnixNano() {
		return 0, false
	}
	e, _ := heap.Pop(&t.heap).(*timerEntry)
	delete(t.byKey, e.key)
	return e.key, true
}

type timerHeap []*timerEntry

func (h timerHeap) Len() int           { return len(h) }
func (h timerHeap) Less(i, j int) bool { return h[i].at < h[j].at }

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is called by package heap.
func (h *timerHeap) Push(x any) {
	e, _ := x.(*timerEntry)
	e.index = len(*h)
	*h = append(*h, e)
}

// Pop is called by package heap.
func (h *timerHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}
