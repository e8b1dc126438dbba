package jsonpath

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Longest path and deepest nesting of filters and arguments that Parse takes.
const (
	maxLength  = 64 << 10
	maxNesting = 64
)

// Parse compiles a path that starts with $. The error is a *SyntaxError.
func Parse(text string) (*Path, error) {
	if len(text) > maxLength {
		return nil, &SyntaxError{Path: text[:64] + "…", Reason: "the path is longer than 64 KiB"}
	}
	p := &parser{text: text}
	if !p.take("$") {
		return nil, p.fail("a path starts with '$'")
	}
	path, err := p.steps(0)
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) {
		return nil, p.fail("unexpected " + p.seen())
	}
	return path, nil
}

type parser struct {
	text string
	at   int
	// depth counts the filters and arguments around the place.
	depth int
}

func (p *parser) fail(reason string) *SyntaxError {
	return &SyntaxError{Path: p.text, Offset: p.at, Reason: reason}
}

func (p *parser) seen() string {
	if p.at >= len(p.text) {
		return "end"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return strconv.QuoteRune(r)
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) take(s string) bool {
	if !strings.HasPrefix(p.text[p.at:], s) {
		return false
	}
	p.at += len(s)
	return true
}

func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *parser) enter() error {
	if p.depth++; p.depth > maxNesting {
		return p.fail("the path is nested too deeply")
	}
	return nil
}

func (p *parser) leave() { p.depth-- }

// steps reads what follows the root, whose sign the caller has taken; start is
// where the sign stands. It stops at the first byte that cannot go on a path.
func (p *parser) steps(start int) (*Path, error) {
	path := &Path{}
	for {
		var err error
		switch {
		case p.take(".."):
			path.steps = append(path.steps, step{kind: kindScan})
			if p.peek() == '[' {
				err = p.bracket(path)
			} else {
				err = p.name(path)
			}
		case p.take("."):
			if p.peek() == '[' {
				err = p.bracket(path)
			} else {
				err = p.name(path)
			}
		case p.peek() == '[':
			err = p.bracket(path)
		default:
			path.source = p.text[start:p.at]
			return path, nil
		}
		if err != nil {
			return nil, err
		}
		if n := len(path.steps); n > 1 && path.steps[n-2].kind == kindFunction {
			return nil, p.fail("a function ends a path")
		}
	}
}

// endsName holds the bytes that a name after a dot cannot have. Inside a
// filter further signs end it, since an operator may follow without a blank.
const (
	endsName         = ".[( \t\r\n"
	endsNameInFilter = endsName + ")]=<>!&|~,"
)

func (p *parser) name(path *Path) error {
	if p.take("*") {
		path.steps = append(path.steps, step{kind: kindWildcard})
		return nil
	}
	ends := endsName
	if p.depth > 0 {
		ends = endsNameInFilter
	}
	end := strings.IndexAny(p.text[p.at:], ends)
	if end < 0 {
		end = len(p.text) - p.at
	}
	name := p.text[p.at : p.at+end]
	if name == "" {
		if p.at >= len(p.text) {
			return p.fail("a path does not end with '.' or '..'")
		}
		return p.fail("a name is expected, not " + p.seen())
	}
	p.at += end
	if p.peek() == '(' {
		return p.call(path, name)
	}
	path.steps = append(path.steps, step{kind: kindProperty, names: []string{name}})
	return nil
}

func (p *parser) bracket(path *Path) error {
	p.at++ // [
	p.space()
	var s step
	var err error
	switch p.peek() {
	case '*':
		p.at++
		s = step{kind: kindWildcard}
	case '?':
		p.at++
		s, err = p.filterStep()
	case '\'', '"':
		s, err = p.quotedNames()
	default:
		s, err = p.positions()
	}
	if err != nil {
		return err
	}
	p.space()
	if !p.take("]") {
		return p.fail("']' is expected, not " + p.seen())
	}
	path.steps = append(path.steps, s)
	return nil
}

