package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"
)

// applicationID marks the file as the executions of wplake ("wplw").
const applicationID = 0x77706c77

// migrations lead from each version of the file's layout (user_version) to the
// next. What is here has been released: it is added to, never changed. Times
// are nanoseconds since 1970, 0 for none.
//
// The blocks of a journal lie together and in order in log, without a second
// index: a block's id is its execution's, shifted, plus its number.
func migrations() []string {
	return []string{
		`CREATE TABLE definitions (
			id   INTEGER PRIMARY KEY,
			hash BLOB NOT NULL UNIQUE,
			body BLOB NOT NULL -- as it was given
		) STRICT;
		CREATE TABLE executions (
			id         INTEGER PRIMARY KEY AUTOINCREMENT,
			arn        TEXT NOT NULL UNIQUE,
			name       TEXT NOT NULL,
			machine    TEXT NOT NULL,
			version    TEXT NOT NULL,
			alias      TEXT NOT NULL,
			definition INTEGER NOT NULL REFERENCES definitions,
			about      BLOB NOT NULL, -- a JSON object: the rest of the machine
			map_run    TEXT NOT NULL,
			status     TEXT NOT NULL,
			started    INTEGER NOT NULL,
			stopped    INTEGER NOT NULL,
			redrives   INTEGER NOT NULL,
			redriven   INTEGER NOT NULL,
			owner      TEXT NOT NULL,
			wake       INTEGER NOT NULL,
			attention  INTEGER NOT NULL,
			bytes      INTEGER NOT NULL, -- of all that is kept of it, once it has ended
			parent     TEXT NOT NULL,
			effect     TEXT NOT NULL,    -- of the parent
			notify     INTEGER NOT NULL,
			trace      TEXT NOT NULL,
			input      BLOB NOT NULL,
			output     BLOB,
			error      TEXT,
			cause      TEXT
		) STRICT;
		CREATE INDEX executions_of_machine ON executions (machine);
		CREATE INDEX executions_of_run ON executions (map_run) WHERE map_run != '';
		CREATE INDEX executions_of_owner ON executions (owner) WHERE owner != '';
		CREATE INDEX executions_ended ON executions (stopped) WHERE stopped != 0 AND map_run = '';
		CREATE TABLE log (
			id   INTEGER PRIMARY KEY,
			last INTEGER NOT NULL, -- ID of the last event up to here
			body BLOB NOT NULL
		) STRICT;
		CREATE TABLE snapshots (
			execution INTEGER PRIMARY KEY,
			seq       INTEGER NOT NULL,
			body      BLOB NOT NULL
		) STRICT;
		CREATE TABLE tokens (
			token     TEXT PRIMARY KEY,
			execution INTEGER NOT NULL,
			effect    TEXT NOT NULL,
			heartbeat INTEGER NOT NULL,
			beat      INTEGER NOT NULL
		) STRICT, WITHOUT ROWID;
		CREATE INDEX tokens_of_execution ON tokens (execution);
		CREATE TABLE work (
			id        INTEGER PRIMARY KEY AUTOINCREMENT,
			activity  TEXT NOT NULL,
			execution INTEGER NOT NULL,
			effect    TEXT NOT NULL,
			token     TEXT NOT NULL,
			heartbeat INTEGER NOT NULL,
			input     BLOB NOT NULL
		) STRICT;
		CREATE INDEX work_of_activity ON work (activity);
		CREATE INDEX work_of_execution ON work (execution);
		CREATE TABLE signals (
			id        INTEGER PRIMARY KEY AUTOINCREMENT,
			execution INTEGER NOT NULL,
			kind      TEXT NOT NULL,
			effect    TEXT NOT NULL,
			body      BLOB
		) STRICT;
		CREATE INDEX signals_of_execution ON signals (execution);
		CREATE TABLE map_runs (
			arn       TEXT PRIMARY KEY,
			execution INTEGER NOT NULL,
			started   INTEGER NOT NULL,
			body      BLOB NOT NULL
		) STRICT;
		CREATE INDEX map_runs_of_execution ON map_runs (execution);
		CREATE TABLE names ( -- of executions that were removed
			arn   TEXT PRIMARY KEY,
			until INTEGER NOT NULL
		) STRICT, WITHOUT ROWID;
		CREATE TABLE documents (
			kind     TEXT NOT NULL,
			key      TEXT NOT NULL,
			revision INTEGER NOT NULL,
			body     BLOB NOT NULL,
			PRIMARY KEY (kind, key)
		) STRICT, WITHOUT ROWID`,
	}
}

// prepare checks a file that was just opened and brings its layout up to date.
func (s *Store) prepare(ctx context.Context) error {
	var application, layout, things int
	err := s.conn.QueryRowContext(ctx, `SELECT
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
		return nil
	}
	if things == 0 {
		// Before the first table: then the file can give space back.
		if _, err := s.conn.ExecContext(ctx, "PRAGMA auto_vacuum(incremental)"); err != nil {
			return err
		}
	}
	if err := useLog(ctx, s.conn); err != nil {
		return err
	}
	return s.transact(ctx, func(*tx) error { return migrate(ctx, s.conn) })
}

// useLog turns on the write-ahead log. The file remembers it. While several
// processes do this to a new file SQLite does not wait but says that it is busy.
func useLog(ctx context.Context, conn *sql.Conn) error {
	const attempts, pause = 200, 25 * time.Millisecond
	for attempt := 1; ; attempt++ {
		_, err := conn.ExecContext(ctx, "PRAGMA journal_mode(wal)")
		code, _ := resultCode(err)
		if err == nil || attempt == attempts || code != sqlite3.ErrBusy {
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
func migrate(ctx context.Context, conn *sql.Conn) error {
	// Asked again within the transaction: another process may have been first.
	var layout int
	if err := conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&layout); err != nil {
		return err
	}
	steps := migrations()
	if layout >= len(steps) {
		return nil
	}
	for _, step := range steps[layout:] {
		if _, err := conn.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	// A pragma takes no parameters; both values are ours.
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id(%d); PRAGMA user_version(%d)", applicationID, len(steps)))
	return err
}
