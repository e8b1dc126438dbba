//go:build linux || darwin || freebsd

package local

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func setAttribute(f *os.File, value []byte) error {
	return control(f, func(fd int) error { return unix.Fsetxattr(fd, attributeName, value, 0) })
}

// getAttribute returns nil when there is no such attribute.
func getAttribute(f *os.File) (value []byte, err error) {
	err = control(f, func(fd int) error {
		for {
			size, err := unix.Fgetxattr(fd, attributeName, nil)
			if err != nil || size == 0 {
				return err
			}
			value = make([]byte, size)
			n, err := unix.Fgetxattr(fd, attributeName, value)
			if errors.Is(err, unix.ERANGE) {
				continue // it grew between the two calls
			}
			if err == nil {
				value = value[:n]
			}
			return err
		}
	})
	return value, err
}

// control calls do with the file's descriptor.
func control(f *os.File, do func(fd int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
