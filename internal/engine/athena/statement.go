package athena

import (
	"fmt"
	"slices"
	"strings"

	"wplake/internal/lake"
)

// maxQuery is Athena's bound on a statement's text, in bytes.
const maxQuery = 256 << 10

const allowedHint = "allowed is one statement that reads: SELECT, WITH, VALUES, TABLE, SHOW, DESCRIBE or EXPLAIN of one of them"

// reads are the words that begin a query; other words begin a statement that
// tells of tables.
func reads() []string { return []string{"SELECT", "WITH", "VALUES", "TABLE"} }

func tells() []string { return []string{"SHOW", "DESCRIBE", "DESC"} }

// writes are the words of a statement that changes something, of those that
// can follow WITH or EXPLAIN.
func writes() []string {
	return []string{"INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "DROP", "ALTER", "UNLOAD", "TRUNCATE", "REFRESH", "EXECUTE", "CALL", "USING"}
}

func refuse(format string, args ...any) error {
	return &lake.Error{Code: lake.QueryRefused, Message: fmt.Sprintf(format, args...), Hint: allowedHint}
}

func invalid(format string, args ...any) error {
	return &lake.Error{Code: lake.QueryInvalid, Message: fmt.Sprintf(format, args...)}
}

// check looks at a person's text and returns its one statement without its
// semicolon. What does more than read is refused here, before it costs
// anything; the caller's role at AWS is what enforces it.
func check(sql string) (string, error) {
	if strings.ContainsRune(sql, 0) {
		return "", invalid("the query holds a NUL character")
	}
	if len(sql) > maxQuery {
		return "", refuse("a query of %d bytes is refused: the longest that Athena takes is %d", len(sql), maxQuery)
	}
	statement, err := single(sql)
	if err != nil {
		return "", err
	}
	return statement, readOnly(words(statement))
}

// single finds the one statement of a text.
func single(sql string) (string, error) {
	from, to, count, meant := 0, 0, 0, false
	for i := 0; i < len(sql); {
		n, k, closed := token(sql[i:])
		switch {
		case !closed:
			return "", invalid("unterminated %s at the end of the query", map[kind]string{quoted: "quotes", blank: "comment"}[k])
		case k == blank:
		case k == semicolon:
			meant = false
		default:
			if !meant {
				count, meant, from = count+1, true, i
			}
			to = i + n
		}
		i += n
	}
	switch count {
	case 0:
		return "", &lake.Error{Code: lake.QueryInvalid, Message: "there is no SQL statement", Hint: `for example: wplake query --engine athena 'SELECT * FROM "silver-posts" LIMIT 10'`}
	case 1:
		return sql[from:to], nil
	}
	return "", refuse("%d statements are refused: a query is one", count)
}

// words are the words of a statement in capitals, and its signs.
func words(sql string) []string {
	var out []string
	for i := 0; i < len(sql); {
		n, k, _ := token(sql[i:])
		switch k {
		case word:
			out = append(out, strings.ToUpper(sql[i:i+n]))
		case quoted, sign, named, mark:
			out = append(out, sql[i:i+1])
		case blank, semicolon:
		}
		i += n
	}
	return out
}

// readOnly tells what keeps a statement from being one that reads.
func readOnly(words []string) error {
	first := begin(words)
	switch {
	case first == "EXPLAIN":
		return readOnly(explained(words))
	case slices.Contains(tells(), first):
		return nil
	case !slices.Contains(reads(), first):
		return refuse("%s is refused: a query can only read the lake's tables", cut(first))
	case first == "WITH":
		if main := afterWith(words); !slices.Contains(reads(), main) {
			return refuse("WITH … %s is refused: a query can only read the lake's tables", cut(main))
		}
	}
	return nil
}

// cut keeps a message short.
func cut(s string) string {
	if s == "" {
		return "an empty statement"
	}
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

// begin is a statement's first word, without the parentheses before it.
func begin(words []string) string {
	for _, w := range words {
		if w != "(" {
			return w
		}
	}
	return ""
}

// explained is what follows EXPLAIN, ANALYZE, VERBOSE and the options in
// parentheses.
func explained(words []string) []string {
	words = words[1:]
	for len(words) > 0 && (words[0] == "ANALYZE" || words[0] == "VERBOSE") {
		words = words[1:]
	}
	if len(words) > 1 && words[0] == "(" && (words[1] == "FORMAT" || words[1] == "TYPE") {
		if i := slices.Index(words, ")"); i >= 0 {
			return words[i+1:]
		}
	}
	if begin(words) == "EXPLAIN" {
		return nil // it explains no EXPLAIN
	}
	return words
}

// afterWith is the word that begins the main part of a statement with WITH:
// the first at its top level that begins a query or a change.
func afterWith(words []string) string {
	depth := 0
	for i, w := range words {
		switch {
		case w == "(":
			depth++
		case w == ")":
			depth--
		case depth > 0 || i == 0:
		case w != "WITH" && slices.Contains(reads(), w), slices.Contains(writes(), w):
			return w
		}
		// The query may stand in parentheses: WITH a AS (…) (SELECT …).
		if w == "(" && depth == 1 && i > 0 && words[i-1] == ")" {
			if inner := begin(words[i:]); inner != "WITH" {
				return inner
			}
			return afterWith(words[i+1:])
		}
	}
	return ""
}
