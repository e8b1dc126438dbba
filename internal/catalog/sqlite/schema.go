package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// applicationID marks the file as a catalog of wplake ("wplk").
const applicationID = 0x77706c6b

// migrations lead from each version of the file's layout (user_version) to the
// next. What is here has been released: it is added to, never changed.
func migrations() []string {
	return []string{
		`CREATE TABLE tables (
			database   TEXT NOT NULL,
			name       TEXT NOT NULL,
			layer      TEXT NOT NULL,
			object     TEXT NOT NULL,
			location   TEXT NOT NULL,
			key        TEXT NOT NULL,
			rows       INTEGER NOT NULL,
			bytes      INTEGER NOT NULL,
			version    INTEGER NOT NULL, -- the newest in versions, which has the columns
			parameters TEXT NOT NULL,    -- a JSON object of strings
			created    TEXT NOT NULL,    -- RFC 3339, UTC
			updated    TEXT NOT NULL,
			PRIMARY KEY (database, name)
		) STRICT, WITHOUT ROWID;
		CREATE TABLE versions (
			database TEXT NOT NULL,
			name     TEXT NOT NULL,
			version  INTEGER NOT NULL,
			time     TEXT NOT NULL,
			run_id   TEXT NOT NULL,
			columns  TEXT NOT NULL, -- a JSON array of {"name", "type"} in the table's order
			changes  TEXT NOT NULL, -- a JSON array, against the version before
			PRIMARY KEY (database, name, version),
			FOREIGN KEY (database, name) REFERENCES tables ON DELETE CASCADE
		) STRICT`,
	}
}

// prepare checks a file that was just opened and brings its layout up to date.
func (c *Catalog) prepare(ctx context.Context, db *sql.DB) error {
	var application, layout, things int
	err := db.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_schema)`).Scan(&application, &layout, &things)
	if err != nil {
		return err
	}
	switch {
	case application != applicationID && (application != 0 || layout != 0 || things != 0):
		return errForeign
	case layout > len(migrations()):
		return errNewer
	case layout == len(migrations()):
		return check(ctx, db)
	}
	if err := useLog(ctx, db); err != nil {
		return err
	}
	return c.transact(ctx, db, func(tx *sql.Tx) error { return migrate(ctx, tx) })
}

// check lets SQLite look for damage that a first read does not meet.
func check(ctx context.Context, db *sql.DB) error {
	var finding string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&finding); err != nil {
		return err
	}
	if finding != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, finding)
	}
	return nil
}

// useLog turns on the write-ahead log, with which readers and a writer do not
// wait for one another. The file remembers it. While several processes do this
// to a new file SQLite does not wait but says that it is busy.
func useLog(ctx context.Context, db *sql.DB) error {
	const attempts, pause = 200, 25 * time.Millisecond
	for attempt := 1; ; attempt++ {
		_, err := db.ExecContext(ctx, "PRAGMA journal_mode(wal)")
		code, _ := resultCode(err)
		if err == nil || attempt == attempts || code != int(sqlite3.ErrBusy) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// migrate takes the steps that the file lacks.
func migrate(ctx context.Context, tx *sql.Tx) error {
	// Asked again within the transaction: another process may have been first.
	var layout int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&layout); err != nil {
		return err
	}
	steps := migrations()
	if layout >= len(steps) {
		return nil
	}
	for _, step := range steps[layout:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	// A pragma takes no parameters; both values are ours.
	_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id(%d); PRAGMA user_version(%d)", applicationID, len(steps)))
	return err
}
