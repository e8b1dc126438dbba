package cli

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

func TestPreviewCell(t *testing.T) {
	t.Parallel()
	ref := func(s string) *string { return &s }
	long := strings.Repeat("a", 100)
	for _, c := range []struct {
		value, other *string
		want         string
	}{
		{nil, nil, "NULL"},
		{ref(""), nil, `""`},
		{ref("plain ünïcode 💩"), nil, "plain ünïcode 💩"},
		{ref("a\nb\t\x1b[31m\u202e\u00a0\x00"), nil, `a\nb\t\x1b[31m\u202e\u00a0\x00`},
		{&long, nil, strings.Repeat("a", 59) + "…"},
		{&long, ref(long), strings.Repeat("a", 59) + "…"},
		{ref(long + "x" + long), ref(long + "y" + long), "…" + strings.Repeat("a", 20) + "x" + strings.Repeat("a", 37) + "…"},
		{ref(long), ref(long + "more"), "…" + strings.Repeat("a", 21)},
		{ref("ab"), ref("ac"), "ab"},
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
		if n := text.StringWidthWithoutEscSequences(got); n > cellWidth {
			t.Errorf("%q takes %d columns", got, n)
		}
	})
}
