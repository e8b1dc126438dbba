package enginetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// Dataset is the default schema of the readers that RunReader opens.
const Dataset = "wordpress_api"

// RunReader checks a Reader. write makes Parquet files; open gives a reader of
// tables, with Dataset as the default schema and a memory limit of about 256
// MB, and closes it when the test ends.
func RunReader(t *testing.T, write func(t *testing.T) engine.Engine, open func(t *testing.T, tables []engine.Table) engine.Reader) {
	dir := t.TempDir()
	tables := sampleTables(t, write(t), dir)
	run := func(name string, test func(t *testing.T, r engine.Reader)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, tables))
		})
	}
	run("Names", testNames)
	run("Statements", testStatements)
	run("Refused", func(t *testing.T, r engine.Reader) { testRefused(t, r, dir) })
	run("Invalid", testInvalid)
	run("Parameters", testParameters)
	run("Types", func(t *testing.T, r engine.Reader) {
		testTypes(t, func(ctx context.Context, sql string, _ ...any) (engine.Rows, error) { return r.Query(ctx, sql, nil) })
	})
	run("Order", testOrder)
	run("OutOfMemory", testOutOfMemory)
	run("Cancel", testReaderCancel)
	t.Run("Export", func(t *testing.T) {
		t.Parallel()
		testExport(t, open(t, tables), func(path string) engine.Reader {
			return open(t, []engine.Table{{Schema: Dataset, Name: "out", Path: path}})
		})
	})
	run("ExportFailures", testExportFailures)
	run("Concurrent", testReaderConcurrent)
	t.Run("Damaged", func(t *testing.T) {
		t.Parallel()
		bad := filepath.Join(dir, "bad.parquet")
		if err := os.WriteFile(bad, []byte("not Parquet at all"), 0o600); err != nil {
			t.Fatal(err)
		}
		testDamaged(t, open(t, append([]engine.Table{{Schema: "bronze", Name: "broken", Path: bad}}, tables...)))
	})
	t.Run("Empty", func(t *testing.T) {
		t.Parallel()
		testEmpty(t, open(t, nil))
	})
}

// sampleTables writes two tables under all of their names, and a file that no
// table is made of.
func sampleTables(t *testing.T, e engine.Engine, dir string) []engine.Table {
	t.Helper()
	posts := filepath.Join(dir, "posts.parquet")
	mustCopy(t, e, engine.Copy{
		SQL:  `SELECT range AS "ID", 'Title ' || range AS post_title, TIMESTAMP '2026-01-01' + INTERVAL (range) HOUR AS post_date FROM range(1000)`,
		Path: posts,
	})
	rejects := filepath.Join(dir, "it's rejected.parquet")
	mustCopy(t, e, engine.Copy{SQL: "SELECT 'NotNumber' AS reason", Path: rejects})
	mustCopy(t, e, engine.Copy{SQL: "SELECT 'secret' AS secret", Path: filepath.Join(dir, "other.parquet")})
	return []engine.Table{
		{Schema: Dataset, Name: "silver-posts", Path: posts},
		{Schema: "silver", Name: "posts", Path: posts},
		{Schema: "silver_rejects", Name: "posts", Path: rejects},
		{Schema: "bronze", Name: `odd "name"`, Path: rejects},
	}
}

