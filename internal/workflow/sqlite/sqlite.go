// Package sqlite keeps executions in one SQLite file.
//
// One connection writes, under a mutex; others read, and neither waits for the
// other. What has been committed is on disk (synchronous=FULL, write-ahead
// log). The lock files of the engines that are alive lie beside the file.
package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver

	"wplake/internal/lock"
	"wplake/internal/workflow"
)

// Store is a store in a file. It implements workflow.Store.
type Store struct {
	path  string
	now   func() time.Time
	locks func(path string) lock.Locker
	db    *sql.DB // readers

	mu         sync.Mutex // over conn
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	version    int64 // data_version of conn
	known      map[[sha256.Size]byte]int64

	cache sync.Map // definitions by id
}

var _ workflow.Store = (*Store)(nil)

// Open opens the store in the file of that path and makes it where there is
// none. locks gives the lock at a path, which must be free again when its
// process has died.
//
// Where the file is damaged Open and the methods return a *lake.Error with the
// code StateDamaged.
func Open(ctx context.Context, path string, now func() time.Time, locks func(path string) lock.Locker) (*Store, error) {
	s := &Store{path: path, now: now, locks: locks, statements: map[string]*sql.Stmt{}, known: map[[sha256.Size]byte]int64{}}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, s.failure(err)
	}
	db, err := sql.Open("sqlite3", s.address())
	if err != nil {
		return nil, s.failure(err)
	}
	db.SetMaxOpenConns(9)
	db.SetMaxIdleConns(4)
	s.db = db
	if s.conn, err = db.Conn(ctx); err != nil {
		return nil, errors.Join(s.failure(err), db.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(s.failure(err), s.conn.Close(), db.Close())
	}
	// Pages of the journal are written again and again while executions go on:
	// a longer log of 16 MiB has to copy each of them into the file less often.
	if _, err := s.conn.ExecContext(ctx, "PRAGMA wal_autocheckpoint(4000)"); err != nil {
		return nil, errors.Join(s.failure(err), s.conn.Close(), db.Close())
	}
	if err := s.conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&s.version); err != nil {
		return nil, errors.Join(s.failure(err), s.conn.Close(), db.Close())
	}
	return s, nil
}

// address is the file as SQLite is told to open it.
func (s *Store) address() string {
	options := url.Values{
		"_txlock": {"immediate"}, "_busy_timeout": {"15000"}, "_synchronous": {"FULL"}, "_cache_size": {"-8000"},
	}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(s.path), OmitHost: true, RawQuery: options.Encode()}
	return file.String()
}

// Close closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, st := range s.statements {
		errs = append(errs, st.Close())
	}
	clear(s.statements)
	return s.failure(errors.Join(append(errs, s.conn.Close(), s.db.Close())...))
}

// tx is a transaction on the writing connection.
type tx struct {
	s   *Store
	ctx context.Context //nolint:containedctx // it lives no longer than the call that was given it
}

// transact runs do in a transaction. The context does not interrupt it: a
// statement that can be interrupted costs a goroutine, and none takes long.
func (s *Store) transact(ctx context.Context, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &tx{s: s, ctx: context.WithoutCancel(ctx)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return s.failure(err)
	}
	err := do(t)
	if err == nil {
		err = t.exec("COMMIT")
	}
	if err != nil {
		// SQLite may have rolled back by itself (a full disk): then there is
		// nothing to take back, and this says so.
		_ = t.exec("ROLLBACK")
		clear(s.known)
	}
	return s.failure(err)
}

func (t *tx) statement(text string) (*sql.Stmt, error) {
	if st, ok := t.s.statements[text]; ok {
		return st, nil
	}
	st, err := t.s.conn.PrepareContext(t.ctx, text)
	if err != nil {
		return nil, err
	}
	t.s.statements[text] = st
	return st, nil
}

func (t *tx) exec(text string, args ...any) error {
	_, err := t.change(text, args...)
	return err
}

// change is exec that returns how many rows it changed.
func (t *tx) change(text string, args ...any) (int64, error) {
	r, err := t.result(text, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *tx) result(text string, args ...any) (sql.Result, error) {
	st, err := t.statement(text) //nolint:sqlclosecheck // statements are kept until the store is closed
	if err != nil {
		return nil, err
	}
	return st.ExecContext(t.ctx, args...)
}

// row scans the first row; ErrNotFound where there is none.
func (t *tx) row(text string, args []any, into ...any) error {
	st, err := t.statement(text) //nolint:sqlclosecheck // statements are kept until the store is closed
	if err != nil {
		return err
	}
	err = st.QueryRowContext(t.ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return workflow.ErrNotFound
	}
	return err
}

// Changed tells whether another process has written.
func (s *Store) Changed(ctx context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &tx{s: s, ctx: context.WithoutCancel(ctx)}
	var version int64
	if err := t.row("PRAGMA data_version", nil, &version); err != nil {
		return false, s.failure(err)
	}
	changed := version != s.version
	s.version = version
	return changed, nil
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
