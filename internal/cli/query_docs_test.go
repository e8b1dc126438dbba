package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"wplake/internal/cli"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
)

// sampleLake makes a lake of the sample and gives a function that runs a
// command in it and returns what it printed.
func sampleLake(t *testing.T) func(args ...string) string {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		if status := cli.Main(args, strings.NewReader(""), &out, &errOut); status != 0 {
			t.Errorf("wplake %s: exit status %d\n%s", strings.Join(args, " "), status, errOut.String())
		}
		return out.String()
	}
	run("init", dir, "--quiet")
	inLake := func(args ...string) string {
		t.Helper()
		return run(append([]string{"--config", filepath.Join(dir, "wplake.yaml")}, args...)...)
	}
	inLake("run", "--quiet")
	return inLake
}

// TestDocumentedQueries runs every example of SQL in the documentation.
func TestDocumentedQueries(t *testing.T) {
	t.Parallel()
	wplake := sampleLake(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "query.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)\n```sql\n(.*?)\n```\n").FindAllStringSubmatch(string(text), -1)
	if len(examples) < 5 {
		t.Fatalf("the documentation has %d examples", len(examples))
	}
	question, err := os.ReadFile(filepath.Join("..", "..", "examples", "most-read-posts.sql"))
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range append(examples, []string{"", string(question)}) {
		var rows []map[string]any
		out := wplake("query", "--json", "--", sql[1])
		if err := json.Unmarshal([]byte(out), &rows); err != nil || len(rows) == 0 {
			t.Errorf("%s\n%d rows, %v", sql[1], len(rows), err)
		}
	}
}

// TestAttachedViews runs the SQL that attach prints in a DuckDB of its own and
// compares what it sees with what query sees.
func TestAttachedViews(t *testing.T) {
	t.Parallel()
	wplake := sampleLake(t)
	var at struct {
		Tables []struct{ Schema, Name, Path string }
		SQL    string
	}
	if err := json.Unmarshal([]byte(wplake("attach", "--json")), &at); err != nil {
		t.Fatal(err)
	}
	if printed := wplake("attach", "--format", "duckdb"); printed != at.SQL {
		t.Errorf("attach --format duckdb printed\n%s\nand --json has\n%s", printed, at.SQL)
	}
	e, err := duckdb.Open(t.Context(), duckdb.Options{MemoryLimit: 128 << 20, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	statements, rest := engine.Split(at.SQL)
	if !engine.IsBlank(rest) || len(statements) < len(at.Tables) {
		t.Fatalf("%d statements and %q", len(statements), rest)
	}
	for _, sql := range statements {
		count(t, e, sql)
	}
	if len(at.Tables) < 20 {
		t.Errorf("only %d tables", len(at.Tables))
	}
	for _, table := range at.Tables {
		name := engine.Ident(table.Schema) + "." + engine.Ident(table.Name)
		if theirs, ours := count(t, e, "SELECT count(*) FROM "+name), wplake("query", "SELECT count(*) AS n FROM "+name, "--format", "jsonl"); theirs+"\n" != ours {
			t.Errorf("%s: attached it has %s rows, in query %s", name, theirs, ours)
		}
		if file := count(t, e, "SELECT count(*) FROM read_parquet("+engine.Literal(table.Path)+")"); file != count(t, e, "SELECT count(*) FROM "+name) {
			t.Errorf("%s: the file has other rows than the view", name)
		}
	}
	if count(t, e, `SELECT count(*) FROM "silver-posts"`) != count(t, e, "SELECT count(*) FROM silver.posts") {
		t.Error("the name without a schema is another table")
	}
}

// count runs a statement and writes the number that it gives, if any, as a
// line of JSON.
func count(t *testing.T, e engine.Engine, sql string) string {
	t.Helper()
	rows, err := e.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	defer rows.Close()
	out := ""
	for rows.Next() {
		if n, ok := rows.Values()[0].(int64); ok {
			data, err := json.Marshal(map[string]int64{"n": n})
			if err != nil {
				t.Fatal(err)
			}
			out = string(data)
		}
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", sql, rows.Err())
	}
	return out
}
