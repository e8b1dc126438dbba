package transform

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a piece of SQL as far as this package needs to tell pieces apart.
type token struct {
	kind tokenKind
	text string // a word in upper case, a quoted name without its quotes, or the symbol
}

type tokenKind int

const (
	word    tokenKind = iota // an unquoted identifier, keyword or number
	name                     // "quoted"
	text                     // 'quoted'
	comment                  // -- or /* */
	symbol                   // any other character
)

// scan splits SQL into tokens. It refuses what the dialects read differently,
// so that what it takes for the end of a text is the end for every engine:
// escape and dollar-quoted strings, nested comments, unbalanced quotes and
// parentheses, and ';'.
func scan(sql string) ([]token, error) {
	if !utf8.ValidString(sql) {
		return nil, fmt.Errorf("is not valid UTF-8")
	}
	var tokens []token
	depth := 0
	for i := 0; i < len(sql); {
		r, size := utf8.DecodeRuneInString(sql[i:])
		rest := sql[i:]
		var t token
		n := size
		switch {
		case unicode.IsSpace(r):
			i += size
			continue
		case strings.HasPrefix(rest, "--"):
			n = len(rest)
			if end := strings.IndexByte(rest, '\n'); end >= 0 {
				n = end + 1
			}
			t = token{comment, rest[:n]}
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				return nil, fmt.Errorf("a comment is not closed")
			}
			if n = end + 4; strings.Contains(rest[2:2+end], "/*") {
				return nil, fmt.Errorf("a comment within a comment")
			}
			t = token{comment, rest[:n]}
		case r == '\'' || r == '"':
			end := closingQuote(rest, byte(r))
			if end < 0 {
				return nil, fmt.Errorf("a quote %c is not closed", r)
			}
			n = end + 1
			kind := text
			if r == '"' {
				kind = name
			}
			q := string(r)
			t = token{kind, strings.ReplaceAll(rest[1:end], q+q, q)}
		case wordRune(r):
			n = len(rest)
			if end := strings.IndexFunc(rest, func(r rune) bool { return !wordRune(r) && r != '$' }); end >= 0 {
				n = end
			}
			t = token{word, strings.ToUpper(rest[:n])}
			if strings.Contains(t.text, "$") {
				return nil, fmt.Errorf("a $ outside of quotes")
			}
			if n < len(rest) && rest[n] == '\'' && len(t.text) == 1 {
				return nil, fmt.Errorf("a text with the prefix %s; write a plain '…'", rest[:n])
			}
		case r == ';':
			return nil, fmt.Errorf("has a ';': it must be one piece of SQL")
		case r == '$' || r == '?':
			return nil, fmt.Errorf("a %c outside of quotes", r)
		case r == 0:
			return nil, fmt.Errorf("holds a NUL character")
		default:
			switch r {
			case '(', '[', '{':
				depth++
			case ')', ']', '}':
				depth--
			}
			if depth < 0 {
				return nil, fmt.Errorf("a %c closes what was not opened", r)
			}
			t = token{symbol, string(r)}
		}
		tokens = append(tokens, t)
		i += n
	}
	if depth != 0 {
		return nil, fmt.Errorf("a parenthesis is not closed")
	}
	return tokens, nil
}

func wordRune(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// closingQuote is the index of the quote that closes the one s begins with; a
// doubled quote is part of the text. -1: there is none.
func closingQuote(s string, quote byte) int {
	for i := 1; i < len(s); i++ {
		if s[i] != quote {
			continue
		}
		if i+1 < len(s) && s[i+1] == quote {
			i++
			continue
		}
		return i
	}
	return -1
}

// checkCondition checks that sql is one expression, as far as that is to be
// seen without an engine: no comment, and nothing that begins a query.
func checkCondition(sql string) error {
	tokens, err := scan(sql)
	if err != nil {
		return err
	}
	if len(tokens) == 0 {
		return fmt.Errorf("is empty")
	}
	for i, t := range tokens {
		switch {
		case t.kind == comment:
			return fmt.Errorf("has a comment; a condition is SQL alone")
		case t.kind == word && beginsQuery(t.text, i == 0 || tokens[i-1] == token{symbol, "("}):
			return fmt.Errorf("has a query in it (%s); use a step sql", t.text)
		}
	}
	return nil
}

// beginsQuery reports whether a word begins a query; first says that it is the
// first one within its parentheses.
func beginsQuery(word string, first bool) bool {
	switch word {
	case "SELECT":
		return true
	case "FROM", "WITH", "VALUES", "TABLE", "DESCRIBE", "SHOW", "SUMMARIZE", "PIVOT", "UNPIVOT":
		return first
	}
	return false
}

// checkSelect checks that sql is one query.
func checkSelect(sql string) error {
	tokens, err := scan(sql)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		switch {
		case t.kind == comment:
		case t.kind == word && (t.text == "SELECT" || t.text == "WITH"):
			return nil
		default:
			return fmt.Errorf("is not a SELECT over the table input")
		}
	}
	return fmt.Errorf("is empty")
}
