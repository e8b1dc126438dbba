package home

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"wplake/internal/store"
)

// maxLogLine bounds a line of the log that is read, in bytes; a longer one is
// cut.
const maxLogLine = 1 << 20

// Logs reads the log of a lake. It takes no lock and changes nothing.
type Logs struct{ path string }

// NewLogs returns the log of the lake in the folder root.
func NewLogs(root string) Logs { return Logs{path: logPath(root)} }

// Lines are the lines that there are, oldest first, those of the older file
// included.
func (l Logs) Lines() iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		l.read(nil, yield)
	}
}

// Follow is Lines and goes on with those that are written then, until ctx ends
// or caughtUp, which is called whenever all has been read, returns false. It
// looks for new lines once an interval.
func (l Logs) Follow(ctx context.Context, interval time.Duration, caughtUp func() bool) iter.Seq2[LogLine, error] {
	return func(yield func(LogLine, error) bool) {
		l.read(func() bool {
			if !caughtUp() {
				return false
			}
			timer := time.NewTimer(interval)
			defer timer.Stop()
			select {
			case <-timer.C:
				return true
			case <-ctx.Done():
				return false
			}
		}, yield)
	}
}

// read reads all lines and, as long as wait returns true, further ones.
func (l Logs) read(wait func() bool, yield func(LogLine, error) bool) {
	t := tail{path: l.path, yield: yield}
	defer func() { t.close() }()
	// The newer file first, so that none is missed when it is put aside now.
	if !t.open() {
		return
	}
	older, err := os.Open(l.path + ".1")
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		yield(LogLine{}, store.Failure("read", l.path+".1", err))
		return
	default:
		o := tail{file: older, yield: yield}
		same := t.same(older)
		ok := same || o.drain() && o.flush()
		o.close()
		if !ok {
			return
		}
	}
	for t.drain() {
		if wait == nil {
			t.flush()
			return
		}
		if !wait() {
			return
		}
		if !t.moved() {
			return
		}
	}
}

// tail reads a file to its end, again and again.
type tail struct {
	path    string
	file    *os.File // nil while there is none
	reader  *bufio.Reader
	partial []byte // of a line that has no end yet
	yield   func(LogLine, error) bool
}

// open opens the log where there is one. It returns false when reading has
// to end.
func (t *tail) open() bool {
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	if err != nil {
		t.yield(LogLine{}, store.Failure("read", t.path, err))
		return false
	}
	t.file, t.reader = f, nil
	return true
}

func (t *tail) close() {
	if t.file != nil {
		_ = t.file.Close() // it was only read
		t.file = nil
	}
}

// same tells whether a file is the one that is read.
func (t *tail) same(f *os.File) bool {
	if t.file == nil {
		return false
	}
	a, errA := t.file.Stat()
	b, errB := f.Stat()
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// drain hands out the lines up to the end of the file.
func (t *tail) drain() bool {
	if t.file == nil {
		return true
	}
	if t.reader == nil {
		t.reader = bufio.NewReaderSize(t.file, 64<<10)
	}
	for {
		piece, err := t.reader.ReadSlice('\n')
		if room := maxLogLine - len(t.partial); room > 0 {
			t.partial = append(t.partial, piece[:min(len(piece), room)]...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return true
		case err != nil:
			t.yield(LogLine{}, store.Failure("read", t.file.Name(), err))
			return false
		}
		if !t.flush() {
			return false
		}
	}
}

// flush hands out the line that has been read.
func (t *tail) flush() bool {
	line := string(bytes.TrimRight(t.partial, "\r\n"))
	t.partial = t.partial[:0]
	return line == "" || t.yield(ParseLogLine(line), nil)
}

// moved goes on with the file that is at the path now, after the rest of the
// one that was put aside.
func (t *tail) moved() bool {
	there, err := os.Stat(t.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.yield(LogLine{}, store.Failure("read", t.path, err))
		return false
	}
	if t.file != nil && err == nil {
		mine, err := t.file.Stat()
		if err == nil && os.SameFile(there, mine) {
			return t.shrunk(there.Size())
		}
	}
	if err != nil {
		return true // it comes with the next line
	}
	if !t.drain() || !t.flush() {
		return false
	}
	t.close()
	return t.open()
}

// shrunk begins anew with a file that somebody has emptied.
func (t *tail) shrunk(size int64) bool {
	at, err := t.file.Seek(0, io.SeekCurrent)
	if err == nil && size < at {
		_, err = t.file.Seek(0, io.SeekStart)
		t.reader.Reset(t.file)
	}
	if err != nil {
		t.yield(LogLine{}, store.Failure("read", t.path, err))
		return false
	}
	return true
}
