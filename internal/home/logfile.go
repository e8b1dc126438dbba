package home

import (
	"os"
	"path/filepath"
	"sync"
)

// maxLogFile is the size in bytes at which a log file is put aside; one older
// file is kept.
const maxLogFile = 10 << 20

// LogFile is the lake's log, <root>/.wplake/wplake.log. It is opened when the
// first line is written, so that commands which do nothing leave nothing. Lines
// that cannot be written are lost: a log must not stop the work. It may be used
// concurrently.
type LogFile struct {
	path string
	mu   sync.Mutex
	file *os.File
	size int64
}

// NewLogFile returns the log of the lake in the folder root.
func NewLogFile(root string) *LogFile {
	return &LogFile{path: filepath.Join(root, ".wplake", "wplake.log")}
}

// Write appends a line.
func (l *LogFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	if l.size > maxLogFile {
		_ = l.file.Close()                 // it was appended to, nothing is buffered
		_ = os.Rename(l.path, l.path+".1") // else it grows on
		l.file = nil
	}
	return n, err
}

func (l *LogFile) open() error {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close() // the first error counts
		return err
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Close closes the file.
func (l *LogFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	err := l.file.Close()
	l.file = nil
	return err
}
