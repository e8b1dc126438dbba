package items_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
)

// bucket holds objects in memory; closed counts what was closed again.
type bucket struct {
	objects map[string]string
	rows    map[string][]map[string]any
	opened  int
	closed  int
}

var errNoKey = errors.New("the specified key does not exist")

type body struct {
	io.Reader
	b *bucket
}

func (r body) Close() error {
	r.b.closed++
	return nil
}

func (b *bucket) ports() items.Ports {
	return items.Ports{
		Open: func(_ context.Context, _, key, _ string) (io.ReadCloser, error) {
			text, ok := b.objects[key]
			if !ok {
				return nil, errNoKey
			}
			b.opened++
			return body{strings.NewReader(text), b}, nil
		},
		List: func(_ context.Context, _, prefix, from string) iter.Seq2[items.Object, error] {
			return func(yield func(items.Object, error) bool) {
				for _, key := range slices.Sorted(maps.Keys(b.objects)) {
					if key < from || !strings.HasPrefix(key, prefix) {
						continue
					}
					o := items.Object{Key: key, ETag: "e-" + key, Size: int64(len(b.objects[key])), LastModified: time.Unix(1668699881, 5)}
					if !yield(o, nil) {
						return
					}
				}
			}
		},
		Rows: func(_ context.Context, _, key string) (items.Rows, error) {
			return &rows{left: b.rows[key]}, nil
		},
	}
}

type rows struct{ left []map[string]any }

func (r *rows) Close() error { return nil }

func (r *rows) Next() (map[string]any, error) {
	if len(r.left) == 0 {
		return nil, io.EOF
	}
	row := r.left[0]
	r.left = r.left[1:]
	return row, nil
}

func effect(action, arguments, config string) asl.Effect {
	value := func(text string) any {
		v, err := asl.Decode([]byte(text))
		if err != nil {
			panic(text + ": " + err.Error())
		}
		return v
	}
	r, _ := asl.ParseResource("arn:aws:states:::s3:" + action)
	return asl.Effect{Kind: asl.ReadEffect, Resource: r, Arguments: value(arguments), Config: value(config)}
}

// readAll reads page by page; with again each page by a new reader.
func readAll(b *bucket, e asl.Effect, limit int, again bool) ([]asl.Item, error) {
	var out []asl.Item
	var r *items.Reader
	for {
		if r == nil {
			var err error
			if r, err = items.Open(context.Background(), b.ports(), e); err != nil {
				return nil, err
			}
		}
		page, err := r.Page(limit)
		if err != nil || again || page.Next == "" {
			if closeErr := r.Close(); err == nil {
				err = closeErr
			}
			r = nil
		}
		out = append(out, page.Items...)
		if err != nil || page.Next == "" {
			return out, err
		}
		e.Cursor = page.Next
	}
}

