//go:build faults

package faults

import (
	"math"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// kills is how many runs are killed over a lake that is there, and how many
// over one that is not yet.
const (
	kills      = 200
	firstKills = 40
)

// moment spreads the n-th kill over a run's life: after any number of kills
// the moments lie evenly between 0 and 1.
func moment(n int) float64 {
	_, fraction := math.Modf(float64(n) * (math.Sqrt(5) - 1) / 2)
	return fraction
}

// lifetime is how long a run over every object takes, as far as is known now:
// the machine may be busier at one time than at another.
type lifetime time.Duration

// at returns the time after which a share of the life is over.
func (l lifetime) at(share float64) time.Duration { return time.Duration(share * float64(l)) }

// learn takes in a run that came to its end by itself.
func (l *lifetime) learn(took time.Duration) { *l = (*l + lifetime(took)) / 2 }

// A run is killed at any moment: every object is the old or the new one,
// whole, and the next run repairs the lake by itself.
func TestKill(t *testing.T) {
	l := newLake(t, filepath.Join(t.TempDir(), "site"), size{posts: 100, statistics: 2000})
	before, after, median := l.versions(t)
	life := lifetime(median)
	shared := common(before, after)
	var tenths [10]int
	var nothing, some, all int
	killed := 0
	for attempt := 0; killed < kills; attempt++ {
		if attempt > 3*kills {
			t.Fatalf("only %d of %d runs were still there to be killed", killed, attempt)
		}
		share := moment(killed)
		if attempt%20 == 19 {
			share = 10 // nobody kills this one, so that its life is measured anew
		}
		r := l.begin(t, after.site).signalAt(t, life.at(share), syscall.SIGKILL)
		arrived := l.mustHold(t, false, before, after)
		if r.signal == syscall.SIGKILL {
			killed++
			tenths[int(share*10)]++
			switch arrived - shared {
			case 0:
				nothing++
			case len(after.content) - shared:
				all++
			default:
				some++
			}
		} else {
			life.learn(r.took)
		}
		l.mustRecover(t, after)
		before, after = after, before
	}
	t.Logf("%d kills over a life of %s, by tenths of it: %v", killed, life.at(1).Round(time.Millisecond), tenths)
	t.Logf("when they died, %d had written nothing yet, %d some of the objects, %d all", nothing, some, all)
	if some < kills/20 {
		t.Errorf("only %d kills met a run between its first and its last object", some)
	}
}

// The first run of all is killed: every object is absent or whole.
func TestKillFirstRun(t *testing.T) {
	l := newLake(t, filepath.Join(t.TempDir(), "site"), size{posts: 100, statistics: 2000})
	after, _, median := l.versions(t)
	life := lifetime(median)
	killed := 0
	for attempt := 0; killed < firstKills; attempt++ {
		if attempt > 3*firstKills {
			t.Fatalf("only %d of %d runs were still there to be killed", killed, attempt)
		}
		if err := os.RemoveAll(l.root); err != nil {
			t.Fatal(err)
		}
		r := l.begin(t, after.site).signalAt(t, life.at(moment(killed)), syscall.SIGKILL)
		if r.signal == syscall.SIGKILL {
			killed++
		} else {
			life.learn(r.took)
		}
		l.mustHold(t, true, after)
		l.mustRecover(t, after)
	}
	t.Logf("%d first runs killed", killed)
}

// common counts the objects that are the same in both versions.
func common(a, b version) int {
	n := 0
	for path, content := range a.content {
		if b.content[path] == content {
			n++
		}
	}
	return n
}
