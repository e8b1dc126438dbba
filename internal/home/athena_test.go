package home

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// told are rows that somebody else's engine answered.
type told struct {
	columns []lake.Column
	rows    [][]any
	at      int
}

func (r *told) Columns() []lake.Column { return r.columns }
func (r *told) Next() bool             { r.at++; return r.at <= len(r.rows) }
func (r *told) Values() []any          { return r.rows[r.at-1] }
func (r *told) Err() error             { return nil }
func (r *told) Close() error           { return nil }

// TestExportRows keeps values and types of what another engine answered.
func TestExportRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h, err := Open(t.Context(), config.Default(), Options{
		Dir: dir, Root: filepath.Join(dir, "lake"), Getenv: func(string) (string, bool) { return "", false },
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}()
	at := time.Date(2024, 2, 29, 1, 2, 3, 456000, time.UTC)
	columns := []lake.Column{
		{Name: "n", Type: lake.Bigint}, {Name: "price", Type: "decimal(10,2)"}, {Name: "it's \"t\"", Type: lake.String},
		{Name: "at", Type: lake.Timestamp}, {Name: "b", Type: "binary"}, {Name: "ok", Type: lake.Boolean}, {Name: "f", Type: lake.Double},
	}
	rows := [][]any{
		{int64(9007199254740993), "12.30", "a\nb写", at, []byte{0, 255}, true, 0.1},
		{nil, nil, nil, nil, nil, nil, nil},
	}
	path := filepath.Join(dir, "out.parquet")
	n, err := h.exportRows(t.Context(), &told{columns: columns, rows: rows}, path)
	if err != nil || n != 2 {
		t.Fatalf("%d rows, %v", n, err)
	}
	e, err := h.Engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	footer, err := e.Describe(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(columns, footer.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	got, err := e.Query(t.Context(), "FROM read_parquet("+"'"+path+"', hive_partitioning = false)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Close() }()
	for _, want := range rows {
		if !got.Next() {
			t.Fatal("a row is missing", got.Err())
		}
		if diff := cmp.Diff(want, got.Values()); diff != "" {
			t.Errorf("a row (-want +got):\n%s", diff)
		}
	}
}
