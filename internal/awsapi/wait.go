package awsapi

import (
	"context"
	"time"
)

// Wait pauses for d in real time, or until ctx ends, whose error it then
// returns. Drivers pause with it between two looks at a service, unless their
// options say otherwise.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
