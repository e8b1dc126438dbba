package intrinsic_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"wplake/internal/asl/intrinsic"
	"wplake/internal/asl/jsonpath"
)

const input = `{
	"name": "Ann", "n": 5, "half": 1.5, "list": [1, 2, 2.0, "a", "a", [1], [1.0], null, null], "empty": "",
	"a": {"x": {"y": 1}, "z": 1}, "b": {"x": {"w": 2}}, "text": "{\"k\": [1, 2]}", "template": "Hi {}", "nothing": null,
	"people": [{"n": 1}, {"n": 2}], "odd, name)": "odd", "html": "<a&b>"
}`

func host() intrinsic.Host {
	return intrinsic.Host{
		UUID:   func() string { return "00000000-0000-4000-8000-000000000000" },
		Random: func() float64 { return 0.999 },
	}
}

func resolver(t testing.TB) func(string) (any, error) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(input))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		t.Fatal(err)
	}
	return func(path string) (any, error) {
		p, err := jsonpath.Parse(path)
		if err != nil {
			return nil, err
		}
		v, found, err := p.Get(root)
		if err == nil && !found {
			err = errors.New("nothing at " + path)
		}
		return v, err
	}
}

func TestEval(t *testing.T) {
	t.Parallel()
	resolve := resolver(t)
	for expr, want := range map[string]string{
		`States.Format('Hello {}', $.name)`:                             `"Hello Ann"`,
		`States.Format('{}-{}-{}-{}', 1, 1.5, true, null)`:              `"1-1.5-true-null"`,
		`States.Format('\{\} it\'s \\ {}', $.name)`:                     `"{} it's \\ Ann"`,
		`States.Format($.template, $.name)`:                             `"Hi Ann"`,
		`States.Format('none')`:                                         `"none"`,
		`States.Format('{}', $.a)`:                                      `"{\"x\":{\"y\":1},\"z\":1}"`,
		`States.Format('\{a\}{}', $['odd, name)'])`:                     `"{a}odd"`,
		`States.StringToJson($.text)`:                                   `{"k":[1,2]}`,
		`States.StringToJson($.empty)`:                                  `null`,
		`States.StringToJson('-0')`:                                     `0`,
		`States.StringToJson('{"a":"\n"}')`:                             `{"a":"\n"}`,
		`States.JsonToString($.a)`:                                      `"{\"x\":{\"y\":1},\"z\":1}"`,
		`States.JsonToString($.nothing)`:                                `"null"`,
		`States.StringToJson(States.JsonToString($.html))`:              `"\u003ca\u0026b\u003e"`,
		`States.Array()`:                                                `[]`,
		`States.Array($.n, 'x', null, true, States.Array(1))`:           `[5,"x",null,true,[1]]`,
		`States.ArrayPartition($.people[*].n, 1)`:                       `[[1],[2]]`,
		`States.ArrayPartition(States.Array(1,2,3), 2)`:                 `[[1,2],[3]]`,
		`States.ArrayContains($.list, 2.0)`:                             `true`,
		`States.ArrayContains($.list, 'b')`:                             `false`,
		`States.ArrayContains($.list, States.Array(1))`:                 `true`,
		`States.ArrayRange(1, 9, 2)`:                                    `[1,3,5,7,9]`,
		`States.ArrayRange(3, 0, -2)`:                                   `[3,1]`,
		`States.ArrayRange(1, 0, 1)`:                                    `[]`,
		`States.ArrayGetItem($.list, 3)`:                                `"a"`,
		`States.ArrayLength($.list)`:                                    `9`,
		`States.ArrayUnique($.list)`:                                    `[2.0,[1],null,1,"a",2,[1.0]]`,
		`States.Base64Encode('Data to encode')`:                         `"RGF0YSB0byBlbmNvZGU="`,
		`States.Base64Decode('RGF0YSB0byBlbmNvZGU=')`:                   `"Data to encode"`,
		`States.Hash('input data', 'SHA-1')`:                            `"aaff4a450a104cd177d28d18d74485e8cae074b7"`,
		`States.Hash('', 'MD5')`:                                        `"d41d8cd98f00b204e9800998ecf8427e"`,
		`States.JsonMerge($.a, $.b, false)`:                             `{"x":{"w":2},"z":1}`,
		`States.MathAdd($.n, -1)`:                                       `4`,
		`States.MathAdd(1.49, $.half)`:                                  `3`,
		`States.MathAdd(-1.5, 0)`:                                       `-1`,
		`States.MathAdd(-1.51, 0)`:                                      `-2`,
		`States.MathAdd(-0.5, 0)`:                                       `0`,
		`States.MathRandom(1, 10)`:                                      `9`,
		`States.MathRandom(1, 2)`:                                       `1`,
		`States.MathRandom(0, 1000000000, 42)`:                          `727563680`,
		`States.StringSplit('1,2;3,,', ',;')`:                           `["1","2","3"]`,
		`States.StringSplit(' , ', ',')`:                                `[" "," "]`,
		`States.StringSplit('abc', '')`:                                 `["abc"]`,
		`States.UUID()`:                                                 `"00000000-0000-4000-8000-000000000000"`,
		` States.ArrayLength( States.StringSplit( $.name , 'n' ) ) `:    `1`,
		`States.ArrayGetItem($.people[?(@.n == 2 && @.n in [2,3])], 0)`: `{"n":2}`,
	} {
		call, err := intrinsic.Parse(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		v, err := call.Eval(resolve, host())
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		got, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s gives %s, want %s", expr, got, want)
		}
	}
}

