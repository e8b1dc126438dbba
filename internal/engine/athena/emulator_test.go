//go:build aws

package athena_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"wplake/internal/engine"
	"wplake/internal/engine/athena"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
)

const columnsSQL = `SELECT range AS id, 'it''s ' || range AS title, range / 4 AS share, (range * 1.25)::DECIMAL(10,2) AS price, range % 2 = 0 AS even,
	DATE '2026-01-01' + range::INTEGER AS day, TIMESTAMP '2026-01-02 03:04:05.678' AS at, CASE WHEN range > 0 THEN 'x' END AS maybe FROM range(2500) ORDER BY range`

// deployTable puts a Parquet file into the emulator's S3, and a table over it into its
// catalog. Each run has an account of its own.
func deployTable(t *testing.T) (aws.Config, string) {
	t.Helper()
	endpoint := os.Getenv("MINISTACK_URL")
	if endpoint == "" {
		t.Fatal("MINISTACK_URL names no emulator; `make test-aws` starts one")
	}
	cfg := aws.Config{
		Region: "us-east-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(fmt.Sprintf("%012d", 100_000_000_000+rand.Uint64()%800_000_000_000), "secret", ""),
	}
	path := filepath.Join(t.TempDir(), "posts.parquet")
	e, err := duckdb.Open(t.Context(), duckdb.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	if _, err := e.Copy(t.Context(), engine.Copy{SQL: columnsSQL, Path: path}); err != nil {
		t.Fatal(err)
	}
	bucket := fmt.Sprintf("athena-%d", rand.Uint64())
	objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if _, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("site/posts/posts.parquet"), Body: file}); err != nil {
		t.Fatal(err)
	}
	tables := glue.NewFromConfig(cfg)
	if _, err := tables.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("site")}}); err != nil {
		t.Fatal(err)
	}
	var columns []gluetypes.Column
	for _, c := range strings.Fields("id:bigint title:string share:double price:decimal(10,2) even:boolean day:date at:timestamp maybe:string") {
		name, kind, _ := strings.Cut(c, ":")
		columns = append(columns, gluetypes.Column{Name: &name, Type: &kind})
	}
	_, err = tables.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("site"), TableInput: &gluetypes.TableInput{
		Name: aws.String("silver-posts"), TableType: aws.String("EXTERNAL_TABLE"), Parameters: map[string]string{"classification": "parquet"},
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Columns: columns, Location: aws.String("s3://" + bucket + "/site/posts/"),
			InputFormat:  aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"),
			SerdeInfo:    &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return cfg, "s3://" + bucket + "/results/"
}

// TestEmulator reads 2500 rows in pages. The emulator's SQL is DuckDB's, and it
// takes no parameters.
func TestEmulator(t *testing.T) {
	cfg, results := deployTable(t)
	var stats []athena.Stats
	r := athena.New(cfg, athena.Options{Results: results, Database: "site", Stats: func(s athena.Stats) { stats = append(stats, s) }})
	columns, got, err := read(t.Context(), r, `SELECT * FROM "silver-posts" ORDER BY id; -- all`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2500 || len(columns) != 8 {
		t.Fatalf("%d rows of %v", len(got), columns)
	}
	for i, row := range got {
		if row[0] != int64(i) || row[1] != fmt.Sprintf("it's %d", i) || row[2] != float64(i)/4 || row[4] != (i%2 == 0) {
			t.Fatalf("row %d is %v", i, row)
		}
	}
	want := []any{
		int64(3), "it's 3", 0.75, "3.75", false, time.Date(2026, 1, 4, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC), "x",
	}
	if d := cmp.Diff(want, got[3]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if len(stats) != 1 || stats[0].State != "SUCCEEDED" || stats[0].Execution == "" {
		t.Errorf("%+v", stats)
	}
	if _, got, err := read(t.Context(), r, `WITH a AS (SELECT count(*) AS n FROM site."silver-posts" WHERE even) SELECT n FROM a`, nil); err != nil || got[0][0] != int64(1250) {
		t.Errorf("%v, %v", got, err)
	}
	if _, _, err := read(t.Context(), r, `SELECT titel FROM "silver-posts"`, nil); !lake.HasCode(err, lake.QueryInvalid) || !strings.Contains(err.Error(), "titel") {
		t.Errorf("a column that is not there: %v", err)
	}
}
