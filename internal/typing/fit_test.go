package typing_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/typing"
)

// As the tables below write what is expected of a token.
const (
	fits    = "fits"
	asText  = "as text"
	respelt = "respelt"
)

func verdictOf(t lake.Type, token string) string {
	switch v, reason := typing.Fit(t, []byte(token)); v {
	case typing.Fits:
		return fits + string(reason) // no reason is due
	case typing.FitsAsText:
		return asText + string(reason)
	case typing.FitsRespelt:
		return respelt + string(reason)
	case typing.Misfit:
		return string(reason)
	default:
		return fmt.Sprint(v)
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	const (
		notWhole   = string(lake.RowNotWhole)
		outOfRange = string(lake.RowOutOfRange)
		notNumber  = string(lake.RowNotNumber)
		notTime    = string(lake.RowNotTime)
		notBoolean = string(lake.RowNotBoolean)
	)
	nines := strings.Repeat("9", 400)
	for column, verdicts := range map[lake.Type]map[string][]string{
		lake.Bigint: {
			fits: {
				"null", "0", "12", "-12", "-0", `"0"`, `"12"`, `"-12"`, `"-0"`, "999999999", "9999999999",
				"9223372036854775807", `"9223372036854775807"`, "-9223372036854775808", `"-9223372036854775808"`,
			},
			respelt: {
				"12.0", `"12.0"`, `"12.00"`, `"-12.0"`, `"-0.0"`, `"007"`, `"-007"`, `"00"`, `"007.0"`, "9007199254740993.0",
				`"9223372036854775807.0"`, "-9223372036854775808.000", `"` + strings.Repeat("0", 100) + `1"`,
			},
			notWhole: {
				"1.6", `"1.6"`, "-0.5", `"12.01"`, `"1."`, `".0"`, `"-.0"`, `"."`, `"-"`, `"--1"`, `"+5"`, `" 5"`, `"5 "`, `""`, `" "`,
				"1e3", "1E3", `"1e3"`, `"1.0e3"`, `"0x1F"`, `"1,5"`, `"1_000"`, `"twelve"`, "true", "false", `"true"`, "[]", "{}", "[1]", `"1\u0032"`, `"1\n"`, `"NaN"`, `"null"`,
				`"١٢"`, "0.0000000000000000000000000000000000000001",
			},
			outOfRange: {"9223372036854775808", `"9223372036854775808"`, "-9223372036854775809", `"9223372036854775808.0"`, "18446744073709551616", nines, `"-` + nines + `"`},
		},
		lake.Int: {
			fits:       {"null", "0", `"12"`, "2147483647", `"-2147483648"`, "999999999"},
			respelt:    {`"007"`, "12.0", `"2147483647.0"`, `"0000000000002147483647"`},
			notWhole:   {"1.6", `""`, "1e3", `"x"`, "true"},
			outOfRange: {"2147483648", "-2147483649", `"2147483648.0"`, "9223372036854775807", `"99999999999999999999"`},
		},
		lake.Double: {
			fits: {
				"null", "0", "-0", "-0.0", "1.6", `"1.6"`, `"19.90"`, "1e3", `"1.5E+3"`, "1e-3", "123456789012345", "0.1", "9007199254740992", "1e22", "1e300",
				"0.10000000000000001", "1.7976931348623157e308", "5e-324", "3.141592653589793", `"0.0"`, "0.50000000000000000000", "100000000000000000000", "0e5",
			},
			respelt: {`"007"`, `"-007.5"`, `"00"`, `"00.5e1"`},
			notNumber: {
				`""`, `" 1"`, `"1 "`, `"+1"`, `"1."`, `".5"`, `"1e"`, `"1e+"`, `"e5"`, `"NaN"`, `"Infinity"`, `"-inf"`, `"0x1p3"`, `"1_0"`, `"1,5"`, "true", "[]", "{}", `"1\u0030"`, `"x"`,
			},
			outOfRange: {
				"9007199254740993", `"9007199254740993"`, "-9007199254740993.0", "1e400", "-1e400", "1e-400", "1234567890123456.7", "12345678901234567.5", "3.1415926535897932384626",
				"9223372036854775807", nines, "0." + strings.Repeat("1", 900),
			},
		},
		lake.Boolean: {
			fits:       {"null", "true", "false", "1", "0", `"1"`, `"0"`, `"true"`, `"false"`},
			notBoolean: {`"True"`, `"t"`, `"yes"`, `"on"`, `""`, "2", "-1", "1.0", `"00"`, `"01"`, `"tr\u0075e"`, "[]", "{}", `" 1"`},
		},
		lake.Timestamp: {
			fits: {
				"null", `""`, `"0000-00-00"`, `"0000-00-00 00:00:00"`, `"0000-00-00T00:00:00"`, `"0000-00-00 00:00:00.000000"`, `"0000-00-00T00:00:00Z"`,
				`"2024-01-31"`, `"2024-02-29 23:59:59"`, `"2000-02-29"`, `"2024-01-01T10:00:00"`, `"2024-01-01T10:00:00Z"`, `"2024-01-01 10:00:00Z"`, `"2024-01-01 10:00:00.5"`,
				`"2024-01-01 10:00:00.123456"`, `"2024-01-01T10:00:00.1Z"`, `"0001-01-01"`, `"9999-12-31 23:59:59.999999"`,
			},
			notTime: {
				`"2024-02-30"`, `"2023-02-29"`, `"1900-02-29"`, `"2100-02-29"`, `"2024-04-31"`, `"2024-13-01"`, `"2024-00-10"`, `"2024-01-00"`, `"2024-01-32"`, `"0000-01-01"`, `"0000-00-01"`,
				`"0000-00-00 12:34:56"`, `"0000-00-00x"`, `"0000-00-00 "`, `"0000-00-00 00:00"`, `"0000-00-00 00:00:00."`, `"0000-00-00 00:00:00.1"`, `"0000-00-00Z "`,
				`"2024-01-01 24:00:00"`, `"2024-01-01 10:60:00"`, `"2024-01-01 10:00:60"`, `"2024-01-01 10:00"`, `"2024-01-01 10:00:00."`, `"2024-01-01 10:00:00.1234567"`, `"2024-01-01 10:00:00,5"`,
				`"2024-01-01 10:00:00+02:00"`, `"2024-01-01 10:00:00 UTC"`, `"2024-01-01t10:00:00"`, `"2024-01-01  10:00:00"`, `"2024-01-01Z"`, `"2024-01-01 "`, `" 2024-01-01"`, `"2024-1-1"`, `"24-01-01"`, `"10000-01-01"`,
				`"-2024-01-01"`, `"+024-01-01"`, `"2024/01/01"`, `"01.02.2024"`, `"20240101"`, "1704067200", "0", "true", "false", "[]", "{}", `"now"`, `"infinity"`, `"2024-01\u002d01"`, `"x"`, `" "`,
			},
		},
		lake.Date: {
			fits:    {"null", `""`, `"0000-00-00"`, `"0000-00-00 00:00:00"`, `"2024-01-31"`, `"2024-02-29"`, `"0001-01-01"`, `"9999-12-31"`},
			notTime: {`"2024-02-30"`, `"2024-01-01 00:00:00"`, `"2024-01-01T00:00:00"`, `"2024-01-01Z"`, `"0000-00-01"`, `"0000-00-00 10:00:00"`, "20240101", "{}", "true", `"2024-01"`},
		},
		lake.String: {
			fits: {
				"null", `""`, `"x"`, `"007"`, `" 5 "`, `"a\u0000b"`, `"\ud83d\ude00"`, `"0000-00-00 00:00:00"`, `"[1]"`, "true", "false", "0", "12", "-12", "123456789012345678", "-123456789012345678",
			},
			asText: {"1.6", "1.60", "1e3", "-0", "-0.0", "1234567890123456789", "-1234567890123456789", "18446744073709551616", nines, "[]", "{}", `{ "a" : 1.50 }`, `["\u00e9"]`},
		},
		"decimal(10,2)": {
			fits:       {"null", `"0"`, `"12"`, `"19.90"`, `"19.9000000"`, `"-99999999.99"`, `"0000000000000000000000000012.5"`, `"-0"`, `"0.00000000000000000000000000000000000000000000"`},
			asText:     {"0", "12", "19.9", "-99999999.990", "-0.0"},
			outOfRange: {`"19.901"`, `"0.001"`, "100000000", `"100000000.00"`, "99999999.995", nines},
			notNumber:  {`""`, "1e3", `"1e3"`, `"1."`, `".5"`, `"+1"`, `" 1"`, "true", "[]", "{}", `"x"`, `"NaN"`, `"1\u0030"`},
		},
		"decimal(5,5)":  {fits: {`"0.12345"`, `"-0.5"`, `"00.5"`, `"0"`}, outOfRange: {`"1"`, `"1.0"`, `"0.123456"`}},
		"decimal(38,0)": {fits: {`"99999999999999999999999999999999999999"`, `"1.000"`}, asText: {"99999999999999999999999999999999999999"}, outOfRange: {`"100000000000000000000000000000000000000"`, `"0.5"`}},
	} {
		for want, tokens := range verdicts {
			for _, token := range tokens {
				if !json.Valid([]byte(token)) {
					t.Errorf("the test's own token %s is not JSON", token)
				}
				if got := verdictOf(column, token); got != want {
					t.Errorf("%s, %.60s: %s, want %s", column, token, got, want)
				}
			}
		}
	}
}

// An unknown type holds nothing; NULL is held by every type.
func TestFitOfUnknownTypes(t *testing.T) {
	t.Parallel()
	for _, column := range []lake.Type{"", "text", "decimal", "array<string>", "BIGINT"} {
		if got := verdictOf(column, `"1"`); got != string(lake.Internal) {
			t.Errorf("%q: %s", column, got)
		}
	}
	for _, column := range allTypes() {
		if got := verdictOf(column, "null"); got != fits {
			t.Errorf("NULL in %s: %s", column, got)
		}
	}
}

func TestSupported(t *testing.T) {
	t.Parallel()
	for _, column := range append(allTypes(), "decimal(38,38)", "decimal(1,1)", "decimal(05,02)") {
		if !typing.Supported(column) {
			t.Errorf("%s is not supported", column)
		}
	}
	for _, column := range []lake.Type{
		"", "text", "varchar", "BIGINT", " bigint", "float", "smallint", "binary", "array<int>", "struct<a:int>",
		"decimal", "decimal()", "decimal(10)", "decimal(10,)", "decimal(,2)", "decimal(0,0)", "decimal(39,0)", "decimal(5,6)", "decimal(10,-2)", "decimal(-1,0)", "decimal(+5,2)",
		"decimal(10,2", "decimal(10,2)x", "decimal(10,2) ", "decimal( 10,2)", "decimal(10, 2)", "decimal(10,2,1)", "DECIMAL(10,2)", "decimal(010,2)", "decimal(1e1,2)",
	} {
		if typing.Supported(column) {
			t.Errorf("%q is supported", column)
		}
	}
	p, s, ok := typing.Decimal("decimal(18,4)")
	if p != 18 || s != 4 || !ok {
		t.Errorf("decimal(18,4) is %d, %d, %t", p, s, ok)
	}
}

// A respelt number is a number of JSON, is the same number, and fits as it is.
func TestRespell(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{
		`"007"`: "7", `"-007"`: "-7", `"00"`: "0", `"-00"`: "-0", "12.0": "12", `"12.000"`: "12", `"-12.0"`: "-12", `"0.0"`: "0", `"007.0"`: "7", `"9223372036854775807.0"`: "9223372036854775807",
	} {
		if got := string(typing.Respell([]byte("x:"), lake.Bigint, []byte(token))); got != "x:"+want {
			t.Errorf("%s is written %s, want %s", token, got, want)
		}
	}
	for token, want := range map[string]string{`"007"`: "7", `"-007.50"`: "-7.50", `"00.5e1"`: "0.5e1", `"00"`: "0", `"000"`: "0"} {
		if got := string(typing.Respell(nil, lake.Double, []byte(token))); got != want {
			t.Errorf("%s is written %s, want %s", token, got, want)
		}
	}
	respelt := 0
	for _, token := range append(manyTokens(), randomTokens(5_000)...) {
		for _, column := range allTypes() {
			if v, _ := typing.Fit(column, []byte(token)); v != typing.FitsRespelt {
				continue
			}
			respelt++
			spelt := typing.Respell(nil, column, []byte(token))
			before, ok1 := new(big.Rat).SetString(strings.Trim(token, `"`))
			after, ok2 := new(big.Rat).SetString(string(spelt))
			if !ok1 || !ok2 || before.Cmp(after) != 0 || !json.Valid(spelt) {
				t.Errorf("%.60s of %s becomes %.60s", token, column, spelt)
			}
			if v, reason := typing.Fit(column, spelt); v != typing.Fits {
				t.Errorf("%.60s of %s becomes %.60s, which does not fit: %v %s", token, column, spelt, v, reason)
			}
		}
	}
	if respelt < 500 {
		t.Errorf("only %d tokens were respelt: the test tests nothing", respelt)
	}
}

func TestIsZeroDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": true, "0000-00-00": true, "0000-00-00 00:00:00": true, "0000-00-00T00:00:00": true, "0000-00-00T00:00:00.000Z": true, "0000-00-00 00:00:00Z": true,
		" ": false, "0": false, "0000": false, "0000-00-0": false, "0000-00-01": false, "0000-01-00": false, "0000-00-00 ": false, "0000-00-00Z": false, "0000-00-00 00:00:01": false,
		"0000-00-00 00:00:00.": false, "0000-00-00 00:00:00.01": false, "0000-00-00x00:00:00": false, "0000-00-00 00:00:00 ": false, "2024-01-01": false,
	} {
		if got := typing.IsZeroDate([]byte(text)); got != want {
			t.Errorf("IsZeroDate(%q) = %t", text, got)
		}
	}
}

// Fit never panics, and what it says can be acted upon.
func FuzzFit(f *testing.F) {
	for _, token := range manyTokens() {
		f.Add([]byte(token))
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		if !json.Valid(token) || strings.TrimSpace(string(token)) != string(token) {
			t.Skip()
		}
		var e typing.Evidence
		e.Add(token)
		inferred := e.Type()
		for _, column := range append(allTypes(), inferred) {
			v, reason := typing.Fit(column, token)
			if (v == typing.Misfit) != (reason != "") || reason == lake.Internal {
				t.Errorf("%s in %s: %v %q", token, column, v, reason)
			}
			if v == typing.FitsRespelt && !json.Valid(typing.Respell(nil, column, token)) {
				t.Errorf("%s in %s is respelt %s", token, column, typing.Respell(nil, column, token))
			}
		}
		if v, reason := typing.Fit(inferred, token); v == typing.Misfit || v == typing.FitsRespelt {
			t.Errorf("%s makes a column %s, but does not fit it as it is: %s", token, inferred, reason)
		}
		if v, reason := typing.Fit(lake.String, token); v == typing.Misfit {
			t.Errorf("%s is no text: %s", token, reason)
		}
	})
}