func TestEvalFails(t *testing.T) {
	t.Parallel()
	resolve := resolver(t)
	for _, expr := range []string{
		`States.Format('{}')`, `States.Format('x', 1)`, `States.Format($.n)`, `States.StringToJson('{')`,
		`States.StringToJson('1 2')`, `States.StringToJson(1)`, `States.ArrayPartition($.list, 0)`,
		`States.ArrayPartition($.name, 1)`, `States.ArrayRange(1, 1001, 1)`, `States.ArrayRange(0, 1, 0)`,
		`States.ArrayGetItem($.list, 9)`, `States.ArrayGetItem($.list, -1)`, `States.ArrayGetItem($.list, 'a')`,
		`States.Hash('a', 'CRC')`, `States.Hash('a', 1)`, `States.JsonMerge($.a, $.b, true)`,
		`States.JsonMerge($.a, 1, false)`, `States.MathAdd('1', 2)`,
		`States.MathAdd(1, 2147483648)`, `States.MathAdd(1, 1e300)`, `States.MathRandom(2, 2)`, `States.StringSplit(1, ',')`,
		`States.Base64Encode('` + strings.Repeat("a", 10001) + `')`, `States.Hash('` + strings.Repeat("a", 10001) + `', 'MD5')`,
	} {
		call, err := intrinsic.Parse(expr)
		if err != nil {
			t.Errorf("%.60s: %v", expr, err)
			continue
		}
		_, err = call.Eval(resolve, host())
		var failure *intrinsic.Error
		if !errors.As(err, &failure) || failure.Call != expr {
			t.Errorf("%.60s: error %v", expr, err)
			continue
		}
		if want := "The function '" + expr + "' had the following error: "; !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60s: error %v", expr, err)
		}
	}
}

