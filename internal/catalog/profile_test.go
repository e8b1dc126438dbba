package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
)

// fileReader is a reader of one table, which is a Parquet file.
type fileReader struct {
	engine engine.Engine
	path   string
	asked  int
}

func (r *fileReader) query(ctx context.Context, sql string, _ map[string]any) (engine.Rows, error) {
	r.asked++
	from := `FROM "wordpress_api"."silver-posts"`
	if !strings.Contains(sql, from) {
		return nil, fmt.Errorf("not about the table: %s", sql)
	}
	return r.engine.Query(ctx, strings.Replace(sql, from, "FROM read_parquet("+engine.Literal(r.path)+")", 1))
}

// readerOf makes a table of the rows of a SELECT.
func readerOf(t *testing.T, sql string) *fileReader {
	t.Helper()
	dir := t.TempDir()
	e, err := duckdb.Open(t.Context(), duckdb.Options{MemoryLimit: 128 << 20, TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	r := &fileReader{engine: e, path: filepath.Join(dir, "posts.parquet")}
	t.Cleanup(func() {
		if err := r.engine.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := e.Copy(t.Context(), engine.Copy{SQL: sql, Path: r.path}); err != nil {
		t.Fatal(err)
	}
	return r
}

var posts = catalog.Table{Database: "wordpress_api", Name: "silver-posts"}

func TestProfile(t *testing.T) {
	t.Parallel()
	r := readerOf(t, `SELECT * FROM (VALUES
		(3::BIGINT, 'b', TIMESTAMP '2026-03-01 07:00:00.5', DATE '2026-03-01', true, 1.5::DOUBLE, 12345678901234567890.12::DECIMAL(38,2), [1, 2], 'x'::BLOB, NULL::VARCHAR, repeat('é', 60)),
		(1, 'a', TIMESTAMP '2020-01-02 00:00:00', DATE '2020-01-02', false, 'nan', -1, [3], 'y', NULL, repeat('é', 60)),
		(2, 'b', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, repeat('é', 40)))
		t("ID", "a ""quoted"" 'name'", "at", day, flag, score, exact, list, bytes, nothing, long) ORDER BY 1 DESC`)
	got, err := catalog.Profile(t.Context(), r.query, posts)
	if err != nil {
		t.Fatal(err)
	}
	cut := strings.Repeat("é", catalog.ProfileText-1) + "…"
	want := []catalog.ColumnProfile{
		{Name: "ID", Type: lake.Bigint, Distinct: 3, Min: int64(1), Max: int64(3), Sample: int64(3)},
		{Name: `a "quoted" 'name'`, Type: lake.String, Distinct: 2, Min: "a", Max: "b", Sample: "b"},
		{Name: "at", Type: lake.Timestamp, Nulls: 1, Distinct: 2, Min: "2020-01-02 00:00:00", Max: "2026-03-01 07:00:00.5", Sample: "2026-03-01 07:00:00.5"},
		{Name: "day", Type: lake.Date, Nulls: 1, Distinct: 2, Min: "2020-01-02", Max: "2026-03-01", Sample: "2026-03-01"},
		{Name: "flag", Type: lake.Boolean, Nulls: 1, Distinct: 2, Min: false, Max: true, Sample: true},
		{Name: "score", Type: lake.Double, Nulls: 1, Distinct: 2, Min: 1.5, Max: "NaN", Sample: 1.5},
		{Name: "exact", Type: "decimal(38,2)", Nulls: 1, Distinct: 2, Min: "-1.00", Max: "12345678901234567890.12", Sample: "12345678901234567890.12"},
		{Name: "list", Type: "array<int>", Nulls: 1, Distinct: 2, Sample: "[1, 2]"},
		{Name: "bytes", Type: "binary", Nulls: 1, Distinct: 2, Sample: "x"},
		{Name: "nothing", Type: lake.String, Nulls: 3},
		{Name: "long", Type: lake.String, Distinct: 2, Min: strings.Repeat("é", 40), Max: cut, Sample: cut},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
}

func TestProfileEmptyAndWide(t *testing.T) {
	t.Parallel()
	got, err := catalog.Profile(t.Context(), readerOf(t, "SELECT 1 AS id WHERE false").query, posts)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]catalog.ColumnProfile{{Name: "id", Type: "int"}}, got); diff != "" {
		t.Error(diff)
	}
	var columns []string
	for n := range 300 {
		columns = append(columns, fmt.Sprintf("%d AS c%d", n, n))
	}
	r := readerOf(t, "SELECT "+strings.Join(columns, ", "))
	if got, err = catalog.Profile(t.Context(), r.query, posts); err != nil {
		t.Fatal(err)
	}
	if len(got) != 300 || got[299].Name != "c299" || got[299].Sample != int64(299) {
		t.Errorf("%d columns, the last is %+v", len(got), got[len(got)-1])
	}
	if r.asked > 11 {
		t.Errorf("%d statements", r.asked)
	}
}

func TestProfileDistinct(t *testing.T) {
	t.Parallel()
	got, err := catalog.Profile(t.Context(), readerOf(t, `SELECT i AS key, i % 12 AS month, 'x' || i % 9000 AS name,
		CASE WHEN i % 2 = 0 THEN i % 31 END AS day FROM range(60000) t(i)`).query, posts)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{60_000, 12, 9_000, 31} {
		p := got[i]
		switch {
		case p.Approximate != (want > catalog.ProfileExact):
			t.Errorf("%s: approximate is %v", p.Name, p.Approximate)
		case p.Approximate && (p.Distinct < want*8/10 || p.Distinct > want):
			t.Errorf("%s: %d different values, want about %d", p.Name, p.Distinct, want)
		case !p.Approximate && p.Distinct != want:
			t.Errorf("%s: %d different values, want %d", p.Name, p.Distinct, want)
		}
	}
}

func TestProfileFails(t *testing.T) {
	t.Parallel()
	r := readerOf(t, "SELECT 1 AS id")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := catalog.Profile(ctx, r.query, posts); !errors.Is(err, context.Canceled) && !lake.HasCode(err, lake.Interrupted) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := catalog.Profile(t.Context(), r.query, catalog.Table{Database: "other", Name: "x"}); err == nil {
		t.Error("a table that is not there has a profile")
	}
}
