package transform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/transform"
)

func TestReferenceProfile(t *testing.T) {
	t.Parallel()
	all := []string{
		"ID", "post_author", "post_date", "post_date_gmt", "post_content", "post_title", "post_excerpt", "post_status",
		"comment_status", "ping_status", "post_password", "post_name", "to_ping", "pinged", "post_modified", "post_modified_gmt",
		"post_content_filtered", "post_parent", "guid", "menu_order", "post_type", "post_mime_type", "comment_count",
	}
	posts := func(without ...string) []lake.Column {
		var out []lake.Column
		for _, n := range all {
			kind := lake.String
			if n == "post_date" || n == "post_modified" {
				kind = lake.Timestamp
			}
			if !slices.Contains(without, n) {
				out = append(out, lake.Column{Name: n, Type: kind})
			}
		}
		return out
	}
	for _, c := range []struct {
		name    string
		columns []lake.Column
		want    int
	}{
		{"the full table", posts(), 18},
		{"the author's endpoint", posts("post_author", "post_content", "post_password"), 15},
	} {
		steps, ok := transform.Rules(transform.Reference, "posts")
		if !ok {
			t.Fatal("no rules for posts")
		}
		plan, err := transform.Compile(steps, "t", c.columns, transform.DuckDB, transform.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Columns) != c.want || len(plan.Notes) != 0 {
			t.Errorf("%s: %d columns, want %d; notes %q", c.name, len(plan.Columns), c.want, plan.Notes)
		}
	}
	for _, object := range []string{"comments", "users", "options", "something"} {
		if _, ok := transform.Rules(transform.Reference, object); ok {
			t.Errorf("the reference has no rules for %s", object)
		}
	}
	if _, ok := transform.Rules("other", "posts"); ok {
		t.Error("an unknown profile has rules")
	}
	if _, ok := transform.Rules(transform.Full, "term_relationships"); !ok {
		t.Error("the database's spelling of term_relationship is not known")
	}
}

// No secret comes through the profile full, whatever the case of its column.
func TestFullProfileHidesSecrets(t *testing.T) {
	t.Parallel()
	d := openDB(t)
	tables := map[string]string{
		"users": `SELECT 1 AS ID, '$P$Bsecret' AS USER_PASS, 'secret' AS user_activation_key, 'Ann' AS display_name, TIMESTAMP '2024-01-01' AS user_registered`,
		"posts": `SELECT 1 AS ID, 'secret' AS post_password, 'A &amp; B' AS post_title`,
		"usermeta": `SELECT * FROM (VALUES (1, 'session_tokens', 'secret'), (2, '_application_passwords', 'secret'), (3, 'nickname', 'Ann'),
			(4, '_two_factor_totp_key', 'secret'), (5, NULL, 'plain'), (6, 'stripe_api_key', 'secret')) v(umeta_id, meta_key, meta_value)`,
		"postmeta": `SELECT 1 AS meta_id, '_oembed_TOKEN' AS meta_key, 'secret' AS meta_value`,
		"options": `SELECT * FROM (VALUES ('auth_key', 'secret'), ('blogname', 'Ann''s'), ('wp_mail_smtp', 'secret'),
			('mailserver_pass', 'secret'), (NULL, 'secret')) v(option_name, option_value)`,
	}
	want := map[string][][]string{
		"users":    {{"1", "Ann", "2024-01-01", "2024-01-01", "2024", "1", "1"}},
		"posts":    {{"1", "***", "A & B"}},
		"usermeta": {{"3", "nickname", "Ann"}, {"5", "NULL", "plain"}},
		"postmeta": nil,
		"options":  {{"blogname", "Ann's"}},
	}
	for object, query := range tables {
		d.exec("CREATE TABLE " + object + " AS " + query)
		steps, ok := transform.Rules(transform.Full, object)
		if !ok {
			t.Fatalf("no rules for %s", object)
		}
		plan := d.compile(object, transform.Options{}, steps...)
		_, rows := d.rows(plan.SQL)
		compareRows(t, object, rows, want[object])
	}
}