// TestServiceFacts holds what people saw the service itself answer, where the
// documentation is silent or says otherwise.
func TestServiceFacts(t *testing.T) {
	t.Parallel()
	resolve := resolver(t)
	invalid := "Invalid arguments in States."
	for _, c := range []struct{ fact, expr, want, reason string }{
		{"MathAdd rounds", `States.MathAdd(1.6, 2.7)`, `5`, ""},
		{"MathAdd does not overflow", `States.MathAdd(2147483647, 1)`, "", invalid + "MathAdd"},
		{"MathAdd takes no text", `States.MathAdd('2', 1)`, "", invalid + "MathAdd"},
		{"ArrayPartition cuts fractions off", `States.ArrayPartition(States.Array(1,2,3,4,5), 2.6)`, `[[1,2],[3,4],[5]]`, ""},
		{"ArrayPartition refuses less than one", `States.ArrayPartition(States.Array(1), 0.6)`, "", invalid + "ArrayPartition"},
		{"ArrayRange cuts fractions off", `States.ArrayRange(5.4, -0.6, -2.4)`, `[5,3,1]`, ""},
		{"ArrayRange in one place", `States.ArrayRange(1.6, 1.4, 1)`, `[1]`, ""},
		{"ArrayRange refuses a step below one", `States.ArrayRange(1, 10, 0.49)`, "", invalid + "ArrayRange"},
		{"ArrayRange makes 1000 at most", `States.ArrayRange(1, 1001, 1)`, "", invalid + "ArrayRange"},
		{"MathRandom cuts fractions off", `States.MathRandom(1.4, 1.6)`, "", invalid + "MathRandom"},
		{"ArrayGetItem cuts fractions off", `States.ArrayGetItem(States.Array(10,20,30), 1.2)`, `20`, ""},
		{"ArrayGetItem of nothing", `States.ArrayGetItem(States.Array(), 999)`, `null`, ""},
		{"ArrayGetItem behind the end", `States.ArrayGetItem(States.Array(10,20,30), 3)`, "", invalid + "ArrayGetItem"},
		{"ArrayContains compares texts", `States.ArrayContains(States.Array('true', 'x'), true)`, `true`, ""},
		{"ArrayContains tells false from 0", `States.ArrayContains(States.Array(0, 1), false)`, `false`, ""},
		{"ArrayUnique of booleans", `States.ArrayUnique(States.Array(true, false, true))`, `[false,true]`, ""},
		{"ArrayUnique of lists", `States.ArrayUnique(States.Array(States.Array(1,2), States.Array(1,2), States.Array(2,1)))`, `[[2,1],[1,2]]`, ""},
		{"ArrayUnique of null and a number", `States.ArrayUnique(States.Array(null, null, 1, null))`, `[null,1]`, ""},
		{"ArrayUnique of look-alikes", `States.ArrayUnique(States.Array(1, '1', 1, '01'))`, `[1,"1","01"]`, ""},
		{"ArrayUnique of texts", `States.ArrayUnique(States.Array('a', 'b', 'a', 'c', 'b'))`, `["a","b","c"]`, ""},
		{"Base64Decode leaves out other signs", `States.Base64Decode(' YWJjZA== ')`, `"abcd"`, ""},
		{"Base64Decode needs no padding", `States.Base64Decode('YWI')`, `"ab"`, ""},
		{"Base64Decode ends at padding", `States.Base64Decode('YQ==YQ')`, `"a"`, ""},
		{"Base64Decode takes texts alone", `States.Base64Decode(123)`, "", invalid + "Base64Decode"},
		{"Hash of a number", `States.Hash(123, 'MD5')`, `"202cb962ac59075b964b07152d234b70"`, ""},
		{"Hash knows names as they are written", `States.Hash('data', 'sha-256')`, "", invalid + "Hash"},
		{"JsonMerge takes any third argument", `States.JsonMerge($.a, $.b, 'false')`, `{"x":{"w":2},"z":1}`, ""},
		{"JsonMerge is not deep", `States.JsonMerge($.a, $.b, true)`, "", invalid + "JsonMerge"},
		{"StringSplit drops what is empty", `States.StringSplit(',a,,b,', ',')`, `["a","b"]`, ""},
		{"StringToJson of bad JSON", `States.StringToJson('{bad}')`, "", invalid + "StringToJson"},
		{"Format of null", `States.Format('{}', null)`, `"null"`, ""},
		{"Format counts", `States.Format('{} {}', 1)`, "", invalid + "Format: number of arguments do not match the occurrences of {}."},
		{"Format wants pairs of braces", `States.Format('Hello {', 1)`, "", "Invalid template in States.Format: matching '}' not found for '{'."},
		{"Format wants no braces in braces", `States.Format('Hello {{}}', 1)`, "", "Invalid template in States.Format: matching '}' not found for '{'."},
		{"the whole expression is named", `States.Format('{}', States.MathAdd('a', 1))`, "", invalid + "MathAdd"},
	} {
		call, err := intrinsic.Parse(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.fact, err)
			continue
		}
		v, err := call.Eval(resolve, host())
		if c.reason != "" {
			if want := "The function '" + c.expr + "' had the following error: " + c.reason; err == nil || err.Error() != want {
				t.Errorf("%s: %v, want %s", c.fact, err, want)
			}
			continue
		}
		got, encodeErr := json.Marshal(v)
		if err != nil || encodeErr != nil || string(got) != c.want {
			t.Errorf("%s: %s gives %s, want %s (%v)", c.fact, c.expr, got, c.want, err)
		}
	}
}

