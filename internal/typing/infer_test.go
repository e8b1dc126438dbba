package typing_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/typing"
)

func evidence(tokens ...string) typing.Evidence {
	var e typing.Evidence
	for _, token := range tokens {
		e.Add([]byte(token))
	}
	return e
}

func TestInfer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		want   lake.Type
		tokens []string
	}{
		{lake.String, nil},
		{lake.String, []string{"null", "null"}},

		{lake.Bigint, []string{"1", `"2"`, "null", "-3"}},
		{lake.Bigint, []string{"0"}},
		{lake.Bigint, []string{"9223372036854775807", `"-9223372036854775808"`}},
		{lake.Bigint, []string{"1234567890123456"}},
		{lake.String, []string{"9223372036854775808"}},
		{lake.String, []string{"1", "-9223372036854775809"}},
		{lake.String, []string{"1", `"007"`}}, // a postcode, a telephone number
		{lake.String, []string{"1", `"00"`}},
		{lake.String, []string{"1", `"+1"`}},
		{lake.String, []string{"1", `" 1"`}},
		{lake.String, []string{"1", `""`}},
		{lake.String, []string{"1", "-0"}},
		{lake.String, []string{"1", `"1\u0030"`}},
		{lake.String, []string{"1", "1e3"}},
		{lake.String, []string{"1", "true"}},
		{lake.String, []string{"1", `"x"`}},
		{lake.String, []string{"1", "[]"}},

		{lake.Double, []string{"1.5"}},
		{lake.Double, []string{"1", `"1.50"`, "null", "-0.25"}},
		{lake.Double, []string{"12.0"}},
		{lake.Double, []string{"123456789012345", "0.5"}},
		{lake.Double, []string{"0.00000000000001"}},
		{lake.String, []string{"0.000000000000001"}},            // more digits than every double gives back
		{lake.String, []string{"1234567890123456", "0.5"}},      // would be rounded
		{lake.String, []string{"0.5", "9007199254740993"}},      // likewise
		{lake.String, []string{"0.5", `"007"`}},                 //
		{lake.String, []string{"0.5", `"00.5"`}},                //
		{lake.String, []string{`".5"`}},                         //
		{lake.String, []string{`"1."`}},                         //
		{lake.String, []string{`"1.2.3"`}},                      // a version
		{lake.String, []string{`"1,5"`}},                        //
		{lake.String, []string{"0.12345678901234567"}},          //
		{lake.String, []string{`"--1.5"`}},                      //
		{lake.String, []string{`"1.-5"`}},                       //
		{lake.Boolean, []string{"true", "false", "null"}},       //
		{lake.Boolean, []string{"true"}},                        //
		{lake.String, []string{"true", "1"}},                    //
		{lake.String, []string{"true", `"true"`}},               // a boolean and a text
		{lake.String, []string{`"true"`}},                       //
		{lake.Date, []string{`"2024-02-29"`, "null"}},           //
		{lake.Date, []string{`"2024-02-29"`, `"0000-00-00"`}},   //
		{lake.String, []string{`"2024-02-30"`}},                 //
		{lake.String, []string{`"2024-02-29"`, `""`}},           //
		{lake.String, []string{`"2024-02-29"`, "1"}},            //
		{lake.String, []string{`"0000-00-00"`}},                 // nothing says that it is a date
		{lake.String, []string{`"0000-00-00 00:00:00"`}},        //
		{lake.String, []string{`"0000-00-00"`, "1"}},            //
		{lake.String, []string{`"0000-00-00"`, "null"}},         //
		{lake.String, []string{`"0000-00-01"`, `"2024-01-01"`}}, //
		{lake.Timestamp, []string{`"2024-02-29 10:00:00"`}},
		{lake.Timestamp, []string{`"2024-02-29 10:00:00"`, `"2024-02-29"`}},
		{lake.Timestamp, []string{`"2024-02-29T10:00:00.123456"`, "null", `"0000-00-00 00:00:00"`}},
		{lake.Timestamp, []string{`"2024-02-29"`, `"0000-00-00"`, `"2024-02-29 10:00:00"`}},
		{lake.String, []string{`"2024-02-29T10:00:00Z"`}}, // UTC is said there; a timestamp would forget it
		{lake.String, []string{`"2024-02-29 10:00:00"`, `"2024-02-29T10:00:00+02:00"`}},
		{lake.String, []string{`"2024-02-29 10:00:00.1234567"`}},
		{lake.String, []string{`"2024-02-29 10:00"`}},
		{lake.String, []string{`"2024-02-29 10:00:00"`, `"0000-00-00 10:00:00"`}},

		{lake.String, []string{`"x"`, "1", "null"}},
		{lake.String, []string{`""`}},
		{lake.String, []string{"{}", "null"}},
		{lake.String, []string{`[1]`, `[2]`}},
	} {
		if got := evidence(c.tokens...).Type(); got != c.want {
			t.Errorf("%v: %s, want %s", c.tokens, got, c.want)
		}
	}
}

func TestKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tokens []string
		want   bool
	}{{nil, false}, {[]string{"null"}, false}, {[]string{"null", "1"}, true}, {[]string{`""`}, true}, {[]string{`"0000-00-00"`}, true}} {
		if got := evidence(c.tokens...).Known(); got != c.want {
			t.Errorf("%v: %t", c.tokens, got)
		}
	}
}

func TestWidenFrom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		before, want lake.Type
		tokens       []string
	}{
		{lake.Bigint, lake.Bigint, []string{"1"}},
		{lake.Bigint, lake.Bigint, nil},
		{lake.Bigint, lake.Bigint, []string{"null"}},
		{lake.Bigint, lake.Double, []string{"1.5"}},
		{lake.Bigint, lake.String, []string{`"007"`}},
		{lake.Bigint, lake.String, []string{"true"}},
		{lake.Bigint, lake.String, []string{`"2024-01-01"`}},
		{lake.Bigint, lake.String, []string{`"0000-00-00"`}},
		{lake.Int, lake.Bigint, []string{"1"}}, // declared once; it need not be wide enough for what comes
		{lake.Int, lake.Double, []string{"1.5"}},
		{lake.Int, lake.String, []string{`"x"`}},
		{lake.Int, lake.Int, []string{"null"}},
		{lake.Double, lake.Double, []string{"1"}},
		{lake.Double, lake.Double, []string{"1.5", "null"}},
		{lake.Double, lake.String, []string{"1234567890123456"}},
		{lake.Boolean, lake.Boolean, []string{"true"}},
		{lake.Boolean, lake.String, []string{"1"}},
		{lake.Date, lake.Date, []string{`"2024-01-01"`}},
		{lake.Date, lake.Date, []string{`"0000-00-00"`, "null"}},
		{lake.Date, lake.Date, []string{`"0000-00-00 00:00:00"`}},
		{lake.Date, lake.Timestamp, []string{`"2024-01-01 10:00:00"`}},
		{lake.Date, lake.String, []string{`"2024-02-30"`}},
		{lake.Date, lake.String, []string{`""`}},
		{lake.Timestamp, lake.Timestamp, []string{`"2024-01-01"`}},
		{lake.Timestamp, lake.Timestamp, []string{`"0000-00-00 00:00:00"`}},
		{lake.Timestamp, lake.String, []string{"1"}},
		{lake.String, lake.String, []string{"1"}},
		{lake.String, lake.String, []string{`"2024-01-01"`}},
		{lake.String, lake.String, []string{`"0000-00-00"`}},
		{"decimal(10,2)", "decimal(10,2)", []string{"null"}},
		{"decimal(10,2)", lake.String, []string{"1.5"}},
	} {
		if got := evidence(c.tokens...).WidenFrom(c.before); got != c.want {
			t.Errorf("%s and then %v: %s, want %s", c.before, c.tokens, got, c.want)
		}
	}
}

