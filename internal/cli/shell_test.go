package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// fakeReader answers every query with its own text; SQL that begins with
// "fail" fails, and the vocabulary's query gives a few tables.
type fakeReader struct {
	asked  []string
	closed bool
}

func (r *fakeReader) Query(_ context.Context, sql string, _ map[string]any) (engine.Rows, error) {
	if strings.HasPrefix(sql, "SELECT DISTINCT schema_name") {
		return &fakeRows{columns: columns("s", "string", "t", "string", "c", "string"), rows: [][]any{
			{"main", "silver-posts", "ID"}, {"main", "silver-posts", "post_title"}, {"silver", "posts", "ID"}, {"silver", "posts", "odd name"}, {"bronze", "terms", "term_id"},
		}}, nil
	}
	r.asked = append(r.asked, sql)
	if strings.HasPrefix(sql, "fail") {
		return nil, &lake.Error{Code: lake.QueryInvalid, Message: "no"}
	}
	return &fakeRows{columns: columns("sql", "string"), rows: [][]any{{sql}}}, nil
}

func (r *fakeReader) Export(context.Context, string, map[string]any, string) (int64, error) {
	return 0, errors.New("not here")
}

func (r *fakeReader) Close() error { r.closed = true; return nil }

func newSession(t *testing.T) (*session, *[]*fakeReader, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	var readers []*fakeReader
	s := &session{app: &app{stdout: &out}, out: &out, format: formatCSV}
	s.open = func(context.Context) (engine.Reader, error) {
		r := &fakeReader{}
		readers = append(readers, r)
		return r, nil
	}
	if err := s.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, &readers, &out
}

func TestShellScript(t *testing.T) {
	t.Parallel()
	for script, want := range map[string][]string{
		"":                            nil,
		"a;":                          {"a"},
		"a; b;\nc":                    {"a", "b", "c"},
		"a\n;\n\n b 'x;\ny' ;":        {"a", "b 'x;\ny'"},
		"-- nothing\n;;\n":            nil,
		".format json\na;":            {"a"},
		"a\n.format json\n;":          {"a\n.format json"}, // within a statement it is no command
		"a;\n.quit\nb;":               {"a"},
		"a;\n  .exit ;\nb;":           {"a"},
		"a;\nfail here;\nb;":          {"a", "fail here"},
		"a /* .quit\n.quit\n*/; b":    {"a /* .quit\n.quit\n*/", "b"},
		".schema silver.posts\n":      {"DESCRIBE silver.posts"},
		".schema SILVER-posts":        {`DESCRIBE "silver-posts"`},
		"a 'never closed; b;\n.quit":  {"a 'never closed; b;\n.quit"},
		".format json\n.format csv\n": nil,
	} {
		s, readers, _ := newSession(t)
		err := s.script(t.Context(), strings.NewReader(script))
		if (err != nil) != strings.Contains(script, "fail") {
			t.Errorf("%q: %v", script, err)
		}
		if d := cmp.Diff(want, (*readers)[0].asked); d != "" {
			t.Errorf("%q (-want +got):\n%s", script, d)
		}
	}
}

