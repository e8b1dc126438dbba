package workflow

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"wplake/internal/asl"
)

// errJournal says that a journal cannot be read.
var errJournal = errors.New("the journal of the execution is damaged")

// encoder appends values in the journal's encoding: whole numbers as varints,
// texts with their length before them, JSON values as text.
type encoder struct {
	b       []byte
	scratch []byte
}

func (e *encoder) number(n int64)   { e.b = binary.AppendVarint(e.b, n) }
func (e *encoder) natural(n uint64) { e.b = binary.AppendUvarint(e.b, n) }

func (e *encoder) text(s string) {
	e.natural(uint64(len(s)))
	e.b = append(e.b, s...)
}

// optional writes a text that may be absent.
func (e *encoder) optional(s *string) {
	if s == nil {
		e.natural(0)
		return
	}
	e.natural(uint64(len(*s)) + 1)
	e.b = append(e.b, *s...)
}

func (e *encoder) value(v any) {
	e.scratch = appendJSON(e.scratch[:0], v)
	e.natural(uint64(len(e.scratch)))
	e.b = append(e.b, e.scratch...)
}

// decoder reads what an encoder wrote. After an error it gives zero values.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() { d.b, d.err = nil, errJournal }

func (d *decoder) number() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) natural() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail()
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) text() string { return string(d.bytes(d.natural())) }

func (d *decoder) optional() *string {
	n := d.natural()
	if n == 0 {
		return nil
	}
	s := string(d.bytes(n - 1))
	return &s
}

func (d *decoder) value() any {
	raw := d.bytes(d.natural())
	if d.err != nil {
		return nil
	}
	v, err := asl.Decode(raw)
	if err != nil {
		d.fail()
	}
	return v
}

// appendJSON appends the compact JSON of a value of the language, the members
// of objects by name, without escapes for HTML.
func appendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		if v {
			return append(b, "true"...)
		}
		return append(b, "false"...)
	case string:
		return appendQuoted(b, v)
	case json.Number:
		return append(b, v...)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, e)
		}
		return append(b, ']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b = append(b, '{')
		for i, k := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendQuoted(b, k)
			b = append(b, ':')
			b = appendJSON(b, v[k])
		}
		return append(b, '}')
	}
	// What a task gave back may be a plain Go value.
	return append(b, asl.Text(v)...)
}

func appendQuoted(b []byte, s string) []byte {
	// It fails for invalid UTF-8 alone, and then still writes the text with
	// the replacement character in place of what is invalid.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
