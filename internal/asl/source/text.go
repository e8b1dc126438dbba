package source

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads to the closing quotation mark; what names a value, kind it or a
// member's name in messages.
func (r *reader) string(what, kind string) (string, error) {
	var b strings.Builder
	for r.at < len(r.text) {
		c, size := r.peek()
		if c == utf8.RuneError && size == 1 {
			return "", r.fail("Invalid UTF-8 start byte 0x%x", r.text[r.at])
		}
		r.advance(c, size)
		switch {
		case c == '"':
			return b.String(), nil
		case c == '\\':
			if err := r.escape(&b); err != nil {
				return "", err
			}
		case c < ' ':
			return "", r.fail("Illegal unquoted character (%s): has to be escaped using backslash to be included in %s", described(c), kind)
		default:
			b.WriteRune(c)
		}
	}
	if what == "" {
		return "", r.fail("Unexpected end-of-input in field name")
	}
	return "", r.fail("Unexpected end-of-input: was expecting closing quote for %s", what)
}

func (r *reader) escape(b *strings.Builder) error {
	if r.at >= len(r.text) {
		return r.fail("Unexpected end-of-input in character escape sequence")
	}
	c, size := r.peek()
	r.advance(c, size)
	if i := strings.IndexRune(`"\/bfnrt`, c); i >= 0 {
		b.WriteByte("\"\\/\b\f\n\r\t"[i])
		return nil
	}
	if c != 'u' {
		return r.fail("Unrecognized character escape %s", described(c))
	}
	first, err := r.hex()
	if err != nil {
		return err
	}
	if utf16.IsSurrogate(first) && strings.HasPrefix(r.text[r.at:], `\u`) {
		back := r.at
		r.at += 2
		second, err := r.hex()
		if err != nil {
			return err
		}
		if joined := utf16.DecodeRune(first, second); joined != utf8.RuneError {
			b.WriteRune(joined)
			return nil
		}
		r.at = back
	}
	b.WriteRune(first)
	return nil
}

func (r *reader) hex() (rune, error) {
	for i := range 4 {
		if r.at+i >= len(r.text) {
			r.at = len(r.text)
			return 0, r.fail("Unexpected end-of-input in character escape sequence")
		}
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(r.text[r.at+i])) {
			c, size := utf8.DecodeRuneInString(r.text[r.at+i:])
			r.at += i
			r.advance(c, size)
			return 0, r.unexpected(c, "expected a hex-digit for character escape sequence")
		}
	}
	n, err := strconv.ParseInt(r.text[r.at:r.at+4], 16, 32)
	if err != nil {
		return 0, fmt.Errorf("hexadecimal digits: %w", err)
	}
	r.at += 4
	return rune(n), nil
}
