package home

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
)

// maxLogFile is the size in bytes at which a log file is put aside; one older
// file is kept.
const maxLogFile = 10 << 20

// LogFile is the lake's log, <root>/.wplake/wplake.log. It is opened when the
// first line is written, so that commands which do nothing leave nothing. Lines
// that cannot be written are lost: a log must not stop the work. Several
// processes may write to it, and methods may be called concurrently.
type LogFile struct {
	path string
	max  int64
	turn lock.Locker // of putting aside
	mu   sync.Mutex
	file *os.File
}

// NewLogFile returns the log of the lake in the folder root.
func NewLogFile(root string, now func() time.Time) *LogFile {
	path := logPath(root)
	return &LogFile{path: path, max: maxLogFile, turn: filelock.New(path+".lock", now)}
}

// logPath is where the log of a lake lies; the older one has .1 behind it.
func logPath(root string) string { return filepath.Join(root, ".wplake", "wplake.log") }

// Write appends a line.
func (l *LogFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.current(); err != nil {
		return 0, err
	}
	n, err := l.file.Write(p)
	if info, e := l.file.Stat(); e == nil && info.Size() > l.max {
		l.putAside(info)
	}
	return n, err
}

// current makes sure that the open file is the one at the log's path: another
// process may have put it aside.
func (l *LogFile) current() error {
	if l.file != nil {
		there, err := os.Stat(l.path)
		mine, e := l.file.Stat()
		if err == nil && e == nil && os.SameFile(there, mine) {
			return nil
		}
		_ = l.file.Close() // it was appended to, nothing is buffered
		l.file = nil
	}
	if err := os.MkdirAll(filepath.Dir(l.path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	l.file = f
	return err
}

// putAside makes room. Only who has the turn may, and only while the full file
// is still at the log's path: else a file that somebody has just begun would
// take the place of the older one.
func (l *LogFile) putAside(full os.FileInfo) {
	release, err := l.turn.Acquire(context.Background(), lock.Holder{PID: os.Getpid(), Command: "log"}, 0)
	if err != nil {
		return // somebody else is at it
	}
	defer func() { _ = release() }()
	if there, err := os.Stat(l.path); err != nil || !os.SameFile(there, full) {
		return
	}
	_ = l.file.Close() // before it is renamed: not every system renames open files
	l.file = nil
	_ = os.Rename(l.path, l.path+".1") // else it grows on
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
