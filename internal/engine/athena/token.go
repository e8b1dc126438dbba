package athena

import "unicode/utf8"

// kind is what a token of Athena's SQL is.
type kind int

const (
	blank     kind = iota // space or a comment
	semicolon             //
	quoted                // a string or a quoted name
	word                  // letters, digits and _
	named                 // $name: a parameter of wplake's
	mark                  // ?
	sign                  // any other character
)

// token gives the length and the kind of the token that s begins with; s is
// not empty. closed is false where a string, a quoted name or a comment has no
// end: it goes on to the end of s.
//
// Athena's SQL is Trino's: comments in brackets do not nest, a backslash
// escapes nothing, there are no dollar-quoted strings. Its SHOW and DESCRIBE
// are Hive's, which quotes names with backticks.
func token(s string) (n int, k kind, closed bool) {
	switch c := s[0]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		return 1, blank, true
	case len(s) > 1 && s[:2] == "--":
		return line(s), blank, true
	case len(s) > 1 && s[:2] == "/*":
		n, closed = comment(s)
		return n, blank, closed
	case c == ';':
		return 1, semicolon, true
	case c == '\'' || c == '"' || c == '`':
		n, closed = closing(s)
		return n, quoted, closed
	case c == '?':
		return 1, mark, true
	case c == '$' && len(s) > 1 && isWord(s[1]):
		return run(s, 1), named, true
	case isWord(c):
		return run(s, 1), word, true
	}
	_, n = utf8.DecodeRuneInString(s)
	return n, sign, true
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

// run is where the word ends that goes on at n.
func run(s string, n int) int {
	for n < len(s) && isWord(s[n]) {
		n++
	}
	return n
}

// line is the length of a comment up to the end of its line.
func line(s string) int {
	for i := range len(s) {
		if s[i] == '\n' || s[i] == '\r' {
			return i + 1
		}
	}
	return len(s)
}

func comment(s string) (int, bool) {
	for i := 2; i+1 < len(s); i++ {
		if s[i] == '*' && s[i+1] == '/' {
			return i + 2, true
		}
	}
	return len(s), false
}

// closing gives the length of what is quoted by its first character, whose
// doubling stands for itself.
func closing(s string) (int, bool) {
	q := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != q:
		case i+1 < len(s) && s[i+1] == q:
			i++
		default:
			return i + 1, true
		}
	}
	return len(s), false
}
