package source

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
)

// SyntaxError tells why a text is not JSON.
type SyntaxError struct {
	Reason   string // without the place
	Location string // [Source: (String)"…"; line: 1, column: 4]
	Position Position
}

// Error is reason and location, as Jackson joins them.
func (e *SyntaxError) Error() string { return e.Reason + "\n at " + e.Location }

// Jackson's lists of what may stand where a value is expected.
const (
	jsonValues    = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
	longestToken  = 256 // UTF-16 units of an unknown word that are shown
	shownOfSource = 500 // UTF-16 units of the text that are shown
)

// fail makes the error for the place that has been read up to.
func (r *reader) fail(format string, args ...any) *SyntaxError {
	p := r.position()
	return &SyntaxError{Reason: fmt.Sprintf(format, args...), Location: r.location(p), Position: p}
}

func (r *reader) location(p Position) string {
	return fmt.Sprintf("[Source: (String)%s; line: %d, column: %d]", r.excerpt(), p.Line, p.Column)
}

// excerpt is the beginning of the text in quotation marks.
func (r *reader) excerpt() string {
	if r.shown != "" {
		return r.shown
	}
	var b strings.Builder
	b.WriteByte('"')
	units := 0
	for _, c := range r.text {
		if units++; units <= shownOfSource {
			if unicode.IsControl(c) && c != '\n' && c != '\r' {
				fmt.Fprintf(&b, "\\u%04X", c)
			} else {
				b.WriteRune(c)
			}
		}
		if utf16.RuneLen(c) == 2 {
			units++
		}
	}
	b.WriteByte('"')
	if units > shownOfSource {
		fmt.Fprintf(&b, "[truncated %d chars]", units-shownOfSource)
	}
	r.shown = b.String()
	return r.shown
}

// described is a character as messages name it.
func described(c rune) string {
	switch {
	case unicode.IsControl(c):
		return fmt.Sprintf("(CTRL-CHAR, code %d)", c)
	case c > 255:
		return fmt.Sprintf("'%c' (code %d / 0x%x)", c, c, c)
	}
	return fmt.Sprintf("'%c' (code %d)", c, c)
}

func (r *reader) unexpected(c rune, comment string) *SyntaxError {
	return r.fail("Unexpected character (%s): %s", described(c), comment)
}

// unknownWord reads on to the end of a word that begins with read.
func (r *reader) unknownWord(read string) *SyntaxError {
	word := []rune(read)
	for r.at < len(r.text) && len(word) < longestToken {
		c, size := r.peek()
		if !identifier(c) {
			break
		}
		word = append(word, c)
		r.advance(c, size)
	}
	if len(word) >= longestToken {
		word = append(word, []rune("...")...)
	}
	return r.fail("Unrecognized token '%s': was expecting %s", string(word), jsonValues)
}

// identifier tells whether Java lets a character be in a name.
func identifier(c rune) bool {
	return c == '_' || c == '$' || unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.Is(unicode.Sc, c) || unicode.Is(unicode.Pc, c)
}
