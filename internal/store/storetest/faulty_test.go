package storetest_test

import (
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
	"testing"

	"wplake/internal/store"
	"wplake/internal/store/local"
	"wplake/internal/store/storetest"
)

func TestFaultyWithoutPlan(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Bucket {
		return storetest.Faulty(local.New(t.TempDir(), "bucket", nil))
	})
}

func TestFaultyNth(t *testing.T) {
	t.Parallel()
	b := storetest.Faulty(local.New(t.TempDir(), "bucket", nil),
		storetest.Fault{Op: storetest.Commit, Key: "posts", Nth: 2, Err: syscall.ENOSPC})
	write := func(key string) error {
		u, err := b.Create(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(u.Path(), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = u.Commit(t.Context(), nil)
		return err
	}
	for i, key := range []string{"posts", "terms", "posts", "posts"} {
		if err := write(key); errors.Is(err, syscall.ENOSPC) != (i == 2) {
			t.Errorf("write %d: %v", i, err)
		}
	}
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
	if got := len(b.Calls()); got != 9 {
		t.Errorf("%d calls: %q", got, b.Calls())
	}
}

func TestFaultyAfter(t *testing.T) {
	t.Parallel()
	inner := local.New(t.TempDir(), "bucket", nil)
	cut := errors.New("cut")
	b := storetest.Faulty(inner,
		storetest.Fault{Op: storetest.Create, Nth: 1, Err: cut, After: true},
		storetest.Fault{Op: storetest.Read, Err: io.ErrUnexpectedEOF})
	if _, err := b.Create(t.Context(), "a"); !errors.Is(err, cut) {
		t.Errorf("Create: %v", err)
	}
	if n, err := b.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("Sweep: %d, %v, want the file that was left behind", n, err)
	}
	storetest.Put(t, inner, "a", "content", nil)
	r, err := b.Open(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("Read: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if !slices.Contains(b.Calls(), "Read a") {
		t.Errorf("calls: %q", b.Calls())
	}
}
