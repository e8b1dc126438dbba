package pipeline_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/internal/store/storetest"
)

// state is what a reader of every object sees.
func (l *testLake) state() map[string]string {
	l.t.Helper()
	state := map[string]string{}
	for _, layer := range lake.TableLayers() {
		for _, object := range l.names {
			infos, err := l.deps.Buckets[layer].List(context.Background(), lake.ObjectKey(layer, l.deps.Config.Dataset, object))
			if err == nil && len(infos) == 1 {
				state[string(layer)+" "+object] = strings.Join(l.query("SELECT * FROM "+l.table(layer, object)+" ORDER BY ALL"), ";")
			}
		}
	}
	return state
}

// TestEveryFailureOfTheStore makes the n-th operation of a bucket fail, for
// every n that a run has: each object is then the old or the new whole one, the
// failure is told, and the next run repairs everything by itself.
func TestEveryFailureOfTheStore(t *testing.T) {
	t.Parallel()
	const oldTerms, newTerms = `[{"term_id":1,"name":"old"},{"term_id":2,"name":"old"}]`, `[{"term_id":1,"name":"new"},{"term_id":"x","name":"rejected"},{"term_id":3,"name":"new"}]`
	for _, layer := range lake.Layers() {
		for n := 1; ; n++ {
			l := newLake(t)
			l.give("terms", oldTerms)
			l.give("statistics_pages", stats(1, 2, 3))
			l.mustRun()
			before := l.state()

			good := l.deps.Buckets[layer]
			faulty := storetest.Faulty(good, storetest.Fault{Op: storetest.Any, Nth: n, Err: store.Failure("write", "x", syscall.ENOSPC)})
			l.deps.Buckets[layer] = faulty
			l.give("terms", newTerms)
			l.give("statistics_pages", stats(2, 3, 4))
			r := l.run()
			reached := len(faulty.Calls()) >= n
			l.deps.Buckets[layer] = good
			between := l.state()
			l.mustRun()
			after := l.state()

			for object, rows := range between {
				if rows != before[object] && rows != after[object] {
					t.Errorf("%s, operation %d: %s is neither old nor new: %s", layer, n, object, rows)
				}
			}
			if want := "1 new;3 new"; after["silver terms"] != want {
				t.Errorf("%s, operation %d: the next run made %q", layer, n, after["silver terms"])
			}
			if got := strings.Count(after["silver statistics_pages"], ";"); got != 3 {
				t.Errorf("%s, operation %d: the next run left %s", layer, n, after["silver statistics_pages"])
			}
			if left := l.temporary(); len(left) > 0 {
				t.Errorf("%s, operation %d: left behind: %v", layer, n, left)
			}
			if !reached {
				break
			}
			if r.Status == lake.StatusRunSucceeded {
				t.Errorf("%s, operation %d (%s) failed and nobody was told", layer, n, faulty.Calls()[n-1])
			}
		}
	}
}

// temporary lists files of writes that did not end.
func (l *testLake) temporary() []string {
	var left []string
	err := filepath.WalkDir(l.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), ".wplake-") {
			left = append(left, path)
		}
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return left
}

// TestInterrupted: a cancelled run says so for every object that it did not
// finish, and changes none of them.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("terms", `[{"term_id":1}]`)
	l.mustRun()
	before := l.state()
	l.give("terms", `[{"term_id":1},{"term_id":2}]`)
	ctx, cancel := context.WithCancel(t.Context())
	l.deps.Progress = func(e pipeline.Event) {
		if e.Stage == "bronze" && e.Object == "terms" {
			cancel()
		}
	}
	r := pipeline.Run(ctx, l.deps, pipeline.Stages(), pipeline.Request{RunID: "interrupted"})
	o := objectOf(t, r, "bronze", "terms")
	if o.Error == nil || o.Error.Code != lake.Interrupted {
		t.Errorf("got %+v", o)
	}
	if len(r.Stages) != 2 {
		t.Errorf("stages went on after the interruption: %d", len(r.Stages))
	}
	if fmt.Sprint(l.state()) != fmt.Sprint(before) {
		t.Error("an interrupted run changed an object")
	}
	if left := l.temporary(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPanicStaysWithItsObject: a defect in dealing with one object is that
// object's failure.
func TestPanicStaysWithItsObject(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("terms", `[{"term_id":1}]`)
	l.give("posts", `[{"ID":1}]`)
	l.deps.Progress = func(e pipeline.Event) {
		if e.Stage == "bronze" && e.Object == "terms" && e.Bytes > 0 {
			panic("a defect")
		}
	}
	r := l.run("raw", "bronze")
	if o := objectOf(t, r, "bronze", "terms"); o.Error == nil || o.Error.Code != lake.Internal {
		t.Errorf("got %+v", o)
	}
	if o := objectOf(t, r, "bronze", "posts"); o.Error != nil {
		t.Errorf("got %+v", o)
	}
}

// TestReplacedWhileRead: raw that is replaced between its description and its
// bytes is taken by its bytes.
func TestReplacedWhileRead(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("terms", `[{"term_id":1}]`)
	l.mustRun("raw")
	l.deps.Buckets[lake.Raw] = replacing{l.deps.Buckets[lake.Raw], func() { l.put(lake.Raw, "terms", `[{"term_id":5},{"term_id":6}]`) }}
	l.mustRun("bronze")
	if got := l.query("SELECT * FROM " + l.table(lake.Bronze, "terms")); strings.Join(got, " ") != "5 6" {
		t.Errorf("got %v", got)
	}
	l.deps.Buckets[lake.Raw] = l.deps.Buckets[lake.Raw].(replacing).Bucket
	if o := objectOf(t, l.mustRun("bronze"), "bronze", "terms"); !o.Unchanged {
		t.Errorf("its provenance names other bytes: %+v", o)
	}
}

// replacing is a bucket in which somebody replaces an object just before it
// is downloaded.
type replacing struct {
	store.Bucket
	replace func()
}

func (r replacing) Download(ctx context.Context, key, dir string) (string, store.Info, error) {
	r.replace()
	return r.Bucket.Download(ctx, key, dir)
}
