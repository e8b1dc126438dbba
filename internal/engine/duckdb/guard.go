package duckdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// The guard lets a person's statement pass when it can only read the lake's
// tables. It does not trust DuckDB's sandbox alone: within it, table functions
// such as enable_logging still write files or end the process. So it goes by
// what is allowed, in three steps: the statement's first word, the kind that
// DuckDB gives the parsed statement, and the functions in its syntax tree.

// maxQuery bounds a statement's text, in bytes: DuckDB plans a very long one
// for minutes without listening to an interruption.
const maxQuery = 1 << 20

// allowedFirst are the words that a statement may begin with.
func allowedFirst() []string {
	return []string{"SELECT", "WITH", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT", "DESCRIBE", "DESC", "SHOW", "SUMMARIZE", "EXPLAIN"}
}

// refusedFirst are the words that begin what is refused. Any other word is not
// SQL at all, which DuckDB says better.
func refusedFirst() []string {
	return []string{
		"ALTER", "ANALYZE", "ATTACH", "BEGIN", "CALL", "CHECKPOINT", "COMMENT", "COMMIT", "COPY", "CREATE", "DEALLOCATE",
		"DELETE", "DETACH", "DROP", "END", "EXECUTE", "EXPORT", "FORCE", "GRANT", "IMPORT", "INSERT", "INSTALL", "LOAD",
		"MERGE", "PRAGMA", "PREPARE", "REINDEX", "REPLACE", "RESET", "REVOKE", "ROLLBACK", "SET", "START", "TRUNCATE",
		"UNINSTALL", "UPDATE", "USE", "VACUUM",
	}
}

// allowedTableFunctions are those that make rows of their arguments or tell
// about the tables.
func allowedTableFunctions() []string {
	return []string{
		"range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree", "histogram", "histogram_values",
		"summary", "test_all_types", "icu_calendar_names", "pg_timezone_names",
		"duckdb_columns", "duckdb_functions", "duckdb_keywords", "duckdb_schemas", "duckdb_tables", "duckdb_types", "duckdb_views",
		"pragma_table_info", "pragma_show", "pragma_version",
	}
}

// refusedFunctions are the functions of single values that do more than
// compute one.
func refusedFunctions() []string { return []string{"write_log", "nextval", "currval"} }

const allowedHint = "allowed is one statement that reads: SELECT, WITH, FROM, VALUES, TABLE, PIVOT, UNPIVOT, DESCRIBE, SHOW, SUMMARIZE or EXPLAIN of one of them"

func refuse(format string, args ...any) error {
	return &lake.Error{Code: lake.QueryRefused, Message: fmt.Sprintf(format, args...), Hint: allowedHint}
}

// statement is a statement whose text has passed the guard.
type statement struct {
	text  string // without its semicolon
	inner string // what the text explains where it is an EXPLAIN, else the text
}

// guardText is the guard's first step.
func guardText(sql string) (statement, error) {
	if strings.ContainsRune(sql, 0) {
		return statement{}, errNUL()
	}
	if len(sql) > maxQuery {
		return statement{}, refuse("a query of %d bytes is refused: the longest is %d", len(sql), maxQuery)
	}
	texts, rest := engine.Split(sql)
	if !engine.IsBlank(rest) {
		texts = append(texts, strings.TrimSpace(rest))
	}
	switch {
	case len(texts) == 0:
		return statement{}, &lake.Error{Code: lake.QueryInvalid, Message: "there is no SQL statement", Hint: `for example: wplake query 'SELECT * FROM "silver-posts" LIMIT 10'`}
	case len(texts) > 1:
		return statement{}, refuse("%d statements are refused: a query is one", len(texts))
	}
	s := statement{text: texts[0], inner: texts[0]}
	first := firstWord(s.text)
	if first == "EXPLAIN" {
		s.inner = explained(s.text)
		first = firstWord(s.inner)
	}
	if slices.Contains(refusedFirst(), first) {
		return statement{}, refuse("%s is refused: a query can only read the lake's tables", first)
	}
	return s, nil
}

// firstWord is a statement's first word in capitals, without the parentheses
// before it.
func firstWord(sql string) string {
	first := ""
	engine.Words(sql, func(word string, _, _ int) bool {
		first = strings.ToUpper(word)
		return word == "("
	})
	return first
}

// explained is what an EXPLAIN explains: the text after EXPLAIN, ANALYZE and a
// list of options in parentheses.
func explained(sql string) string {
	from, depth, words := len(sql), 0, 0
	engine.Words(sql, func(word string, at, _ int) bool {
		words++
		upper := strings.ToUpper(word)
		switch {
		case words == 1, depth == 0 && (upper == "ANALYZE" || upper == "ANALYSE"):
			return true
		case word == "(" && (depth > 0 || isOptions(sql[at:])):
			depth++
			return true
		case word == ")" && depth > 0:
			depth--
			return true
		case depth > 0:
			return true
		}
		from = at
		return false
	})
	return sql[from:]
}

// isOptions reports whether a parenthesis opens EXPLAIN's options.
func isOptions(sql string) bool {
	switch firstWord(sql) {
	case "ANALYZE", "ANALYSE", "FORMAT", "VERBOSE":
		return true
	}
	return false
}

// tree is what DuckDB's json_serialize_sql gives.
type tree struct {
	Error      bool   `json:"error"`
	ErrorType  string `json:"error_type"`
	Message    string `json:"error_message"`
	Statements []any  `json:"statements"`
}

// errUnparsed says that DuckDB could not parse the statement: let it say why.
var errUnparsed = errors.New("the statement does not parse")

// guardTree is the guard's third step: it looks through a statement's syntax
// tree. known tells the names of tables.
func guardTree(serialized string, known func(name string) bool) error {
	var t tree
	if err := json.Unmarshal([]byte(serialized), &t); err != nil {
		return refuse("the query is refused: it is too deeply nested to be checked")
	}
	switch {
	case t.Error && t.ErrorType == "parser":
		return errUnparsed
	case t.Error:
		return refuse("the query is refused: a query can only read the lake's tables")
	case len(t.Statements) != 1:
		return refuse("%d statements are refused: a query is one", len(t.Statements))
	}
	return guardNode(t.Statements[0], known)
}

func guardNode(node any, known func(string) bool) error {
	switch n := node.(type) {
	case []any:
		for _, child := range n {
			if err := guardNode(child, known); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := guardObject(n, known); err != nil {
			return err
		}
		for _, child := range n {
			if err := guardNode(child, known); err != nil {
				return err
			}
		}
	}
	return nil
}

func guardObject(n map[string]any, known func(string) bool) error {
	switch n["type"] {
	case "TABLE_FUNCTION":
		function, _ := n["function"].(map[string]any)
		name, _ := function["function_name"].(string)
		if !slices.Contains(allowedTableFunctions(), strings.ToLower(name)) {
			return refuse("%s(…) is refused: a query can only read the lake's tables", name)
		}
	case "BASE_TABLE":
		name, _ := n["table_name"].(string)
		if isFile(name) && !known(name) {
			return refuse("reading the file %s is refused: a query can only read the lake's tables", engine.Literal(name))
		}
	}
	if n["class"] == "FUNCTION" {
		name, _ := n["function_name"].(string)
		if slices.Contains(refusedFunctions(), strings.ToLower(name)) {
			return refuse("%s(…) is refused: a query can only read the lake's tables", name)
		}
	}
	return nil
}

var fileName = regexp.MustCompile(`(?i)[/\\]|\.(csv|tsv|txt|json|jsonl|ndjson|parquet|db|duckdb|xlsx|gz|zst)$`)

func isFile(name string) bool { return fileName.MatchString(name) }
