//go:build unix

package home

import (
	"errors"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes a user may still write below dir, which need not
// exist yet.
func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	err := unix.Statfs(dir, &s)
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		dir = filepath.Dir(dir)
		err = unix.Statfs(dir, &s)
	}
	return int64(s.Bavail) * int64(s.Bsize), err //nolint:gosec,unconvert // no disk has 2^63 blocks; other systems have other types
}
