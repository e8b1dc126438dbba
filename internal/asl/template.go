package asl

import (
	"encoding/json"
	"sort"
	"strconv"
	"strings"

	"wplake/internal/asl/jsonata"
)

// node is a compiled payload template: a literal, a path or an intrinsic call
// of JSONPath, an expression of JSONata, or an object or array that holds some.
type node struct {
	// field is where the template stands, for error texts: Output/total.
	field   string
	literal any
	keys    []string
	members []*node
	array   bool
	path    *expression
	expr    *jsonata.Expr
	source  string // the JSONata text between its marks
}

func literalNode(field string, v any) *node { return &node{field: field, literal: v} }

func (n *node) isLiteral() bool {
	return n.path == nil && n.expr == nil && n.members == nil
}

// compilePathTemplate compiles Parameters, ResultSelector, ItemSelector and
// Assign of JSONPath: a field that ends in .$ holds a path or a call.
func (p *parser) compilePathTemplate(at string, v any) *node {
	switch v := v.(type) {
	case map[string]any:
		n := &node{}
		seen := map[string]bool{}
		dynamic := false
		for _, k := range sortedKeys(v) {
			name, isPath := strings.CutSuffix(k, ".$")
			if seen[name] {
				p.fail(at+"/"+k, "The field '"+name+"' is given twice, once as a path.")
				continue
			}
			seen[name] = true
			var m *node
			if isPath {
				text, ok := v[k].(string)
				if !ok {
					p.fail(at+"/"+k, "The value for the field '"+k+"' must be a valid JSONPath or a valid intrinsic function call")
					continue
				}
				m = p.pathNode(at+"/"+k, k, text)
			} else {
				m = p.compilePathTemplate(at+"/"+k, v[k])
			}
			dynamic = dynamic || !m.isLiteral()
			n.keys = append(n.keys, name)
			n.members = append(n.members, m)
		}
		if !dynamic {
			return literalNode("", v)
		}
		return n
	case []any:
		return arrayNode(v, func(i int) *node {
			return p.compilePathTemplate(at+"/"+strconv.Itoa(i), v[i])
		})
	}
	return literalNode("", v)
}

// compileJSONata compiles a field of a JSONata state: a string between {% and
// %} is an expression. at is the place for diagnostics, field that for errors.
func (p *parser) compileJSONata(at, field string, v any) *node {
	switch v := v.(type) {
	case string:
		source, ok := jsonataSource(v)
		if !ok {
			return literalNode(field, v)
		}
		expr, err := p.compile(source)
		if err != nil {
			p.fail(at, "The JSONata expression '"+source+"' is not valid: "+err.Error())
			return literalNode(field, v)
		}
		return &node{field: field, expr: expr, source: source}
	case map[string]any:
		n := &node{field: field}
		dynamic := false
		for _, k := range sortedKeys(v) {
			m := p.compileJSONata(at+"/"+k, field+"/"+k, v[k])
			dynamic = dynamic || !m.isLiteral()
			n.keys = append(n.keys, k)
			n.members = append(n.members, m)
		}
		if !dynamic {
			return literalNode(field, v)
		}
		return n
	case []any:
		return arrayNode(v, func(i int) *node {
			return p.compileJSONata(at+"/"+strconv.Itoa(i), field+"["+strconv.Itoa(i)+"]", v[i])
		})
	}
	return literalNode(field, v)
}

// jsonataSource cuts the marks off an expression.
func jsonataSource(s string) (string, bool) {
	if len(s) < 4 || !strings.HasPrefix(s, "{%") || !strings.HasSuffix(s, "%}") {
		return "", false
	}
	return strings.TrimSpace(s[2 : len(s)-2]), true
}

func arrayNode(v []any, compile func(i int) *node) *node {
	n := &node{array: true, members: make([]*node, len(v))}
	dynamic := false
	for i := range v {
		n.members[i] = compile(i)
		dynamic = dynamic || !n.members[i].isLiteral()
	}
	if !dynamic {
		return literalNode("", v)
	}
	return n
}

func (p *parser) pathNode(at, field, text string) *node {
	return &node{field: field, path: p.expression(at, text)}
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// integer reads a JSON number that is whole.
func integer(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	if i, err := n.Int64(); err == nil {
		return i, true
	}
	f, err := n.Float64()
	if err != nil || f != float64(int64(f)) || f > 1e15 || f < -1e15 {
		return 0, false
	}
	return int64(f), true
}
