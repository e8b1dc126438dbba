// Package filelock is the lock driver for a lake on a local disk: an advisory
// lock of the operating system on a file, which also says who holds it.
//
// The operating system frees the lock when its process ends, however it ends,
// so there is nothing to clean up after a kill. The file itself stays: were it
// removed, two processes could each lock a file of that name.
package filelock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"wplake/internal/lake"
	"wplake/internal/lock"
)

const (
	// pollInterval is how often a waiting Acquire looks again.
	pollInterval = 50 * time.Millisecond
	// grace is how long Acquire looks again even without leave to wait:
	// Holder touches the lock for an instant, and must not fail a run.
	grace = 3 * pollInterval
	// maxHolder bounds the holder's description, in bytes.
	maxHolder = 64 << 10
)

// Locker is the lock of one lake. Its methods may be called concurrently, and
// exclude each other within a process as they do between processes.
type Locker struct {
	path string
	now  func() time.Time
}

// New returns the lock that lies at path. Its folder is made when it is needed.
func New(path string, now func() time.Time) *Locker { return &Locker{path: path, now: now} }

var _ lock.Locker = (*Locker)(nil)

// Acquire takes the lock; see lock.Locker. A wait of 0 or less does not wait
// for another run. When ctx ends first the error has the code Interrupted.
func (l *Locker) Acquire(ctx context.Context, me lock.Holder, wait time.Duration) (func() error, error) {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o750); err != nil {
		return nil, l.failed(err)
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, l.failed(err)
	}
	if err := l.take(ctx, f, wait); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := describe(f, me); err != nil {
		return nil, errors.Join(l.failed(err), f.Close()) // closing frees the lock
	}
	return sync.OnceValue(func() error {
		// The description goes first, so that nobody reads it once the lock is free.
		if err := errors.Join(f.Truncate(0), unlock(f), f.Close()); err != nil {
			return l.failed(err)
		}
		return nil
	}), nil
}

// take locks f, looking again until the wait is over.
func (l *Locker) take(ctx context.Context, f *os.File, wait time.Duration) error {
	deadline := time.NewTimer(max(wait, grace))
	defer deadline.Stop()
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		if ctx.Err() != nil {
			return interrupted(ctx)
		}
		got, err := tryExclusive(f)
		if err != nil {
			return l.failed(err)
		}
		if got {
			return nil
		}
		select {
		case <-ctx.Done():
			return interrupted(ctx)
		case <-deadline.C:
			return l.held(f)
		case <-poll.C:
		}
	}
}

// held is the error of a lock that stayed taken.
func (l *Locker) held(f *os.File) error {
	h, err := readHolder(f)
	if err != nil || h.PID == 0 {
		// The holder is between taking the lock and saying who it is.
		return &lake.Error{
			Code:    lake.Locked,
			Message: "the lake is held by another run that has just begun",
			Hint:    "wait for it to end, or give --wait DURATION to queue behind it",
		}
	}
	return lock.HeldError(h, l.now())
}

// Holder returns who holds the lock now; see lock.Locker.
func (l *Locker) Holder(context.Context) (h lock.Holder, held bool, err error) {
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return lock.Holder{}, false, nil
	}
	if err != nil {
		return lock.Holder{}, false, l.failed(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	free, err := tryShared(f)
	if err != nil {
		return lock.Holder{}, false, l.failed(err)
	}
	if free {
		if err := unlock(f); err != nil {
			return lock.Holder{}, false, l.failed(err)
		}
		return lock.Holder{}, false, nil
	}
	h, err = readHolder(f)
	if err != nil {
		// Half written: somebody holds it, and will have said who in a moment.
		return lock.Holder{}, true, nil
	}
	return h, true, nil
}

// describe writes who holds the lock.
func describe(f *os.File, me lock.Holder) error {
	text, err := json.Marshal(me)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = f.WriteAt(append(text, '\n'), 0)
	return err
}

// readHolder reads who holds the lock.
func readHolder(f *os.File) (h lock.Holder, err error) {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, maxHolder))
	if err != nil {
		return lock.Holder{}, err
	}
	err = json.Unmarshal(text, &h)
	return h, err
}

func (l *Locker) failed(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &lake.Error{
			Code:    lake.StorageFull,
			Message: fmt.Sprintf("no space is left for the lake's lock %s", l.path),
			Hint:    "free some space on that disk and run again",
			Err:     err,
		}
	}
	return &lake.Error{
		Code:    lake.StorageFailed,
		Message: fmt.Sprintf("the lake's lock %s cannot be used", l.path),
		Hint:    "the lake's folder must be writable, on a file system that has locks",
		Err:     err,
	}
}

func interrupted(ctx context.Context) error {
	return &lake.Error{Code: lake.Interrupted, Message: "interrupted while waiting for the lake's lock", Err: context.Cause(ctx)}
}
