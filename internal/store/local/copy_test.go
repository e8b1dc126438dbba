package local_test

import (
	"os"
	"path/filepath"
	"testing"

	"wplake/internal/store/local"
	"wplake/internal/store/storetest"
)

// TestDownloadAcrossFileSystems: where there can be no link there is a copy.
func TestDownloadAcrossFileSystems(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/dev/shm", "wplake-test-") //nolint:usetesting // it has to be another file system than t.TempDir's
	if err != nil {
		t.Skip("no second file system:", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	root := t.TempDir()
	probe := filepath.Join(root, "probe")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Link(probe, filepath.Join(dir, "probe")) == nil {
		t.Skip("/dev/shm is the same file system as the temporary directory")
	}
	b := local.New(root, "bucket", nil)
	storetest.Put(t, b, "a/b.json", "old", nil)
	path, _, err := b.Download(t.Context(), "a/b.json", dir)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Put(t, b, "a/b.json", "new", nil)
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("the copy holds %q, %v", got, err)
	}
	if _, _, err := b.Download(t.Context(), "a/b.json", filepath.Join(dir, "missing")); err == nil {
		t.Error("Download to a folder that is not there succeeded")
	}
}
