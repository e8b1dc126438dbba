package pipeline

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"wplake/internal/config"
	"wplake/internal/jsonarray"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/typing"
)

// facts is what a pass over a raw object finds.
type facts struct {
	rows     int64
	hash     string // SHA-256 of all bytes
	names    []string
	evidence []typing.Evidence
	// odd reports that some value or row cannot be read by the SQL engine as
	// it is: the array has to be written anew, with rows that do not fit left
	// out.
	odd bool
	// unspelt has the names of columns without a fixed type that hold values
	// which an engine may write in another way when it reads them as text.
	unspelt map[int]bool
}

// readable reports whether the SQL engine reads the array exactly as it is,
// given the columns that were decided on.
func (f facts) readable(p plan) bool {
	if f.odd || len(p.ignored) > 0 {
		return false
	}
	names := map[string]bool{}
	for i, name := range f.names {
		lower := strings.ToLower(name)
		if names[lower] || name == "" || strings.ContainsRune(name, 0) {
			return false // an engine cannot tell such keys apart, or not name them
		}
		names[lower] = true
		if !f.unspelt[i] {
			continue
		}
		for _, c := range p.columns {
			if !c.Absent && c.Key == name && c.Type == lake.String {
				return false
			}
		}
	}
	return true
}

// scan goes through a raw object once: it checks that the file is one complete
// array, that every value of a column with a fixed type fits, and gathers
// evidence for the others. A peek stops after some rows and has no hash.
func scan(ctx context.Context, path string, s settings, prev previous, peek bool, progress func(bytes int64)) (facts, error) {
	f, err := os.Open(path)
	if err != nil {
		return facts{}, store.Failure("read", path, err)
	}
	defer func() { _ = f.Close() }() // read only
	hash := sha256.New()
	counted := &countingReader{ctx: ctx, in: f, progress: progress}
	var in io.Reader = counted
	if !peek {
		in = io.TeeReader(counted, hash)
	}
	result := facts{unspelt: map[int]bool{}}
	var types []lake.Type // by name; "" where evidence decides
	r := jsonarray.NewReader(in)
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return facts{}, wrapObject(s.Object, err)
		}
		if peek && r.Rows() > 200 {
			break
		}
		if row.Fault != "" {
			result.odd = true
			continue // its values are no evidence
		}
		for len(types) < len(r.Names()) {
			types = append(types, fixedType(s, prev, r.Names()[len(types)]))
			result.evidence = append(result.evidence, typing.Evidence{})
		}
		for _, field := range row.Fields {
			if t := types[field.Name]; t != "" {
				if v, _ := typing.Fit(t, field.Value); v != typing.Fits {
					result.odd = true
				}
				continue
			}
			result.evidence[field.Name].Add(field.Value)
			// The column may turn out to be text, and then its numbers and
			// nested values must be kept as they were written.
			if v, _ := typing.Fit(lake.String, field.Value); v == typing.FitsAsText {
				result.unspelt[field.Name] = true
			}
		}
	}
	for len(result.evidence) < len(r.Names()) {
		result.evidence = append(result.evidence, typing.Evidence{})
	}
	result.names = r.Names()
	result.rows = r.Rows()
	result.hash = hex.EncodeToString(hash.Sum(nil))
	return result, nil
}

// fixedType returns the type that values of a key have to fit, or "" when the
// values themselves decide.
func fixedType(s settings, prev previous, name string) lake.Type {
	if c, ok := s.fixed(name); ok {
		return c.Type
	}
	if s.Drift == config.Reject && prev.ours() {
		if i := lake.FindColumn(prev.columns(), name); i >= 0 {
			return prev.columns()[i].Type
		}
	}
	return ""
}

// wrapObject names the object in an error of its raw bytes.
func wrapObject(object string, err error) error {
	e := *lake.AsError(err, lake.StorageFailed)
	e.Message = object + ": " + e.Message
	return &e
}

// countingReader tells how far it came, and ends with its context.
type countingReader struct {
	ctx      context.Context
	in       io.Reader
	progress func(int64)
	n        int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.in.Read(p)
	c.n += int64(n)
	if c.progress != nil {
		c.progress(c.n)
	}
	return n, err
}

// sorted is the outcome of writing an array anew.
type sorted struct {
	fit      string // path of an array of the rows that fit, with keys c0, c1, … by column
	rejects  string // path of an array of the rows that do not
	rows     int64  // that fit
	rejected int64
	largest  int // bytes of the largest row written
	reasons  map[lake.Code]int64
	examples []string // of rejections, a few
	keyless  int64    // rejected rows of which nobody can tell the key
}

// sortRows writes the rows of a raw object that fit the plan to one file, with
// every value in a spelling that the SQL engine reads exactly, and the others
// with the reason to another. No row is in neither.
func sortRows(ctx context.Context, path, dir string, s settings, p plan) (out sorted, err error) {
	in, err := os.Open(path)
	if err != nil {
		return out, store.Failure("read", path, err)
	}
	defer func() { _ = in.Close() }() // read only
	out = sorted{fit: dir + "/fit.json", rejects: dir + "/rejects.json", reasons: map[lake.Code]int64{}}
	fit, err := createArray(out.fit)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, fit.close()) }()
	rejects, err := createArray(out.rejects)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, rejects.close()) }()

	columnOf := map[string]int{}
	for i, c := range p.columns {
		if !c.Absent {
			columnOf[c.Key] = i
		}
	}
	ignored := map[string]bool{}
	for _, key := range p.ignored {
		ignored[key] = true
	}
	r := jsonarray.NewReader(&countingReader{ctx: ctx, in: in})
	var line []byte
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, wrapObject(s.Object, err)
		}
		var why rejection
		line, why = convertRow(line[:0], row, r.Names(), p, columnOf, ignored)
		if why.reason == "" {
			out.rows++
			err = fit.append(line)
		} else {
			out.rejected++
			out.reasons[why.reason]++
			if len(out.examples) < 3 {
				out.examples = append(out.examples, fmt.Sprintf("row %d: %s %s", row.Number, why.column, why.detail))
			}
			key := keyOf(row, r.Names(), p, columnOf, s.Key)
			if key == nil {
				out.keyless++
			}
			line = why.appendTo(line[:0], row, key)
			err = rejects.append(line)
		}
		if err != nil {
			return out, err
		}
		out.largest = max(out.largest, len(line))
	}
}

