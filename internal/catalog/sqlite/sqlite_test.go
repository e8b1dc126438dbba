package sqlite_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/catalog/catalogtest"
	"wplake/internal/catalog/sqlite"
	"wplake/internal/lake"
)

func TestCatalog(t *testing.T) {
	catalogtest.Run(t, func(_ *testing.T, place string, now func() time.Time) catalog.Catalog {
		return sqlite.New(filepath.Join(place, "state", "a catalog? #1 %41.db"), now)
	})
}

func clock() time.Time { return time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC) }

func table(name string) catalog.Table {
	return catalog.Table{
		Database: "wordpress_api", Name: name, Layer: lake.Silver,
		Columns: []lake.Column{{Name: "id", Type: lake.Bigint}},
	}
}

// filled makes a catalog of many tables and returns its path.
func filled(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "catalog.db")
	c := sqlite.New(path, clock)
	for _, name := range strings.Split(strings.Repeat("x", 60), "") {
		wide := table("silver-" + name)
		for range 50 {
			wide.Name += name
			wide.Columns = append(wide.Columns, lake.Column{Name: "column_" + wide.Name, Type: lake.String})
		}
		if _, err := c.Put(t.Context(), wide, "r1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadingLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state")
	c := sqlite.New(filepath.Join(dir, "catalog.db"), clock)
	if tables, err := c.List(t.Context(), "x"); err != nil || len(tables) != 0 {
		t.Errorf("List: %v, %v", tables, err)
	}
	if err := errors.Join(c.Delete(t.Context(), "x", "y"), c.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s was made: %v", dir, err)
	}
}

// TestNothingChanges: putting what is there already changes neither bytes nor
// time of the file.
func TestNothingChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	drift := []catalog.Change{{Kind: catalog.Added, Column: "x", Note: "left out"}}
	run := func() {
		c := sqlite.New(path, clock)
		_, err := c.Put(t.Context(), table("silver-posts"), "r")
		err = errors.Join(err, c.Record(t.Context(), "wordpress_api", "silver-posts", "r", drift), c.Close())
		if err != nil {
			t.Fatal(err)
		}
	}
	run()
	long := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, long, long); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	run()
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed (%v)", err)
	}
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Equal(long) {
		t.Errorf("the file's time changed: %v, %v", info.ModTime(), err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("files were left beside it: %v, %v", entries, err)
	}
}

func TestDamage(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(content []byte) []byte{
		"not a database": func([]byte) []byte { return []byte(strings.Repeat("this is no database. ", 100)) },
		"cut":            func(content []byte) []byte { return content[:len(content)/2] },
		"header gone":    func(content []byte) []byte { copy(content, make([]byte, 100)); return content },
		"overwritten": func(content []byte) []byte {
			return append(content[:4096:4096], bytes.Repeat([]byte{0xa5}, len(content)-4096)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filled(t)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(content), 0o600); err != nil {
				t.Fatal(err)
			}
			c := sqlite.New(path, clock)
			defer c.Close()
			_, errList := c.List(t.Context(), "wordpress_api")
			_, errPut := c.Put(t.Context(), table("silver-new"), "r")
			for _, err := range []error{errList, errPut} {
				e := lake.AsError(err, lake.Internal)
				if e.Code != lake.StateDamaged || !strings.Contains(e.Message, path) || !strings.Contains(e.Hint, "wplake crawl") {
					t.Errorf("%v (code %s, hint %q)", err, e.Code, e.Hint)
				}
			}
			// The remedy works.
			for _, suffix := range []string{"", "-wal", "-shm"} {
				if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
					t.Fatal(err)
				}
			}
			if _, err := c.Put(t.Context(), table("silver-new"), "r"); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUnreadableText: damage that SQLite cannot see.
func TestUnreadableText(t *testing.T) {
	t.Parallel()
	for _, statement := range []string{
		"UPDATE versions SET columns = 'x'", "UPDATE tables SET parameters = '['", "UPDATE tables SET created = 'noon'",
	} {
		path := filled(t)
		execute(t, path, statement)
		c := sqlite.New(path, clock)
		if _, err := c.List(t.Context(), "wordpress_api"); !lake.HasCode(err, lake.StateDamaged) {
			t.Errorf("%s: %v", statement, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOtherFiles(t *testing.T) {
	t.Parallel()
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	execute(t, foreign, "CREATE TABLE songs (title TEXT)")
	newer := filled(t)
	execute(t, newer, "PRAGMA user_version(99)")
	for path, want := range map[string]struct {
		code lake.Code
		text string
	}{
		foreign:       {lake.StateDamaged, "another program"},
		newer:         {lake.CatalogFailed, "newer wplake"},
		t.TempDir():   {lake.CatalogFailed, ""},
		"/dev/null/x": {lake.CatalogFailed, ""},
	} {
		c := sqlite.New(path, clock)
		_, err := c.Put(t.Context(), table("silver-posts"), "r")
		if !lake.HasCode(err, want.code) || !strings.Contains(err.Error(), want.text) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %s", path, err, want.code)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFirstTogether: several processes may make the file at the same time.
func TestFirstTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	var starters sync.WaitGroup
	for n := range 6 {
		starters.Go(func() {
			c := sqlite.New(path, clock)
			_, err := c.Put(t.Context(), table("silver-"+string(rune('a'+n))), "r")
			if err := errors.Join(err, c.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	starters.Wait()
	c := sqlite.New(path, clock)
	defer c.Close()
	if tables, err := c.List(t.Context(), "wordpress_api"); err != nil || len(tables) != 6 {
		t.Errorf("%d tables, %v", len(tables), err)
	}
}

// execute runs a statement on the file, past the catalog.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), statement)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
