package items

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"wplake/internal/asl"
)

// errNotIterable is in Step Functions' own words.
const errNotIterable cause = "Attempting to map over non-iterable node."

// cause is an error whose text is the cause that an execution gets to see.
type cause string

func (c cause) Error() string { return string(c) }

var errTooLarge = fmt.Errorf("an item has more than %d bytes", MaxItem)

// maxDepth bounds how deep JSON that is passed over may be nested, as
// encoding/json does for what it decodes.
const maxDepth = 10_000

// bounded lets a decoder read only so far ahead, so that one value cannot fill
// the memory.
type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// allow grants the next value its bytes.
func (b *bounded) allow() { b.left = MaxItem + 4096 }

// jsonSource reads the members of an array or object one by one.
type jsonSource struct {
	body    io.Closer
	limit   *bounded
	decoder *json.Decoder
	uri     string
	object  bool
	// whole tells that the array is all that the file has.
	whole bool
	ended bool
}

// newJSON begins to read a body, and closes it in the end.
func newJSON(c *Config, body io.ReadCloser, uri string) (source, error) {
	s := &jsonSource{body: body, limit: &bounded{r: body}, uri: uri, whole: c.Pointer == ""}
	s.decoder = json.NewDecoder(s.limit)
	s.decoder.UseNumber()
	s.limit.allow()
	var names []string
	if c.Pointer != "" {
		if !strings.HasPrefix(c.Pointer, "/") {
			return nil, fmt.Errorf("the ItemsPointer %q does not begin with a slash", c.Pointer)
		}
		names = strings.Split(c.Pointer[1:], "/")
	}
	for _, name := range names {
		found, err := s.descend(strings.NewReplacer("~1", "/", "~0", "~").Replace(name))
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("the ItemsPointer %q leads nowhere", c.Pointer)
		}
	}
	t, err := s.token()
	if err != nil {
		return nil, err
	}
	switch {
	case t == json.Delim('['):
	case t == json.Delim('{') && !s.whole:
		// Only below a pointer: the members of a file that is an object are not
		// mapped over.
		s.object = true
	default:
		return nil, errNotIterable
	}
	return s, nil
}

func (s *jsonSource) token() (json.Token, error) {
	s.limit.allow()
	t, err := s.decoder.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the JSON ends too early")
	}
	return t, err
}

// descend goes into the member of the next value that has a name or an index.
func (s *jsonSource) descend(name string) (bool, error) {
	t, err := s.token()
	if err != nil {
		return false, err
	}
	isArray := t == json.Delim('[')
	index := -1
	if n, err := strconv.Atoi(name); err == nil {
		index = n
	}
	if !isArray && t != json.Delim('{') || isArray && index < 0 {
		return false, nil
	}
	for i := 0; s.decoder.More(); i++ {
		here := isArray && i == index
		if !isArray {
			key, err := s.token()
			if err != nil {
				return false, err
			}
			here = key == name
		}
		if here {
			return true, nil
		}
		if err := s.skip(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// skip passes over a value without holding it.
func (s *jsonSource) skip() error {
	for depth := 0; ; {
		t, err := s.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
		if depth > maxDepth {
			return errors.New("the JSON is nested too deep")
		}
		if depth == 0 {
			return nil
		}
	}
}

func (s *jsonSource) next() (asl.Item, error) {
	if s.ended {
		return asl.Item{}, io.EOF
	}
	s.limit.allow()
	if !s.decoder.More() {
		return asl.Item{}, s.end()
	}
	item := asl.Item{Source: s.uri, Keyed: s.object}
	if s.object {
		key, err := s.token()
		if err != nil {
			return asl.Item{}, err
		}
		item.Key, _ = key.(string)
	}
	s.limit.allow()
	err := s.decoder.Decode(&item.Value)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the JSON ends too early")
	}
	return item, err
}

// end reads the closing bracket, and sees that nothing follows.
func (s *jsonSource) end() error {
	if _, err := s.token(); err != nil {
		return err
	}
	s.ended = true
	if s.whole {
		s.limit.allow()
		if _, err := s.decoder.Token(); !errors.Is(err, io.EOF) {
			return errors.New("something follows the JSON array")
		}
	}
	return io.EOF
}

func (s *jsonSource) Close() error { return s.body.Close() }

// lineSource reads JSON Lines.
type lineSource struct {
	body io.Closer
	in   *bufio.Reader
	uri  string
	line int
}

func newLines(body io.ReadCloser, uri string) source {
	return &lineSource{body: body, in: bufio.NewReaderSize(body, 64<<10), uri: uri}
}

func (s *lineSource) next() (asl.Item, error) {
	for {
		line, err := s.read()
		if err != nil {
			return asl.Item{}, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		v, err := asl.Decode(line)
		if err != nil {
			return asl.Item{}, fmt.Errorf("line %d: %w", s.line, err)
		}
		return asl.Item{Value: v, Source: s.uri}, nil
	}
}

// read returns the next line, io.EOF after the last one.
func (s *lineSource) read() ([]byte, error) {
	s.line++
	var line []byte
	for {
		part, err := s.in.ReadSlice('\n')
		if len(line)+len(part) > MaxItem {
			return nil, fmt.Errorf("line %d: %w", s.line, errTooLarge)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(line) > 0:
			return line, nil
		}
		return nil, err
	}
}

func (s *lineSource) Close() error { return s.body.Close() }
