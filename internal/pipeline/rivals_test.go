package pipeline_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/store/storetest"
	"wplake/internal/transform"
)

// overtaken is a bucket in which somebody does something just before an object
// is committed, once.
type overtaken struct {
	store.Bucket
	key  string // of the object
	done *atomic.Bool
	do   func()
}

func (o overtaken) Create(ctx context.Context, key string) (store.Upload, error) {
	u, err := o.Bucket.Create(ctx, key)
	if err != nil || key != o.key {
		return u, err
	}
	return &overtakenUpload{Upload: u, by: o}, nil
}

type overtakenUpload struct {
	store.Upload
	by overtaken
}

func (u *overtakenUpload) Commit(ctx context.Context, metadata map[string]string) (store.Info, error) {
	if !u.by.done.Swap(true) {
		u.by.do()
	}
	return u.Upload.Commit(ctx, metadata)
}

const (
	rivalOld = `[{"term_id":1,"name":"old"},{"term_id":2,"name":"old"},{"term_id":3,"name":"old"}]`
	slowNew  = `[{"term_id":1,"name":"slow"},{"term_id":"x","name":"rejected of slow"},{"term_id":3,"name":"slow"}]`
	fastNew  = `[{"term_id":1,"name":"fast"},{"term_id":2,"name":"fast"},{"term_id":"y","name":"rejected of fast"}]`
	fastGood = `[{"term_id":1,"name":"fast"},{"term_id":2,"name":"fast"},{"term_id":4,"name":"fast"}]`
)

// TestTwoRunsAtOnce: a run that another one overtakes, whichever object it is
// about to commit, fails with that object and leaves all as the other made it.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		layer  lake.Layer
		key    string
		fast   string
		reject int
	}{
		{"raw", lake.Raw, "wordpress_api/terms/terms.json", fastNew, 1},
		{"bronze", lake.Bronze, "wordpress_api/terms/terms.parquet", fastNew, 1},
		{"bronze's rejects", lake.Bronze, "wordpress_api_rejects/terms/terms.parquet", fastNew, 1},
		{"bronze, the other rejects nothing", lake.Bronze, "wordpress_api/terms/terms.parquet", fastGood, 0},
		{"silver", lake.Silver, "wordpress_api/terms/terms.parquet", fastNew, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			l.object("terms", config.Object{OnDelete: config.Drop, MaxLoss: new(1.0)})
			l.give("terms", rivalOld)
			l.mustRun()
			l.deps.Buckets[c.layer] = overtaken{Bucket: l.deps.Buckets[c.layer], key: c.key, done: &atomic.Bool{}, do: func() {
				l.give("terms", c.fast)
				l.mustRun()
			}}
			l.give("terms", slowNew)
			slow := l.run()
			o := objectOf(t, slow, string(c.layer), "terms")
			if o.Error == nil || o.Error.Code != lake.ObjectChanged || !strings.Contains(o.Error.Hint, "run again") {
				t.Errorf("the slow run was told %+v", o.Error)
			}
			want := "1 fast;2 fast"
			if c.reject == 0 {
				want += ";4 fast"
			}
			if got := l.state(); got["bronze terms"] != want || got["silver terms"] != want {
				t.Errorf("the tables hold %v, want what the fast run made: %s", got, want)
			}
			l.wantRejects("terms", c.reject)
			l.mustRun()
			if got := l.state(); got["bronze terms"] != want {
				t.Errorf("after the next run the table holds %v", got)
			}
			l.wantRejects("terms", c.reject)
		})
	}
}

// wantRejects checks that the rejects beside a bronze object are its own.
func (l *testLake) wantRejects(object string, want int) {
	l.t.Helper()
	if got := l.rejects(lake.Bronze, object); len(got) != want {
		l.t.Errorf("rejects are %q, want %d", got, want)
		return
	}
	if want == 0 {
		return
	}
	run := l.query("SELECT DISTINCT _run_id FROM read_parquet('" + l.rejectsPath(lake.Bronze, object) + "')")
	if of := l.describe(lake.Bronze, object).Metadata["wplake.run_id"]; !slices.Equal(run, []string{of}) {
		l.t.Errorf("the rejects are of the run %v, the object of %s", run, of)
	}
}

