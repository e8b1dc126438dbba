package glue_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/catalog/catalogtest"
	"wplake/internal/catalog/glue"
	"wplake/internal/lake"
)

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestConformance(t *testing.T) {
	var mu sync.Mutex
	places := make(map[string]*fakeGlue)
	catalogtest.Run(t, func(t *testing.T, place string, now func() time.Time) catalog.Catalog {
		mu.Lock()
		defer mu.Unlock()
		if places[place] == nil {
			places[place] = newFake(t)
		}
		return glue.New(places[place].config(), options(now))
	})
}

// clock is one second later each time it is asked.
func clock() func() time.Time {
	var seconds atomic.Int64
	return func() time.Time { return time.Unix(1_770_000_000+seconds.Add(1), 0).UTC() }
}

const (
	database = "wordpress_api"
	parquet  = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
)

func posts(columns ...lake.Column) catalog.Table {
	return catalog.Table{
		Database: database, Name: "silver-posts", Layer: lake.Silver, Object: "posts",
		Location: "s3://lake-silver/wordpress_api/posts/posts.parquet", Key: "wordpress_api/posts/posts.parquet",
		Columns: columns, Rows: 10, Bytes: 1234,
		Parameters: map[string]string{"classification": "parquet", "recordCount": "10", "wplake.run_id": "run-1"},
	}
}

func column(name string, t lake.Type) lake.Column { return lake.Column{Name: name, Type: t} }

// crawled is what a crawler makes of silver's posts.
func crawled(columns ...object) object {
	return object{
		"Name": "silver-posts", "Owner": "owner", "Retention": 0, "TableType": "EXTERNAL_TABLE", "PartitionKeys": []any{},
		"Parameters": object{
			"classification": "parquet", "recordCount": "7", "sizeKey": "99", "UPDATED_BY_CRAWLER": "wordpress_silver", "team": "news",
		},
		"StorageDescriptor": object{
			"Columns": columns, "Location": "s3://lake-silver/wordpress_api/posts/", "Compressed": false,
			"InputFormat":  "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
			"OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
			"SerdeInfo":    object{"SerializationLibrary": parquet, "Parameters": object{"serialization.format": "1"}},
			"Parameters":   object{"classification": "parquet", "recordCount": "7", "exclusions": "[]"},
		},
	}
}