// readAll runs a query and gives its rows as text.
func readAll(ctx context.Context, r engine.Reader, sql string, params map[string]any) ([][]string, error) {
	rows, err := r.Query(ctx, sql, params)
	if err != nil {
		return nil, err
	}
	var out [][]string
	for rows.Next() {
		var row []string
		for _, v := range rows.Values() {
			row = append(row, fmt.Sprint(v))
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		_ = rows.Close() // the first error is the one that matters
		return nil, err
	}
	return out, rows.Close()
}

func testNames(t *testing.T, r engine.Reader) {
	for _, from := range []string{
		`"silver-posts"`, `silver.posts`, Dataset + `."silver-posts"`, `"SILVER"."Posts"`, `silver.posts AS p JOIN "silver-posts" AS q USING (id)`,
	} {
		got, err := readAll(t.Context(), r, "SELECT count(*) FROM "+from, nil)
		if err != nil || len(got) != 1 || got[0][0] != "1000" {
			t.Errorf("FROM %s: %v, %v", from, got, err)
		}
	}
	for _, from := range []string{"silver_rejects.posts", `bronze."odd ""name"""`} {
		got, err := readAll(t.Context(), r, "SELECT reason FROM "+from, nil)
		if err != nil || len(got) != 1 || got[0][0] != "NotNumber" {
			t.Errorf("FROM %s: %v, %v", from, got, err)
		}
	}
}

func testStatements(t *testing.T, r engine.Reader) {
	for _, sql := range []string{
		"SELECT 1",
		"select 1;",
		"  -- a comment; with a semicolon\n SELECT 1 /* and; another */ ; -- and a last",
		"(SELECT 1)",
		"((SELECT 1) UNION ALL (SELECT 2))",
		"WITH a AS (SELECT 1) SELECT * FROM a",
		"WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) FROM t",
		"FROM silver.posts LIMIT 1",
		"VALUES (1), (2)",
		"TABLE silver.posts",
		"DESCRIBE silver.posts",
		"DESC silver.posts",
		"DESCRIBE SELECT 1",
		"SHOW TABLES",
		"SHOW ALL TABLES",
		"SUMMARIZE silver.posts",
		"SUMMARIZE SELECT 1 AS a",
		`PIVOT silver.posts ON post_title IN ('Title 1', 'Title 2') USING count(*) GROUP BY post_date`,
		"UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
		"EXPLAIN SELECT 1",
		"EXPLAIN ANALYZE SELECT count(*) FROM silver.posts",
		"EXPLAIN (FORMAT json) SELECT 1",
		"EXPLAIN (ANALYZE, FORMAT json) FROM silver.posts",
		"EXPLAIN (SELECT 1)",
		"SELECT ';', 'a;b', \"ID\" FROM silver.posts LIMIT 1",
		"SELECT $$ ; DROP TABLE x; $$",
		"SELECT E'it\\'s; here'",
		"SELECT * FROM range(3), generate_series(1, 2), unnest([1, 2])",
		"SELECT count(*) FROM duckdb_columns()",
		"SELECT table_name FROM information_schema.tables",
		"SELECT key FROM json_each('{\"a\": 1}')",
		"SELECT 'insert into x; copy y to z'",
		"SELECT \"insert\" FROM (SELECT 1 AS \"insert\")",
	} {
		if got, err := readAll(t.Context(), r, sql, nil); err != nil || len(got) == 0 {
			t.Errorf("%s: %d rows, %v", sql, len(got), err)
		}
	}
}

// RefusedStatements are statements that a Reader must refuse; other is the
// path of a Parquet file that is no table, target one that must not appear.
func RefusedStatements(other, target string) []string {
	o, f := engine.Literal(other), engine.Literal(target)
	return []string{
		"INSERT INTO silver.posts VALUES (1)",
		"UPDATE silver.posts SET \"ID\" = 1",
		"DELETE FROM silver.posts",
		"TRUNCATE silver.posts",
		"MERGE INTO silver.posts USING silver.posts x ON true WHEN MATCHED THEN DELETE",
		"CREATE TABLE x (a INTEGER)",
		"CREATE TEMP TABLE x AS SELECT 1",
		"CREATE VIEW x AS SELECT 1",
		"CREATE OR REPLACE MACRO m() AS 1",
		"CREATE SECRET s (TYPE s3, KEY_ID 'a', SECRET 'b')",
		"DROP VIEW silver.posts",
		"ALTER VIEW silver.posts RENAME TO x",
		"COMMENT ON VIEW silver.posts IS 'x'",
		"COPY (SELECT 1) TO " + f,
		"COPY silver.posts FROM '/etc/passwd'",
		"COPY FROM DATABASE memory TO temp",
		"EXPORT DATABASE " + f,
		"IMPORT DATABASE '/tmp'",
		"ATTACH " + f,
		"ATTACH ':memory:' AS x",
		"DETACH memory",
		"USE silver",
		"INSTALL httpfs",
		"FORCE INSTALL httpfs",
		"LOAD httpfs",
		"UPDATE EXTENSIONS",
		"SET threads = 1",
		"SET VARIABLE a = 1",
		"RESET threads",
		"PRAGMA version",
		"PRAGMA enable_profiling",
		"PRAGMA import_database('/tmp')",
		"CALL pragma_version()",
		"CALL enable_logging()",
		"CHECKPOINT",
		"VACUUM",
		"ANALYZE",
		"BEGIN",
		"COMMIT",
		"PREPARE p AS SELECT 1",
		"EXECUTE p",
		"DEALLOCATE p",
		"WITH a AS (SELECT 1) INSERT INTO silver.posts SELECT * FROM a",
		"EXPLAIN ANALYZE CREATE TABLE x (a INTEGER)",
		"EXPLAIN ANALYZE INSERT INTO silver.posts VALUES (1)",
		"EXPLAIN ANALYZE COPY (SELECT 1) TO " + f,
		"EXPLAIN (ANALYZE) CREATE TABLE x AS SELECT 1",
		"EXPLAIN (ANALYZE, FORMAT json) CREATE TABLE x AS SELECT 1",
		"EXPLAIN ANALYZE WITH a AS (SELECT 1) INSERT INTO silver.posts SELECT * FROM a",
		"EXPLAIN ANALYZE (CREATE TABLE x (a INTEGER))",
		"EXPLAIN ANALYZE FROM enable_logging()",
		"SELECT * FROM read_text('/etc/passwd')",
		"SELECT * FROM READ_CSV('/etc/passwd')",
		"SELECT * FROM read_csv_auto('/etc/passwd')",
		"SELECT * FROM read_blob('/etc/passwd')",
		"SELECT * FROM read_json('/etc/passwd')",
		"SELECT * FROM sniff_csv('/etc/passwd')",
		"SELECT * FROM glob('/*')",
		"SELECT (SELECT content FROM read_text('/etc/passwd'))",
		"WITH a AS (FROM read_text('/etc/passwd')) FROM a",
		"SELECT 1 WHERE EXISTS (FROM system.main.read_text('/etc/passwd'))",
		"SELECT 1 ORDER BY (SELECT 1 FROM \"read_text\"('/etc/passwd'))",
		"DESCRIBE FROM read_csv('/etc/passwd')",
		"SUMMARIZE FROM read_csv('/etc/passwd')",
		"FROM '/etc/passwd'",
		"FROM \"/etc/hosts.csv\"",
		"DESCRIBE '/etc/passwd'",
		"FROM 'https://example.com/x.parquet'",
		"FROM 's3://bucket/x.parquet'",
		"SELECT * FROM read_parquet('http://example.com/x.parquet')",
		"SELECT * FROM read_parquet(" + o + ")",
		"SELECT * FROM parquet_scan(" + o + ")",
		"SELECT * FROM parquet_metadata(" + o + ")",
		"FROM " + o,
		"FROM enable_logging('QueryLog', storage = 'file', storage_path = " + f + ")",
		"FROM enable_profiling(save_location = " + f + ")",
		"FROM disable_logging()",
		"FROM checkpoint()",
		"FROM query('FROM enable_logging()')",
		"FROM query_table('silver.posts')",
		"FROM json_execute_serialized_sql('{}')",
		"FROM duckdb_secrets()",
		"FROM duckdb_settings()",
		"FROM which_secret('s3://x', 's3')",
		"FROM arrow_scan(1, 2, 3)",
		"SELECT write_log('x')",
		"SELECT 1; SELECT 2",
		"SELECT 1; DROP VIEW silver.posts",
		"SELECT ''; COPY (SELECT 1) TO " + f + "; --'",
		"PIVOT silver.posts ON post_title USING count(*)",
		strings.Repeat(" ", 2<<20) + "SELECT 1",
	}
}

func testRefused(t *testing.T, r engine.Reader, dir string) {
	target := filepath.Join(t.TempDir(), "target")
	for _, sql := range RefusedStatements(filepath.Join(dir, "other.parquet"), target) {
		_, err := readAll(t.Context(), r, sql, nil)
		if !lake.HasCode(err, lake.QueryRefused) {
			t.Errorf("%.200s: %v, want %s", sql, err, lake.QueryRefused)
		}
		if _, err := os.Stat(target); err == nil {
			t.Fatalf("%.200s: the file was written", sql)
		}
	}
	// All is as it was.
	if got, err := readAll(t.Context(), r, "SELECT count(*), (SELECT count(*) FROM information_schema.tables WHERE table_name = 'x') FROM silver.posts", nil); err != nil || got[0][0] != "1000" || got[0][1] != "0" {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}

func testInvalid(t *testing.T, r engine.Reader) {
	for _, tc := range []struct{ sql, message, hint string }{
		{"", "there is no SQL statement", "SELECT"},
		{" ; -- nothing\n;", "there is no SQL statement", "SELECT"},
		{"SELEC 1", `syntax error at or near "SELEC"`, ""},
		{"SELECT 1 +", "syntax error at end of input", ""},
		{"SELECT 'never closed", "unterminated quoted string", ""},
		{"SELECT post_titel\nFROM silver.posts", "post_titel", "did you mean post_title?"},
		{"SELECT p.post_titel FROM silver.posts AS p", "post_titel", "did you mean post_title?"},
		{"SELECT * FROM silver.post", "post", "did you mean silver.posts?"},
		{`SELECT * FROM "silver-post"`, "silver-post", `did you mean "silver-posts"?`},
		{"SELECT * FROM silver-posts", `syntax error at or near "-"`, `double quotes: "silver-posts"`},
		{"EXPLAIN EXPLAIN ANALYZE CREATE TABLE x (a INTEGER)", "syntax error", ""},
		{"SELECT nothing_like_it FROM silver.posts", "nothing_like_it", "among the names there: post_title"},
		{"SELECT * FROM silvre.posts", "silvre", "did you mean silver.posts?"},
		{"SELECT * FROM nothing_like_it", "nothing_like_it", "SHOW ALL TABLES"},
		{"SELECT uppr('a')", "uppr", "did you mean"},
		{"SELECT CAST('x' AS INTEGER)", "Could not convert string 'x'", ""},
		{"SELECT \"ID\" + post_title FROM silver.posts", "", ""},
		{"SELECT 1\x00; DROP VIEW silver.posts", "NUL", ""},
		{"SELECT error('\x1b[31mred')", "red", ""},
	} {
		_, err := readAll(t.Context(), r, tc.sql, nil)
		if !lake.HasCode(err, lake.QueryInvalid) {
			t.Errorf("%q: %v, want %s", tc.sql, err, lake.QueryInvalid)
			continue
		}
		e := lake.AsError(err, lake.Internal)
		if !strings.Contains(e.Error(), tc.message) || !strings.Contains(e.Hint, tc.hint) {
			t.Errorf("%q: %q, hint %q; want %q, hint %q", tc.sql, e.Error(), e.Hint, tc.message, tc.hint)
		}
		if strings.ContainsAny(e.Error()+e.Hint, "\x1b\x00\r") {
			t.Errorf("%q: the error holds control characters: %q", tc.sql, e.Error())
		}
	}
}

func testParameters(t *testing.T, r engine.Reader) {
	got, err := readAll(t.Context(), r, `SELECT $s AS s, $n + 1, $d * 2, $b, $z IS NULL, $s || '!' FROM silver.posts WHERE "ID" = $n AND post_date >= $from::DATE`, map[string]any{
		"s": "it's; DROP TABLE x --", "n": int64(41), "d": engine.Decimal("-12.50"), "b": true, "z": nil, "from": "2026-01-02",
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]string{{"it's; DROP TABLE x --", "42", "-25.00", "true", "true", "it's; DROP TABLE x --!"}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	big := engine.Decimal("-12345678901234567890123456789.012345678")
	if got, err := readAll(t.Context(), r, "SELECT $d", map[string]any{"d": big}); err != nil || got[0][0] != string(big) {
		t.Errorf("a long decimal: %v, %v", got, err)
	}
	if got, err := readAll(t.Context(), r, "SELECT $d, $D", map[string]any{"d": "x"}); err != nil || got[0][1] != "x" {
		t.Errorf("a name in capitals: %v, %v", got, err)
	}
	for sql, params := range map[string]map[string]any{
		"SELECT $a, $b": {"a": "x"},
		"SELECT ?":      nil,
		"SELECT 1":      {"a": "x"},
		"SELECT $a":     {"a": struct{}{}},
	} {
		if _, err := readAll(t.Context(), r, sql, params); !lake.HasCode(err, lake.QueryInvalid) {
			t.Errorf("%s with %v: %v, want %s", sql, params, err, lake.QueryInvalid)
		}
	}
}

func testOrder(t *testing.T, r engine.Reader) {
	for _, sql := range []string{`SELECT "ID" FROM silver.posts`, `SELECT "ID" FROM silver.posts ORDER BY post_date`} {
		got, err := readAll(t.Context(), r, sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range got {
			if row[0] != fmt.Sprint(i) {
				t.Fatalf("%s: row %d is %v", sql, i, row)
			}
		}
	}
}

func testOutOfMemory(t *testing.T, r engine.Reader) {
	for _, sql := range []string{
		"SELECT list(range) FROM range(1000000000)",
		"SELECT length(string_agg(repeat('x', 1000), '')) FROM range(100000000)",
		"SELECT list(repeat('x', 100000) || range) FROM range(100000)",
	} {
		if _, err := readAll(t.Context(), r, sql, nil); !lake.HasCode(err, lake.OutOfMemory) {
			t.Errorf("%s: %v, want %s", sql, err, lake.OutOfMemory)
		}
	}
	if _, err := readAll(t.Context(), r, "SELECT 1", nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func testReaderCancel(t *testing.T, r engine.Reader) {
	for _, sql := range []string{endless, "SELECT sleep_ms(600000)", "EXPLAIN ANALYZE " + endless} {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		start := time.Now()
		if _, err := readAll(ctx, r, sql, nil); !lake.HasCode(err, lake.Interrupted) {
			t.Errorf("%s: %v, want %s", sql, err, lake.Interrupted)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: it stopped %s after its context", sql, d)
		}
		cancel()
	}
	if _, err := readAll(t.Context(), r, "SELECT 1", nil); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func testExport(t *testing.T, r engine.Reader, reopen func(path string) engine.Reader) {
	dir := t.TempDir()
	path := filepath.Join(dir, "it's out.parquet")
	rows, err := r.Export(t.Context(), `SELECT "ID" AS a, 1 AS a, sum("ID") OVER () AS total, 18446744073709551615::UBIGINT AS u, '{"x": 1}'::JSON AS j, INTERVAL 1 DAY AS i, [{'k': 1::HUGEINT}] AS n, $p AS p FROM silver.posts ORDER BY "ID" DESC; -- the end`,
		map[string]any{"p": "it's"}, path)
	if err != nil || rows != 1000 {
		t.Fatalf("Export: %d, %v", rows, err)
	}
	out, err := readAll(t.Context(), reopen(path), "FROM out", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]string{{"999", "1", "499500", "18446744073709551615", `{"x": 1}`, "1 day", "[map[k:1]]", "it's"}}, out[:1]); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for i, row := range out {
		if row[0] != fmt.Sprint(999-i) {
			t.Fatalf("row %d is %v", i, row)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("Export left other files: %v, %v", entries, err)
	}
	for _, sql := range []string{"FROM silver.posts", "DESCRIBE silver.posts", "WITH a AS (SELECT 1 AS x) FROM a", "VALUES (1)", "SUMMARIZE silver.posts", "SHOW TABLES"} {
		if _, err := r.Export(t.Context(), sql, nil, path); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

func testExportFailures(t *testing.T, r engine.Reader) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for _, tc := range []struct {
		sql, path string
		code      lake.Code
	}{
		{"COPY (SELECT 1) TO 'x'", path, lake.QueryRefused},
		{"EXPLAIN SELECT 1", path, lake.QueryRefused},
		{"SELECT 1) TO '" + path + "'; --", path, lake.QueryInvalid},
		{"SELECT 1)", path, lake.QueryInvalid},
		{"FROM read_text('/etc/passwd')", path, lake.QueryRefused},
		{"SELECT nosuch FROM silver.posts", path, lake.QueryInvalid},
		{"SELECT 1", filepath.Join(dir, "none", "x"), lake.StorageFailed},
	} {
		if _, err := r.Export(t.Context(), tc.sql, nil, tc.path); !lake.HasCode(err, tc.code) {
			t.Errorf("%s: %v, want %s", tc.sql, err, tc.code)
		}
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a refused export wrote its file")
	}
}

func testReaderConcurrent(t *testing.T, r engine.Reader) {
	errs := make(chan error)
	const n = 6
	for i := range n {
		go func() {
			got, err := readAll(t.Context(), r, `SELECT max("ID") FROM silver.posts WHERE "ID" <= $n`, map[string]any{"n": int64(i)})
			if err == nil && got[0][0] != fmt.Sprint(i) {
				err = fmt.Errorf("query %d gave %v", i, got)
			}
			errs <- err
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func testDamaged(t *testing.T, r engine.Reader) {
	if _, err := readAll(t.Context(), r, "SELECT * FROM bronze.broken", nil); !lake.HasCode(err, lake.ObjectDamaged) {
		t.Errorf("%v, want %s", err, lake.ObjectDamaged)
	}
	if _, err := readAll(t.Context(), r, "SELECT * FROM silver.posts", nil); err != nil {
		t.Errorf("another table: %v", err)
	}
}

func testEmpty(t *testing.T, r engine.Reader) {
	_, err := readAll(t.Context(), r, "SELECT * FROM silver.posts", nil)
	if e := lake.AsError(err, lake.Internal); err == nil || !strings.Contains(e.Hint, "wplake run") {
		t.Errorf("%v, hint %q", err, e.Hint)
	}
}