// rejection says why a row does not fit.
type rejection struct {
	reason lake.Code
	column string
	detail string
}

// convertRow appends the row as an object with keys c0, c1, …, or says why it
// does not fit the plan.
func convertRow(line []byte, row *jsonarray.Row, names []string, p plan, columnOf map[string]int, ignored map[string]bool) ([]byte, rejection) {
	if row.Fault != "" {
		return line, rejection{reason: row.Fault, detail: row.Detail}
	}
	line = append(line, '{')
	for _, field := range row.Fields {
		name := names[field.Name]
		i, ok := columnOf[name]
		if !ok {
			if ignored[name] && field.Value[0] != 'n' {
				return line, rejection{lake.RowNewColumn, name, "the schema has no such column and drift is reject"}
			}
			continue // NULL in a column that there is not
		}
		verdict, reason := typing.Fit(p.columns[i].Type, field.Value)
		if verdict == typing.Misfit {
			return line, rejection{reason, name, fmt.Sprintf("%s is not %s", cut(field.Value), p.columns[i].Type)}
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		line = fmt.Appendf(line, `"c%d":`, i)
		switch verdict {
		case typing.FitsAsText:
			line, _ = jsontext.AppendQuote(line, field.Value) // valid UTF-8: the row was checked
		case typing.FitsRespelt:
			line = typing.Respell(line, p.columns[i].Type, field.Value)
		default:
			line = append(line, field.Value...)
		}
	}
	return append(line, '}'), rejection{}
}

// appendTo appends the rejected row as an object of the rejects table.
func (w rejection) appendTo(line []byte, row *jsonarray.Row, key []string) []byte {
	line = fmt.Appendf(line, `{"row":%d,"reason":%q,"column":`, row.Number, w.reason)
	line = appendText(line, []byte(w.column))
	line = append(line, `,"detail":`...)
	line = appendText(line, []byte(w.detail))
	line = append(line, `,"original":`...)
	line = appendText(line, row.Text)
	line = append(line, `,"key":[`...)
	for i, part := range key {
		if i > 0 {
			line = append(line, ',')
		}
		line = appendText(line, []byte(part))
	}
	return append(line, "]}"...)
}

// keyOf returns the texts of a row's primary key, as the SQL engine would write
// them, or nil where the row does not tell it.
func keyOf(row *jsonarray.Row, names []string, p plan, columnOf map[string]int, key []string) []string {
	if row.Fault != "" {
		return nil
	}
	var texts []string
	for _, wanted := range key {
		for _, field := range row.Fields {
			i, ok := columnOf[names[field.Name]]
			if !ok || !strings.EqualFold(p.columns[i].Name, wanted) {
				continue
			}
			token := field.Value
			if v, _ := typing.Fit(p.columns[i].Type, token); v == typing.FitsRespelt {
				token = typing.Respell(nil, p.columns[i].Type, token)
			}
			if token[0] == '"' {
				text, err := jsontext.AppendUnquote(nil, token)
				if err != nil {
					return nil
				}
				token = text
			}
			texts = append(texts, string(token))
		}
	}
	if len(texts) != len(key) {
		return nil
	}
	return texts
}

// appendText appends text as a JSON string. Bytes that are not UTF-8 are
// written as \xNN, so that they can still be read.
func appendText(line, text []byte) []byte {
	if quoted, err := jsontext.AppendQuote(line, text); err == nil {
		return quoted
	}
	var safe []byte
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if size == 1 && r == utf8.RuneError {
			safe = fmt.Appendf(safe, `\x%02x`, text[i])
		} else {
			safe = append(safe, text[i:i+size]...)
		}
		i += size
	}
	quoted, _ := jsontext.AppendQuote(line, safe)
	return quoted
}

// cut shortens a value for a message.
func cut(token []byte) string {
	const most = 60
	if len(token) <= most {
		return string(token)
	}
	return string(bytes.ToValidUTF8(token[:most], nil)) + "…"
}

// arrayWriter writes a JSON array to a file.
type arrayWriter struct {
	file *os.File
	out  *bufio.Writer
	n    int64
}

func createArray(path string) (*arrayWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, store.Failure("create", path, err)
	}
	w := &arrayWriter{file: f, out: bufio.NewWriterSize(f, 256<<10)}
	return w, w.write([]byte{'['})
}

func (w *arrayWriter) append(value []byte) error {
	if w.n > 0 {
		if err := w.write([]byte{','}); err != nil {
			return err
		}
	}
	w.n++
	return w.write(value)
}

func (w *arrayWriter) write(p []byte) error {
	_, err := w.out.Write(p)
	return store.Failure("write", w.file.Name(), err)
}

func (w *arrayWriter) close() error {
	err := w.write([]byte{']'})
	if err == nil {
		err = store.Failure("write", w.file.Name(), w.out.Flush())
	}
	return errors.Join(err, store.Failure("close", w.file.Name(), w.file.Close()))
}
