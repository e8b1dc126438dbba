package pipeline

import (
	"errors"
	"fmt"
	"syscall"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// Room is the place for temporary files where it is bounded by a setting, as it
// is in a Lambda function. It may be used concurrently.
type Room struct {
	Free func(dir string) (int64, error) // bytes that may still be written below a folder
	Hint string                          // what to do when an object does not fit
}

// fits refuses an object of at least that many bytes, said beforehand, where
// there is no room for it in dir. Without a Room all fits until it does not.
func (r *Room) fits(object, dir string, size int64) error {
	if r == nil || size <= 0 {
		return nil
	}
	free, err := r.Free(dir)
	if err != nil {
		return store.Failure("find out how much room there is in", dir, err)
	}
	if size <= free {
		return nil
	}
	return &lake.Error{
		Code:    lake.StorageFull,
		Message: fmt.Sprintf("%s has at least %s, and there is room for %s in %s", object, mebibytes(size), mebibytes(free), dir),
		Hint:    r.Hint,
	}
}

// full explains a write that failed after some bytes of an object.
func (r *Room) full(object, dir string, written int64, err error) error {
	if r == nil || !errors.Is(err, syscall.ENOSPC) {
		return store.Failure("write", dir, err)
	}
	return &lake.Error{
		Code:    lake.StorageFull,
		Message: fmt.Sprintf("%s has more than the %s that had come when %s was full", object, mebibytes(written), dir),
		Hint:    r.Hint, Err: err,
	}
}

// mebibytes is a size as Lambda counts it.
func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
