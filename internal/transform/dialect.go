package transform

import (
	"fmt"
	"strconv"
	"strings"

	"wplake/internal/lake"
)

// Dialect is a dialect of SQL.
type Dialect string

// The dialects that steps compile to.
const (
	DuckDB Dialect = "duckdb"
	Trino  Dialect = "trino" // Athena as well
)

// ParseDialect turns a name that a person typed into a Dialect.
func ParseDialect(s string) (Dialect, error) {
	switch d := Dialect(s); d {
	case DuckDB, Trino:
		return d, nil
	}
	return "", fmt.Errorf("unknown dialect %q (one of duckdb, trino)", s)
}

// All differences between the dialects are in this file. What the rest of the
// package writes by itself is common to both: CASE, CAST, TRY_CAST, LIKE, ||,
// replace, lower, length, substr, strpos, regexp_extract, row_number.

// ident quotes an identifier.
func ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// literal quotes a text.
func literal(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }

// typeName is the dialect's name of a type.
func (d Dialect) typeName(t lake.Type) string {
	switch t {
	case lake.String:
		return "VARCHAR"
	case lake.Int:
		return "INTEGER"
	case lake.Timestamp:
		if d == Trino {
			return "TIMESTAMP(6)"
		}
	}
	return strings.ToUpper(string(t))
}

// cast casts without a check.
func (d Dialect) cast(x string, t lake.Type) string {
	return "CAST(" + x + " AS " + d.typeName(t) + ")"
}

// tryCast gives NULL where the cast fails.
func (d Dialect) tryCast(x string, t lake.Type) string {
	return "TRY_CAST(" + x + " AS " + d.typeName(t) + ")"
}

// matches tells whether a regular expression matches somewhere in x.
func (d Dialect) matches(x, re string) string {
	if d == Trino {
		return "regexp_like(" + x + ", " + literal(re) + ")"
	}
	return "regexp_matches(" + x + ", " + literal(re) + ")"
}

// replaceAll replaces all matches of a regular expression.
func (d Dialect) replaceAll(x, re string, with []part) string {
	var out strings.Builder
	for _, p := range with {
		switch {
		case p.group >= 0 && d == Trino:
			out.WriteString("$" + strconv.Itoa(p.group))
		case p.group >= 0:
			out.WriteString(`\` + strconv.Itoa(p.group))
		case d == Trino:
			out.WriteString(strings.NewReplacer(`\`, `\\`, `$`, `\$`).Replace(p.text))
		default:
			out.WriteString(strings.ReplaceAll(p.text, `\`, `\\`))
		}
	}
	args := x + ", " + literal(re) + ", " + literal(out.String())
	if d == DuckDB {
		args += ", 'g'" // else only the first match
	}
	return "regexp_replace(" + args + ")"
}

// toText gives the text of a value: whole and decimal numbers as usual,
// booleans as true and false, times as 2024-05-01 09:30:00 with fractions of
// a second only where there are any, nested values as JSON.
func (d Dialect) toText(x string, from lake.Type) string {
	switch kindOf(from) {
	case textKind:
		return x
	case nestedKind:
		if d == Trino {
			return "json_format(CAST(" + x + " AS JSON))"
		}
		return "CAST(to_json(" + x + ") AS VARCHAR)"
	case floatKind:
		if d == Trino { // a plain cast gives 1.0E0
			return "json_format(CAST(" + x + " AS JSON))"
		}
	case timestampKind:
		if d == Trino { // a plain cast gives all six digits of the fraction
			digits := d.replaceAll(d.cast(x, lake.String), `(\.[0-9]*[1-9])0+$`, []part{{"", 1}})
			return d.replaceAll(digits, `\.0+$`, nil)
		}
	}
	return d.cast(x, lake.String)
}

// finite tells whether a double is neither infinite nor not a number.
func (d Dialect) finite(x string) string {
	if d == Trino {
		return "is_finite(" + x + ")"
	}
	return "isfinite(" + x + ")"
}

// sha256 gives the SHA-256 of a text's UTF-8 in lower-case hexadecimal digits.
func (d Dialect) sha256(x string) string {
	if d == Trino {
		return "lower(to_hex(sha256(to_utf8(" + x + "))))"
	}
	return "sha256(" + x + ")"
}

// jsonRow gives a row as a JSON object in a text.
func (d Dialect) jsonRow(columns []lake.Column) string {
	fields := make([]string, len(columns))
	for i, c := range columns {
		x := ident(c.Name)
		if d == DuckDB {
			fields[i] = literal(c.Name) + ": " + x
			continue
		}
		switch kindOf(c.Type) {
		case textKind, wholeKind, floatKind, decimalKind, booleanKind:
		case nestedKind:
			x = d.toText(x, c.Type) + " FORMAT JSON"
		default:
			x = d.toText(x, c.Type)
		}
		fields[i] = literal(c.Name) + " : " + x
	}
	if d == Trino {
		return "json_object(" + strings.Join(fields, ", ") + ")"
	}
	return "CAST(to_json({" + strings.Join(fields, ", ") + "}) AS VARCHAR)"
}

// decodeEntities decodes the HTML entities of a text once. In DuckDB it is a
// macro that Plan.Setup makes; in Trino the whole expression, which reads the
// table entities.
func (d Dialect) decodeEntities(x string) string {
	if d == DuckDB {
		return decodeMacro + "(" + x + ")"
	}
	return decodeExpression(d, x)
}

// mapText applies an expression of t to every element of a list of texts and
// joins the results.
func (d Dialect) mapText(list, expression string) string {
	if d == Trino {
		return "array_join(transform(" + list + ", t -> " + expression + "), '')"
	}
	return "array_to_string(list_transform(" + list + ", lambda t: " + expression + "), '')"
}

// fromHex reads a short text of hexadecimal digits.
func (d Dialect) fromHex(x string) string {
	if d == Trino {
		return "from_base(" + x + ", 16)"
	}
	return "CAST('0x' || " + x + " AS BIGINT)"
}

// element is the n-th (from 1) of some texts; NULL where there is none.
func (d Dialect) element(texts []string, n string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = literal(t)
	}
	if d == Trino {
		return "element_at(ARRAY[" + strings.Join(quoted, ", ") + "], " + n + ")"
	}
	return "list_extract([" + strings.Join(quoted, ", ") + "], " + n + ")"
}

// let gives an expression in which a variable stands for a value.
func (d Dialect) let(variable, value, expression string) string {
	if d == Trino {
		return "element_at(transform(ARRAY[" + value + "], " + variable + " -> " + expression + "), 1)"
	}
	return "list_extract(list_transform([" + value + "], lambda " + variable + ": " + expression + "), 1)"
}

// charCode makes a whole number an argument of chr.
func (d Dialect) charCode(n string) string {
	if d == Trino {
		return n
	}
	return "CAST(" + n + " AS INTEGER)"
}
