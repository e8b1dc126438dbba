package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// YAML is the template in YAML, with comments.
func (t Template) YAML() []byte {
	var b bytes.Buffer
	for _, line := range t.title {
		b.WriteString("# " + line + "\n")
	}
	node, err := yaml.ValueToNode(t.document, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
	if err != nil {
		panic(fmt.Sprintf("a document of texts, numbers, lists and maps: %v", err)) // these always encode
	}
	ast.Walk(quoter{}, node)
	var text bytes.Buffer
	if err := yaml.NewEncoder(&text, yaml.WithComment(t.comments)).Encode(node); err != nil {
		panic(fmt.Sprintf("comments on paths that exist: %v", err))
	}
	b.WriteString(tidy(text.String()))
	return b.Bytes()
}

// JSON is the same template in JSON, indented.
func (t Template) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(ordered{t.document}); err != nil {
		panic(fmt.Sprintf("a document of texts, numbers, lists and maps: %v", err))
	}
	return b.Bytes()
}

// tidy leaves out the signs of empty comment lines and white space at ends of lines.
func tidy(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, l := range lines {
		if l = strings.TrimRight(l, " "); strings.TrimLeft(l, " ") == "#" {
			l = ""
		}
		lines[i] = l
	}
	return strings.Join(lines, "\n") + "\n"
}

// likeNumber is text that some reader of YAML takes for a number or a time.
var likeNumber = regexp.MustCompile(`^[-+.0-9]`)

// quoter puts quotes around texts that YAML 1.1 and 1.2 read differently.
type quoter struct{}

func (q quoter) Visit(n ast.Node) ast.Visitor {
	if s, ok := n.(*ast.StringNode); ok && s.Token.Type == token.StringType && likeNumber.MatchString(s.Value) {
		s.Token.Type = token.DoubleQuoteType
	}
	return q
}

// ordered is a value whose JSON keeps the order of keys.
type ordered struct{ value any }

func (o ordered) MarshalJSON() ([]byte, error) {
	switch v := o.value.(type) {
	case yaml.MapSlice:
		var b bytes.Buffer
		b.WriteByte('{')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			key, err := plain(item.Key)
			if err != nil {
				return nil, err
			}
			value, err := plain(ordered{item.Value})
			if err != nil {
				return nil, err
			}
			b.Write(key)
			b.WriteByte(':')
			b.Write(value)
		}
		b.WriteByte('}')
		return b.Bytes(), nil
	case []any:
		list := make([]ordered, len(v))
		for i := range v {
			list[i] = ordered{v[i]}
		}
		return plain(list)
	}
	return plain(o.value)
}

// plain is JSON without the escapes that are meant for web pages.
func plain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}
