package items

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"wplake/internal/asl"
)

// Kind names the files that results of one status go to.
type Kind string

// The kinds of files.
const (
	Succeeded Kind = "SUCCEEDED"
	Failed    Kind = "FAILED" // failed, timed out and aborted
	Pending   Kind = "PENDING"
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Failed, Pending, Succeeded} }

// MaxFile is the largest file of results, in bytes; the rest goes to another.
const MaxFile = 5 << 30

// Output says where and how a ResultWriter writes.
type Output struct {
	Bucket string
	// Base is what the keys of all its files begin with, up to a slash.
	Base   string
	MapRun string
	// Lines asks for JSON Lines, not for an array.
	Lines bool
	// Transformation is NONE, COMPACT or FLATTEN.
	Transformation string
}

// NewOutput reads what a WriteEffect says of its output.
func NewOutput(e asl.Effect) (Output, error) {
	a, _ := e.Arguments.(map[string]any)
	c, _ := e.Config.(map[string]any)
	o := Output{Bucket: text(a, "Bucket"), Base: asl.WriterPrefix(e.Arguments, e.MapRun), MapRun: e.MapRun,
		Lines: text(c, "OutputType") == "JSONL", Transformation: text(c, "Transformation")}
	if e.Resource.Service != "s3" || e.Resource.Action != "putObject" {
		return o, fmt.Errorf("a ResultWriter cannot write with %s", e.Resource.ARN)
	}
	if o.Bucket == "" {
		return o, errors.New("the ResultWriter names no Bucket")
	}
	switch o.Transformation {
	case "":
		o.Transformation = "NONE"
	case "NONE", "COMPACT", "FLATTEN":
	default:
		return o, fmt.Errorf("unknown Transformation %q", o.Transformation)
	}
	return o, nil
}

// Key is the key of a file of a kind; n counts them from 0.
func (o *Output) Key(k Kind, n int) string {
	return o.Base + string(k) + "_" + strconv.Itoa(n) + ".json"
}

// ManifestKey is the key of the list of files.
func (o *Output) ManifestKey() string { return o.Base + "manifest.json" }

// Encode turns results into lines of JSON, by the kind of file that they belong
// to. The lines of all parts of a run, in order, are what File reads.
func (o *Output) Encode(results []asl.Result) map[Kind][]byte {
	out := map[Kind][]byte{}
	add := func(k Kind, v any) {
		out[k] = append(append(out[k], asl.Text(v)...), '\n')
	}
	for i := range results {
		r := &results[i]
		switch {
		case r.Status == asl.Pending:
			add(Pending, r.Entry())
		case r.Status != asl.Succeeded:
			add(Failed, r.Entry())
		case o.Transformation == "NONE":
			add(Succeeded, r.Entry())
		case o.Transformation == "FLATTEN":
			list, isList := r.Output.([]any)
			if !isList {
				list = []any{r.Output}
			}
			for _, v := range list {
				add(Succeeded, v)
			}
		default:
			add(Succeeded, r.Output)
		}
	}
	return out
}

// Lines reads what Encode made, for File.
type Lines struct {
	in   *bufio.Reader
	next []byte
}

// NewLines begins to read lines.
func NewLines(r io.Reader) *Lines { return &Lines{in: bufio.NewReaderSize(r, 64<<10)} }

// More tells that there is another line.
func (l *Lines) More() (bool, error) {
	if l.next != nil {
		return true, nil
	}
	line, err := l.in.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(line) == 0 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("results that were kept for writing: %w", err)
	}
	l.next = line[:len(line)-1]
	return true, nil
}

// File writes one file of results, of at most so many bytes but with one result
// at least, and returns its size. What is left when it is full goes to the next.
func (o *Output) File(w io.Writer, l *Lines, most int64) (int64, error) {
	open, between, end := "[", ",", "]"
	if o.Lines {
		open, between, end = "", "\n", "\n"
	}
	out := &counted{w: bufio.NewWriterSize(w, 64<<10)}
	out.write(open)
	for n := 0; ; n++ {
		more, err := l.More()
		if err != nil {
			return out.n, err
		}
		if !more || n > 0 && out.n+int64(len(l.next)+2) > most {
			break
		}
		if n > 0 {
			out.write(between)
		}
		out.write(string(l.next))
		l.next = nil
	}
	if out.n > 0 {
		out.write(end)
	}
	if out.err == nil {
		out.err = out.w.Flush()
	}
	return out.n, out.err
}

// counted counts bytes and keeps the first error.
type counted struct {
	w   *bufio.Writer
	n   int64
	err error
}

func (c *counted) write(s string) {
	if c.err != nil {
		return
	}
	n, err := c.w.WriteString(s)
	c.n, c.err = c.n+int64(n), err
}

// File is an entry of the manifest.
type File struct {
	Key  string
	Size int64 // bytes
}

// Files are those of a run, by kind.
type Files map[Kind][]File

// Earlier reads the files that the answer to an earlier Final write listed (see
// asl.Write); only those of successes stay in the manifest.
func Earlier(v any) Files {
	f := Files{}
	m, _ := v.(map[string]any)
	list, _ := m[string(Succeeded)].([]any)
	for _, e := range list {
		entry, _ := e.(map[string]any)
		n, _ := entry["Size"].(json.Number)
		size, _ := n.Int64()
		f[Succeeded] = append(f[Succeeded], File{Key: text(entry, "Key"), Size: size})
	}
	return f
}

// Value is the list of files as a JSON value: the answer to a Final write.
func (f Files) Value() map[string]any {
	out := map[string]any{}
	for _, k := range Kinds() {
		list := []any{}
		for _, e := range f[k] {
			list = append(list, map[string]any{"Key": e.Key, "Size": json.Number(strconv.FormatInt(e.Size, 10))})
		}
		out[string(k)] = list
	}
	return out
}

// Manifest is the content of manifest.json.
func (o *Output) Manifest(f Files) []byte {
	return []byte(asl.Text(map[string]any{"DestinationBucket": o.Bucket, "MapRunArn": o.MapRun, "ResultFiles": f.Value()}))
}
