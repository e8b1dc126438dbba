package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/transform"
)

// typed is a kind of column with values that try its edges.
type typed struct {
	sql    string
	values []string
}

func kinds() []typed {
	return []typed{
		{"BIGINT", []string{"NULL", "0", "1", "-1", "12", "2147483648", "9223372036854775807", "9007199254740993"}},
		{"INTEGER", []string{"NULL", "0", "1", "300", "-2147483648"}},
		{"DOUBLE", []string{"NULL", "0", "1", "-0.0", "1.5", "1e300", "'nan'", "'inf'", "0.1"}},
		{"BOOLEAN", []string{"NULL", "true", "false"}},
		{"DECIMAL(6,2)", []string{"NULL", "0", "1.00", "1.50", "-9999.99"}},
		{"DATE", []string{"NULL", "'2024-02-29'", "'0001-01-01'", "'9999-12-31'"}},
		{"TIMESTAMP", []string{"NULL", "'2024-02-29 00:00:00'", "'2024-02-29 10:11:12.123456'", "'1969-12-31 23:59:59'"}},
		{"VARCHAR", []string{
			"NULL", "''", "'0'", "'12'", "'007'", "'1.6'", "'1e3'", "' x '", "'true'", "'2024-02-29'", "'2024-02-30'",
			"'0000-00-00 00:00:00'", "'2024-02-29 10:11:12'", "'R&amp;D'", "'it''s \"q\"'", "'💩 a@b.c'", "chr(160) || 'a' || chr(10)",
		}},
	}
}

// A list of steps without filter, deduplicate and sql keeps every row or puts
// it into the rejects; its columns are the ones the plan tells; and what a
// stage has not touched has the same values as before.
func TestNoRowIsLost(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	d := openDB(t)
	for round := range 150 {
		var columns, values []string
		const rows = 40
		for i := range 2 + random.IntN(6) {
			columns = append(columns, fmt.Sprintf(`"C%d" %s`, i, kinds()[random.IntN(len(kinds()))].sql))
		}
		for range rows {
			var row []string
			for _, c := range columns {
				kind := c[strings.Index(c, " ")+1:]
				k := slices.IndexFunc(kinds(), func(k typed) bool { return k.sql == kind })
				row = append(row, kinds()[k].values[random.IntN(len(kinds()[k].values))])
			}
			values = append(values, "("+strings.Join(row, ", ")+")")
		}
		d.exec("CREATE OR REPLACE TABLE source ("+strings.Join(columns, ", ")+")", "INSERT INTO source VALUES "+strings.Join(values, ", "),
			"CREATE OR REPLACE TABLE t AS SELECT *, row_number() OVER () AS _row FROM source")
		checkPlan(t, d, round, rows, randomSteps(random, len(columns)))
	}
}

