package duckdb

import (
	"context"
	"strings"
	"testing"
	"time"

	bindings "github.com/duckdb/duckdb-go-bindings"

	"wplake/internal/engine"
)

func openTestReader(t testing.TB) *Reader {
	t.Helper()
	r, err := OpenReader(t.Context(), ReaderOptions{MemoryLimit: 64 << 20, Threads: 1, TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func seeds() []string {
	return []string{
		"SELECT 1", "select 1; select 2", "EXPLAIN ANALYZE SELECT 1", "EXPLAIN (ANALYZE, FORMAT json) SELECT 1", "EXPLAIN (SELECT 1)",
		"EXPLAIN ANALYZE CREATE TABLE x (a INTEGER)", "WITH a AS (SELECT 1) INSERT INTO x FROM a", "((VALUES (1)))", "PIVOT x ON y",
		"SELECT $$;$$, $tag$ $$ ; $tag$, $1, $name", "SELECT E'\\';', 'it''s;' -- ;\n;", "/* /* ; */ ; */ SELECT ';'", `SELECT "a;""b" FROM "c"`,
		"FROM read_text('/etc/passwd')", "SELECT * FROM range(3)", "COPY (SELECT 1) TO 'x'", "SET a = 1", "PRAGMA version", "CALL pragma_version()",
		"SELECT 1 /* never closed", "SELECT 'never closed", "SELECT $$never closed", "DESCRIBE x", "SHOW TABLES", "SUMMARIZE SELECT 1", "\x00", "é; ü",
		"EXPLAIN EXPLAIN SELECT 1", "EXPLAIN /* ANALYZE */ ANALYZE -- x\n SELECT 1", "TABLE x", "DESC x", "UNPIVOT x ON a", "SELECT U&'d\\0061t;'",
		"SELECT x'ab', b'01', E'a''b\\'", "CREATE TABLE x AS SELECT 1", "SELECT a$b$ ; $b$", "select 1 as $$", "USE x", "EXPLAIN ANALYZE (FORMAT json) SELECT 1",
	}
}

// FuzzGuard holds that whatever passes the guard is one statement that reads,
// also what an EXPLAIN runs.
func FuzzGuard(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	r := openTestReader(f)
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := guardText(sql)
		if err != nil {
			return
		}
		if !strings.HasSuffix(s.text, s.inner) {
			t.Fatalf("the inner statement %q is not the end of %q", s.inner, s.text)
		}
		c, err := r.db.connect()
		if err != nil {
			t.Fatal(err)
		}
		defer c.close()
		p, err := r.prepare(t.Context(), c, s)
		if err != nil {
			return
		}
		kind := bindings.PreparedStatementType(p)
		bindings.DestroyPrepare(&p)
		if kind == bindings.StatementTypeExplain {
			inner, err := c.prepareOne(t.Context(), s.inner)
			if err != nil {
				t.Fatalf("%q passed, and what it explains does not stand alone: %v", sql, err)
			}
			kind = bindings.PreparedStatementType(inner)
			bindings.DestroyPrepare(&inner)
		}
		if kind != bindings.StatementTypeSelect {
			t.Fatalf("%q passed and is of the kind %d", sql, kind)
		}
		statements, n, err := c.extract(sql)
		if err != nil || n != 1 {
			t.Fatalf("%q passed and is %d statements: %v", sql, n, err)
		}
		bindings.DestroyExtracted(&statements)
	})
}

// FuzzSplit holds the splitter against DuckDB's own parser.
func FuzzSplit(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	r := openTestReader(f)
	c, err := r.db.connect()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(c.close)
	f.Fuzz(func(t *testing.T, sql string) {
		if strings.ContainsRune(sql, 0) {
			return
		}
		texts, rest := engine.Split(sql)
		n := len(texts)
		if !engine.IsBlank(rest) {
			n++
		}
		if strings.Contains(strings.ToUpper(sql), "PIVOT") || strings.Contains(strings.ToUpper(sql), "PRAGMA") || strings.Contains(strings.ToUpper(sql), "IMPORT") {
			return // DuckDB makes several of one
		}
		statements, count, err := c.extract(sql)
		if err != nil {
			return
		}
		bindings.DestroyExtracted(&statements)
		if count != n {
			t.Fatalf("%q: %d statements (%q, %q), DuckDB says %d", sql, n, texts, rest, count)
		}
	})
}

// TestAbandoned holds that a query that does not listen is left to itself, and
// that nothing of it is touched afterwards.
func TestAbandoned(t *testing.T) {
	t.Parallel()
	r := openTestReader(t)
	r.patience = time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	// One value that is computed in one go.
	start := time.Now()
	_, err := r.Query(ctx, "SELECT length(list_aggregate(list_transform(range(4000000), x -> md5(x::VARCHAR)), 'string_agg', ''))", nil)
	if err == nil {
		t.Skip("this machine was too fast for the test")
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("the query was left after %s", d)
	}
	if _, err := r.Query(t.Context(), "SELECT 1", nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
