package workflow

import (
	"context"
	"time"
)

// drainLook is how often Drain looks whether tasks are still in flight.
const drainLook = 20 * time.Millisecond

// Drain begins no further tasks, and waits until those in flight have ended, or
// until ctx ends: then it returns why. Their answers are laid down. What waits
// for a token, a worker, a timer or another execution is not in flight; it goes
// on with the next engine. After Drain the engine can only be closed.
func (e *Engine) Drain(ctx context.Context) error {
	e.mu.Lock()
	e.draining = true
	e.mu.Unlock()
	for {
		e.mu.Lock()
		idle := e.free >= e.o.Parallel
		e.mu.Unlock()
		if idle {
			return nil
		}
		timer := time.NewTimer(drainLook)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}
