// Package jsonarray reads what a raw object must be: one complete JSON array of
// objects, and nothing else. It goes through the array row by row, in memory
// bounded by the largest row, and says precisely what is wrong where it is not
// one.
//
// The grammar is checked by jsontext (RFC 8259); a row is then taken apart into
// its fields without decoding them. An array counts as complete only when its
// closing bracket and then the end of the input were seen: a body that was cut
// right after a comma is not an empty rest.
package jsonarray

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"wplake/internal/lake"
)

const (
	// MaxRow is the size in bytes that one row may have.
	MaxRow = 32 << 20
	// MaxColumns is how many different keys an array may have.
	MaxColumns = 10_000

	readSize = 64 << 10
)

// Field is a key and its value within a row.
type Field struct {
	Name  int    // position in Reader.Names
	Value []byte // one JSON value, verbatim, without white space around it
}

// Row is one object of the array. Its slices are valid until the next call of
// Next.
type Row struct {
	Number int64   // from 1
	Text   []byte  // the object, verbatim
	Fields []Field // in the order of the object; none under the fault RowInvalidText
	// Fault is RowDuplicateKey or RowInvalidText when the row is JSON by its
	// grammar, but no row of a table; else empty. Detail says where.
	Fault  lake.Code
	Detail string
}

// Reader reads an array. It is not for concurrent use.
type Reader struct {
	in      *bounded
	dec     *jsontext.Decoder
	started bool
	over    error // what ended the reading
	skipped int64 // bytes of white space before what the decoder sees
	rows    int64
	row     Row

	names   []string
	tokens  []string       // by name: the key as it was first written, quotes included
	byName  map[string]int // by the key
	seen    []int64        // by name: number of the last row that had it
	order   []int          // names in the order of the last row
	scratch []byte
}

// NewReader returns a Reader of in.
func NewReader(in io.Reader) *Reader {
	b := &bounded{in: in}
	return &Reader{
		in: b,
		dec: jsontext.NewDecoder(b,
			jsontext.AllowDuplicateNames(true), // told as a fault of the row
			jsontext.AllowInvalidUTF8(true)),   // likewise
		byName: map[string]int{},
	}
}

// Names returns the keys seen so far, unescaped, in the order of their first
// appearance.
func (r *Reader) Names() []string { return r.names }

// Rows returns how many rows were read.
func (r *Reader) Rows() int64 { return r.rows }

// Next reads the next row. It returns io.EOF after the end of a complete array,
// an error of reading as it came, and a *lake.Error whose code begins with
// Source for everything else. After an error it returns the same again.
func (r *Reader) Next() (*Row, error) {
	if r.over != nil {
		return nil, r.over
	}
	row, err := r.next()
	r.over = err
	return row, err
}

func (r *Reader) next() (*Row, error) {
	if !r.started {
		if err := r.start(); err != nil {
			return nil, err
		}
		r.started = true
	}
	switch kind := r.dec.PeekKind(); kind {
	case ']':
		if _, err := r.dec.ReadToken(); err != nil {
			return nil, r.fault(err)
		}
		return nil, r.end()
	case '{':
	case 0: // an error, or the end of the input: ReadValue will tell which
	default:
		r.in.allow(r.dec.InputOffset() + MaxRow)
		if _, err := r.dec.ReadValue(); err != nil {
			return nil, r.fault(err)
		}
		return nil, &lake.Error{
			Code:    lake.SourceNotObjects,
			Message: fmt.Sprintf("element %d of the array is %s, not an object", r.rows+1, kindName(kind)),
			Hint:    "a table's endpoint gives an array of objects, one a row: check the address",
		}
	}
	r.in.allow(r.dec.InputOffset() + MaxRow)
	text, err := r.dec.ReadValue()
	if err != nil {
		return nil, r.fault(err)
	}
	if len(text) > MaxRow {
		return nil, errTooLarge() // the decoder had read ahead
	}
	r.rows++
	r.row = Row{Number: r.rows, Text: text, Fields: r.row.Fields[:0]}
	if fault := textFault(text); fault != "" {
		// Its keys are not taken: they may be no names at all.
		r.row.Fault, r.row.Detail = lake.RowInvalidText, fault
		return &r.row, nil
	}
	if err := r.split(text); err != nil {
		return nil, err
	}
	return &r.row, nil
}

// split takes the row apart. The text is one JSON object by its grammar.
func (r *Reader) split(text []byte) error {
	i := skipSpace(text, 1)
	for n := 0; text[i] != '}'; n++ {
		end := stringEnd(text, i)
		name, err := r.name(n, text[i:end])
		if err != nil {
			return err
		}
		i = skipSpace(text, skipSpace(text, end)+1) // over the colon
		end = valueEnd(text, i)
		if r.seen[name] == r.rows && r.row.Fault == "" {
			r.row.Fault = lake.RowDuplicateKey
			r.row.Detail = fmt.Sprintf("the key %q appears twice", r.names[name])
		}
		r.seen[name] = r.rows
		r.row.Fields = append(r.row.Fields, Field{Name: name, Value: text[i:end]})
		i = skipSpace(text, end)
		if text[i] == ',' {
			i = skipSpace(text, i+1)
		}
	}
	return nil
}

