package jsonpath_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl/jsonpath"
)

const shop = `{
	"store": {
		"book": [
			{"category": "reference", "author": "Nigel Rees", "title": "Sayings", "price": 8.95},
			{"category": "fiction", "author": "Evelyn Waugh", "title": "Sword", "price": 12.99},
			{"category": "fiction", "author": "Herman Melville", "title": "Moby Dick", "isbn": "0-553", "price": 8.99},
			{"category": "fiction", "author": "J. R. R. Tolkien", "title": "Rings", "isbn": "0-395", "price": 22.99}
		],
		"bicycle": {"color": "red", "price": 19.95}
	},
	"expensive": 10,
	"tags": ["a", "b", "c", "d"],
	"numbers": [3, 1, 2],
	"nothing": null,
	"empty": [],
	"odd name": {"it's": 1, "a.b": 2},
	"user": "ann",
	"nested": [[1, 2], [3]]
}`

func decode(t testing.TB, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestGet(t *testing.T) {
	t.Parallel()
	root := decode(t, shop)
	for path, want := range map[string]string{
		"$.expensive":                  `10`,
		"$['expensive']":               `10`,
		`$["expensive"]`:               `10`,
		"$.nothing":                    `null`,
		"$.store.bicycle.color":        `"red"`,
		"$['store']['bicycle'].color":  `"red"`,
		"$.['store'].bicycle['color']": `"red"`,
		`$['odd name']['it\'s']`:       `1`,
		`$['odd name']["it's"]`:        `1`,
		"$['odd name']['a.b']":         `2`,
		`$['odd name']['\u0061.b']`:    `2`,
		"$.tags[0]":                    `"a"`,
		"$.tags[-1]":                   `"d"`,
		"$.tags[0,2]":                  `["a","c"]`,
		"$.tags[1:3]":                  `["b","c"]`,
		"$.tags[:2]":                   `["a","b"]`,
		"$.tags[2:]":                   `["c","d"]`,
		"$.tags[-2:]":                  `["c","d"]`,
		"$.tags[:-3]":                  `["a"]`,
		"$.tags[ 0 , 1 ]":              `["a","b"]`,
		"$.tags[9,1]":                  `[null,"b"]`,
		"$.tags[5:]":                   `[]`,
		"$.tags[1:-1]":                 `[]`,
		"$.tags[-2:1]":                 `["c","d","a"]`,
		"$.tags[-3:-1]":                `["b","c"]`,
		"$.tags[-6:-4]":                `[null,null]`,
		"$.tags[0:3:2]":                `["a","b","c"]`,
		"$.tags[2::2]":                 `["c","d"]`,
		"$.tags[:-9]":                  `[]`,
		"$.empty[-1:1]":                `[]`,
		"$.nested[*][1]":               `[2,null]`,
		"$.tags[*]":                    `["a","b","c","d"]`,
		"$.tags.*":                     `["a","b","c","d"]`,
		"$.store.bicycle.*":            `["red",19.95]`,
		"$.store.bicycle['color','price','none']": `{"color":"red","price":19.95}`,
		"$.nested[*][0]":                             `[1,3]`,
		"$.store.book[*].title":                      `["Sayings","Sword","Moby Dick","Rings"]`,
		"$.store.book[*].isbn":                       `["0-553","0-395"]`,
		"$.store['book','bicycle'].price":            `[19.95]`,
		"$..price":                                   `[19.95,8.95,12.99,8.99,22.99]`,
		"$..book[0].title":                           `["Sayings"]`,
		"$..[0]":                                     `[null,[1,2],1,3,3,{"author":"Nigel Rees","category":"reference","price":8.95,"title":"Sayings"},"a"]`,
		"$..none":                                    `[]`,
		"$.store.book[?(@.isbn)].title":              `["Moby Dick","Rings"]`,
		"$.store.book[?(!@.isbn)].title":             `["Sayings","Sword"]`,
		"$.store.book[?(@.price < 10)].title":        `["Sayings","Moby Dick"]`,
		"$.store.book[?(@.price<$.expensive)].title": `["Sayings","Moby Dick"]`,
		"$.store.book[?(@.price >= 12.99 && @.category == 'fiction')].title":   `["Sword","Rings"]`,
		"$.store.book[?(@.price > 20 || @.price < 8.96)].title":                `["Sayings","Rings"]`,
		"$.store.book[?((@.price > 20 || @.price < 8.96) && @['isbn'])].title": `["Rings"]`,
		"$.store.book[?(@.author =~ /.*rees/i)].title":                         `["Sayings"]`,
		"$.store.book[?(@.author =~ /rees/i)].title":                           `[]`,
		"$.store.book[?(@.isbn =~ /.*/)].price":                                `[8.95,12.99,8.99,22.99]`,
		"$.store.book[?(@.category in ['reference', 'x'])].title":              `["Sayings"]`,
		"$.store.book[?(@.category nin ['fiction'])].title":                    `["Sayings"]`,
		"$.store.book[?(@.isbn != '0-553')].title":                             `["Sayings","Sword","Rings"]`,
		"$.store.book[?(@.title size 5)].title":                                `["Sword","Rings"]`,
		"$.store.book[?(@.title contains 'ing')].title":                        `["Sayings","Rings"]`,
		"$.store.book[?(@.title empty false)].price":                           `[8.95,12.99,8.99,22.99]`,
		"$.tags[?(@ == 'b')]":                                                  `["b"]`,
		"$.tags[?(@ == 'b' || @ == \"c\")]":                                    `["b","c"]`,
		"$.numbers[?(@ > 1)]":                                                  `[3,2]`,
		"$.numbers[?(@ == '3')]":                                               `[3]`,
		"$.numbers[?(@ === '3')]":                                              `[]`,
		"$.nested[?(@ subsetof [1,2,5])]":                                      `[[1,2]]`,
		"$.nested[?(@ anyof [3])]":                                             `[[3]]`,
		"$.nested[?(@ noneof [3])]":                                            `[[1,2]]`,
		"$.nested[?(@ all [1,2])]":                                             `[[1,2]]`,
		"$.nested[?(@.length() == 1)]":                                         `[[3]]`,
		"$..[?(@.color == 'red')].price":                                       `[19.95]`,
		"$.store.bicycle[?(@.color == 'red')]":                                 `[{"color":"red","price":19.95}]`,
		"$.tags.length()":                                                      `4`,
		"$.store.length()":                                                     `2`,
		"$.user.length()":                                                      `null`,
		"$.numbers.sum()":                                                      `6.0`,
		"$.numbers.min()":                                                      `1.0`,
		"$.numbers.max()":                                                      `3.0`,
		"$.numbers.avg()":                                                      `2.0`,
		"$.numbers.sum(4, $.expensive)":                                        `20.0`,
		"$..price.max()":                                                       `22.99`,
		"$.store.bicycle.keys()":                                               `["color","price"]`,
		"$.numbers.append(7)":                                                  `[3,1,2,7]`,
		"$.tags.concat()":                                                      `"abcd"`,
		"$.concat($.user, '-', $.tags[1])":                                     `"ann-b"`,
		"$.tags.first()":                                                       `"a"`,
		"$.tags.last()":                                                        `"d"`,
		"$.tags.index(-2)":                                                     `"c"`,
		"$.nested[*].length()":                                                 `[2,1]`,
	} {
		p, err := jsonpath.Parse(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		v, found, err := p.Get(root)
		if err != nil || !found {
			t.Errorf("%s: found %v, error %v", path, found, err)
			continue
		}
		if got := encode(t, v); got != want {
			t.Errorf("%s gives %s, want %s", path, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	root := decode(t, shop)
	for path, want := range map[string]string{
		"$.none":           "No results for path: $['none']",
		"$.none.below":     "Missing property in path $['none']",
		"$.tags[9]":        "No results for path: $['tags'][9]",
		"$.tags[9].a":      "No results for path: $['tags'][9]['a']",
		"$.user.name":      "Expected to find an object with property ['name'] in path $['user'] but found 'com.fasterxml.jackson.databind.node.TextNode'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
		"$.user[0]":        `Filter: [0] can only be applied to arrays. Current context is: "ann"`,
		"$.store.book.one": "Expected to find an object with property ['one'] in path $['store']['book'] but found 'com.fasterxml.jackson.databind.node.ArrayNode'. This is not a json object according to the JsonProvider: 'com.jayway.jsonpath.spi.json.JacksonJsonNodeJsonProvider'.",
	} {
		p, err := jsonpath.Parse(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if _, found, err := p.Get(root); found || err != nil {
			t.Errorf("%s: found %v, error %v", path, found, err)
		}
		if got := p.Missing(root); got != want {
			t.Errorf("%s: %s\nwant %s", path, got, want)
		}
	}
}

func TestPastEnd(t *testing.T) {
	t.Parallel()
	root := decode(t, shop)
	for path, want := range map[string]bool{
		"$.tags[4]": true, "$.tags[-5]": true, "$.empty[0]": true, "$['store']['book'][9]": true,
		"$.tags[3]": false, "$.tags[-4]": false, "$.tags[9].a": false, "$.user[0]": false, "$.none[0]": false,
		"$.tags[8,9]": false, "$.tags[*][9]": false, "$": false, "$.tags": false,
	} {
		p, err := jsonpath.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.PastEnd(root); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestDefiniteAndReference(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]bool{
		"$":               {true, true},
		"$.a.b[0]":        {true, true},
		"$['a']['b c']":   {true, true},
		"$.a[-1]":         {true, false},
		"$['a','b']":      {true, false},
		"$['a','b'].c":    {false, false},
		"$.a[0,1]":        {false, false},
		"$.a[0:1]":        {false, false},
		"$.a[*]":          {false, false},
		"$..a":            {false, false},
		"$.a[?(@.b)]":     {false, false},
		"$.a.length()":    {true, false},
		"$.a[*].length()": {false, false},
	} {
		p, err := jsonpath.Parse(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if got := [2]bool{p.Definite(), p.Reference()}; got != want {
			t.Errorf("%s: definite and reference %v, want %v", path, got, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "a", "@.a", "$.", "$..", "$a", "$.a.", "$[", "$[]", "$['a", "$['a'", "$['a',]", "$[0", "$[0,]",
		"$[99999999999]", "$.a b", "$.f()", "$.length().a", "$.length(", "$[?]", "$[?()]", "$[?(@.a ==)]",
		"$[?(1)]", "$[?(@.a =~ 'x')]", "$[?(@.a =~ /(/)]", "$[?(@.a == 'x)]", "$[?(@.a", "$[:", "$[:]", "$[::2]", "$[1:2:3:4]", "$['\\u12']",
		"$" + strings.Repeat("[?(@", 100) + strings.Repeat(")]", 100),
		"$.sum(" + strings.Repeat("[", 5000),
		"$[?(" + strings.Repeat("!", 5000) + "@.a)]",
		"$" + strings.Repeat(".a", 40000),
	} {
		_, err := jsonpath.Parse(path)
		var syntax *jsonpath.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40s: error %v", path, err)
		}
	}
}

func TestFunctionErrors(t *testing.T) {
	t.Parallel()
	root := decode(t, shop)
	for _, path := range []string{"$.tags.sum()", "$.user.first()", "$.empty.last()", "$.tags.index('a')", "$.tags.index()"} {
		p, err := jsonpath.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = p.Get(root)
		var function *jsonpath.FunctionError
		if !errors.As(err, &function) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	deep := any("x")
	for range 2000 {
		deep = map[string]any{"a": deep, "b": "y"}
	}
	for _, path := range []string{"$..*..*..*", "$..[?(@..a)]..a"} {
		p, err := jsonpath.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Get(deep); !errors.Is(err, jsonpath.ErrBudget) {
			t.Errorf("%s: error %v", path, err)
		}
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ root, path, value, want string }{
		{`{"a":1}`, "$", `2`, `2`},
		{`{"a":1}`, "$.b", `2`, `{"a":1,"b":2}`},
		{`{"a":1}`, "$.a", `[2]`, `{"a":[2]}`},
		{`{"a":1}`, "$.b.c.d", `2`, `{"a":1,"b":{"c":{"d":2}}}`},
		{`{"a":{"x":1}}`, "$.a.y", `2`, `{"a":{"x":1,"y":2}}`},
		{`{"a":[1,{"x":1}]}`, "$.a[1].x", `null`, `{"a":[1,{"x":null}]}`},
	} {
		p, err := jsonpath.Parse(c.path)
		if err != nil {
			t.Fatal(err)
		}
		root := decode(t, c.root)
		got, err := jsonpath.Set(root, p, decode(t, c.value))
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		if encode(t, got) != c.want {
			t.Errorf("%s: %s, want %s", c.path, encode(t, got), c.want)
		}
		if diff := cmp.Diff(decode(t, c.root), root); diff != "" {
			t.Errorf("%s changed its input:\n%s", c.path, diff)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ root, path, want string }{
		{`"text"`, "$.a", `Unable to apply ReferencePath $.a to input "text"`},
		{`{"a":"<b>"}`, "$.a.b", `Unable to apply ReferencePath $.a.b to input {"a":"<b>"}`},
		{`{"a":[1]}`, "$.a[1]", `Unable to apply ReferencePath $.a[1] to input {"a":[1]}`},
		{`{"a":[1]}`, "$.a[*]", `Unable to apply ReferencePath $.a[*] to input {"a":[1]}`},
	} {
		p, err := jsonpath.Parse(c.path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = jsonpath.Set(decode(t, c.root), p, true)
		var set *jsonpath.SetError
		if !errors.As(err, &set) || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.path, err, c.want)
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, path := range []string{
		"$", "$.a.b[0]", "$..book[?(@.price < 10 && @.a =~ /x/i)]", "$['a','b'][1:2]", "$.a.concat('x', @.b)",
		"$[?(@.a in ['x', 1, null] || !(@.b empty true))]", `$['\u0061\'']`, "$..*..*", "$.numbers.sum(1,$.x)",
	} {
		f.Add(path, shop)
	}
	f.Fuzz(func(t *testing.T, text, doc string) {
		p, err := jsonpath.Parse(text)
		if err != nil {
			return
		}
		if p.String() != text {
			t.Fatalf("%q was parsed as %q", text, p.String())
		}
		dec := json.NewDecoder(strings.NewReader(doc))
		dec.UseNumber()
		var root any
		if dec.Decode(&root) != nil {
			return
		}
		before := encode(t, root)
		v, found, err := p.Get(root)
		if err == nil && found {
			encode(t, v)
			if _, ok := v.([]any); !ok && !p.Definite() {
				t.Fatalf("%q is not definite and gives %v", text, v)
			}
		}
		if err == nil && found == (p.Missing(root) != "") {
			t.Fatalf("%q: found %v, yet %q", text, found, p.Missing(root))
		}
		if out, err := jsonpath.Set(root, p, "new"); err == nil {
			if got, found, err := p.Get(out); err != nil || !found || got != "new" {
				t.Fatalf("%q: what was set is not found: %v", text, got)
			}
		}
		if encode(t, root) != before {
			t.Fatalf("%q changed its input", text)
		}
	})
}
