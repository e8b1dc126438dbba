package transform

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"wplake/internal/lake"
)

// apply gives what a step makes of the table, or nil when it finds nothing to do.
func (c *compiler) apply(s Step, note noteFunc) (*shape, error) {
	switch s.Kind() {
	case "drop":
		return c.drop(s.Drop, note), nil
	case "select":
		return c.choose(s.Select, note)
	case "rename":
		return c.rename(s.Rename, note), nil
	case "cast":
		return c.cast(s.Cast, note)
	case "split_date":
		return c.splitDate(s.SplitDate, note), nil
	case "decode_entities":
		return c.decodeEntities(s.DecodeEntities, note), nil
	case "trim":
		return c.onText(s.Trim, note, func(x string) string {
			return c.dialect.replaceAll(x, trimForm, nil)
		}), nil
	case "null_if":
		return c.nullIf(s.NullIf, note), nil
	case "replace":
		return c.replace(*s.Replace, note)
	case "filter":
		return &shape{items: plainItems(c.columns), where: "(" + strings.TrimSpace(s.Filter) + ")"}, nil
	case "deduplicate":
		return c.deduplicate(*s.Deduplicate, note), nil
	case "mask":
		return c.mask(*s.Mask, note)
	case "sql":
		return c.sql(s.SQL)
	}
	return nil, fmt.Errorf("is unknown")
}

// noteFunc records a note about the step under way.
type noteFunc func(format string, args ...any)

// find gives the positions of the columns that are there, and notes the others.
func (c *compiler) find(names []string, note noteFunc) []int {
	var found []int
	for _, n := range names {
		if k := lake.FindColumn(c.columns, n); k >= 0 {
			found = append(found, k)
			continue
		}
		note("there is no column %s", n)
	}
	return found
}

func (c *compiler) drop(names []string, note noteFunc) *shape {
	gone := c.find(names, note)
	if len(gone) == 0 {
		return nil
	}
	var items []item
	for k, it := range plainItems(c.columns) {
		if !slices.Contains(gone, k) {
			items = append(items, it)
		}
	}
	return &shape{items: items}
}

func (c *compiler) choose(names []string, note noteFunc) (*shape, error) {
	var items []item
	for _, k := range c.find(names, note) {
		items = append(items, plainItems(c.columns)[k])
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("none of its columns is there")
	}
	return &shape{items: items}, nil
}

func (c *compiler) rename(m map[string]string, note noteFunc) *shape {
	items := plainItems(c.columns)
	renamed := map[string]string{}
	for _, from := range slices.Sorted(maps.Keys(m)) {
		for _, k := range c.find([]string{from}, note) {
			renamed[c.columns[k].Name] = m[from]
			items[k].column.Name = m[from]
			items[k].plain = false
		}
	}
	if len(renamed) == 0 {
		return nil
	}
	return &shape{items: items, renamed: renamed}
}

func (c *compiler) cast(m map[string]lake.Type, note noteFunc) (*shape, error) {
	sh := shape{items: plainItems(c.columns)}
	var fits, which, values []string
	changed := false
	for _, name := range slices.Sorted(maps.Keys(m)) {
		for _, k := range c.find([]string{name}, note) {
			column, x := c.columns[k], ident(c.columns[k].Name)
			if column.Type == m[name] {
				continue
			}
			value, always, err := c.dialect.strictCast(x, column.Type, m[name])
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", column.Name, err)
			}
			changed = true
			sh.items[k] = item{value, lake.Column{Name: column.Name, Type: m[name]}, false}
			if always {
				continue
			}
			fits = append(fits, "("+x+" IS NULL OR "+value+" IS NOT NULL)")
			misfit := "WHEN " + x + " IS NOT NULL AND " + value + " IS NULL THEN "
			which = append(which, misfit+literal(column.Name))
			values = append(values, misfit+c.dialect.toText(x, column.Type))
		}
	}
	if !changed {
		return nil, nil
	}
	if len(fits) > 0 {
		sh.where = strings.Join(fits, "\n    AND ")
		c.rejects = append(c.rejects, "("+c.query(fmt.Sprintf(
			"SELECT\n  %s AS \"_reason\",\n  CASE\n    %s\n  END AS \"_column\",\n  CASE\n    %s\n  END AS \"_value\",\n  %s AS \"original\"\nFROM %s\nWHERE NOT (%s)",
			literal(string(lake.RowCastFailed)), strings.Join(which, "\n    "), strings.Join(values, "\n    "),
			c.dialect.jsonRow(c.columns), c.last(), sh.where))+")")
	}
	return &sh, nil
}

