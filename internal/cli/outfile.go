package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"wplake/internal/lake"
)

// writeFile writes a file whole or not at all: beside it first, then in its
// place. write gets the path of the file beside it and, open for writing, the
// file.
func writeFile(path string, write func(file *os.File) error) (err error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return usageError{&lake.Error{Code: lake.StorageFailed, Message: path + " is not a file"}}
	}
	beside := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%d.tmp", filepath.Base(path), os.Getpid()))
	//nolint:gosec // as readable as the files that a person's other programs write: the umask says
	f, err := os.OpenFile(beside, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return outFailed(path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // gone already where it took its place
		}
	}()
	if err := write(f); err != nil {
		return errors.Join(outFailed(path, err), f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return outFailed(path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return outFailed(path, err)
	}
	return nil
}

// outFailed says which file could not be written; what is wrong with the query
// itself stays as it is.
func outFailed(path string, err error) error {
	if e, ok := errors.AsType[*lake.Error](err); ok && e.Code != lake.StorageFailed {
		return err
	}
	if errors.Is(err, syscall.ENOSPC) {
		return &lake.Error{Code: lake.StorageFull, Message: "no space is left for " + path, Hint: "free some space, or write elsewhere", Err: err}
	}
	return &lake.Error{Code: lake.StorageFailed, Message: path + " could not be written", Err: err}
}

// writeText writes a short text to a file, whole or not at all.
func writeText(path, text string) error {
	return writeFile(path, func(f *os.File) error {
		_, err := io.WriteString(f, text)
		return err
	})
}
