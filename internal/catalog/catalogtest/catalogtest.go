// Package catalogtest is the suite that every driver of the port catalog passes.
package catalogtest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// Opener opens the catalog that lives at place, a folder of the test's own;
// the same place is the same catalog. now is its clock. The suite closes it.
type Opener func(t *testing.T, place string, now func() time.Time) catalog.Catalog

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	t.Parallel()
	run(t, open, slices.Concat(present(), history()))
}

// RunPresent runs the part of the suite that asks for no history, for services
// that play a catalog without it.
func RunPresent(t *testing.T, open Opener) {
	t.Parallel()
	run(t, open, present())
}

type part struct {
	name string
	test func(*testing.T, *fixture)
}

func present() []part {
	return []part{
		{"an empty catalog has nothing", testEmpty},
		{"the order of columns is kept", testOrder},
		{"databases are apart", testDatabases},
		{"List is sorted", testList},
		{"a table needs a name", testNames},
		{"wide tables and strange names", testWide},
		{"a closed catalog can be opened again", testReopen},
		{"writers of different tables do not meet", testWriters},
		{"readers see whole tables", testReaders},
	}
}

func history() []part {
	return []part{
		{"a table comes back as it was put", testRoundTrip},
		{"a table that is as it was is not touched", testUnchanged},
		{"every field is compared", testFields},
		{"a new schema is a new version", testVersions},
		{"drift can be recorded without a change of schema", testRecord},
		{"Delete takes the history along", testDelete},
		{"a cancelled context stops each operation", testCancelled},
		{"writers of one table do not lose versions", testRivals},
	}
}

func run(t *testing.T, open Opener, parts []part) {
	for _, c := range parts {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fixture{place: t.TempDir(), clock: &clock{at: time.Date(2026, 3, 1, 7, 0, 0, 123456789, time.UTC)}}
			f.open = func(t *testing.T) catalog.Catalog {
				t.Helper()
				c := open(t, f.place, f.clock.now)
				t.Cleanup(func() {
					if err := c.Close(); err != nil {
						t.Error("Close:", err)
					}
				})
				return c
			}
			f.Catalog = f.open(t)
			c.test(t, f)
		})
	}
}

// fixture is a catalog under test.
type fixture struct {
	catalog.Catalog
	place string
	clock *clock
	open  func(*testing.T) catalog.Catalog
}

// clock is one second later each time it is asked.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Second)
	return c.at
}

const database = "wordpress_api"

// posts is a table of those columns, each written as name:type.
func posts(columns ...lake.Column) catalog.Table {
	return catalog.Table{
		Database: database, Name: "silver-posts", Layer: lake.Silver, Object: "posts",
		Location: "file:///lake/silver/wordpress_api/posts/posts.parquet", Key: "wordpress_api/posts/posts.parquet",
		Columns: columns, Rows: 10, Bytes: 1234,
		Parameters: map[string]string{"classification": "parquet", "empty": "", "text": "quotes ' \" ü 🎉\n"},
	}
}

func col(name string, t lake.Type) lake.Column { return lake.Column{Name: name, Type: t} }

func put(t *testing.T, c catalog.Catalog, table catalog.Table, runID string) catalog.Outcome {
	t.Helper()
	outcome, err := c.Put(t.Context(), table, runID)
	if err != nil {
		t.Fatalf("Put: %v", err)
	}
	return outcome
}

func get(t *testing.T, c catalog.Catalog, name string) catalog.Table {
	t.Helper()
	table, err := c.Get(t.Context(), database, name)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return table
}

func versions(t *testing.T, c catalog.Catalog, name string) []catalog.Version {
	t.Helper()
	found, err := c.Versions(t.Context(), database, name)
	if err != nil {
		t.Fatalf("Versions: %v", err)
	}
	return found
}

func want(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func testEmpty(t *testing.T, f *fixture) {
	if _, err := f.Get(t.Context(), database, "x"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("Get: %v, want ErrNotFound", err)
	}
	if _, err := f.Versions(t.Context(), database, "x"); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("Versions: %v, want ErrNotFound", err)
	}
	err := f.Record(t.Context(), database, "x", "r1", []catalog.Change{{Kind: catalog.Added, Column: "a"}})
	if !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("Record: %v, want ErrNotFound", err)
	}
	if err := f.Delete(t.Context(), database, "x"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if tables, err := f.List(t.Context(), database); err != nil || len(tables) != 0 {
		t.Errorf("List: %v, %v", tables, err)
	}
}

