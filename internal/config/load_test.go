package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/transform"
)

// parse reads a definition that must be right.
func parse(t *testing.T, text string) (config.Config, *config.File) {
	t.Helper()
	c, f, err := config.Parse("wplake.yaml", "/lake", []byte(text))
	if err != nil {
		t.Fatalf("Parse:\n%v\nof:\n%s", err, text)
	}
	return c, f
}

// want is a Config with every default and one change.
func want(change func(c *config.Config)) config.Config {
	c := config.Default()
	c.Source.Endpoints.Parameter = "/wordpress/site/api/mysqlendpoints"
	c.AWS.Stack = "wplake-site"
	change(&c)
	return c
}

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		want func(c *config.Config)
	}{
		"nothing":                  {"", func(*config.Config) {}},
		"a comment":                {"# nothing\n", func(*config.Config) {}},
		"a mark":                   {"---\n", func(*config.Config) {}},
		"a byte order mark":        {"\uFEFFsite: blog2\n", func(c *config.Config) { site(c, "blog2") }},
		"lines of Windows":         {"site: blog2\r\ndataset: d\r\n", func(c *config.Config) { site(c, "blog2"); c.Dataset = "d" }},
		"sections of comments":     {"source:\n  # kind: x\nobjects:\nalerts:\n  topics:\n", func(*config.Config) {}},
		"null is the default":      {"dataset: null\nengine: ~\n", func(*config.Config) {}},
		"a number as text":         {"site: 007\n", func(c *config.Config) { site(c, "007") }},
		"one deep value":           {"engine: {memory_limit: 1.5GiB}\n", func(c *config.Config) { c.Engine.MemoryLimit = 3 << 29 }},
		"bytes without a unit":     {"engine: {memory_limit: 256000000}\n", func(c *config.Config) { c.Engine.MemoryLimit = 256e6 }},
		"no retries":               {"source: {endpoints: {retries: 0, max_redirects: 0}}", func(c *config.Config) { c.Source.Endpoints.Retries, c.Source.Endpoints.MaxRedirects = -1, -1 }},
		"no loss":                  {"bronze: {max_loss: 0}", func(c *config.Config) { c.Bronze.MaxLoss = 0 }},
		"a share of its own":       {"objects: {posts: {max_loss: 0}}", func(c *config.Config) { c.Objects = map[string]config.Object{"posts": {MaxLoss: new(float64)}} }},
		"an object without values": {"objects:\n  posts:\n", func(c *config.Config) { c.Objects = map[string]config.Object{"posts": {}} }},
		"a time":                   {"source: {endpoints: {idle_timeout: 1m30s}}", func(c *config.Config) { c.Source.Endpoints.IdleTimeout = 90e9 }},
		"the largest seed":         {"source: {sample: {seed: 18446744073709551615}}", func(c *config.Config) { c.Source.Sample.Seed = 1<<64 - 1 }},
		"an alias": {"bronze: &b {drift: freeze}\nobjects: {posts: *b}\n", func(c *config.Config) {
			c.Bronze.Drift = config.Freeze
			c.Objects = map[string]config.Object{"posts": {Drift: config.Freeze}}
		}},
		"a merge": {"objects:\n  posts: &p {drift: freeze, on_delete: mark}\n  terms:\n    <<: *p\n    on_delete: drop\n", func(c *config.Config) {
			c.Objects = map[string]config.Object{
				"posts": {Drift: config.Freeze, OnDelete: config.Mark},
				"terms": {Drift: config.Freeze, OnDelete: config.Drop},
			}
		}},
		"steps": {`
objects:
  posts:
    columns: {price: "decimal(10,2)", ID: bigint}
    steps:
      - drop: [a, b]
      - rename: {x: y}
      - cast: {x: timestamp}
      - null_if: {x: ["", 0, no]}
      - replace: {columns: [t], find: "(a)", with: "", regex: true}
      - deduplicate: {by: [ID], order_by: [post_modified desc]}
      - mask: {columns: [m], method: hash, salt: "${SALT}"}
      - filter: |
          post_status = 'publish'
      - sql: SELECT * FROM input
`, func(c *config.Config) {
			c.Objects = map[string]config.Object{"posts": {
				Columns: map[string]lake.Type{"price": "decimal(10,2)", "ID": lake.Bigint},
				Steps: []transform.Step{
					{Drop: []string{"a", "b"}},
					{Rename: map[string]string{"x": "y"}},
					{Cast: map[string]lake.Type{"x": lake.Timestamp}},
					{NullIf: map[string][]string{"x": {"", "0", "no"}}},
					{Replace: &transform.Replace{Columns: []string{"t"}, Find: "(a)", Regex: true}},
					{Deduplicate: &transform.Deduplicate{By: []string{"ID"}, OrderBy: []string{"post_modified desc"}}},
					{Mask: &transform.Mask{Columns: []string{"m"}, Method: transform.MaskHash, Salt: "${SALT}"}},
					{Filter: "post_status = 'publish'\n"},
					{SQL: "SELECT * FROM input"},
				},
			}}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := parse(t, test.text)
			if diff := cmp.Diff(want(test.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// site sets the site's name and what follows from it.
func site(c *config.Config, name string) {
	c.Site = name
	c.Source.Endpoints.Parameter = "/wordpress/" + name + "/api/mysqlendpoints"
	c.AWS.Stack = "wplake-" + strings.ReplaceAll(name, ".", "-")
}

func TestProblems(t *testing.T) {
	t.Parallel()
	// Each text has its problems as file:line:column: message, in order.
	tests := map[string]struct {
		text string
		want []string
	}{
		"unknown key":          {"sitee: x\n", []string{`1:1: unknown key "sitee" (did you mean site?)`}},
		"a job on arm64":       {"silver: {runtime: glue-pythonshell}\naws: {functions: {architecture: arm64}}\n", []string{`1:19: silver.runtime glue-pythonshell runs the functions' binary, and Glue has x86_64 alone: aws.functions.architecture cannot be arm64`}},
		"unknown key, far":     {"buckets: {gold: x}\n", []string{`1:11: unknown key "gold" in buckets (known: raw, bronze, silver)`}},
		"unknown step":         {"objects:\n  posts:\n    steps:\n      - splitdate: [post_date]\n", []string{`4:9: unknown step "splitdate" (did you mean split_date?)`}},
		"two kinds in a step":  {"objects: {posts: {steps: [{drop: [a], trim: [b]}]}}", []string{`1:39: a step is of one kind: make trim a step of its own, beginning with "- trim:"`}},
		"a step of a word":     {"objects: {posts: {steps: [trim]}}", []string{`1:27: a step is a kind with its settings, as in "- trim: [post_title]"; "trim" is a word`}},
		"a step of nothing":    {"objects: {posts: {steps: [{}]}}", []string{"1:27: a step is one of drop, select, rename, cast, split_date, decode_entities, trim, null_if, replace, filter, deduplicate, mask, sql"}},
		"a step without value": {"objects:\n  posts:\n    steps:\n      - drop:\n", []string{"4:9: drop needs a value"}},
		"an empty step":        {"objects:\n  posts:\n    steps:\n      -\n", []string{"4:9: objects.posts.steps[0] is empty"}},
		"a missing setting":    {"objects: {posts: {steps: [{mask: {columns: [a]}}]}}", []string{"1:34: objects.posts.steps[0].mask needs method"}},
		"no columns":           {"objects: {posts: {steps: [{drop: []}, {rename: {}}, {cast: {}}, {null_if: {}}]}}", []string{"1:34: drop: names no column", "1:48: rename: names no column", "1:60: cast: names no column", "1:75: null_if: names no column"}},
		"a column twice":       {"objects: {posts: {steps: [{drop: [a, a]}]}}", []string{"1:34: drop: names the column a twice"}},
		"two of one name":      {"objects: {posts: {steps: [{rename: {a: x, b: X}}]}}", []string{"1:36: rename: new names: names the column x twice"}},
		"a wrong expression":   {"objects: {posts: {steps: [{replace: {columns: [a], find: '(', with: '', regex: true}}]}}", []string{"1:37: replace: find is no regular expression: error parsing regexp: missing closing ): `(`"}},
		"a salt for nothing":   {"objects: {posts: {steps: [{mask: {columns: [a], method: redact, salt: x}}]}}", []string{"1:34: mask: salt is for the method hash only"}},
		"blank SQL":            {"objects: {posts: {steps: [{sql: ' '}, {filter: ''}]}}", []string{"1:33: sql: is empty", "1:48: filter: is empty"}},
		"no value":             {"objects: {posts: {steps: [{null_if: {a: []}}]}}", []string{"1:41: null_if: names no value of a"}},
		"two statements":       {"objects: {posts: {steps: [{filter: '1=1; DROP TABLE x'}]}}", []string{"1:36: filter: has a ';': it must be one piece of SQL"}},
		"a cast to a list":     {"objects: {posts: {steps: [{cast: {a: tinyint, b: tinyimt}}]}}", []string{`1:50: objects.posts.steps[0].cast.b: unknown type "tinyimt" (did you mean tinyint?)`}},
		"a column of tinyint":  {"objects: {posts: {columns: {a: tinyint}}}", []string{`1:32: objects.posts.columns.a: unknown type "tinyint" (did you mean int?)`}},
		"a wrong method":       {"objects: {posts: {steps: [{mask: {columns: [a], method: hsah}}]}}", []string{`1:57: objects.posts.steps[0].mask.method cannot be "hsah" (did you mean hash?)`}},
		"a wrong type name":    {"objects: {posts: {columns: {a: text}}}", []string{`1:32: objects.posts.columns.a: unknown type "text" (did you mean string?)`}},
		"a wrong decimal":      {"objects: {posts: {columns: {a: 'decimal(39,2)'}}}", []string{`1:32: objects.posts.columns.a: unknown type "decimal(39,2)" (one of bigint, int, double, boolean, string, timestamp, date, decimal(p,s))`}},
		"two wrong enums":      {"bronze:\n  drift: evolv\nsilver:\n  profile: xyz\n", []string{`2:10: bronze.drift cannot be "evolv" (did you mean evolve?)`, `4:12: silver.profile cannot be "xyz" (one of reference, full)`}},
		"wrong on_delete":      {"objects: {posts: {on_delete: delete}}", []string{`1:30: objects.posts.on_delete cannot be "delete" (one of keep, mark, drop)`}},
		"a list for a word":    {"site: [a]\n", []string{"1:7: site is a single value, not a list"}},
		"a word for a list":    {"source: {endpoints: {urls: x}}\n", []string{"1:28: source.endpoints.urls is a list, as in [a, b], not text"}},
		"a word for a mapping": {"engine: fast\n", []string{"1:9: engine is a mapping (key: value), not text"}},
		"a list at the top":    {"- a\n", []string{"1:1: the definition is a mapping (key: value), not a list"}},
		"text at the top":      {"hello\n", []string{"1:1: the definition is a mapping (key: value), not text"}},
		"text for a number":    {"engine: {parallel: \"4\"}\n", []string{"1:20: engine.parallel is a whole number, not text"}},
		"a fraction":           {"engine: {parallel: 1.5}\n", []string{"1:20: engine.parallel is a whole number, not a single value"}},
		"a negative seed":      {"source: {sample: {seed: -1}}\n", []string{"1:25: source.sample.seed is a whole number from 0 to 18446744073709551615"}},
		"too large a number":   {"engine: {parallel: 99999999999999999999}\n", []string{"1:20: engine.parallel: 99999999999999999999 is too large a number"}},
		"out of range":         {"engine: {parallel: 65}\nsource: {endpoints: {retries: -1}}\n", []string{"1:20: engine.parallel is from 0 to 64, not 65", "2:31: source.endpoints.retries is from 0 to 20, not -1"}},
		"not a share":          {"bronze: {max_loss: 50}\nobjects: {a: {max_loss: -0.1}}\n", []string{"1:20: bronze.max_loss is a share from 0 to 1, not 50", "2:25: objects.a.max_loss is a share from 0 to 1, not -0.1"}},
		"not a size":           {"engine: {memory_limit: lots}\n", []string{`1:24: engine.memory_limit: "lots" is not a size (write 512MB, 2GB or 256MiB)`}},
		"too small a size":     {"engine: {memory_limit: 64MB}\n", []string{"1:24: engine.memory_limit is at least 256MB, not 64MB"}},
		"not a time":           {"source: {endpoints: {idle_timeout: 30}}\n", []string{`1:36: source.endpoints.idle_timeout: "30" is not a time span (write 30s, 5m or 1h30m)`}},
		"no time at all":       {"source: {endpoints: {idle_timeout: 0s}}\n", []string{"1:36: source.endpoints.idle_timeout is from 1ms to 24h, not 0s"}},
		"a key twice":          {"site: a\ndataset: b\nsite: c\n", []string{"3:1: site is there twice (first in line 1)"}},
		"an object twice":      {"objects:\n  posts: {}\n  terms: {}\n  posts: {}\n", []string{"4:3: posts is there twice (first in line 2)"}},
		"the same table":       {"objects: {a-b: {}, a.b: {}}\n", []string{`1:20: the objects a-b and a.b would have the same table "bronze-a_b"`}},
		"not a site":           {"site: a/b\n", []string{`1:7: site "a/b" is not a short name: letters, digits, '.', '_' and '-', at most 63`}},
		"a taken dataset":      {"dataset: silver\n", []string{`1:10: dataset cannot be "silver": queries use that name for something else`}},
		"not a bucket":         {"buckets: {raw: My Bucket}\n", []string{`1:16: buckets.raw: "My Bucket" is not a bucket's name: 3 to 63 lower-case letters, digits, '.' and '-'`}},
		"a shared bucket":      {"buckets: {silver: data-lakehouse-raw}\n", []string{"1:19: buckets.silver is the bucket of raw already; each layer has its own"}},
		"not an object":        {"objects: {a/b: {}}\n", []string{`1:11: "a/b" is not an object's name: letters, digits, '_', '-' and '.', at most 128`}},
		"not a parameter":      {"source: {endpoints: {parameter: 'a b'}}\n", []string{`1:33: source.endpoints.parameter: "a b" is not a parameter's name`}},
		"not a URL":            {"source: {endpoints: {urls: ['ftp://x/y']}}\n", []string{"1:29: source.endpoints.urls[0] is a web address: https://… or http://…"}},
		"an open reference":    {"source: {endpoints: {urls: ['https://${HOST/x']}}\n", []string{"1:29: source.endpoints.urls[0]: ${ is not followed by a variable's name and } (a literal ${ is written $${)"}},
		"our header":           {"source: {endpoints: {headers: {host: x}}}\n", []string{"1:32: the header host is wplake's own to set"}},
		"not a header":         {"source: {endpoints: {headers: {'a b': x}}}\n", []string{`1:32: "a b" is not an HTTP header's name`}},
		"no such channel":      {"alerts:\n  channels: {mail: 'smtp://h'}\n  topics: {data-lakehouse-raw: [mial]}\n", []string{`3:33: there is no channel "mial" in alerts.channels (did you mean mail?)`}},
		"a bare webhook":       {"alerts: {channels: {hook: 'https://x/y'}}\n", []string{"1:27: alerts.channels.hook: for a plain webhook write generic+https://…"}},
		"not a channel's URL":  {"alerts: {channels: {hook: me@example.org}}\n", []string{"1:27: alerts.channels.hook is a service's URL, as in smtp://… or slack://…"}},
		"a channel of nothing": {"alerts: {channels: {hook: }}\n", []string{"1:21: alerts.channels.hook needs a value"}},
		"a tag":                {"site: !!str x\n", []string{"1:7: tags such as !!str are not used in a definition"}},
		"no such anchor":       {"site: *x\n", []string{"1:7: *x: there is no anchor of that name above"}},
		"two documents":        {"site: a\n---\nsite: b\n", []string{"3:1: a second document: a definition is one"}},
		"not closed":           {"source: {endpoints: [\n", []string{"1:21: this is not YAML: sequence end token ']' not found"}},
		"a NUL":                {"site: a\x00b\n", []string{"1:8: this is not UTF-8 text"}},
		"not UTF-8":            {"site: a\ndataset: \xff\n", []string{"2:10: this is not UTF-8 text"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := config.Parse("wplake.yaml", "/lake", []byte(test.text))
			if !lake.HasCode(err, lake.ConfigInvalid) {
				t.Fatalf("Parse: %v; want the code ConfigInvalid", err)
			}
			var got []string
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if rest, ok := strings.CutPrefix(line, "wplake.yaml:"); ok {
					got = append(got, rest)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\nin full:\n%v", diff, err)
			}
		})
	}
}

func TestProblemShowsTheLine(t *testing.T) {
	t.Parallel()
	_, _, err := config.Parse("lakes/wplake.yaml", "/lake", []byte("objects:\n\tposts: {}\n"))
	if err == nil {
		t.Fatal("a tab was taken")
	}
	_, _, err = config.Parse("lakes/wplake.yaml", "/lake", []byte("site: ü\nobjects:\n  posts:\n    steps:\n      - splitdate: [post_date]\n"))
	want := `lakes/wplake.yaml:5:9: unknown step "splitdate" (did you mean split_date?)
     5 |       - splitdate: [post_date]
       |         ^`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	long := "site: " + strings.Repeat("x", 500) + "/\n"
	_, _, err = config.Parse("wplake.yaml", "/lake", []byte(long))
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if strings.HasPrefix(line, "     1 |") && len(line) > 140 {
			t.Errorf("a long line is shown whole: %d characters", len(line))
		}
	}
}

func TestManyProblemsAreBounded(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "unknown-%d: 1\n", i)
	}
	_, _, err := config.Parse("wplake.yaml", "/lake", []byte(b.String()))
	if n := strings.Count(err.Error(), "\n"); n > 100 || !strings.Contains(err.Error(), "and 980 more") {
		t.Errorf("%d lines of problems", n)
	}
}

// What would cost time or memory out of proportion is refused.
func TestBounds(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x, x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += string(c) + ": &" + string(c) + " [*" + string(c-1) + ", *" + string(c-1) + "]\n"
	}
	lists := "source: {endpoints: {urls: &u [" + strings.Repeat("'http://h/a_e/', ", 1000) + "]}}\nobjects:\n"
	for i := range 1000 {
		lists += "  o" + strings.Repeat("x", i%100) + string(rune('a'+i%26)) + strings.Repeat("y", i/100) + ": {key: *u}\n"
	}
	for name, text := range map[string]string{
		"brackets":   strings.Repeat("[", 50_000),
		"braces":     strings.Repeat("{a: ", 20_000),
		"entries":    strings.Repeat("- ", 20_000),
		"keys":       strings.Repeat("? ", 20_000),
		"anchors":    "a: " + strings.Repeat("&a ", 20_000),
		"bomb":       bomb,
		"long lists": lists,
		"self":       "objects: &o {posts: *o}\n",
		"merge self": "objects: &o {posts: &p {<<: *p}, <<: *o}\n",
		"too large":  strings.Repeat("# comment\n", 200_000),
	} {
		if _, _, err := config.Parse("wplake.yaml", "/lake", []byte(text)); !lake.HasCode(err, lake.ConfigInvalid) {
			t.Errorf("%s: Parse: %v; want the code ConfigInvalid", name, err)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	_, f := parse(t, "alerts:\n  channels: {a: '${A}', b: '${B}'}\n  topics: {data-lakehouse-row: [a]}\n")
	var got []string
	for _, w := range f.Warnings {
		got = append(got, w.String())
	}
	want := []string{
		`wplake.yaml:3:12: nothing is published on the topic "data-lakehouse-row" unless a parameter /sns/data/lakehouse/… names it (did you mean data-lakehouse-raw?)`,
		`wplake.yaml:2:25: no topic goes to the channel "b": it will get no alerts`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoadAndFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	below := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(below, 0o750); err != nil {
		t.Fatal(err)
	}
	_, err := config.Find(below)
	if e, ok := errors.AsType[*lake.Error](err); !ok || e.Code != lake.ConfigInvalid || !strings.Contains(e.Hint, "wplake init") {
		t.Errorf("Find without a definition: %v", err)
	}
	path := filepath.Join(dir, config.FileName)
	if _, _, err := config.Load(path); !lake.HasCode(err, lake.ConfigInvalid) {
		t.Errorf("Load of nothing: %v", err)
	}
	if err := os.WriteFile(path, []byte("site: blog\nroot: data/lake\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := config.Find(below)
	if err != nil || found != path {
		t.Errorf("Find = %q, %v; want %q", found, err, path)
	}
	c, f, err := config.Load(path)
	if err != nil || c.Site != "blog" {
		t.Fatalf("Load = %+v, %v", c, err)
	}
	if got := f.Abs(c.Root); got != filepath.Join(dir, "data", "lake") {
		t.Errorf("Abs(root) = %q", got)
	}
	if got := f.Abs("/x/../y"); got != "/y" {
		t.Errorf("Abs = %q", got)
	}
	if _, _, err := config.Load(dir); !lake.HasCode(err, lake.ConfigInvalid) {
		t.Errorf("Load of a folder: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "site: x", "a: [", "objects: {posts: {steps: [{drop: [a]}]}}", "x: &x {y: *x}", "<<: {a: b}", "? a\n: b", "- - -",
		"a: |\n  b\n c", "\"a\": 'b'", "site: \"\\u0000\"", "%YAML 1.2\n---\nsite: a", "source: {endpoints: {password: '${A}b'}}",
		"alerts: {channels: {a: smtp://x}, topics: {t: [a]}}", "site: !!x y", "\t", "a:\n\tb: c", "bronze: {max_loss: .inf}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, file, err := config.Parse("wplake.yaml", "/lake", []byte(text))
		if err != nil {
			if !lake.HasCode(err, lake.ConfigInvalid) || !strings.HasPrefix(err.Error(), "wplake.yaml") {
				t.Errorf("Parse: %v", err)
			}
			return
		}
		// What was taken can be shown.
		if config.Effective(c, file) == "" || len(config.Settings(c, file)) == 0 {
			t.Error("nothing is shown")
		}
	})
}