// What Athena needs, and what a crawler would write.
func TestTableIsAsACrawlerWritesIt(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := glue.New(f.config(), options(clock()))
	if _, err := c.Put(t.Context(), posts(column("ID", "BIGINT"), column("tags", "array<struct<name: STRING>>")), "r1"); err != nil {
		t.Fatal(err)
	}
	got := f.stored(database, "silver-posts")
	s := got["StorageDescriptor"].(object)
	want := object{
		"Columns":  []any{object{"Name": "id", "Type": "bigint"}, object{"Name": "tags", "Type": "array<struct<name:string>>"}},
		"Location": "s3://lake-silver/wordpress_api/posts/", "NumberOfBuckets": -1.0, "BucketColumns": []any{}, "SortColumns": []any{},
		"InputFormat":  "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
		"OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
		"SerdeInfo":    object{"SerializationLibrary": parquet, "Parameters": object{"serialization.format": "1"}},
		"Parameters":   object{"classification": "parquet", "recordCount": "10"},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got["TableType"] != "EXTERNAL_TABLE" || got["Parameters"].(object)["classification"] != "parquet" {
		t.Errorf("%v", got)
	}
}

func TestOverACrawlersTable(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := glue.New(f.config(), options(clock()))
	id := object{"Name": "id", "Type": "int", "Comment": "the post's number"}
	f.foreign(database, crawled(id))
	f.foreign(database, crawled(id)) // a crawl that changed nothing but archives a version
	got, err := c.Get(t.Context(), database, "silver-posts")
	if err != nil || got.Version != 2 || got.Layer != lake.Silver || got.Object != "posts" || got.Rows != 7 || got.Bytes != 99 ||
		got.Location != "s3://lake-silver/wordpress_api/posts/" || got.Key != "wordpress_api/posts/posts.parquet" ||
		got.Parameters["team"] != "news" || got.Created.IsZero() {
		t.Errorf("a crawler's table is read as %+v, %v", got, err)
	}
	outcome, err := c.Put(t.Context(), posts(column("id", lake.Bigint), column("title", lake.String)), "r1")
	if err != nil || len(outcome.Changes) != 2 || !outcome.Updated {
		t.Fatalf("Put: %+v, %v", outcome, err)
	}
	stored := f.stored(database, "silver-posts")
	parameters, descriptor := stored["Parameters"].(object), stored["StorageDescriptor"].(object)
	if stored["Owner"] != "owner" || parameters["team"] != "news" || descriptor["Parameters"].(object)["exclusions"] != "[]" ||
		descriptor["Columns"].([]any)[0].(object)["Comment"] != "the post's number" {
		t.Errorf("something of others is lost: %v", stored)
	}
	history, err := c.Versions(t.Context(), database, "silver-posts")
	if err != nil || len(history) != 2 {
		t.Fatalf("Versions: %+v, %v", history, err)
	}
	if v := history[0]; v.Version != 3 || v.RunID != "r1" || len(v.Changes) != 2 {
		t.Errorf("the new version is %+v", v)
	}
	if v := history[1]; v.Version != 2 || v.RunID != "" || v.Columns[0].Type != lake.Int {
		t.Errorf("the crawler's version is %+v", v)
	}
}

// Somebody else alters a table that wplake wrote.
func TestAltered(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := glue.New(f.config(), options(clock()))
	put := func(columns ...lake.Column) catalog.Outcome {
		t.Helper()
		outcome, err := c.Put(t.Context(), posts(columns...), "run")
		if err != nil {
			t.Fatal(err)
		}
		return outcome
	}
	put(column("id", lake.Bigint))
	altered := f.stored(database, "silver-posts")
	for _, name := range []string{"DatabaseName", "VersionId", "CatalogId", "CreateTime", "UpdateTime"} {
		delete(altered, name)
	}
	altered["StorageDescriptor"].(object)["Columns"] = []any{object{"Name": "id", "Type": "bigint"}, object{"Name": "x", "Type": "DATE"}}
	f.foreign(database, altered)
	if got, err := c.Get(t.Context(), database, "silver-posts"); err != nil || got.Version != 2 || len(got.Columns) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	// The object has that column too: it is the same schema, which now is known.
	if outcome := put(column("id", lake.Bigint), column("x", lake.Date)); len(outcome.Changes) != 0 || !outcome.Updated {
		t.Errorf("%+v", outcome)
	}
	if outcome := put(column("id", lake.Bigint), column("x", lake.Date)); outcome.Updated {
		t.Errorf("%+v", outcome)
	}
	history, err := c.Versions(t.Context(), database, "silver-posts")
	if err != nil || len(history) != 2 || history[0].Version != 2 || len(history[0].Changes) != 1 {
		t.Errorf("%+v, %v", history, err)
	}
}

// Tables that are not of the lake are listed, and never written over.
func TestForeignTables(t *testing.T) {
	t.Parallel()
	odd := map[string]func(object){
		"is a view": func(t object) {
			t["TableType"], t["ViewOriginalText"] = "VIRTUAL_VIEW", "/* Presto View */"
			delete(t, "StorageDescriptor")
		},
		"is a link": func(t object) {
			t["TargetTable"] = object{"DatabaseName": "d", "Name": "n", "CatalogId": "1"}
			delete(t, "StorageDescriptor")
			delete(t, "Parameters")
		},
		"is a table of ICEBERG": func(t object) { t["Parameters"].(object)["table_type"] = "ICEBERG" },
		"has partitions":        func(t object) { t["PartitionKeys"] = []any{object{"Name": "Year", "Type": "varchar(4)"}} },
		"is of s3://elsewhere":  func(t object) { t["StorageDescriptor"].(object)["Location"] = "s3://elsewhere/x" },
	}
	for why, change := range odd {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			table := crawled(object{"Name": "Id", "Type": "integer"})
			change(table)
			f.foreign(database, table)
			before := fmt.Sprint(f.stored(database, "silver-posts"))
			c := glue.New(f.config(), options(clock()))
			list, err := c.List(t.Context(), database)
			if err != nil || len(list) != 1 || list[0].Name != "silver-posts" || list[0].Version != 1 {
				t.Errorf("List: %+v, %v", list, err)
			}
			if why != "is a table of ICEBERG" && list[0].Layer != "" {
				t.Errorf("it is taken for one of the lake: %+v", list[0])
			}
			_, err = c.Put(t.Context(), posts(column("id", lake.Bigint)), "r")
			if !lake.HasCode(err, lake.CatalogFailed) || !strings.Contains(err.Error(), why) {
				t.Errorf("Put: %v", err)
			}
			if after := fmt.Sprint(f.stored(database, "silver-posts")); after != before {
				t.Errorf("it was %s\nand is %s", before, after)
			}
		})
	}
}