// someColumn draws values as a column of a real table might have them: mostly
// of one kind.
func someColumn(r *rand.Rand, tokens []string) []string {
	kinds := [][]string{
		{"null"}, {"1", `"2"`, "-30", "1234567890123456", "9223372036854775807"}, {"1.5", `"19.90"`, "-0.001", "12.0"}, {"true", "false"},
		{`"2024-01-01"`, `"1999-12-31"`}, {`"2024-01-01 10:00:00"`, `"2024-01-01T10:00:00.5"`}, {`"0000-00-00"`, `"0000-00-00 00:00:00"`}, tokens,
	}
	var column []string
	for range 1 + r.IntN(3) {
		kind := kinds[r.IntN(len(kinds))]
		for range 1 + r.IntN(3) {
			column = append(column, kind[r.IntN(len(kind))])
		}
	}
	return column
}

// holds reports whether everything that a column of one type can hold can be
// held by one of the other type, as text if need be.
func holds(wide, narrow lake.Type) bool {
	if wide == narrow || wide == lake.String {
		return true
	}
	switch narrow {
	case lake.Int:
		return wide == lake.Bigint || wide == lake.Double
	case lake.Bigint: // those past 2^53 are looked at when old rows are kept
		return wide == lake.Double
	case lake.Date:
		return wide == lake.Timestamp
	}
	return false
}

func TestInferenceHoldsAllThatWasSeen(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	tokens := append(manyTokens(), randomTokens(2_000)...)
	found := map[lake.Type]int{}
	for range 50_000 {
		column := someColumn(r, tokens)
		e := evidence(column...)
		inferred := e.Type()
		found[inferred]++
		before := allTypes()[r.IntN(len(allTypes()))]
		widened := e.WidenFrom(before)

		shuffled := slices.Clone(column)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		other := evidence(shuffled...)
		if other.Type() != inferred || other.Known() != e.Known() || other.WidenFrom(before) != widened {
			t.Fatalf("the order matters: %s is %s, %s is %s", column, inferred, shuffled, other.Type())
		}
		twice := evidence(slices.Concat(column, column)...)
		if twice.Type() != inferred {
			t.Fatalf("seeing %s again makes %s of %s", column, twice.Type(), inferred)
		}
		for _, token := range column {
			// As they are: an inferred column is never the reason for a careful pass,
			// but where it is text.
			if v, reason := typing.Fit(inferred, []byte(token)); v != typing.Fits && (v != typing.FitsAsText || inferred != lake.String) {
				t.Fatalf("%s makes a column %s, in which %s is %s", column, inferred, token, reason)
			}
			if v, reason := typing.Fit(widened, []byte(token)); v == typing.Misfit {
				t.Fatalf("%s after %s makes a column %s, in which %s is %s", column, before, widened, token, reason)
			}
		}
		if !holds(widened, before) {
			t.Fatalf("%s after %s is narrowed to %s", column, before, widened)
		}
		if e.Known() && inferred != before && !holds(widened, inferred) && (inferred != lake.String || !onlyZeroDates(column)) {
			t.Fatalf("%s after %s makes %s, which does not hold %s", column, before, widened, inferred)
		}
		more := evidence(append(shuffled, tokens[r.IntN(len(tokens))])...)
		if e.Known() && !onlyZeroDates(column) && !holds(more.Type(), inferred) {
			t.Fatalf("more evidence narrows %s to %s: %s", inferred, more.Type(), shuffled)
		}
	}
	for _, column := range []lake.Type{lake.String, lake.Bigint, lake.Double, lake.Boolean, lake.Timestamp, lake.Date} {
		if found[column] < 300 {
			t.Errorf("only %d columns became %s: the test tests little", found[column], column)
		}
	}
}

func onlyZeroDates(column []string) bool {
	return !slices.ContainsFunc(column, func(token string) bool {
		return token != "null" && token != `"0000-00-00"` && token != `"0000-00-00 00:00:00"`
	})
}

func BenchmarkFit(b *testing.B) {
	for column, token := range map[lake.Type]string{
		lake.Bigint: `"123456"`, lake.Double: `"19.90"`, lake.Timestamp: `"2024-01-01 10:00:00"`, lake.String: `"some text"`, "decimal(10,2)": `"19.90"`,
	} {
		b.Run(fmt.Sprint(column), func(b *testing.B) {
			text := []byte(token)
			for b.Loop() {
				if v, _ := typing.Fit(column, text); v != typing.Fits {
					b.Fatal(v)
				}
			}
		})
	}
}
