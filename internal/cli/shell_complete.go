package cli

import (
	"context"
	"errors"
	"slices"
	"strings"

	"wplake/internal/engine"
)

// vocabulary is what the shell completes besides keywords.
type vocabulary struct {
	tables  []string // as they are written in SQL, quoted where they have to be
	columns []string // of all tables, likewise
}

// readVocabulary asks a reader for its tables and their columns.
func readVocabulary(ctx context.Context, r engine.Reader) (vocabulary, error) {
	var v vocabulary
	rows, err := r.Query(ctx, "SELECT DISTINCT schema_name, table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY ALL", nil)
	if err != nil {
		return v, err
	}
	for rows.Next() {
		values := rows.Values()
		schema, _ := values[0].(string)
		table, _ := values[1].(string)
		column, _ := values[2].(string)
		name := ident(table)
		if schema != "main" { // the schema that needs no name
			name = ident(schema) + "." + name
		}
		v.tables = append(v.tables, name)
		v.columns = append(v.columns, ident(column))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return v, err
	}
	slices.Sort(v.tables)
	slices.Sort(v.columns)
	v.tables, v.columns = slices.Compact(v.tables), slices.Compact(v.columns)
	return v, nil
}

// ident quotes a name where SQL needs it.
func ident(name string) string {
	for i, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return engine.Ident(name)
		}
	}
	return name
}

// keywords are those that queries are made of.
func keywords() []string {
	return strings.Fields(`SELECT FROM WHERE GROUP BY ORDER HAVING LIMIT OFFSET WITH AS ON USING JOIN LEFT RIGHT
		FULL INNER CROSS ASOF DISTINCT UNION EXCEPT INTERSECT ALL ANY AND OR NOT IN IS NULL LIKE ILIKE BETWEEN
		EXISTS CASE WHEN THEN ELSE END CAST DESC ASC VALUES TABLE DESCRIBE SHOW SUMMARIZE EXPLAIN ANALYZE PIVOT
		UNPIVOT QUALIFY WINDOW OVER PARTITION FILTER INTERVAL DATE TIMESTAMP EXCLUDE REPLACE COLUMNS SAMPLE
		RECURSIVE LATERAL TRUE FALSE count sum avg min max round coalesce date_trunc strftime regexp_matches
		lower upper length list string_agg`)
}

// complete gives what the text before the cursor can be continued with, and
// the part of the text that it replaces.
func (v vocabulary) complete(text string) (prefix string, candidates []string) {
	if isCommand(text) {
		return v.completeCommand(text)
	}
	last, previous, at := lastWords(text)
	if strings.HasPrefix(last, "'") || strings.HasPrefix(last, "$") {
		return "", nil // within a string, or a parameter
	}
	prefix = text[at:]
	var all []string
	switch {
	case strings.Contains(prefix, ".") && !v.isSchema(prefix):
		// The columns of a table or of its other name.
		table := prefix[:strings.LastIndexByte(prefix, '.')+1]
		for _, c := range v.columns {
			all = append(all, table+c)
		}
	case namesTable(previous):
		all = v.tables
	case prefix == "":
		all = v.columns
	default:
		all = append(append(all, v.columns...), v.tables...)
		for _, k := range keywords() {
			if prefix == strings.ToLower(prefix) {
				k = strings.ToLower(k)
			}
			all = append(all, k)
		}
	}
	for _, c := range all {
		if len(c) >= len(prefix) && strings.EqualFold(c[:len(prefix)], prefix) && !slices.Contains(candidates, c) {
			candidates = append(candidates, c)
		}
	}
	return prefix, candidates
}

// isSchema reports whether a prefix is a schema's name with a point.
func (v vocabulary) isSchema(prefix string) bool {
	schema := strings.ToLower(prefix[:strings.LastIndexByte(prefix, '.')+1])
	return slices.ContainsFunc(v.tables, func(t string) bool { return strings.HasPrefix(strings.ToLower(t), schema) })
}

// namesTable reports whether a table's name follows a word.
func namesTable(word string) bool {
	switch strings.ToUpper(word) {
	case "FROM", "JOIN", "DESCRIBE", "DESC", "SUMMARIZE", "TABLE", "PIVOT", "UNPIVOT":
		return true
	}
	return false
}

// lastWords gives the last name of a text, which may still be typed and may
// have parts joined by points, the word before it, and where the name begins.
// The name is empty where a new one would begin.
func lastWords(text string) (last, previous string, at int) {
	end, point := -1, false // where the name ends so far; whether its last part is a point
	engine.Words(text, func(word string, from, to int) bool {
		switch part := isNamePart(word); {
		case end == from && (part && point || word == "." && !point):
			last, end, point = text[at:to], to, word == "."
		case part:
			previous, last, at, end, point = last, text[from:to], from, to, false
		default:
			previous, last, end, point = "", "", -1, false
		}
		return true
	})
	if end < len(text) {
		return "", last, len(text)
	}
	return last, previous, at
}

// isNamePart reports whether a word of a text can be a name or a part of one.
func isNamePart(word string) bool {
	c := word[0]
	return c == '"' || c == '\'' || c == '$' || c == '_' || c >= 0x80 ||
		c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// completeCommand completes the shell's own commands.
func (v vocabulary) completeCommand(text string) (prefix string, candidates []string) {
	name, argument, hasArgument := strings.Cut(strings.TrimLeft(text, " \t"), " ")
	var all []string
	switch {
	case !hasArgument:
		prefix = name
		for _, c := range shellCommands() {
			all = append(all, c.name)
		}
	case name == ".schema":
		prefix, all = argument, v.tables
	case name == ".format":
		prefix, all = argument, shellFormats()
	}
	for _, c := range all {
		if strings.HasPrefix(strings.ToLower(c), strings.ToLower(prefix)) {
			candidates = append(candidates, c)
		}
	}
	return prefix, candidates
}
