//go:build !unix

package local

import (
	"fmt"
	"io/fs"
)

// version names the state of a file: when it was written to and how long it is.
func version(info fs.FileInfo) string {
	return fmt.Sprintf("%x-%x", info.ModTime().UnixNano(), info.Size())
}