func TestNotes(t *testing.T) {
	t.Parallel()
	columns := []lake.Column{{Name: "id", Type: "bigint"}, {Name: "name", Type: "string"}, {Name: "price", Type: "decimal(4,2)"}}
	cases := []struct {
		step transform.Step
		want string
	}{
		{transform.Step{Drop: []string{"prize"}}, "there is no column prize"},
		{transform.Step{Mask: &transform.Mask{Columns: []string{"nam"}, Method: transform.MaskNull}}, "name is not masked: is it meant by nam?"},
		{transform.Step{Select: []string{"id", "x"}}, "there is no column x"},
		{transform.Step{Rename: map[string]string{"x": "y"}}, "there is no column x"},
		{transform.Step{Cast: map[string]lake.Type{"x": "int"}}, "there is no column x"},
		{transform.Step{SplitDate: []string{"id"}}, "column id is bigint and has no date to split"},
		{transform.Step{DecodeEntities: []string{"id"}}, "column id is bigint, not text"},
		{transform.Step{Trim: []string{"x"}}, "there is no column x"},
		{transform.Step{NullIf: map[string][]string{"id": {"none"}}}, `column id is bigint and never holds "none"`},
		{transform.Step{NullIf: map[string][]string{"price": {"1e2"}}}, `column price is decimal(4,2) and never holds "1e2"`},
		{transform.Step{Replace: &transform.Replace{Columns: []string{"x"}, Find: "a"}}, "there is no column x"},
		{transform.Step{Mask: &transform.Mask{Columns: []string{"x"}, Method: transform.MaskRedact}}, "there is no column x"},
		{transform.Step{Deduplicate: &transform.Deduplicate{By: []string{"id"}, OrderBy: []string{"x desc"}}}, "there is no column x"},
		{transform.Step{Deduplicate: &transform.Deduplicate{By: []string{"id", "x"}}}, "nothing is deduplicated, since fewer columns would take different rows for the same"},
	}
	for _, c := range cases {
		for _, dialect := range []transform.Dialect{transform.DuckDB, transform.Trino} {
			plan, err := transform.Compile([]transform.Step{{Drop: []string{"x"}}, c.step}, "t", columns, dialect, transform.Options{})
			if err != nil {
				t.Errorf("%s: %v", transform.Label(c.step), err)
				continue
			}
			want := "step 2 (" + c.step.Kind() + "): " + c.want
			if !slices.Contains(plan.Notes, want) {
				t.Errorf("notes %q, want %q", plan.Notes, want)
			}
			if notes := plan.Stages[len(plan.Stages)-1].Notes; !slices.Contains(notes, c.want) {
				t.Errorf("notes of the stage %q, want %q", notes, c.want)
			}
			if len(plan.Stages) != 3 {
				t.Errorf("%s: %d stages, want 3", transform.Label(c.step), len(plan.Stages))
			}
		}
	}
}

