package cli

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"wplake/internal/lake"
)

// isNumber reports whether values of a type are numbers.
func isNumber(t lake.Type) bool {
	switch t {
	case "tinyint", "smallint", lake.Int, lake.Bigint, "float", lake.Double:
		return true
	}
	return strings.HasPrefix(string(t), "decimal(")
}

// cellText writes a value that is not NULL as text, the same in all formats that
// are text.
func cellText(value any, t lake.Type) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case *big.Int:
		return v.String()
	case float64:
		return floatText(v)
	case []byte:
		return `\x` + hex.EncodeToString(v)
	case time.Time:
		return timeText(v, t)
	case []any, map[string]any:
		return string(appendJSON(nil, v, t))
	}
	return fmt.Sprint(value)
}

// floatText is the shortest text that gives the number again.
func floatText(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0 || math.Abs(f) >= 1e-6 && math.Abs(f) < 1e21:
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func timeText(t time.Time, typ lake.Type) string {
	if typ == lake.Date {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04:05.999999999")
}

// appendJSON writes a value as JSON. Numbers have all of their digits.
func appendJSON(b []byte, value any, t lake.Type) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case *big.Int:
		return v.Append(b, 10)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return appendJSONString(b, floatText(v)) // JSON has no number for them
		}
		return append(b, floatText(v)...)
	case string:
		if isNumber(t) {
			return append(b, v...) // a decimal's text
		}
		return appendJSONString(b, v)
	case []byte:
		return appendJSONString(b, base64.StdEncoding.EncodeToString(v))
	case []any:
		return appendJSONList(b, v, t)
	case map[string]any:
		return appendJSONObject(b, v, t)
	}
	return appendJSONString(b, cellText(value, t))
}

func appendJSONList(b []byte, list []any, t lake.Type) []byte {
	item := within(t)
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, v, item(""))
	}
	return append(b, ']')
}

func appendJSONObject(b []byte, object map[string]any, t lake.Type) []byte {
	item := within(t)
	b = append(b, '{')
	for i, key := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, key), ':')
		b = appendJSON(b, object[key], item(key))
	}
	return append(b, '}')
}

// within gives the types of what lies within a nested type.
func within(t lake.Type) func(key string) lake.Type {
	s := string(t)
	switch {
	case strings.HasPrefix(s, "array<"):
		return func(string) lake.Type { return lake.Type(s[len("array<") : len(s)-1]) }
	case strings.HasPrefix(s, "map<"):
		parts := topLevel(s[len("map<") : len(s)-1])
		return func(string) lake.Type { return lake.Type(parts[len(parts)-1]) }
	case strings.HasPrefix(s, "struct<"):
		fields := map[string]lake.Type{}
		for _, field := range topLevel(s[len("struct<") : len(s)-1]) {
			name, inner, _ := strings.Cut(field, ":")
			fields[name] = lake.Type(inner)
		}
		return func(key string) lake.Type { return fields[key] }
	}
	return func(string) lake.Type { return "" }
}

// topLevel splits at the commas that are not within brackets.
func topLevel(s string) []string {
	var parts []string
	depth, from := 0, 0
	for i, c := range s {
		switch c {
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

// appendJSONString writes a JSON string. Control characters, also those above
// ASCII, and those that turn the direction of text are escaped: JSON may be
// read on a terminal.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' && !drives(c) && c != unicode.ReplacementChar {
			continue
		}
		b = append(b, s[from:i]...)
		quoted, err := json.Marshal(string(c))
		if err == nil && !drives(c) {
			b = append(b, quoted[1:len(quoted)-1]...)
		} else {
			b = fmt.Appendf(b, `\u%04x`, c)
		}
		from = i + size(s[i:], c)
	}
	b = append(b, s[from:]...)
	return append(b, '"')
}

// size is how many bytes of s make its first character c: one where it is not
// UTF-8.
func size(s string, c rune) int {
	if c == unicode.ReplacementChar && !strings.HasPrefix(s, string(unicode.ReplacementChar)) {
		return 1
	}
	return len(string(c))
}

// drives reports whether a character could drive a terminal or turn text around.
func drives(c rune) bool {
	return c != '\n' && unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c)
}

// escaped shows a text on one line: what drives a terminal or breaks the line
// is written as an escape sequence of Go's and C's kind.
func escaped(s string) string {
	if !strings.ContainsFunc(s, func(c rune) bool { return drives(c) || c == '\n' }) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x80 && drives(c):
			fmt.Fprintf(&b, `\x%02x`, c)
		case drives(c):
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
