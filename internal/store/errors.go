package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"wplake/internal/lake"
)

// Failure turns the error of an operation on the file or object at place into
// a *lake.Error: StorageFull where there is no space left, StorageFailed
// otherwise, with err as its cause. It returns nil for nil, and what is a
// *lake.Error, ErrNotFound or the end of a context already as it is. doing
// completes "cannot …", as in "write".
func Failure(doing, place string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*lake.Error](err); ok {
		return err
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &lake.Error{Code: lake.StorageFailed, Message: fmt.Sprintf("cannot %s %s", doing, place), Err: cause(err)}
	switch {
	case errors.Is(err, syscall.ENOSPC):
		e.Code = lake.StorageFull
		e.Hint = "free some space or move the lake to a larger disk, then run again; the last good object is still there"
	case errors.Is(err, syscall.EDQUOT):
		e.Code = lake.StorageFull
		e.Hint = "the disk quota is used up: free some space or ask for more, then run again; the last good object is still there"
	case errors.Is(err, syscall.EROFS):
		e.Hint = "the file system is mounted read-only: mount it for writing, or give another folder with --root"
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "give the user who runs wplake the permission to read and write there"
	}
	return e
}

// Changed is the error of a Commit that found another version of the object at
// place than Expect said.
func Changed(place string) error {
	return &lake.Error{
		Code:    lake.ObjectChanged,
		Message: place + " was written by somebody else while this run worked on it; it stays as they made it",
		Hint:    "run again: the next run begins with what is there now; two runs of one lake at once are one too many",
	}
}

// cause strips the paths and the operation that the os package adds: the
// message names the place already.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}
