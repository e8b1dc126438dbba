package sns

import (
	"strings"
	"testing"
	"unicode/utf8"

	"wplake/internal/notify"
)

func TestTextOf(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ subject, body, wantSubject, wantBody string }{
		"plain":             {"data_wordpressapi_raw: Failed", "b\n", "data_wordpressapi_raw: Failed", "b\n"},
		"lines":             {" one\r\ntwo\t three ", "b", "one two three", "b"},
		"letters":           {"żółć", "b", "????", "żółć\n\nb"},
		"typography":        {"a – “b”…", "b", `a - "b"...`, "a – “b”…\n\nb"},
		"control":           {"a\x00b\x7f", "b", "a?b?", "a\x00b\x7f\n\nb"},
		"no subject":        {"", "b", "", "b"},
		"no body":           {"s", "", "s", "s"},
		"neither":           {" ", "\n", "", "(topic: a message without a text)"},
		"not UTF-8":         {"a\xff", "b\xff", "a?", "b?"},
		"99 characters":     {strings.Repeat("x", 99), "b", strings.Repeat("x", 99), "b"},
		"too long":          {strings.Repeat("x", 100), "b", strings.Repeat("x", 96) + "...", strings.Repeat("x", 100) + "\n\nb"},
		"too long, a space": {strings.Repeat("x", 95) + " yyyyy", "b", strings.Repeat("x", 95) + "...", strings.Repeat("x", 95) + " yyyyy\n\nb"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := textOf(notify.Message{Topic: "topic", Subject: test.subject, Body: test.body})
			if got != (text{test.wantSubject, test.wantBody}) {
				t.Errorf("%q", got)
			}
		})
	}
}

func FuzzTextOf(f *testing.F) {
	f.Add("subject", "body")
	f.Add(strings.Repeat("ż", 200), strings.Repeat("ó", 140_000))
	f.Add("\r\n", "")
	f.Fuzz(func(t *testing.T, subject, body string) {
		got := textOf(notify.Message{Topic: "t", Subject: subject, Body: body})
		if len(got.subject) > 99 || strings.IndexFunc(got.subject, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 ||
			strings.TrimSpace(got.subject) != got.subject {
			t.Errorf("the subject is %q", got.subject)
		}
		if got.body == "" || len(got.body)+len(got.subject) > 256*1024 || !utf8.ValidString(got.body) {
			t.Errorf("the body has %d bytes", len(got.body))
		}
		if valid := strings.ToValidUTF8(body, "?"); !strings.Contains(got.body, valid) && !strings.HasSuffix(got.body, cutNote) && strings.TrimSpace(valid) != "" {
			t.Error("the body is lost")
		}
	})
}