func testRoundTrip(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint), col("post_title", lake.String), col("score", "decimal(10,2)"))
	want(t, "outcome", catalog.Outcome{Created: true}, put(t, f, table, "r1"))
	got := get(t, f, table.Name)
	if got.Version != 1 || got.Created.IsZero() || !got.Updated.Equal(got.Created) || got.Created.Location() != time.UTC {
		t.Errorf("version %d, created %v, updated %v", got.Version, got.Created, got.Updated)
	}
	table.Version, table.Created, table.Updated = 1, got.Created, got.Updated
	want(t, "table", table, got)
	want(t, "versions", []catalog.Version{
		{Version: 1, Time: got.Created, RunID: "r1", Columns: table.Columns, Changes: []catalog.Change{}},
	}, versions(t, f, table.Name))
}

func testUnchanged(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint))
	put(t, f, table, "r1")
	before := get(t, f, table.Name)
	want(t, "outcome", catalog.Outcome{}, put(t, f, table, "r2"))
	// What the catalog sets itself is not compared.
	again := before
	again.Version, again.Created, again.Updated = 7, time.Time{}, f.clock.now()
	want(t, "outcome", catalog.Outcome{}, put(t, f, again, "r3"))
	want(t, "table", before, get(t, f, table.Name))
	if n := len(versions(t, f, table.Name)); n != 1 {
		t.Errorf("%d versions", n)
	}
}

func testFields(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint))
	put(t, f, table, "r1")
	created := get(t, f, table.Name).Created
	for name, change := range map[string]func(*catalog.Table){
		"layer":    func(t *catalog.Table) { t.Layer = lake.Bronze },
		"object":   func(t *catalog.Table) { t.Object = "Posts" },
		"location": func(t *catalog.Table) { t.Location = "file:///elsewhere" },
		"key":      func(t *catalog.Table) { t.Key = "wordpress_api/posts.parquet" },
		"rows":     func(t *catalog.Table) { t.Rows++ },
		"bytes":    func(t *catalog.Table) { t.Bytes++ },
		"parameter": func(t *catalog.Table) {
			t.Parameters = map[string]string{"classification": "parquet"}
		},
		"no parameters": func(t *catalog.Table) { t.Parameters = nil },
	} {
		change(&table)
		want(t, name, catalog.Outcome{Updated: true}, put(t, f, table, "r2"))
		got := get(t, f, table.Name)
		if !got.Created.Equal(created) || !got.Updated.After(created) || got.Version != 1 {
			t.Errorf("%s: created %v, updated %v, version %d", name, got.Created, got.Updated, got.Version)
		}
		want(t, name+" again", catalog.Outcome{}, put(t, f, table, "r3"))
	}
	if n := len(versions(t, f, table.Name)); n != 1 {
		t.Errorf("%d versions", n)
	}
}

func testVersions(t *testing.T, f *fixture) {
	first := posts(col("id", lake.Bigint), col("old", lake.String))
	second := posts(col("id", lake.String), col("new", lake.Date))
	put(t, f, first, "r1")
	changes := []catalog.Change{
		{Kind: catalog.Retyped, Column: "id", From: lake.Bigint, To: lake.String},
		{Kind: catalog.Added, Column: "new", To: lake.Date},
		{Kind: catalog.Vanished, Column: "old", From: lake.String},
	}
	want(t, "outcome", catalog.Outcome{Updated: true, Changes: changes}, put(t, f, second, "r2"))
	got := get(t, f, first.Name)
	if got.Version != 2 {
		t.Errorf("version %d", got.Version)
	}
	history := versions(t, f, first.Name)
	want(t, "versions", []catalog.Version{
		{Version: 2, Time: got.Updated, RunID: "r2", Columns: second.Columns, Changes: changes},
		{Version: 1, Time: got.Created, RunID: "r1", Columns: first.Columns, Changes: []catalog.Change{}},
	}, history)
}

func testOrder(t *testing.T, f *fixture) {
	table := posts(col("z", lake.Int), col("a", lake.Int), col("m", lake.Int))
	put(t, f, table, "r1")
	want(t, "columns", table.Columns, get(t, f, table.Name).Columns)
	table.Columns = []lake.Column{col("a", lake.Int), col("z", lake.Int), col("m", lake.Int)}
	want(t, "outcome", catalog.Outcome{Updated: true}, put(t, f, table, "r2"))
	got := get(t, f, table.Name)
	want(t, "columns", table.Columns, got.Columns)
	if got.Version != 2 {
		t.Errorf("version %d: another order is another schema", got.Version)
	}
}

