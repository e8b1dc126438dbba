package source

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// deepest is how deep values may be nested.
const deepest = 1000

// Read reads one JSON document. The error is a *SyntaxError. A document of
// white space alone gives nil.
func Read(text []byte) (*Value, error) {
	r := &reader{text: string(text), line: 1}
	c, err := r.next()
	if err != nil || c == 0 {
		return nil, err
	}
	v, err := r.value(c)
	if err != nil {
		return nil, err
	}
	// What follows the document would be lost in silence.
	if c, err = r.next(); err == nil && c != 0 {
		err = r.unexpected(c, "the document has ended before it")
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

type reader struct {
	text    string
	at      int // byte after what was read
	line    int
	lineAt  int // byte where the line begins
	scanned int // bytes of the line whose UTF-16 units are counted
	units   int
	open    []bracket
	shown   string
}

// bracket is an array or object that is being read.
type bracket struct {
	kind Kind
	at   Position
}

func (b bracket) String() string {
	if b.kind == Array {
		return "Array"
	}
	return "Object"
}

// position is that of what was read up to: its column is one more than that of
// the last character.
func (r *reader) position() Position {
	if r.scanned < r.lineAt || r.scanned > r.at {
		r.scanned, r.units = r.lineAt, 0
	}
	for r.scanned < r.at {
		c, size := utf8.DecodeRuneInString(r.text[r.scanned:])
		r.units += max(1, utf16.RuneLen(c))
		r.scanned += size
	}
	return Position{Offset: r.at, Line: r.line, Column: r.units + 1}
}

func (r *reader) peek() (rune, int) { return utf8.DecodeRuneInString(r.text[r.at:]) }

func (r *reader) advance(c rune, size int) {
	r.at += size
	if c == '\n' || c == '\r' && !strings.HasPrefix(r.text[r.at:], "\n") {
		r.line++
		r.lineAt, r.scanned, r.units = r.at, r.at, 0
	}
}

// next skips white space and takes a character; 0 is the end of the text.
func (r *reader) next() (rune, error) {
	for r.at < len(r.text) {
		c, size := r.peek()
		if c == utf8.RuneError && size == 1 {
			return 0, r.fail("Invalid UTF-8 start byte 0x%x", r.text[r.at])
		}
		r.advance(c, size)
		switch c {
		case ' ', '\t', '\n', '\r':
			continue
		}
		if c < ' ' {
			return 0, r.fail("Illegal character (%s): only regular white space (\\r, \\n, \\t) is allowed between tokens", described(c))
		}
		return c, nil
	}
	return 0, nil
}

// start is the position of the character c that was just taken.
func (r *reader) start(c rune) Position {
	p := r.position()
	p.Offset -= utf8.RuneLen(c)
	p.Column -= max(1, utf16.RuneLen(c))
	return p
}

func (r *reader) value(c rune) (*Value, error) {
	at := r.start(c)
	switch {
	case c == '{':
		return r.nested(Object, at, r.object)
	case c == '[':
		return r.nested(Array, at, r.array)
	case c == '"':
		text, err := r.string("a string value", "string value")
		return &Value{Kind: String, Text: text, Position: at}, err
	case c == '-' || c >= '0' && c <= '9':
		return r.number(c, at)
	case c == 't' || c == 'f' || c == 'n':
		return r.word(c, at)
	case c == '}' || c == ']':
		if len(r.open) == 0 {
			return nil, r.fail("Unexpected close marker '%c': expected '%c' (for root starting at %s)", c, ']', r.location(Position{Line: 1}))
		}
	case identifier(c) && (c < '0' || c > '9'):
		return nil, r.unknownWord(string(c))
	}
	return nil, r.unexpected(c, "expected a valid value "+jsonValues)
}

func (r *reader) nested(kind Kind, at Position, read func(*Value) error) (*Value, error) {
	if len(r.open) >= deepest {
		return nil, r.fail("Document nesting depth (%d) exceeds the maximum allowed (%d)", deepest+1, deepest)
	}
	r.open = append(r.open, bracket{kind, at})
	v := &Value{Kind: kind, Position: at}
	if err := read(v); err != nil {
		return nil, err
	}
	r.open = r.open[:len(r.open)-1]
	return v, nil
}

func (r *reader) top() bracket { return r.open[len(r.open)-1] }

// within takes the next character inside a bracket.
func (r *reader) within() (rune, error) {
	c, err := r.next()
	if err == nil && c == 0 {
		b := r.top()
		return 0, r.fail("Unexpected end-of-input: expected close marker for %s (start marker at %s)", b, r.location(b.at))
	}
	return c, err
}

// closes tells whether c ends the bracket; it is an error if it ends another.
func (r *reader) closes(c rune) (bool, error) {
	if c != '}' && c != ']' {
		return false, nil
	}
	b, want := r.top(), '}'
	if b.kind == Array {
		want = ']'
	}
	if c != want {
		return false, r.fail("Unexpected close marker '%c': expected '%c' (for %s starting at %s)", c, want, b, r.location(b.at))
	}
	return true, nil
}

// separated takes the comma between two entries, and what follows it.
func (r *reader) separated(c rune) (rune, error) {
	if c != ',' {
		return 0, r.unexpected(c, "was expecting comma to separate "+r.top().String()+" entries")
	}
	return r.entry()
}

func (r *reader) array(v *Value) error {
	for first := true; ; first = false {
		c, err := r.within()
		if err != nil {
			return err
		}
		if end, err := r.closes(c); end || err != nil {
			return err
		}
		if !first {
			if c, err = r.separated(c); err != nil {
				return err
			}
		}
		e, err := r.value(c)
		if err != nil {
			return err
		}
		v.Elements = append(v.Elements, e)
	}
}

func (r *reader) object(v *Value) error {
	for first := true; ; first = false {
		c, err := r.within()
		if err != nil {
			return err
		}
		if end, err := r.closes(c); end || err != nil {
			return err
		}
		if !first {
			if c, err = r.separated(c); err != nil {
				return err
			}
		}
		if c != '"' {
			return r.unexpected(c, "was expecting double-quote to start field name")
		}
		m := Member{Position: r.start(c)}
		if m.Name, err = r.string("", "name"); err != nil {
			return err
		}
		if c, err = r.colon(); err != nil {
			return err
		}
		if m.Value, err = r.value(c); err != nil {
			return err
		}
		v.Members = append(v.Members, m)
	}
}

// colon takes the colon behind a name, and what follows it.
func (r *reader) colon() (rune, error) {
	c, err := r.entry()
	if err != nil {
		return 0, err
	}
	if c != ':' {
		return 0, r.unexpected(c, "was expecting a colon to separate field name and value")
	}
	return r.entry()
}

// entry takes the next character where an entry of a bracket must go on.
func (r *reader) entry() (rune, error) {
	c, err := r.next()
	if err == nil && c == 0 {
		return 0, r.fail("Unexpected end-of-input within/between %s entries", r.top())
	}
	return c, err
}

func (r *reader) word(c rune, at Position) (*Value, error) {
	words := map[rune]string{'t': "true", 'f': "false", 'n': "null"}
	word := words[c]
	for i := 1; i < len(word); i++ {
		if r.at >= len(r.text) || r.text[r.at] != word[i] {
			return nil, r.unknownWord(word[:i])
		}
		r.at++
	}
	if r.at < len(r.text) {
		if next, _ := r.peek(); identifier(next) {
			return nil, r.unknownWord(word)
		}
	}
	if c == 'n' {
		return &Value{Kind: Null, Position: at}, nil
	}
	return &Value{Kind: Boolean, Bool: c == 't', Position: at}, nil
}

// digits takes digits, and tells how many.
func (r *reader) digits() int {
	n := 0
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
		n++
	}
	return n
}

func (r *reader) number(c rune, at Position) (*Value, error) {
	begin := r.at - 1
	if c == '-' {
		if r.at >= len(r.text) || r.text[r.at] < '0' || r.text[r.at] > '9' {
			return nil, r.badNumber("expected digit (0-9) to follow minus sign, for valid numeric value")
		}
		r.at++
		c = rune(r.text[r.at-1])
	}
	if more := r.digits(); c == '0' && more > 0 {
		return nil, r.fail("Invalid numeric value: Leading zeroes not allowed")
	}
	if r.at < len(r.text) && r.text[r.at] == '.' {
		r.at++
		if r.digits() == 0 {
			return nil, r.badNumber("Decimal point not followed by a digit")
		}
	}
	if r.at < len(r.text) && r.text[r.at]|0x20 == 'e' {
		r.at++
		if r.at < len(r.text) && (r.text[r.at] == '+' || r.text[r.at] == '-') {
			r.at++
		}
		if r.digits() == 0 {
			return nil, r.badNumber("Exponent indicator not followed by a digit")
		}
	}
	v := &Value{Kind: Number, Text: r.text[begin:r.at], Position: at}
	if len(r.open) == 0 && r.at < len(r.text) {
		if c, size := r.peek(); !strings.ContainsRune(" \t\r\n", c) {
			r.advance(c, size)
			return nil, r.unexpected(c, "Expected space separating root-level values")
		}
	}
	return v, nil
}

func (r *reader) badNumber(comment string) error {
	if r.at >= len(r.text) {
		return r.fail("Unexpected end-of-input in a Number value")
	}
	c, size := r.peek()
	r.advance(c, size)
	return r.fail("Unexpected character (%s) in numeric value: %s", described(c), comment)
}
