package sample

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"wplake/internal/wordpress/model"
)

const (
	flushSize = 64 << 10
	hexDigits = "0123456789abcdef"
)

// encoder writes rows as PHP's json_encode does without options: slashes are
// escaped, and everything beyond ASCII is \uXXXX. It remembers the first error
// and then writes nothing more.
type encoder struct {
	flush func([]byte) error
	keys  []string // `"name":` of each column
	buf   []byte
	rows  int64
	at    int // the next column of the row
	err   error
}

func newEncoder(t model.Table, flush func([]byte) error) *encoder {
	e := &encoder{flush: flush, buf: make([]byte, 0, flushSize+flushSize/4)}
	for _, c := range t.Columns {
		e.keys = append(e.keys, string(appendString(nil, c.Name))+":")
	}
	e.buf = append(e.buf, '[')
	return e
}

// failed reports whether there is no use in making further rows.
func (e *encoder) failed() bool { return e.err != nil }

func (e *encoder) key() {
	switch {
	case e.at > 0:
		e.buf = append(e.buf, ',')
	case e.rows > 0:
		e.buf = append(e.buf, ',', '{')
	default:
		e.buf = append(e.buf, '{')
	}
	e.buf = append(e.buf, e.keys[e.at]...)
	e.at++
}

// text writes the row's next values.
func (e *encoder) text(values ...string) {
	for _, v := range values {
		e.key()
		e.buf = appendString(e.buf, v)
	}
}

// number writes the row's next values, as strings.
func (e *encoder) number(values ...int) {
	for _, v := range values {
		e.key()
		e.buf = append(e.buf, '"')
		e.buf = strconv.AppendInt(e.buf, int64(v), 10)
		e.buf = append(e.buf, '"')
	}
}

// null writes the row's next value.
func (e *encoder) null() {
	e.key()
	e.buf = append(e.buf, "null"...)
}

// end ends a row, which has as many values as the table has columns.
func (e *encoder) end() {
	if e.at != len(e.keys) {
		panic("sample: a row has " + strconv.Itoa(e.at) + " values for " + strconv.Itoa(len(e.keys)) + " columns")
	}
	e.buf = append(e.buf, '}')
	e.at = 0
	e.rows++
	if len(e.buf) >= flushSize {
		e.write()
	}
}

// close ends the array and returns the first error.
func (e *encoder) close() error {
	e.buf = append(e.buf, ']')
	e.write()
	return e.err
}

func (e *encoder) write() {
	if e.err == nil {
		e.err = e.flush(e.buf)
	}
	e.buf = e.buf[:0]
}

// appendString appends s, which is valid UTF-8, as PHP writes it.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			i += size
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				b = appendUnit(appendUnit(b, high), low)
			} else {
				b = appendUnit(b, r)
			}
			continue
		}
		i++
		switch c {
		case '"', '\\', '/':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, '\\', 'b')
		case '\f':
			b = append(b, '\\', 'f')
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			if c < ' ' {
				b = appendUnit(b, rune(c))
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}

func appendUnit(b []byte, unit rune) []byte {
	return append(b, '\\', 'u',
		hexDigits[unit>>12&15], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}