func (p *parser) quotedNames() (step, error) {
	s := step{kind: kindProperty}
	for {
		p.space()
		name, err := p.quoted()
		if err != nil {
			return s, err
		}
		s.names = append(s.names, name)
		p.space()
		if !p.take(",") {
			return s, nil
		}
	}
}

// quoted reads a string in single or double quotes with backslash escapes.
func (p *parser) quoted() (string, error) {
	quote := p.peek()
	if quote != '\'' && quote != '"' {
		return "", p.fail("a quoted name is expected, not " + p.seen())
	}
	p.at++
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			if err := p.escape(&b, quote); err != nil {
				return "", err
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("the closing quote is missing")
}

// escape reads what follows a backslash. Before the quotation mark that does
// not end the text, Step Functions keeps the backslash.
func (p *parser) escape(b *strings.Builder, quote byte) error {
	if p.at >= len(p.text) {
		return p.fail("the closing quote is missing")
	}
	c := p.text[p.at]
	p.at++
	switch c {
	case '\'', '"':
		if c != quote {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	case 'b':
		b.WriteByte('\b')
	case 'f':
		b.WriteByte('\f')
	case 'n':
		b.WriteByte('\n')
	case 'r':
		b.WriteByte('\r')
	case 't':
		b.WriteByte('\t')
	case 'u':
		if p.at+4 > len(p.text) {
			return p.fail("four hexadecimal digits follow \\u")
		}
		n, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 32)
		if err != nil {
			return p.fail("four hexadecimal digits follow \\u")
		}
		p.at += 4
		b.WriteRune(rune(n)) //nolint:gosec // four hexadecimal digits
	default:
		b.WriteByte(c)
	}
	return nil
}

// positions reads indexes or a slice.
func (p *parser) positions() (step, error) {
	first, err := p.integer()
	if err != nil {
		return step{}, err
	}
	p.space()
	if p.take(":") {
		p.space()
		last, err := p.integer()
		if err != nil {
			return step{}, err
		}
		p.space()
		if p.take(":") { // the dialect takes a step and pays no heed to it
			p.space()
			if _, err := p.integer(); err != nil {
				return step{}, err
			}
		}
		if first == nil && last == nil {
			return step{}, p.fail("a slice begins or ends at an index")
		}
		return step{kind: kindSlice, from: first, to: last}, nil
	}
	if first == nil {
		return step{}, p.fail("a name in quotes, an index, '*' or '?' is expected, not " + p.seen())
	}
	s := step{kind: kindIndex, indexes: []int{*first}}
	for p.take(",") {
		p.space()
		n, err := p.integer()
		if err != nil {
			return s, err
		}
		if n == nil {
			return s, p.fail("an index is expected, not " + p.seen())
		}
		s.indexes = append(s.indexes, *n)
		p.space()
	}
	return s, nil
}

// integer reads an integer if there is one.
func (p *parser) integer() (*int, error) {
	start := p.at
	p.take("-")
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	if p.at == start {
		return nil, nil
	}
	n, err := strconv.ParseInt(p.text[start:p.at], 10, 32)
	if err != nil {
		return nil, p.fail("'" + p.text[start:p.at] + "' is not an index")
	}
	i := int(n)
	return &i, nil
}

// call reads the arguments of a function whose name has been read.
func (p *parser) call(path *Path, name string) error {
	if !isFunction(name) {
		return p.fail("there is no function '" + name + "'")
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	p.at++ // (
	s := step{kind: kindFunction, function: name}
	for p.space(); !p.take(")"); p.space() {
		if len(s.args) > 0 && !p.take(",") {
			return p.fail("',' or ')' is expected, not " + p.seen())
		}
		p.space()
		arg, err := p.argument()
		if err != nil {
			return err
		}
		s.args = append(s.args, arg)
	}
	path.steps = append(path.steps, s)
	return nil
}

func (p *parser) argument() (argument, error) {
	start := p.at
	switch p.peek() {
	case '$', '@':
		current := p.peek() == '@'
		p.at++
		path, err := p.steps(start)
		return argument{path: path, current: current}, err
	default:
		v, err := p.literal()
		return argument{literal: v}, err
	}
}
