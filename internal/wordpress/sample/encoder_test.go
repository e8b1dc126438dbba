package sample

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestAppendString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                    `""`,
		"a/b":                 `"a\/b"`,
		`"\`:                  `"\"\\"`,
		"\b\f\n\r\t\x00\x1f~": `"\b\f\n\r\t\u0000\u001f~"`,
		"é€😀":                 `"\u00e9\u20ac\ud83d\ude00"`,
		"\x7f<>&'":            "\"\x7f<>&'\"",
	} {
		if got := string(appendString(nil, in)); got != want {
			t.Errorf("%q becomes %s, want %s", in, got, want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("a/b \"c\" \\ é€😀 \x00")
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip()
		}
		var back string
		if err := json.Unmarshal(appendString(nil, s), &back); err != nil || back != s {
			t.Errorf("%q came back as %q, %v", s, back, err)
		}
	})
}
