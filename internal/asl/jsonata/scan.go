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
}

// level counts, in halves, the operators inside one pair of brackets. In a
// row, each operator makes the tree one deeper; a comma starts anew.
type level struct {
	row     int // of the current row
	inner   int // the deepest bracket in the current row
	deepest int // of the rows before
}

func (l *level) depth() int { return max(l.deepest, l.row+l.inner) }

func (s *scanner) top() *level { return &s.levels[len(s.levels)-1] }

func (s *scanner) close() {
	depth := s.top().depth() + 2
	s.levels = s.levels[:len(s.levels)-1]
	s.top().inner = max(s.top().inner, depth)
}

func (s *scanner) next() {
	c := s.text[s.at]
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
	}
	s.at++
	s.operand = false
	switch c {
	case '(', '[', '{':
		s.levels = append(s.levels, level{})
	case ')', ']', '}':
		if len(s.levels) > 1 {
			s.close()
		}
		s.operand = true
	case ',', ';':
		l := s.top()
		*l = level{deepest: l.depth()}
	case '.', ':', '@', '#', '^', '|':
		// A path, the parts of an object and a chain of bindings lie flat.
		if c == ':' && s.take('=') {
			s.top().row += 2
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
		if len(word) > 1 {
			s.variables[word[1:]] = true
		}
	case word == "and" || word == "or" || word == "in":
		s.operand = false
		s.top().row += 2
	}
}