// name returns the position of a key, the n-th of its row.
func (r *Reader) name(n int, token []byte) (int, error) {
	if n < len(r.order) && r.tokens[r.order[n]] == string(token) {
		return r.order[n], nil // rows nearly always have their keys in the same order
	}
	name := token[1 : len(token)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		// No error is possible: the row's text was checked.
		r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], token)
		name = r.scratch
	}
	at, ok := r.byName[string(name)]
	if !ok {
		if len(r.names) == MaxColumns {
			return 0, &lake.Error{
				Code:    lake.SourceTooLarge,
				Message: fmt.Sprintf("row %d has the %d-th different key; a table may have %d columns", r.rows, MaxColumns+1, MaxColumns),
				Hint:    "is each row an object with the same keys, or are the keys themselves data?",
			}
		}
		at = len(r.names)
		r.names = append(r.names, string(name))
		r.tokens = append(r.tokens, string(token))
		r.byName[r.names[at]] = at
		r.seen = append(r.seen, 0)
	}
	if n < len(r.order) {
		r.order[n] = at
	} else {
		r.order = append(r.order, at)
	}
	return at, nil
}

// textFault says in what a row's text is not Unicode, or "".
func textFault(text []byte) string {
	if !utf8.Valid(text) {
		return "bytes that are not UTF-8"
	}
	if at := loneSurrogate(text); at >= 0 {
		return "half a surrogate pair: " + string(text[at:at+6])
	}
	return ""
}

// end makes sure that nothing but white space follows the array.
func (r *Reader) end() error {
	r.in.allow(r.dec.InputOffset() + MaxRow)
	kind := r.dec.PeekKind()
	if kind == 0 {
		_, err := r.dec.ReadToken()
		if errors.Is(err, io.EOF) {
			return io.EOF
		}
		if r.in.err != nil && !errors.Is(r.in.err, io.EOF) {
			return r.fault(err)
		}
	}
	var what string
	switch kind {
	case '[':
		what = "a second array"
	case 0, ']', '}':
		what = "something that is not JSON"
	default:
		what = kindName(kind)
	}
	return &lake.Error{
		Code:    lake.SourceTrailing,
		Message: fmt.Sprintf("the array ends after %d rows, but %s follows at byte %d", r.rows, what, r.skipped+r.dec.InputOffset()),
		Hint:    "a plugin or a PHP notice adds output behind the JSON: switch WP_DEBUG_DISPLAY off, or two answers were put together",
	}
}

// fault turns an error of the decoder into a *lake.Error.
func (r *Reader) fault(err error) error {
	if r.in.err != nil && !errors.Is(r.in.err, io.EOF) {
		return r.in.err // reading failed, or a row is too large
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &lake.Error{
			Code:    lake.SourceTruncated,
			Message: fmt.Sprintf("the array is cut: the input ends at byte %d, after %d whole rows and before the closing bracket", r.skipped+r.in.offset, r.rows),
			Hint:    "the server or a proxy cut the answer (memory or time limit of PHP?): try again, or let the endpoint give less at once",
		}
	}
	at := r.dec.InputOffset()
	why := "not JSON"
	if s, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at = s.ByteOffset
		if s.Err != nil {
			why = s.Err.Error()
		}
	}
	return &lake.Error{
		Code:    lake.SourceInvalidJSON,
		Message: fmt.Sprintf("not JSON at byte %d, in row %d: %s", r.skipped+at, r.rows+1, why),
		Hint:    "open the endpoint in a browser and look at that place: often a PHP notice stands in the middle of the JSON",
	}
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '[':
		return "an array"
	}
	return "an object"
}

// bounded reads from in and fails when more is read than was allowed, so that
// the decoder's buffer cannot grow without limit.
type bounded struct {
	in     io.Reader
	offset int64 // bytes read
	limit  int64 // bytes that may be read
	err    error // that ended the reading
}

func (b *bounded) allow(offset int64) { b.limit = offset + readSize }

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.offset >= b.limit {
		b.err = errTooLarge()
		return 0, b.err
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.limit-b.offset)])
	b.offset += int64(n)
	b.err = err
	return n, err
}

func errTooLarge() error {
	return &lake.Error{
		Code:    lake.SourceTooLarge,
		Message: fmt.Sprintf("a row is larger than %d MiB", MaxRow>>20),
		Hint:    "let the endpoint leave out the column that holds such a value",
	}
}
