package config

import (
	"encoding"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decoder puts a syntax tree into Go values by their yaml tags. It is strict
// and goes on after a problem, so that a person sees all of them at once.
type decoder struct {
	file     *File
	problems []problem
	anchors  map[string]ast.Node
	nodes    int // visited so far, aliases expanded
}

func newDecoder(f *File) *decoder { return &decoder{file: f, anchors: map[string]ast.Node{}} }

// field is a key that a struct knows.
type field struct {
	name     string
	index    int
	required bool // no omitempty: must be there
	secret   bool
}

// fieldsOf lists the keys of a struct type.
func fieldsOf(t reflect.Type) []field {
	fields := make([]field, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields = append(fields, field{
			name: name, index: i,
			required: !strings.Contains(options, "omitempty"),
			secret:   f.Tag.Get("secret") == "true" || t == maskType() && name == "salt",
		})
	}
	return fields
}

// namesOf lists the names of keys.
func namesOf(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return names
}

// document decodes the whole definition.
func (d *decoder) document(body ast.Node, c *Config) {
	if body == nil {
		return
	}
	d.value(body, reflect.ValueOf(c).Elem(), place{})
}

// place is where the decoder is.
type place struct {
	path   string // a.b[0]
	depth  int
	secret bool // literal values below must not be shown
}

func (p place) key(name string, secret bool) place {
	path := name
	if p.path != "" {
		path = p.path + "." + name
	}
	return place{path: path, depth: p.depth + 1, secret: p.secret || secret}
}

func (p place) item(i int) place {
	return place{path: fmt.Sprintf("%s[%d]", p.path, i), depth: p.depth + 1, secret: p.secret}
}

// label is how a message calls the place.
func (p place) label() string {
	if p.path == "" {
		return "the definition"
	}
	return p.path
}

func (d *decoder) problem(n ast.Node, format string, args ...any) {
	d.problems = append(d.problems, problem{at: startOf(n), text: fmt.Sprintf(format, args...)})
}

// startOf is where a node begins: of a mapping its first key, not its colon.
func startOf(n ast.Node) Position {
	switch t := n.(type) {
	case *ast.MappingNode:
		if !t.IsFlowStyle && len(t.Values) > 0 {
			return positionOf(t.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return positionOf(t.Key.GetToken())
	}
	return positionOf(n.GetToken())
}

// value decodes a node into v. A null leaves v as it is: the default.
func (d *decoder) value(n ast.Node, v reflect.Value, p place) {
	d.nodes++
	if d.nodes > maxNodes {
		if d.nodes == maxNodes+1 {
			d.problem(n, "the definition expands to more than %d values", maxNodes)
		}
		return
	}
	if p.depth > maxNesting {
		d.problem(n, "nested more than %d deep", maxNesting)
		return
	}
	n = d.unwrap(n)
	if n == nil || n.Type() == ast.NullType {
		return
	}
	d.file.origins[p.path] = startOf(n)
	if v.Kind() == reflect.Pointer {
		target := reflect.New(v.Type().Elem())
		d.value(n, target.Elem(), p)
		v.Set(target)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v, p)
	case reflect.Map:
		d.mapping(n, v, p)
	case reflect.Slice:
		d.list(n, v, p)
	default:
		d.scalar(n, v, p)
	}
}

// unwrap looks behind anchors, aliases and tags.
func (d *decoder) unwrap(n ast.Node) ast.Node {
	for range maxNesting {
		switch t := n.(type) {
		case *ast.AnchorNode:
			d.anchors[t.Name.GetToken().Value] = t.Value
			n = t.Value
		case *ast.AliasNode:
			name := t.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.problem(t, "*%s: there is no anchor of that name above", name)
				return nil
			}
			n = target
		case *ast.TagNode:
			d.problem(t, "tags such as %s are not used in a definition", t.GetToken().Value)
			return nil
		default:
			return n
		}
	}
	d.problem(n, "aliases of aliases more than %d deep", maxNesting)
	return nil
}

// entry is a key with its value.
type entry struct {
	name  string
	key   ast.Node
	value ast.Node
}

// entries lists a mapping's entries: its own, then those merged with <<.
func (d *decoder) entries(n ast.Node, depth int) ([]entry, bool) {
	m, ok := n.(ast.MapNode)
	if !ok {
		return nil, false
	}
	var own, merged []entry
	seen := map[string]Position{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key()
		if key.IsMergeKey() {
			if depth >= maxNesting {
				d.problem(key, "nested more than %d deep", maxNesting)
				continue
			}
			more, ok := d.merge(it.Value(), depth+1)
			if !ok {
				d.problem(key, "<< takes a mapping or an alias of one")
			}
			merged = append(merged, more...)
			continue
		}
		name, ok := keyName(key)
		if !ok {
			d.problem(key, "a key is a word")
			continue
		}
		if first, twice := seen[name]; twice {
			d.problem(key, "%s is there twice (first in line %d)", name, first.Line)
			continue
		}
		seen[name] = positionOf(key.GetToken())
		own = append(own, entry{name, key, it.Value()})
	}
	for _, e := range merged {
		if _, there := seen[e.name]; !there {
			seen[e.name] = startOf(e.key)
			own = append(own, e)
		}
	}
	return own, true
}

// merge lists what << brings in.
func (d *decoder) merge(n ast.Node, depth int) ([]entry, bool) {
	d.nodes++
	if d.nodes > maxNodes {
		return nil, true
	}
	n = d.unwrap(n)
	if n == nil {
		return nil, true
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		var all []entry
		for _, item := range list.Values {
			more, ok := d.merge(item, depth+1)
			if !ok || depth > maxNesting {
				return nil, false
			}
			all = append(all, more...)
		}
		return all, true
	}
	return d.entries(n, depth)
}

// keyName is the text of a key.
func keyName(key ast.Node) (string, bool) {
	if t, ok := key.(*ast.MappingKeyNode); ok {
		key = t.Value
	}
	text, ok := scalarText(key)
	return text, ok && text != ""
}

func (d *decoder) structure(n ast.Node, v reflect.Value, p place) {
	entries, ok := d.entries(n, p.depth)
	if !ok {
		d.wrongType(n, v.Type(), p)
		return
	}
	fields := fieldsOf(v.Type())
	step := v.Type() == stepType()
	given := map[string]bool{}
	for _, e := range entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.name })
		if i < 0 {
			d.unknown(e, fields, p, step)
			continue
		}
		if step && len(given) > 0 {
			d.problem(e.key, "a step is of one kind: make %s a step of its own, beginning with \"- %s:\"", e.name, e.name)
			continue
		}
		given[e.name] = true
		d.value(e.value, v.Field(fields[i].index), p.key(e.name, fields[i].secret))
		if inner := d.unwrapQuietly(e.value); step && (inner == nil || inner.Type() == ast.NullType) {
			d.problem(e.key, "%s needs a value", e.name)
		}
	}
	for _, f := range fields {
		if f.required && !given[f.name] {
			d.problem(n, "%s needs %s", p.label(), f.name)
		}
	}
	if step && len(entries) == 0 {
		d.problem(n, "a step is one of %s", strings.Join(namesOf(fields), ", "))
	}
}

