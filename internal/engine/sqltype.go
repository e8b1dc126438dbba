package engine

import (
	"strings"

	"wplake/internal/lake"
)

// SQLType is the DuckDB type that holds a column of type t. A type that the
// Glue Data Catalog does not know is VARCHAR.
func SQLType(t lake.Type) string {
	s := strings.TrimSpace(string(t))
	switch strings.ToLower(s) {
	case "boolean":
		return "BOOLEAN"
	case "tinyint":
		return "TINYINT"
	case "smallint":
		return "SMALLINT"
	case "int", "integer":
		return "INTEGER"
	case "bigint":
		return "BIGINT"
	case "float":
		return "FLOAT"
	case "double":
		return "DOUBLE"
	case "date":
		return "DATE"
	case "timestamp":
		return "TIMESTAMP"
	case "binary":
		return "BLOB"
	}
	if args, ok := argsOf(s, "decimal(", ")"); ok && isDecimal(args) {
		return "DECIMAL(" + args + ")"
	}
	if args, ok := argsOf(s, "array<", ">"); ok {
		return SQLType(lake.Type(args)) + "[]"
	}
	if args, ok := argsOf(s, "map<", ">"); ok {
		if parts := splitTop(args); len(parts) == 2 {
			return "MAP(" + SQLType(lake.Type(parts[0])) + ", " + SQLType(lake.Type(parts[1])) + ")"
		}
	}
	if args, ok := argsOf(s, "struct<", ">"); ok {
		if fields, ok := structFields(args); ok {
			return "STRUCT(" + fields + ")"
		}
	}
	return "VARCHAR"
}

// argsOf gives what lies between a type's name and its end.
func argsOf(s, prefix, suffix string) (string, bool) {
	if len(s) < len(prefix)+len(suffix) || !strings.EqualFold(s[:len(prefix)], prefix) || !strings.HasSuffix(s, suffix) {
		return "", false
	}
	return s[len(prefix) : len(s)-len(suffix)], true
}

func isDecimal(args string) bool {
	precision, scale, _ := strings.Cut(args, ",")
	digits := func(s string) bool {
		return s != "" && len(s) <= 2 && strings.Trim(s, "0123456789") == ""
	}
	return digits(precision) && (scale == "" || digits(scale))
}

func structFields(args string) (string, bool) {
	var out []string
	for _, field := range splitTop(args) {
		name, t, ok := strings.Cut(field, ":")
		if !ok || name == "" {
			return "", false
		}
		out = append(out, Ident(name)+" "+SQLType(lake.Type(t)))
	}
	return strings.Join(out, ", "), len(out) > 0
}

// splitTop splits at the commas that are not within brackets.
func splitTop(s string) []string {
	var parts []string
	depth, from := 0, 0
	for i := range len(s) {
		switch s[i] {
		case '<', '(':
			depth++
		case '>', ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, s[from:i])
				from = i + 1
			}
		}
	}
	return append(parts, s[from:])
}
