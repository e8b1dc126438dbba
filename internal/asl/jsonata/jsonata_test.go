package jsonata_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl/jsonata"
)

const states = `{
	"input": {"n": 5, "f": 1.50, "name": "ann", "nothing": null, "list": [3, 1, 2], "one": [0], "empty": [],
		"people": [{"n": 1, "tags": ["a"]}, {"n": 2, "tags": []}], "o": {"k": {"deep": true}}, "text": "{\"a\":[1,null]}"}
}`

func decode(t testing.TB, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func bindings(t testing.TB) map[string]any {
	t.Helper()
	return map[string]any{"states": decode(t, states), "status": "completed", "nil": nil}
}

func host() jsonata.Host {
	return jsonata.Host{
		UUID:   func() string { return "00000000-0000-4000-8000-000000000000" },
		Random: func() float64 { return 0.25 },
		Now:    func() time.Time { return time.Date(2024, 8, 1, 12, 0, 0, 0, time.UTC) },
	}
}

func eval(t testing.TB, expr string) (any, error) {
	t.Helper()
	e, err := jsonata.Compile(expr)
	if err != nil {
		t.Fatalf("%s: %v", expr, err)
	}
	return e.Eval(bindings(t), host())
}

func TestEval(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		"1":                               `1`,
		"null":                            `null`,
		"$nil":                            `null`,
		"'text'":                          `"text"`,
		"[]":                              `[]`,
		"[0]":                             `[0]`,
		"{'foo': 'bar', 'x': null}":       `{"foo":"bar","x":null}`,
		"{'a': $undefined, 'b': 1}":       `{"b":1}`,
		"$states.input.nothing":           `null`,
		"$states.input.f":                 `1.50`,
		"$states.input.f + 1":             `2.5`,
		"$states.input.n * 1000000":       `5000000`,
		"1/3":                             `0.3333333333333333`,
		"1e21":                            `1e+21`,
		"1/10000000":                      `1e-7`,
		"1/0":                             `"Infinity"`,
		"-1/0":                            `"-Infinity"`,
		"$states.input.list[$ > 1]":       `[3,2]`,
		"$sum($states.input.list) + 1":    `7`,
		"$states.input.people.n":          `[1,2]`,
		"$states.input.people.tags":       `"a"`,
		"$states.input.people[n=2].n":     `2`,
		"$states.input.o":                 `{"k":{"deep":true}}`,
		"$states.input.o.k.deep = true":   `true`,
		"$maxItems := 2":                  `2`,
		"$exists($status) ? 'yes' : 'no'": `"yes"`,
		"$status = 'completed'":           `true`,
		"$map($states.input.list, function($v) { $v * 2 })": `[6,2,4]`,
		"$merge([$states.input.o, {'x': 1}])":               `{"k":{"deep":true},"x":1}`,
		"$count($states.input.list[$ = 0])":                 `0`,
		"$contains('hello$world', /^hello\\$/)":             `true`,
		"$partition($states.input.list, 2)":                 `[[3,1],[2]]`,
		"$partition($states.input.one, 1)":                  `[[0]]`,
		"$partition([1, 2, 3], 2.9)":                        `[[1,2],[3]]`,
		"$partition([1, 2, 3])":                             `[[1,2,3]]`,
		"$map(['1', '[2]'], $parse)":                        `[1,[2]]`,
		"$exists($partition([], 1))":                        `false`,
		"$exists($partition([1], 0))":                       `false`,
		"$exists($range(1, 3))":                             `false`,
		"$exists($range(3, 1, 1))":                          `false`,
		"$exists($hash('a'))":                               `false`,
		"$range(-1.7, 2, 1)":                                `[-1,0,1,2]`,
		"$count($range(1, 360145, 1))":                      `360145`,
		"$partition([null, 1], 1)":                          `[[null],[1]]`,
		"$range(0, 9, 3)":                                   `[0,3,6,9]`,
		"$range(1, 9, 9)":                                   `1`,
		"$range(1, 9, 9)[]":                                 `[1]`,
		"$range(3, 1, -1)":                                  `[3,2,1]`,
		"$hash('input', 'SHA-1')":                           `"140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"`,
		"$uuid()":                                           `"00000000-0000-4000-8000-000000000000"`,
		"$random()":                                         `0.25`,
		"$random(42)":                                       `0.7275636800328681`,
		"$parse($states.input.text)":                        `{"a":[1,null]}`,
		"$parse('-0')":                                      `0`,
		"$parse('[1]').$string()":                           `"1"`,
		"$parse('\"x\"')":                                   `"x"`,
		"$millis()":                                         `1722513600000`,
		"$now()":                                            `"2024-08-01T12:00:00.000Z"`,
		"$now('[Y0001]')":                                   `"2024"`,
		"$string($states.input.o)":                          `"{\"k\":{\"deep\":true}}"`,
		"$replace('a-b', '-', '+')":                         `"a+b"`,
		"$states.input.list ~> $sum() ~> $string()":         `"6"`,
		"$distinct([1,1,2])":                                `[1,2]`,
		"( $f := function($n) { $n = 0 ? 0 : $f($n - 1) }; $f(5000) )": `0`,
	} {
		v, err := eval(t, expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		if string(got) != want {
			t.Errorf("%s gives %s, want %s", expr, got, want)
		}
	}
}

func TestEvalFails(t *testing.T) {
	t.Parallel()
	const thrown = "threw an error during evaluation. "
	for expr, want := range map[string]string{
		"$nope":                         "returned nothing (undefined).",
		"$states.input.nope":            "returned nothing (undefined).",
		"$fn := function($x){$x}":       "returned an unsupported result type.",
		"[$sum]":                        "returned an unsupported result type.",
		"$randomSeeded(1)":              thrown + "T1006: Attempted to invoke a non-function",
		"$eval('1+1')":                  thrown + "T1006: Attempted to invoke a non-function",
		"'a' + 1":                       thrown + `T2001: The left side of the "+" operator must evaluate to a number`,
		"1 - 'a'":                       thrown + `T2002: The right side of the "-" operator must evaluate to a number`,
		"$abs('a')":                     thrown + `T0410: Argument 1 of function "abs" does not match function signature`,
		"$uppercase(1)":                 thrown + `T0410: Argument 1 of function "uppercase" does not match function signature`,
		"$sum(['a'])":                   thrown + `T0412: Argument 1 of function "sum" must be an array of "numbers"`,
		"$number('x')":                  thrown + `D3030: Unable to cast value to a number: "x"`,
		"['a'..2]":                      thrown + "T2003: The left side of the range operator (..) must evaluate to an integer",
		"$formatNumber(1, 'x#x0')":      thrown + "D3086: The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
		"$error('boo: x')":              thrown + "D3137: boo: x",
		"$assert(false, 'no')":          thrown + "D3141: no",
		"$partition('text', 2)":         thrown + `T0410: Argument 1 of function "partition" does not match function signature`,
		"$partition([1], 1, 2)":         thrown + `T0410: Argument 3 of function "partition" does not match function signature`,
		"$range(1, 5, 1, 9)":            thrown + `T0410: Argument 4 of function "range" does not match function signature`,
		"$hash('a', 'MD5', 1)":          thrown + `T0410: Argument 3 of function "hash" does not match function signature`,
		"$parse('1', 1)":                thrown + `T0410: Argument 2 of function "parse" does not match function signature`,
		"$partition([1], 'a')":          thrown + `T0410: Argument 2 of function "partition" does not match function signature`,
		"$hash('a', 5)":                 thrown + `T0410: Argument 2 of function "hash" does not match function signature`,
		"$parse('  ')":                  thrown + "D3137: Invalid JSON",
		"$parse('[1,2] [3,4]')":         thrown + "D3137: Invalid JSON",
		"$parse('{\"a\":1,\"a\":2}')":   thrown + "D3137: Invalid JSON",
		"$parse('[{\"a\":1e400}]')":     thrown + "D3137: Invalid JSON",
		"$range(1, 360146, 1)":          "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage",
		"$range(1, 'a', 1)":             thrown + `T0410: Argument 2 of function "range" does not match function signature`,
		"$hash(1, 'MD5')":               thrown + `T0410: Argument 1 of function "hash" does not match function signature`,
		"1" + strings.Repeat("+1", 200): "threw an error during evaluation: Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.",
		"( $f := function($n) { 1 + $f($n + 1) }; $f(0) )": "threw an error during evaluation: Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.",
		"[1..900000] ~> $count()":                          "threw an error during evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage",
	} {
		_, err := eval(t, expr)
		var failure *jsonata.Error
		if !errors.As(err, &failure) {
			t.Errorf("%s: error %v", expr, err)
			continue
		}
		if err.Error() != want {
			t.Errorf("%s: %s\nwant %s", expr, err, want)
		}
	}
}

func TestCause(t *testing.T) {
	t.Parallel()
	_, err := eval(t, "$nope()")
	var failure *jsonata.Error
	if !errors.As(err, &failure) {
		t.Fatalf("error %v", err)
	}
	want := "The JSONata expression '$nope()' specified for the field 'Output/r' threw an error during evaluation. T1006: Attempted to invoke a non-function"
	if got := failure.Cause("$nope()", "Output/r"); got != want {
		t.Fatalf("%s\nwant %s", got, want)
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string]string{
		`"unterminated`:                "String literal must be terminated by a matching quote",
		"1 +":                          "Unexpected end of expression",
		`{"a":}`:                       `The symbol "}" cannot be used as a unary operator`,
		`$match("a", /abc`:             "No terminating / in regular expression",
		strings.Repeat("(", 20000):     "The expression is nested too deeply",
		strings.Repeat("-", 20000):     "The expression is nested too deeply",
		strings.Repeat("1+", 40000):    "The expression is longer than 64 KiB",
		strings.Repeat("$x:=", 16000):  "The expression is nested too deeply",
		strings.Repeat("1?", 30000):    "The expression is nested too deeply",
		strings.Repeat("a~>", 20000):   "The expression is nested too deeply",
		strings.Repeat("{'a':", 10000): "The expression is nested too deeply",
	} {
		_, err := jsonata.Compile(expr)
		var syntax *jsonata.SyntaxError
		if !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%.30s: error %v, want %s", expr, err, want)
		}
	}
}

func TestBindingsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	e, err := jsonata.Compile("$states.input ~> |$|{'n': 6, 'list': $reverse(list)}, 'name'|")
	if err != nil {
		t.Fatal(err)
	}
	vars := bindings(t)
	before, err := json.Marshal(vars)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Eval(vars, host()); err != nil {
		t.Fatal(err)
	}
	after, err := json.Marshal(vars)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Fatalf("before %s\nafter %s", before, after)
	}
}

func BenchmarkEval(b *testing.B) {
	e, err := jsonata.Compile("$map($states.input.list, function($v) { $v + 1 })")
	if err != nil {
		b.Fatal(err)
	}
	vars := bindings(b)
	for b.Loop() {
		if _, err := e.Eval(vars, host()); err != nil {
			b.Fatal(err)
		}
	}
}
