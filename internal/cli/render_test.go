package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/lake"
)

// fakeRows is a result made of values.
type fakeRows struct {
	columns []lake.Column
	rows    [][]any
	err     error
	at      int
	closed  bool
}

func (r *fakeRows) Columns() []lake.Column { return r.columns }
func (r *fakeRows) Next() bool             { r.at++; return r.at <= len(r.rows) }
func (r *fakeRows) Values() []any          { return r.rows[r.at-1] }
func (r *fakeRows) Err() error             { return r.err }
func (r *fakeRows) Close() error           { r.closed = true; return nil }

func columns(pairs ...string) []lake.Column {
	var out []lake.Column
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, lake.Column{Name: pairs[i], Type: lake.Type(pairs[i+1])})
	}
	return out
}

func rendered(t *testing.T, format string, s screen, rows *fakeRows) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := render(rows, format, &b, s); err != nil {
		t.Fatal(err)
	}
	if !rows.closed {
		t.Error("the rows were not closed")
	}
	return b.String()
}

func everyType() *fakeRows {
	return &fakeRows{
		columns: columns(
			"n", "bigint", "h", "decimal(38,0)", "d", "decimal(9,2)", "f", "double", "b", "boolean", "s", "string", "day", "date",
			"at", "timestamp", "bin", "binary", "list", "array<decimal(4,2)>", "o", "struct<b:bigint,a:map<string,decimal(3,1)>>", "none", "string",
		),
		rows: [][]any{{
			int64(9007199254740993), big.NewInt(0).Lsh(big.NewInt(1), 100), "-12.50", 0.1, true, "a \"b\", <c>\n| é 🎈 \x1b[31m\u202e\u0085",
			time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 600000000, time.UTC), []byte{0, 255},
			[]any{"1.50", nil}, map[string]any{"b": int64(1), "a": map[string]any{"k": "2.5"}}, nil,
		}},
	}
}

func TestRenderTypes(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		formatJSONL: `{"n":9007199254740993,"h":1267650600228229401496703205376,"d":-12.50,"f":0.1,"b":true,` +
			`"s":"a \"b\", <c>\n| é 🎈 \u001b[31m\u202e\u0085","day":"2026-01-02","at":"2026-01-02 03:04:05.6","bin":"AP8=",` +
			`"list":[1.50,null],"o":{"a":{"k":2.5},"b":1},"none":null}` + "\n",
		formatCSV: "n,h,d,f,b,s,day,at,bin,list,o,none\n" +
			"9007199254740993,1267650600228229401496703205376,-12.50,0.1,true,\"a \"\"b\"\", <c>\n| é 🎈 \x1b[31m\u202e\u0085\"," +
			`2026-01-02,2026-01-02 03:04:05.6,\x00ff,"[1.50,null]","{""a"":{""k"":2.5},""b"":1}",` + "\n",
		formatMarkdown: "| n | h | d | f | b | s | day | at | bin | list | o | none |\n" +
			"| ---: | ---: | ---: | ---: | --- | --- | --- | --- | --- | --- | --- | --- |\n" +
			"| 9007199254740993 | 1267650600228229401496703205376 | -12.50 | 0.1 | true | a \"b\", &lt;c&gt;<br>\\| é 🎈 \\x1b\\[31m\\u202e\\u0085 | " +
			`2026-01-02 | 2026-01-02 03:04:05.6 | \\x00ff | \[1.50,null\] | {"a":{"k":2.5},"b":1} | NULL |` + "\n",
	} {
		got := rendered(t, format, screen{}, everyType())
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", format, d)
		}
	}
}

