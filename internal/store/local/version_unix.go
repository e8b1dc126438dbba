//go:build unix

package local

import (
	"fmt"
	"io/fs"
	"syscall"
)

// version names the state of a file: which file it is, when it was written to
// and how long it is. A rename and a link change none of them.
func version(info fs.FileInfo) string {
	file := uint64(0)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		file = stat.Ino
	}
	return fmt.Sprintf("%x-%x-%x", file, info.ModTime().UnixNano(), info.Size())
}