// A table is told from others' by its bucket, where that is known.
func TestBucket(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.foreign(database, crawled())
	for bucket, want := range map[string]lake.Layer{"": lake.Silver, "lake-silver": lake.Silver, "other": ""} {
		o := options(clock())
		o.Buckets = map[lake.Layer]string{lake.Silver: bucket}
		got, err := glue.New(f.config(), o).Get(t.Context(), database, "silver-posts")
		if err != nil || got.Layer != want {
			t.Errorf("bucket %q: %+v, %v", bucket, got, err)
		}
	}
}

func TestFolders(t *testing.T) {
	t.Parallel()
	c := glue.New(newFake(t).config(), options(clock()))
	for _, place := range []string{"s3://b/wordpress_api/posts.parquet", "s3://b/wordpress_api/terms/posts.parquet", "s3://b/posts.parquet"} {
		table := posts(column("id", lake.Bigint))
		table.Location = place
		if _, err := c.Put(t.Context(), table, "r"); !lake.HasCode(err, lake.CatalogFailed) || !strings.Contains(err.Error(), "folder of its own") {
			t.Errorf("%s: %v", place, err)
		}
	}
	table := posts(column("id", lake.Bigint))
	table.Parameters = map[string]string{"wplake_version": "7"}
	if _, err := c.Put(t.Context(), table, "r"); !lake.HasCode(err, lake.Internal) {
		t.Errorf("a parameter of the catalog's own: %v", err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		op, code, message string
		want              lake.Code
		says              string
	}{
		"refused":        {"GetTable", "AccessDeniedException", "not authorized to perform: glue:GetTable", lake.AccessDenied, "allow glue:GetTable"},
		"Lake Formation": {"CreateTable", "AccessDeniedException", "Insufficient Lake Formation permission(s): Required Create Table on wordpress_api", lake.AccessDenied, "IAMAllowedPrincipals"},
		"no database":    {"CreateDatabase", "AccessDeniedException", "not authorized to perform: glue:CreateDatabase", lake.AccessDenied, "allow glue:CreateDatabase"},
		"expired":        {"GetTable", "ExpiredTokenException", "expired", lake.CredentialsBad, "sign in again"},
		"throttled":      {"GetTable", "ThrottlingException", "Rate exceeded", lake.CatalogFailed, "Rate exceeded"},
		"quota":          {"CreateTable", "ResourceNumberLimitExceededException", "too many", lake.CatalogFailed, "quota"},
		"encrypted":      {"CreateTable", "GlueEncryptionException", "no key", lake.CatalogFailed, "kms:Decrypt"},
		"always busy":    {"CreateTable", "ConcurrentModificationException", "busy", lake.CatalogFailed, "somebody else"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.before = func(op string, _ object) (int, object) {
				if op != test.op {
					return 0, nil
				}
				return fault(test.code, test.message)
			}
			_, err := glue.New(f.config(), options(clock())).Put(t.Context(), posts(column("id", lake.Bigint)), "r")
			e := lake.AsError(err, "")
			if e.Code != test.want || !strings.Contains(e.Message+e.Hint, test.says) {
				t.Errorf("%s: %v (%s)", e.Code, err, e.Hint)
			}
			if name == "throttled" && f.called(test.op) != 3 {
				t.Errorf("it was tried %d times", f.called(test.op))
			}
		})
	}
}

