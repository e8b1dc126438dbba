package workflow

import (
	"context"
	"time"
)

// Retain removes executions that ended longer than age ago (0: never), and the
// oldest ended ones until all take no more than size bytes (0: any size).
// Executions that run are never removed, and one is removed whole or not at
// all. Their names stay taken for 90 days after their end.
func (e *Engine) Retain(ctx context.Context, age time.Duration, size int64) (removed int, err error) {
	var before time.Time
	if age > 0 {
		before = e.o.Now().Add(-age)
	}
	if before.IsZero() && size <= 0 {
		return 0, nil
	}
	return e.o.Store.Remove(ctx, before, size)
}
