package transform

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// labelLength is the longest label, in characters.
const labelLength = 120

// Label says in one line what a step does, e.g. split_date [post_date]. It
// holds no control characters and no salt.
func Label(s Step) string {
	label := []rune(oneLine(s.Kind() + " " + describe(s)))
	if len(label) > labelLength {
		return string(label[:labelLength-1]) + "…"
	}
	return string(label)
}

// describe gives the step's settings.
func describe(s Step) string {
	switch s.Kind() {
	case "drop":
		return list(s.Drop)
	case "select":
		return list(s.Select)
	case "split_date":
		return list(s.SplitDate)
	case "decode_entities":
		return list(s.DecodeEntities)
	case "trim":
		return list(s.Trim)
	case "rename":
		return pairs(s.Rename, func(to string) string { return " → " + to })
	case "cast":
		types := make(map[string]string, len(s.Cast))
		for column, t := range s.Cast {
			types[column] = string(t)
		}
		return pairs(types, func(t string) string { return " to " + t })
	case "null_if":
		return pairs(s.NullIf, func(values []string) string { return " in " + quoted(values) })
	case "replace":
		what := strconv.Quote(s.Replace.Find)
		if s.Replace.Regex {
			what = "/" + s.Replace.Find + "/"
		}
		return fmt.Sprintf("%s by %q in %s", what, s.Replace.With, list(s.Replace.Columns))
	case "filter":
		return s.Filter
	case "deduplicate":
		text := "by " + list(s.Deduplicate.By)
		if len(s.Deduplicate.OrderBy) > 0 {
			text += ", first of " + list(s.Deduplicate.OrderBy)
		}
		return text
	case "mask":
		return string(s.Mask.Method) + " " + list(s.Mask.Columns)
	case "sql":
		return s.SQL
	}
	return "(invalid)"
}

func list(names []string) string { return "[" + strings.Join(names, ", ") + "]" }

func quoted(values []string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strconv.Quote(v)
	}
	return list(out)
}

func pairs[V any](m map[string]V, show func(V) string) string {
	out := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, k+show(m[k]))
	}
	return list(out)
}

// oneLine makes every run of white space and control characters one space.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}
