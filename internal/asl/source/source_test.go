package source_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

func TestSyntaxErrorsAreJacksons(t *testing.T) {
	t.Parallel()
	place := func(text, at string) string { return "\n at [Source: (String)\"" + text + "\"; " + at + "]" }
	for _, c := range []struct{ text, want, at string }{
		{`not a definition`, `Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`, "line: 1, column: 4"},
		{`{a:1}`, `Unexpected character ('a' (code 97)): was expecting double-quote to start field name`, "line: 1, column: 3"},
		{`{'a':1}`, `Unexpected character (''' (code 39)): was expecting double-quote to start field name`, "line: 1, column: 3"},
		{"{\n  \"a\": 1\n  \"b\": 2}", `Unexpected character ('"' (code 34)): was expecting comma to separate Object entries`, "line: 3, column: 4"},
		{`{"a":1,}`, `Unexpected character ('}' (code 125)): was expecting double-quote to start field name`, "line: 1, column: 9"},
		{`[1,]`, `Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`, "line: 1, column: 5"},
		{`{"a" 1}`, `Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value`, "line: 1, column: 7"},
		{`{"a":01}`, `Invalid numeric value: Leading zeroes not allowed`, "line: 1, column: 8"},
		{`{"a":-x}`, `Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value`, "line: 1, column: 8"},
		{`{"a":tru}`, `Unrecognized token 'tru': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`, "line: 1, column: 9"},
		{`{"ä":€}`, `Unrecognized token '€': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`, "line: 1, column: 7"},
		{`{"a":"x`, `Unexpected end-of-input: was expecting closing quote for a string value`, "line: 1, column: 8"},
		{`{"a":"\q"}`, `Unrecognized character escape 'q' (code 113)`, "line: 1, column: 9"},
		{`{"𝄞":=}`, `Unexpected character ('=' (code 61)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')`, "line: 1, column: 8"},
	} {
		_, err := source.Read([]byte(c.text))
		if err == nil || err.Error() != c.want+place(c.text, c.at) {
			t.Errorf("%s:\n got %v\nwant %s", c.text, err, c.want+place(c.text, c.at))
		}
	}
	text := "{"
	want := "Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)\"{\"; line: 1, column: 1])" + place(text, "line: 1, column: 2")
	if _, err := source.Read([]byte(text)); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	t.Parallel()
	_, err := source.Read([]byte(`{"a": "` + strings.Repeat("x", 600) + `" "b"}`))
	if err == nil || !strings.Contains(err.Error(), `xxx"[truncated 113 chars]; line: 1, column: 611]`) {
		t.Errorf("got %v", err)
	}
}

func TestPositionsAndOrder(t *testing.T) {
	t.Parallel()
	v, err := source.Read([]byte("{\n \"b\": [1,\n  {\"x\": \"\\u00e4\"}],\n \"a\": null}"))
	if err != nil {
		t.Fatal(err)
	}
	if v.Members[0].Name != "b" || v.Members[1].Name != "a" {
		t.Errorf("members %v", v.Members)
	}
	if x := v.At("b", "1", "x"); x.Str() != "ä" || x.Position.String() != "3:9" {
		t.Errorf("x is %q at %s", x.Str(), x.Position)
	}
	if p := v.Members[1].Position.String(); p != "4:2" {
		t.Errorf("a stands at %s", p)
	}
}

// FuzzRead compares with encoding/json: what that reads, Read reads alike.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5e3,-0,true,null,"\ud834\udd1e\n"]}`, `[`, `{"a":{}}x`, "\"\x01\"", `"\ud800"`, `1.`, "\ufeff{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := source.Read(text)
		var want any
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		valid := json.Valid(text) && d.Decode(&want) == nil
		if _, refused := asl.Decode(text); refused != nil {
			valid = false // not UTF-8
		}
		switch {
		case valid && err != nil && !strings.Contains(err.Error(), "nesting depth"):
			t.Fatalf("%q is JSON: %v", text, err)
		case !valid && err == nil && v != nil:
			t.Fatalf("%q is not JSON", text)
		case valid && err == nil && !reflect.DeepEqual(v.Any(), want):
			t.Fatalf("%q: got %v, want %v", text, v.Any(), want)
		}
	})
}
