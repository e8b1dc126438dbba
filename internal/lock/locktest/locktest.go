// Package locktest is the suite that every driver of the lock port passes.
package locktest

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/lock"
)

// Run runs the suite. open gives the lock, free, of a lake of its own.
func Run(t *testing.T, open func(t *testing.T) lock.Locker) {
	t.Helper()
	tests := map[string]func(t *testing.T, l lock.Locker){
		"a free lock has no holder":            freeLock,
		"the holder is told":                   holderIsTold,
		"a held lock is refused with its name": heldIsRefused,
		"the second waits":                     secondWaits,
		"waiting has an end":                   waitEnds,
		"waiting heeds the context":            contextEnds,
		"a dead context takes nothing":         deadContext,
		"one at a time":                        oneAtATime,
		"release may be repeated":              releaseTwice,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// longWait is more than any of these tests waits when all is well.
const longWait = time.Minute

func holder(run string) lock.Holder {
	return lock.Holder{
		RunID: run, Host: "host", PID: 4711, Command: "wplake run",
		Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func acquire(t *testing.T, l lock.Locker, run string) (release func() error) {
	t.Helper()
	release, err := l.Acquire(t.Context(), holder(run), longWait)
	if err != nil {
		t.Fatalf("Acquire(%s): %v", run, err)
	}
	return release
}

func mustRelease(t *testing.T, release func() error) {
	t.Helper()
	if err := release(); err != nil {
		t.Fatalf("release: %v", err)
	}
}

func wantFree(t *testing.T, l lock.Locker) {
	t.Helper()
	if h, held, err := l.Holder(t.Context()); err != nil || held {
		t.Fatalf("Holder() = %+v, %v, %v; want nobody", h, held, err)
	}
}

func freeLock(t *testing.T, l lock.Locker) { wantFree(t, l) }

func holderIsTold(t *testing.T, l lock.Locker) {
	release := acquire(t, l, "run-1")
	h, held, err := l.Holder(t.Context())
	if err != nil || !held || h != holder("run-1") {
		t.Errorf("Holder() = %+v, %v, %v; want run-1's", h, held, err)
	}
	mustRelease(t, release)
	wantFree(t, l)
	mustRelease(t, acquire(t, l, "run-2"))
}

func heldIsRefused(t *testing.T, l lock.Locker) {
	release := acquire(t, l, "run-1")
	_, err := l.Acquire(t.Context(), holder("run-2"), 0)
	if !lake.HasCode(err, lake.Locked) {
		t.Fatalf("second Acquire: %v; want the code Locked", err)
	}
	for _, want := range []string{"run-1", "wplake run", "4711", "host"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error %q does not name %q", err, want)
		}
	}
	if h, held, err := l.Holder(t.Context()); err != nil || !held || h.RunID != "run-1" {
		t.Errorf("after a refused Acquire, Holder() = %+v, %v, %v", h, held, err)
	}
	mustRelease(t, release)
}

func secondWaits(t *testing.T, l lock.Locker) {
	release := acquire(t, l, "run-1")
	done := make(chan error, 1)
	go func() {
		second, err := l.Acquire(t.Context(), holder("run-2"), longWait)
		if err == nil {
			err = second()
		}
		done <- err
	}()
	mustRelease(t, release)
	if err := <-done; err != nil {
		t.Errorf("the waiting Acquire: %v", err)
	}
}

func waitEnds(t *testing.T, l lock.Locker) {
	release := acquire(t, l, "run-1")
	if _, err := l.Acquire(t.Context(), holder("run-2"), 10*time.Millisecond); !lake.HasCode(err, lake.Locked) {
		t.Errorf("Acquire: %v; want the code Locked", err)
	}
	mustRelease(t, release)
}

func contextEnds(t *testing.T, l lock.Locker) {
	release := acquire(t, l, "run-1")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := l.Acquire(ctx, holder("run-2"), longWait)
		done <- err
	}()
	cancel()
	if err := <-done; !lake.HasCode(err, lake.Interrupted) {
		t.Errorf("Acquire: %v; want the code Interrupted", err)
	}
	mustRelease(t, release)
}

func deadContext(t *testing.T, l lock.Locker) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Acquire(ctx, holder("run-1"), longWait); !lake.HasCode(err, lake.Interrupted) {
		t.Errorf("Acquire: %v; want the code Interrupted", err)
	}
	wantFree(t, l)
}

func oneAtATime(t *testing.T, l lock.Locker) {
	const runs = 8
	var inside, together atomic.Int32
	var all sync.WaitGroup
	for range runs {
		all.Go(func() {
			release, err := l.Acquire(t.Context(), holder("run"), longWait)
			if err != nil {
				t.Errorf("Acquire: %v", err)
				return
			}
			if inside.Add(1) > 1 {
				together.Add(1)
			}
			for range 100 { // lets the others come in, if they can
				runtime.Gosched()
			}
			inside.Add(-1)
			if err := release(); err != nil {
				t.Errorf("release: %v", err)
			}
		})
	}
	all.Wait()
	if n := together.Load(); n > 0 {
		t.Errorf("%d times somebody was inside already", n)
	}
}

func releaseTwice(t *testing.T, l lock.Locker) {
	first := acquire(t, l, "run-1")
	mustRelease(t, first)
	second := acquire(t, l, "run-2")
	mustRelease(t, first) // must not free the lock of run-2
	if h, held, err := l.Holder(t.Context()); err != nil || !held || h.RunID != "run-2" {
		t.Errorf("Holder() = %+v, %v, %v; want run-2's", h, held, err)
	}
	mustRelease(t, second)
}
