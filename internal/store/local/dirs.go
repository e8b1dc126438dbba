package local

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
)

// makeDir makes a directory and its parents, each durably.
func makeDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return err
	}
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // other programs read the lake too; the umask narrows it
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(syncFolder(f), f.Close())
}

// makeDirIn makes the folder of that key and its parents within root, each durably.
func makeDirIn(root *os.Root, key string) error {
	if key == "." {
		return nil
	}
	info, err := root.Stat(filepath.FromSlash(key))
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: key, Err: syscall.ENOTDIR}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := makeDirIn(root, path.Dir(key)); err != nil {
		return err
	}
	if err := root.Mkdir(filepath.FromSlash(key), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(root, path.Dir(key))
}

// prune removes the folder of that key and its parents within root, as far as
// they are empty.
func prune(root *os.Root, key string) error {
	for ; key != "."; key = path.Dir(key) {
		if err := root.Remove(filepath.FromSlash(key)); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return nil // not empty, or not ours to remove
		}
		if err := syncDir(root, path.Dir(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// syncDir brings the entries of the folder of that key to the disk.
func syncDir(root *os.Root, key string) error {
	f, err := root.Open(filepath.FromSlash(key))
	if err != nil {
		return err
	}
	return errors.Join(syncFolder(f), f.Close())
}

// syncFolder flushes a directory. Some file systems cannot, and need not.
func syncFolder(f *os.File) error {
	err := f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
