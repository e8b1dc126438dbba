package transform_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/transform"
	"wplake/internal/wordpress/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// things is a table with a column of every kind.
func things() []lake.Column {
	return []lake.Column{
		{Name: "ID", Type: "bigint"}, {Name: "name", Type: "string"}, {Name: "email", Type: "string"},
		{Name: "price", Type: "decimal(10,2)"}, {Name: "ratio", Type: "double"}, {Name: "on_sale", Type: "boolean"},
		{Name: "made", Type: "timestamp"}, {Name: "day", Type: "date"}, {Name: "said", Type: "string"},
		{Name: "tags", Type: "array<string>"}, {Name: `odd "name"`, Type: "int"},
	}
}

// everyStep has a list of steps for each kind of step.
func everyStep() map[string][]transform.Step {
	return map[string][]transform.Step{
		"none":            {},
		"drop":            {{Drop: []string{"NAME", "absent"}}},
		"select":          {{Select: []string{"name", "id"}}},
		"rename":          {{Rename: map[string]string{"id": "thing_id", `odd "name"`: "even"}}},
		"cast":            {{Cast: map[string]lake.Type{"id": "int", "said": "timestamp", "email": "decimal(6,2)", "name": "double", "made": "date"}}},
		"cast_text":       {{Cast: map[string]lake.Type{"made": "string", "ratio": "string", "price": "string", "tags": "string", "on_sale": "string"}}},
		"split_date":      {{SplitDate: []string{"made", "day", "said"}}},
		"decode_entities": {{DecodeEntities: []string{"name", "email"}}},
		"trim":            {{Trim: []string{"name"}}},
		"null_if":         {{NullIf: map[string][]string{"name": {"", "n/a"}, "id": {"0"}, "price": {"0.00"}, "day": {"1970-01-01"}, "on_sale": {"false"}, "ratio": {"-1"}, "made": {"1970-01-01 00:00:00"}}}},
		"replace":         {{Replace: &transform.Replace{Columns: []string{"name"}, Find: "it's", With: "it is"}}},
		"replace_regex":   {{Replace: &transform.Replace{Columns: []string{"name"}, Find: `(\d+)\s*(€|\$)`, With: `\2 \1 \\ $`, Regex: true}}},
		"filter":          {{Filter: `"ID" > 0 AND name LIKE '%(%'`}},
		"deduplicate":     {{Deduplicate: &transform.Deduplicate{By: []string{"email", "day"}, OrderBy: []string{"made desc", "id"}}}},
		"mask": {
			{Mask: &transform.Mask{Columns: []string{"email", "made"}, Method: transform.MaskHash, Salt: "it's salt"}},
			{Mask: &transform.Mask{Columns: []string{"name"}, Method: transform.MaskHash}},
			{Mask: &transform.Mask{Columns: []string{"ID"}, Method: transform.MaskRedact}},
			{Mask: &transform.Mask{Columns: []string{"said"}, Method: transform.MaskEmail}},
			{Mask: &transform.Mask{Columns: []string{"tags", "price"}, Method: transform.MaskNull}},
		},
		"sql":    {{SQL: "SELECT \"ID\", 1 AS one\nFROM input -- the table"}, {Drop: []string{"one"}}},
		"stages": {{Drop: []string{"tags"}}, {Filter: "ratio < 1"}, {Cast: map[string]lake.Type{"name": "bigint"}}, {Trim: []string{"said"}}, {Cast: map[string]lake.Type{"name": "int"}}},
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, steps := range everyStep() {
		golden(t, name, steps, things())
	}
	for _, profile := range transform.Profiles() {
		for _, table := range model.Tables() {
			if steps, ok := transform.Rules(profile, table.Object); ok {
				golden(t, string(profile)+"_"+table.Object, steps, table.Columns)
			}
		}
	}
}

func golden(t *testing.T, name string, steps []transform.Step, columns []lake.Column) {
	t.Helper()
	for _, dialect := range []transform.Dialect{transform.DuckDB, transform.Trino} {
		plan, err := transform.Compile(steps, `"the table"`, columns, dialect, transform.Options{
			Describe: func([]string, string) ([]lake.Column, error) {
				return []lake.Column{{Name: "ID", Type: "bigint"}, {Name: "one", Type: "int"}}, nil
			},
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		text := plan.SQL + "\n"
		if plan.Rejects != "" {
			text += "\n-- rejects\n" + plan.Rejects + "\n"
		}
		for _, n := range plan.Notes {
			text += "-- note: " + n + "\n"
		}
		for _, s := range plan.Setup {
			if !strings.Contains(s, "entit") {
				text += "-- setup: " + s + "\n"
			}
		}
		text = strings.ReplaceAll(text, transform.EntityLiteral(), "'(all entities)'")
		path := filepath.Join("testdata", "golden", name+"."+string(dialect)+".sql")
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("%v (go test -update writes it)", err)
		}
		if text != string(want) {
			t.Errorf("%s differs (go test -update writes it anew); it is now\n%s", path, text)
		}
	}
}
