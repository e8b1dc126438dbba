package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"wplake/internal/store"
)

// BadKeys returns strings that no driver takes as a key.
func BadKeys() []string {
	return []string{
		"", ".", "..", "/", "/etc/passwd", "a/", "a//b", "./a", "a/./b", "../a", "a/../b", "a/..",
		`a\b`, `..\a`, "a\x00b", "a\nb", "a\x7fb", strings.Repeat("a/", 600) + "a", strings.Repeat("a", 241),
	}
}

func testKeys(t *testing.T, b store.Bucket) {
	ctx := t.Context()
	for _, key := range BadKeys() {
		for name, err := range operations(ctx, t.TempDir(), b, key) {
			if !errors.Is(err, store.ErrBadKey) {
				t.Errorf("%s(%.40q): %v, want ErrBadKey", name, key, err)
			}
		}
	}
	wantKeys(t, b, "")
	for _, key := range []string{"x", "A-1_b.c/d", "…/..a", "a/...", "-", "~", "a b", "a:b"} {
		Put(t, b, key, key, nil)
		wantContent(t, b, key, key)
	}
}

func testCancelled(t *testing.T, b store.Bucket) {
	Put(t, b, "a/b.json", "old", nil)
	u := create(t, b, "a/b.json", "new")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := operations(ctx, t.TempDir(), b, "a/b.json")
	_, results["List"] = b.List(ctx, "")
	_, results["Sweep"] = b.Sweep(ctx)
	results["Check"] = b.Check(ctx)
	_, results["Commit"] = u.Commit(ctx, nil)
	for name, err := range results {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	wantContent(t, b, "a/b.json", "old")
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v; a Commit that failed left something behind", n, err)
	}
}

// operations calls all that takes a key and returns the errors.
func operations(ctx context.Context, dir string, b store.Bucket, key string) map[string]error {
	results := make(map[string]error)
	_, results["Stat"] = b.Stat(ctx, key)
	results["Delete"] = b.Delete(ctx, key)
	_, _, results["Download"] = b.Download(ctx, key, dir)
	r, err := b.Open(ctx, key)
	if err == nil {
		err = r.Close()
	}
	results["Open"] = err
	u, err := b.Create(ctx, key)
	if err == nil {
		err = u.Abort()
	}
	results["Create"] = err
	return results
}