func (c *compiler) splitDate(names []string, note noteFunc) *shape {
	items := plainItems(c.columns)
	for _, k := range c.find(names, note) {
		column := c.columns[k]
		moment, _, err := c.dialect.strictCast(ident(column.Name), column.Type, lake.Timestamp)
		if err != nil {
			note("column %s is %s and has no date to split", column.Name, column.Type)
			continue
		}
		items = append(items, item{moment, lake.Column{Name: column.Name + "_todate", Type: lake.Timestamp}, false})
		for _, part := range []string{"year", "month", "day"} {
			value := c.dialect.cast(part+"("+moment+")", lake.Int)
			items = append(items, item{value, lake.Column{Name: column.Name + "_" + part, Type: lake.Int}, false})
		}
	}
	if len(items) == len(c.columns) {
		return nil
	}
	return &shape{items: items}
}

// trimForm matches white space at the ends: Unicode's, not ASCII's alone.
const trimForm = `\A[\s\x0B\x{85}\p{Z}]+|[\s\x0B\x{85}\p{Z}]+\z`

// onText applies an expression to the columns of text among those named.
func (c *compiler) onText(names []string, note noteFunc, expr func(x string) string) *shape {
	items := plainItems(c.columns)
	changed := false
	for _, k := range c.find(names, note) {
		column := c.columns[k]
		if kindOf(column.Type) != textKind {
			note("column %s is %s, not text", column.Name, column.Type)
			continue
		}
		items[k] = item{expr(ident(column.Name)), column, false}
		changed = true
	}
	if !changed {
		return nil
	}
	return &shape{items: items}
}

func (c *compiler) decodeEntities(names []string, note noteFunc) *shape {
	sh := c.onText(names, note, c.dialect.decodeEntities)
	if sh == nil {
		return nil
	}
	c.entities = true
	if c.dialect == Trino {
		sh.from = c.last() + " CROSS JOIN entities"
	}
	return sh
}

func (c *compiler) replace(r Replace, note noteFunc) (*shape, error) {
	if !r.Regex {
		return c.onText(r.Columns, note, func(x string) string {
			return "replace(" + x + ", " + literal(r.Find) + ", " + literal(r.With) + ")"
		}), nil
	}
	with, err := replacement(r.With, 9) // Validate has counted the groups
	if err != nil {
		return nil, err
	}
	return c.onText(r.Columns, note, func(x string) string { return c.dialect.replaceAll(x, r.Find, with) }), nil
}

func (c *compiler) nullIf(m map[string][]string, note noteFunc) *shape {
	items := plainItems(c.columns)
	changed := false
	for _, name := range slices.Sorted(maps.Keys(m)) {
		for _, k := range c.find([]string{name}, note) {
			column := c.columns[k]
			var values []string
			for _, v := range m[name] {
				if sql, ok := constant(v, column.Type); ok {
					values = append(values, sql)
				} else {
					note("column %s is %s and never holds %q", column.Name, column.Type, v)
				}
			}
			if len(values) == 0 {
				continue
			}
			x := ident(column.Name)
			items[k] = item{"CASE WHEN " + x + " IN (" + strings.Join(values, ", ") + ") THEN NULL ELSE " + x + " END", column, false}
			changed = true
		}
	}
	if !changed {
		return nil
	}
	return &shape{items: items}
}

var decimalForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// constant writes a value as a constant of a type; ok is false when no value
// of the type is spelt so.
func constant(v string, t lake.Type) (sql string, ok bool) {
	switch kindOf(t) {
	case textKind:
		return literal(v), true
	case wholeKind:
		n, err := strconv.ParseInt(v, 10, wholeBits(t))
		return strconv.FormatInt(n, 10), err == nil
	case floatKind:
		f, err := strconv.ParseFloat(v, 64)
		return "CAST('" + strconv.FormatFloat(f, 'g', -1, 64) + "' AS DOUBLE)", err == nil && f-f == 0
	case decimalKind:
		return v, decimalForm.MatchString(v) // a cast would round
	case booleanKind:
		return strings.ToUpper(v), v == "true" || v == "false"
	case dateKind:
		_, err := time.Parse(time.DateOnly, v)
		return "DATE " + literal(v), err == nil
	case timestampKind:
		_, err := time.Parse(time.DateTime, v)
		return "TIMESTAMP " + literal(v), err == nil
	}
	return "", false
}

// deduplicate keeps the first row of each group. All columns break ties, so
// the result does not depend on the order in which rows arrive.
func (c *compiler) deduplicate(d Deduplicate, note noteFunc) *shape {
	by := c.find(d.By, note)
	if len(by) < len(d.By) {
		note("nothing is deduplicated, since fewer columns would take different rows for the same")
		return nil
	}
	var keys, order []string
	used := map[int]bool{}
	for _, k := range by {
		keys = append(keys, ident(c.columns[k].Name))
		used[k] = true
	}
	for _, o := range d.OrderBy {
		name, descending, err := ordering(o)
		if err != nil {
			continue // Validate has refused it
		}
		for _, k := range c.find([]string{name}, note) {
			direction := " ASC"
			if descending {
				direction = " DESC"
			}
			order = append(order, ident(c.columns[k].Name)+direction+" NULLS LAST")
			used[k] = true
		}
	}
	for k, column := range c.columns {
		if used[k] {
			continue
		}
		x := ident(column.Name)
		if kindOf(column.Type) == nestedKind {
			x = c.dialect.toText(x, column.Type)
		}
		order = append(order, x+" ASC NULLS LAST")
	}
	if c.carry != "" {
		order = append(order, ident(c.carry))
	}
	window := "PARTITION BY " + strings.Join(keys, ", ")
	if len(order) > 0 {
		window += " ORDER BY " + strings.Join(order, ", ")
	}
	from := fmt.Sprintf("(\n    SELECT *, row_number() OVER (%s) AS \"_wplake_n\"\n    FROM %s\n  ) AS numbered", window, c.last())
	return &shape{items: plainItems(c.columns), from: from, where: `"_wplake_n" = 1`}
}

