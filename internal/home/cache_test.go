package home

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/store"
	"wplake/internal/store/local"
	"wplake/internal/store/storetest"
)

// TestCache fetches an object once for each of its versions, and keeps to its size.
func TestCache(t *testing.T) {
	t.Parallel()
	faulty := storetest.Faulty(local.New(t.TempDir(), "bucket", slog.New(slog.DiscardHandler)))
	c := cache{dir: filepath.Join(t.TempDir(), "cache"), max: 2500, now: time.Now}
	fetched := func() (n int) {
		for _, call := range faulty.Calls() {
			if strings.Contains(strings.ToLower(call), "download") {
				n++
			}
		}
		return n
	}
	read := func(key string) string {
		infos, err := faulty.List(t.Context(), key)
		if err != nil || len(infos) != 1 {
			t.Fatalf("%v, %v", infos, err)
		}
		path, err := c.download(t.Context(), store.Bucket(faulty), infos[0], t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text[:1])
	}
	storetest.Put(t, faulty, "a/a", strings.Repeat("1", 1000), nil)
	if read("a/a")+read("a/a") != "11" || fetched() != 1 {
		t.Errorf("fetched %d times", fetched())
	}
	storetest.Put(t, faulty, "a/a", strings.Repeat("2", 1000), nil)
	if read("a/a")+read("a/a") != "22" || fetched() != 2 {
		t.Errorf("the new version was fetched %d times", fetched()-1)
	}
	storetest.Put(t, faulty, "b/b", strings.Repeat("3", 1000), nil)
	if read("b/b") != "3" {
		t.Error("another object")
	}
	entries, err := os.ReadDir(c.dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%d copies are kept, %v", len(entries), err)
	}
}
