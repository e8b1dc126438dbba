package catalog_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/catalog/sqlite"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/store/local"
	"wplake/internal/store/storetest"
)

// layer is a silver layer with its catalog.
type layer struct {
	catalog.Crawler
	engine engine.Engine
}

func newLayer(t *testing.T) *layer {
	t.Helper()
	dir := t.TempDir()
	e, err := duckdb.Open(t.Context(), duckdb.Options{MemoryLimit: 128 << 20, TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	c := sqlite.New(filepath.Join(dir, "catalog.db"), clock)
	t.Cleanup(func() {
		if err := errors.Join(c.Close(), e.Close()); err != nil {
			t.Error(err)
		}
	})
	scratch := filepath.Join(dir, "scratch")
	if err := os.Mkdir(scratch, 0o700); err != nil {
		t.Fatal(err)
	}
	return &layer{engine: e, Crawler: catalog.Crawler{
		Catalog: c, Bucket: local.New(dir, "silver", nil), Database: "wordpress_api", Layer: lake.Silver,
		Describe: e.Describe, Scratch: scratch, Log: slog.New(slog.DiscardHandler), Now: clock,
	}}
}

func clock() time.Time { return time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC) }

// write makes the rows of a SELECT the object of that key.
func (l *layer) write(t *testing.T, key, sql string, metadata map[string]string) store.Info {
	t.Helper()
	u, err := l.Bucket.Create(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.engine.Copy(t.Context(), engine.Copy{SQL: sql, Path: u.Path(), Metadata: metadata}); err != nil {
		t.Fatal(err)
	}
	info, err := u.Commit(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// crawl crawls and returns the object's reports by name.
func (l *layer) crawl(t *testing.T, objects ...string) (lake.StageReport, map[string]lake.ObjectReport) {
	t.Helper()
	report := catalog.Crawl(t.Context(), l.Crawler, "r1", objects)
	byName := make(map[string]lake.ObjectReport)
	for _, o := range report.Objects {
		byName[o.Object] = o
		if o.Warnings == nil {
			t.Errorf("%s: warnings are null", o.Object)
		}
	}
	entries, err := os.ReadDir(l.Scratch)
	if err != nil || len(entries) != 0 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
	return report, byName
}

func (l *layer) tables(t *testing.T) map[string]catalog.Table {
	t.Helper()
	tables, err := l.Catalog.List(t.Context(), "wordpress_api")
	if err != nil {
		t.Fatal(err)
	}
	byName := make(map[string]catalog.Table)
	for _, table := range tables {
		byName[table.Name] = table
	}
	return byName
}

func wantCounts(t *testing.T, r lake.StageReport, succeeded, failed int) {
	t.Helper()
	if r.Succeeded != succeeded || r.Failed != failed || r.Stage != "crawl-silver" {
		t.Errorf("%s: %d succeeded, %d failed, want %d, %d: %+v", r.Stage, r.Succeeded, r.Failed, succeeded, failed, r)
	}
}

const postsKey = "wordpress_api/posts/posts.parquet"

func TestCrawl(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	info := l.write(t, postsKey, `SELECT 1::BIGINT AS "ID", 'a' AS "post_Title", NULL::TIMESTAMP AS post_date UNION ALL SELECT 2, 'b', NULL`,
		map[string]string{"wplake.run_id": "r7", "wplake.rows_rejected": "3", "other": "left out"})
	l.write(t, "wordpress_api_rejects/posts/posts.parquet", "SELECT 'x' AS reason", nil)
	storetest.Put(t, l.Bucket, "wordpress_api/posts/notes.txt", "no object", nil)

	report, objects := l.crawl(t)
	wantCounts(t, report, 1, 0)
	want := lake.ObjectReport{
		Object: "posts", Status: lake.StatusSucceeded, Rows: 2, Rejected: 3, Columns: 3, Bytes: info.Size,
		URI: l.Bucket.URI(postsKey), Warnings: []string{},
	}
	if diff := cmp.Diff(want, objects["posts"]); diff != "" {
		t.Error(diff)
	}
	table := l.tables(t)["silver-posts"]
	size := table.Parameters["sizeKey"]
	if diff := cmp.Diff(catalog.Table{
		Database: "wordpress_api", Name: "silver-posts", Layer: lake.Silver, Object: "posts",
		Location: l.Bucket.URI(postsKey), Key: postsKey,
		Columns: []lake.Column{{Name: "id", Type: "bigint"}, {Name: "post_title", Type: "string"}, {Name: "post_date", Type: "timestamp"}},
		Rows:    2, Bytes: info.Size, Version: 1, Created: clock(), Updated: clock(),
		Parameters: map[string]string{
			"classification": "parquet", "typeOfData": "file", "compressionType": "none", "objectCount": "1",
			"recordCount": "2", "averageRecordSize": table.Parameters["averageRecordSize"], "sizeKey": size,
			"CrawlerSchemaSerializerVersion": "1.0", "CrawlerSchemaDeserializerVersion": "1.0",
			"UPDATED_BY_CRAWLER": "wordpress_silver", "wplake.run_id": "r7", "wplake.rows_rejected": "3",
		},
	}, table); diff != "" {
		t.Error(diff)
	}
	if want := map[string]string{"wplake.run_id": "r7", "wplake.rows_rejected": "3"}; !maps.Equal(table.Provenance(), want) {
		t.Errorf("provenance %v", table.Provenance())
	}

	report, objects = l.crawl(t)
	wantCounts(t, report, 1, 0)
	if o := objects["posts"]; o.Status != lake.StatusSkipped || !o.Unchanged || o.Rows != 2 {
		t.Errorf("the second crawl: %+v", o)
	}
}

func TestCrawlTellsChanges(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	l.write(t, postsKey, "SELECT 1::BIGINT AS id, 'x' AS gone", nil)
	l.crawl(t)
	l.write(t, postsKey, "SELECT '1' AS ID, 1::DOUBLE AS score", nil)
	report, objects := l.crawl(t)
	wantCounts(t, report, 1, 0)
	if diff := cmp.Diff([]string{
		"column id retyped (bigint to string)", "column score added (double)", "column gone vanished (string)",
	}, objects["posts"].Warnings); diff != "" {
		t.Error(diff)
	}
	history, err := l.Catalog.Versions(t.Context(), "wordpress_api", "silver-posts")
	if err != nil || len(history) != 2 || history[0].RunID != "r1" {
		t.Errorf("history %+v, %v", history, err)
	}
}

// TestCrawlFailuresStayApart: what is damaged is said, its table stays, and
// the others are crawled.
func TestCrawlFailuresStayApart(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	l.write(t, postsKey, "SELECT 1 AS id", nil)
	l.write(t, "wordpress_api/terms/terms.parquet", "SELECT 1 AS id", nil)
	l.crawl(t)
	before := l.tables(t)["silver-posts"]
	for name, content := range map[string]string{
		"empty": "", "text": "this is no parquet file at all, but text", "half": "PAR1 and then nothing that is one. PAR1",
	} {
		storetest.Put(t, l.Bucket, postsKey, content, nil)
		report, objects := l.crawl(t)
		wantCounts(t, report, 1, 1)
		problem := objects["posts"].Error
		if problem == nil || problem.Code != lake.ObjectDamaged || problem.Hint == "" ||
			!strings.Contains(problem.Message, l.Bucket.URI(postsKey)) || strings.Contains(problem.Message, l.Scratch) {
			t.Errorf("%s: %+v", name, problem)
		}
		if objects["terms"].Status != lake.StatusSkipped {
			t.Errorf("%s: terms %+v", name, objects["terms"])
		}
	}
	if diff := cmp.Diff(before, l.tables(t)["silver-posts"]); diff != "" {
		t.Errorf("the damaged object's table changed: %s", diff)
	}
}

func TestCrawlNames(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	for _, key := range []string{
		"wordpress_api/a-b/a-b.parquet", "wordpress_api/a_b/a_b.parquet", // one table name
		"wordpress_api/terms.parquet", "wordpress_api/terms/terms.parquet", // one object name: its proper place wins
		"wordpress_api/Posts/Posts.parquet",
	} {
		l.write(t, key, "SELECT 1 AS id", nil)
	}
	report, _ := l.crawl(t)
	wantCounts(t, report, 3, 2)
	got := make(map[string]string)
	for name, table := range l.tables(t) {
		got[name] = table.Key
	}
	if diff := cmp.Diff(map[string]string{
		"silver-a_b":   "wordpress_api/a-b/a-b.parquet",
		"silver-terms": "wordpress_api/terms/terms.parquet",
		"silver-posts": "wordpress_api/Posts/Posts.parquet",
	}, got); diff != "" {
		t.Error(diff)
	}
	for _, o := range report.Objects {
		if o.Error != nil && (o.Error.Code != lake.CatalogFailed || !strings.Contains(o.Error.Message, "would both be the table silver-")) {
			t.Errorf("%s: %+v", o.Object, o.Error)
		}
	}
}

func TestCrawlSomeObjects(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	l.write(t, postsKey, "SELECT 1 AS id", nil)
	l.write(t, "wordpress_api/terms/terms.parquet", "SELECT 1 AS id", nil)
	report, objects := l.crawl(t, "terms", "nothing")
	wantCounts(t, report, 1, 1)
	if p := objects["nothing"].Error; p == nil || p.Code != lake.ObjectMissing {
		t.Errorf("nothing: %+v", p)
	}
	if got := slices.Collect(maps.Keys(l.tables(t))); !slices.Equal(got, []string{"silver-terms"}) {
		t.Errorf("tables %q", got)
	}
}

func TestCrawlRemovesVanished(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	bronze := catalog.Table{Database: "wordpress_api", Name: "bronze-posts", Layer: lake.Bronze, Object: "posts", Key: postsKey}
	if _, err := l.Catalog.Put(t.Context(), bronze, "r0"); err != nil {
		t.Fatal(err)
	}
	l.write(t, postsKey, "SELECT 1 AS id", nil)
	l.write(t, "wordpress_api/terms/terms.parquet", "SELECT 1 AS id", nil)
	l.crawl(t)
	if err := l.Bucket.Delete(t.Context(), postsKey); err != nil {
		t.Fatal(err)
	}
	l.crawl(t, "terms")
	if len(l.tables(t)) != 3 {
		t.Error("a crawl of some objects removed a table")
	}
	report, objects := l.crawl(t)
	wantCounts(t, report, 2, 0)
	if w := objects["posts"].Warnings; !slices.Equal(w, []string{"table silver-posts removed: its object is gone"}) {
		t.Errorf("warnings %q", w)
	}
	// A bucket without one object is a disk that is not there.
	if err := l.Bucket.Delete(t.Context(), "wordpress_api/terms/terms.parquet"); err != nil {
		t.Fatal(err)
	}
	report, _ = l.crawl(t)
	wantCounts(t, report, 0, 1)
	if report.Error == nil || report.Error.Code != lake.ObjectMissing {
		t.Errorf("error %+v", report.Error)
	}
	if _, ok := l.tables(t)["silver-terms"]; !ok || len(l.tables(t)) != 2 {
		t.Errorf("tables %v", l.tables(t))
	}
}

func TestCrawlEmptyLayer(t *testing.T) {
	t.Parallel()
	report, _ := newLayer(t).crawl(t)
	wantCounts(t, report, 0, 0)
	if report.Error != nil || report.Objects == nil {
		t.Errorf("%+v", report)
	}
}

func TestCrawlStorageFails(t *testing.T) {
	t.Parallel()
	full := store.Failure("write", "/scratch", syscall.ENOSPC)
	l := newLayer(t)
	l.write(t, postsKey, "SELECT 1 AS id", nil)
	l.write(t, "wordpress_api/terms/terms.parquet", "SELECT 1 AS id", nil)
	whole := l.Bucket
	l.Bucket = storetest.Faulty(whole, storetest.Fault{Op: storetest.Download, Nth: 1, Err: full})
	report, objects := l.crawl(t)
	wantCounts(t, report, 1, 1)
	if p := objects["posts"].Error; p == nil || p.Code != lake.StorageFull {
		t.Errorf("%+v", p)
	}
	l.Bucket = storetest.Faulty(whole, storetest.Fault{Op: storetest.List, Err: full})
	report, _ = l.crawl(t)
	wantCounts(t, report, 0, 1)
	if report.Error == nil || report.Error.Code != lake.StorageFull {
		t.Errorf("%+v", report.Error)
	}
}

func TestCrawlInterrupted(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	l.write(t, postsKey, "SELECT 1 AS id", nil)
	l.write(t, "wordpress_api/terms/terms.parquet", "SELECT 1 AS id", nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var told []string
	l.Done = func(r lake.ObjectReport) {
		told = append(told, r.Object)
		cancel()
	}
	report := catalog.Crawl(ctx, l.Crawler, "r1", nil)
	if report.Error == nil || report.Error.Code != lake.Interrupted || report.Objects[0].Error != nil ||
		report.Objects[1].Error == nil || report.Objects[1].Error.Code != lake.Interrupted {
		t.Errorf("%+v", report)
	}
	if !slices.Equal(told, []string{"posts", "terms"}) {
		t.Errorf("told of %q", told)
	}
}

// TestCrawlColumnNames: names that differ only in case, and a folder whose
// name looks like a partition.
func TestCrawlColumnNames(t *testing.T) {
	t.Parallel()
	l := newLayer(t)
	l.Scratch = filepath.Join(l.Scratch, "month=3")
	if err := os.Mkdir(l.Scratch, 0o700); err != nil {
		t.Fatal(err)
	}
	l.write(t, postsKey, `SELECT 1 AS "Ä", 2 AS "ä", 3 AS "Größe ""x"" 'y'"`, nil)
	_, objects := l.crawl(t)
	if objects["posts"].Error != nil {
		t.Fatal(objects["posts"].Error)
	}
	want := []lake.Column{{Name: "Ä", Type: "int"}, {Name: "ä", Type: "int"}, {Name: `größe "x" 'y'`, Type: "int"}}
	if diff := cmp.Diff(want, l.tables(t)["silver-posts"].Columns); diff != "" {
		t.Error(diff)
	}
}
