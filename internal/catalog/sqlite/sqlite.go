// Package sqlite keeps the catalog in one SQLite file.
//
// All that the catalog holds about the present can be rebuilt from the lake's
// objects; only the history of schemas is known here alone.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"wplake/internal/catalog"

	sqlite "github.com/mattn/go-sqlite3" // the driver
)

// Catalog is a catalog in a file. It implements catalog.Catalog; its methods
// may be called concurrently, and several processes may have the file open.
type Catalog struct {
	path string
	now  func() time.Time

	mu sync.Mutex
	db *sql.DB // nil until the file is first needed
}

var _ catalog.Catalog = (*Catalog)(nil)

// New returns the catalog in the file of that path. The file is opened when it
// is first needed, and made by the first write: reading where there is no file
// finds an empty catalog and leaves nothing behind. now is the clock.
//
// Where the file is damaged every method returns a *lake.Error with the code
// StateDamaged.
func New(path string, now func() time.Time) *Catalog {
	return &Catalog{path: path, now: now}
}

// Close closes the file. The catalog opens it again if it is used afterwards.
func (c *Catalog) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db == nil {
		return nil
	}
	err := c.db.Close()
	c.db = nil
	return c.failure(err)
}

// reading opens the file to read from it, or returns nil where there is none.
func (c *Catalog) reading(ctx context.Context) (*sql.DB, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db != nil {
		return c.db, ctx.Err()
	}
	if _, err := os.Stat(c.path); errors.Is(err, fs.ErrNotExist) {
		return nil, ctx.Err()
	}
	return c.open(ctx)
}

// writing opens the file, and makes it where there is none.
func (c *Catalog) writing(ctx context.Context) (*sql.DB, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.db != nil {
		return c.db, ctx.Err()
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o750); err != nil {
		return nil, c.failure(err)
	}
	return c.open(ctx)
}

func (c *Catalog) open(ctx context.Context) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", c.address())
	if err != nil {
		return nil, c.failure(err)
	}
	if err := c.prepare(ctx, db); err != nil {
		return nil, errors.Join(c.ended(ctx, err), db.Close())
	}
	c.db = db
	return db, nil
}

// address is the file as SQLite is told to open it. A transaction takes the
// write lock at its beginning: one that began by reading could not wait for
// another process to finish.
func (c *Catalog) address() string {
	options := url.Values{
		"_txlock": {"immediate"}, "_busy_timeout": {"15000"}, "_foreign_keys": {"1"}, "_synchronous": {"FULL"},
	}
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(c.path), OmitHost: true, RawQuery: options.Encode()}
	return file.String()
}

// transact runs do in a transaction.
func (c *Catalog) transact(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return c.ended(ctx, err)
	}
	if err := do(tx); err != nil {
		// After a failure there is nothing to take back that the end of the
		// connection would not take back as well.
		_ = tx.Rollback()
		return c.ended(ctx, err)
	}
	return c.ended(ctx, tx.Commit())
}

// ended prefers the context's error, which is why SQLite was interrupted.
func (c *Catalog) ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return c.failure(err)
}

// resultCode is SQLite's primary result code of err.
func resultCode(err error) (code int, ok bool) {
	e, ok := errors.AsType[sqlite.Error](err)
	if !ok {
		return 0, false
	}
	return int(e.Code), true
}
