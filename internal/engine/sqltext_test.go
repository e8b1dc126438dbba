package engine_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/engine"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]struct {
		statements []string
		rest       string
	}{
		"":                                  {nil, ""},
		"SELECT 1":                          {nil, "SELECT 1"},
		"SELECT 1;":                         {[]string{"SELECT 1"}, ""},
		" a ;; b ; c":                       {[]string{"a", "b"}, " c"},
		"-- only; a comment\n;a;":           {[]string{"a"}, ""},
		"a '; \"' b; c":                     {[]string{"a '; \"' b"}, " c"},
		"a 'it''s;' b;":                     {[]string{"a 'it''s;' b"}, ""},
		`a "x;""y;" b;`:                     {[]string{`a "x;""y;" b`}, ""},
		"a E'\\';' b;":                      {[]string{"a E'\\';' b"}, ""},
		"a 'x\\'; b'":                       {[]string{"a 'x\\'"}, " b'"},
		"a $$;$$ b;":                        {[]string{"a $$;$$ b"}, ""},
		"a $t$;$$;$t$ b;":                   {[]string{"a $t$;$$;$t$ b"}, ""},
		"a $1;$2;":                          {[]string{"a $1", "$2"}, ""},
		"a /* ; /* ; */ ; */ b;":            {[]string{"a /* ; /* ; */ ; */ b"}, ""},
		"a -- ;\n b; c -- ;":                {[]string{"a -- ;\n b"}, " c -- ;"},
		"SELECT '\U0001f388;' AS \"é;\"; x": {[]string{"SELECT '\U0001f388;' AS \"é;\""}, " x"},
		"a 'never closed; b":                {nil, "a 'never closed; b"},
	} {
		statements, rest := engine.Split(sql)
		if d := cmp.Diff(want.statements, statements); d != "" || rest != want.rest {
			t.Errorf("%q: rest %q, want %q (-want +got):\n%s", sql, rest, want.rest, d)
		}
	}
}

func TestIsOpen(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"": false, "a": false, "'a'": false, "'a": true, "'a''": true, "'": true, `"`: true, `""`: false, "E'\\'": true, "E'\\''": false,
		"$$": true, "$$$$": false, "$$a": true, "$t$ $$": true, "$t$ $t$": false, "$1": false, "/*": true, "/* */": false, "/* /* */": true,
		"-- a": false, "a;": false, "'a' 'b": true,
	} {
		if got := engine.IsOpen(sql); got != want {
			t.Errorf("IsOpen(%q) = %v", sql, got)
		}
	}
}

func TestParseParam(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("9", 38)
	for text, want := range map[string]any{
		"12": int64(12), "-7": int64(-7), "0": int64(0), "9223372036854775807": int64(9223372036854775807),
		"9223372036854775808": engine.Decimal("9223372036854775808"), digits: engine.Decimal(digits), digits + "9": digits + "9",
		"1.5": engine.Decimal("1.5"), "-0.50": engine.Decimal("-0.50"), "true": true, "FALSE": false, "null": nil, "NULL": nil,
		"": "", "007": "007", "-0": "-0", "1e3": "1e3", "1.": "1.", ".5": ".5", "+1": "+1", "1,5": "1,5", "2026-01-01": "2026-01-01", "it's": "it's", " 1": " 1", "0x10": "0x10",
	} {
		if got := engine.ParseParam(text); got != want {
			t.Errorf("ParseParam(%q) = %#v, want %#v", text, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	t.Parallel()
	if got := engine.Ident("a\"b\x00c'd"); got != `"a""bc'd"` {
		t.Errorf("Ident: %s", got)
	}
	if got := engine.Literal("a\"b\x00c'd\\"); got != `'a"bc''d\'` {
		t.Errorf("Literal: %s", got)
	}
}

// FuzzSplitText holds that a text is only cut, never changed, and that what
// was cut is not cut again.
func FuzzSplitText(f *testing.F) {
	for _, s := range []string{"a;b", "'a;';b", "$$;$$;", "/*;*/;--;\n;", "E'\\';", "\"", "$t$", "é;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		statements, rest := engine.Split(sql)
		left := sql
		for _, s := range append(statements, rest) {
			i := strings.Index(left, s)
			if i < 0 {
				t.Fatalf("%q: %q is not in the text", sql, s)
			}
			left = left[i+len(s):]
		}
		for _, s := range statements {
			if again, r := engine.Split(s); len(again) != 0 || r != s {
				t.Fatalf("%q: %q is cut again into %q and %q", sql, s, again, r)
			}
			if engine.IsOpen(s) {
				t.Fatalf("%q: %q is open and was cut", sql, s)
			}
		}
		engine.Words(sql, func(word string, from, to int) bool {
			if word == "" || from < 0 || to > len(sql) || !strings.HasPrefix(sql[from:to], word) {
				t.Fatalf("%q: a word %q at %d to %d", sql, word, from, to)
			}
			return true
		})
		engine.IsOpen(sql + ";")
	})
}

// FuzzParseParam holds that no text is lost: a number's text is the parameter's.
func FuzzParseParam(f *testing.F) {
	for _, s := range []string{"1", "-1.50", "true", "x", "", "null"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		switch v := engine.ParseParam(text).(type) {
		case nil, bool:
		case int64:
			if strconv.FormatInt(v, 10) != text {
				t.Fatalf("%q became %d", text, v)
			}
		case engine.Decimal:
			if string(v) != text {
				t.Fatalf("%q became %q", text, v)
			}
		case string:
			if v != text {
				t.Fatalf("%q became %q", text, v)
			}
		default:
			t.Fatalf("%q became a %T", text, v)
		}
	})
}
