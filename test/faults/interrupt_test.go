//go:build faults

package faults

import (
	"encoding/json"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Ctrl-C ends a run with the exit status 3; the next run leaves nothing of it.
func TestInterrupt(t *testing.T) {
	l := newLake(t, filepath.Join(t.TempDir(), "site"), size{posts: 1000, statistics: 20000})
	before, after, life := l.versions(t)
	interrupted := 0
	const points = 12
	for n := range points {
		at := 0.15 + 0.7*float64(n)/points
		r := l.begin(t, after.site).signalAt(t, time.Duration(at*float64(life)), syscall.SIGINT)
		switch r.exit {
		case 3:
			interrupted++
			t.Logf("at %.0f %% of its life: exit status 3 after %s", at*100, r.took.Round(time.Millisecond))
		case 0: // it was done already
		default:
			t.Fatalf("interrupted at %.0f %% of its life: %s", at*100, r)
		}
		if r.stdout != "" && !json.Valid([]byte(r.stdout)) {
			t.Fatalf("something else than one JSON document on standard output: %s", r)
		}
		l.mustHold(t, false, before, after)
		l.mustRecover(t, after)
		before, after = after, before
	}
	if interrupted < points/2 {
		t.Fatalf("only %d of %d runs were still there to be interrupted", interrupted, points)
	}
}
