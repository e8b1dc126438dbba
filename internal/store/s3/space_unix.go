//go:build linux || darwin || freebsd

package s3

import "golang.org/x/sys/unix"

// freeSpace is how many bytes can be written below dir; ok is false where
// nobody says.
func freeSpace(dir string) (bytes int64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true //nolint:gosec,unconvert // file systems are smaller than 2^63 bytes; the types differ by system
}
