package jsonarray_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"wplake/internal/jsonarray"
	"wplake/internal/lake"
)

func mustRead(t *testing.T, body string) (*jsonarray.Reader, []rowCopy) {
	t.Helper()
	r, rows, err := readAll(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%.200q: %v", body, err)
	}
	return r, rows
}

func TestRowsAreTakenApartVerbatim(t *testing.T) {
	t.Parallel()
	_, rows := mustRead(t, `[ {"ID": "12" ,"f":1.50,"e":1e3,"n":null,"b":true,"c":false, "":"", "s":"a\"]}\\" ,`+
		"\"o\":{ \"x\" : [1, \"}\"] } ,\"l\":[ ],\"u\":\"\\u00e9é\\/\",\"z\":-0} ]")
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	want := [][2]string{
		{"ID", `"12"`},
		{"f", `1.50`},
		{"e", `1e3`},
		{"n", `null`},
		{"b", `true`},
		{"c", `false`},
		{"", `""`},
		{"s", `"a\"]}\\"`},
		{"o", `{ "x" : [1, "}"] }`},
		{"l", `[ ]`},
		{"u", `"\u00e9é\/"`},
		{"z", `-0`},
	}
	for i, w := range want {
		if i >= len(rows[0].keys) || rows[0].keys[i] != w[0] || rows[0].values[i] != w[1] {
			t.Fatalf("field %d: %q %q, want %q", i, rows[0].keys, rows[0].values, w)
		}
	}
	if len(rows[0].keys) != len(want) || rows[0].fault != "" {
		t.Errorf("%d fields, fault %s", len(rows[0].keys), rows[0].fault)
	}
	if !strings.HasPrefix(rows[0].text, `{"ID": "12" ,`) || !strings.HasSuffix(rows[0].text, `"z":-0}`) {
		t.Errorf("the text is not verbatim: %q", rows[0].text)
	}
}

func TestNamesComeInOrderOfAppearance(t *testing.T) {
	t.Parallel()
	r, rows := mustRead(t, `[{"b":1,"a":2},{"a":3,"c":4,"b":5},{},{"d":6},{"b":7,"a":8}]`)
	if got := strings.Join(r.Names(), " "); got != "b a c d" {
		t.Errorf("names %s", got)
	}
	for i, want := range []string{"[b a] [1 2]", "[a c b] [3 4 5]", "[] []", "[d] [6]", "[b a] [7 8]"} {
		if got := fmt.Sprint(rows[i].keys, rows[i].values); got != strings.ReplaceAll(want, "] [", "] [") || rows[i].number != int64(i+1) {
			t.Errorf("row %d: %d %s, want %s", i+1, rows[i].number, got, want)
		}
	}
	if r.Rows() != 5 {
		t.Errorf("%d rows", r.Rows())
	}
}

// A key is what it says, however it is written: the same key twice is found,
// and two keys are not taken for one.
func TestKeysAreComparedUnescaped(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body  string
		names []string
	}{
		{`[{"a":1},{"\u0061":2}]`, []string{"a"}},
		{`[{"\u0061":1},{"a":2},{"\u0061":3}]`, []string{"a"}},
		{`[{"gr\u00f6\u00dfe":1},{"größe":2},{"gr\u00F6\u00DFe":3}]`, []string{"größe"}},
		{`[{"\ud83d\ude00":1},{"😀":2}]`, []string{"😀"}},
		{`[{"a/b":1},{"a\/b":2}]`, []string{"a/b"}},
		// The first key has a backslash in its name; the second is an escape.
		{`[{"a\\u0062":1},{"a\u0062":2}]`, []string{`a\u0062`, "ab"}},
		{`[{"a\u0062":1},{"a\\u0062":2}]`, []string{"ab", `a\u0062`}},
		{`[{"\\n":1},{"\n":2}]`, []string{`\n`, "\n"}},
		{`[{"a":1},{"A":2}]`, []string{"a", "A"}},
		{`[{"a":1},{"a ":2},{" a":3}]`, []string{"a", "a ", " a"}},
		{`[{"":1},{"\u0000":2}]`, []string{"", "\x00"}},
		{`[{"é":1},{"e\u0301":2}]`, []string{"é", "e\u0301"}},
	} {
		r, rows := mustRead(t, c.body)
		if !slices.Equal(r.Names(), c.names) {
			t.Errorf("%s: names %q, want %q", c.body, r.Names(), c.names)
		}
		for _, row := range rows {
			if row.fault != "" {
				t.Errorf("%s: %s %s", c.body, row.fault, row.detail)
			}
		}
	}
}

func TestFaultsOfRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		row   string
		fault lake.Code
		says  string
	}{
		"key twice":                   {`{"a":1,"a":2}`, lake.RowDuplicateKey, `the key "a" appears twice`},
		"key twice, same value":       {`{"a":1,"a":1}`, lake.RowDuplicateKey, `"a"`},
		"key twice, apart":            {`{"a":1,"b":{"a":0},"c":3,"a":4}`, lake.RowDuplicateKey, `"a"`},
		"key twice, other escapes":    {`{"a":1,"\u0061":2}`, lake.RowDuplicateKey, `"a"`},
		"key twice, escaped only":     {`{"\u0061":1,"\u0061":2}`, lake.RowDuplicateKey, `"a"`},
		"empty key twice":             {`{"":1,"":2}`, lake.RowDuplicateKey, `""`},
		"key three times":             {`{"a":1,"a":2,"a":3}`, lake.RowDuplicateKey, `"a"`},
		"two keys twice":              {`{"x":1,"a":2,"a":3,"x":4}`, lake.RowDuplicateKey, `"a"`},
		"case only":                   {`{"a":1,"A":2}`, "", ""},
		"key also in a nested object": {`{"a":{"a":{"a":1}}}`, "", ""},
		"nested key twice":            {`{"a":{"b":1,"b":2}}`, "", ""}, // verbatim text in bronze

		"lone high surrogate":            {`{"a":"x\ud800y"}`, lake.RowInvalidText, `\ud800`},
		"lone low surrogate":             {`{"a":"\udfff"}`, lake.RowInvalidText, `\udfff`},
		"capital letters":                {`{"a":"\uD83D"}`, lake.RowInvalidText, `\uD83D`},
		"surrogates in the wrong order":  {`{"a":"\ude00\ud83d"}`, lake.RowInvalidText, `\ude00`},
		"two high surrogates, then low":  {`{"a":"\ud83d\ud83d\ude00"}`, lake.RowInvalidText, `\ud83d`},
		"high surrogate, then no escape": {`{"a":"\ud83d\n\ude00"}`, lake.RowInvalidText, `\ud83d`},
		"high surrogate, then a letter":  {`{"a":"\ud83d\u0041"}`, lake.RowInvalidText, `\ud83d`},
		"in a key":                       {`{"\ud800":1}`, lake.RowInvalidText, `\ud800`},
		"in a nested value":              {`{"a":[{"b":"\udc00"}]}`, lake.RowInvalidText, `\udc00`},
		"in a nested key":                {`{"a":{"\udc00":1}}`, lake.RowInvalidText, `\udc00`},
		"a pair":                         {`{"a":"\ud83d\ude00"}`, "", ""},
		"pairs":                          {`{"a":"\ud83d\ude00\ud83d\ude01x\uDBFF\uDFFF"}`, "", ""},
		"a backslash before ud800":       {`{"a":"\\ud800"}`, "", ""},
		"two backslashes and a lone one": {`{"a":"\\\ud800"}`, lake.RowInvalidText, `\ud800`},
		"beside the surrogates":          {`{"a":"\ud7ff\ue000\uffff\u0000"}`, "", ""},

		"invalid byte in a value":        {"{\"a\":\"x\xffy\"}", lake.RowInvalidText, "not UTF-8"},
		"invalid byte in a key":          {"{\"\xe9\":1}", lake.RowInvalidText, "not UTF-8"},
		"invalid byte in a nested value": {"{\"a\":[\"\xc3\"]}", lake.RowInvalidText, "not UTF-8"},
		"Latin-1":                        {"{\"a\":\"Gr\xfc\xdfe\"}", lake.RowInvalidText, "not UTF-8"},
		"surrogate in UTF-8":             {"{\"a\":\"\xed\xa0\x80\"}", lake.RowInvalidText, "not UTF-8"},
		"overlong":                       {"{\"a\":\"\xc0\xaf\"}", lake.RowInvalidText, "not UTF-8"},
		"beyond Unicode":                 {"{\"a\":\"\xf4\x90\x80\x80\"}", lake.RowInvalidText, "not UTF-8"},
		"two invalid keys":               {"{\"\xff\":1,\"\xfe\":2}", lake.RowInvalidText, "not UTF-8"},
		"valid UTF-8":                    {`{"é😀":"שלום 世界 ` + "\ufffd" + `"}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, rows := mustRead(t, `[{"a":"before"},`+c.row+`,{"a":"after"}]`)
			if len(rows) != 3 || r.Rows() != 3 {
				t.Fatalf("%d rows", len(rows))
			}
			if rows[1].fault != c.fault || !strings.Contains(rows[1].detail, c.says) {
				t.Errorf("%q: %q, want %q: %q", rows[1].fault, rows[1].detail, c.fault, c.says)
			}
			if rows[1].text != c.row {
				t.Errorf("the text is not verbatim: %q", rows[1].text)
			}
			if c.fault == "" && len(rows[1].keys) == 0 {
				t.Error("no fields")
			}
			if rows[0].fault != "" || rows[2].fault != "" || rows[2].values[0] != `"after"` {
				t.Errorf("the neighbours: %v %v", rows[0], rows[2])
			}
		})
	}
}

// Text that is not Unicode cannot name columns.
func TestInvalidKeysAreNoNames(t *testing.T) {
	t.Parallel()
	r, _ := mustRead(t, "[{\"a\":1},{\"\xff\":1},{\"\\ud800\":1},{\"b\":\"\xff\",\"c\":1},{\"d\":1}]")
	if got := strings.Join(r.Names(), " "); got != "a d" {
		t.Errorf("names %q", got)
	}
}

func TestKeyTwiceInManyRows(t *testing.T) {
	t.Parallel()
	// A key of the row before is not a key of this one.
	_, rows := mustRead(t, `[{"a":1,"b":1},{"b":1,"a":1},{"a":1},{"a":1,"b":1,"a":1},{"a":1,"b":1}]`)
	for i, row := range rows {
		if (row.fault == lake.RowDuplicateKey) != (i == 3) {
			t.Errorf("row %d: %s %s", i+1, row.fault, row.detail)
		}
	}
}

func TestColumnsAreLimited(t *testing.T) {
	t.Parallel()
	object := func(from, to int) string {
		var b strings.Builder
		b.WriteByte('{')
		for i := from; i < to; i++ {
			if i > from {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `"key_%d":%d`, i, i)
		}
		return b.String() + "}"
	}
	most := jsonarray.MaxColumns
	r, rows := mustRead(t, "["+object(0, most)+","+object(0, most)+"]")
	if len(r.Names()) != most || len(rows[1].keys) != most {
		t.Errorf("%d names", len(r.Names()))
	}
	for name, body := range map[string]string{
		"in one row":     "[" + object(0, most+1) + "]",
		"over many rows": "[" + object(0, most/2) + "," + object(most/2, most) + "," + object(most, most+1) + "]",
	} {
		err := verdict(body)
		if !lake.HasCode(err, lake.SourceTooLarge) || !strings.Contains(err.Error(), "10001-th different key") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A key can be escaped in very many ways; that costs neither memory nor columns.
func TestOneKeyInManySpellings(t *testing.T) {
	t.Parallel()
	const key = "abcdefghijklmn"
	var b strings.Builder
	b.WriteByte('[')
	for mask := range 1 << len(key) {
		if mask > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"`)
		for i, c := range key {
			if mask>>i&1 == 1 {
				fmt.Fprintf(&b, `\u%04x`, c)
			} else {
				b.WriteRune(c)
			}
		}
		b.WriteString(`":1}`)
	}
	b.WriteByte(']')
	r, rows := mustRead(t, b.String())
	if len(r.Names()) != 1 || r.Names()[0] != key || len(rows) != 1<<len(key) {
		t.Errorf("names %q, %d rows", r.Names(), len(rows))
	}
}

func TestTheVerdictStays(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`[]`, `[{"a":1}]`, ``, `[{"a":1}`, `[{"a":1},2,{"a":3}]`, `[{"a":1}][{"a":2}]`, `x[{"a":1}]`,
		strings.Repeat("x", 16<<10) + `[{"a":1}]`, `[{"a":1},x,{"a":2}]`, `{"a":1}[]`,
	} {
		r := jsonarray.NewReader(strings.NewReader(body))
		var first error
		for first == nil {
			_, first = r.Next()
		}
		for range 3 {
			if row, again := r.Next(); row != nil || !errors.Is(again, first) {
				t.Errorf("%.40q: first %v, then %v", body, first, again)
			}
		}
		if errors.Is(first, io.EOF) != (verdict(body) == nil) {
			t.Errorf("%.40q: %v", body, first)
		}
	}
}