// TestForeignRejects: rejects of another run than the object's, or none, are
// found and made anew, though raw has not changed.
func TestForeignRejects(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b store.Bucket, key string) error{
		"of another run": func(b store.Bucket, key string) error {
			u, err := b.Create(context.Background(), key)
			if err != nil {
				return err
			}
			_, err = u.Commit(context.Background(), map[string]string{"wplake.run_id": "another"})
			return err
		},
		"gone": func(b store.Bucket, key string) error { return b.Delete(context.Background(), key) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLake(t)
			l.object("terms", config.Object{Steps: []transform.Step{}})
			l.give("terms", rivalOld)
			l.mustRun()
			l.give("terms", slowNew)
			l.mustRun()
			if err := spoil(l.deps.Buckets[lake.Bronze], lake.RejectsKey("wordpress_api", "terms")); err != nil {
				t.Fatal(err)
			}
			if o := objectOf(t, l.mustRun(), "bronze", "terms"); o.Unchanged {
				t.Errorf("left as it was: %+v", o)
			}
			l.wantRejects("terms", 1)
			if o := objectOf(t, l.mustRun(), "bronze", "terms"); !o.Unchanged {
				t.Errorf("made anew for no reason: %+v", o)
			}
		})
	}
}

// TestRequests: each operation of a bucket costs money on AWS, and some need a
// permission of their own.
func TestRequests(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.object("terms", config.Object{Steps: []transform.Step{}})
	watch := func() map[lake.Layer]*storetest.FaultyBucket {
		watched := map[lake.Layer]*storetest.FaultyBucket{}
		for layer, b := range l.deps.Buckets {
			if f, ok := b.(*storetest.FaultyBucket); ok {
				b = f.Unwrap()
			}
			watched[layer] = storetest.Faulty(b)
			l.deps.Buckets[layer] = watched[layer]
		}
		return watched
	}
	const raw, table, rejects = "wordpress_api/terms/terms.json", "wordpress_api/terms/terms.parquet", "wordpress_api_rejects/"
	for _, c := range []struct {
		name string
		body string
		want map[lake.Layer][]string
	}{
		{"the first time", rivalOld, map[lake.Layer][]string{
			lake.Raw:    {"Stat " + raw, "Create " + raw, "Commit " + raw, "List wordpress_api/", "Download " + raw},
			lake.Bronze: {"List " + rejects, "Download " + table, "Create " + table, "Commit " + table, "List wordpress_api/", "Download " + table},
			lake.Silver: {"List " + rejects, "Download " + table, "Create " + table, "Commit " + table},
		}},
		{"unchanged", rivalOld, map[lake.Layer][]string{
			lake.Raw:    {"Stat " + raw, "Create " + raw, "List wordpress_api/", "Stat " + raw},
			lake.Bronze: {"List " + rejects, "Download " + table, "List wordpress_api/", "Download " + table},
			lake.Silver: {"List " + rejects, "Download " + table},
		}},
		{"changed", fastGood, map[lake.Layer][]string{
			lake.Raw: {"Stat " + raw, "Create " + raw, "Commit " + raw, "List wordpress_api/", "Stat " + raw, "Download " + raw},
			// The footer tells that it changed; then rows are compared by their key.
			lake.Bronze: {"List " + rejects, "Download " + table, "Create " + table, "Download " + table, "Commit " + table, "List wordpress_api/", "Download " + table},
			lake.Silver: {"List " + rejects, "Download " + table, "Create " + table, "Commit " + table},
		}},
	} {
		watched := watch()
		l.give("terms", c.body)
		l.mustRun("raw", "bronze", "silver")
		for layer, want := range c.want {
			if got := watched[layer].Calls(); !slices.Equal(got, want) {
				t.Errorf("%s, %s: got\n\t%s\nwant\n\t%s", c.name, layer, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		}
	}
}
