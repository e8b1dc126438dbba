package local_test

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/store/local"
	"wplake/internal/store/storetest"
)

func open(t *testing.T) store.Bucket {
	return local.New(filepath.Join(t.TempDir(), "not", "there yet"), "bucket", nil)
}

func TestBucket(t *testing.T) { storetest.Run(t, open) }

func TestMetadata(t *testing.T) {
	needAttributes(t)
	storetest.RunMetadata(t, open)
}

// needAttributes skips a test where the file system keeps no attributes.
func needAttributes(t *testing.T) {
	t.Helper()
	var log bytes.Buffer
	b := local.New(t.TempDir(), "probe", slog.New(slog.NewTextHandler(&log, nil)))
	info := storetest.Put(t, b, "a", "x", map[string]string{"a": "b"})
	if info.Metadata != nil {
		return
	}
	if !strings.Contains(log.String(), "keeps no metadata") {
		t.Fatalf("metadata was lost without a word: %s", &log)
	}
	t.Skip("the file system of the temporary directory keeps no extended attributes")
}

// TestMetadataOfChangedFile: what somebody wrote in place is not what the
// metadata is about.
func TestMetadataOfChangedFile(t *testing.T) {
	t.Parallel()
	needAttributes(t)
	for name, change := range map[string]func(path string) error{
		"longer":    func(path string) error { return os.WriteFile(path, []byte("four"), 0o600) },
		"same size": func(path string) error { return errors.Join(os.WriteFile(path, []byte("new"), 0o600), touch(path)) },
		"touched":   touch,
		"replaced": func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte("old"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			b := local.New(root, "bucket", nil)
			storetest.Put(t, b, "a/b.json", "old", map[string]string{"run": "1"})
			if err := change(filepath.Join(root, "bucket", "a", "b.json")); err != nil {
				t.Fatal(err)
			}
			info, err := b.Stat(t.Context(), "a/b.json")
			if err != nil || info.Metadata != nil {
				t.Errorf("Stat gave %+v, %v, want no metadata", info, err)
			}
		})
	}
}

func touch(path string) error {
	then := time.Date(2020, 1, 2, 3, 4, 5, 6, time.UTC)
	return os.Chtimes(path, then, then)
}

// TestMetadataTooLarge: what the file system cannot hold is said, and the
// object is written all the same.
func TestMetadataTooLarge(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	b := local.New(t.TempDir(), "bucket", slog.New(slog.NewTextHandler(&log, nil)))
	huge := map[string]string{"a": strings.Repeat("x", 100_000)}
	storetest.Put(t, b, "a.json", "content", huge)
	info, err := b.Stat(t.Context(), "a.json")
	if err != nil || info.Metadata != nil {
		t.Errorf("Stat gave metadata of %d entries, %v", len(info.Metadata), err)
	}
	if !strings.Contains(log.String(), "keeps no metadata") {
		t.Errorf("the log says nothing: %s", &log)
	}
}

func TestFilesBesideObjects(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	b := local.New(root, "bucket", nil)
	u, err := b.Create(t.Context(), "a/b.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if got := filepath.Dir(u.Path()); got != filepath.Join(root, "bucket", "a") {
		t.Errorf("the temporary file is in %s, not beside the object", got)
	}
	// An engine that wrote beside the file and was killed.
	beside := filepath.Join(filepath.Dir(u.Path()), "tmp_"+filepath.Base(u.Path()))
	if err := os.WriteFile(beside, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if infos, err := b.List(t.Context(), ""); err != nil || len(infos) != 0 {
		t.Errorf("List gave %v, %v", infos, err)
	}
	if _, err := b.Stat(t.Context(), "a/"+filepath.Base(u.Path())); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Stat of a temporary file: %v", err)
	}
	if _, err := b.Create(t.Context(), "a/.wplake-x.tmp"); !lake.HasCode(err, lake.StorageFailed) {
		t.Errorf("Create of a reserved name: %v", err)
	}
	if n, err := b.Sweep(t.Context()); n != 2 || err != nil {
		t.Errorf("Sweep: %d, %v, want 2", n, err)
	}
	wantFiles(t, filepath.Join(root, "bucket"))
}

