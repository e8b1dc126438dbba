package transform_test

import (
	"fmt"
	"html"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"wplake/internal/transform"
)

// decode runs texts through a step decode_entities in DuckDB.
func decode(t testing.TB, d *db, texts []string) []string {
	t.Helper()
	d.t = t
	values := make([]string, len(texts))
	for i, x := range texts {
		values[i] = fmt.Sprintf("(%d, '%s')", i, strings.ReplaceAll(x, "'", "''"))
	}
	d.exec("CREATE OR REPLACE TABLE texts (i BIGINT, x VARCHAR)", "INSERT INTO texts VALUES "+strings.Join(values, ", "))
	plan := d.compile("texts", transform.Options{}, transform.Step{DecodeEntities: []string{"x"}})
	_, rows := d.rows("SELECT x FROM (" + plan.SQL + ") ORDER BY i")
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r[0]
	}
	return out
}

func TestDecodeEntities(t *testing.T) {
	t.Parallel()
	cases := []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{"R&amp;D", "R&D"},
		{"&amp;lt;", "&lt;"},
		{"&amp;amp;amp;", "&amp;amp;"},
		{"&#8217;&#038;&#x1F4A9;&#X41;", "’&💩A"},
		{"caf&eacute; &hearts; &fjlig; &NotEqualTilde;", "café ♥ fj ≂̸"},
		{"&ampamp; &notit; &copy2024 &eacut", "&amp; ¬it; ©2024 &eacut"},
		{"&#128;&#150;&#x99;", "€–™"},
		{"&#0;&#xD800;&#x110000;&#99999999999999999999;", "\ufffd\ufffd\ufffd\ufffd"},
		{"&#x; &#; & && &&amp; &;", "&#x; &#; & && && &;"},
		{"&unknown; &Amp; &#12 &#5", "&unknown; &Amp; \f &#5"},
		{"a\n&lt;\r\n&#10;", "a\n<\r\n\n"},
		{"&#000000000065;", "A"},
	}
	in := make([]string, len(cases))
	for i, c := range cases {
		in[i] = c.in
	}
	got := decode(t, openDB(t), in)
	for i, c := range cases {
		if got[i] != c.want {
			t.Errorf("%q: got %q, want %q", c.in, got[i], c.want)
		}
	}
}

// Every named reference, and pieces put together at random, decode as Go's
// html package decodes them.
func TestDecodeEntitiesLikeGo(t *testing.T) {
	t.Parallel()
	names := transform.EntityNames()
	if len(names) != 2125+106 {
		t.Errorf("%d names; HTML has 2125 with a semicolon and 106 without", len(names))
	}
	var texts []string
	for _, n := range names {
		if n == "nGt;" || n == "nLt;" { // HTML has them, Go has not
			continue
		}
		if html.UnescapeString("&"+n) == "&"+n {
			t.Errorf("%s is no reference", n)
		}
		texts = append(texts, "&"+n, "&"+strings.TrimSuffix(n, ";")+"x")
	}
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"&", "&", "&", "#", "#x", ";", ";", "a", "F", "1", "65", "128", " ", "\n", "é", "💩", "&#", "&#x", "&#1114111;", "&#1114112;",
		"&#x80;", "&#55296;", "0", "00", "=", "&#9;", "amp", "lt;", "&amp;", "&amp", "notin;", "notin",
	}
	for range 4000 {
		var b strings.Builder
		for range 1 + random.IntN(8) {
			if random.IntN(4) == 0 {
				b.WriteString("&" + names[random.IntN(len(names))])
			} else {
				b.WriteString(pieces[random.IntN(len(pieces))])
			}
		}
		if s := b.String(); likeGo(s) {
			texts = append(texts, s)
		}
	}
	for i, got := range decode(t, openDB(t), texts) {
		if want := html.UnescapeString(texts[i]); got != want {
			t.Errorf("%q: got %q, want %q", texts[i], got, want)
		}
	}
}

var (
	hexWithoutDigit = regexp.MustCompile(`&#[xX];`)
	unknownToGo     = regexp.MustCompile(`&n[GL]t;`)
	longNumber      = regexp.MustCompile(`&#([0-9]{9,}|[xX][0-9a-fA-F]{8,})`)
)

// likeGo tells whether Go decodes a text as browsers do: it makes U+FFFD
// of &#x;, lets the value of long numbers overflow, and lacks two names.
func likeGo(s string) bool {
	return !hexWithoutDigit.MatchString(s) && !longNumber.MatchString(s) && !unknownToGo.MatchString(s)
}

func FuzzDecodeEntities(f *testing.F) {
	for _, s := range []string{"R&amp;D", "&#8217;", "&#x1f4a9", "&notit;", "&&#;&#x;", "&#128;"} {
		f.Add(s)
	}
	d := openDB(f)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) || !likeGo(s) {
			t.Skip()
		}
		if got, want := decode(t, d, []string{s})[0], html.UnescapeString(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	})
}
