package yamlfile

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isFull reports whether err is for want of space.
func isFull(err error) bool { return errors.Is(err, windows.ERROR_DISK_FULL) }
