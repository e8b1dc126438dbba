package workflow

import "time"

// Loaded is how many executions an engine has in memory.
func (e *Engine) Loaded() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.loaded)
}

// Leaks tells what an engine that has nothing to do still holds.
func (e *Engine) Leaks() (slots, lined, posted, waiters, idle int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.o.Parallel - e.free, len(e.lined), len(e.posted), len(e.waiters), len(e.idle)
}

// Poll sets how often others' changes are looked for: on a clock that jumps
// over years, seldom.
func (e *Engine) Poll(every time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.poll = every
}
