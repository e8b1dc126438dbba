package store_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/store"
)

func TestFailure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		code lake.Code
		hint string
	}{
		{&fs.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}, lake.StorageFull, "free some space"},
		{fmt.Errorf("wrapped: %w", syscall.EDQUOT), lake.StorageFull, "quota"},
		{syscall.EROFS, lake.StorageFailed, "read-only"},
		{syscall.EACCES, lake.StorageFailed, "permission"},
		{syscall.EIO, lake.StorageFailed, ""},
	} {
		e, ok := errors.AsType[*lake.Error](store.Failure("write", "/lake/a.json", c.err))
		if !ok || e.Code != c.code || !strings.HasPrefix(e.Error(), "cannot write /lake/a.json: ") {
			t.Errorf("%v became %#v", c.err, e)
			continue
		}
		if !strings.Contains(e.Hint, c.hint) || (c.hint == "") != (e.Hint == "") {
			t.Errorf("%v has the hint %q", c.err, e.Hint)
		}
	}
	for _, err := range []error{nil, store.ErrNotFound, context.Canceled, &lake.Error{Code: lake.Locked}} {
		if got := store.Failure("read", "/x", err); !errors.Is(got, err) || lake.HasCode(got, lake.StorageFailed) {
			t.Errorf("%v became %v", err, got)
		}
	}
}
