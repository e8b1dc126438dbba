package asltest_test

import (
	"encoding/json"
	"testing"

	"wplake/internal/asl/asltest"
)

func TestDiffer(t *testing.T) {
	t.Parallel()
	strict := &asltest.Normaliser{Masked: func(key string) bool { return key == "id" }, Extra: func(key string) bool { return key == "more" }}
	var c asltest.Case
	if err := json.Unmarshal([]byte(`{"Transforms": [
		{"Kind": "RegexTransformer", "Args": ["run-\\d+", "<run>"]},
		{"Kind": "JsonpathTransformer", "Args": ["$..when", "<when>"]}
	]}`), &c); err != nil {
		t.Fatal(err)
	}
	loose := asltest.NewNormaliser(&c)
	for name, test := range map[string]struct {
		n         *asltest.Normaliser
		want, got string
		why       string
	}{
		"equal":                     {strict, `{"a": [1, null, "x"]}`, `{"a": [1, null, "x"]}`, ""},
		"masked":                    {strict, `{"id": 1}`, `{"id": 2}`, ""},
		"masked is there":           {strict, `{"id": 1}`, `{}`, `at.id is missing`},
		"extra":                     {strict, `{}`, `{"more": 1}`, ""},
		"too much":                  {strict, `{}`, `{"b": 1}`, `at.b is too much`},
		"list is longer":            {strict, `[1]`, `[1, 2]`, `at: want [1], got [1,2]`},
		"deep":                      {strict, `{"a": [1, true]}`, `{"a": [1, false]}`, `at.a[1]: want true, got false`},
		"date":                      {strict, `"date"`, `"2026-01-02T03:04:05.678Z"`, ""},
		"no date":                   {strict, `"date"`, `"on 2026-01-02T03:04:05.678Z"`, `at: want "date", got "on 2026-01-02T03:04:05.678Z"`},
		"placeholder":               {strict, `"a <name> b"`, `"a (c) b"`, ""},
		"beside a placeholder":      {strict, `"a. <name> b"`, `"ab c b"`, `at: want "a. <name> b", got "ab c b"`},
		"object recorded of a text": {strict, `{"a": 1}`, `"{\"a\": 1}"`, ""},
		"other object of a text":    {strict, `{"a": 1}`, `"{\"a\": 2}"`, `at.a: want 1, got 2`},
		"spelling of numbers":       {strict, `1`, `1.0`, `at: want 1, got 1.0`},
		"spelling does not count":   {loose, `1`, `1.0`, ""},
		"spacing":                   {strict, `"[1,2]"`, `"[1, 2]"`, `at: want "[1,2]", got "[1, 2]"`},
		"spacing does not count":    {loose, `"[1,2]"`, `"[1, 2]"`, ""},
		"other text of JSON":        {loose, `"[1,2]"`, `"[1, 3]"`, `at[1]: want 2, got 3`},
		"replaced":                  {loose, `"arn:<partition>:<region>:<run>"`, `"arn:aws:us-east-1:run-12"`, ""},
		"not replaced":              {loose, `"x <run>."`, `"x run-12"`, `at: want "x <run>.", got "x run-12"`},
		"named by a path":           {loose, `{"when": "<when>"}`, `{"when": 12}`, ""},
		"kind of value":             {loose, `{"a": 1}`, `[1]`, `at: want {"a":1}, got [1]`},
	} {
		if why := test.n.Differ("at", asltest.Value(json.RawMessage(test.want)), asltest.Value(json.RawMessage(test.got))); why != test.why {
			t.Errorf("%s: %q instead of %q", name, why, test.why)
		}
	}
}

func TestRefusal(t *testing.T) {
	t.Parallel()
	for expected, want := range map[string][2]string{
		`"An error occurred (InvalidName) when calling the CreateStateMachine operation: Invalid Name: 'a) b'"`: {"InvalidName", "Invalid Name: 'a) b'"},
		`"Parameter validation failed:\nno"`:                                 {"", "Parameter validation failed:\nno"},
		`{"Error": {"Code": "InvalidName", "Message": "m"}, "message": "m"}`: {"InvalidName", "m"},
		`{"result": "OK"}`: {"", ""},
	} {
		c := asltest.Case{Expected: json.RawMessage(expected)}
		if code, message := c.Refusal(); code != want[0] || message != want[1] {
			t.Errorf("%s: %q, %q", expected, code, message)
		}
	}
}
