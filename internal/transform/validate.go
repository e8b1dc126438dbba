package transform

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"wplake/internal/lake"
)

// Validate checks what can be known of steps without a table. Its error is a
// *lake.Error with the code StepInvalid that names the step by its number.
func Validate(steps []Step) error {
	for i, s := range steps {
		if err := validate(s); err != nil {
			return invalid(i, s, err)
		}
	}
	return nil
}

// invalid wraps what is wrong with the step at index i.
func invalid(i int, s Step, err error) error {
	name := s.Kind()
	if name != "" {
		name = " (" + name + ")"
	}
	return &lake.Error{
		Code:    lake.StepInvalid,
		Message: fmt.Sprintf("step %d%s: %v", i+1, name, err),
		Hint:    "wplake preview shows what each step does",
		Err:     err,
	}
}

func validate(s Step) error {
	kinds := s.kinds()
	switch {
	case len(kinds) == 0:
		return fmt.Errorf("says nothing to do")
	case len(kinds) > 1:
		return fmt.Errorf("says %s at once; write each as a step of its own", strings.Join(kinds, " and "))
	}
	if err := noNUL(s); err != nil {
		return err
	}
	switch kinds[0] {
	case "drop":
		return names(s.Drop)
	case "select":
		return names(s.Select)
	case "split_date":
		return names(s.SplitDate)
	case "decode_entities":
		return names(s.DecodeEntities)
	case "trim":
		return names(s.Trim)
	case "rename":
		return validateRename(s.Rename)
	case "cast":
		return validateCast(s.Cast)
	case "null_if":
		return names(slices.Sorted(maps.Keys(s.NullIf)))
	case "replace":
		return validateReplace(*s.Replace)
	case "filter":
		return checkCondition(s.Filter)
	case "deduplicate":
		return validateDeduplicate(*s.Deduplicate)
	case "mask":
		return validateMask(*s.Mask)
	case "sql":
		return checkSelect(s.SQL)
	}
	return nil
}

// noNUL refuses NUL characters, which no SQL text can carry.
func noNUL(s Step) error {
	for _, t := range texts(s) {
		if strings.ContainsRune(t, 0) {
			return fmt.Errorf("holds a NUL character")
		}
	}
	return nil
}

// texts are all the texts that a step brings into SQL.
func texts(s Step) []string {
	out := slices.Concat(s.Drop, s.Select, s.SplitDate, s.DecodeEntities, s.Trim)
	out = append(out, s.Filter, s.SQL)
	for from, to := range s.Rename {
		out = append(out, from, to)
	}
	for column := range s.Cast {
		out = append(out, column)
	}
	for column, values := range s.NullIf {
		out = append(append(out, column), values...)
	}
	if r := s.Replace; r != nil {
		out = append(append(out, r.Columns...), r.Find, r.With)
	}
	if d := s.Deduplicate; d != nil {
		out = append(append(out, d.By...), d.OrderBy...)
	}
	if m := s.Mask; m != nil {
		out = append(append(out, m.Columns...), m.Salt)
	}
	return out
}

// names checks a list of columns: not empty, no name empty or twice.
func names(columns []string) error {
	if len(columns) == 0 {
		return fmt.Errorf("names no column")
	}
	seen := make(map[string]bool, len(columns))
	for _, c := range columns {
		if c == "" {
			return fmt.Errorf("names a column without a name")
		}
		folded := strings.ToLower(c)
		if seen[folded] {
			return fmt.Errorf("names the column %s twice", c)
		}
		seen[folded] = true
	}
	return nil
}

func validateRename(m map[string]string) error {
	if err := names(slices.Sorted(maps.Keys(m))); err != nil {
		return err
	}
	targets := slices.Sorted(maps.Values(m))
	if err := names(targets); err != nil {
		return fmt.Errorf("new names: %w", err)
	}
	return nil
}

func validateCast(m map[string]lake.Type) error {
	columns := slices.Sorted(maps.Keys(m))
	if err := names(columns); err != nil {
		return err
	}
	for _, c := range columns {
		if !castTarget(m[c]) {
			return fmt.Errorf("cannot cast %s to %q (bigint, int, smallint, tinyint, double, boolean, string, timestamp, date, decimal(p,s))", c, m[c])
		}
	}
	return nil
}

func validateReplace(r Replace) error {
	if err := names(r.Columns); err != nil {
		return err
	}
	if r.Find == "" {
		return fmt.Errorf("find is empty")
	}
	if !r.Regex {
		return nil
	}
	re, err := regexp.Compile(r.Find)
	if err != nil {
		return fmt.Errorf("find is no regular expression: %w", err)
	}
	_, err = replacement(r.With, re.NumSubexp())
	return err
}

// A part of a regular expression's replacement: literal text, or a group.
type part struct {
	text  string
	group int // -1: text
}

// replacement parses With: \0 is the whole match, \1 to \9 are groups, \\ is
// a backslash.
func replacement(with string, groups int) ([]part, error) {
	var parts []part
	var text strings.Builder
	for i := 0; i < len(with); i++ {
		if with[i] != '\\' {
			text.WriteByte(with[i])
			continue
		}
		i++
		switch {
		case i < len(with) && with[i] == '\\':
			text.WriteByte('\\')
		case i < len(with) && with[i] >= '0' && with[i] <= '9':
			group := int(with[i] - '0')
			if group > groups {
				return nil, fmt.Errorf(`with uses \%d, but find has %d groups`, group, groups)
			}
			parts = append(parts, part{text.String(), -1}, part{"", group})
			text.Reset()
		default:
			return nil, fmt.Errorf(`with has a backslash before something else than a digit (\\ is a backslash)`)
		}
	}
	return append(parts, part{text.String(), -1}), nil
}

func validateDeduplicate(d Deduplicate) error {
	if err := names(d.By); err != nil {
		return err
	}
	for _, o := range d.OrderBy {
		if _, _, err := ordering(o); err != nil {
			return err
		}
	}
	return nil
}

// ordering parses an element of order_by: a column, then asc or desc.
func ordering(s string) (column string, descending bool, err error) {
	column = strings.TrimSpace(s)
	if i := strings.LastIndexAny(column, " \t"); i >= 0 {
		switch strings.ToLower(column[i+1:]) {
		case "asc":
			column = strings.TrimSpace(column[:i])
		case "desc":
			column, descending = strings.TrimSpace(column[:i]), true
		}
	}
	if column == "" {
		return "", false, fmt.Errorf("order_by has an element without a column")
	}
	return column, descending, nil
}

func validateMask(m Mask) error {
	if err := names(m.Columns); err != nil {
		return err
	}
	switch m.Method {
	case MaskHash:
		return nil
	case MaskRedact, MaskNull, MaskEmail:
		if m.Salt != "" {
			return fmt.Errorf("salt is for the method hash only")
		}
		return nil
	}
	return fmt.Errorf("unknown method %q (one of hash, redact, null, email)", m.Method)
}
