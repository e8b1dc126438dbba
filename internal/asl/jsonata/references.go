package jsonata

import "strings"

// Reference is what an expression names of the world around it.
type Reference struct {
	// Name is a bare name or $ where they stand for the context, which Step
	// Functions does not give; $$; or $name for a variable.
	Name string
	// Field is the first member that is read of a variable, "" if none is:
	// errorOutput of $states.errorOutput.
	Field string
}

// References lists what the expression names: each once, in the order of the
// text. Names inside a step, a predicate, an order or a grouping belong to the
// values there, and are left out; so are the parameters of functions.
func (e *Expr) References() []Reference {
	s := &referenceScanner{text: e.source, levels: []surroundings{{top: true}}, expects: true, bound: map[string]bool{}}
	for s.at < len(s.text) {
		s.next()
	}
	var list []Reference
	seen := map[Reference]bool{}
	for _, r := range s.found {
		if !seen[r] && !s.bound[r.Name] {
			list = append(list, r)
		}
		seen[r] = true
	}
	return list
}

// surroundings are a pair of brackets that is open, or the expression itself.
type surroundings struct {
	top  bool // names in it stand for the context of the whole expression
	bars int  // of a transformer |…|…|, how many have come
}

type referenceScanner struct {
	text    string
	at      int
	levels  []surroundings
	expects bool // an operand comes next
	step    bool // that operand is a step of a path
	// operandTop tells whether the last operand stood in the outer context.
	operandTop bool
	function   bool // the brackets that come next are parameters
	body       bool // the brackets that come next are a function's body
	parameters bool
	found      []Reference
	bound      map[string]bool
}

func (s *referenceScanner) top() bool { return s.levels[len(s.levels)-1].top }

// here tells whether an operand that begins now stands in the outer context.
func (s *referenceScanner) here() bool { return s.top() && !s.step }

func (s *referenceScanner) operand() {
	s.operandTop = s.here()
	s.expects, s.step = false, false
}

func (s *referenceScanner) open(top bool) {
	s.levels = append(s.levels, surroundings{top: top})
	s.expects, s.step = true, false
}

func (s *referenceScanner) next() {
	c := s.text[s.at]
	rest := s.text[s.at:]
	switch {
	case strings.IndexByte(" \t\r\n", c) >= 0:
		s.at++
	case strings.HasPrefix(rest, "/*"):
		s.skip(2 + strings.Index(rest[2:], "*/") + 2)
	case c == '"' || c == '\'':
		s.quoted(c)
		s.operand()
	case c == '`':
		s.name(strings.Trim(s.quoted(c), "`"))
	case c == '/' && s.expects:
		s.quoted(c)
		s.operand()
	case c >= '0' && c <= '9':
		s.word()
		s.operand()
	case c == '$' || letter(c):
		s.named(s.word())
	default:
		s.sign(c)
	}
}

func (s *referenceScanner) skip(n int) { s.at = min(s.at+max(n, 1), len(s.text)) }

func (s *referenceScanner) quoted(sign byte) string {
	start := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		if s.text[s.at] == '\\' && sign != '`' {
			s.at++
		} else if s.text[s.at] == sign {
			s.at++
			break
		}
	}
	s.at = min(s.at, len(s.text))
	return s.text[start:s.at]
}

func (s *referenceScanner) word() string {
	start := s.at
	for s.at < len(s.text) && (letter(s.text[s.at]) || s.text[s.at] == '$' && s.at-start < 2) {
		s.at++
	}
	return s.text[start:s.at]
}

func (s *referenceScanner) named(word string) {
	switch {
	case word[0] == '$':
		s.variable(word)
	case !s.expects && (word == "and" || word == "or" || word == "in"):
		s.expects = true
	case word == "function" || word == "λ":
		s.function = true
		s.operandTop, s.step = s.here(), false
	case word == "true" || word == "false" || word == "null":
		s.operand()
	default:
		s.name(word)
	}
}

func (s *referenceScanner) name(word string) {
	if s.here() && s.expects {
		s.found = append(s.found, Reference{Name: word})
	}
	s.operand()
}

func (s *referenceScanner) variable(word string) {
	if s.parameters {
		s.bound[word] = true
		return
	}
	// $ stands for the value of a step inside one; $$ is the outermost always.
	switch {
	case strings.Trim(word, "$") != "":
		s.found = append(s.found, Reference{Name: word, Field: s.field()})
	case word != "$" || s.here():
		s.found = append(s.found, Reference{Name: word})
	}
	rest := strings.TrimLeft(s.text[s.at:], " \t\r\n")
	if strings.HasPrefix(rest, ":=") {
		s.bound[word] = true
	}
	s.operand()
}

// field is the member that follows a variable.
func (s *referenceScanner) field() string {
	rest, found := strings.CutPrefix(strings.TrimLeft(s.text[s.at:], " \t\r\n"), ".")
	if !found {
		return ""
	}
	rest = strings.TrimLeft(rest, " \t\r\n")
	if strings.HasPrefix(rest, "`") {
		name, _, _ := strings.Cut(rest[1:], "`")
		return name
	}
	end := 0
	for end < len(rest) && letter(rest[end]) {
		end++
	}
	return rest[:end]
}

func (s *referenceScanner) sign(c byte) {
	s.at++
	switch c {
	case '(':
		s.round()
	case '[':
		s.open(s.expects && s.here())
	case '{':
		switch {
		case s.body:
			s.body = false
			s.open(s.top())
		default:
			s.open(s.expects && s.here())
		}
	case ')', ']', '}':
		if s.parameters {
			s.parameters, s.body = false, true
			return
		}
		if len(s.levels) > 1 {
			s.levels = s.levels[:len(s.levels)-1]
		}
		s.expects, s.step = false, false
	case '|':
		s.bar()
	case '.':
		if strings.HasPrefix(s.text[s.at:], ".") { // a range, in an array
			s.at++
			s.expects, s.step = true, false
			return
		}
		s.expects, s.step = true, true
	case '*', '%', '?':
		if s.expects { // a wildcard, the parent, an argument left open
			s.operand()
			return
		}
		s.expects = true
	case '^', '@', '#':
		s.expects, s.step = true, true
	case '<':
		if s.body { // a signature
			s.signature()
			return
		}
		s.expects = true
	default:
		s.expects, s.step = true, false
	}
}

// round opens round brackets: a block, arguments, parameters or an order.
func (s *referenceScanner) round() {
	switch {
	case s.function:
		s.function, s.parameters = false, true
	case s.expects:
		s.open(s.here())
	default:
		s.open(s.operandTop)
	}
}

func (s *referenceScanner) signature() {
	for depth := 1; depth > 0 && s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '<':
			depth++
		case '>':
			depth--
		}
	}
}

// bar begins, parts or ends a transformer, whose parts have contexts of
// their own.
func (s *referenceScanner) bar() {
	l := &s.levels[len(s.levels)-1]
	switch l.bars {
	case 0:
		s.open(false)
		s.levels[len(s.levels)-1].bars = 1
	case 1:
		l.bars = 2
		s.expects, s.step = true, false
	default:
		s.levels = s.levels[:len(s.levels)-1]
		s.expects, s.step = false, false
	}
}