// A write that took place, but whose answer was lost, is not done again.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"CreateTable", "UpdateTable"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			c := glue.New(f.config(), options(clock()))
			if lost == "UpdateTable" {
				if _, err := c.Put(t.Context(), posts(column("id", lake.Int)), "r0"); err != nil {
					t.Fatal(err)
				}
			}
			var once atomic.Bool
			f.databases[database] = true
			f.after = func(op string, _ object) bool { return op == lost && once.CompareAndSwap(false, true) }
			outcome, err := c.Put(t.Context(), posts(column("id", lake.Bigint)), "r1")
			if err != nil || outcome.Created != (lost == "CreateTable") || outcome.Updated == outcome.Created {
				t.Fatalf("%+v, %v", outcome, err)
			}
			want := 1
			if lost == "UpdateTable" {
				want = 2
			}
			if history, err := c.Versions(t.Context(), database, "silver-posts"); err != nil || len(history) != want {
				t.Errorf("%d versions, %v", len(history), err)
			}
		})
	}
}

// Only changes of the schema make versions in Glue.
func TestArchive(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := glue.New(f.config(), options(clock()))
	table := posts(column("id", lake.Bigint))
	for n := range 12 {
		table.Rows = int64(n)
		if n == 6 {
			table.Columns = append(table.Columns, column("x", lake.String))
		}
		if _, err := c.Put(t.Context(), table, "r"); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.stored(database, "silver-posts")["VersionId"]; got != "11" {
		t.Errorf("Glue's version is %v", got)
	}
	if n := len(f.tables[database+"\x00silver-posts"].states); n != 2 {
		t.Errorf("Glue keeps %d versions", n)
	}
	// A history that others thinned out is told as far as it is there.
	f.tables[database+"\x00silver-posts"].states = f.tables[database+"\x00silver-posts"].states[1:]
	history, err := c.Versions(t.Context(), database, "silver-posts")
	if err != nil || len(history) != 1 || history[0].Version != 2 || len(history[0].Changes) != 1 {
		t.Errorf("%+v, %v", history, err)
	}
}

// A table that is removed while it is written is made anew.
func TestRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := glue.New(f.config(), options(clock()))
	if _, err := c.Put(t.Context(), posts(column("id", lake.Int)), "r0"); err != nil {
		t.Fatal(err)
	}
	var once atomic.Bool
	f.before = func(op string, _ object) (int, object) {
		if op == "UpdateTable" && once.CompareAndSwap(false, true) {
			f.mu.Lock()
			delete(f.tables, database+"\x00silver-posts")
			f.mu.Unlock()
		}
		return 0, nil
	}
	if outcome, err := c.Put(t.Context(), posts(column("id", lake.Bigint)), "r1"); err != nil || !outcome.Created {
		t.Errorf("%+v, %v", outcome, err)
	}
	once.Store(false)
	drift := []catalog.Change{{Kind: catalog.Added, Column: "x"}}
	if err := c.Record(t.Context(), database, "silver-posts", "r2", drift); !errors.Is(err, catalog.ErrNotFound) {
		t.Errorf("Record: %v", err)
	}
	f.before = func(string, object) (int, object) { return http.StatusInternalServerError, object{} }
	if _, err := c.List(t.Context(), database); !lake.HasCode(err, lake.CatalogFailed) {
		t.Errorf("List: %v", err)
	}
}
