//go:build unix

package lambda

import (
	"errors"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes may still be written below dir.
func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	err := unix.Statfs(dir, &s)
	return int64(s.Bavail) * int64(s.Bsize), err //nolint:gosec,unconvert // no disk has 2^63 blocks; other systems have other types
}

// alive tells whether there is a process of that number.
func alive(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}
