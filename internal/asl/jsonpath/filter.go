package jsonpath

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
)

// undefined stands for the value of a path in a filter that leads nowhere.
type undefined struct{}

func (f *filter) accepts(e *evaluation, current any) (bool, error) {
	if err := e.spend(1); err != nil {
		return false, err
	}
	switch f.op {
	case "||", "&&":
		ok, err := f.left.accepts(e, current)
		if err != nil || ok == (f.op == "||") {
			return ok, err
		}
		return f.right.accepts(e, current)
	case "!":
		ok, err := f.left.accepts(e, current)
		return !ok, err
	}
	left, err := f.operands[0].value(e, current)
	if err != nil {
		return false, err
	}
	if f.op == "exists" {
		return left != any(undefined{}), nil
	}
	right, err := f.operands[1].value(e, current)
	if err != nil {
		return false, err
	}
	if err := e.spend(weight(left) + weight(right)); err != nil {
		return false, err
	}
	if f.op == "=~" {
		return f.matches(left, right), nil
	}
	return compare(f.op, left, right), nil
}

func (o *operand) value(e *evaluation, current any) (any, error) {
	if o.path == nil {
		return o.literal, nil
	}
	start := e.root
	if o.current {
		start = current
	}
	v, err := e.value(o.path, start)
	var missing *missingError
	if errors.As(err, &missing) {
		return undefined{}, nil
	}
	return v, err
}

// weight is the budget that comparing v costs at least.
func weight(v any) int {
	switch t := v.(type) {
	case string:
		return len(t) / 64
	case []any:
		return len(t)
	case map[string]any:
		return len(t)
	default:
		return 0
	}
}

func (f *filter) matches(left, right any) bool {
	re, v := f.operands[1].pattern, left
	if re == nil {
		re, v = f.operands[0].pattern, right
	}
	if list, ok := v.([]any); ok {
		return slices.ContainsFunc(list, func(v any) bool {
			text, _ := asText(v)
			return re.MatchString(text)
		})
	}
	// What has no text counts as the empty one, also what is not there.
	text, _ := asText(v)
	return re.MatchString(text)
}

func asText(v any) (string, bool) {
	switch t := v.(type) {
	case string:
		return t, true
	case json.Number:
		return t.String(), true
	case bool:
		if t {
			return "true", true
		}
		return "false", true
	default:
		return "", false
	}
}

func compare(op string, left, right any) bool {
	switch op {
	case "==":
		return equal(left, right)
	case "!=":
		return !equal(left, right)
	case "===":
		return typeName(left) == typeName(right) && equal(left, right)
	case "!==":
		return typeName(left) != typeName(right) || !equal(left, right)
	case "<", "<=", ">", ">=":
		return ordered(op, left, right)
	case "size":
		return sized(left, right)
	case "empty":
		want, ok := right.(bool)
		empty, can := isEmpty(left)
		return ok && can && empty == want
	case "type":
		want, ok := right.(string)
		return ok && typeName(left) == strings.ToLower(want)
	default:
		return member(op, left, right)
	}
}

// ordered compares numbers with numbers and strings with strings.
func ordered(op string, left, right any) bool {
	var c int
	switch l := left.(type) {
	case json.Number:
		r, ok := right.(json.Number)
		if !ok {
			return false
		}
		c, ok = compareNumbers(l, r)
		if !ok {
			return false
		}
	case string:
		r, ok := right.(string)
		if !ok {
			return false
		}
		c = strings.Compare(l, r)
	default:
		return false
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	default:
		return c >= 0
	}
}

func sized(left, right any) bool {
	n, ok := right.(json.Number)
	if !ok {
		return false
	}
	want, err := n.Int64()
	if err != nil {
		return false
	}
	switch t := left.(type) {
	case string:
		return int64(len([]rune(t))) == want
	case []any:
		return int64(len(t)) == want
	case map[string]any:
		return int64(len(t)) == want
	default:
		return false
	}
}

func isEmpty(v any) (empty, can bool) {
	switch t := v.(type) {
	case string:
		return t == "", true
	case []any:
		return len(t) == 0, true
	case map[string]any:
		return len(t) == 0, true
	default:
		return false, false
	}
}

// member decides the operators that look into a list.
func member(op string, left, right any) bool {
	has := func(list []any, v any) bool {
		return slices.ContainsFunc(list, func(other any) bool { return equal(other, v) })
	}
	if op == "contains" {
		if text, ok := left.(string); ok {
			part, ok := right.(string)
			return ok && strings.Contains(text, part)
		}
		list, ok := left.([]any)
		return ok && has(list, right)
	}
	list, ok := right.([]any)
	if !ok {
		return false
	}
	switch op {
	case "in":
		return has(list, left)
	case "nin":
		return !has(list, left)
	}
	own, ok := left.([]any)
	if !ok {
		return false
	}
	in := func(v any) bool { return has(list, v) }
	switch op {
	case "subsetof":
		return !slices.ContainsFunc(own, func(v any) bool { return !in(v) })
	case "anyof":
		return slices.ContainsFunc(own, in)
	case "noneof":
		return !slices.ContainsFunc(own, in)
	default: // all: the left has every value of the right
		return !slices.ContainsFunc(list, func(v any) bool { return !has(own, v) })
	}
}