// TestReplacedByEngine: the file may be another one than Create made.
func TestReplacedByEngine(t *testing.T) {
	t.Parallel()
	b := open(t)
	u, err := b.Create(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := errors.Join(os.WriteFile(other, []byte("other"), 0o600), os.Rename(other, u.Path())); err != nil {
		t.Fatal(err)
	}
	if info, err := u.Commit(t.Context(), nil); err != nil || info.Size != 5 {
		t.Errorf("Commit gave %+v, %v", info, err)
	}
}

func TestEmptyFoldersGo(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	b := local.New(root, "bucket", nil)
	storetest.Put(t, b, "a/b/c.json", "x", nil)
	storetest.Put(t, b, "a/d.json", "x", nil)
	for _, key := range []string{"a/b/c.json", "a/d.json"} {
		if err := b.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	wantFiles(t, filepath.Join(root, "bucket"))
	u, err := b.Create(t.Context(), "x/y/z.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Abort(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, filepath.Join(root, "bucket"))
}

func TestLinks(t *testing.T) {
	t.Parallel()
	root, outside := t.TempDir(), t.TempDir()
	var log bytes.Buffer
	b := local.New(root, "bucket", slog.New(slog.NewTextHandler(&log, nil)))
	storetest.Put(t, b, "a/real.json", "inside", nil)
	secret := filepath.Join(outside, "secret.json")
	if err := errors.Join(
		os.WriteFile(secret, []byte("secret"), 0o600),
		os.Symlink("real.json", filepath.Join(root, "bucket/a/link.json")),
		os.Symlink(secret, filepath.Join(root, "bucket/a/escape.json")),
		os.Symlink(outside, filepath.Join(root, "bucket/out")),
	); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	infos, err := b.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, info := range infos {
		keys = append(keys, info.Key)
	}
	if want := []string{"a/link.json", "a/real.json"}; !slices.Equal(keys, want) {
		t.Errorf("List gave %q, want %q", keys, want)
	}
	if !strings.Contains(log.String(), "escape.json") {
		t.Errorf("the link that leads out is not in the log: %s", &log)
	}
	for _, key := range []string{"a/escape.json", "out/secret.json"} {
		if r, err := b.Open(t.Context(), key); err == nil {
			t.Errorf("Open(%q) left the bucket", key)
			_ = r.Close()
		}
		if _, _, err := b.Download(t.Context(), key, t.TempDir()); err == nil {
			t.Errorf("Download(%q) left the bucket", key)
		}
	}
	if u, err := b.Create(t.Context(), "out/new.json"); err == nil {
		t.Errorf("Create left the bucket: %s", u.Path())
	}
	if err := b.Delete(t.Context(), "out/secret.json"); err == nil {
		t.Error("Delete left the bucket")
	}
	if got, err := os.ReadFile(secret); err != nil || string(got) != "secret" {
		t.Errorf("outside there is %q, %v", got, err)
	}
	// A write replaces a link, and not what it leads to.
	storetest.Put(t, b, "a/escape.json", "mine", nil)
	if got, err := os.ReadFile(secret); err != nil || string(got) != "secret" {
		t.Errorf("outside there is %q, %v", got, err)
	}
}

func TestDownloadLinks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	b := local.New(root, "bucket", nil)
	storetest.Put(t, b, "a.json", "x", nil)
	dir := filepath.Join(root, "scratch")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path, _, err := b.Download(t.Context(), "a.json", dir)
	if err != nil {
		t.Fatal(err)
	}
	x, errX := os.Stat(path)
	y, errY := os.Stat(filepath.Join(root, "bucket", "a.json"))
	if errX != nil || errY != nil || !os.SameFile(x, y) {
		t.Errorf("%s is a copy, not a link (%v, %v)", path, errX, errY)
	}
}

func TestCheckFindsWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "bucket"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := local.New(root, "bucket", nil)
	if err := b.Check(t.Context()); !lake.HasCode(err, lake.StorageFailed) || !strings.Contains(err.Error(), root) {
		t.Errorf("Check where a file has the bucket's name: %v", err)
	}
	if _, err := b.Create(t.Context(), "a"); !lake.HasCode(err, lake.StorageFailed) {
		t.Errorf("Create where a file has the bucket's name: %v", err)
	}
	fresh := local.New(filepath.Join(root, "deep", "down"), "bucket", nil)
	if err := fresh.Check(t.Context()); err != nil {
		t.Errorf("Check of a bucket that is not there yet: %v", err)
	}
	wantFiles(t, filepath.Join(root, "deep"))
}

func TestURI(t *testing.T) {
	t.Parallel()
	b := local.New("/lake", "data-lakehouse-raw", nil)
	if got, want := b.URI("wordpress_api/a b#.json"), "file:///lake/data-lakehouse-raw/wordpress_api/a%20b%23.json"; got != want {
		t.Errorf("URI is %q, want %q", got, want)
	}
}

// wantFiles fails the test unless dir, if it exists, is empty.
func wantFiles(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir && err == nil {
			t.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}
