package store_test

import (
	"errors"
	"path"
	"strings"
	"testing"

	"wplake/internal/store"
	"wplake/internal/store/storetest"
)

// FuzzCheckKey: a key that is taken stays below the folder it is joined to.
func FuzzCheckKey(f *testing.F) {
	for _, key := range append(storetest.BadKeys(), "a", "a/b.json", "wordpress_api/posts/posts.parquet", "..a/b..") {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		err := store.CheckKey(key)
		if err != nil {
			if !errors.Is(err, store.ErrBadKey) {
				t.Fatalf("%v is not ErrBadKey", err)
			}
			return
		}
		if key != path.Clean(key) || path.IsAbs(key) || strings.ContainsAny(key, "\\\x00\n") {
			t.Fatalf("%q was taken", key)
		}
		if joined := path.Join("/root", key); joined != "/root/"+key {
			t.Fatalf("%q leads to %q", key, joined)
		}
	})
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	for _, key := range storetest.BadKeys() {
		if err := store.CheckKey(key); !errors.Is(err, store.ErrBadKey) {
			t.Errorf("%.40q: %v", key, err)
		}
	}
}