// nearMisses notes columns that are not there but nearly: a misspelt name would
// leave a value unmasked.
func (c *compiler) nearMisses(names []string, note noteFunc) {
	known := make([]string, len(c.columns))
	for k, column := range c.columns {
		known[k] = column.Name
	}
	for _, n := range names {
		if lake.FindColumn(c.columns, n) >= 0 {
			continue
		}
		if near := lake.Nearest(n, known); near != "" {
			note("%s is not masked: is it meant by %s?", near, n)
		}
	}
}

func (c *compiler) mask(m Mask, note noteFunc) (*shape, error) {
	items := plainItems(c.columns)
	found := c.find(m.Columns, note)
	c.nearMisses(m.Columns, note)
	if len(found) == 0 {
		return nil, nil
	}
	hash := func(x string) string { return c.dialect.sha256(x) }
	if m.Method == MaskHash && m.Salt != "" {
		salted, err := c.salted(m.Salt)
		if err != nil {
			return nil, err
		}
		hash = salted
	}
	for _, k := range found {
		column := c.columns[k]
		x := ident(column.Name)
		value := c.dialect.toText(x, column.Type)
		masked := lake.Column{Name: column.Name, Type: lake.String}
		switch m.Method {
		case MaskHash:
			value = hash(value)
		case MaskRedact:
			value = "CASE WHEN " + x + " IS NOT NULL THEN '***' END"
		case MaskEmail:
			// Only what has one @ is an address; of anything else nothing shows.
			value = fmt.Sprintf("CASE WHEN %s THEN substr(%s, 1, 1) || '***' || substr(%s, strpos(%s, '@')) WHEN %s IS NOT NULL THEN '***' END",
				c.dialect.matches(value, `\A[^@\s]+@[^@\s]+\z`), value, value, value, x)
		case MaskNull: // keeps the type, whatever it is
			value, masked.Type = "CASE WHEN FALSE THEN "+x+" END", column.Type
		}
		items[k] = item{value, masked, false}
	}
	return &shape{items: items}, nil
}

// salted gives the hash with a salt. DuckDB keeps the salt out of the query,
// in a macro; in Trino, which has none, it stands in the query.
func (c *compiler) salted(reference string) (func(x string) string, error) {
	salt := reference
	if c.options.Secret != nil {
		resolved, err := c.options.Secret(reference)
		if err != nil {
			return nil, err
		}
		if strings.ContainsRune(resolved, 0) {
			return nil, fmt.Errorf("the salt holds a NUL character")
		}
		salt = resolved
	}
	if c.dialect == Trino {
		return func(x string) string { return c.dialect.sha256(literal(salt) + " || " + x) }, nil
	}
	c.salts++
	macro := fmt.Sprintf("salted_hash_%d", c.salts)
	c.setup = append(c.setup, fmt.Sprintf("CREATE OR REPLACE TEMP MACRO %s(x) AS %s", macro, c.dialect.sha256(literal(salt)+" || x")))
	return func(x string) string { return macro + "(" + x + ")" }, nil
}

// sql puts a person's SELECT over the table input.
func (c *compiler) sql(query string) (*shape, error) {
	if c.options.Describe == nil {
		return nil, fmt.Errorf("needs an engine to tell its columns")
	}
	c.carry = ""
	// The line break before the parenthesis ends a comment that ends the query.
	relation := fmt.Sprintf("(\n%s\n  ) AS result", strings.TrimSpace(query))
	with := fmt.Sprintf("  WITH input AS (\n%s\n  )\n", c.selectFrom(plainItems(c.columns), c.last(), ""))
	c.push("result", "", with+"  SELECT * FROM "+relation)
	whole := c.query("SELECT * FROM result")
	c.ctes = c.ctes[:len(c.ctes)-1]
	columns, err := c.options.Describe(c.finishSetup(), whole)
	if err != nil {
		return nil, err
	}
	// Sums and the like have types that no Parquet file holds exactly.
	items := plainItems(columns)
	for k, column := range columns {
		if kindOf(column.Type) != nestedKind {
			items[k] = item{c.dialect.cast(ident(column.Name), column.Type), column, false}
		}
	}
	return &shape{items: items, body: with + c.selectFrom(items, relation, "")}, nil
}
