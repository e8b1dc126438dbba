package duckdb_test

import (
	"testing"

	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/engine/enginetest"
)

func openEngine(t *testing.T) engine.Engine {
	t.Helper()
	e, err := duckdb.Open(t.Context(), duckdb.Options{MemoryLimit: 256 << 20, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func TestEngine(t *testing.T) {
	t.Parallel()
	enginetest.RunEngine(t, openEngine)
}

func TestReader(t *testing.T) {
	t.Parallel()
	enginetest.RunReader(t, openEngine, func(t *testing.T, tables []engine.Table) engine.Reader {
		t.Helper()
		r, err := duckdb.OpenReader(t.Context(), duckdb.ReaderOptions{
			Tables: tables, MemoryLimit: 256 << 20, TempDir: t.TempDir(), DefaultSchema: enginetest.Dataset,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
		return r
	})
}
