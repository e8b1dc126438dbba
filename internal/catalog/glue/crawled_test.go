package glue_test

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wplake/internal/catalog"
	"wplake/internal/catalog/glue"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/store/local"
)

// inBucket is a local bucket whose objects seem to be in S3.
type inBucket struct {
	store.Bucket
	name string
}

func (b inBucket) URI(key string) string { return "s3://" + b.name + "/" + key }

// recorded is a table as a crawler writes it, read off crawled ones: what it
// finds in an object's footer, in the shape in which Glue has it.
func recorded(l lake.Layer, table, folder string, columns []any, rows, average, size string) object {
	findings := object{
		"classification": "parquet", "typeOfData": "file", "compressionType": "none", "objectCount": "1",
		"recordCount": rows, "averageRecordSize": average, "sizeKey": size, "UPDATED_BY_CRAWLER": "wordpress_" + string(l),
		"CrawlerSchemaSerializerVersion": "1.0", "CrawlerSchemaDeserializerVersion": "1.0",
	}
	return object{
		"Name": table, "TableType": "EXTERNAL_TABLE", "PartitionKeys": []any{}, "Parameters": findings,
		"StorageDescriptor": object{
			"Columns": columns, "Location": "s3://lake-" + string(l) + "/wordpress_api/" + folder + "/", "NumberOfBuckets": -1.0,
			"InputFormat":   "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
			"OutputFormat":  "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
			"SerdeInfo":     object{"SerializationLibrary": parquet, "Parameters": object{"serialization.format": "1"}},
			"BucketColumns": []any{}, "SortColumns": []any{}, "Parameters": maps.Clone(findings),
		},
	}
}

// withoutOurs leaves what is in Glue's shape but our own parameters, and what
// says that nothing is compressed or nested, which Glue has for itself.
func withoutOurs(table object) object {
	clean := func(from object) object {
		kept := object{}
		for name, value := range from {
			if parameters, ok := value.(object); ok && name == "Parameters" {
				value = maps.Clone(parameters)
				maps.DeleteFunc(value.(object), func(key string, _ any) bool { return strings.HasPrefix(key, "wplake") })
			}
			kept[name] = value
		}
		delete(kept, "Compressed")
		delete(kept, "StoredAsSubDirectories")
		return kept
	}
	table = clean(table)
	for name := range table {
		switch name {
		case "Name", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor":
		default:
			delete(table, name) // times, version and owner are whose hands they went through
		}
	}
	table["StorageDescriptor"] = clean(table["StorageDescriptor"].(object))
	return table
}

// The tables that are written directly are those that a crawler makes of the
// same objects, as Glue has them and as they are read.
func TestDirectTablesAreACrawlers(t *testing.T) {
	t.Parallel()
	in := func(name, kind string) any { return object{"Name": name, "Type": kind} }
	for name, test := range map[string]struct {
		layer                   lake.Layer
		object, table           string
		footer                  engine.Parquet
		columns                 []any
		records, average, bytes string
	}{
		"bronze terms": {
			layer: lake.Bronze, object: "terms", table: "bronze-terms",
			footer: engine.Parquet{Rows: 47, Bytes: 2961, Columns: []lake.Column{
				column("term_id", lake.Bigint), column("name", lake.String), column("slug", lake.String), column("term_group", lake.Bigint),
			}, Metadata: map[string]string{"wplake.run_id": "run-1", "ARROW:schema": "…"}},
			columns: []any{in("term_id", "bigint"), in("name", "string"), in("slug", "string"), in("term_group", "bigint")},
			records: "47", average: "63", bytes: "2961",
		},
		"every type": {
			layer: lake.Silver, object: "statistics_pages", table: "silver-statistics_pages",
			footer: engine.Parquet{Rows: 3, Bytes: 100, Columns: []lake.Column{
				column("Tiny", lake.Type("tinyint")), column("small", lake.Type("smallint")), column("int", lake.Int), column("ID", lake.Bigint),
				column("unsigned", lake.Type("decimal(20,0)")), column("price", lake.Type("decimal(10,2)")), column("real", lake.Type("float")),
				column("number", lake.Type("double")), column("flag", lake.Type("boolean")), column("day", lake.Type("date")),
				column("at", lake.Type("timestamp")), column("text", lake.String), column("blob", lake.Type("binary")),
				column("tags", lake.Type("array<string>")), column("meta", lake.Type("map<string,array<int>>")),
				column("author", lake.Type("struct<id:bigint,name:string>")),
			}},
			columns: []any{
				in("tiny", "tinyint"), in("small", "smallint"), in("int", "int"), in("id", "bigint"), in("unsigned", "decimal(20,0)"),
				in("price", "decimal(10,2)"), in("real", "float"), in("number", "double"), in("flag", "boolean"), in("day", "date"),
				in("at", "timestamp"), in("text", "string"), in("blob", "binary"), in("tags", "array<string>"),
				in("meta", "map<string,array<int>>"), in("author", "struct<id:bigint,name:string>"),
			},
			records: "3", average: "33", bytes: "100",
		},
		"a name that is not plain, and no rows": {
			layer: lake.Silver, object: "My-Notes", table: "silver-my_notes",
			footer:  engine.Parquet{Rows: 0, Bytes: 400, Columns: []lake.Column{column("note", lake.String)}},
			columns: []any{in("note", "string")}, records: "0", average: "400", bytes: "400",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, bucket := t.TempDir(), "lake-"+string(test.layer)
			place := filepath.Join(dir, bucket, "wordpress_api", test.object)
			if err := os.MkdirAll(place, 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(place, test.object+".parquet"), []byte("PAR1"), 0o600); err != nil {
				t.Fatal(err)
			}
			want := recorded(test.layer, test.table, test.object, test.columns, test.records, test.average, test.bytes)
			o := options(clock())
			o.Buckets = map[lake.Layer]string{test.layer: bucket}

			direct := newFake(t)
			ours := glue.New(direct.config(), o)
			report := catalog.Crawl(t.Context(), catalog.Crawler{
				Catalog: ours, Bucket: inBucket{local.New(dir, bucket, slog.New(slog.DiscardHandler)), bucket}, Database: database, Layer: test.layer,
				Describe: func(context.Context, string) (engine.Parquet, error) { return test.footer, nil },
				Scratch:  dir, Log: slog.New(slog.DiscardHandler), Now: clock(),
			}, "run-1", nil)
			if report.Failed != 0 || report.Error != nil || report.Succeeded != 1 {
				t.Fatalf("%+v", report)
			}
			if diff := cmp.Diff(want, withoutOurs(direct.stored(database, test.table))); diff != "" {
				t.Errorf("in Glue (-by a crawler +directly):\n%s", diff)
			}

			byCrawler := newFake(t)
			byCrawler.foreign(database, want)
			theirs := glue.New(byCrawler.config(), o)
			read := func(c catalog.Catalog) catalog.Table {
				table, err := c.Get(t.Context(), database, test.table)
				if err != nil {
					t.Fatal(err)
				}
				return table
			}
			// Of a crawler's table the folder alone is known, and nothing of runs.
			but := cmpopts.IgnoreFields(catalog.Table{}, "Location", "Parameters", "Created", "Updated")
			if diff := cmp.Diff(read(theirs), read(ours), but); diff != "" {
				t.Errorf("as they are read (-by a crawler +directly):\n%s", diff)
			}
		})
	}
}
