// Package storetest is the suite that every driver of the port store passes,
// and a decorator that makes a bucket fail when it is told to.
package storetest

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wplake/internal/store"
)

// Run runs the suite. open returns an empty bucket, of its own each time.
func Run(t *testing.T, open func(t *testing.T) store.Bucket) {
	t.Parallel()
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Bucket)
	}{
		{"an empty bucket has nothing", testEmpty},
		{"a committed object can be read", testRoundTrip},
		{"nothing is visible before Commit", testInvisible},
		{"Abort leaves the old object", testAbort},
		{"a write ends once", testEndsOnce},
		{"an empty object is an object", testEmptyObject},
		{"List is sorted and keeps to its prefix", testList},
		{"a folder is not an object", testFolder},
		{"Delete removes one object", testDelete},
		{"a download is a snapshot", testDownload},
		{"the footer of a Parquet object can be had alone", testDownloadFooter},
		{"downloads do not meet", testDownloadNames},
		{"Sweep removes unfinished writes", testSweep},
		{"Check leaves nothing behind", testCheck},
		{"keys are checked", testKeys},
		{"a cancelled context stops each operation", testCancelled},
		{"addresses differ by key", testURI},
		{"readers never see a mix", testReplacement},
		{"writers to one key do not mix", testRivals},
		{"writers and removers in one folder do not meet", testFolderRace},
		{"a version is the same however it is asked for", testVersions},
		{"a write whose expectation holds replaces", testExpected},
		{"a write whose expectation is violated changes nothing", testUnexpected},
		{"of writers with one expectation one wins", testExpectRace},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// RunMetadata runs the part of the suite about metadata, for drivers and
// surroundings that keep it.
func RunMetadata(t *testing.T, open func(t *testing.T) store.Bucket) {
	t.Parallel()
	t.Run("metadata travels with the object", func(t *testing.T) {
		t.Parallel()
		testMetadata(t, open(t))
	})
	t.Run("metadata is replaced with the object", func(t *testing.T) {
		t.Parallel()
		testMetadataReplaced(t, open(t))
	})
}

func testEmpty(t *testing.T, b store.Bucket) {
	ctx := t.Context()
	if _, err := b.Stat(ctx, "a/b.json"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Stat: %v, want ErrNotFound", err)
	}
	if _, err := b.Open(ctx, "a/b.json"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Open: %v, want ErrNotFound", err)
	}
	if _, _, err := b.Download(ctx, "a/b.json", t.TempDir()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Download: %v, want ErrNotFound", err)
	}
	if err := b.Delete(ctx, "a/b.json"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if n, err := b.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v, want 0, nil", n, err)
	}
	wantKeys(t, b, "")
	if b.Name() == "" {
		t.Error("Name is empty")
	}
}

func testRoundTrip(t *testing.T, b store.Bucket) {
	info := Put(t, b, "wordpress_api/posts/posts.json", `[{"id":1}]`, nil)
	if info.Key != "wordpress_api/posts/posts.json" || info.Size != 10 || info.Modified.IsZero() {
		t.Errorf("Commit gave %+v", info)
	}
	wantContent(t, b, "wordpress_api/posts/posts.json", `[{"id":1}]`)
	stat, err := b.Stat(t.Context(), "wordpress_api/posts/posts.json")
	if err != nil {
		t.Fatal(err)
	}
	if stat.Key != info.Key || stat.Size != info.Size || !near(stat.Modified, info.Modified) {
		t.Errorf("Stat gave %+v, Commit %+v", stat, info)
	}
	if stat.Version != info.Version {
		t.Errorf("Stat gave the version %q, Commit %q", stat.Version, info.Version)
	}
	if stat.Metadata != nil {
		t.Errorf("Stat gave the metadata %v, none was committed", stat.Metadata)
	}
	Put(t, b, "wordpress_api/posts/posts.json", "[]", nil)
	wantContent(t, b, "wordpress_api/posts/posts.json", "[]")
}

func testInvisible(t *testing.T, b store.Bucket) {
	u := create(t, b, "a/b.json", "new")
	wantKeys(t, b, "")
	if _, err := b.Stat(t.Context(), "a/b.json"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Stat before Commit: %v, want ErrNotFound", err)
	}
	commit(t, u, nil)
	wantKeys(t, b, "", "a/b.json")
}

func testAbort(t *testing.T, b store.Bucket) {
	Put(t, b, "a/b.json", "old", nil)
	u := create(t, b, "a/b.json", "new")
	if err := u.Abort(); err != nil {
		t.Fatal(err)
	}
	if err := u.Abort(); err != nil {
		t.Errorf("a second Abort: %v", err)
	}
	wantContent(t, b, "a/b.json", "old")
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("Sweep after Abort: %d, %v, want 0, nil", n, err)
	}
	if _, err := u.Commit(t.Context(), nil); err == nil {
		t.Error("Commit after Abort succeeded")
	}
	wantContent(t, b, "a/b.json", "old")
}

