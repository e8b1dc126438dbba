package athena

import (
	"strings"
	"testing"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		"SELECT 1", "select 1;", "  -- a; b\n SELECT 1 /* c; */ ; -- d", "(SELECT 1)", "((SELECT 1) UNION ALL (SELECT 2))",
		"WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1), b (x) AS (VALUES 1) SELECT * FROM a", "WITH a AS (SELECT 1) (SELECT * FROM a)",
		"WITH a AS (SELECT 1) VALUES (1)", "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) TABLE t",
		"VALUES (1), (2)", "TABLE posts", "DESCRIBE `silver-posts`", "DESC posts", "SHOW TABLES", "SHOW CREATE TABLE `silver-posts`",
		"EXPLAIN SELECT 1", "EXPLAIN ANALYZE SELECT 1", "EXPLAIN ANALYZE VERBOSE SELECT 1", "EXPLAIN (FORMAT JSON) SELECT 1", "EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1",
		"EXPLAIN (SELECT 1)", `SELECT ';', 'a;b', "x;y"`, "SELECT 'insert into x'", `SELECT "delete" FROM (SELECT 1 AS "delete")`, `SELECT '\'`,
	} {
		if _, err := check(sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, sql := range []string{
		"INSERT INTO a VALUES (1)", "UPDATE a SET b = 1", "DELETE FROM a", "MERGE INTO a USING b ON true WHEN MATCHED THEN DELETE", "CREATE TABLE a AS SELECT 1",
		"CREATE EXTERNAL TABLE a (b int)", "CREATE OR REPLACE VIEW a AS SELECT 1", "DROP TABLE a", "ALTER TABLE a ADD COLUMNS (b int)", "MSCK REPAIR TABLE a",
		"UNLOAD (SELECT 1) TO 's3://b/' WITH (format = 'PARQUET')", "VACUUM a", "OPTIMIZE a REWRITE DATA USING BIN_PACK", "PREPARE p FROM SELECT 1", "EXECUTE p",
		"DEALLOCATE PREPARE p", "USING EXTERNAL FUNCTION f(x int) RETURNS int LAMBDA 'l' SELECT f(1)", "CALL x()", "TRUNCATE a", "GRANT x", "SET a = 1",
		"EXPLAIN INSERT INTO a VALUES (1)", "EXPLAIN ANALYZE INSERT INTO a VALUES (1)", "EXPLAIN (FORMAT JSON) CREATE TABLE a AS SELECT 1",
		"EXPLAIN ANALYZE VERBOSE UNLOAD (SELECT 1) TO 's3://b/'", "EXPLAIN EXPLAIN SELECT 1", "EXPLAIN",
		"WITH a AS (SELECT 1) INSERT INTO b SELECT * FROM a", "WITH a AS (SELECT 1) DELETE FROM b", "WITH a AS (SELECT 1)", "SELECT 1; SELECT 2",
		"SELECT 1; DROP TABLE a", "SELECT ''; DROP TABLE a; --'", "/* x */ /* y */ DROP TABLE a", "/* /* */ DROP TABLE a", "--\rDROP TABLE a",
		"SELECT '\\'; DROP TABLE a; --'", "SELECT 1 " + strings.Repeat("+ 1", 1<<18),
	} {
		if got, err := check(sql); !lake.HasCode(err, lake.QueryRefused) {
			t.Errorf("%.100s: %q, %v", sql, got, err)
		}
	}
	for sql, message := range map[string]string{
		"": "no SQL statement", " ; -- nothing\n;": "no SQL statement", "SELECT 'never": "unterminated quotes", "SELECT 1 /* never": "unterminated comment",
		`SELECT "a`: "unterminated quotes", "SELECT 1\x00": "NUL",
	} {
		if _, err := check(sql); !lake.HasCode(err, lake.QueryInvalid) || !strings.Contains(err.Error(), message) {
			t.Errorf("%q: %v", sql, err)
		}
	}
}

// FuzzCheck: what passes begins with a word that reads, whatever stands before
// it, and passes again.
func FuzzCheck(f *testing.F) {
	for _, sql := range []string{"SELECT 1; --", "EXPLAIN ANALYZE (SELECT 1)", "WITH a AS (SELECT ')') SELECT 1", "`a`", "/*", "((", "é SELECT", "EXPLAIN (FORMAT"} {
		f.Add(sql)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		got, err := check(sql)
		if err != nil {
			return
		}
		if again, err := check(got); err != nil || again != got {
			t.Fatalf("%q became %q, then %q, %v", sql, got, again, err)
		}
		if !strings.Contains(sql, got) || strings.HasSuffix(got, ";") {
			t.Fatalf("%q became %q", sql, got)
		}
	})
}

// FuzzBind: a value never shows in the statement, there is one literal for
// each parameter, and a literal is one token.
func FuzzBind(f *testing.F) {
	f.Add("SELECT $a, '$a', \"$a\" -- $a", "it's")
	f.Add("$a$b$a", "';--")
	f.Add("/*$a*/?$", "\\'")
	f.Add("SELECT$a", "\xff")
	f.Fuzz(func(t *testing.T, sql, value string) {
		text, values, err := bind(sql, map[string]any{"a": value, "b": int64(1), "c": engine.Decimal("1.5")})
		if err != nil {
			text, values, err = bind(sql, map[string]any{"a": value})
		}
		if err != nil {
			return
		}
		marks := 0
		for i := 0; i < len(text); {
			n, k, _ := token(text[i:])
			if k == mark {
				marks++
			}
			if k == named {
				t.Fatalf("%q became %q", sql, text)
			}
			i += n
		}
		if marks != len(values) {
			t.Fatalf("%q became %q with %q", sql, text, values)
		}
		for _, v := range values {
			if n, k, closed := token(v); v[0] == '\'' && (n != len(v) || k != quoted || !closed) {
				t.Fatalf("the literal %q is not one token", v)
			}
		}
	})
}
