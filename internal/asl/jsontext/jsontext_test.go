package jsontext_test

import (
	"encoding/json"
	"testing"

	"wplake/internal/asl/jsontext"
)

func TestCompact(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		`{"a":[1.0,null,true]}`:             map[string]any{"a": []any{json.Number("1.0"), nil, true}},
		`"<a&b> é"`:                         "<a&b> é",
		"\"\u2028\u2029\"":                  "\u2028\u2029",
		`"\u001F\u000B\n\t\"\\"`:            "\x1f\x0b\n\t\"\\",
		`"\\u2028 \\\\u000b"`:               `\u2028 \\u000b`,
		"\"\\\\\u2028\"":                    "\\\u2028",
		`{"\u0000":"` + "\U0001F600" + `"}`: map[string]any{"\x00": "\U0001F600"},
	} {
		got, err := jsontext.Compact(v)
		if err != nil || got != want {
			t.Errorf("%s, want %s (%v)", got, want, err)
		}
	}
	if _, err := jsontext.Compact(func() {}); err == nil {
		t.Error("a function is no JSON")
	}
}

// FuzzCompact finds a text that does not read back as it was.
func FuzzCompact(f *testing.F) {
	for _, s := range []string{"", `\u2028`, "\u2028\\", "\x00\x1f", `\\\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := jsontext.Compact(s)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got, want string
		if json.Unmarshal([]byte(text), &got) != nil || json.Unmarshal(plain, &want) != nil || got != want {
			t.Fatalf("%q was written as %s", s, text)
		}
	})
}
