package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	sqlite3 "github.com/mattn/go-sqlite3"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// errForeign says that the file is a database of some other program.
var errForeign = errors.New("it is another program's database")

// errNewer says that a newer wplake has written the file.
var errNewer = errors.New("a newer wplake has written it")

// errDamaged says what SQLite's own check found.
var errDamaged = errors.New("its check failed")

// failure turns an error into a *lake.Error. It returns nil for nil, and
// what the port defines as it is.
func (c *Catalog) failure(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*lake.Error](err); ok || errors.Is(err, catalog.ErrNotFound) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &lake.Error{
		Code:    lake.CatalogFailed,
		Message: fmt.Sprintf("the catalog %s could not be used", c.path),
		Err:     err,
	}
	code, ofSQLite := resultCode(err)
	switch {
	case errors.Is(err, errForeign):
		return c.damaged(err)
	case errors.Is(err, errNewer):
		e.Hint = "use that version of wplake, or delete the file and run `wplake crawl`"
	case errors.Is(err, errDamaged), ofSQLite && (code == int(sqlite3.ErrCorrupt) || code == int(sqlite3.ErrNotADB)):
		return c.damaged(err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), ofSQLite && code == int(sqlite3.ErrFull):
		e.Code = lake.StorageFull
		e.Hint = "free some space or move the lake to a larger disk, then run again"
	case errors.Is(err, fs.ErrPermission),
		ofSQLite && (code == int(sqlite3.ErrReadonly) || code == int(sqlite3.ErrCantOpen) || code == int(sqlite3.ErrPerm)):
		e.Hint = "give the user who runs wplake the permission to write there: SQLite needs it to read, too"
	case ofSQLite && code == int(sqlite3.ErrBusy):
		e.Hint = "another process keeps the file locked: wait for it to end and run again"
	}
	return e
}

// damaged is the error of a file that cannot be read as a catalog.
func (c *Catalog) damaged(err error) *lake.Error {
	return &lake.Error{
		Code:    lake.StateDamaged,
		Message: fmt.Sprintf("the catalog %s is damaged", c.path),
		Hint: fmt.Sprintf("delete it (with %s-wal and %s-shm, where they exist), then run `wplake crawl`: "+
			"it is rebuilt from the lake's objects, only the history of schemas begins anew", c.path, c.path),
		Err: err,
	}
}