func testEndsOnce(t *testing.T, b store.Bucket) {
	u := create(t, b, "a/b.json", "one")
	commit(t, u, nil)
	if _, err := u.Commit(t.Context(), nil); err == nil {
		t.Error("a second Commit succeeded")
	}
	if err := u.Abort(); err != nil {
		t.Errorf("Abort after Commit: %v", err)
	}
	wantContent(t, b, "a/b.json", "one")
}

func testEmptyObject(t *testing.T, b store.Bucket) {
	u, err := b.Create(t.Context(), "empty.json")
	if err != nil {
		t.Fatal(err)
	}
	commit(t, u, nil)
	wantContent(t, b, "empty.json", "")
	wantKeys(t, b, "", "empty.json")
}

func testList(t *testing.T, b store.Bucket) {
	keys := []string{"a.b", "a/b/c.json", "a/b.json", "a/bc/d.json", "ab/c.json", "z.json", "a b/ü.json"}
	for i, key := range keys {
		Put(t, b, key, strings.Repeat("x", i), nil)
	}
	slices.Sort(keys)
	for _, prefix := range []string{"", "a", "a/", "a/b", "a/b/", "a/b/c.json", "z.json/", "none", "none/x", "../", "/", "a//"} {
		var want []string
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		wantKeys(t, b, prefix, want...)
	}
	infos, err := b.List(t.Context(), "a/bc/")
	if err != nil {
		t.Fatal(err)
	}
	if len(infos) != 1 || infos[0].Size != 3 || infos[0].Modified.IsZero() {
		t.Errorf("List gave %+v, want one object of 3 bytes", infos)
	}
}

func testFolder(t *testing.T, b store.Bucket) {
	Put(t, b, "a/b/c.json", "x", nil)
	for _, key := range []string{"a", "a/b", "a/b/c.json/d"} {
		if _, err := b.Stat(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Stat(%q): %v, want ErrNotFound", key, err)
		}
		if _, err := b.Open(t.Context(), key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("Open(%q): %v, want ErrNotFound", key, err)
		}
		if err := b.Delete(t.Context(), key); err != nil {
			t.Errorf("Delete(%q): %v", key, err)
		}
	}
	wantContent(t, b, "a/b/c.json", "x")
}

func testDelete(t *testing.T, b store.Bucket) {
	Put(t, b, "a/b/c.json", "1", nil)
	Put(t, b, "a/d.json", "2", nil)
	for range 2 {
		if err := b.Delete(t.Context(), "a/b/c.json"); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, b, "", "a/d.json")
	}
	Put(t, b, "a/b/c.json", "3", nil)
	wantContent(t, b, "a/b/c.json", "3")
}

func testDownload(t *testing.T, b store.Bucket) {
	dir := t.TempDir()
	Put(t, b, "a/b.json", "old", nil)
	path, _, err := b.Download(t.Context(), "a/b.json", dir)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(path) != dir || filepath.Ext(path) != ".json" {
		t.Errorf("Download gave %s, want a .json in %s", path, dir)
	}
	Put(t, b, "a/b.json", "new", nil)
	if err := b.Delete(t.Context(), "a/b.json"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != "old" {
		t.Errorf("the file holds %q, %v, want %q", got, err, "old")
	}
	if _, _, err := b.Download(t.Context(), "a/b.json", filepath.Join(dir, "missing")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Download of a deleted object: %v, want ErrNotFound", err)
	}
}

func testDownloadFooter(t *testing.T, b store.Bucket) {
	footer := strings.Repeat("f", 200_000)
	length := string(binary.LittleEndian.AppendUint32(nil, uint32(len(footer))))
	for name, content := range map[string]string{
		"small":           "PAR1 rows " + footer[:100] + "\x64\x00\x00\x00PAR1",
		"large rows":      "PAR1" + strings.Repeat("rows", 100_000) + footer[:100] + "\x64\x00\x00\x00PAR1",
		"large footer":    "PAR1" + strings.Repeat("rows", 100_000) + footer + length + "PAR1",
		"footer past end": "PAR1" + length + "PAR1",
		"empty":           "",
		"short":           "PAR1",
		"text":            strings.Repeat("text", 100_000),
	} {
		dir := t.TempDir()
		written := Put(t, b, "a/b.parquet", content, nil)
		path, info, err := b.DownloadFooter(t.Context(), "a/b.parquet", dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if filepath.Dir(path) != dir || filepath.Ext(path) != ".parquet" {
			t.Errorf("%s: DownloadFooter gave %s, want a .parquet in %s", name, path, dir)
		}
		if info.Size != int64(len(content)) || info.Version != written.Version {
			t.Errorf("%s: DownloadFooter described %+v, want what Commit did: %+v", name, info, written)
		}
		got, err := os.ReadFile(path)
		if err != nil || len(got) != len(content) {
			t.Errorf("%s: the file has %d bytes, %v, want %d", name, len(got), err, len(content))
			continue
		}
		from := max(strings.Index(content, "f"), 0)
		if !strings.Contains(content, "f") {
			from = max(len(content)-8, 0)
		}
		if string(got[from:]) != content[from:] {
			t.Errorf("%s: the end of the file is not the object's", name)
		}
	}
	if _, _, err := b.DownloadFooter(t.Context(), "a/missing.parquet", t.TempDir()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("DownloadFooter of no object: %v, want ErrNotFound", err)
	}
}

func testDownloadNames(t *testing.T, b store.Bucket) {
	dir := t.TempDir()
	Put(t, b, "a/x.json", "a", nil)
	Put(t, b, "b/x.json", "b", nil)
	contents := make(map[string]string)
	for _, key := range []string{"a/x.json", "b/x.json", "a/x.json"} {
		path, _, err := b.Download(t.Context(), key, dir)
		if err != nil {
			t.Fatal(err)
		}
		contents[path] = key[:1]
	}
	if len(contents) != 3 {
		t.Fatalf("three downloads gave %d files", len(contents))
	}
	for path, want := range contents {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s holds %q, %v, want %q", path, got, err, want)
		}
	}
}

func testSweep(t *testing.T, b store.Bucket) {
	Put(t, b, "a/b.json", "old", nil)
	create(t, b, "a/b.json", "left behind")
	create(t, b, "c/d/e.json", "left behind")
	if n, err := b.Sweep(t.Context()); n != 2 || err != nil {
		t.Errorf("Sweep: %d, %v, want 2, nil", n, err)
	}
	if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
		t.Errorf("a second Sweep: %d, %v, want 0, nil", n, err)
	}
	wantKeys(t, b, "", "a/b.json")
	wantContent(t, b, "a/b.json", "old")
}

