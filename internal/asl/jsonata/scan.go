package jsonata

import "strings"

// Deepest syntax trees that are parsed and evaluated. Step Functions refuses
// to evaluate below a depth of about 100; here an estimate decides, which is
// never too low, so it gets some room.
const (
	maxParsed  = 5000
	maxNesting = 120
)

type scanner struct {
	shape
	text   string
	at     int
	levels []level
	// operand tells that the last token ended an operand, so that / divides.
	operand bool
	// before is the last byte of the last token.
	before byte
	// function tells that the last word begins a function, headed that its
	// parameters have just ended.
	function, headed bool
}

// span is a part of the text.
type span struct{ from, to int }

// level counts, in halves, the operators inside one pair of brackets. In a
// row, each operator makes the tree one deeper; a comma starts anew.
type level struct {
	row     int // of the current row
	inner   int // the deepest bracket in the current row
	deepest int // of the rows before
	// maker is [ or { for a constructor, which begins at from; whole tells that
	// it can be wrapped where it stands. Its items are noted in items: the one
	// that is being read begins at item, -1 before the value of an object's
	// member; parent tells that it names its parent.
	maker  byte
	from   int
	whole  bool
	item   int
	items  []span
	parent bool
	// bare is the constructor that the present item began with, if it did.
	bare span
	// parameters tells that these are those of a function.
	parameters bool
}

func (l *level) depth() int { return max(l.deepest, l.row+l.inner) }

func (s *scanner) top() *level { return &s.levels[len(s.levels)-1] }

func (s *scanner) close() {
	l := s.top()
	depth := l.depth() + 2
	s.headed = l.parameters
	s.levels = s.levels[:len(s.levels)-1]
	out := s.top()
	out.inner = max(out.inner, depth)
	out.parent = out.parent || l.parent
	if l.maker == 0 || s.at > len(s.text) {
		return
	}
	made := span{l.from, s.at}
	if s.item(l, s.at-1); l.whole && !l.parent && !s.steps() {
		s.made = append(s.made, made)
	} else {
		s.made = append(s.made, l.items...)
	}
	out.bare = made
}

// open begins a bracket. A constructor is one that begins an operand. Where its
// place gives it a meaning of its own, as a step of a path and as an item of an
// array, its items are wrapped instead.
func (s *scanner) open(c byte, operand bool) {
	l := level{from: s.at - 1, item: s.at, parameters: s.function}
	s.function = false
	if c != '(' && !operand {
		l.maker = c
		l.whole = s.before != '.' && (s.top().maker != '[' || s.before != '[' && s.before != ',')
	}
	if c == '{' {
		l.item = -1
	}
	s.levels = append(s.levels, l)
}

// item ends an item of a constructor at a place of the text. An item that is a
// constructor itself stays as it is, and so does one that names its parent.
func (s *scanner) item(l *level, to int) {
	from := l.item
	l.item = to + 1
	if l.maker == '{' {
		l.item = -1
	}
	if from < 0 || from >= to || l.parent {
		return
	}
	text := s.text[from:to]
	if trimmed := strings.TrimSpace(text); trimmed == "" || trimmed == s.text[l.bare.from:l.bare.to] && strings.HasPrefix(strings.TrimLeft(s.text[from:], " \t\r\n"), trimmed) {
		return
	}
	l.items = append(l.items, span{from, to})
}

// steps tells whether the path goes on behind the place.
func (s *scanner) steps() bool {
	rest := strings.TrimLeft(s.text[s.at:], " \t\r\n")
	return strings.HasPrefix(rest, "/*") || strings.HasPrefix(rest, ".") && !strings.HasPrefix(rest, "..")
}

func (s *scanner) next() {
	c := s.text[s.at]
	if strings.IndexByte(" \t\r\n", c) < 0 && !strings.HasPrefix(s.text[s.at:], "/*") {
		defer func() { s.before = s.text[min(s.at, len(s.text))-1] }()
	}
	switch {
	case strings.IndexByte(" \t\r\n", c) >= 0:
		s.at++
		return
	case strings.HasPrefix(s.text[s.at:], "/*"):
		s.skipTo("*/", s.at+2)
		return
	case c == '"' || c == '\'' || c == '`':
		s.quoted(c)
		s.operand = true
		return
	case c == '/' && !s.operand:
		s.quoted('/')
		s.operand = true
		return
	case c == '$' || letter(c):
		s.word()
		return
	case (c == '*' || c == '%') && !s.operand: // a wildcard, the parent
		for s.at++; s.at < len(s.text) && s.text[s.at] == c; s.at++ {
		}
		s.operand = true
		s.top().row += 2
		s.top().parent = s.top().parent || c == '%'
		return
	}
	s.at++
	operand := s.operand
	s.operand = false
	if headed := s.headed; headed {
		s.headed = false
		if c == '<' {
			s.signature()
			return
		}
	}
	switch c {
	case '(', '[', '{':
		s.open(c, operand)
	case ')', ']', '}':
		if len(s.levels) > 1 {
			s.close()
		}
		s.operand = true
	case ',', ';':
		l := s.top()
		if l.maker != 0 && c == ',' {
			s.item(l, s.at-1)
		}
		l.deepest, l.row, l.inner = l.depth(), 0, 0
	case '.', ':', '@', '#', '^', '|':
		// A path, the parts of an object and a chain of bindings lie flat.
		if l := s.top(); c == ':' && s.take('=') {
			l.row += 2
		} else if c == ':' && l.maker == '{' && l.item < 0 {
			l.item = s.at
		}
		if c == '.' && s.take('.') {
			s.top().row += 2
		}
	case '=', '<', '>', '!':
		s.take('=')
		s.top().row++
	default:
		s.top().row += 2
	}
}

// signature skips the types of a function's parameters: <xn:x>, <a<s>:b>.
func (s *scanner) signature() {
	for open := 1; s.at < len(s.text) && open > 0; s.at++ {
		switch s.text[s.at] {
		case '<':
			open++
		case '>':
			open--
		}
	}
	s.operand = true
}

func (s *scanner) take(c byte) bool {
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) skipTo(end string, from int) {
	i := strings.Index(s.text[min(from, len(s.text)):], end)
	if i < 0 {
		s.at = len(s.text)
		return
	}
	s.at = from + i + len(end)
}

// quoted skips what the sign encloses; a backslash guards the next character.
func (s *scanner) quoted(sign byte) {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case sign:
			s.at++
			return
		}
	}
	s.at = len(s.text)
}

// letter tells whether a byte can be in a name; λ and other letters beyond
// ASCII can.
func letter(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

func (s *scanner) word() {
	start := s.at
	s.at++
	for s.at < len(s.text) && letter(s.text[s.at]) {
		s.at++
	}
	word := s.text[start:s.at]
	s.operand = true
	switch {
	case word[0] == '$':
		s.references++
		if len(word) > 1 {
			s.variables[word[1:]] = true
		}
	case word == "function" || word == "λ":
		s.function = true
	case word == "and" || word == "or" || word == "in":
		s.operand = false
		s.top().row += 2
	}
}
