package glue_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/catalog/glue"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/store/local"
)

// inS3 is a local bucket whose objects seem to be in S3.
type inS3 struct{ store.Bucket }

func (inS3) URI(key string) string { return "s3://lake-silver/" + key }

// A crawl of the layer puts its own tables right, whoever made them, and leaves
// all others alone.
func TestCrawlAmongOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	place := filepath.Join(dir, "silver", "wordpress_api", "posts")
	if err := os.MkdirAll(place, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place, "posts.parquet"), []byte("PAR1"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFake(t)
	other := func(name, location string, change func(object)) {
		table := crawled(object{"Name": "id", "Type": "int"})
		table["Name"] = name
		table["StorageDescriptor"].(object)["Location"] = location
		if change != nil {
			change(table)
		}
		f.foreign(database, table)
	}
	other("silver-posts", "s3://lake-silver/wordpress_api/posts/", nil)
	other("silver-gone", "s3://lake-silver/wordpress_api/gone/", nil)
	other("bronze-posts", "s3://lake-bronze/wordpress_api/posts/", nil)
	other("silver-reports", "s3://elsewhere/reports/", nil)
	other("silver-elsewhere", "s3://elsewhere/wordpress_api/elsewhere/", nil)
	other("silver-by_year", "s3://lake-silver/wordpress_api/by_year/", func(t object) { t["PartitionKeys"] = []any{object{"Name": "y", "Type": "int"}} })
	other("silver-view", "", func(t object) {
		t["TableType"] = "VIRTUAL_VIEW"
		delete(t, "StorageDescriptor")
	})
	o := options(clock())
	o.Buckets = map[lake.Layer]string{lake.Silver: "lake-silver", lake.Bronze: "lake-bronze"}
	c := glue.New(f.config(), o)
	report := catalog.Crawl(t.Context(), catalog.Crawler{
		Catalog: c, Bucket: inS3{local.New(dir, "silver", slog.New(slog.DiscardHandler))}, Database: database, Layer: lake.Silver,
		Describe: func(context.Context, string) (engine.Parquet, error) {
			return engine.Parquet{Columns: []lake.Column{column("Id", lake.Bigint)}, Rows: 3, Bytes: 4}, nil
		},
		Scratch: dir, Log: slog.New(slog.DiscardHandler), Now: clock(),
	}, "run-1", nil)
	if report.Failed != 0 || report.Error != nil || report.Succeeded != 2 {
		t.Fatalf("%+v", report)
	}
	tables, err := c.List(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range tables {
		names = append(names, table.Name)
		if table.Name == "silver-posts" && (table.Rows != 3 || table.Columns[0].Type != lake.Bigint) {
			t.Errorf("%+v", table)
		}
	}
	want := []string{"bronze-posts", "silver-by_year", "silver-elsewhere", "silver-posts", "silver-reports", "silver-view"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("the tables are not those wanted (-want +got):\n%s", diff)
	}
}
