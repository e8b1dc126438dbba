package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/transform"
)

const statRow = `{"page_id":"%d","uri":"/%d","type":"post","date":"2026-01-%02d","count":"1","id":"%d"}`

func stats(ids ...int) string {
	rows := make([]string, 0, len(ids))
	for _, id := range ids {
		rows = append(rows, fmt.Sprintf(statRow, id, id, 1+id%28, id))
	}
	return "[" + strings.Join(rows, ",") + "]"
}

// TestKeepIsTheDefaultOfFacts: days that the plugin purged stay in the lake.
func TestKeepIsTheDefaultOfFacts(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("statistics_pages", stats(1, 2, 3, 4))
	l.mustRun()
	l.give("statistics_pages", stats(4, 5)) // 1 to 3 were purged, 5 is new
	l.mustRun()
	for _, layer := range lake.TableLayers() {
		if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, l.query("SELECT page_id FROM "+l.table(layer, "statistics_pages")+" ORDER BY 1")); diff != "" {
			t.Errorf("%s: %s", layer, diff)
		}
	}
	l.give("statistics_pages", `[]`) // and an empty answer loses nothing either
	l.mustRun()
	if got := l.query("SELECT count(*) FROM " + l.table(lake.Silver, "statistics_pages")); got[0] != "5" {
		t.Errorf("after an empty answer: %v", got)
	}
}

func TestMark(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.deps.Config.Silver.Profile = transform.Full // whose default for entities is mark
	l.give("terms", `[{"term_id":1,"name":"a"},{"term_id":2,"name":"b"},{"term_id":3,"name":"c"}]`)
	l.mustRun("raw", "bronze")
	sql := "SELECT term_id, name, CAST(deleted_at AS VARCHAR) FROM " + l.table(lake.Bronze, "terms") + " ORDER BY 1"
	check := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, l.query(sql)); diff != "" {
			t.Error(diff)
		}
	}
	check("1 a <nil>", "2 b <nil>", "3 c <nil>")
	l.give("terms", `[{"term_id":1,"name":"a"},{"term_id":3,"name":"C"}]`)
	l.mustRun("raw", "bronze")
	check("1 a <nil>", "2 b 2026-03-01 07:00:00", "3 C <nil>")
	l.deps.Now = func() time.Time { return time.Date(2026, 3, 2, 7, 0, 0, 0, time.UTC) }
	l.give("terms", `[{"term_id":2,"name":"again"},{"term_id":"3x","name":"broken"}, {"term_id":3,"term_idx":1,"name":"C"}]`)
	l.mustRun("raw", "bronze")
	check("1 a 2026-03-02 07:00:00", "2 again <nil>", "3 C <nil>")
}

