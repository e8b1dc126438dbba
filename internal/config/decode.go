package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
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