func TestRenderJSONIsJSON(t *testing.T) {
	t.Parallel()
	rows := everyType()
	rows.rows = append(rows.rows, rows.rows[0])
	for name, r := range map[string]*fakeRows{
		"rows":    rows,
		"none":    {columns: columns("a", "bigint")},
		"special": {columns: columns("a", "double", "a", "double", "A", "float"), rows: [][]any{{math.NaN(), math.Inf(1), math.Inf(-1)}, {1e300, math.Copysign(0, -1), 5e-324}}},
	} {
		var got []map[string]any
		if err := json.Unmarshal([]byte(rendered(t, formatJSON, screen{}, r)), &got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(got) != len(r.rows) || len(got) > 0 && len(got[0]) != len(r.columns) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestRenderCSVReadsBack(t *testing.T) {
	t.Parallel()
	texts := []string{"", " ", "a", "a,b", `"`, `a"b`, "x\ny", "x\r\ny", " lead", "trail ", "é", "\t"}
	rows := &fakeRows{columns: columns("id", "bigint", "a, \"b\"", "string")}
	for i, s := range texts {
		rows.rows = append(rows.rows, []any{int64(i), s})
	}
	rows.rows = append(rows.rows, []any{nil, nil})
	out := rendered(t, formatCSV, screen{}, rows)
	got, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"id", `a, "b"`}, got[0]); d != "" {
		t.Errorf("header (-want +got):\n%s", d)
	}
	for i, s := range texts {
		if want := strings.ReplaceAll(s, "\r\n", "\n"); got[i+1][1] != want { // the reader does this
			t.Errorf("%q became %q", s, got[i+1][1])
		}
	}
	if !strings.HasSuffix(out, "\n,\n") || !strings.Contains(out, "\n0,\"\"\n") {
		t.Errorf("NULL and the empty text are not told apart:\n%s", out)
	}
}

func TestRenderTable(t *testing.T) {
	t.Parallel()
	rows := func() *fakeRows {
		return &fakeRows{
			columns: columns("id", "bigint", "title", "string", "views", "double"),
			rows:    [][]any{{int64(1), "Grüße 日本", 1.5}, {int64(200), nil, nil}, {int64(3), "a\nb\x1b[2J", 20.0}},
		}
	}
	want := `` +
		" id │ title       │ views\n" +
		"────┼─────────────┼──────\n" +
		"  1 │ Grüße 日本  │   1.5\n" +
		"200 │ NULL        │  NULL\n" +
		"  3 │ a\\nb\\x1b[2J │    20\n" +
		"(3 rows)\n"
	got := rendered(t, formatTable, screen{}, rows())
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if strings.Contains(got, "\x1b") {
		t.Error("data reached the terminal as control characters")
	}
	if got := rendered(t, formatTable, screen{color: true}, rows()); !strings.Contains(got, "\x1b[2mNULL\x1b[0m") {
		t.Errorf("NULL is not dim:\n%q", got)
	}
	if got := rendered(t, formatTable, screen{limit: 2}, rows()); !strings.Contains(got, "(2 rows: the first 2 of more; --limit 0 shows all)") {
		t.Errorf("it is not said that rows are left out:\n%s", got)
	}
	if got := rendered(t, formatTable, screen{limit: 3}, rows()); !strings.Contains(got, "(3 rows)") {
		t.Errorf("rows are said to be left out that are not there:\n%s", got)
	}
}

func TestRenderTableFits(t *testing.T) {
	t.Parallel()
	for _, width := range []int{1, 10, 20, 40, 80, 200} {
		rows := &fakeRows{columns: columns("id", "bigint", "a", "string", "b", "string", "日本", "string")}
		for i := range 3 {
			rows.rows = append(rows.rows, []any{int64(i), strings.Repeat("x", 100), strings.Repeat("日", 50), "short"})
		}
		got := rendered(t, formatTable, screen{width: width}, rows)
		for i, line := range strings.Split(got, "\n") {
			if w := displayWidth(line); w > width && width >= 20 && i < 5 {
				t.Errorf("width %d: line %d takes %d:\n%s", width, i, w, got)
				break
			}
		}
		if width <= 20 != strings.Contains(got, "more columns do not fit") && width != 40 {
			t.Errorf("width %d: columns are left out and it is not said, or the reverse:\n%s", width, got)
		}
	}
}

func displayWidth(s string) int {
	n := 0
	for _, c := range s {
		n++
		if c >= 0x2e80 && c < 0xa000 {
			n++
		}
	}
	return n
}

func TestRenderFailure(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for _, format := range []string{formatTable, formatCSV, formatJSON, formatJSONL, formatMarkdown} {
		rows := &fakeRows{columns: columns("a", "bigint"), rows: [][]any{{int64(1)}}, err: broken}
		var b bytes.Buffer
		if _, err := render(rows, format, &b, screen{}); !errors.Is(err, broken) || !rows.closed {
			t.Errorf("%s: %v", format, err)
		}
		if json.Valid(b.Bytes()) && format == formatJSON {
			t.Errorf("a result that was cut off is whole JSON: %s", b.String())
		}
		full := &fakeRows{columns: columns("a", "string"), rows: [][]any{{strings.Repeat("x", 100_000)}}}
		if _, err := render(full, format, failingWriter{}, screen{}); !lake.HasCode(err, lake.StorageFailed) {
			t.Errorf("%s, output that fails: %v", format, err)
		}
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// FuzzRenderJSON holds that any text is JSON, reads back, and cannot drive a
// terminal in any format that is meant for one.
func FuzzRenderJSON(f *testing.F) {
	for _, s := range []string{"", "a", "\x00\x1b[0m", "\xff", "é\u202e\u2028", "\ufffd", "\"\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := appendJSONString(nil, s)
		var back string
		if err := json.Unmarshal(b, &back); err != nil || back != strings.ToValidUTF8(s, "\ufffd") && back != perByte(s) {
			t.Fatalf("%q became %s, which is %q: %v", s, b, back, err)
		}
		for _, out := range []string{string(b), escaped(s), markdown(s)} {
			if strings.ContainsFunc(out, drives) || strings.Contains(out, "\n") {
				t.Fatalf("%q became %q", s, out)
			}
		}
	})
}

// perByte replaces each byte that is not UTF-8.
func perByte(s string) string { return string([]rune(s)) }