// TestMarkSparesRejectedRows: a row that came but did not fit has not vanished.
func TestMarkSparesRejectedRows(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.object("terms", config.Object{OnDelete: config.Mark})
	l.give("terms", `[{"term_id":1,"term_group":0},{"term_id":2,"term_group":0}]`)
	l.mustRun("raw", "bronze")
	l.give("terms", `[{"term_id":1,"term_group":0},{"term_id":2,"term_group":"broken"}]`)
	l.mustRun("raw", "bronze")
	want := []string{"1 <nil>", "2 <nil>"}
	if diff := cmp.Diff(want, l.query("SELECT term_id, deleted_at FROM "+l.table(lake.Bronze, "terms")+" ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, policy := range []config.OnDelete{config.Drop, config.Mark} {
		l := newLake(t)
		l.object("terms", config.Object{OnDelete: policy})
		l.give("terms", `[{"term_id":1},{"term_id":2},{"term_id":3},{"term_id":4}]`)
		l.mustRun("raw", "bronze")
		l.give("terms", `[{"term_id":1},{"term_id":9}]`)
		o := objectOf(t, l.run("raw", "bronze"), "bronze", "terms")
		if o.Error == nil || o.Error.Code != lake.SnapshotShrank {
			t.Fatalf("%s: got %+v", policy, o)
		}
		if got := l.query("SELECT count(*) FROM " + l.table(lake.Bronze, "terms")); got[0] != "4" {
			t.Errorf("%s: the refused snapshot left %v rows", policy, got)
		}
		l.runWith(acceptLoss(), "bronze")
		want := map[config.OnDelete]string{config.Drop: "2", config.Mark: "5"}[policy]
		if got := l.query("SELECT count(*) FROM " + l.table(lake.Bronze, "terms")); got[0] != want {
			t.Errorf("%s: accepted, it left %v rows", policy, got)
		}
		l.give("terms", `[{"term_id":9}]`) // half of what lives: allowed
		l.mustRun("raw", "bronze")
	}
}

func TestKeyMissing(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.object("x", config.Object{OnDelete: config.Keep})
	l.give("x", `[{"a":1}]`)
	l.mustRun("raw", "bronze")
	l.give("x", `[{"a":2}]`)
	if o := objectOf(t, l.run("raw", "bronze"), "bronze", "x"); o.Error == nil || o.Error.Code != lake.KeyMissing {
		t.Errorf("got %+v", o)
	}
	l.object("x", config.Object{OnDelete: config.Keep, Key: []string{"A"}})
	l.mustRun("bronze")
	if diff := cmp.Diff([]string{"1", "2"}, l.query("SELECT a FROM "+l.table(lake.Bronze, "x")+" ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
}

// TestKeepLosesNothing: whatever snapshots come, every key that was ever seen
// is there, with its newest value.
func TestKeepLosesNothing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	l := newLake(t)
	l.object("x", config.Object{OnDelete: config.Keep, Key: []string{"a", "b"}})
	newest := map[string]string{}
	for day := range 12 {
		var rows []string
		for a := range 6 {
			for b := range 4 {
				if r.IntN(2) == 0 {
					continue
				}
				key := fmt.Sprintf("%d %d", a, b)
				text := fmt.Sprintf(`{"a":%d,"b":"k%d","v":"%d"}`, a, b, day)
				if b == 3 {
					text = fmt.Sprintf(`{"a":%d,"b":null,"v":"%d"}`, a, day) // NULL is a value like others in a key
				}
				newest[key] = fmt.Sprint(day)
				rows = append(rows, text)
			}
		}
		l.give("x", "["+strings.Join(rows, ",")+"]")
		l.mustRun("raw", "bronze")
		var want []string
		for key, v := range newest {
			a, b, _ := strings.Cut(key, " ")
			b = "k" + b
			if b == "k3" {
				b = "<nil>"
			}
			want = append(want, a+" "+b+" "+v)
		}
		slices.Sort(want)
		got := l.query("SELECT a, b, v FROM " + l.table(lake.Bronze, "x"))
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("day %d: %s", day, diff)
		}
	}
}

func TestDriftEvolve(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.deps.Config.Silver.Unmapped = config.UnmappedPass
	l.give("x", `[{"a":1,"b":"1","c":"t"}]`)
	l.mustRun()
	l.give("x", `[{"new":0.5,"a":"text","b":"2"}]`)
	r := l.mustRun()
	want := []lake.Column{column("a", lake.String), column("b", lake.Bigint), column("c", lake.String), column("new", lake.Double)}
	if diff := cmp.Diff(want, l.describe(lake.Bronze, "x").Columns); diff != "" {
		t.Error(diff)
	}
	o := objectOf(t, r, "bronze", "x")
	for _, part := range []string{"column a changes its type from bigint to string", "column c is no longer sent", "column new is new (double)"} {
		if !strings.Contains(strings.Join(o.Warnings, "\n"), part) {
			t.Errorf("the report does not say %q: %q", part, o.Warnings)
		}
	}
	versions, err := l.deps.Catalog.Versions(t.Context(), "wordpress_api", "bronze-x")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []catalog.ChangeKind
	for _, v := range versions {
		for _, c := range v.Changes {
			kinds = append(kinds, c.Kind)
		}
	}
	for _, kind := range []catalog.ChangeKind{catalog.Added, catalog.Vanished, catalog.Retyped} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("the catalog's history lacks %s: %+v", kind, versions)
		}
	}
	l.give("x", `[{"new":1.5,"a":"2","b":"3"}]`)
	o = objectOf(t, l.mustRun("raw", "bronze"), "bronze", "x")
	if len(o.Warnings) != 1 || !strings.Contains(o.Warnings[0], "still not sent") {
		t.Errorf("the next run repeats old news: %q", o.Warnings)
	}
}

