package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds on a file of tests.
const (
	MaxFileSize = 4 << 20
	maxNesting  = 64
	maxNodes    = 200_000 // values, aliases expanded
)

// Problem is one fault of a file, and where it is; Line and Column count from
// 1, 0 where the fault is the whole file's.
type Problem struct {
	Line, Column int
	Text         string
}

// FaultsError is what Parse returns for a file with faults.
type FaultsError struct {
	File string
	List []Problem
}

// Error lists the faults, one a line: file:line:column: text.
func (e *FaultsError) Error() string {
	lines := make([]string, len(e.List))
	for i, p := range e.List {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", e.File, p.Line, p.Column, p.Text)
		if p.Line == 0 {
			lines[i] = e.File + ": " + p.Text
		}
	}
	return strings.Join(lines, "\n")
}

// node is a value of the file and where it stands.
type node struct {
	line, column int
	scalar       any // nil, bool, string or json.Number, unless it is one of the others
	list         []*node
	entries      []entry
	kind         kind
}

type entry struct {
	key   string
	at    *node
	value *node
}

type kind uint8

const (
	isScalar kind = iota
	isList
	isMapping
)

// value is the node as a JSON value.
func (n *node) value() any {
	switch n.kind {
	case isList:
		out := make([]any, len(n.list))
		for i, v := range n.list {
			out[i] = v.value()
		}
		return out
	case isMapping:
		out := make(map[string]any, len(n.entries))
		for _, e := range n.entries {
			out[e.key] = e.value.value()
		}
		return out
	}
	return n.scalar
}

// reader makes nodes of the syntax tree.
type reader struct {
	anchors map[string]ast.Node
	nodes   int
	faults  []Problem
}

func (r *reader) problem(n ast.Node, format string, args ...any) {
	line, column := place(n)
	r.faults = append(r.faults, Problem{line, column, fmt.Sprintf(format, args...)})
}

// place is where a node begins: of a mapping its first key, not its colon.
func place(n ast.Node) (line, column int) {
	switch t := n.(type) {
	case *ast.MappingNode:
		if !t.IsFlowStyle && len(t.Values) > 0 {
			return position(t.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return position(t.Key.GetToken())
	}
	return position(n.GetToken())
}

func position(t *token.Token) (line, column int) {
	if t == nil || t.Position == nil {
		return 0, 0
	}
	return max(t.Position.Line, 1), max(t.Position.Column, 1)
}

// parseTree reads one YAML document; a nil node is an empty one.
func parseTree(text []byte) (root *node, faults []Problem) {
	// The parser is another's; a defect in it is the file's problem, not a crash.
	defer func() {
		if v := recover(); v != nil {
			root, faults = nil, []Problem{{Text: "this YAML cannot be parsed"}}
		}
	}()
	if len(text) > MaxFileSize {
		return nil, []Problem{{Text: "the file is larger than 4 MiB"}}
	}
	tokens := lexer.Tokenize(strings.ReplaceAll(string(text), "\r\n", "\n"))
	if line, column, deep := tooDeep(tokens); deep {
		return nil, []Problem{{line, column, fmt.Sprintf("nested more than %d deep", maxNesting)}}
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		p := Problem{Text: "this is not YAML"}
		var syntax yaml.Error
		if errors.As(err, &syntax) && syntax.GetToken() != nil {
			p.Line, p.Column = position(syntax.GetToken())
			p.Text = "this is not YAML: " + syntax.GetMessage()
		}
		return nil, []Problem{p}
	}
	r := &reader{anchors: map[string]ast.Node{}}
	for _, doc := range tree.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if root != nil {
			r.problem(doc.Body, "a second document: a file of tests is one")
			break
		}
		root = r.node(doc.Body, 0)
	}
	return root, r.faults
}

// tooDeep finds nesting that the recursive parser must not be given. Within a
// line, markers such as "- - -" nest as brackets do.
func tooDeep(tokens token.Tokens) (line, column int, deep bool) {
	depth, markers, at := 0, 0, 0
	for _, t := range tokens {
		if t.Position == nil {
			continue
		}
		if t.Position.Line != at {
			at, markers = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			if depth == 0 {
				markers++
			}
		}
		if depth > maxNesting || markers > maxNesting {
			line, column = position(t)
			return line, column, true
		}
	}
	return 0, 0, false
}

func (r *reader) node(n ast.Node, depth int) *node {
	out := &node{}
	out.line, out.column = place(n)
	if r.nodes++; r.nodes > maxNodes || depth > maxNesting {
		if len(r.faults) == 0 {
			r.problem(n, "too many values, or nested too deep")
		}
		return out
	}
	switch t := n.(type) {
	case *ast.AnchorNode:
		inner := r.node(t.Value, depth+1)
		r.anchors[t.Name.GetToken().Value] = t.Value
		return inner
	case *ast.AliasNode:
		target, ok := r.anchors[t.Value.GetToken().Value]
		if !ok {
			r.problem(n, "*%s: there is no anchor of that name above", t.Value.GetToken().Value)
			return out
		}
		return r.node(target, depth+1)
	case *ast.TagNode:
		r.problem(n, "tags such as %s are not used here", t.GetToken().Value)
	case *ast.NullNode:
	case *ast.BoolNode:
		out.scalar = t.Value
	case *ast.StringNode:
		out.scalar = t.Value
	case *ast.LiteralNode:
		out.scalar = t.Value.Value
	case *ast.IntegerNode, *ast.FloatNode:
		out.scalar = r.number(n)
	case *ast.SequenceNode:
		out.kind = isList
		for _, v := range t.Values {
			out.list = append(out.list, r.node(v, depth+1))
		}
	case ast.MapNode:
		out.kind = isMapping
		r.mapping(t, out, depth)
	default:
		r.problem(n, "%q has no place in JSON", n.GetToken().Value)
	}
	return out
}

func (r *reader) mapping(m ast.MapNode, out *node, depth int) {
	seen := map[string]int{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key()
		if key.IsMergeKey() {
			r.problem(key, "<< is not used here: name what is meant, or use an alias for the whole value")
			continue
		}
		name, ok := keyText(key)
		if !ok {
			r.problem(key, "a key is a word")
			continue
		}
		line, column := position(key.GetToken())
		if first, twice := seen[name]; twice {
			r.problem(key, "%s is there twice (first in line %d)", name, first)
			continue
		}
		seen[name] = line
		out.entries = append(out.entries, entry{name, &node{line: line, column: column}, r.node(it.Value(), depth+1)})
	}
}

func keyText(n ast.Node) (string, bool) {
	if k, ok := n.(*ast.MappingKeyNode); ok {
		n = k.Value
	}
	switch t := n.(type) {
	case *ast.StringNode:
		return t.Value, true
	case *ast.LiteralNode:
		return t.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// number writes a number of YAML as one of JSON.
func (r *reader) number(n ast.Node) any {
	text := strings.ReplaceAll(n.GetToken().Value, "_", "")
	if json.Valid([]byte(text)) {
		return json.Number(text)
	}
	if i, err := strconv.ParseInt(text, 0, 64); err == nil {
		return json.Number(strconv.FormatInt(i, 10))
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		if text := strconv.FormatFloat(f, 'g', -1, 64); json.Valid([]byte(text)) {
			return json.Number(text)
		}
	}
	r.problem(n, "%s is no number of JSON", text)
	return nil
}
