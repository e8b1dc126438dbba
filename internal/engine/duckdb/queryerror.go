package duckdb

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"unicode"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// explain turns what DuckDB said about a person's SQL into an error that helps
// to mend it.
func (r *Reader) explain(ctx context.Context, sql string, err error) error {
	if _, ok := errors.AsType[*lake.Error](err); ok {
		return err
	}
	message := err.Error()
	kind, _, _ := strings.Cut(message, ": ")
	switch {
	case ctx.Err() != nil || kind == "INTERRUPT Error":
		return interrupted(ctx)
	case isDiskFull(message):
		return explain(ctx, err)
	case isOutOfMemory(message):
		return queryOutOfMemory(errors.New("DuckDB: " + essence(message)))
	case kind == "Permission Error":
		return refuse("the query is refused: a query can only read the lake's tables")
	case strings.Contains(message, unsuccessful), kind == "IO Error", kind == "FATAL Error", kind == "INTERNAL Error":
		return explain(ctx, err)
	}
	if name, ok := missingTable(message); ok {
		if damaged, ok := r.damaged[strings.ToLower(bare(name))]; ok {
			return damaged
		}
	}
	return &lake.Error{Code: lake.QueryInvalid, Message: withPlace(message), Hint: r.hint(ctx, sql, message)}
}

func queryOutOfMemory(cause error) error {
	return &lake.Error{
		Code:    lake.OutOfMemory,
		Message: "the query needs more memory than engine.memory_limit gives it",
		Hint:    "ask for less (fewer columns, a WHERE, a LIMIT), or raise engine.memory_limit in wplake.yaml",
		Err:     cause,
	}
}

// withPlace is the essence of DuckDB's message and, where it points at one,
// the line of the SQL with a caret below the place.
func withPlace(message string) string {
	out := essence(message)
	at := strings.Index(message, "\nLINE ")
	if at < 0 {
		return printable(out)
	}
	lines := strings.Split(message[at+1:], "\n")
	out += "\n  " + strings.TrimRight(lines[0], " ")
	if len(lines) > 1 && strings.TrimSpace(lines[1]) == "^" {
		out += "\n  " + lines[1]
	}
	return printable(out)
}

// printable leaves out what could drive a terminal.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || !unicode.IsControl(c) {
			return c
		}
		return ' '
	}, s)
}

var (
	missingTableName = regexp.MustCompile(`^Catalog Error: Table with name "?(.+?)"? does not exist(?:!| because)`)
	missingColumn    = regexp.MustCompile(`^Binder Error: .*(?:[Cc]olumn|key)`)
	quotedName       = regexp.MustCompile(`"([^"]+)"`)
	candidates       = regexp.MustCompile(`(?m)^Candidate (?:bindings|Entries|tables): *:?(.*)$`)
	didYouMean       = regexp.MustCompile(`(?m)^Did you mean "?([^"?\n]+)"?\??`)
)

func missingTable(message string) (string, bool) {
	m := missingTableName.FindStringSubmatch(message)
	if m == nil {
		return "", false
	}
	return m[1], true
}

// hint suggests what was meant.
func (r *Reader) hint(ctx context.Context, sql, message string) string {
	if name, ok := missingTable(message); ok {
		if strings.Contains(name, "_rejects.") {
			return "no row of that table was rejected: a table of rejected rows is there only while there are some"
		}
		return r.tableHint(sql, bare(name))
	}
	if name := r.unquoted(sql); name != "" {
		return "a name with a hyphen needs double quotes: " + engine.Ident(name) + " (in a shell, put the whole query in single quotes)"
	}
	if m := didYouMean.FindStringSubmatch(message); m != nil {
		return "did you mean " + printable(m[1]) + "?"
	}
	if missingColumn.MatchString(message) || candidates.MatchString(message) {
		return r.columnHint(ctx, message)
	}
	return ""
}

// tableHint names the table that is nearest to name, in the schema that the
// SQL speaks of where there is such a one.
func (r *Reader) tableHint(sql, name string) string {
	if len(r.names) == 0 {
		return "there is no table yet: wplake run makes them"
	}
	known := make([]string, len(r.names))
	for i, n := range r.names {
		known[i] = bare(n)
	}
	near := lake.Nearest(name, known)
	if near == "" {
		return "SHOW ALL TABLES (or wplake tables) lists what there is"
	}
	best := ""
	for i, n := range r.names {
		if known[i] != near {
			continue
		}
		schema, _, ok := strings.Cut(n, ".")
		if ok && strings.Contains(strings.ToLower(sql), strings.ToLower(schema)+".") {
			best = n
			break
		}
		if best == "" || len(n) < len(best) {
			best = n
		}
	}
	return "did you mean " + best + "?"
}

// bare is a table's name without its schema and quotes.
func bare(name string) string {
	if i := strings.IndexByte(name, '.'); i > 0 && name[0] != '"' {
		name = name[i+1:]
	}
	return strings.Trim(name, `"`)
}

// columnHint names the column that is nearest to the missing one: of DuckDB's
// candidates, or where it names none, of all tables.
func (r *Reader) columnHint(ctx context.Context, message string) string {
	names := quotedName.FindAllStringSubmatch(firstLine(message), -1)
	if len(names) == 0 {
		return ""
	}
	name := names[len(names)-1][1]
	var known []string
	if m := candidates.FindStringSubmatch(message); m != nil {
		for _, c := range quotedName.FindAllStringSubmatch(m[1], -1) {
			known = append(known, c[1])
		}
	} else if all, err := r.allColumns(ctx); err == nil { // without it there is only no suggestion
		known = all
	}
	if near := lake.Nearest(name, known); near != "" {
		return "did you mean " + plain(near) + "?"
	}
	if len(known) == 0 || len(known) > 10 {
		return "DESCRIBE table lists a table's columns"
	}
	return "among the names there: " + printable(strings.Join(known, ", "))
}

func (r *Reader) allColumns(ctx context.Context) ([]string, error) {
	rows, err := r.query(ctx, "SELECT DISTINCT column_name FROM duckdb_columns() WHERE NOT internal ORDER BY ALL", nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for rows.Next() {
		if name, ok := rows.Values()[0].(string); ok {
			names = append(names, name)
		}
	}
	return names, errors.Join(rows.Err(), rows.Close())
}

// unquoted finds a table's name with a hyphen that is written without quotes.
func (r *Reader) unquoted(sql string) string {
	var words []string
	engine.Words(sql, func(word string, _, _ int) bool {
		words = append(words, strings.ToLower(word))
		return true
	})
	text := strings.Join(words, " ")
	for _, n := range r.names {
		bare := strings.Trim(n, `"`)
		if strings.Contains(bare, "-") && !strings.Contains(bare, ".") &&
			strings.Contains(" "+text+" ", " "+strings.ReplaceAll(strings.ToLower(bare), "-", " - ")+" ") {
			return bare
		}
	}
	return ""
}