func TestShellCommands(t *testing.T) {
	t.Parallel()
	s, readers, out := newSession(t)
	for _, line := range []string{".help", ".tables", ".format", ".format markdown", ".refresh", ".schema bronze.terms"} {
		if err := s.input(t.Context(), line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if s.format != formatMarkdown {
		t.Errorf("the format is %s", s.format)
	}
	if len(*readers) != 2 || !(*readers)[0].closed || (*readers)[1].closed {
		t.Error(".refresh did not change the reader for a new one")
	}
	for _, want := range []string{".quit", ".schema NAME", "csv\n", "DESCRIBE bronze.terms"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q was not printed:\n%s", want, out)
		}
	}
	for line, want := range map[string]string{
		".tabels": "did you mean .tables?", ".nonsense": ".help lists", ".schema": "needs the NAME", ".schema silver.post": "did you mean silver.posts?",
		".format parquet": "no format", ".quit now": "takes no argument",
	} {
		err := s.input(t.Context(), line)
		if _, usage := errors.AsType[usageError](err); !usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
	if s.done {
		t.Error("the session ended")
	}
}

func TestShellIsComplete(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, "  \n": true, "-- only a comment": true, ".help": true, "SELECT 1": false, "SELECT 1;": true, "SELECT 1; SELECT 2": false,
		"SELECT ';": false, "SELECT ';';": true, "SELECT 1; -- done": true, "/* open": false, "SELECT $$;": false,
	} {
		if got := isComplete(text); got != want {
			t.Errorf("isComplete(%q) = %v", text, got)
		}
	}
}

func TestShellComplete(t *testing.T) {
	t.Parallel()
	s, _, _ := newSession(t)
	for _, tc := range []struct {
		text, prefix string
		want         []string // among the candidates
		not          string   // not among them
	}{
		{"SEL", "SEL", []string{"SELECT"}, "select"},
		{"sel", "sel", []string{"select"}, "SELECT"},
		{"SELECT * FROM ", "", []string{`"silver-posts"`, "silver.posts", "bronze.terms"}, "SELECT"},
		{"SELECT * FROM sil", "sil", []string{"silver.posts"}, "bronze.terms"},
		{"SELECT * FROM SIL", "SIL", []string{"silver.posts"}, "bronze.terms"},
		{`SELECT * FROM "sil`, `"sil`, []string{`"silver-posts"`}, "silver.posts"},
		{"SELECT * FROM silver.", "silver.", []string{"silver.posts"}, "bronze.terms"},
		{"SELECT * FROM silver.p", "silver.p", []string{"silver.posts"}, "silver.ID"},
		{"SELECT p.", "p.", []string{"p.ID", "p.post_title", `p."odd name"`}, "ID"},
		{"SELECT p.post", "p.post", []string{"p.post_title"}, "p.ID"},
		{"SELECT ID, ter", "ter", []string{"term_id"}, "ID"},
		{`SELECT "od`, `"od`, []string{`"odd name"`}, "ID"},
		{"SELECT 1;\nSELECT x FROM a JOIN bro", "bro", []string{"bronze.terms"}, "silver.posts"},
		{"SELECT id", "id", []string{"ID"}, "term_id"},
		{".sch", ".sch", []string{".schema"}, ".tables"},
		{".schema sil", "sil", []string{"silver.posts"}, "bronze.terms"},
		{".format js", "js", []string{"json", "jsonl"}, "csv"},
	} {
		prefix, got := s.names.complete(tc.text)
		if prefix != tc.prefix {
			t.Errorf("%q: the prefix is %q, want %q", tc.text, prefix, tc.prefix)
		}
		for _, w := range tc.want {
			if !slices.Contains(got, w) {
				t.Errorf("%q: %s is not among %q", tc.text, w, got)
			}
		}
		if slices.Contains(got, tc.not) {
			t.Errorf("%q: %s is among %q", tc.text, tc.not, got)
		}
	}
	for _, text := range []string{"SELECT 'sil", "SELECT $na"} {
		if _, got := s.names.complete(text); len(got) > 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// FuzzShell holds that any text can be completed and run.
func FuzzShell(f *testing.F) {
	for _, s := range []string{"SELECT 1; SELECT", ".schema", "a.\"b", "'", "$$", "/*", "a . b", ".", "..", "\"\"\".", "é.ü", ";"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, readers, _ := newSession(t)
		prefix, candidates := s.names.complete(text)
		if !strings.HasSuffix(text, prefix) {
			t.Fatalf("%q does not end with the prefix %q", text, prefix)
		}
		for _, c := range candidates {
			if len(c) < len(prefix) || !strings.EqualFold(c[:len(prefix)], prefix) {
				t.Fatalf("%q: %q does not begin with %q", text, c, prefix)
			}
		}
		_ = s.script(t.Context(), strings.NewReader(text)) // an error is an answer
		for _, sql := range (*readers)[0].asked {
			if engine.IsBlank(sql) {
				t.Fatalf("%q: a statement of nothing was run", text)
			}
		}
		isComplete(text)
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state", "shell_history")
	h, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	typed := []string{"SELECT 1;", "SELECT\n 'two\u202e lines';", strings.Repeat("x", 200_000)}
	for _, text := range append(typed, typed[2], "  ") { // neither twice nor nothing
		if _, err := h.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, append(readAll(t, path), "cut off {\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	h, err = openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(typed, h.lines); d != "" || h.Len() != 3 {
		t.Errorf("(-want +got):\n%s", d)
	}
	if line, err := h.GetLine(0); line != typed[0] || err != nil {
		t.Errorf("GetLine(0): %q, %v", line, err)
	}
	for _, pos := range []int{-1, 3} {
		if _, err := h.GetLine(pos); err == nil {
			t.Errorf("GetLine(%d) gave a line", pos)
		}
	}
	for i := range 3 * maxHistory {
		if _, err := h.Write(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if h, err = openHistory(path); err != nil || h.Len() != maxHistory {
		t.Fatalf("%d lines, %v", h.Len(), err)
	}
	if line, err := h.GetLine(maxHistory - 1); line != fmt.Sprint(3*maxHistory-1) || err != nil {
		t.Errorf("the last line is %q, %v", line, err)
	}
	if n := bytes.Count(readAll(t, path), []byte("\n")); n != maxHistory {
		t.Errorf("the file has %d lines", n)
	}
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
