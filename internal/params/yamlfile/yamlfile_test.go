package yamlfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/lake"
	"wplake/internal/params"
	"wplake/internal/params/paramstest"
	"wplake/internal/params/yamlfile"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	paramstest.Run(t, func(t *testing.T) params.Store {
		return yamlfile.New(filepath.Join(t.TempDir(), "lake", "params.yaml"))
	})
}

func TestSuiteWithDefaults(t *testing.T) {
	t.Parallel()
	paramstest.Run(t, func(t *testing.T) params.Store {
		return params.WithDefaults(yamlfile.New(filepath.Join(t.TempDir(), "params.yaml")), nil)
	})
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "params.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadsWhatAPersonWrote(t *testing.T) {
	t.Parallel()
	path := write(t, `
# by hand
/a/list: {type: StringList, value: "x,y"}
/b/short: just text
/c/number: 42
/d/notype:
  value: v
/e/folded:
  type: SecureString
  value: >-
    one
    two
`)
	got, err := yamlfile.New(path).List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []params.Parameter{
		{Name: "/a/list", Type: params.StringList, Value: "x,y"},
		{Name: "/b/short", Type: params.String, Value: "just text"},
		{Name: "/c/number", Type: params.String, Value: "42"},
		{Name: "/d/notype", Type: params.String, Value: "v"},
		{Name: "/e/folded", Type: params.SecureString, Value: "one two"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEmptyFileHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n"} {
		if got, err := yamlfile.New(write(t, text)).List(t.Context(), ""); err != nil || len(got) != 0 {
			t.Errorf("%q: List = %v, %v", text, got, err)
		}
	}
}

func TestDamagedFileIsNamedAndKept(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"not YAML":       "/a: [hunter2",
		"a list":         "- hunter2\n",
		"unknown key":    "/a:\n  value: v\n  valeu: hunter2\n",
		"nested value":   "/a:\n  value: {x: hunter2}\n",
		"twice the same": "/a: v\n/a: hunter2\n",
		"not a name":     "a b: hunter2\n",
		"unknown type":   "/a: {type: Secret, value: hunter2}\n",
		"empty value":    "/a: ''\n",
	} {
		path := write(t, text)
		s := yamlfile.New(path)
		_, err := s.Get(t.Context(), "/a")
		if !lake.HasCode(err, lake.StateDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: Get: %v; want the code StateDamaged and the path", name, err)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows a value: %v", name, err)
		}
		if err := s.Put(t.Context(), params.Parameter{Name: "/b", Type: params.String, Value: "v"}); !lake.HasCode(err, lake.StateDamaged) {
			t.Errorf("%s: Put: %v; want the code StateDamaged", name, err)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != text {
			t.Errorf("%s: the file is now %q, %v", name, kept, err)
		}
	}
}

func TestFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "params.yaml")
	// What a killed writer may have left, with too open a mode.
	if err := os.WriteFile(path+".tmp", []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := yamlfile.New(path).Put(t.Context(), params.Parameter{Name: "/a", Type: params.SecureString, Value: "v"}); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, want 0600", info.Mode().Perm())
	}
	if _, err := os.Stat(path + ".tmp"); !os.IsNotExist(err) {
		t.Errorf("the temporary file is still there: %v", err)
	}
}

func TestUnwritableFolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(write(t, "x: y\n"), "params.yaml") // below a file
	err := yamlfile.New(path).Put(t.Context(), params.Parameter{Name: "/a", Type: params.String, Value: "v"})
	if !lake.HasCode(err, lake.StorageFailed) {
		t.Errorf("Put: %v; want the code StorageFailed", err)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"v", "a: b", "\u2028\"\\", "\x85", "'", "💶\n", "\r"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		s := yamlfile.New(filepath.Join(t.TempDir(), "params.yaml"))
		p := params.Parameter{Name: "/a", Type: params.String, Value: value}
		if params.Check(p) != nil {
			t.Skip()
		}
		if err := s.Put(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(t.Context(), "/a")
		if err != nil {
			t.Fatal(err)
		}
		if got.Value != value {
			t.Errorf("put %q, got %q", value, got.Value)
		}
	})
}
