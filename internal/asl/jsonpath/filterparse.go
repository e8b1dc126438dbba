package jsonpath

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// filter is a node of a filter's expression tree.
type filter struct {
	op       string // "||", "&&", "!", "exists" or a comparison
	left     *filter
	right    *filter
	operands [2]operand
}

// operand of a comparison: a literal, a path or a pattern.
type operand struct {
	literal any
	path    *Path
	current bool
	pattern *regexp.Regexp
}

func (p *parser) filterStep() (step, error) {
	if err := p.enter(); err != nil {
		return step{}, err
	}
	defer p.leave()
	p.space()
	if !p.take("(") {
		return step{}, p.fail("'(' is expected after '?', not " + p.seen())
	}
	f, err := p.or()
	if err != nil {
		return step{}, err
	}
	p.space()
	if !p.take(")") {
		return step{}, p.fail("')' is expected at the end of the filter, not " + p.seen())
	}
	return step{kind: kindFilter, filter: f}, nil
}

func (p *parser) or() (*filter, error)  { return p.binary("||", p.and) }
func (p *parser) and() (*filter, error) { return p.binary("&&", p.not) }

func (p *parser) binary(op string, operand func() (*filter, error)) (*filter, error) {
	left, err := operand()
	if err != nil {
		return nil, err
	}
	for depth := 0; ; depth++ {
		p.space()
		if !p.take(op) {
			return left, nil
		}
		if depth > 1000 {
			return nil, p.fail("the filter has too many terms")
		}
		right, err := operand()
		if err != nil {
			return nil, err
		}
		left = &filter{op: op, left: left, right: right}
	}
}

func (p *parser) not() (*filter, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.space()
	if p.take("!") {
		f, err := p.not()
		return &filter{op: "!", left: f}, err
	}
	if p.take("(") {
		f, err := p.or()
		if err != nil {
			return nil, err
		}
		p.space()
		if !p.take(")") {
			return nil, p.fail("')' is expected, not " + p.seen())
		}
		return f, nil
	}
	return p.comparison()
}

func (p *parser) comparison() (*filter, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	p.space()
	op := p.operator()
	if op == "" {
		if left.path == nil {
			return nil, p.fail("an operator is expected, not " + p.seen())
		}
		return &filter{op: "exists", operands: [2]operand{left}}, nil
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	if op == "=~" && left.pattern == nil && right.pattern == nil {
		return nil, p.fail("=~ takes a pattern such as /a.*/i")
	}
	return &filter{op: op, operands: [2]operand{left, right}}, nil
}

// operator reads a comparison operator; words are known in any case.
func (p *parser) operator() string {
	for _, op := range []string{"===", "!==", "==", "!=", "=~", "<=", ">=", "<", ">"} {
		if p.take(op) {
			return op
		}
	}
	end := p.at
	for end < len(p.text) && (p.text[end]|0x20) >= 'a' && (p.text[end]|0x20) <= 'z' {
		end++
	}
	word := strings.ToLower(p.text[p.at:end])
	switch word {
	case "in", "nin", "subsetof", "anyof", "noneof", "all", "contains", "size", "empty", "type":
		p.at = end
		return word
	}
	return ""
}

func (p *parser) operand() (operand, error) {
	p.space()
	start := p.at
	switch p.peek() {
	case '$', '@':
		current := p.peek() == '@'
		p.at++
		path, err := p.steps(start)
		return operand{path: path, current: current}, err
	case '/':
		re, err := p.pattern()
		return operand{pattern: re}, err
	default:
		v, err := p.literal()
		return operand{literal: v}, err
	}
}

// pattern reads /…/flags. It matches a whole text.
func (p *parser) pattern() (*regexp.Regexp, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) && p.text[p.at] != '/' {
		if p.text[p.at] == '\\' {
			p.at++
		}
		p.at++
	}
	if p.at >= len(p.text) {
		return nil, p.fail("the closing '/' of the pattern is missing")
	}
	body := strings.ReplaceAll(p.text[start:p.at], `\/`, "/")
	p.at++
	flags := ""
	for ; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		if strings.IndexByte("imsxudU", c) < 0 {
			break
		}
		if strings.IndexByte("ims", c) >= 0 && strings.IndexByte(flags, c) < 0 {
			flags += string(c)
		}
	}
	if flags != "" {
		flags = "(?" + flags + ")"
	}
	re, err := regexp.Compile(flags + `\A(?:` + body + `)\z`)
	if err != nil {
		return nil, p.fail("the pattern cannot be used: " + err.Error())
	}
	return re, nil
}

// literal reads a string, number, word, array or object.
func (p *parser) literal() (any, error) {
	switch c := p.peek(); {
	case c == '\'' || c == '"':
		return p.quoted()
	case c == '[':
		return p.list()
	case c == '{':
		return p.object()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for word, v := range map[string]any{"true": true, "false": false, "null": nil} {
		if p.take(word) {
			return v, nil
		}
	}
	return nil, p.fail("a value or a path is expected, not " + p.seen())
}

func (p *parser) number() (any, error) {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.eE0123456789", p.text[p.at]) >= 0 {
		p.at++
	}
	text := p.text[start:p.at]
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return nil, p.fail("'" + text + "' is not a number")
	}
	return json.Number(text), nil
}

// list reads an array, whose strings may stand in single quotes.
func (p *parser) list() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	p.at++
	out := []any{}
	for p.space(); !p.take("]"); p.space() {
		if len(out) > 0 && !p.take(",") {
			return nil, p.fail("',' or ']' is expected, not " + p.seen())
		}
		p.space()
		v, err := p.literal()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (p *parser) object() (any, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(p.text[p.at:])))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, p.fail("the object cannot be read: " + err.Error())
	}
	p.at += int(dec.InputOffset())
	return v, nil
}
