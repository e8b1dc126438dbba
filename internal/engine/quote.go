package engine

import "strings"

// Ident writes name as a quoted SQL identifier, in DuckDB's dialect and
// Trino's alike. A NUL byte, which no engine takes, is left out.
func Ident(name string) string {
	return `"` + strings.ReplaceAll(withoutNUL(name), `"`, `""`) + `"`
}

// Literal writes s as a SQL string literal. A NUL byte, which no engine takes,
// is left out.
func Literal(s string) string {
	return "'" + strings.ReplaceAll(withoutNUL(s), "'", "''") + "'"
}

func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "") }
