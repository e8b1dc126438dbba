package engine

import (
	"strings"
	"unicode/utf8"
)

// Split cuts a text into SQL statements at the semicolons that end one: not at
// those within strings, quoted names, dollar-quoted strings or comments. The
// statements come without their semicolons; rest is what follows the last one.
// A statement of nothing but space and comments is left out.
func Split(sql string) (statements []string, rest string) {
	from, meant := 0, false
	for i := 0; i < len(sql); {
		n, kind := token(sql[i:])
		switch {
		case kind == semicolon:
			if meant {
				statements = append(statements, strings.TrimSpace(sql[from:i]))
			}
			from, meant = i+n, false
		case kind != blank:
			meant = true
		}
		i += n
	}
	return statements, sql[from:]
}

// IsBlank reports whether a text holds nothing but space and comments.
func IsBlank(sql string) bool {
	for i := 0; i < len(sql); {
		n, kind := token(sql[i:])
		if kind != blank {
			return false
		}
		i += n
	}
	return true
}

// IsOpen reports whether a text ends within a string, a quoted name or a
// comment that spans lines.
func IsOpen(sql string) bool {
	for i := 0; i < len(sql); {
		n, kind := token(sql[i:])
		if i+n == len(sql) {
			return unterminated(sql[i:], kind)
		}
		i += n
	}
	return false
}

// Words calls visit with each word of a text (a keyword or a plain name) and
// where it begins and ends, until visit returns false. A sign, such as a
// parenthesis, is a word as well; of a string or a quoted name only the first
// character is given. Comments are none.
func Words(sql string, visit func(word string, from, to int) bool) {
	for i := 0; i < len(sql); {
		n, kind := token(sql[i:])
		word := sql[i : i+n]
		if kind == quoted {
			word = word[:1]
		}
		if kind != blank && !visit(word, i, i+n) {
			return
		}
		i += n
	}
}

// kind is what a token is.
type kind int

const (
	blank     kind = iota // space or a comment
	semicolon             //
	quoted                // a string, a dollar-quoted string or a quoted name
	word                  // letters, digits, _ and $
	sign                  // any other character
)

// token gives the length and the kind of the token that s begins with; s is
// not empty. What is not closed goes on to the end of s.
func token(s string) (int, kind) {
	switch c := s[0]; {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v':
		return 1, blank
	case strings.HasPrefix(s, "--"):
		if i := strings.IndexAny(s, "\n\r"); i >= 0 {
			return i + 1, blank
		}
		return len(s), blank
	case strings.HasPrefix(s, "/*"):
		return comment(s), blank
	case c == ';':
		return 1, semicolon
	case c == '\'' || c == '"':
		return closing(s, 1, c, false), quoted
	case (c == 'e' || c == 'E') && len(s) > 1 && s[1] == '\'':
		return closing(s, 2, '\'', true), quoted
	case c == '$':
		return dollar(s)
	case isWord(c):
		n := 1
		for n < len(s) && (isWord(s[n]) || s[n] == '$') {
			n++
		}
		return n, word
	}
	_, n := utf8.DecodeRuneInString(s)
	return n, sign
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

// comment gives the length of a comment of the form /* … */; they nest.
func comment(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// closing gives the length of what is quoted by q, whose doubling stands for
// itself; a backslash escapes what follows where escapes is set.
func closing(s string, from int, q byte, escapes bool) int {
	for i := from; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\':
			i++
		case s[i] == q && i+1 < len(s) && s[i+1] == q:
			i++
		case s[i] == q:
			return i + 1
		}
	}
	return len(s)
}

// dollar tells a dollar-quoted string ($$…$$, $tag$…$tag$) from a parameter
// ($1, $name).
func dollar(s string) (int, kind) {
	n := 1
	for n < len(s) && isWord(s[n]) {
		n++
	}
	if n == len(s) || s[n] != '$' || n > 1 && s[1] >= '0' && s[1] <= '9' {
		return n, word
	}
	tag := s[:n+1]
	if i := strings.Index(s[n+1:], tag); i >= 0 {
		return n + 1 + i + len(tag), quoted
	}
	return len(s), quoted
}

// unterminated reports whether the last token of a text is not closed.
func unterminated(s string, k kind) bool {
	switch {
	case k == quoted && s[0] == '$':
		tag := s[:strings.IndexByte(s[1:], '$')+2]
		return len(s) < 2*len(tag) || !strings.HasSuffix(s, tag)
	case k == quoted:
		q, from := s[0], 1
		if q == 'e' || q == 'E' {
			q, from = '\'', 2
		}
		// A space after it is another token exactly where it is closed.
		return closing(s+" ", from, q, from == 2) > len(s)
	case k == blank && strings.HasPrefix(s, "/*"):
		return comment(s+" ") > len(s)
	}
	return false
}