func TestInvalidSteps(t *testing.T) {
	t.Parallel()
	columns := []lake.Column{{Name: "id", Type: "bigint"}, {Name: "name", Type: "string"}, {Name: "id_year", Type: "int"}}
	cases := []struct {
		step transform.Step
		want string
	}{
		{transform.Step{}, "step 1: says nothing to do"},
		{transform.Step{Drop: []string{"id"}, Trim: []string{"name"}}, "step 1: says drop and trim at once; write each as a step of its own"},
		{transform.Step{Drop: []string{}}, "step 1 (drop): names no column"},
		{transform.Step{Drop: []string{"id", "ID"}}, "step 1 (drop): names the column ID twice"},
		{transform.Step{Drop: []string{"id", "name", "id_year"}}, "step 1 (drop): leaves no column"},
		{transform.Step{Trim: []string{""}}, "step 1 (trim): names a column without a name"},
		{transform.Step{Select: []string{"x"}}, "step 1 (select): none of its columns is there"},
		{transform.Step{Rename: map[string]string{"id": "NAME"}}, "step 1 (rename): would make a second column name"},
		{transform.Step{Rename: map[string]string{"id": "a", "name": "A"}}, "step 1 (rename): new names: names the column a twice"},
		{transform.Step{Cast: map[string]lake.Type{"id": "text"}}, `step 1 (cast): cannot cast id to "text"`},
		{transform.Step{Replace: &transform.Replace{Columns: []string{"name"}}}, "step 1 (replace): find is empty"},
		{transform.Step{Replace: &transform.Replace{Columns: []string{"name"}, Find: "(", Regex: true}}, "step 1 (replace): find is no regular expression"},
		{transform.Step{Replace: &transform.Replace{Columns: []string{"name"}, Find: "a", With: `\1`, Regex: true}}, `step 1 (replace): with uses \1, but find has 0 groups`},
		{transform.Step{Replace: &transform.Replace{Columns: []string{"name"}, Find: "a", With: `\n`, Regex: true}}, `step 1 (replace): with has a backslash`},
		{transform.Step{Replace: &transform.Replace{Columns: []string{"name"}, Find: "a\x00"}}, `step 1 (replace): holds a NUL character`},
		{transform.Step{Filter: "id > 0; DROP TABLE x"}, "step 1 (filter): has a ';'"},
		{transform.Step{Filter: "id > 0) OR (1 = 1"}, "step 1 (filter): a ) closes what was not opened"},
		{transform.Step{Filter: "id IN (SELECT 1)"}, "step 1 (filter): has a query in it (SELECT)"},
		{transform.Step{Filter: "id IN (FROM x)"}, "step 1 (filter): has a query in it (FROM)"},
		{transform.Step{Filter: "id > 0 -- all"}, "step 1 (filter): has a comment"},
		{transform.Step{Filter: "name = 'a"}, "step 1 (filter): a quote ' is not closed"},
		{transform.Step{Filter: `name = e'\''`}, "step 1 (filter): a text with the prefix e"},
		{transform.Step{Filter: `name = $$a$$`}, "step 1 (filter): a $ outside of quotes"},
		{transform.Step{Filter: " "}, "step 1 (filter): is empty"},
		{transform.Step{Deduplicate: &transform.Deduplicate{}}, "step 1 (deduplicate): names no column"},
		{transform.Step{Deduplicate: &transform.Deduplicate{By: []string{"id"}, OrderBy: []string{" "}}}, "step 1 (deduplicate): order_by has an element without a column"},
		{transform.Step{Mask: &transform.Mask{Columns: []string{"id"}, Method: "blur"}}, `step 1 (mask): unknown method "blur"`},
		{transform.Step{Mask: &transform.Mask{Columns: []string{"id"}, Method: transform.MaskNull, Salt: "x"}}, "step 1 (mask): salt is for the method hash only"},
		{transform.Step{SQL: "SELECT 1"}, "step 1 (sql): needs an engine to tell its columns"},
		{transform.Step{SQL: "DELETE FROM input"}, "step 1 (sql): is not a SELECT over the table input"},
		{transform.Step{SQL: "SELECT 1) UNION (SELECT 2"}, "step 1 (sql): a ) closes what was not opened"},
		{transform.Step{SQL: "-- nothing"}, "step 1 (sql): is empty"},
		{transform.Step{SQL: "SELECT /* a /* b */ 1"}, "step 1 (sql): a comment within a comment"},
	}
	for _, c := range cases {
		_, err := transform.Compile([]transform.Step{c.step}, "t", columns, transform.DuckDB, transform.Options{})
		if !lake.HasCode(err, lake.StepInvalid) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", transform.Label(c.step), err, c.want)
		}
	}
	split := []lake.Column{{Name: "d", Type: "date"}, {Name: "D_YEAR", Type: "int"}}
	if _, err := transform.Compile([]transform.Step{{SplitDate: []string{"d"}}}, "t", split, transform.DuckDB, transform.Options{}); !lake.HasCode(err, lake.StepInvalid) {
		t.Errorf("a second column d_year: %v", err)
	}
	taken := []transform.Step{{Rename: map[string]string{"d": "_ROW"}}}
	if _, err := transform.Compile(taken, "t", split, transform.DuckDB, transform.Options{Carry: "_row"}); !lake.HasCode(err, lake.StepInvalid) {
		t.Errorf("a second column _row: %v", err)
	}
	if _, err := transform.Compile(nil, "t", split, "mysql", transform.Options{}); err == nil {
		t.Error("an unknown dialect compiles")
	}
}

