package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	sqlite3 "github.com/mattn/go-sqlite3"

	"wplake/internal/lake"
	"wplake/internal/workflow"
)

var (
	// errForeign says that the file is a database of some other program.
	errForeign = errors.New("it is another program's database")
	// errNewer says that a newer wplake has written the file.
	errNewer = errors.New("a newer wplake has written it")
	// errDamaged says that something in the file is not what was written.
	errDamaged = errors.New("what it holds cannot be read")
)

// failure turns an error into a *lake.Error. It returns nil for nil, and what
// the port defines as it is.
func (s *Store) failure(err error) error {
	if err == nil || errors.Is(err, workflow.ErrNotFound) || errors.Is(err, workflow.ErrExists) ||
		errors.Is(err, workflow.ErrConflict) {
		return err
	}
	if _, ok := errors.AsType[*lake.Error](err); ok {
		return err
	}
	e := &lake.Error{
		Code: lake.StorageFailed, Err: err,
		Message: fmt.Sprintf("the executions in %s could not be read or written", s.path),
	}
	code, ofSQLite := resultCode(err)
	switch {
	case errors.Is(err, errNewer):
		e.Hint = "use that version of wplake"
	case errors.Is(err, errForeign), errors.Is(err, errDamaged), ofSQLite && (code == sqlite3.ErrCorrupt || code == sqlite3.ErrNotADB):
		e.Code = lake.StateDamaged
		e.Message = fmt.Sprintf("the executions in %s are damaged", s.path)
		e.Hint = fmt.Sprintf("put back a copy, or move the file away (with %s-wal and %s-shm): the lake's objects do not need it, "+
			"but the executions and their histories are gone then", s.path, s.path)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), ofSQLite && code == sqlite3.ErrFull:
		e.Code = lake.StorageFull
		e.Hint = "free some space or move the lake to a larger disk; executions go on where they were"
	case errors.Is(err, fs.ErrPermission),
		ofSQLite && (code == sqlite3.ErrReadonly || code == sqlite3.ErrCantOpen || code == sqlite3.ErrPerm):
		e.Hint = "give the user who runs wplake the permission to write there: SQLite needs it to read, too"
	case ofSQLite && code == sqlite3.ErrBusy:
		e.Hint = "another process keeps the file locked: wait for it to end"
	}
	return e
}

// resultCode is SQLite's primary result code of err.
func resultCode(err error) (code sqlite3.ErrNo, ok bool) {
	e, ok := errors.AsType[sqlite3.Error](err)
	if !ok {
		return 0, false
	}
	return e.Code, true
}
