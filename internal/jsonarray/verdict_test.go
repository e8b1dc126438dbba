package jsonarray_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"wplake/internal/jsonarray"
	"wplake/internal/lake"
)

// readAll reads an array to its end and returns what was found and the verdict:
// nil for a complete array.
func readAll(in io.Reader) (*jsonarray.Reader, []rowCopy, error) {
	r := jsonarray.NewReader(in)
	var rows []rowCopy
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r, rows, nil
		}
		if err != nil {
			return r, rows, err
		}
		rows = append(rows, copyRow(r, row))
	}
}

// rowCopy is a row that outlives the next call of Next.
type rowCopy struct {
	number int64
	text   string
	keys   []string
	values []string
	fault  lake.Code
	detail string
}

func copyRow(r *jsonarray.Reader, row *jsonarray.Row) rowCopy {
	c := rowCopy{number: row.Number, text: string(row.Text), fault: row.Fault, detail: row.Detail}
	for _, f := range row.Fields {
		c.keys = append(c.keys, r.Names()[f.Name])
		c.values = append(c.values, string(f.Value))
	}
	return c
}

func verdict(body string) error {
	_, _, err := readAll(strings.NewReader(body))
	return err
}

func TestWhatIsNoArrayOfObjectsIsNamed(t *testing.T) {
	t.Parallel()
	const array = `[{"ID":"1","post_title":"a"}]`
	for name, c := range map[string]struct {
		body string
		code lake.Code
		says string // part of the message
	}{
		"no bytes":                  {"", lake.SourceEmpty, "empty"},
		"white space only":          {" \r\n\t ", lake.SourceEmpty, "empty"},
		"much white space only":     {strings.Repeat(" ", 100_000), lake.SourceEmpty, "empty"},
		"bracket only":              {"[", lake.SourceTruncated, "after 0 whole rows"},
		"bracket and white space":   {"[ \n", lake.SourceTruncated, ""},
		"cut after a row":           {`[{"a":1}`, lake.SourceTruncated, "after 1 whole rows"},
		"cut after a comma":         {`[{"a":1},`, lake.SourceTruncated, "after 1 whole rows"},
		"cut after comma and space": {"[{\"a\":1},\n ", lake.SourceTruncated, ""},
		"cut in a key":              {`[{"a":1},{"po`, lake.SourceTruncated, ""},
		"cut in a string":           {`[{"a":"x`, lake.SourceTruncated, ""},
		"cut in an escape":          {`[{"a":"x\u00`, lake.SourceTruncated, ""},
		"cut in a number":           {`[{"a":1`, lake.SourceTruncated, ""},
		"cut in a literal":          {`[{"a":tru`, lake.SourceTruncated, ""},
		"cut within an element":     {`["x`, lake.SourceTruncated, ""},
		"cut in nested values":      {`[{"a":[{"b":[1,2`, lake.SourceTruncated, ""},

		"login page": {
			`<!DOCTYPE html><html><head><title>Log In ‹ Blog</title></head><body><form id="loginform" action="/wp-login.php">`,
			lake.SourceHTML, `a login page, not JSON (title "log in ‹ blog")`,
		},
		"challenge page": {
			"<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body><script src=\"/cdn-cgi/challenge-platform/x.js\"></script>",
			lake.SourceHTML, "a firewall's challenge page",
		},
		"captcha":          {`<html><body><div class="g-recaptcha"></div></body></html>`, lake.SourceHTML, "a firewall's challenge page"},
		"maintenance page": {`<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Briefly unavailable for scheduled maintenance. Check back in a minute.`, lake.SourceHTML, "a maintenance page"},
		"another page":     {`  <html><body><h1>404 Not Found</h1></body></html>`, lake.SourceHTML, "an HTML page"},
		"page with an array in it": {
			`<html><body><script>var posts = [{"a":1}]</script></body></html>`, lake.SourceHTML, "an HTML page",
		},
		"page behind a byte order mark": {"\ufeff<!DOCTYPE html><html><title>Hello</title>", lake.SourceHTML, `title "hello"`},
		"a long title":                  {"<html><title>" + strings.Repeat("ü", 5000) + "</title>", lake.SourceHTML, "…"},

		"byte order mark":                   {"\ufeff" + array, lake.SourceNoise, "byte order mark"},
		"byte order mark after a line end":  {"\n\ufeff" + array, lake.SourceNoise, "byte order mark"},
		"byte order mark only":              {"\ufeff", lake.SourceNoise, "byte order mark"},
		"PHP warning in HTML":               {"<br />\n<b>Warning</b>:  Undefined variable $x in <b>/www/a.php</b> on line <b>3</b><br />\n" + array, lake.SourceNoise, "Undefined variable"},
		"PHP deprecation in HTML":           {"\n\n<br />\n<b>Deprecated</b>: Function x is deprecated<br />" + array, lake.SourceNoise, "Deprecated"},
		"PHP notice in text":                {"Notice: Undefined index: x in /www/a.php on line 3\n" + array, lake.SourceNoise, "Undefined index"},
		"PHP warning of the command line":   {"PHP Warning:  foo in a.php\n" + array, lake.SourceNoise, "foo"},
		"PHP error, and then nothing":       {"<br />\n<b>Fatal error</b>:  Allowed memory size of 134217728 bytes exhausted in", lake.SourceNoise, "Allowed memory"},
		"PHP error in text, nothing behind": {"Parse error: syntax error in /www/a.php on line 3", lake.SourceNoise, "syntax error"},
		"PHP recoverable error":             {"Recoverable fatal error: x" + array, lake.SourceNoise, "Recoverable"},
		"database error in HTML":            {`<div id="error"><p class="wpdberror"><strong>WordPress database error:</strong> [Table x doesn't exist]<br /></p></div>` + array, lake.SourceNoise, "wpdberror"},
		"something echoed":                  {"debug " + array, lake.SourceNoise, `"debug [{`},
		"a number echoed":                   {"0" + array, lake.SourceNoise, `"0[{`},
		"null echoed":                       {"null\n" + array, lake.SourceNoise, ""},
		"a comment":                         {"/* cached */ " + array, lake.SourceNoise, "cached"},
		"JSONP":                             {"callback(" + array + ")", lake.SourceNoise, "callback("},

		"error object":               {`{"code":"rest_no_route","message":"No route was found","data":{"status":404}}`, lake.SourceErrorObject, "rest_no_route: No route was found"},
		"error object with a number": {`{"code":404,"message":"gone"}`, lake.SourceErrorObject, "404: gone"},
		"error object, spread":       {" \n{ \"message\" : \"no\" , \"code\" : \"x\" }\n", lake.SourceErrorObject, "x: no"},
		"other object":               {`{"success":true,"data":[{"a":1}]}`, lake.SourceNotArray, `"{\"success\"`},
		"empty object":               {`{}`, lake.SourceNotArray, "object"},
		"code without message":       {`{"code":"x"}`, lake.SourceNotArray, "object"},
		"null code":                  {`{"code":null,"message":"x"}`, lake.SourceNotArray, "object"},
		"message that is no text":    {`{"code":"x","message":{"a":1}}`, lake.SourceNotArray, "object"},
		"cut object":                 {`{"code":"rest_no`, lake.SourceTruncated, ""},
		"cut object after a comma":   {`{"code":"x",`, lake.SourceTruncated, ""},
		"brace only":                 {`{`, lake.SourceTruncated, ""},
		"damaged object":             {`{"code" "x"}`, lake.SourceInvalidJSON, "byte 8"},

		"string":         {`"posts"`, lake.SourceNotArray, "a string"},
		"empty string":   {`""`, lake.SourceNotArray, "a string"},
		"number":         {`12`, lake.SourceNotArray, "a number"},
		"negative":       {` -1.5e3 `, lake.SourceNotArray, "a number"},
		"true":           {`true`, lake.SourceNotArray, "a boolean"},
		"false":          {"false\n", lake.SourceNotArray, "a boolean"},
		"null":           {`null`, lake.SourceNotArray, "null"},
		"a long string":  {`"` + strings.Repeat("x", 100_000) + `"`, lake.SourceNotArray, "a string"},
		"cut string":     {`"posts`, lake.SourceInvalidJSON, "begins with"},
		"cut null":       {`nul`, lake.SourceInvalidJSON, "begins with"},
		"plain text":     {"Error establishing a database connection", lake.SourceInvalidJSON, "Error establishing"},
		"control bytes":  {"\x1b[2Jx", lake.SourceNoise, ""},
		"binary":         {"\x1f\x8b\x08\x00\x00", lake.SourceInvalidJSON, ""},
		"closing only":   {"]", lake.SourceInvalidJSON, ""},
		"comma at first": {",[]", lake.SourceNoise, ""},

		"number as an element":  {`[1]`, lake.SourceNotObjects, "element 1 of the array is a number"},
		"string as an element":  {`["a"]`, lake.SourceNotObjects, "a string"},
		"null as an element":    {`[null]`, lake.SourceNotObjects, "null"},
		"true as an element":    {`[true]`, lake.SourceNotObjects, "a boolean"},
		"false as an element":   {`[false]`, lake.SourceNotObjects, "a boolean"},
		"array as an element":   {`[[{"a":1}]]`, lake.SourceNotObjects, "an array"},
		"second element":        {`[{"a":1},2]`, lake.SourceNotObjects, "element 2"},
		"third element, nested": {"[{},\n{},\n[]]", lake.SourceNotObjects, "element 3"},

		"two arrays":           {array + array, lake.SourceTrailing, "ends after 1 rows, but a second array follows"},
		"two arrays in lines":  {array + "\n" + array + "\n", lake.SourceTrailing, "a second array"},
		"two empty arrays":     {`[][]`, lake.SourceTrailing, "a second array follows at byte 2"},
		"an object behind":     {array + `{"a":1}`, lake.SourceTrailing, "an object"},
		"a number behind":      {array + "0", lake.SourceTrailing, "a number"},
		"a string behind":      {array + `"x"`, lake.SourceTrailing, "a string"},
		"null behind":          {array + "null", lake.SourceTrailing, "null"},
		"a page behind":        {array + "<!-- cached -->", lake.SourceTrailing, "not JSON"},
		"a comma behind":       {array + ",", lake.SourceTrailing, "not JSON"},
		"a bracket behind":     {array + "]", lake.SourceTrailing, "not JSON"},
		"a brace behind":       {array + "}", lake.SourceTrailing, "not JSON"},
		"a NUL behind":         {array + "\x00", lake.SourceTrailing, "not JSON"},
		"text far behind":      {array + strings.Repeat("\n", 50_000) + "x", lake.SourceTrailing, ""},
		"half a literal after": {array + "nul", lake.SourceTrailing, ""},

		"notice in the middle":     {`[{"a":1},<br />` + "\n" + `<b>Warning</b>: x` + `{"a":2}]`, lake.SourceInvalidJSON, "at byte 9, in row 2"},
		"missing comma":            {`[{"a":1}{"a":2}]`, lake.SourceInvalidJSON, "in row 2"},
		"comma before the end":     {`[{"a":1},]`, lake.SourceInvalidJSON, ""},
		"comma at the beginning":   {`[,{"a":1}]`, lake.SourceInvalidJSON, ""},
		"comma in an object":       {`[{"a":1,}]`, lake.SourceInvalidJSON, ""},
		"single quotes":            {`[{'a':1}]`, lake.SourceInvalidJSON, ""},
		"key without quotes":       {`[{a:1}]`, lake.SourceInvalidJSON, ""},
		"key without a value":      {`[{"a"}]`, lake.SourceInvalidJSON, ""},
		"leading zero":             {`[{"a":01}]`, lake.SourceInvalidJSON, ""},
		"plus":                     {`[{"a":+1}]`, lake.SourceInvalidJSON, ""},
		"NaN":                      {`[{"a":NaN}]`, lake.SourceInvalidJSON, ""},
		"line end in a string":     {"[{\"a\":\"x\ny\"}]", lake.SourceInvalidJSON, ""},
		"NUL in a string":          {"[{\"a\":\"x\x00y\"}]", lake.SourceInvalidJSON, ""},
		"unknown escape":           {`[{"a":"\x41"}]`, lake.SourceInvalidJSON, ""},
		"comment":                  {`[{"a":1 /* x */}]`, lake.SourceInvalidJSON, ""},
		"brackets that do not fit": {`[{"a":[1}]`, lake.SourceInvalidJSON, ""},
		"closing brace":            {`[}`, lake.SourceInvalidJSON, ""},
		"far behind white space":   {strings.Repeat(" ", 20_000) + `[{"a":1},x]`, lake.SourceInvalidJSON, "at byte 20009"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := verdict(c.body)
			var e *lake.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			if e.Code != c.code {
				t.Errorf("code %s (%s), want %s", e.Code, e.Message, c.code)
			}
			if !strings.Contains(e.Message, c.says) {
				t.Errorf("%q does not say %q", e.Message, c.says)
			}
			if e.Hint == "" {
				t.Error("no remedy is named")
			}
			if len(e.Message) > 400 || strings.ContainsAny(e.Message, "\x1b\x00\n") {
				t.Errorf("no message for a line: %q", e.Message)
			}
		})
	}
}

