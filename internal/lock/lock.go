// Package lock is the port to mutual exclusion between runs: at most one run
// writes to a lake at a time. Readers take no lock.
package lock

import (
	"context"
	"fmt"
	"time"

	"wplake/internal/lake"
)

// Holder says who holds a lock.
type Holder struct {
	RunID   string    `json:"run_id"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

// Locker gives the lock of one lake.
type Locker interface {
	// Acquire takes the lock and returns how to release it. While somebody
	// else holds it Acquire waits, at most for the given time, and then
	// returns a *lake.Error with the code Locked that names the holder. The
	// lock of a process that died is free.
	Acquire(ctx context.Context, me Holder, wait time.Duration) (release func() error, err error)
	// Holder returns who holds the lock now; ok is false when nobody does.
	Holder(ctx context.Context) (h Holder, ok bool, err error)
}

// HeldError is the error of a lock that was not free at the time now.
func HeldError(h Holder, now time.Time) *lake.Error {
	return &lake.Error{
		Code: lake.Locked,
		Message: fmt.Sprintf("the lake is held by %s (run %s, process %d on %s), begun %s ago",
			h.Command, h.RunID, h.PID, h.Host, now.Sub(h.Since).Round(time.Second)),
		Hint: "wait for it to end, or give --wait DURATION to queue behind it",
	}
}
