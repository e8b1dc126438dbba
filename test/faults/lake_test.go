//go:build faults

package faults

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wplake/internal/lake"
)

// The two definitions of a lake that differ in nothing but the site's content.
const (
	oldSite = "old.yaml"
	newSite = "new.yaml"
)

// testLake is a lake whose site can be either of two.
type testLake struct {
	dir  string // holds the definitions
	root string // holds the buckets and wplake's own folder
	read *reader
}

// size is how much the sample sites hold.
type size struct{ posts, statistics int }

// newLake makes a lake in dir. Nothing has run yet.
func newLake(t *testing.T, dir string, s size) *testLake {
	t.Helper()
	must(t, filepath.Dir(dir), "init", dir, "--source", "sample")
	// statistics_pages keeps what vanishes, which is the default: its runs merge
	// with the object before. Both sites give its rows the same keys.
	for seed, file := range []string{oldSite, newSite} {
		definition := fmt.Sprintf(`source:
  kind: sample
  sample:
    seed: %d
    posts: %d
    statistics: %d
bronze:
  max_loss: 1
objects:
  posts: {on_delete: drop}
`, seed+1, s.posts, s.statistics)
		if err := os.WriteFile(filepath.Join(dir, file), []byte(definition), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &testLake{dir: dir, root: filepath.Join(dir, "lake"), read: newReader(t)}
}

// run runs the whole pipeline on a site.
func (l *testLake) run(t *testing.T, site string, args ...string) result {
	t.Helper()
	return must(t, l.dir, append([]string{"run", "--json", "--config", site}, args...)...)
}

// begin begins to write every object anew from a site.
func (l *testLake) begin(t *testing.T, site string) *process {
	t.Helper()
	return start(t, l.dir, "run", "--json", "--full", "--config", site)
}

// version is what a lake holds after an undisturbed run.
type version struct {
	site    string
	content map[string]string // an object's path within the root → its content
	catalog string            // the tables with their columns and rows
	files   []string          // all paths within the root
}

// versions runs both sites undisturbed, and returns what the lake holds after
// each and how long a run takes. The lake holds the old site at the end.
func (l *testLake) versions(t *testing.T) (oldV, newV version, life time.Duration) {
	t.Helper()
	const rounds = 3
	var lives []time.Duration
	for round := range rounds {
		for _, v := range []*version{&newV, &oldV} {
			site := newSite
			if v == &oldV {
				site = oldSite
			}
			lives = append(lives, l.run(t, site, "--full").took)
			again := version{site: site, content: l.content(t), catalog: l.catalog(t, site), files: l.files(t)}
			if round > 0 && !maps.Equal(v.content, again.content) {
				t.Fatalf("%s twice gives different content, so it cannot be told whole from torn:\n%v\n%v", site, v.content, again.content)
			}
			*v = again
		}
	}
	slices.Sort(lives)
	if len(newV.content) < 15 {
		t.Fatalf("five objects in three layers are expected, not only %v", slices.Sorted(maps.Keys(newV.content)))
	}
	same := 0
	for path, content := range newV.content {
		if oldV.content[path] == content {
			same++
			t.Logf("the same in both sites: %s", path)
		}
	}
	if same > len(newV.content)/2 {
		t.Fatalf("%d of %d objects are the same in both sites: the suite would see too little", same, len(newV.content))
	}
	return oldV, newV, lives[len(lives)/2]
}

// paths returns all files below the root, relative to it.
func (l *testLake) files(t *testing.T) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(l.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(l.root, path)
		paths = append(paths, filepath.ToSlash(rel))
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return paths
}

// isObject reports whether a path within the root is an object of a bucket:
// neither wplake's own state nor a write under way.
func isObject(path string) bool {
	return !strings.HasPrefix(path, ".wplake/") && !isTemporary(path)
}

func isTemporary(path string) bool {
	return strings.HasPrefix(filepath.Base(path), ".wplake-")
}

// isRecord reports whether a path is one of those that every run may add to:
// the reports of runs, the log, the catalog's journal.
func isRecord(path string) bool {
	for _, pattern := range []string{".wplake/runs/*.json", ".wplake/wplake.log*", ".wplake/catalog.db-*"} {
		if ok, _ := filepath.Match(pattern, path); ok { // the patterns are well-formed
			return true
		}
	}
	return false
}

// content returns the content of every object.
func (l *testLake) content(t *testing.T) map[string]string {
	t.Helper()
	content := map[string]string{}
	for _, path := range l.files(t) {
		if isObject(path) {
			content[path] = l.read.content(t, filepath.Join(l.root, filepath.FromSlash(path)))
		}
	}
	return content
}

// catalog returns what the catalog says of every table.
func (l *testLake) catalog(t *testing.T, site string) string {
	t.Helper()
	var listed struct {
		Tables []struct {
			Name    string
			Columns []lake.Column
			Rows    int64
		}
	}
	r := must(t, l.dir, "tables", "--json", "--config", site)
	if err := json.Unmarshal([]byte(r.stdout), &listed); err != nil {
		t.Fatalf("not one JSON document on standard output: %v\n%s", err, r)
	}
	if len(listed.Tables) < 10 {
		t.Fatalf("five objects in two layers are expected, not only %v", listed.Tables)
	}
	return fmt.Sprint(listed.Tables)
}

// mustHold checks that every object is one of the versions' objects, whole.
// absent tells whether an object may be missing as well. It returns how many
// objects are the last version's.
func (l *testLake) mustHold(t *testing.T, absent bool, versions ...version) int {
	t.Helper()
	last := versions[len(versions)-1]
	found := l.content(t)
	arrived := 0
	for path, content := range found {
		if !slices.ContainsFunc(versions, func(v version) bool { return v.content[path] == content }) {
			t.Errorf("%s is neither the old nor the new object: %s", path, content)
		}
		if last.content[path] == content {
			arrived++
		}
	}
	for path := range last.content {
		if _, ok := found[path]; !ok && !absent {
			t.Errorf("%s is gone", path)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return arrived
}

// mustRecover runs a site without a word about what happened before, and
// checks that the lake is then as after an undisturbed run, with nothing left.
func (l *testLake) mustRecover(t *testing.T, v version) {
	t.Helper()
	r := l.run(t, v.site)
	if status := r.report(t).Status; status != "SUCCEEDED" {
		t.Fatalf("the run after says %s: %s", status, r)
	}
	l.mustHold(t, false, v)
	expected := func(path string) bool { return slices.Contains(v.files, path) || isRecord(path) }
	if left := slices.DeleteFunc(l.files(t), expected); len(left) > 0 {
		t.Fatalf("left behind after the next run: %v", left)
	}
	if catalog := l.catalog(t, v.site); catalog != v.catalog {
		t.Fatalf("the catalog is not that of the objects:\n%s\nafter an undisturbed run:\n%s", catalog, v.catalog)
	}
	must(t, l.dir, "query", "--config", v.site, `SELECT count(*) FROM silver.posts`)
}
