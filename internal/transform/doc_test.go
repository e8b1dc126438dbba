package transform_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"wplake/internal/lake"
	"wplake/internal/transform"
	"wplake/internal/wordpress/model"
)

// docTable is a table of the documentation.
type docTable struct {
	columns []lake.Column // without types where the header has none
	rows    [][]string
}

// docExample is an example: steps, the table before, after, and the rejects.
type docExample struct {
	section string
	yaml    string
	tables  []docTable
}

func readDoc(t *testing.T) (examples []docExample, profiles docTable) {
	t.Helper()
	b, err := os.ReadFile("../../docs/steps.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(b), "\n")
	section := ""
	for i := 0; i < len(lines); i++ {
		switch line := lines[i]; {
		case strings.HasPrefix(line, "### "):
			section = strings.TrimPrefix(line, "### ")
		case line == "```yaml":
			end := i + 1 + slices.Index(lines[i+1:], "```")
			if !strings.Contains(lines[i-1], "not an example") {
				examples = append(examples, docExample{section: section, yaml: strings.Join(lines[i+1:end], "\n")})
			}
			i = end
		case strings.HasPrefix(line, "| "):
			end := i
			for end < len(lines) && strings.HasPrefix(lines[end], "|") {
				end++
			}
			switch table := parseTable(lines[i:end]); {
			case table.columns[0].Name == "profile":
				profiles = table
			case table.columns[0].Type != "":
				examples[len(examples)-1].tables = append(examples[len(examples)-1].tables, table)
			}
			i = end
		}
	}
	return examples, profiles
}

func parseTable(lines []string) docTable {
	cells := func(line string) []string {
		parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|"), "|")
		for i, p := range parts {
			parts[i] = strings.TrimSpace(p)
			if text, err := strconv.Unquote(parts[i]); err == nil {
				parts[i] = text
			}
		}
		return parts
	}
	var table docTable
	for _, c := range cells(lines[0]) {
		name, kind, _ := strings.Cut(c, " ")
		table.columns = append(table.columns, lake.Column{Name: name, Type: lake.Type(kind)})
	}
	for _, line := range lines[2:] {
		table.rows = append(table.rows, cells(line))
	}
	return table
}

// create makes the table in the database.
func (d *db) create(name string, table docTable) {
	d.t.Helper()
	var columns []string
	for _, c := range table.columns {
		kind := map[lake.Type]string{"string": "VARCHAR"}[c.Type]
		if kind == "" {
			kind = string(c.Type)
		}
		columns = append(columns, fmt.Sprintf("%q %s", c.Name, kind))
	}
	d.exec(fmt.Sprintf("CREATE OR REPLACE TABLE %q (%s)", name, strings.Join(columns, ", ")))
	for _, row := range table.rows {
		var values []string
		for _, v := range row {
			if v != "NULL" {
				v = "'" + strings.ReplaceAll(v, "'", "''") + "'"
			}
			values = append(values, v)
		}
		d.exec(fmt.Sprintf("INSERT INTO %q VALUES (%s)", name, strings.Join(values, ", ")))
	}
}

func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	examples, _ := readDoc(t)
	d := openDB(t)
	documented := map[string]bool{}
	for _, e := range examples {
		var steps []transform.Step
		if err := yaml.UnmarshalWithOptions([]byte(e.yaml), &steps, yaml.Strict()); err != nil {
			t.Fatalf("%s: %v", e.section, err)
		}
		for _, s := range steps {
			documented[s.Kind()] = true
		}
		if len(e.tables) < 2 {
			t.Fatalf("%s: %d tables; want the rows before and after", e.section, len(e.tables))
		}
		d.create("example", e.tables[0])
		plan := d.compile("example", transform.Options{}, steps...)
		if want := e.tables[1].columns; !equalColumns(plan.Columns, want) || !equalColumns(d.describe(plan.SQL), want) {
			t.Errorf("%s: columns %v, of the result %v, want %v", e.section, plan.Columns, d.describe(plan.SQL), want)
		}
		if len(plan.Notes) > 0 {
			t.Errorf("%s: notes %q", e.section, plan.Notes)
		}
		_, rows := d.rows(plan.SQL)
		compareRows(t, e.section, rows, e.tables[1].rows)
		if plan.Rejects == "" {
			continue
		}
		_, rejects := d.rows("SELECT _reason, _column, _value FROM (" + plan.Rejects + ")")
		var want [][]string
		if len(e.tables) > 2 {
			want = e.tables[2].rows
		}
		compareRows(t, e.section+": rejects", rejects, want)
	}
	for kind := range everyStep() {
		for _, s := range everyStep()[kind] {
			if !documented[s.Kind()] {
				t.Errorf("the step %s has no example", s.Kind())
			}
		}
	}
}

// compareRows compares rows in any order.
func compareRows(t *testing.T, what string, got, want [][]string) {
	t.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	slices.SortFunc(got, slices.Compare)
	slices.SortFunc(want, slices.Compare)
	if !equalRows(got, want) {
		t.Errorf("%s: rows\n%q\nwant\n%q", what, got, want)
	}
}

func TestDocumentedProfiles(t *testing.T) {
	t.Parallel()
	_, documented := readDoc(t)
	var want [][]string
	for _, profile := range transform.Profiles() {
		for _, table := range model.Tables() {
			steps, ok := transform.Rules(profile, table.Object)
			if !ok {
				continue
			}
			plan, err := transform.Compile(steps, "t", table.Columns, transform.DuckDB, transform.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Notes) > 0 {
				t.Errorf("%s of %s: %q", profile, table.Object, plan.Notes)
			}
			names := make([]string, len(plan.Columns))
			for i, c := range plan.Columns {
				names[i] = c.Name
			}
			want = append(want, []string{string(profile), table.Object, strconv.Itoa(len(names)), strings.Join(names, ", ")})
		}
	}
	if !equalRows(documented.rows, want) {
		t.Errorf("docs/steps.md has\n%q\nwant\n%q", documented.rows, want)
	}
}