// What a server puts into an error object is quoted, never obeyed.
func TestErrorObjectIsQuotedWithMeasure(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 10_000)
	err := verdict(fmt.Sprintf(`{"code":"\u001b[31m%s","message":"a\u001b[2J\nb%s"}`, long, long))
	if !lake.HasCode(err, lake.SourceErrorObject) {
		t.Fatal(err)
	}
	if text := err.Error(); len(text) > 400 || strings.ContainsAny(text, "\x1b\n") {
		t.Errorf("%d bytes: %q", len(text), text)
	}
}

func TestNoPrefixOfAnArrayIsComplete(t *testing.T) {
	t.Parallel()
	for _, whole := range []string{
		`[]`,
		` [ ] `,
		`[{}]`,
		`[{"a":1},{"a":-2.5e+3},{"a":null}]`,
		"\n[\r\n\t{ \"ID\" : \"12\", \"t\\u00fc\" : [1, {\"x\": [true, false, null]}, \"]\"] } ,\n {\"ID\":\"\\\\\\\"\"} ]",
		`[{"a":"\ud83d\ude00 ` + "\U0001F600" + `"},{"":{}}]`,
	} {
		if err := verdict(whole); err != nil {
			t.Fatalf("%q: %v", whole, err)
		}
		array := strings.TrimRight(whole, " \n")
		for n := range len(array) {
			err := verdict(array[:n])
			if err == nil {
				t.Errorf("%q was taken for complete", array[:n])
				continue
			}
			want := lake.SourceTruncated
			if strings.TrimSpace(array[:n]) == "" {
				want = lake.SourceEmpty
			}
			if !lake.HasCode(err, want) {
				t.Errorf("%q: %v, want %s", array[:n], err, want)
			}
		}
	}
}