func checkPlan(t *testing.T, d *db, round, rows int, steps []transform.Step) {
	t.Helper()
	table := d.describe("SELECT * EXCLUDE (_row) FROM t")
	plan, err := transform.Compile(steps, "t", table, transform.DuckDB, transform.Options{Carry: "_row"})
	if lake.HasCode(err, lake.StepInvalid) {
		return // e.g. a cast that cannot be
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transform.Compile(steps, "t", table, transform.Trino, transform.Options{}); err != nil {
		t.Errorf("round %d: Trino: %v", round, err)
	}
	d.setUp(plan.Setup)
	_, out := d.rows(plan.SQL)
	var rejects [][]string
	if plan.Rejects != "" {
		_, rejects = d.rows(plan.Rejects)
	}
	for _, r := range rejects {
		if slices.Contains(r, "NULL") {
			t.Errorf("round %d: a reject without its reason, column, value or row: %q", round, r)
		}
	}
	if len(out)+len(rejects) != rows {
		t.Errorf("round %d: %d rows in, %d out and %d rejected\n%s", round, rows, len(out), len(rejects), plan.SQL)
	}
	for i, stage := range plan.Stages {
		got := d.describe(stage.SQL)
		if want := append(slices.Clone(stage.Columns), lake.Column{Name: "_row", Type: "bigint"}); !slices.Equal(got, want) {
			t.Errorf("round %d, %s: columns %v, told %v", round, stage.Label, got, want)
		}
		if i > 0 {
			checkUntouched(t, d, plan.Stages[i-1], stage)
		}
	}
}

func checkUntouched(t *testing.T, d *db, before, after transform.Stage) {
	t.Helper()
	var differs []string
	for _, c := range before.Columns {
		name := c.Name
		if to, ok := after.Renamed[name]; ok {
			name = to
		}
		if lake.FindColumn(after.Columns, name) < 0 || slices.Contains(after.Touched, name) {
			continue
		}
		differs = append(differs, fmt.Sprintf(`a.%q IS DISTINCT FROM b.%q`, name, c.Name))
	}
	if len(differs) == 0 {
		return
	}
	_, rows := d.rows(fmt.Sprintf("SELECT * FROM (%s) a JOIN (%s) b USING (_row) WHERE %s", after.SQL, before.SQL, strings.Join(differs, " OR ")))
	if len(rows) > 0 {
		t.Errorf("%s changes what it does not say: %q", after.Label, rows)
	}
}

func randomSteps(random *rand.Rand, columns int) []transform.Step {
	column := func() string { return fmt.Sprintf("c%d", random.IntN(columns+1)) }
	types := []lake.Type{"bigint", "int", "double", "boolean", "string", "timestamp", "date", "decimal(6,2)", "decimal(5,1)"}
	var steps []transform.Step
	for range 1 + random.IntN(4) {
		c := column()
		steps = append(steps, []transform.Step{
			{Drop: []string{c}},
			{Rename: map[string]string{c: "New" + c}},
			{Cast: map[string]lake.Type{c: types[random.IntN(len(types))]}},
			{Cast: map[string]lake.Type{"c0": types[random.IntN(len(types))], "c1": types[random.IntN(len(types))]}},
			{SplitDate: []string{c}},
			{DecodeEntities: []string{c}},
			{Trim: []string{c}},
			{NullIf: map[string][]string{c: {"0", "1.5", "", "true", "2024-02-29", "2024-02-29 00:00:00"}}},
			{Replace: &transform.Replace{Columns: []string{c}, Find: "[0-9]+", With: `<\0>`, Regex: true}},
			{Mask: &transform.Mask{Columns: []string{c}, Method: []transform.MaskMethod{"hash", "redact", "null", "email"}[random.IntN(4)]}},
		}[random.IntN(10)])
	}
	return steps
}

// However rows arrive, the same ones stay.
func TestDeduplicateDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	d := openDB(t)
	d.exec(`CREATE TABLE a AS SELECT i % 7 AS k, (i * 37) % 5 AS v, CASE WHEN i % 3 = 0 THEN NULL ELSE i % 4 END AS w, [i % 2] AS l FROM range(500) r(i)`,
		`CREATE TABLE b AS SELECT * FROM a ORDER BY hash(k + v * 31), w`)
	step := transform.Step{Deduplicate: &transform.Deduplicate{By: []string{"K"}, OrderBy: []string{"v DESC"}}}
	_, first := d.rows(d.compile("a", transform.Options{}, step).SQL)
	_, second := d.rows(d.compile("b", transform.Options{}, step).SQL)
	if len(first) != 7 {
		t.Errorf("%d rows, want 7", len(first))
	}
	compareRows(t, "the other order", second, first)
	for _, r := range first {
		if r[1] != "4" {
			t.Errorf("not the first of its group: %q", r)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"id > 0", "id > 0) OR (1=1", "name = 'a;b'", "(((", "id IN (SELECT 1)", "e'\\''", "1 -- x", "\"", "[1][1]=1", "a.\u00a0b"} {
		f.Add(s)
	}
	d := openDB(f)
	d.exec("CREATE TABLE t AS SELECT 1 AS id, 'x' AS name", "CREATE TABLE canary AS SELECT 1 AS one")
	f.Fuzz(func(t *testing.T, condition string) {
		d.t = t
		plan, err := transform.Compile([]transform.Step{{Filter: condition}}, "t",
			[]lake.Column{{Name: "id", Type: "int"}, {Name: "name", Type: "string"}}, transform.DuckDB, transform.Options{})
		if err != nil {
			return
		}
		// Whatever passes the check is one expression: it fails to bind, or it
		// gives the row or not, but never other rows and never a second statement.
		if _, rows, err := d.query(plan.SQL); err == nil && len(rows) > 1 {
			t.Errorf("%q gives %d rows", condition, len(rows))
		}
		if _, rows, err := d.query("SELECT one FROM canary"); err != nil || len(rows) != 1 {
			t.Errorf("%q did something else", condition)
		}
	})
}