func testCheck(t *testing.T, b store.Bucket) {
	for range 2 {
		if err := b.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Sweep(t.Context()); n != 0 || err != nil {
			t.Errorf("Sweep after Check: %d, %v, want 0, nil", n, err)
		}
		Put(t, b, "a.json", "x", nil)
	}
	wantKeys(t, b, "", "a.json")
}

func testURI(t *testing.T, b store.Bucket) {
	seen := make(map[string]string)
	for _, key := range []string{"a/b.json", "a/c.json", "a b/c.json", "a%20b/c.json", "a?b", "a#b", "ü.json"} {
		uri := b.URI(key)
		if other, ok := seen[uri]; ok || !strings.Contains(uri, "://") {
			t.Errorf("URI(%q) is %q (also of %q)", key, uri, other)
		}
		seen[uri] = key
	}
}

func testMetadata(t *testing.T, b store.Bucket) {
	want := map[string]string{"wplake.run_id": "r1", "empty": "", "text": "quotes \" and\nlines, ü 🎉"}
	info := Put(t, b, "a/b.json", "x", want)
	if !maps.Equal(info.Metadata, want) {
		t.Errorf("Commit gave %v, want %v", info.Metadata, want)
	}
	stat, err := b.Stat(t.Context(), "a/b.json")
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(stat.Metadata, want) {
		t.Errorf("Stat gave %v, want %v", stat.Metadata, want)
	}
	if _, got, err := b.Download(t.Context(), "a/b.json", t.TempDir()); err != nil || !maps.Equal(got.Metadata, want) {
		t.Errorf("Download gave %v, %v, want %v", got.Metadata, err, want)
	}
	infos, err := b.List(t.Context(), "")
	if err != nil || len(infos) != 1 {
		t.Fatalf("List gave %v, %v", infos, err)
	}
}

func testMetadataReplaced(t *testing.T, b store.Bucket) {
	for _, want := range []map[string]string{{"run": "1", "only": "here"}, {"run": "2"}, nil, {"run": "3"}} {
		Put(t, b, "a/b.json", "x", want)
		stat, err := b.Stat(t.Context(), "a/b.json")
		if err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(stat.Metadata, want) || (stat.Metadata == nil) != (want == nil) {
			t.Errorf("Stat gave %v, want %v", stat.Metadata, want)
		}
	}
}

// Put writes an object and fails the test when that fails.
func Put(t *testing.T, b store.Bucket, key, content string, metadata map[string]string) store.Info {
	t.Helper()
	return commit(t, create(t, b, key, content), metadata)
}

func create(t *testing.T, b store.Bucket, key, content string) store.Upload {
	t.Helper()
	u, err := b.Create(t.Context(), key)
	if err != nil {
		t.Fatalf("Create(%q): %v", key, err)
	}
	if err := os.WriteFile(u.Path(), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return u
}

func commit(t *testing.T, u store.Upload, metadata map[string]string) store.Info {
	t.Helper()
	info, err := u.Commit(t.Context(), metadata)
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return info
}

func wantContent(t *testing.T, b store.Bucket, key, want string) {
	t.Helper()
	r, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open(%q): %v", key, err)
	}
	got, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s holds %q, want %q", key, got, want)
	}
}

func wantKeys(t *testing.T, b store.Bucket, prefix string, want ...string) {
	t.Helper()
	infos, err := b.List(t.Context(), prefix)
	if err != nil {
		t.Fatalf("List(%q): %v", prefix, err)
	}
	var got []string
	for _, info := range infos {
		got = append(got, info.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("List(%q) gave %q, want %q", prefix, got, want)
	}
}