func show(list []asl.Item) string {
	var out []string
	for _, i := range list {
		text := asl.Text(i.Value)
		if i.Keyed {
			text = i.Key + "=" + text
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	return b.String()
}

const one = `{"Bucket":"b","Key":"k"}`

func TestFormats(t *testing.T) {
	t.Parallel()
	given := func(names, more string) string {
		return `{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":[` + names + `]` + more + `}`
	}
	const first = `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`
	tests := []struct{ name, data, config, want string }{
		{"array", `[1,"a",{"b":[null]}]`, `{"InputType":"JSON"}`, `1 "a" {"b":[null]}`},
		{"numbers stay as they are written", `[1.0, 12345678901234567890]`, `{"InputType":"JSON"}`, `1.0 12345678901234567890`},
		{"nothing in it", ` [ ] `, `{"InputType":"JSON"}`, ``},
		{"an object is not mapped over", `{"Hello":"world"}`, `{"InputType":"JSON"}`, `! Attempting to map over non-iterable node.`},
		{"a number neither", `7`, `{"InputType":"JSON"}`, `! Attempting to map over non-iterable node.`},
		{"pointer", `{"x":[{"deep":[1]}],"a":{"b/c":[0,{"~":[7,8]}]},"z":1}`, `{"InputType":"JSON","ItemsPointer":"/a/b~1c/1/~0"}`, `7 8`},
		{"pointer to an object", `{"a":{"z":1,"b":{"c":2}}}`, `{"InputType":"JSON","ItemsPointer":"/a"}`, `z=1 b={"c":2}`},
		{"pointer to nothing", `{"a":[1]}`, `{"InputType":"JSON","ItemsPointer":"/b"}`, `! the ItemsPointer "/b" leads nowhere`},
		{"pointer behind an array", `[[1],[2,3]]`, `{"InputType":"JSON","ItemsPointer":"/1"}`, `2 3`},
		{"more than an array", `[1] 2`, `{"InputType":"JSON"}`, `! something follows the JSON array`},
		{"cut off", `[1, {"a":`, `{"InputType":"JSON"}`, `! the JSON ends too early`},
		{"empty", ``, `{"InputType":"JSON"}`, `! the JSON ends too early`},
		{"lines", "{\"a\":1}\n\n [2]\r\n3", `{"InputType":"JSONL"}`, `{"a":1} [2] 3`},
		{"a bad line", "1\n{", `{"InputType":"JSONL"}`, `! line 2: not JSON: unexpected EOF`},
		{"header in the first row", "a,b\n1,2\n3\n4,5,6\n", first, `{"a":"1","b":"2"} {"a":"3","b":""} {"a":"4","b":"5"}`},
		{"mark of UTF-8, line ends of Windows", "\ufeffa,b\r\n1,2\r\n\r\n3,4", first, `{"a":"1","b":"2"} {"a":"3","b":"4"}`},
		{"blanks are a value", "a,b\n   \n,\n", first, `{"a":"   ","b":""} {"a":"","b":""}`},
		{"no rows", "a,b\n", first, ``},
		{"no header", "", first, `! the CSV file has no header`},
		{"the example of the documentation",
			"abc,123,\"This string contains commas, a double quotation marks (\"\"), and a newline (\n)\",{\"\"MyKey\"\":\"\"MyValue\"\"},\"[1,2,3]\"",
			given(`"l","n","s","o","a"`, ""),
			`{"a":"[1,2,3]","l":"abc","n":"123","o":"{\"MyKey\":\"MyValue\"}","s":"This string contains commas, a double quotation marks (\"), and a newline (\n)"}`},
		{"backslashes", `C:\\Program Files\\MyApp.exe,a\,b,x\yz`, given(`"a","b","c"`, ""), `{"a":"C:\\Program Files\\MyApp.exe","b":"a,b","c":"xyz"}`},
		{"quotation marks in a field", `a"b"c,"","""q"""`, given(`"a","b","c"`, ""), `{"a":"a\"b\"c","b":"","c":"\"q\""}`},
		{"pipes", "a,b|c\n", given(`"a","b"`, `,"CSVDelimiter":"PIPE"`), `{"a":"a,b","b":"c"}`},
		{"tabs", "a\tb c", given(`"a","b"`, `,"CSVDelimiter":"TAB"`), `{"a":"a","b":"b c"}`},
		{"too long a header", strings.Repeat("a", items.MaxHeader+1), first, fmt.Sprintf("! row 1 of the CSV file has more than %d bytes", items.MaxHeader)},
		{"no such type", "", `{"InputType":"XML"}`, `! the InputType "XML" cannot be read here`},
		{"no type", "", `{}`, `! the ReaderConfig has no InputType`},
		{"no place of the header", "", `{"InputType":"CSV"}`, `! unknown CSVHeaderLocation ""`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, limit := range []int{1, 2, 1000} {
				b := &bucket{objects: map[string]string{"k": tt.data}}
				got, err := readAll(b, effect("getObject", one, tt.config), limit, limit == 2)
				text := show(got)
				if err != nil {
					text = "! " + err.Error()
				}
				if text != tt.want {
					t.Errorf("pages of %d\ngot  %s\nwant %s", limit, text, tt.want)
				}
				if b.opened != b.closed {
					t.Errorf("%d bodies opened, %d closed", b.opened, b.closed)
				}
				for _, i := range got {
					if i.Source != "s3://b/k" {
						t.Errorf("source %s", i.Source)
					}
				}
			}
		})
	}
}

func TestManyObjects(t *testing.T) {
	t.Parallel()
	const manifest = `{"sourceBucket":"s","destinationBucket":"arn:aws:s3:::inv","fileFormat":"CSV","fileSchema":"Bucket, Key, Size",
		"files":[{"key":"d/2.csv.gz","size":1},{"key":"d/1.csv","size":2}]}`
	objects := map[string]string{
		"p/": "", "p/a.json": `[1,2]`, "p/b.json": `[]`, "p/c.json.gz": packed(`[3]`), "q/x.jsonl": "{\"n\":1}\n{\"n\":2}\n",
		"inv/manifest.json": manifest, "d/1.csv": "\"s\",\"c\",\"3\"\n", "d/2.csv.gz": packed("\"s\",\"a/\",\"0\"\n\"s\",\"b\",\"2\"\n"),
		"unload-manifest.csv": "s3://b/q/x.jsonl\ns3://b/q/x.jsonl\n", "bad-manifest.csv": "q/x.jsonl\n", "r/z.json.zst": "",
	}
	tests := []struct{ name, action, arguments, config, want, source string }{
		{"metadata", "listObjectsV2", `{"Bucket":"b","Prefix":"p/a"}`, `null`,
			`{"Etag":"\"e-p/a.json\"","Key":"p/a.json","LastModified":1668699881,"Size":5,"StorageClass":"STANDARD"}`, "s3://b"},
		{"folders are objects too", "listObjectsV2", `{"Bucket":"b","Prefix":"p/"}`, `{"Transformation":"NONE"}`, "", "s3://b"},
		{"flattened", "listObjectsV2", `{"Bucket":"b","Prefix":"p/"}`, `{"InputType":"JSON","Transformation":"LOAD_AND_FLATTEN"}`, `1 2 3`, ""},
		{"inventory", "getObject", `{"Bucket":"b","Key":"inv/manifest.json"}`, `{"InputType":"MANIFEST"}`,
			`{"Bucket":"s","Key":"a/","Size":"0"} {"Bucket":"s","Key":"b","Size":"2"} {"Bucket":"s","Key":"c","Size":"3"}`, ""},
		{"inventory by its type", "getObject", `{"Bucket":"b","Key":"inv/manifest.json"}`, `{"ManifestType":"S3_INVENTORY"}`,
			`{"Bucket":"s","Key":"a/","Size":"0"} {"Bucket":"s","Key":"b","Size":"2"} {"Bucket":"s","Key":"c","Size":"3"}`, ""},
		{"no inventory", "getObject", `{"Bucket":"b","Key":"p/a.json"}`, `{"InputType":"MANIFEST"}`,
			`! the manifest p/a.json: json: cannot unmarshal array`, ""},
		{"unloaded", "getObject", `{"Bucket":"b","Key":"unload-manifest.csv"}`, `{"ManifestType":"ATHENA_DATA","InputType":"JSONL"}`,
			`{"n":1} {"n":2} {"n":1} {"n":2}`, "s3://b/q/x.jsonl"},
		{"no URI", "getObject", `{"Bucket":"b","Key":"bad-manifest.csv"}`, `{"ManifestType":"ATHENA_DATA","InputType":"JSONL"}`,
			`! the manifest names "q/x.jsonl", which is no object`, ""},
		{"parquet", "getObject", `{"Bucket":"b","Key":"t.parquet"}`, `{"InputType":"PARQUET"}`, `{"a":true} {"a":null}`, "s3://b/t.parquet"},
		{"parquet has no versions", "getObject", `{"Bucket":"b","Key":"t.parquet","VersionId":"v"}`, `{"InputType":"PARQUET"}`,
			`! VersionId is not supported for Parquet files`, ""},
		{"another compression", "getObject", `{"Bucket":"b","Key":"r/z.json.zst"}`, `{"InputType":"JSON"}`,
			`! the object r/z.json.zst is packed with Zstandard, which cannot be read here`, ""},
		{"no such object", "getObject", `{"Bucket":"b","Key":"no"}`, `{"InputType":"JSON"}`, `! the specified key does not exist`, ""},
		{"no bucket", "getObject", `{"Key":"no"}`, `{"InputType":"JSON"}`, `! the ItemReader names no Bucket`, ""},
		{"no key", "getObject", `{"Bucket":"b"}`, `{"InputType":"JSON"}`, `! the ItemReader names no Key`, ""},
		{"another call", "putObject", one, `{"InputType":"JSON"}`, `! an ItemReader cannot read with arn:aws:states:::s3:putObject`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, limit := range []int{1, 2, 1000} {
				// The list of an UNLOAD names each object once; here it is twice, which
				// only a whole reading can tell apart.
				b := &bucket{objects: objects, rows: map[string][]map[string]any{"t.parquet": {{"a": true}, {"a": nil}}}}
				got, err := readAll(b, effect(tt.action, tt.arguments, tt.config), limit, limit == 2 && tt.name != "unloaded")
				text := show(got)
				if err != nil {
					text = "! " + err.Error()
				}
				if tt.want != "" && !strings.HasPrefix(text, tt.want) || tt.want == "" && len(got) != 4 {
					t.Errorf("pages of %d\ngot  %s\nwant %s", limit, text, tt.want)
				}
				if b.opened != b.closed {
					t.Errorf("%d bodies opened, %d closed", b.opened, b.closed)
				}
				for _, i := range got {
					if tt.source != "" && i.Source != tt.source {
						t.Errorf("source %s, want %s", i.Source, tt.source)
					}
				}
			}
		})
	}
}

