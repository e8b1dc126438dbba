package cli

import (
	"strings"
	"testing"
)

func TestPreviewCell(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	long := strings.Repeat("a", 100)
	for _, c := range []struct {
		value, other *string
		want         string
	}{
		{nil, nil, "NULL"},
		{text(""), nil, `""`},
		{text("plain ünïcode 💩"), nil, "plain ünïcode 💩"},
		{text("a\nb\t\x1b[31m\u202e\u00a0\x00"), nil, `a\nb\t\x1b[31m\u202e\u00a0\x00`},
		{&long, nil, strings.Repeat("a", 59) + "…"},
		{&long, text(long), strings.Repeat("a", 59) + "…"},
		{text(long + "x" + long), text(long + "y" + long), "…" + strings.Repeat("a", 20) + "x" + strings.Repeat("a", 37) + "…"},
		{text(long), text(long + "more"), "…" + strings.Repeat("a", 21)},
		{text("ab"), text("ac"), "ab"},
	} {
		if got := cell(c.value, c.other); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func FuzzPreviewCell(f *testing.F) {
	f.Add("a", "b")
	f.Add(strings.Repeat("é", 80)+"\n", strings.Repeat("é", 80))
	f.Add(strings.Repeat("世", 61), "")
	f.Fuzz(func(t *testing.T, value, other string) {
		got := cell(&value, &other)
		if strings.ContainsAny(got, "\n\r\t\x1b\x00\u202e") {
			t.Errorf("%q drives the terminal", got)
		}
		if n := len([]rune(got)); n > cellWidth {
			t.Errorf("%q has %d characters", got, n)
		}
	})
}