func TestFilterThatLooksOdd(t *testing.T) {
	t.Parallel()
	d := openDB(t)
	d.exec(`CREATE TABLE t AS SELECT * FROM (VALUES (1, 'a; b (', DATE '2024-05-01'), (2, '''--', NULL), (3, '$$', DATE '2023-05-01')) v(id, "name", "day")`)
	for condition, want := range map[string]int{
		`name = 'a; b ('`:           1,
		`name = '''--' OR "id" = 3`: 2,
		`extract(year FROM day) = 2024 AND trim(BOTH ' ' FROM name) <> ''`: 1,
		"name\nIS DISTINCT FROM 'x'":                                       3,
		`day > DATE '2023-12-31'`:                                          1,
		`id IN (1, 2) AND [1][1] = 1`:                                      2,
	} {
		plan := d.compile("t", transform.Options{}, transform.Step{Filter: condition})
		if _, rows := d.rows(plan.SQL); len(rows) != want {
			t.Errorf("%s: %d rows, want %d", condition, len(rows), want)
		}
	}
}

func TestSQLStep(t *testing.T) {
	t.Parallel()
	d := openDB(t)
	d.exec(`CREATE TABLE t AS SELECT * FROM (VALUES (1, 'a &amp; b'), (2, 'c')) v("ID", name)`)
	plan := d.compile("t", transform.Options{Carry: ""},
		transform.Step{DecodeEntities: []string{"name"}},
		transform.Step{SQL: "WITH x AS (SELECT * FROM input)\nSELECT 'line\n  kept' AS line, sum(ID) AS total, max(name) AS top, 18446744073709551615::UBIGINT AS big FROM x -- done"},
		transform.Step{Rename: map[string]string{"TOP": "best"}},
	)
	want := []lake.Column{{Name: "line", Type: "string"}, {Name: "total", Type: "decimal(38,0)"}, {Name: "best", Type: "string"}, {Name: "big", Type: "decimal(20,0)"}}
	if !equalColumns(plan.Columns, want) {
		t.Errorf("columns %v", plan.Columns)
	}
	_, rows := d.rows(plan.SQL)
	compareRows(t, "sql", rows, [][]string{{"line\n  kept", "3", "c", "18446744073709551615"}})

	failure := errors.New("no such column titel")
	_, err := transform.Compile([]transform.Step{{SQL: "SELECT titel FROM input"}}, "t", want, transform.DuckDB, transform.Options{
		Describe: func([]string, string) ([]lake.Column, error) {
			return nil, &lake.Error{Code: lake.QueryInvalid, Message: failure.Error(), Err: failure}
		},
	})
	if !lake.HasCode(err, lake.StepInvalid) || !errors.Is(err, failure) || !strings.HasPrefix(err.Error(), "step 1 (sql): no such") {
		t.Errorf("error %v", err)
	}
	_, err = transform.Compile([]transform.Step{{SQL: "SELECT 1 AS a, 2 AS A FROM input"}}, "t", want, transform.DuckDB, transform.Options{
		Describe: func([]string, string) ([]lake.Column, error) {
			return []lake.Column{{Name: "a", Type: "int"}, {Name: "A", Type: "int"}}, nil
		},
	})
	if err == nil || !strings.Contains(err.Error(), "second column A") {
		t.Errorf("two columns of one name: %v", err)
	}
}

// The text of a step's values never ends the text around it.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	d := openDB(t)
	d.exec(`CREATE TABLE t ("a""; DROP TABLE t; --" VARCHAR, "t" VARCHAR, "x" VARCHAR, "n" VARCHAR, "k" VARCHAR, "c" VARCHAR, "step_0" VARCHAR)`,
		`INSERT INTO t VALUES ('it''s', '&lt;', '&#65;', '&Auml;', '&ampx', 'c', 's')`)
	plan := d.compile("t", transform.Options{},
		transform.Step{DecodeEntities: []string{"t", "x", "n", "k", "c", "step_0"}},
		transform.Step{Replace: &transform.Replace{Columns: []string{`A"; drop table t; --`}, Find: "it's", With: "'); --\n"}},
		transform.Step{NullIf: map[string][]string{"c": {"' OR '1'='1", "c"}}},
		transform.Step{Rename: map[string]string{"x": "new\nline\"--"}},
		transform.Step{Mask: &transform.Mask{Columns: []string{"step_0"}, Method: transform.MaskHash, Salt: "x' || '"}},
	)
	_, rows := d.rows(plan.SQL)
	compareRows(t, "hostile", rows, [][]string{{"'); --\n", "<", "A", "Ä", "&x", "NULL", "79196414e56f8bee26a3c7606f90f987fd06df7daab7c7b0b3d95ad746740b1a"}})
}

