package glue

import (
	"strings"
	"testing"

	"wplake/internal/lake"
)

func TestTypeOf(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("array<", 200) + "int" + strings.Repeat(">", 200)
	for text, want := range map[string]lake.Type{
		"bigint": "bigint", " BIGINT ": "bigint", "integer": "int", "long": "bigint", "double  precision": "double",
		"decimal(10, 2)": "decimal(10,2)", "DECIMAL": "decimal(10,0)", "numeric(5)": "decimal(5,0)", "varchar( 20 )": "varchar(20)",
		"timestamp with local time zone":       "timestamp with local time zone",
		"array<STRING>":                        "array<string>",
		"map< string , array<Integer> >":       "map<string,array<int>>",
		"struct<a:int, postId: BIGINT>":        "struct<a:int,postId:bigint>",
		"struct<`a: b`:int,c:decimal(3 , 1)>":  "struct<`a: b`:int,c:decimal(3,1)>",
		"uniontype<int,struct<x:map<int,int>>": "uniontype<int,struct<x:map<int,int>>", // one bracket is missing
		"struct<:int>":                         "struct<:int>",
		"array<>":                              "array<>",
		"":                                     "",
		"decimal(":                             "decimal(",
		"int)":                                 "int)",
		"struct<`a>":                           "struct<`a>",
		deep:                                   lake.Type(deep),
	} {
		if got := typeOf(text); got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

// Reading what was read changes nothing: a table's schema would never come to
// rest otherwise.
func FuzzTypeOf(f *testing.F) {
	for _, seed := range []string{
		"bigint", "decimal(10, 2)", "Struct<a : Array< Integer >,`b c`:map<string,date>>", "numeric", "array<", "a b  c", "dec(3)", "(1)", "x\u2003y",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		once := typeOf(text)
		if twice := typeOf(string(once)); twice != once {
			t.Errorf("%q is %q, then %q", text, once, twice)
		}
	})
}
