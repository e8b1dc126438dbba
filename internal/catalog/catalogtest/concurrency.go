package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

func testCancelled(t *testing.T, f *fixture) {
	table := posts(col("id", lake.Bigint))
	put(t, f, table, "r1")
	before := get(t, f, table.Name)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := make(map[string]error)
	table.Rows++
	_, results["Put"] = f.Put(ctx, table, "r2")
	_, results["Get"] = f.Get(ctx, database, table.Name)
	_, results["List"] = f.List(ctx, database)
	_, results["Versions"] = f.Versions(ctx, database, table.Name)
	results["Delete"] = f.Delete(ctx, database, table.Name)
	results["Record"] = f.Record(ctx, database, table.Name, "r2", []catalog.Change{{Kind: catalog.Added, Column: "x"}})
	for name, err := range results {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	want(t, "table", before, get(t, f, table.Name))
}

// testWriters writes from two catalogs, as from two processes, at once.
func testWriters(t *testing.T, f *fixture) {
	catalogs := []catalog.Catalog{f.Catalog, f.open(t)}
	var writers sync.WaitGroup
	for n := range 8 {
		writers.Go(func() {
			table := posts(col("id", lake.Bigint))
			table.Name = fmt.Sprintf("silver-%d", n)
			for i := range 5 {
				table.Rows = int64(i)
				if _, err := catalogs[n%2].Put(t.Context(), table, "r"); err != nil {
					t.Errorf("%s: %v", table.Name, err)
				}
			}
		})
	}
	writers.Wait()
	tables, err := f.List(t.Context(), database)
	if err != nil || len(tables) != 8 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, table := range tables {
		if table.Rows != 4 {
			t.Errorf("%s has %d rows", table.Name, table.Rows)
		}
	}
}

// testRivals has several writers change one schema at once. Whatever their
// order, the history has no gap and each change leads from the version before.
func testRivals(t *testing.T, f *fixture) {
	catalogs := []catalog.Catalog{f.Catalog, f.open(t)}
	var writers sync.WaitGroup
	for n := range 6 {
		writers.Go(func() {
			for i := range 4 {
				table := posts(col("id", lake.Bigint), col(fmt.Sprintf("x_%d_%d", n, i), lake.String))
				if _, err := catalogs[n%2].Put(t.Context(), table, "r"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	history := versions(t, f, "silver-posts")
	if len(history) != 24 {
		t.Fatalf("%d versions, want 24", len(history))
	}
	for i, v := range history {
		if v.Version != 24-i {
			t.Errorf("version %d at position %d", v.Version, i)
		}
		if i+1 < len(history) {
			want(t, fmt.Sprintf("changes of version %d", v.Version), catalog.Diff(history[i+1].Columns, v.Columns), v.Changes)
		}
	}
	want(t, "columns", history[0].Columns, get(t, f, "silver-posts").Columns)
}

// testReaders reads a table while its rows and columns change together.
func testReaders(t *testing.T, f *fixture) {
	state := func(n int) catalog.Table {
		table := posts()
		for i := range n%5 + 1 {
			table.Columns = append(table.Columns, col(fmt.Sprint("c", i), lake.Int))
		}
		table.Rows = int64(len(table.Columns))
		return table
	}
	put(t, f, state(0), "r")
	reader := f.open(t)
	written := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				tables, err := reader.List(t.Context(), database)
				if err != nil || len(tables) != 1 || tables[0].Rows != int64(len(tables[0].Columns)) {
					t.Errorf("List gave %+v, %v", tables, err)
					return
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	for n := range 30 {
		put(t, f, state(n), "r")
	}
	close(written)
	readers.Wait()
}
