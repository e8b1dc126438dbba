package transform_test

import (
	"strings"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/transform"
)

// A value that fits comes out as want; one that does not is a row of Rejects.
const rejected = "(rejected)"

func TestCast(t *testing.T) {
	t.Parallel()
	cases := []struct {
		value string // a SQL expression
		to    lake.Type
		want  string
	}{
		{"'12'", "bigint", "12"},
		{"'-007'", "bigint", "-7"},
		{"'+5'", "bigint", "5"},
		{"'9223372036854775807'", "bigint", "9223372036854775807"},
		{"'9223372036854775808'", "bigint", rejected},
		{"'1.6'", "bigint", rejected},
		{"'1.0'", "bigint", rejected},
		{"'1e3'", "bigint", rejected},
		{"'1_000'", "bigint", rejected},
		{"'0x10'", "bigint", rejected},
		{"' 12'", "bigint", rejected},
		{"''", "bigint", rejected},
		{"'12' || chr(10)", "bigint", rejected},
		{"'2147483648'", "int", rejected},
		{"NULL::VARCHAR", "bigint", "NULL"},
		{"2147483647::BIGINT", "int", "2147483647"},
		{"2147483648::BIGINT", "int", rejected},
		{"300::INTEGER", "tinyint", rejected},
		{"1::BIGINT", "string", "1"},
		{"9007199254740992::BIGINT", "double", "9.007199254740992e+15"},
		{"9007199254740993::BIGINT", "double", rejected},
		{"-9007199254740993::BIGINT", "double", rejected},
		{"1.0::DOUBLE", "bigint", "1"},
		{"1.5::DOUBLE", "bigint", rejected},
		{"'nan'::DOUBLE", "bigint", rejected},
		{"'inf'::DOUBLE", "bigint", rejected},
		{"9223372036854775807::DOUBLE", "bigint", rejected},
		{"-9223372036854775808::DOUBLE", "bigint", "-9223372036854775808"},
		{"0.1::DOUBLE", "decimal(4,2)", "0.10"},
		{"0.125::DOUBLE", "decimal(4,2)", rejected},
		{"'nan'::DOUBLE", "decimal(4,2)", rejected},
		{"'1e3'", "double", "1000"},
		{"'.5'", "double", "0.5"},
		{"'1e400'", "double", rejected},
		{"'nan'", "double", rejected},
		{"'Infinity'", "double", rejected},
		{"'12.50'", "decimal(4,2)", "12.50"},
		{"'12.500'", "decimal(4,2)", "12.50"},
		{"'12.505'", "decimal(4,2)", rejected},
		{"'123.00'", "decimal(4,2)", rejected},
		{"'1e1'", "decimal(4,2)", rejected},
		{"12.00::DECIMAL(10,2)", "bigint", "12"},
		{"12.50::DECIMAL(10,2)", "bigint", rejected},
		{"12.50::DECIMAL(10,2)", "decimal(4,1)", "12.5"},
		{"12.55::DECIMAL(10,2)", "decimal(4,1)", rejected},
		{"12.50::DECIMAL(10,2)", "double", "12.5"},
		{"100::BIGINT", "decimal(4,2)", rejected},
		{"'TRUE'", "boolean", "true"},
		{"'no'", "boolean", "false"},
		{"'on'", "boolean", rejected},
		{"1::BIGINT", "boolean", "true"},
		{"2::BIGINT", "boolean", rejected},
		{"true", "bigint", "1"},
		{"false", "string", "false"},
		{"'2024-02-29'", "date", "2024-02-29"},
		{"'2023-02-29'", "date", rejected},
		{"'0000-00-00'", "date", rejected},
		{"'2024-1-2'", "date", rejected},
		{"'2024-02-29 10:00:00'", "date", rejected},
		{"'2024-02-29 10:11:12'", "timestamp", "2024-02-29 10:11:12"},
		{"'2024-02-29T10:11:12.5'", "timestamp", "2024-02-29 10:11:12.5"},
		{"'2024-02-29'", "timestamp", "2024-02-29"},
		{"'2024-02-29 24:00:00'", "timestamp", rejected},
		{"'2024-02-29 10:11:12Z'", "timestamp", rejected},
		{"'2024-02-29 10:11:12.1234567'", "timestamp", rejected},
		{"'yesterday'", "timestamp", rejected},
		{"TIMESTAMP '2024-02-29 00:00:00'", "date", "2024-02-29"},
		{"TIMESTAMP '2024-02-29 00:00:01'", "date", rejected},
		{"DATE '2024-02-29'", "timestamp", "2024-02-29"},
		{"TIMESTAMP '2024-02-29 01:02:03'", "string", "2024-02-29 01:02:03"},
		{"[1, 2]", "string", "[1,2]"},
		{"{'a': 1}", "string", `{"a":1}`},
	}
	d := openDB(t)
	for _, c := range cases {
		d.exec(`CREATE OR REPLACE TABLE t AS SELECT 7 AS id, ` + c.value + ` AS "Value"`)
		plan := d.compile("t", transform.Options{}, transform.Step{Cast: map[string]lake.Type{"value": c.to}})
		_, rows := d.rows(plan.SQL)
		var misfits [][]string
		if plan.Rejects != "" {
			_, misfits = d.rows(plan.Rejects)
		}
		got := rejected
		if len(rows) == 1 {
			got = rows[0][1]
		}
		if len(rows)+len(misfits) != 1 {
			t.Errorf("%s to %s: %d rows and %d rejects, want one in all", c.value, c.to, len(rows), len(misfits))
		}
		if got != c.want {
			t.Errorf("%s to %s: got %s, want %s", c.value, c.to, got, c.want)
		}
		if want := []lake.Column{{Name: "id", Type: "int"}, {Name: "Value", Type: c.to}}; !equalColumns(plan.Columns, want) || !equalColumns(d.describe(plan.SQL), want) {
			t.Errorf("%s to %s: columns %v, of the result %v", c.value, c.to, plan.Columns, d.describe(plan.SQL))
		}
	}
}

