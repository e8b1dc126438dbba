package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"wplake/internal/lake"
)

// Save writes a definition, whole or not at all, and makes its folder. A file
// that is there already is replaced only if so told; otherwise the error is a
// *lake.Error with the code ConfigInvalid that is fs.ErrExist.
func Save(path string, text []byte, replace bool) (err error) {
	if _, err := os.Lstat(path); err == nil && !replace {
		return &lake.Error{
			Code:    lake.ConfigInvalid,
			Message: fmt.Sprintf("%s is there already", path),
			Hint:    "--force replaces it; all that you changed in it is lost then",
			Err:     fs.ErrExist,
		}
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return unwritable(path, err)
	}
	temporary, err := os.CreateTemp(dir, ".wplake-*.tmp")
	if err != nil {
		return unwritable(path, err)
	}
	defer func() {
		if err != nil {
			err = unwritable(path, errors.Join(err, os.Remove(temporary.Name())))
		}
	}()
	if _, err := temporary.Write(text); err != nil {
		return errors.Join(err, temporary.Close())
	}
	// A definition is meant to be read and shared; secrets are not in it.
	if err := errors.Join(temporary.Chmod(0o644), temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

func unwritable(path string, err error) error {
	return &lake.Error{Code: lake.StorageFailed, Message: fmt.Sprintf("%s cannot be written", path), Err: err}
}
