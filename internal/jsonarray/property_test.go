package jsonarray_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"wplake/internal/jsonarray"
	"wplake/internal/lake"
)

// maker makes random arrays of objects that are valid and have unique keys.
type maker struct{ *rand.Rand }

func (m maker) array() string {
	keys := make([]string, m.IntN(6))
	for i := range keys {
		keys[i] = m.text()
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	var rows []string
	for range m.IntN(8) {
		some := slices.DeleteFunc(slices.Clone(keys), func(string) bool { return m.IntN(5) == 0 })
		if m.IntN(3) == 0 {
			m.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
		}
		rows = append(rows, m.object(some, 3))
	}
	return m.space() + "[" + m.space() + strings.Join(rows, ","+m.space()) + m.space() + "]" + m.space()
}

func (m maker) object(keys []string, depth int) string {
	var fields []string
	for _, key := range keys {
		fields = append(fields, m.space()+m.quote(key)+m.space()+":"+m.space()+m.value(depth)+m.space())
	}
	return "{" + m.space() + strings.Join(fields, ",") + "}"
}

func (m maker) value(depth int) string {
	kind := m.IntN(9)
	if depth == 0 {
		kind = m.IntN(7)
	}
	switch kind {
	case 0:
		return "null"
	case 1:
		return "true"
	case 2:
		return "false"
	case 3:
		return fmt.Sprint(m.Int64() - m.Int64())
	case 4:
		return fmt.Sprintf("%d.%de%+d", m.IntN(1000), m.IntN(1000), m.IntN(40)-20)
	case 5, 6:
		return m.quote(m.text())
	case 7:
		var values []string
		for range m.IntN(4) {
			values = append(values, m.space()+m.value(depth-1)+m.space())
		}
		return "[" + strings.Join(values, ",") + "]"
	}
	return m.object([]string{"x", "y" + m.text()}[:m.IntN(3)], depth-1)
}

func (m maker) text() string {
	pieces := []string{"a", "b", "ID", `"`, `\`, "/", "{", "}", "[", "]", ",", ":", " ", "\n", "\x00", "é", "😀", "\ufffd", `\u0061`, "ש"}
	var b strings.Builder
	for range m.IntN(5) {
		b.WriteString(pieces[m.IntN(len(pieces))])
	}
	return b.String()
}

// quote writes a string with some characters escaped that need not be.
func (m maker) quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || (m.IntN(5) == 0 && c < 0x10000):
			fmt.Fprintf(&b, []string{`\u%04x`, `\u%04X`}[m.IntN(2)], c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String() + `"`
}

func (m maker) space() string {
	return []string{"", "", "", " ", "\n", "\t", "\r\n", "  "}[m.IntN(8)]
}

// Whatever the array, the fields of a row are what encoding/json finds in it.
func TestFieldsAreThoseOfEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		body := maker{rand.New(rand.NewPCG(seed, 1))}.array()
		var want []map[string]json.RawMessage
		if err := json.Unmarshal([]byte(body), &want); err != nil {
			t.Fatalf("the test's own array: %v\n%s", err, body)
		}
		r, rows, err := readAll(strings.NewReader(body))
		if err != nil || len(rows) != len(want) {
			t.Fatalf("seed %d: %d rows, want %d: %v\n%s", seed, len(rows), len(want), err, body)
		}
		first := map[string]bool{}
		var order []string
		for i, row := range rows {
			if row.fault != "" || len(row.keys) != len(want[i]) {
				t.Fatalf("seed %d, row %d: %s %s %q, want %q", seed, i+1, row.fault, row.detail, row.keys, want[i])
			}
			for f, key := range row.keys {
				if got := row.values[f]; got != string(want[i][key]) {
					t.Fatalf("seed %d, row %d, key %q: %s, want %s", seed, i+1, key, got, want[i][key])
				}
				if !first[key] {
					first[key] = true
					order = append(order, key)
				}
			}
		}
		if !slices.Equal(order, r.Names()) {
			t.Fatalf("seed %d: names %q, want %q", seed, r.Names(), order)
		}
	}
}

// With any one byte left out or changed, an array is still judged as
// encoding/json judges it.
func TestDamagedArraysAreJudgedAsByEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		m := maker{rand.New(rand.NewPCG(seed, 2))}
		body := []byte(m.array())
		at := m.IntN(len(body))
		if m.IntN(2) == 0 {
			body = slices.Delete(body, at, at+1)
		} else {
			body[at] = "[]{}\",:\\0 \xff"[m.IntN(11)]
		}
		compare(t, body)
	}
}