func testRecord(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint))
	put(t, f, table, "r1")
	drift := []catalog.Change{{Kind: catalog.Added, Column: "x", To: lake.String, Note: "left out, since drift is freeze"}}
	for _, run := range []string{"r2", "r3"} {
		if err := f.Record(t.Context(), database, table.Name, run, drift); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Record(t.Context(), database, table.Name, "r4", nil); err != nil {
		t.Fatal(err)
	}
	got := get(t, f, table.Name)
	if got.Version != 2 {
		t.Errorf("version %d", got.Version)
	}
	history := versions(t, f, table.Name)
	if len(history) != 2 {
		t.Fatalf("%d versions, want 2: drift that lasts is told once", len(history))
	}
	want(t, "version", catalog.Version{
		Version: 2, Time: got.Updated, RunID: "r2", Columns: table.Columns, Changes: drift,
	}, history[0])
	want(t, "outcome", catalog.Outcome{}, put(t, f, table, "r5"))
	table.Columns = append(table.Columns, col("x", lake.String))
	put(t, f, table, "r6")
	if got := get(t, f, table.Name); got.Version != 3 || len(got.Columns) != 2 {
		t.Errorf("version %d, columns %v", got.Version, got.Columns)
	}
}

func testDatabases(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint))
	put(t, f, table, "r1")
	table.Database = "other"
	want(t, "outcome", catalog.Outcome{Created: true}, put(t, f, table, "r1"))
	if err := f.Delete(t.Context(), "other", table.Name); err != nil {
		t.Fatal(err)
	}
	if tables, err := f.List(t.Context(), "other"); err != nil || len(tables) != 0 {
		t.Errorf("List: %v, %v", tables, err)
	}
	get(t, f, table.Name)
}

func testList(t *testing.T, f *fixture) {
	for _, name := range []string{"silver-terms", "bronze-posts", "silver-posts"} {
		table := posts(col("id", lake.Bigint))
		table.Name = name
		put(t, f, table, "r1")
	}
	tables, err := f.List(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range tables {
		names = append(names, table.Name)
		want(t, "table", get(t, f, table.Name), table)
	}
	want(t, "names", []string{"bronze-posts", "silver-posts", "silver-terms"}, names)
}

func testDelete(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint))
	put(t, f, table, "r1")
	table.Columns = []lake.Column{col("id", lake.String)}
	put(t, f, table, "r2")
	for range 2 {
		if err := f.Delete(t.Context(), database, table.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Versions(t.Context(), database, table.Name); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("Versions: %v, want ErrNotFound", err)
	}
	want(t, "outcome", catalog.Outcome{Created: true}, put(t, f, table, "r3"))
	if history := versions(t, f, table.Name); len(history) != 1 || history[0].Version != 1 {
		t.Errorf("versions %+v", history)
	}
}

func testNames(t *testing.T, f *fixture) {
	for _, table := range []catalog.Table{{Name: "x"}, {Database: database}} {
		if _, err := f.Put(t.Context(), table, "r1"); err == nil {
			t.Errorf("Put took %+v", table)
		}
	}
}

func testWide(t *testing.T, f *fixture) {
	table := posts()
	table.Name = `silver-"x"; DROP TABLE tables; --'`
	for n := range 5000 {
		table.Columns = append(table.Columns, col(fmt.Sprintf("column %d ü '\"`\\", n), lake.String))
	}
	put(t, f, table, "r1")
	want(t, "columns", table.Columns, get(t, f, table.Name).Columns)
	want(t, "outcome", catalog.Outcome{}, put(t, f, table, "r2"))
}

func testReopen(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint))
	put(t, f, table, "r1")
	before := get(t, f, table.Name)
	second := f.open(t) // while the first is open
	want(t, "table", before, get(t, second, table.Name))
	table.Rows++
	put(t, second, table, "r2")
	if got := get(t, f, table.Name); got.Rows != table.Rows {
		t.Errorf("the first sees %d rows, want %d", got.Rows, table.Rows)
	}
	for _, c := range []catalog.Catalog{f.Catalog, second} {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
	}
	third := f.open(t)
	if got := get(t, third, table.Name); got.Rows != table.Rows {
		t.Errorf("after reopening: %d rows, want %d", got.Rows, table.Rows)
	}
}