func TestDriftFreeze(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"new": `[{"a":1,"b":"t","c":1}]`, "vanished": `[{"a":1}]`, "retyped": `[{"a":"x","b":"t"}]`,
	} {
		l := newLake(t)
		l.object("x", config.Object{Drift: config.Freeze})
		l.give("x", `[{"a":1,"b":"t"}]`)
		l.mustRun("raw", "bronze")
		l.give("x", body)
		o := objectOf(t, l.run("raw", "bronze"), "bronze", "x")
		if o.Error == nil || o.Error.Code != lake.SchemaFrozen {
			t.Errorf("%s: got %+v", name, o)
		}
		if diff := cmp.Diff([]string{"1 t"}, l.query("SELECT * FROM "+l.table(lake.Bronze, "x"))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDriftReject(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.object("x", config.Object{Drift: config.Reject})
	l.give("x", `[{"a":1,"b":"t"}]`)
	l.mustRun("raw", "bronze", "crawl-bronze")
	l.give("x", `[{"a":2,"b":"t"},{"a":3,"b":"t","c":1},{"a":4,"b":"t","c":null},{"a":"5x","b":"t"},{"a":6}]`)
	o := objectOf(t, l.mustRun("raw", "bronze"), "bronze", "x")
	if diff := cmp.Diff([]string{"2 t", "4 t", "6 <nil>"}, l.query("SELECT * FROM "+l.table(lake.Bronze, "x"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"2 NewColumn c", "4 NotWholeNumber a"}, l.rejects(lake.Bronze, "x")); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(strings.Join(o.Warnings, "\n"), "column c is new") {
		t.Errorf("drift is not told: %q", o.Warnings)
	}
	versions, err := l.deps.Catalog.Versions(t.Context(), "wordpress_api", "bronze-x")
	if err != nil || len(versions) != 2 || versions[0].Changes[0].Column != "c" {
		t.Errorf("the history does not have it: %+v %v", versions, err)
	}
	l.give("x", `[{"a":7,"b":"t"}]`) // all well again: the rejects object goes
	l.runWith(acceptLoss(), "raw", "bronze")
	if got := l.rejects(lake.Bronze, "x"); got != nil {
		t.Errorf("rejects of an older state are left: %v", got)
	}
}

// TestDamagedBronzeWithKeptRows: what is in a bronze object alone is not lost by
// making it anew from raw.
func TestDamagedBronzeWithKeptRows(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("statistics_pages", stats(1, 2, 3, 4))
	l.give("terms", `[{"term_id":1}]`) // on_delete: drop
	l.mustRun()
	for _, object := range l.names {
		if err := os.Truncate(l.path(lake.Bronze, object), 100); err != nil {
			t.Fatal(err)
		}
	}
	r := l.run("raw", "bronze")
	if o := objectOf(t, r, "bronze", "statistics_pages"); o.Error == nil || o.Error.Code != lake.ObjectDamaged || o.Error.Hint == "" {
		t.Errorf("got %+v", o)
	}
	if o := objectOf(t, r, "bronze", "terms"); o.Error != nil || o.Rows != 1 {
		t.Errorf("got %+v", o)
	}
	if o := objectOf(t, l.runWith(acceptLoss(), "bronze"), "bronze", "statistics_pages"); o.Error != nil || o.Rows != 4 {
		t.Errorf("got %+v", o)
	}
}

// TestNothingFits: an object of which no row fits fails, and leaves the last
// good one and its rejects as they are.
func TestNothingFits(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.object("x", config.Object{Drift: config.Reject, Columns: map[string]lake.Type{"a": lake.Bigint}})
	l.give("x", `[{"a":1},{"a":"old"}]`)
	l.mustRun("raw", "bronze", "crawl-bronze")
	l.give("x", `[{"a":"p","b":1},{"a":2,"b":2}]`)
	o := objectOf(t, l.run("raw", "bronze"), "bronze", "x")
	if o.Error == nil || o.Error.Code != lake.ObjectDamaged {
		t.Errorf("got %+v", o)
	}
	if diff := cmp.Diff([]string{"2 NotWholeNumber a"}, l.rejects(lake.Bronze, "x")); diff != "" {
		t.Error(diff)
	}
	versions, err := l.deps.Catalog.Versions(t.Context(), "wordpress_api", "bronze-x")
	if err != nil || len(versions) != 2 {
		t.Errorf("the history does not have it: %+v %v", versions, err)
	}
}

// TestRawWithoutMetadata: where the file system keeps none, what has not
// changed is not written again either.
func TestRawWithoutMetadata(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.put(lake.Raw, "terms", `[{"term_id":1}]`)
	l.give("terms", `[{"term_id":1}]`)
	if o := objectOf(t, l.run("raw"), "raw", "terms"); !o.Unchanged {
		t.Errorf("got %+v", o)
	}
	l.give("terms", `[{"term_id":2}]`)
	if o := objectOf(t, l.run("raw"), "raw", "terms"); o.Unchanged {
		t.Errorf("got %+v", o)
	}
}