// compare holds the Reader's verdict against encoding/json's.
func compare(t *testing.T, body []byte) {
	t.Helper()
	r := jsonarray.NewReader(bytes.NewReader(body))
	faults := 0
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var e *lake.Error
			if !errors.As(err, &e) || !strings.HasPrefix(string(e.Code), "Source") {
				t.Fatalf("%q: %v", body, err)
			}
			if isTable(body) && e.Code != lake.SourceTooLarge {
				t.Fatalf("%q is an array of objects, but: %v", body, err)
			}
			return
		}
		if !json.Valid(row.Text) {
			t.Fatalf("%q: the row %q is not JSON", body, row.Text)
		}
		for _, f := range row.Fields {
			if !json.Valid(f.Value) || len(bytes.TrimSpace(f.Value)) != len(f.Value) {
				t.Fatalf("%q: the value %q is not one", body, f.Value)
			}
		}
		if row.Fault != "" {
			faults++
		} else {
			checkFields(t, r, row)
		}
	}
	if !json.Valid(body) {
		t.Fatalf("%q was taken for JSON", body)
	}
	var rows []map[string]json.RawMessage
	if err := json.Unmarshal(body, &rows); err != nil || rows == nil || int64(len(rows)) != r.Rows() {
		t.Fatalf("%q: %d rows, encoding/json finds %d: %v", body, r.Rows(), len(rows), err)
	}
	if faults > 0 && isTable(body) {
		t.Fatalf("%q has no faulty row, but %d were found", body, faults)
	}
}

func checkFields(t *testing.T, r *jsonarray.Reader, row *jsonarray.Row) {
	t.Helper()
	var want map[string]json.RawMessage
	if err := json.Unmarshal(row.Text, &want); err != nil {
		t.Fatalf("%q: %v", row.Text, err)
	}
	got := map[string]json.RawMessage{}
	for _, f := range row.Fields {
		got[r.Names()[f.Name]] = f.Value
	}
	if len(got) != len(row.Fields) || !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
		t.Fatalf("%q: %q, want %q", row.Text, got, want)
	}
}

// isTable reports whether encoding/json takes body for an array of objects with
// unique keys and in valid Unicode.
func isTable(body []byte) bool {
	if !utf8.Valid(body) || !json.Valid(body) || bytes.HasPrefix(bytes.TrimSpace(body), []byte("null")) {
		return false
	}
	var rows []json.RawMessage
	if json.Unmarshal(body, &rows) != nil {
		return false
	}
	for _, row := range rows {
		if row[0] != '{' || !uniqueKeys(row) || halfPair(row) {
			return false
		}
	}
	return true
}

func uniqueKeys(row []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(row))
	seen := map[string]bool{}
	depth, key := 0, false
	for {
		token, err := dec.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				depth++
			} else {
				depth--
			}
			key = depth == 1
			continue
		case string:
			if depth == 1 && key {
				if seen[v] {
					return false
				}
				seen[v] = true
				key = false
				continue
			}
		}
		key = depth == 1
	}
}

// halfPair reports whether a text that is JSON has a lone surrogate: then
// encoding/json puts U+FFFD in its place.
func halfPair(text []byte) bool {
	var v any
	if json.Unmarshal(text, &v) != nil {
		return true
	}
	again, err := json.Marshal(v)
	plain := bytes.Count(text, []byte("\ufffd")) + bytes.Count(bytes.ToLower(text), []byte(`\ufffd`))
	return err != nil || bytes.Count(again, []byte("\ufffd"))+bytes.Count(again, []byte(`\ufffd`)) > plain
}

func FuzzReader(f *testing.F) {
	for seed := range uint64(30) {
		f.Add([]byte(maker{rand.New(rand.NewPCG(seed, 3))}.array()))
	}
	for _, s := range []string{
		"", " ", "[]", "[", "]", "[{}", "[{},", "[{}]]", "[{}][{}]", `[{"a":1,"a":2}]`, `[{"a":1,"\u0061":2}]`, `[{"a\\u0062":1},{"a\u0062":2}]`,
		`[{"a":"\ud800"}]`, "[{\"\xff\":1}]", "null", "12", `"x"`, "{}", `{"code":"a","message":"b"}`, "<html>", "<br />\n<b>Warning</b>: x[{}]",
		"\ufeff[]", mixed, `[1]`, `[{"a":[[[[[[]]]]]]}]`, `[{"a":"\\\\\\"}]`, "[{}] \x00",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) { compare(t, body) })
}
