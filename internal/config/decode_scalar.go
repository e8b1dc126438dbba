package config

import (
	"encoding"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

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
