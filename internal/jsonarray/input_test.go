package jsonarray_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"wplake/internal/jsonarray"
	"wplake/internal/lake"
)

const mixed = "\n[{\"ID\":\"1\",\"t\":\"a\\\"\\u00fc\"},\r\n {\"t\":[1,{\"x\":null}],\"ID\":2.50} , {},{\"a\":1,\"\\u0061\":2}]\n "

// However the bytes are handed over, what is read is the same.
func TestReadersOfAllKinds(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		mixed, "[]", "", " ", mixed[:40], mixed + "[]", "\ufeff" + mixed, "null", `{"code":"a","message":"b"}`,
		"[" + strings.Repeat(`{"a":"`+strings.Repeat("x", 1000)+`"},`, 100) + `{}]`,
	} {
		_, want, wantErr := readAll(strings.NewReader(body))
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"one byte at a time": iotest.OneByteReader,
			"halves":             iotest.HalfReader,
			"data with EOF":      iotest.DataErrReader,
			"both":               func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) },
			"nothing at times":   func(r io.Reader) io.Reader { return &stutterer{in: r} },
			"a bytes.Buffer":     func(r io.Reader) io.Reader { b, _ := io.ReadAll(r); return bytes.NewBuffer(b) },
		} {
			_, got, err := readAll(wrap(strings.NewReader(body)))
			if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Errorf("%.30q, %s: %v %v, want %v %v", body, name, got, err, want, wantErr)
			}
		}
	}
}

// stutterer gives nothing, without an error, every second time.
type stutterer struct {
	in    io.Reader
	calls int
}

func (s *stutterer) Read(p []byte) (int, error) {
	s.calls++
	if s.calls%2 == 1 {
		return 0, nil
	}
	return s.in.Read(p)
}

// breaking gives an error once, after its bytes or together with the last of
// them, and then pretends that the input has ended.
type breaking struct {
	in       io.Reader
	err      error
	together bool
	broken   bool
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.broken {
		return 0, io.EOF
	}
	n, err := b.in.Read(p)
	if errors.Is(err, io.EOF) || (b.together && n < len(p)) {
		b.broken = true
		return n, b.err
	}
	return n, err
}

// A failure to read is no verdict on the bytes, wherever it comes: neither is a
// cut connection a complete array, nor is it an array that the site has cut.
func TestErrorsOfReadingArePassedOn(t *testing.T) {
	t.Parallel()
	long := "[" + strings.Repeat(`{"a":"`+strings.Repeat("x", 100)+`"},`, 400) + `{}]`
	for _, failure := range []error{errors.New("connection reset"), io.ErrUnexpectedEOF, iotest.ErrTimeout} {
		for _, together := range []bool{false, true} {
			for _, body := range []string{
				"", "[", mixed[:9], mixed, "[]", long, long[:20_000], long[:len(long)-1], "<html>", "nul", "null", "12",
				`"` + strings.Repeat("x", 20_000), `{"code":`, `{"a":"` + strings.Repeat("x", 20_000), "[]   ",
			} {
				_, _, err := readAll(&breaking{in: strings.NewReader(body), err: failure, together: together})
				if !errors.Is(err, failure) {
					t.Errorf("%.20q (%d bytes), together %t: got %v, want %v", body, len(body), together, err, failure)
				}
			}
		}
	}
}

// What is wrong with bytes that were read is told although reading fails later.
func TestVerdictBeforeAFailure(t *testing.T) {
	t.Parallel()
	long := `[{"a":1},x,` + strings.Repeat(`{"a":1},`, 20_000)
	_, _, err := readAll(&breaking{in: strings.NewReader(long), err: errors.New("reset")})
	if !lake.HasCode(err, lake.SourceInvalidJSON) {
		t.Error(err)
	}
}

// endless gives a beginning and then the same bytes for ever.
type endless struct {
	head  string
	again string
	at    int // in again
	read  int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.head)
	e.head = e.head[n:]
	for n < len(p) {
		m := copy(p[n:], e.again[e.at:])
		e.at = (e.at + m) % len(e.again)
		n += m
	}
	e.read += int64(n)
	return n, nil
}

func TestALargeRowEndsInBoundedMemory(t *testing.T) {
	// Not parallel: it looks at the memory of the process.
	for name, in := range map[string]*endless{
		"a value":                {head: `[{"a":1},{"a":"`, again: "xxxxxxxxxxxxxxxx"},
		"nested values":          {head: `[{"a":[`, again: "1,"},
		"many fields":            {head: `[{"a":1`, again: `,"b":1`},
		"white space before one": {head: `[`, again: "    "},
		"white space behind":     {head: `[]`, again: "\n"},
		"a number":               {head: `[1`, again: "1"},
		"another object":         {head: `{"a":"`, again: "x"},
		"a scalar":               {head: `"`, again: "x"},
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, _, err := readAll(in)
		runtime.ReadMemStats(&after)
		if !lake.HasCode(err, lake.SourceTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if in.read > jsonarray.MaxRow+1<<20 {
			t.Errorf("%s: %d bytes were read", name, in.read)
		}
		// Growing by doubling allocates up to twice the last buffer.
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 5*jsonarray.MaxRow {
			t.Errorf("%s: %d MiB were allocated", name, grown>>20)
		}
	}
}

func TestRowsUpToTheLimitAreTaken(t *testing.T) {
	t.Parallel()
	value := strings.Repeat("x", jsonarray.MaxRow-len(`{"a":""}`))
	r, rows := mustRead(t, `[{"a":"`+value+`"},{"a":"`+value+`"}]`)
	if r.Rows() != 2 || len(rows[1].text) != jsonarray.MaxRow {
		t.Errorf("%d rows", r.Rows())
	}
	err := verdict(`[{"a":"` + value + `"},{"a":"` + value + `x"}]`)
	if !lake.HasCode(err, lake.SourceTooLarge) {
		t.Errorf("a byte more: %v", err)
	}
}

// Rows altogether may be of any size; memory does not grow with their number.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	// Not parallel: it looks at the memory of the process.
	row := `{"ID":"1","post_title":"` + strings.Repeat("x", 500) + `"},`
	in := io.MultiReader(strings.NewReader("["), io.LimitReader(&endless{again: row}, int64(40_000*len(row))), strings.NewReader("{}]"))
	r := jsonarray.NewReader(in)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for {
		if _, err := r.Next(); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
	}
	runtime.ReadMemStats(&after)
	if r.Rows() != 40_001 {
		t.Errorf("%d rows", r.Rows())
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d KiB were allocated for %d KiB of rows", grown>>10, 40_000*len(row)>>10)
	}
}