// unwrapQuietly is unwrap without new problems.
func (d *decoder) unwrapQuietly(n ast.Node) ast.Node {
	had := len(d.problems)
	n = d.unwrap(n)
	d.problems = d.problems[:had]
	return n
}

// unknown tells of a key that is none.
func (d *decoder) unknown(e entry, fields []field, p place, step bool) {
	what := "key"
	if step {
		what = "step"
	}
	known := namesOf(fields)
	where := ""
	if p.path != "" && !step {
		where = " in " + p.path
	}
	hint := suggest(e.name, known)
	if hint == "" {
		hint = " (known: " + strings.Join(known, ", ") + ")"
	}
	d.problem(e.key, "unknown %s %q%s%s", what, e.name, where, hint)
}

func (d *decoder) mapping(n ast.Node, v reflect.Value, p place) {
	entries, ok := d.entries(n, p.depth)
	if !ok {
		d.wrongType(n, v.Type(), p)
		return
	}
	result := reflect.MakeMapWithSize(v.Type(), len(entries))
	for _, e := range entries {
		item := reflect.New(v.Type().Elem()).Elem()
		at := p.key(e.name, false)
		inner := d.unwrapQuietly(e.value)
		if item.Kind() != reflect.Struct && (inner == nil || inner.Type() == ast.NullType) {
			d.problem(e.key, "%s needs a value", at.path)
			continue
		}
		d.file.origins[at.path] = startOf(e.key)
		d.file.keys[at.path] = startOf(e.key)
		d.value(e.value, item, at)
		result.SetMapIndex(reflect.ValueOf(e.name), item)
	}
	v.Set(result)
}

func (d *decoder) list(n ast.Node, v reflect.Value, p place) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.wrongType(n, v.Type(), p)
		return
	}
	result := reflect.MakeSlice(v.Type(), 0, len(seq.Values))
	for i, node := range seq.Values {
		item := reflect.New(v.Type().Elem()).Elem()
		at := p.item(i)
		inner := d.unwrapQuietly(node)
		if inner == nil || inner.Type() == ast.NullType {
			d.problem(node, "%s is empty", at.path)
			continue
		}
		d.value(node, item, at)
		result = reflect.Append(result, item)
	}
	v.Set(result)
}

