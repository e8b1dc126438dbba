// Package intrinsic parses and evaluates the intrinsic functions of Amazon
// States Language, such as States.Format('Hello {}', $.name).
//
// Values are those of encoding/json with UseNumber: nil, bool, string,
// json.Number, []any and map[string]any.
package intrinsic

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Longest expression in bytes, and how many calls may stand inside each other.
const (
	maxLength  = 64 << 10
	maxNesting = 11
)

// Call is a parsed function call. It is immutable and safe for concurrent use.
type Call struct {
	source   string
	function string // without States.
	args     []argument
}

// argument is one of: a nested call, a path, a literal.
type argument struct {
	call    *Call
	path    string
	literal any
	// raw is the text of a string literal before its escapes are resolved,
	// which States.Format needs to tell {} from \{\}.
	raw string
}

// SyntaxError tells why a text is no intrinsic function call.
type SyntaxError struct {
	Expression string
	Offset     int // byte where the trouble was noticed
	Reason     string
}

// Error names the expression, the place and the reason.
func (e *SyntaxError) Error() string {
	return "invalid intrinsic function '" + e.Expression + "' at offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// String returns the call as it was written.
func (c *Call) String() string { return c.source }

// Paths returns the paths among the arguments, those of nested calls included,
// in the order in which they stand.
func (c *Call) Paths() []string {
	var paths []string
	for _, a := range c.args {
		switch {
		case a.call != nil:
			paths = append(paths, a.call.Paths()...)
		case a.path != "":
			paths = append(paths, a.path)
		}
	}
	return paths
}

// Parse parses a call, whose name starts with States. The names and counts of
// arguments are checked; paths are not. The error is a *SyntaxError.
func Parse(expr string) (*Call, error) {
	if len(expr) > maxLength {
		return nil, &SyntaxError{Expression: strings.ToValidUTF8(expr[:64], "") + "…", Reason: "the expression is longer than 64 KiB"}
	}
	p := &parser{text: expr}
	p.space()
	call, err := p.call(1)
	if err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(p.text) {
		return nil, p.fail("unexpected " + p.seen())
	}
	return call, nil
}

type parser struct {
	text string
	at   int
}

func (p *parser) fail(reason string) *SyntaxError {
	return &SyntaxError{Expression: p.text, Offset: p.at, Reason: reason}
}

func (p *parser) seen() string {
	if p.at >= len(p.text) {
		return "end"
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return strconv.QuoteRune(r)
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

func (p *parser) call(depth int) (*Call, error) {
	if depth > maxNesting {
		return nil, p.fail("more than 10 functions are nested")
	}
	start := p.at
	if !p.take("States.") {
		return nil, p.fail("'States.' is expected, not " + p.seen())
	}
	end := strings.IndexByte(p.text[p.at:], '(')
	if end < 0 {
		return nil, p.fail("'(' is expected after the name of the function")
	}
	name := strings.TrimRight(p.text[p.at:p.at+end], " \t\r\n")
	counts, ok := functions(name)
	if !ok {
		return nil, p.fail("there is no function 'States." + name + "'")
	}
	p.at += end + 1
	c := &Call{function: name}
	for p.space(); !p.take(")"); p.space() {
		if len(c.args) > 0 && !p.take(",") {
			return nil, p.fail("',' or ')' is expected, not " + p.seen())
		}
		p.space()
		arg, err := p.argument(depth)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, arg)
	}
	c.source = p.text[start:p.at]
	if n := len(c.args); n < counts.least || counts.most >= 0 && n > counts.most {
		return nil, p.fail("States." + name + " takes " + counts.String() + ", not " + strconv.Itoa(n))
	}
	return c, nil
}

func (p *parser) argument(depth int) (argument, error) {
	if p.at >= len(p.text) {
		return argument{}, p.fail("the closing ')' is missing")
	}
	switch c := p.text[p.at]; {
	case c == '\'':
		return p.quoted()
	case c == '$':
		path, err := p.path()
		return argument{path: path}, err
	case strings.HasPrefix(p.text[p.at:], "States."):
		call, err := p.call(depth + 1)
		return argument{call: call}, err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	}
	for _, word := range []struct {
		text  string
		value any
	}{{"true", true}, {"false", false}, {"null", nil}} {
		if p.take(word.text) {
			return argument{literal: word.value}, nil
		}
	}
	return argument{}, p.fail("an argument is a path, a function, a number or a text in single quotes, not " + p.seen())
}

// quoted reads a text in single quotes. A backslash takes the meaning from
// the character behind it.
func (p *parser) quoted() (argument, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case '\\':
			p.at++
		case '\'':
			raw := p.text[start:p.at]
			p.at++
			return argument{literal: unescape(raw), raw: raw}, nil
		}
		p.at++
	}
	p.at = len(p.text)
	return argument{}, p.fail("the closing quote is missing")
}

// unescape resolves \', \{, \} and \\. Before another character a backslash
// stands for itself, so that JSON's own escapes come through.
func unescape(raw string) string {
	if !strings.Contains(raw, `\`) {
		return raw
	}
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) && strings.IndexByte(`'{}\`, raw[i+1]) >= 0 {
			i++
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

func (p *parser) number() (argument, error) {
	start := p.at
	for p.at < len(p.text) && strings.IndexByte("+-.eE0123456789", p.text[p.at]) >= 0 {
		p.at++
	}
	text := p.text[start:p.at]
	if !json.Valid([]byte(text)) {
		return argument{}, p.fail("'" + text + "' is not a number")
	}
	return argument{literal: json.Number(text)}, nil
}

// path reads up to the comma or bracket that ends the argument.
func (p *parser) path() (string, error) {
	start := p.at
	var open []byte
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '\'', '"':
			if err := p.skipQuoted(c); err != nil {
				return "", err
			}
			continue
		case '(', '[':
			open = append(open, c)
		case ')', ']':
			if len(open) == 0 {
				return strings.TrimRight(p.text[start:p.at], " \t\r\n"), nil
			}
			open = open[:len(open)-1]
		case ',':
			if len(open) == 0 {
				return strings.TrimRight(p.text[start:p.at], " \t\r\n"), nil
			}
		}
		p.at++
	}
	return "", p.fail("the closing ')' is missing")
}

func (p *parser) skipQuoted(quote byte) error {
	for p.at++; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '\\':
			p.at++
		case quote:
			p.at++
			return nil
		}
	}
	p.at = len(p.text)
	return p.fail("the closing quote is missing")
}
