package catalog

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// ColumnProfile describes the values of a column.
type ColumnProfile struct {
	Name     string    `json:"name"`
	Type     lake.Type `json:"type"`
	Nulls    int64     `json:"nulls"`
	Distinct int64     `json:"distinct"` // different values
	// Approximate says that Distinct may be a tenth or two off: exact counts
	// end at ProfileExact values.
	Approximate bool `json:"approximate"`
	// Min, Max and Sample are nil where there is no value. A number and a
	// boolean are themselves, all else is text, of which ProfileText
	// characters are shown. Nested and binary columns have a sample only.
	Min    any `json:"min"`
	Max    any `json:"max"`
	Sample any `json:"sample"`
}

// ProfileText is how many characters of a text a profile shows.
const ProfileText = 40

// ProfileExact is up to how many different values a column's are counted
// exactly. To know more than that many apart would take memory without bound.
const ProfileExact = 10_000

// profileBatch is how many columns are profiled by one statement: each has a
// few kilobytes of state, and a table may have thousands of columns.
const profileBatch = 64

// exactBatch is how many columns are counted exactly by one statement: each
// has some megabytes of state.
const exactBatch = 8

// Query runs a statement over the lake's tables, as engine.Reader's does.
type Query func(ctx context.Context, sql string, params map[string]any) (engine.Rows, error)

// Profile reads a table and describes each of its columns. Memory is bounded
// whatever the table's size. Each column is read once, and again where its
// different values turn out to be few enough to count.
func Profile(ctx context.Context, query Query, t Table) ([]ColumnProfile, error) {
	from := engine.Ident(t.Database) + "." + engine.Ident(t.Name)
	columns, err := readerColumns(ctx, query, from)
	if err != nil {
		return nil, err
	}
	var profiles []ColumnProfile
	for batch := range slices.Chunk(columns, profileBatch) {
		values, err := oneRow(ctx, query, profileSQL(from, batch))
		if err != nil {
			return nil, err
		}
		first := len(profiles)
		for i, c := range batch {
			profiles = append(profiles, profileOf(c, values[0], values[1+5*i:]))
		}
		if err := countExactly(ctx, query, from, profiles[first:]); err != nil {
			return nil, err
		}
	}
	return profiles, nil
}

// countExactly counts the different values of those columns that seem to have
// few. Hashes are counted, which are of one size whatever the values are.
func countExactly(ctx context.Context, query Query, from string, profiles []ColumnProfile) error {
	var few []*ColumnProfile
	for i := range profiles {
		p := &profiles[i]
		switch {
		case p.constant():
			p.Distinct = 1
		case p.Distinct > ProfileExact:
			p.Approximate = true
		case p.Distinct > 0:
			few = append(few, p)
		}
	}
	for batch := range slices.Chunk(few, exactBatch) {
		var parts []string
		for _, p := range batch {
			name := engine.Ident(p.Name)
			parts = append(parts, fmt.Sprintf("count(DISTINCT hash(%s)) FILTER (%s IS NOT NULL)", name, name))
		}
		values, err := oneRow(ctx, query, "SELECT "+strings.Join(parts, ", ")+" FROM "+from)
		if err != nil {
			return err
		}
		for i, p := range batch {
			p.Distinct = count(values[i])
		}
	}
	return nil
}

// readerColumns are the columns as they are now, which may be later than the
// catalog's.
func readerColumns(ctx context.Context, query Query, from string) ([]lake.Column, error) {
	rows, err := query(ctx, "SELECT * FROM "+from+" LIMIT 0", nil)
	if err != nil {
		return nil, err
	}
	columns := slices.Clone(rows.Columns())
	return columns, rows.Close()
}

// profileSQL is the statement that profiles some columns: the count of rows,
// then five values a column.
func profileSQL(from string, columns []lake.Column) string {
	parts := []string{"count(*)"}
	for _, c := range columns {
		name := engine.Ident(c.Name)
		value, ordered := name, true
		switch {
		case nested(c.Type):
			value, ordered = cut(name), false
		case c.Type == lake.String:
			value = cut(name)
		}
		least, greatest := "NULL", "NULL"
		if ordered {
			least, greatest = "min("+value+")", "max("+value+")"
		}
		parts = append(parts, "count("+name+")", "approx_count_distinct("+name+")", least, greatest, "any_value("+value+")")
	}
	return "SELECT " + strings.Join(parts, ", ") + " FROM " + from
}

// cut is the beginning of a value's text, one character longer than is shown,
// so that it can be seen that there is more.
func cut(name string) string {
	return fmt.Sprintf("left(CAST(%s AS VARCHAR), %d)", name, ProfileText+1)
}

func nested(t lake.Type) bool {
	return t == "binary" || strings.ContainsRune(string(t), '<')
}

// oneRow runs a statement that has one row as its result.
func oneRow(ctx context.Context, query Query, sql string) (values []any, err error) {
	rows, err := query(ctx, sql, nil)
	if err != nil {
		return nil, err
	}
	if rows.Next() {
		values = slices.Clone(rows.Values())
	}
	if err := rows.Err(); err != nil {
		_ = rows.Close() // the error that ended the rows says more
		return nil, err
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	if values == nil {
		return nil, &lake.Error{Code: lake.Internal, Message: "a profile without a row"}
	}
	return values, nil
}

func profileOf(c lake.Column, rows any, values []any) ColumnProfile {
	filled := count(values[0])
	return ColumnProfile{
		Name: c.Name, Type: c.Type,
		Nulls: count(rows) - filled, Distinct: min(count(values[1]), filled),
		Min: shown(values[2], c.Type), Max: shown(values[3], c.Type), Sample: shown(values[4], c.Type),
	}
}

// constant reports whether the least and the greatest value show that there is
// one value only.
func (p *ColumnProfile) constant() bool {
	s, text := p.Min.(string)
	return p.Min != nil && p.Min == p.Max && (!text || len(s) < ProfileText)
}

func count(v any) int64 {
	n, _ := v.(int64) // counts always are
	return n
}

// shown turns a value into what JSON and a person can read.
func shown(v any, t lake.Type) any {
	switch v := v.(type) {
	case nil, bool, int64:
		return v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
		return v
	case *big.Int:
		return v.String()
	case time.Time:
		if t == lake.Date {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02 15:04:05.999999")
	case []byte:
		return shorten(string(v))
	case string:
		return shorten(v)
	}
	return shorten(fmt.Sprint(v))
}

// shorten cuts a text to ProfileText characters.
func shorten(s string) string {
	runes := []rune(s)
	if len(runes) <= ProfileText {
		return s
	}
	return string(runes[:ProfileText-1]) + "…"
}