func TestSaltStaysOutOfTheQuery(t *testing.T) {
	t.Parallel()
	steps := []transform.Step{{Mask: &transform.Mask{Columns: []string{"mail"}, Method: transform.MaskHash, Salt: "${SALT}"}}}
	columns := []lake.Column{{Name: "mail", Type: "string"}}
	plan, err := transform.Compile(steps, "t", columns, transform.DuckDB, transform.Options{
		Secret: func(reference string) (string, error) { return "resolved " + reference, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if all := plan.SQL + plan.Stages[1].SQL + plan.Stages[1].Label; strings.Contains(all, "SALT") || strings.Contains(all, "resolved") {
		t.Errorf("the salt shows in %s", all)
	}
	if len(plan.Setup) != 1 || !strings.Contains(plan.Setup[0], "resolved ${SALT}") {
		t.Errorf("setup %q", plan.Setup)
	}
	missing := &lake.Error{Code: lake.ParameterMissing, Message: "SALT is not set"}
	_, err = transform.Compile(steps, "t", columns, transform.DuckDB, transform.Options{
		Secret: func(string) (string, error) { return "", missing },
	})
	if !errors.Is(err, missing) {
		t.Errorf("error %v", err)
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	a := []transform.Step{{Drop: []string{"a", "b"}}, {NullIf: map[string][]string{"x": {"1"}, "y": {"2"}}}}
	b := []transform.Step{{Drop: []string{"a", "b"}}, {NullIf: map[string][]string{"y": {"2"}, "x": {"1"}}}}
	if transform.Hash(a) != transform.Hash(b) || len(transform.Hash(a)) != 64 {
		t.Error("the order of a map changes the hash")
	}
	seen := map[string]string{}
	for name, steps := range everyStep() {
		h := transform.Hash(steps)
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		seen[h] = name
	}
	// A changed hash rebuilds every silver table: this says when that happens.
	if got := transform.Hash(a); got != "fd0d2e6edcaa8d84f1d892fc22f9d9488369ff0ab3d70a01b53dc7c8a5cf61d1" {
		t.Errorf("the hash is now %s; was that meant?", got)
	}
}

func TestLabel(t *testing.T) {
	t.Parallel()
	for want, step := range map[string]transform.Step{
		"drop [a, b]":                      {Drop: []string{"a", "b"}},
		"rename [a → b, c → d]":            {Rename: map[string]string{"c": "d", "a": "b"}},
		"cast [a to int]":                  {Cast: map[string]lake.Type{"a": "int"}},
		`null_if [a in ["", "x"]]`:         {NullIf: map[string][]string{"a": {"", "x"}}},
		`replace "x" by "y" in [a]`:        {Replace: &transform.Replace{Columns: []string{"a"}, Find: "x", With: "y"}},
		"replace /x/ by \"y\" in [a]":      {Replace: &transform.Replace{Columns: []string{"a"}, Find: "x", With: "y", Regex: true}},
		"filter a = 1 AND b":               {Filter: "a = 1\n\tAND b"},
		"deduplicate by [a], first of [b]": {Deduplicate: &transform.Deduplicate{By: []string{"a"}, OrderBy: []string{"b"}}},
		"mask hash [a]":                    {Mask: &transform.Mask{Columns: []string{"a"}, Method: transform.MaskHash, Salt: "secret"}},
		"sql SELECT 1 FROM input":          {SQL: "SELECT 1\nFROM input\n"},
	} {
		if got := transform.Label(step); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	long := transform.Label(transform.Step{Filter: strings.Repeat("é", 500)})
	if n := len([]rune(long)); n != 120 || !strings.HasSuffix(long, "…") {
		t.Errorf("a long label has %d characters", n)
	}
}
