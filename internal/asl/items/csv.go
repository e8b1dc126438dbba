package items

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"wplake/internal/asl"
)

// csvSource reads text with delimited fields, by the rules that Step Functions
// documents: fields are texts; a field in quotation marks may hold delimiters
// and line ends; a quotation mark is doubled; a backslash stands before another
// one, a quotation mark or a delimiter, and vanishes before anything else.
type csvSource struct {
	body      io.Closer
	in        *bufio.Reader
	delimiter byte
	header    []string
	uri       string
	row       int
	size      int // bytes of the row so far
}

// newCSV begins to read a body, and closes it in the end.
func newCSV(c *Config, body io.ReadCloser, uri string) (source, error) {
	s := &csvSource{body: body, in: bufio.NewReaderSize(body, 64<<10), delimiter: c.Delimiter, header: c.Header, uri: uri}
	if mark, _ := s.in.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = s.in.Discard(3)
	}
	if s.header != nil {
		return s, nil
	}
	header, err := s.fields(MaxHeader, MaxHeader)
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the CSV file has no header")
	}
	s.header = header
	return s, err
}

func (s *csvSource) Close() error { return s.body.Close() }

func (s *csvSource) next() (asl.Item, error) {
	fields, err := s.fields(MaxItem, len(s.header))
	if err != nil {
		return asl.Item{}, err
	}
	value := make(map[string]any, len(s.header))
	for i, name := range s.header {
		value[name] = ""
		if i < len(fields) {
			value[name] = fields[i]
		}
	}
	return asl.Item{Value: value, Source: s.uri}, nil
}

// fields reads a row of at most so many bytes, and keeps some of its fields;
// lines without anything are none.
func (s *csvSource) fields(most, kept int) ([]string, error) {
	for {
		s.row++
		s.size = 0
		fields, err := s.record(most, kept)
		if err != nil {
			return nil, err
		}
		if len(fields) > 1 || fields[0] != "" || s.size > 2 {
			return fields, nil
		}
	}
}

// record reads up to a line end.
func (s *csvSource) record(most, kept int) ([]string, error) {
	var fields []string
	var field []byte
	end := func() {
		if len(fields) < kept {
			fields = append(fields, string(field))
		}
		field = nil
	}
	inQuotes, inField := false, false
	for {
		b, err := s.in.ReadByte()
		if errors.Is(err, io.EOF) {
			if s.size == 0 {
				return nil, io.EOF
			}
			end()
			return fields, nil
		}
		if err != nil {
			return nil, err
		}
		if s.size++; s.size > most {
			return nil, fmt.Errorf("row %d of the CSV file has more than %d bytes", s.row, most)
		}
		switch {
		case b == '\\':
			// Outside a field nothing can be escaped: the backslash just goes.
			if next, ok := s.peek(); ok && (inQuotes || inField) && (next == '\\' || next == '"' || next == s.delimiter) {
				field = append(field, s.take())
			}
			continue
		case b == '"':
			next, more := s.peek()
			if (inQuotes || inField) && more && next == '"' {
				field = append(field, s.take())
				continue
			}
			if len(field) > 0 && more && next != s.delimiter && next != '\n' && next != '\r' {
				// In the middle of a field it is part of it.
				field = append(field, b)
			}
			inQuotes, inField = !inQuotes, !inField
			continue
		case inQuotes:
			field = append(field, b)
			continue
		case b == s.delimiter:
			end()
			inField = false
			continue
		case b == '\n':
			end()
			return fields, nil
		case b == '\r':
			if next, ok := s.peek(); ok && next == '\n' {
				s.take()
			}
			end()
			return fields, nil
		}
		field, inField = append(field, b), true
	}
}

func (s *csvSource) peek() (byte, bool) {
	b, err := s.in.Peek(1)
	if err != nil {
		return 0, false
	}
	return b[0], true
}

// take reads what was peeked at.
func (s *csvSource) take() byte {
	b, _ := s.in.ReadByte()
	s.size++
	return b
}