// scalarText is the text of a scalar as it stands in the file.
func scalarText(n ast.Node) (string, bool) {
	switch t := n.(type) {
	case *ast.StringNode:
		return t.Value, true
	case *ast.LiteralNode:
		return t.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func (d *decoder) scalar(n ast.Node, v reflect.Value, p place) {
	text, ok := scalarText(n)
	if !ok {
		d.wrongType(n, v.Type(), p)
		return
	}
	if p.secret || v.Type() == refType() && strings.ContainsAny(text, "@?") {
		d.hide(n, text)
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			d.problem(n, "%s: %s", p.label(), err)
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		d.text(n, v, p, text)
	case reflect.Bool:
		if b, ok := n.(*ast.BoolNode); ok {
			v.SetBool(b.Value)
			return
		}
		d.wrongType(n, v.Type(), p)
	case reflect.Int, reflect.Int64, reflect.Uint64:
		d.whole(n, v, p, text)
	case reflect.Float64:
		d.fraction(n, v, p, text)
	default:
		d.wrongType(n, v.Type(), p)
	}
}

// hide keeps a secret's literal value out of the excerpts of errors.
func (d *decoder) hide(n ast.Node, text string) {
	if r := Ref(text); r.IsReference() && r.String() == text {
		return
	}
	at := positionOf(n.GetToken())
	if first, ok := d.file.secrets[at.Line]; !ok || at.Column < first {
		d.file.secrets[at.Line] = at.Column
	}
	lines := strings.Count(text, "\n") + strings.Count(strings.TrimSpace(n.GetToken().Origin), "\n")
	for i := range lines {
		if _, ok := d.file.secrets[at.Line+1+i]; !ok {
			d.file.secrets[at.Line+1+i] = 1
		}
	}
}

func (d *decoder) text(n ast.Node, v reflect.Value, p place, text string) {
	if allowed := enumOf(v.Type()); allowed != nil && !slices.Contains(allowed, text) {
		hint := suggest(text, allowed)
		if hint == "" {
			hint = " (one of " + strings.Join(allowed, ", ") + ")"
		}
		d.problem(n, "%s cannot be %q%s", p.label(), text, hint)
		return
	}
	cast := strings.Contains(p.path, "].cast.")
	if v.Type() == columnType() && !validType(text, cast) {
		hint := suggestType(text, cast)
		if hint == "" {
			hint = " (one of " + strings.Join(typeNames(cast), ", ") + ", decimal(p,s))"
		}
		d.problem(n, "%s: unknown type %q%s", p.label(), text, hint)
		return
	}
	if v.Type() == refType() {
		if wrong := badReference(text); wrong != "" {
			d.problem(n, "%s: %s", p.label(), wrong)
			return
		}
	}
	v.SetString(text)
}

func (d *decoder) whole(n ast.Node, v reflect.Value, p place, text string) {
	if plain := n.GetToken().Type == token.StringType; plain && strings.Trim(text, "0123456789") == "" {
		d.problem(n, "%s: %s is too large a number", p.label(), text) // the parser took it for text
		return
	}
	if _, ok := n.(*ast.IntegerNode); !ok {
		d.wrongType(n, v.Type(), p)
		return
	}
	text = strings.ReplaceAll(text, "_", "")
	if v.Kind() == reflect.Uint64 {
		u, err := strconv.ParseUint(text, 0, 64)
		if err != nil {
			d.problem(n, "%s is a whole number from 0 to %d", p.label(), uint64(math.MaxUint64))
			return
		}
		v.SetUint(u)
		return
	}
	i, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		d.problem(n, "%s: %s is too large a number", p.label(), text)
		return
	}
	v.SetInt(i)
}

func (d *decoder) fraction(n ast.Node, v reflect.Value, p place, text string) {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		if f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64); err == nil {
			v.SetFloat(f)
			return
		}
	}
	d.wrongType(n, v.Type(), p)
}

// wrongType tells what is wanted at a place, and what is there.
func (d *decoder) wrongType(n ast.Node, t reflect.Type, p place) {
	if t == stepType() {
		if text, ok := scalarText(n); ok {
			d.problem(n, "a step is a kind with its settings, as in \"- trim: [post_title]\"; %q is a word", text)
			return
		}
	}
	found := "a list"
	if _, ok := n.(ast.MapNode); ok {
		found = "a mapping"
	}
	if _, ok := scalarText(n); ok {
		found = "a single value"
		if n.Type() == ast.StringType {
			found = "text"
		}
	}
	d.problem(n, "%s is %s, not %s", p.label(), wanted(t), found)
}

// wanted describes a type in a person's words.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "a mapping (key: value)"
	case reflect.Slice:
		return "a list, as in [a, b]"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Int64:
		return "a size or a time span"
	}
	return "a single value"
}