func TestEvalReturnsTheErrorOfAPath(t *testing.T) {
	t.Parallel()
	call, err := intrinsic.Parse("States.Array(States.Array($.x))")
	if err != nil {
		t.Fatal(err)
	}
	want := errors.New("nothing there")
	_, err = call.Eval(func(string) (any, error) { return nil, want }, host())
	if !errors.Is(err, want) {
		t.Fatalf("error %v", err)
	}
}

func TestNestedEscapesStayBounded(t *testing.T) {
	t.Parallel()
	expr := "$.x"
	for range 11 {
		expr = "States.JsonToString(" + expr + ")"
	}
	call, err := intrinsic.Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	quotes := strings.Repeat(`"`, 256<<10)
	_, err = call.Eval(func(string) (any, error) { return quotes, nil }, host())
	var failure *intrinsic.Error
	if !errors.As(err, &failure) {
		t.Fatalf("error %v", err)
	}
}

func TestPaths(t *testing.T) {
	t.Parallel()
	call, err := intrinsic.Parse("States.Array($.a, States.Format('{}', $$.Execution.Id), $v['x, y)'])")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(call.Paths(), "|"), "$.a|$$.Execution.Id|$v['x, y)']"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{
		"", "x", "States.", "States.Format", "States.Format(", "States.Format()", "States.Nope()", "States.UUID(1)",
		"States.Array(1", "States.Array(1,", "States.Array(1,)", "States.Array(,)", "States.Array('a)", `States.Array('a\')`,
		"States.Array($.a", "States.Array($.a[')", "States.Array(1 2)", "States.Array(1-2)", "States.Array(x)",
		"States.Array() x", "States.MathAdd(1)", strings.Repeat("States.Array(", 5000),
		"States.Array(" + strings.Repeat(" ", 70000) + ")",
	} {
		_, err := intrinsic.Parse(expr)
		var syntax *intrinsic.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40s: error %v", expr, err)
		}
	}
}

func FuzzCall(f *testing.F) {
	for _, expr := range []string{
		`States.Format('\{{}\}', $.name)`, `States.ArrayRange(1,9,2)`, `States.MathRandom(1,2,$.n)`,
		`States.StringSplit('a,b', ',')`, `States.JsonMerge($.a,$.b,false)`, `States.ArrayUnique($.list)`,
		`States.Array($['odd, name)'], States.UUID(), -1.5e3, null)`, `States.Base64Decode('!')`, `States.Hash($.a,'MD5')`,
	} {
		f.Add(expr)
	}
	resolve := resolver(f)
	f.Fuzz(func(t *testing.T, expr string) {
		call, err := intrinsic.Parse(expr)
		if err != nil {
			return
		}
		if call.String() != strings.Trim(expr, " \t\r\n") {
			t.Fatalf("%q was parsed as %q", expr, call.String())
		}
		v, err := call.Eval(resolve, host())
		if err != nil {
			return
		}
		if _, err := json.Marshal(v); err != nil {
			t.Fatalf("%q gives what is no JSON: %v", expr, err)
		}
	})
}
