package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sqlite"
	"wplake/internal/workflow/storetest"
)

func clock() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func locks(path string) lock.Locker { return filelock.New(path, clock) }

func newPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "a folder", "workflow #1.db")
}

func open(t *testing.T, path string) workflow.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, clock, locks)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, newPath, open)
}

func TestFileIsNotOurs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		code lake.Code
	}{
		"noise": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, make([]byte, 10_000), 0o600); err != nil {
				t.Fatal(err)
			}
		}, lake.StateDamaged},
		"foreign": {func(t *testing.T, path string) { t.Helper(); execute(t, path, "CREATE TABLE t (a)") }, lake.StateDamaged},
		"newer": {func(t *testing.T, path string) {
			t.Helper()
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			execute(t, path, "PRAGMA user_version(99)")
		}, lake.StorageFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "workflow.db")
			c.make(t, path)
			_, err := sqlite.Open(t.Context(), path, clock, locks)
			if !lake.HasCode(err, c.code) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func execute(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
