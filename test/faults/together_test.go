//go:build faults

package faults

import (
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// halt begins a run and stops it in the middle, so that it holds the lake for
// as long as the test likes. It is done when another run is refused.
func (l *testLake) halt(t *testing.T, site string, life time.Duration) (held *process, refused result) {
	t.Helper()
	for attempt := range 20 {
		held = l.begin(t, site)
		timer := time.NewTimer(life * time.Duration(20+3*attempt) / 100)
		<-timer.C
		held.send(t, syscall.SIGSTOP)
		refused = start(t, l.dir, "run", "--config", site).wait(t)
		if refused.exit == 4 {
			return held, refused
		}
		held.send(t, syscall.SIGCONT)
		held.wait(t)
	}
	t.Fatalf("two runs at once, and none was refused: %s", refused)
	return nil, result{}
}

// Of two runs at once the second is refused, or waits if it is told to;
// readers are not concerned; a dead run's lock is free.
func TestTogether(t *testing.T) {
	l := newLake(t, filepath.Join(t.TempDir(), "site"), size{posts: 1000, statistics: 20000})
	before, after, life := l.versions(t)

	held, refused := l.halt(t, after.site, life)
	pid := strconv.Itoa(held.cmd.Process.Pid)
	if !strings.Contains(refused.stderr, "process "+pid) || !strings.Contains(refused.stderr, " ago") {
		t.Errorf("the refusal names neither the holder %s nor its age: %s", pid, refused)
	}
	l.mustHold(t, false, before, after)
	must(t, l.dir, "query", "--config", after.site, `SELECT count(*) FROM "silver-posts"`)
	must(t, l.dir, "tables", "--config", after.site)

	waiting := start(t, l.dir, "run", "--json", "--wait", "60s", "--config", after.site)
	held.send(t, syscall.SIGCONT)
	if r := held.wait(t); r.exit != 0 {
		t.Errorf("the first run: %s", r)
	}
	if r := waiting.wait(t); r.exit != 0 {
		t.Errorf("the run that waited: %s", r)
	}
	l.mustRecover(t, after)

	dead, _ := l.halt(t, before.site, life)
	dead.send(t, syscall.SIGKILL)
	dead.wait(t)
	l.mustHold(t, false, after, before)
	l.mustRecover(t, before)
}
