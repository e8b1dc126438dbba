package athena

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// maxParameter is Athena's bound on a parameter, in characters of its literal.
const maxParameter = 1024

// bind turns the named parameters of a statement into Athena's, which have no
// names: each $name becomes a ?, and its value the literal in that place of
// the list. Values never become part of the statement. Names are found without
// regard to case.
func bind(sql string, params map[string]any) (text string, values []string, err error) {
	var b strings.Builder
	used := map[string]bool{}
	var missing []string
	for i := 0; i < len(sql); {
		n, k, _ := token(sql[i:])
		part := sql[i : i+n]
		i += n
		switch k {
		case mark:
			return "", nil, &lake.Error{
				Code: lake.QueryInvalid, Message: "the query has a parameter without a name: ?",
				Hint: "write $name in its place and give the value: --param name=value",
			}
		case named:
			name, ok := find(params, part[1:])
			if !ok {
				if !slices.Contains(missing, part) {
					missing = append(missing, part)
				}
				continue
			}
			used[name] = true
			literal, err := literal(part, params[name])
			if err != nil {
				return "", nil, err
			}
			values = append(values, literal)
			b.WriteByte('?')
		case blank, semicolon, quoted, word, sign:
			b.WriteString(part)
		}
	}
	if len(missing) > 0 {
		return "", nil, &lake.Error{
			Code: lake.QueryInvalid, Message: "no value is given for " + strings.Join(missing, ", "),
			Hint: "give it: --param name=value for each $name in the query",
		}
	}
	var unused []string
	for name := range params {
		if !used[name] {
			unused = append(unused, "$"+name)
		}
	}
	if len(unused) > 0 {
		slices.Sort(unused)
		return "", nil, invalid("the query has no parameter %s", strings.Join(unused, ", "))
	}
	return b.String(), values, nil
}

// find finds a parameter by its name.
func find(params map[string]any, name string) (string, bool) {
	if _, ok := params[name]; ok {
		return name, true
	}
	for known := range params {
		if strings.EqualFold(known, name) {
			return known, true
		}
	}
	return "", false
}

// literal writes a value as a literal of Trino.
func literal(name string, value any) (string, error) {
	var text string
	switch v := value.(type) {
	case nil:
		text = "NULL"
	case bool:
		text = strings.ToUpper(strconv.FormatBool(v))
	case int64:
		text = strconv.FormatInt(v, 10)
	case float64:
		text = double(v)
	case engine.Decimal:
		text = "DECIMAL " + engine.Literal(string(v))
	case string:
		if strings.ContainsRune(v, 0) {
			return "", invalid("the value of %s holds a NUL character", name)
		}
		text = engine.Literal(v)
	default:
		return "", invalid("the value of %s is of a kind that no query takes: %T", name, value)
	}
	if n := len([]rune(text)); n > maxParameter {
		return "", &lake.Error{
			Code: lake.QueryInvalid, Message: fmt.Sprintf("the value of %s is too long for Athena: %d characters as a literal, where it takes %d", name, n, maxParameter),
			Hint: "write it into the query, or use --engine duckdb",
		}
	}
	return text, nil
}

func double(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan()"
	case math.IsInf(f, 1):
		return "infinity()"
	case math.IsInf(f, -1):
		return "-infinity()"
	}
	return strconv.FormatFloat(f, 'E', -1, 64)
}