func TestWhiteSpaceIsFreeBetweenTokens(t *testing.T) {
	t.Parallel()
	tokens := []string{"", "[", "{", `"a"`, ":", "1", ",", `"b"`, ":", "[", "1", ",", "2", "]", "}", ",", "{", "}", "]", ""}
	for _, space := range []string{"", " ", "\n", "\r\n", "\t", " \t\r\n ", strings.Repeat(" ", 70_000)} {
		r, rows, err := readAll(strings.NewReader(strings.Join(tokens, space)))
		if err != nil {
			t.Errorf("%.20q: %v", space, err)
			continue
		}
		if r.Rows() != 2 || len(rows) != 2 || len(rows[0].keys) != 2 || len(rows[1].keys) != 0 {
			t.Errorf("%.20q: %d rows: %.200v", space, r.Rows(), rows)
		}
	}
	for _, notSpace := range []string{"\v", "\f", "\u00a0", "\u2028", "\x00"} {
		if err := verdict("[" + notSpace + `{"a":1}]`); !lake.HasCode(err, lake.SourceInvalidJSON) {
			t.Errorf("%q is no white space of JSON, but: %v", notSpace, err)
		}
	}
}

func TestDeepNestingEndsInAVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		open, shut string
		depth      int
		ok         bool
	}{
		{"[", "]", 1_000, true},
		{`{"a":`, "}", 1_000, true},
		{"[", "]", 100_000, false},
		{`{"a":`, "}", 100_000, false},
		{`[{"a":`, "}]", 100_000, false},
	} {
		body := `[{"a":` + strings.Repeat(c.open, c.depth) + "1" + strings.Repeat(c.shut, c.depth) + `}]`
		err := verdict(body)
		if c.ok && err != nil || !c.ok && !lake.HasCode(err, lake.SourceInvalidJSON) {
			t.Errorf("%d times %s: %v", c.depth, c.open, err)
		}
		err = verdict(body[:len(body)/3])
		if want := map[bool]lake.Code{true: lake.SourceTruncated, false: lake.SourceInvalidJSON}[c.ok]; !lake.HasCode(err, want) {
			t.Errorf("%d times %s, cut: %v, want %s", c.depth, c.open, err, want)
		}
	}
	deep := strings.Repeat("[", 100_000) // not even an object's beginning
	if err := verdict(deep); err == nil {
		t.Error("a hundred thousand brackets were taken")
	}
}