// TestPagesAreBounded sees that a page ends by its bytes too.
func TestPagesAreBounded(t *testing.T) {
	t.Parallel()
	line := `"` + strings.Repeat("x", 300<<10) + `"` + "\n"
	b := &bucket{objects: map[string]string{"k": strings.Repeat(line, 10)}}
	r, err := items.Open(t.Context(), b.ports(), effect("getObject", one, `{"InputType":"JSONL"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	page, err := r.Page(1000)
	if err != nil || len(page.Items) != 3 || page.Next == "" {
		t.Fatalf("%d items, next %q, %v", len(page.Items), page.Next, err)
	}
	for _, again := range []bool{false, true} {
		all, err := readAll(b, effect("getObject", one, `{"InputType":"JSONL"}`), 1000, again)
		if err != nil || len(all) != 10 {
			t.Errorf("%d items, %v", len(all), err)
		}
	}
}

// endless is JSON that never ends.
type endless struct{ text string }

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = e.text[i%len(e.text)]
	}
	return len(p), nil
}

func TestEndlessItems(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, start, repeated, config string }{
		{"text", `["`, "x", `{"InputType":"JSON"}`},
		{"array", `[`, "[", `{"InputType":"JSON"}`},
		{"passed over", `{"a":`, "[", `{"InputType":"JSON","ItemsPointer":"/b"}`},
		{"line", `"`, "x", `{"InputType":"JSONL"}`},
		{"field", "a\n", "x", `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`},
		{"fields", "a\n", ",", `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`},
		{"quoted", "a\n", `"`, `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`},
		{"header", "", `a,`, `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`},
		{"manifest", `{"fileFormat":"`, `C`, `{"InputType":"MANIFEST"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ports := items.Ports{Open: func(context.Context, string, string, string) (io.ReadCloser, error) {
				return io.NopCloser(io.MultiReader(strings.NewReader(tt.start), endless{tt.repeated})), nil
			}}
			r, err := items.Open(t.Context(), ports, effect("getObject", one, tt.config))
			if err == nil {
				_, err = r.Page(1000)
				_ = r.Close()
			}
			if err == nil {
				t.Error("no end was found, and no fault")
			}
		})
	}
}

func TestChangedData(t *testing.T) {
	t.Parallel()
	b := &bucket{objects: map[string]string{"k": "1\n2\n3\n"}}
	e := effect("getObject", one, `{"InputType":"JSONL"}`)
	r, err := items.Open(t.Context(), b.ports(), e)
	if err != nil {
		t.Fatal(err)
	}
	page, err := r.Page(2)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	b.objects["k"] = "1\n"
	e.Cursor = page.Next
	if _, err := items.Open(t.Context(), b.ports(), e); err == nil || !strings.Contains(err.Error(), "shorter") {
		t.Errorf("got %v", err)
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	a := items.Answer(asl.Page{}, errNoKey)
	if a.Kind != asl.Failure || a.Error != nil || a.Cause == nil || *a.Cause != errNoKey.Error() {
		t.Errorf("got %+v", a)
	}
	if a := items.Answer(asl.Page{Next: "n"}, nil); a.Kind != asl.Done || a.Page.Next != "n" {
		t.Errorf("got %+v", a)
	}
}

// FuzzItems reads any bytes as any format: no panic, no endless loop, and the
// same items however they are paged.
func FuzzItems(f *testing.F) {
	for i, seed := range []string{`[1,{"a":[null,"x"]}]`, "a,b\n1,\"2\"\"\n\"\n", "{\"a\":1}\n[2]\n", `{"a":{"b":[1]}}`, "a\\\\,\\\"b\n\r\n", "\ufeff\"", `{"fileFormat":"CSV","fileSchema":"a","files":[{"key":"k"}]}`} {
		f.Add([]byte(seed), byte(i), "/a/b")
	}
	configs := []string{`{"InputType":"JSON"}`, `{"InputType":"JSONL"}`, `{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`,
		`{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","b"],"CSVDelimiter":"SPACE"}`, `{"InputType":"JSON","ItemsPointer":%s}`,
		`{"InputType":"MANIFEST"}`, `{"ManifestType":"ATHENA_DATA","InputType":"JSONL"}`}
	f.Fuzz(func(t *testing.T, data []byte, which byte, pointer string) {
		config := configs[int(which)%len(configs)]
		if strings.Contains(config, "%s") {
			config = fmt.Sprintf(config, asl.Text(pointer))
		}
		e := effect("getObject", one, config)
		b := &bucket{objects: map[string]string{"k": string(data)}}
		all, err := readAll(b, e, 1000, false)
		if b.opened != b.closed {
			t.Errorf("%d bodies opened, %d closed", b.opened, b.closed)
		}
		if err != nil || len(all) > 50 || int(which)%len(configs) == 6 {
			return
		}
		paged, err := readAll(b, e, 1, true)
		if err != nil || show(paged) != show(all) {
			t.Errorf("in pages %s (%v), at once %s", show(paged), err, show(all))
		}
	})
}