func TestRejects(t *testing.T) {
	t.Parallel()
	d := openDB(t)
	d.exec(`CREATE TABLE t AS SELECT * FROM (VALUES
		(1, '10', '2024-05-01', 'it''s "so"'), (2, '1.6', '2024-05-32', 'é'), (3, '3', '2024-05-03', 'x'), (4, NULL, 'never', NULL)
	) v(id, n, day, note)`)
	plan := d.compile("t", transform.Options{},
		transform.Step{Rename: map[string]string{"note": "remark"}},
		transform.Step{Cast: map[string]lake.Type{"n": "bigint", "day": "date"}},
		transform.Step{Cast: map[string]lake.Type{"n": "boolean"}},
	)
	columns, rows := d.rows("SELECT * FROM (" + plan.Rejects + ") ORDER BY ALL")
	wantColumns := []lake.Column{{Name: "_reason", Type: "string"}, {Name: "_column", Type: "string"}, {Name: "_value", Type: "string"}, {Name: "original", Type: "string"}}
	if !equalColumns(columns, wantColumns) {
		t.Errorf("columns %v", columns)
	}
	want := [][]string{
		{"CastFailed", "day", "2024-05-32", `{"id":2,"n":"1.6","day":"2024-05-32","remark":"é"}`},
		{"CastFailed", "day", "never", `{"id":4,"n":null,"day":"never","remark":null}`},
		{"CastFailed", "n", "10", `{"id":1,"n":10,"day":"2024-05-01","remark":"it's \"so\""}`},
		{"CastFailed", "n", "3", `{"id":3,"n":3,"day":"2024-05-03","remark":"x"}`},
	}
	if !equalRows(rows, want) {
		t.Errorf("rejects:\n%v\nwant\n%v", rows, want)
	}
	if _, rows := d.rows(plan.SQL); len(rows) != 0 {
		t.Errorf("%d rows are left", len(rows))
	}
}

func TestCastThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ from, to lake.Type }{
		{"timestamp", "bigint"}, {"boolean", "date"}, {"array<bigint>", "bigint"}, {"string", "float"},
		{"string", "varchar(3)"}, {"string", "decimal(50,2)"}, {"string", "integer"},
	} {
		_, err := transform.Compile([]transform.Step{{Cast: map[string]lake.Type{"x": c.to}}}, "t",
			[]lake.Column{{Name: "x", Type: c.from}}, transform.DuckDB, transform.Options{})
		if !lake.HasCode(err, lake.StepInvalid) || !strings.HasPrefix(err.Error(), "step 1 (cast): ") {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
	}
}
