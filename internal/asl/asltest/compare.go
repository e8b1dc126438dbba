package asltest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"wplake/internal/asl"
)

// Normaliser compares what was recorded with what came out, where the recorder
// left placeholders (<name>) and names such as date for what is chance. The
// zero Normaliser knows of nothing else.
type Normaliser struct {
	// Masked tells the fields whose values the recorder overwrote; nil for none.
	Masked func(key string) bool
	// Extra tells the fields that need not have been recorded; nil for none.
	Extra func(key string) bool
	// Loose takes numbers for equal that are the same however they are written,
	// and texts of JSON whatever their spacing.
	Loose        bool
	replacements []replacement
}

type replacement struct {
	from *regexp.Regexp
	to   string
}

// NewNormaliser makes the loose Normaliser that does again what the recorder
// did to a case.
func NewNormaliser(c *Case) *Normaliser {
	keys := map[string]bool{}
	n := &Normaliser{Loose: true, Masked: func(key string) bool { return keys[key] }}
	for _, t := range c.Transforms {
		if path := t.Kwargs.JSONPath; path != "" {
			keys[path[strings.LastIndexByte(path, '.')+1:]] = true
		}
		if len(t.Args) < 2 {
			continue
		}
		from, _ := t.Args[0].(string)
		to, _ := t.Args[1].(string)
		if t.Kind == "JsonpathTransformer" {
			keys[from[strings.LastIndexByte(from, '.')+1:]] = true
			continue
		}
		if re, err := regexp.Compile(from); err == nil && len(from) > 2 {
			n.replacements = append(n.replacements, replacement{re, strings.ReplaceAll(to, "$", "$$")})
		}
	}
	n.replacements = append(n.replacements,
		replacement{regexp.MustCompile("arn:aws:"), "arn:<partition>:"}, replacement{regexp.MustCompile("us-east-1"), "<region>"})
	return n
}

// Text does to a text what the recorder would have done.
func (n *Normaliser) Text(s string) string {
	for _, r := range n.replacements {
		s = r.from.ReplaceAllString(s, r.to)
	}
	return s
}

var (
	isoTime     = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$`)
	placeholder = regexp.MustCompile(`<[^<>]*>`)
)

// SameText tells whether a text is the recorded one.
func (n *Normaliser) SameText(want, got string) bool {
	got = n.Text(got)
	if want == got {
		return true
	}
	switch want {
	case "date", "start-time", "entered-time":
		return isoTime.MatchString(got)
	case "timestamp", "a_task_token":
		return true
	}
	pattern, last := "(?s)^", 0
	for _, m := range placeholder.FindAllStringIndex(want, -1) {
		pattern += regexp.QuoteMeta(want[last:m[0]]) + ".*"
		last = m[1]
	}
	if last == 0 {
		return false
	}
	re, err := regexp.Compile(pattern + regexp.QuoteMeta(want[last:]) + "$")
	return err == nil && re.MatchString(got)
}

// Differ tells how a value, of the types that asl.Decode gives, differs from
// the recorded one; "" is equality. Texts of JSON were recorded as values where
// they are objects. at names the value.
func (n *Normaliser) Differ(at string, want, got any) string {
	w, wantText := want.(string)
	g, gotText := got.(string)
	switch {
	case wantText && gotText:
		if n.SameText(w, g) {
			return ""
		}
		if v, ok := document(w); ok && n.Loose {
			return n.Differ(at, v, got)
		}
		return fmt.Sprintf("%s: want %q, got %q", at, w, g)
	case wantText:
		if v, ok := document(w); ok && n.Loose {
			return n.Differ(at, v, got)
		}
	case gotText:
		if v, ok := document(g); ok {
			return n.Differ(at, want, v)
		}
	}
	switch w := want.(type) {
	case map[string]any:
		if _, masked := w["$unparsed"]; masked {
			return ""
		}
		if g, ok := got.(map[string]any); ok {
			return n.differObject(at, w, g)
		}
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if why := n.Differ(fmt.Sprintf("%s[%d]", at, i), w[i], g[i]); why != "" {
				return why
			}
		}
		return ""
	default:
		if want == got || n.Loose && sameNumber(want, got) {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %s, got %s", at, asl.Text(want), asl.Text(got))
}

func (n *Normaliser) differObject(at string, want, got map[string]any) string {
	for k, v := range want {
		g, has := got[k]
		if !has {
			return at + "." + k + " is missing"
		}
		if n.Masked != nil && n.Masked(k) {
			continue
		}
		if why := n.Differ(at+"."+k, v, g); why != "" {
			return why
		}
	}
	for k := range got {
		if _, has := want[k]; !has && (n.Extra == nil || !n.Extra(k)) {
			return at + "." + k + " is too much"
		}
	}
	return ""
}

// document reads a text that is a JSON object or array.
func document(text string) (v any, ok bool) {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return nil, false
	}
	v, err := asl.Decode([]byte(text))
	return v, err == nil
}

func sameNumber(want, got any) bool {
	w, isNumber := want.(json.Number)
	g, too := got.(json.Number)
	if !isNumber || !too {
		return false
	}
	x, errX := w.Float64()
	y, errY := g.Float64()
	return errX == nil && errY == nil && x == y
}

// Value reads what was recorded: a value, nil for nothing, or the text itself
// where it is not JSON.
func Value(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	v, err := asl.Decode(raw)
	if err != nil {
		return string(raw)
	}
	return v
}

// Inner reads what the recorder left as JSON text: all but objects.
func Inner(raw json.RawMessage) any {
	v := Value(raw)
	if s, ok := v.(string); ok {
		if inner, err := asl.Decode([]byte(s)); err == nil {
			return inner
		}
	}
	return v
}
