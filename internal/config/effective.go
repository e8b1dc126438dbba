package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Setting is one value of a definition and where it came from. Values that
// stand elsewhere (environment, parameter, file) are named, not resolved, and
// literal secrets are ***.
type Setting struct {
	Key    string `json:"key"`    // e.g. source.endpoints.parallel
	Value  any    `json:"value"`  // as JSON has it
	Origin string `json:"origin"` // default, file:line:column, or what File.Override said
}

// Text is the value as YAML has it.
func (s Setting) Text() string { return flow(s.Value) }

// OriginDefault is the origin of a value that the file does not give.
const OriginDefault = "default"

// Settings lists every value of a loaded definition, in the order of Config.
func Settings(c Config, f *File) []Setting {
	var all []Setting
	for line := range f.lay(c) {
		if line.leaf {
			all = append(all, Setting{Key: line.path, Value: line.value, Origin: line.origin})
		}
	}
	return all
}

// Effective writes a loaded definition as YAML with all defaults filled in and
// each value's origin beside it. Without secrets in it, it loads again to the
// same Config.
func Effective(c Config, f *File) string {
	var b strings.Builder
	for line := range f.lay(c) {
		text := strings.Repeat("  ", line.indent) + line.text
		if line.leaf {
			text += strings.Repeat(" ", max(1, 52-utf8.RuneCountInString(text))) + " # " + line.origin
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

// laidLine is one line of the effective definition.
type laidLine struct {
	path   string
	indent int
	text   string // key: value, or key:
	leaf   bool
	value  any
	origin string
}

// lay lays a definition out, line by line.
func (f *File) lay(c Config) func(yield func(laidLine) bool) {
	return func(yield func(laidLine) bool) {
		l := layout{file: f, yield: yield}
		l.fields(reflect.ValueOf(c), "", 0, "", false)
	}
}

type layout struct {
	file  *File
	yield func(laidLine) bool
	done  bool
}

func (l *layout) put(line laidLine) {
	if !l.done && !l.yield(line) {
		l.done = true
	}
}

// fields lays out a struct's keys. lead goes before the first one, "- " in a list.
func (l *layout) fields(v reflect.Value, path string, indent int, lead string, secret bool) {
	// What is not set for an object has a default that depends on the object.
	sparse := strings.HasPrefix(path, "objects.")
	for _, f := range fieldsOf(v.Type()) {
		key := f.name
		if path != "" {
			key = path + "." + key
		}
		field := v.Field(f.index)
		if _, given := l.file.origins[key]; sparse && !given && field.IsZero() {
			continue
		}
		l.entry(field, key, lead+f.name, indent, secret || f.secret)
		if lead != "" {
			lead = "  "
		}
	}
}

// entry lays out one key with its value.
func (l *layout) entry(v reflect.Value, path, key string, indent int, secret bool) {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Struct:
		l.put(laidLine{path: path, indent: indent, text: key + ":"})
		l.fields(v, path, indent+deeper(key), "", secret)
	case v.Kind() == reflect.Map && v.Len() > 0:
		l.put(laidLine{path: path, indent: indent, text: key + ":"})
		for _, name := range slices.Sorted(maps.Keys(mapKeys(v))) {
			item := v.MapIndex(reflect.ValueOf(name))
			if item.Kind() == reflect.Struct && item.IsZero() {
				l.leaf(map[string]any{}, path+"."+name, plain(name), indent+deeper(key))
				continue
			}
			l.entry(item, path+"."+name, plain(name), indent+deeper(key), secret)
		}
	case v.Type() == reflect.SliceOf(stepType()) && v.Len() > 0:
		l.put(laidLine{path: path, indent: indent, text: key + ":"})
		for i := range v.Len() {
			l.fields(v.Index(i), fmt.Sprintf("%s[%d]", path, i), indent+1, "- ", secret)
		}
	default:
		l.leaf(l.shown(v, path, secret), path, key, indent)
	}
}

// deeper is how much further in a key's children stand: after "- " once more.
func deeper(key string) int {
	if strings.HasPrefix(key, "- ") || strings.HasPrefix(key, "  ") {
		return 2
	}
	return 1
}

func mapKeys(v reflect.Value) map[string]bool {
	names := make(map[string]bool, v.Len())
	for _, k := range v.MapKeys() {
		names[k.String()] = true
	}
	return names
}

func (l *layout) leaf(value any, path, key string, indent int) {
	origin := OriginDefault
	if at, ok := l.file.origins[path]; ok {
		origin = fmt.Sprintf("%s:%d:%d", l.file.Name, at.Line, at.Column)
	}
	if other, ok := l.file.others[path]; ok {
		origin = other
	}
	l.put(laidLine{path: path, indent: indent, text: key + ": " + flow(value), leaf: true, value: value, origin: origin})
}

// shown is a value as a person may see it.
func (l *layout) shown(v reflect.Value, path string, secret bool) any {
	switch {
	case v.Type() == refType(), secret && v.Kind() == reflect.String:
		r := Ref(v.String())
		if secret && !r.IsReference() && r != "" {
			return hidden // also what Ref would show of a web address
		}
		return r.String()
	case v.Type() == reflect.TypeFor[ByteSize](), v.Type() == reflect.TypeFor[Duration]():
		return fmt.Sprint(v.Interface())
	case v.Kind() == reflect.String:
		return v.String()
	case v.Kind() == reflect.Slice:
		items := make([]any, v.Len())
		for i := range v.Len() {
			items[i] = l.shown(v.Index(i), path, secret)
		}
		return items
	case v.Kind() == reflect.Map: // an empty one
		return map[string]any{}
	case path == "source.endpoints.retries", path == "source.endpoints.max_redirects",
		strings.HasPrefix(path, "schedules.") && strings.HasSuffix(path, ".retries"):
		return max(v.Int(), 0) // none is 0 in the file
	}
	return v.Interface()
}

// flow writes a value as YAML on one line.
func flow(value any) string {
	switch v := value.(type) {
	case string:
		return plain(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = flow(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// A size or a time span, which nothing else is read as.
var quantity = regexp.MustCompile(`^([0-9]+([KMGT]i?)?B|([0-9.]+(ns|µs|ms|s|m|h))+)$`)

// plain writes a string as YAML: bare where it cannot be misread, else quoted.
func plain(s string) string {
	if quantity.MatchString(s) {
		return s
	}
	bare := s != "" && s != "true" && s != "false" && s != "null"
	for i, r := range s {
		letter := r == '_' || r == '/' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || (r < '0' || r > '9') && r != '-' && r != '.') {
			bare = false
		}
	}
	if bare {
		return s
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}
