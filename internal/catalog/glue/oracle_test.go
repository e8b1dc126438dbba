package glue_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"wplake/internal/catalog"
	"wplake/internal/catalog/glue"
	"wplake/internal/catalog/sqlite"
	"wplake/internal/lake"
)

// Whatever is done with them, the catalog of home and that of AWS tell the same.
func TestAsAtHome(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 7))
			home := sqlite.New(filepath.Join(t.TempDir(), "catalog.db"), clock())
			t.Cleanup(func() {
				if err := home.Close(); err != nil {
					t.Error(err)
				}
			})
			f := newFake(t)
			pair := [2]catalog.Catalog{home, glue.New(f.config(), options(clock()))}
			for step := range 50 {
				what := randomly(t, random, pair)
				if t.Failed() {
					t.Fatalf("after step %d: %s", step, what)
				}
			}
		})
	}
}

// randomly does one thing with both catalogs and compares what they say, then
// all that they have.
func randomly(t *testing.T, random *rand.Rand, pair [2]catalog.Catalog) (what string) {
	object := []string{"posts", "terms"}[random.IntN(2)]
	name := lake.TableName(lake.Silver, object)
	run := fmt.Sprintf("run-%d", random.IntN(100))
	var said [2]any
	do := func(act func(c catalog.Catalog) (any, error)) {
		for i, c := range pair {
			answer, err := act(c)
			if err != nil && !errors.Is(err, catalog.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
			said[i] = []any{answer, err != nil}
		}
	}
	switch random.IntN(8) {
	case 0:
		what = "delete " + name
		do(func(c catalog.Catalog) (any, error) { return nil, c.Delete(t.Context(), database, name) })
	case 1, 2:
		drift := []catalog.Change{{Kind: catalog.Added, Column: fmt.Sprint("d", random.IntN(2)), Note: "left out"}}
		what = fmt.Sprint("record ", name, drift)
		do(func(c catalog.Catalog) (any, error) { return nil, c.Record(t.Context(), database, name, run, drift) })
	default:
		table := posts()
		table.Name, table.Object, table.Rows = name, object, int64(random.IntN(3))
		table.Location = "s3://lake-silver/wordpress_api/" + object + "/" + object + ".parquet"
		table.Parameters = map[string]string{"classification": "parquet", fmt.Sprint("p", random.IntN(2)): fmt.Sprint(random.IntN(2))}
		for _, n := range random.Perm(3)[:1+random.IntN(2)] {
			table.Columns = append(table.Columns, column(fmt.Sprint("c", n), []lake.Type{lake.Bigint, lake.String}[random.IntN(2)]))
		}
		what = fmt.Sprint("put ", table)
		do(func(c catalog.Catalog) (any, error) { return c.Put(t.Context(), table, run) })
	}
	if diff := cmp.Diff(said[0], said[1], cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s is answered differently (-home +aws):\n%s", what, diff)
	}
	whole(t, what, pair)
	return what
}

// whole compares all that both catalogs have. Their clocks are asked
// differently often.
func whole(t *testing.T, what string, pair [2]catalog.Catalog) {
	var have [2]map[string]any
	for i, c := range pair {
		tables, err := c.List(t.Context(), database)
		if err != nil {
			t.Fatal(err)
		}
		have[i] = make(map[string]any)
		for _, table := range tables {
			versions, err := c.Versions(t.Context(), database, table.Name)
			if err != nil {
				t.Fatal(err)
			}
			have[i][table.Name] = []any{table, versions}
		}
	}
	anyTime := cmp.Comparer(func(a, b time.Time) bool { return a.IsZero() == b.IsZero() })
	if diff := cmp.Diff(have[0], have[1], cmpopts.EquateEmpty(), anyTime); diff != "" {
		t.Errorf("after %s they differ (-home +aws):\n%s", what, diff)
	}
}
