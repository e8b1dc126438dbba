package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/config"
	"wplake/internal/lake"
)

func column(name string, t lake.Type) lake.Column { return lake.Column{Name: name, Type: t} }

// TestBronzeAnswers has the defined answer to every odd thing that raw may hold.
func TestBronzeAnswers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é\\n", 5<<20) // 15 MB once decoded
	wide, wideColumns := strings.Builder{}, []lake.Column{}
	for i := range 5000 {
		fmt.Fprintf(&wide, `,"k%d":"%d"`, i, i)
		wideColumns = append(wideColumns, column(fmt.Sprintf("k%d", i), lake.Bigint))
	}
	tests := []struct {
		name    string
		object  string
		raw     string
		columns []lake.Column
		sql     string   // over {t}
		rows    []string // what the SQL gives
		rejects []string // _row, _reason, _column
	}{
		{
			name: "numbers as strings", object: "terms",
			raw:     `[{"term_id":"12","name":"007","slug":"a","term_group":"0"}]`,
			columns: []lake.Column{column("term_id", lake.Bigint), column("name", lake.String), column("slug", lake.String), column("term_group", lake.Bigint)},
			sql:     `SELECT term_id + 1, name FROM {t}`, rows: []string{"13 007"},
		},
		{
			name: "nothing is rounded", object: "terms",
			raw:     `[{"term_id":"1.6","name":"a"},{"term_id":2.0,"name":"b"},{"term_id":"1e3","name":"c"},{"term_id":"","name":"d"},{"term_id":true,"name":"e"},{"term_id":9223372036854775807,"name":"f"},{"term_id":9223372036854775808,"name":"g"}]`,
			columns: []lake.Column{column("term_id", lake.Bigint), column("name", lake.String)},
			sql:     `SELECT term_id, name FROM {t}`, rows: []string{"2 b", "9223372036854775807 f"},
			rejects: []string{"1 NotWholeNumber term_id", "3 NotWholeNumber term_id", "4 NotWholeNumber term_id", "5 NotWholeNumber term_id", "7 OutOfRange term_id"},
		},
		{
			name: "odd spellings of whole numbers", object: "terms",
			raw:     `[{"term_id":"007"},{"term_id":"12.0"},{"term_id":9007199254740993.0},{"term_id":"-0"}]`,
			columns: []lake.Column{column("term_id", lake.Bigint)},
			sql:     `SELECT term_id FROM {t}`, rows: []string{"7", "12", "9007199254740993", "0"},
		},
		{
			name: "zero dates", object: "posts",
			raw:     `[{"ID":"1","post_date":"0000-00-00 00:00:00","post_date_gmt":""},{"ID":"2","post_date":"2026-02-28 23:59:59","post_date_gmt":null},{"ID":"3","post_date":"2026-02-30 00:00:00","post_date_gmt":null}]`,
			columns: []lake.Column{column("ID", lake.Bigint), column("post_date", lake.Timestamp), column("post_date_gmt", lake.Timestamp)},
			sql:     `SELECT ID, CAST(post_date AS VARCHAR), post_date_gmt FROM {t}`, rows: []string{"1 <nil> <nil>", "2 2026-02-28 23:59:59 <nil>"},
			rejects: []string{"3 NotTime post_date"},
		},
		{
			name: "an empty array of a known table", object: "term_relationship", raw: ` [ ] `,
			columns: []lake.Column{column("object_id", lake.Bigint), column("term_taxonomy_id", lake.Bigint), column("term_order", lake.Int)},
			sql:     `SELECT count(*) FROM {t}`, rows: []string{"0"},
		},
		{
			name: "a column of nothing but NULL", object: "x", raw: `[{"a":1,"b":null},{"a":2,"b":null}]`,
			columns: []lake.Column{column("a", lake.Bigint), column("b", lake.String)},
			sql:     `SELECT a, b FROM {t}`, rows: []string{"1 <nil>", "2 <nil>"},
		},
		{
			name: "types are inferred over all rows", object: "x",
			raw:     "[" + strings.Repeat(`{"a":"1","b":"1","c":"2026-01-01","d":true,"e":"0.5"},`, 5000) + `{"a":"x","b":"1.5","c":"2026-01-01 10:00:00","d":null,"e":"12"}]`,
			columns: []lake.Column{column("a", lake.String), column("b", lake.Double), column("c", lake.Timestamp), column("d", lake.Boolean), column("e", lake.Double)},
			sql:     `SELECT count(*), max(a), sum(b), CAST(max(c) AS VARCHAR), bool_and(d), sum(e) FROM {t}`, rows: []string{"5001 x 5001.5 2026-01-01 10:00:00 true 2512"},
		},
		{
			name: "a late column", object: "x", raw: "[" + strings.Repeat(`{"a":1},`, 3000) + `{"a":1,"late":"here"}]`,
			columns: []lake.Column{column("a", lake.Bigint), column("late", lake.String)},
			sql:     `SELECT count(*), count(late), max(late) FROM {t}`, rows: []string{"3001 1 here"},
		},
		{
			name: "nested and mixed values are kept as written", object: "x",
			raw:     `[{"a":{"k": [1,  2.50]}},{"a":[1e2]},{"a":"s"},{"a":18446744073709551616},{"a":1.10},{"a":true},{"a":null}]`,
			columns: []lake.Column{column("a", lake.String)},
			sql:     `SELECT a FROM {t}`, rows: []string{`{"k": [1,  2.50]}`, "[1e2]", "s", "18446744073709551616", "1.10", "true", "<nil>"},
		},
		{
			name: "numbers past 64 bits stay text", object: "x", raw: `[{"a":"18446744073709551615"},{"a":"1"}]`,
			columns: []lake.Column{column("a", lake.String)}, sql: `SELECT a FROM {t}`, rows: []string{"18446744073709551615", "1"},
		},
		{
			name: "whole numbers that a double would round", object: "x", raw: `[{"a":9007199254740993},{"a":0.5}]`,
			columns: []lake.Column{column("a", lake.String)}, sql: `SELECT a FROM {t}`, rows: []string{"9007199254740993", "0.5"},
		},
		{
			name: "keys that differ in case only", object: "posts", raw: `[{"id":"2","ID":"1","Id":"3"},{"ID":"4"}]`,
			columns: []lake.Column{column("id_2", lake.Bigint), column("ID", lake.Bigint), column("Id_3", lake.Bigint)},
			sql:     `SELECT ID, id_2, Id_3 FROM {t}`, rows: []string{"1 2 3", "4 <nil> <nil>"},
		},
		{
			name: "a key in another case", object: "posts", raw: `[{"id":"2"}]`,
			columns: []lake.Column{column("ID", lake.Bigint)}, sql: `SELECT "ID" FROM {t}`, rows: []string{"2"},
		},
		{
			name: "names that need quotes", object: "x", raw: `[{"":1,"a b\"c":2,"select":3,"q'r":4,"deleted_at":5}]`,
			columns: []lake.Column{column("_", lake.Bigint), column(`a b"c`, lake.Bigint), column("select", lake.Bigint), column("q'r", lake.Bigint), column("deleted_at_2", lake.Bigint)},
			sql:     `SELECT * FROM {t}`, rows: []string{"1 2 3 4 5"},
		},
		{
			name: "a NUL character", object: "x", raw: `[{"a":"x\u0000y"}]`,
			columns: []lake.Column{column("a", lake.String)}, sql: `SELECT length(a), ord(a[2]) FROM {t}`, rows: []string{"3 0"},
		},
		{
			name: "a value of 15 MB", object: "x", raw: `[{"a":"` + long + `"},{"a":"b"}]`,
			columns: []lake.Column{column("a", lake.String)}, sql: `SELECT length(a) FROM {t}`, rows: []string{fmt.Sprint(10 << 20), "1"},
		},
		{
			name: "5,000 columns", object: "x", raw: `[{` + wide.String()[1:] + `},{` + wide.String()[1:] + `}]`,
			columns: wideColumns, sql: `SELECT k0, k4999 FROM {t}`, rows: []string{"0 4999", "0 4999"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			// Raw of wplake, and raw that somebody else put there, give the same.
			for _, foreign := range []bool{false, true} {
				l := newLake(t)
				l.give(tt.object, tt.raw)
				stages := []string{"raw", "bronze"}
				if foreign {
					l.put(lake.Raw, tt.object, tt.raw)
					stages = stages[1:]
				}
				r := l.mustRun(stages...)
				if diff := cmp.Diff(tt.columns, l.describe(lake.Bronze, tt.object).Columns); diff != "" {
					t.Errorf("columns (foreign %v):\n%s", foreign, diff)
				}
				if diff := cmp.Diff(tt.rows, l.query(strings.ReplaceAll(tt.sql, "{t}", l.table(lake.Bronze, tt.object)))); diff != "" {
					t.Errorf("rows (foreign %v):\n%s", foreign, diff)
				}
				if diff := cmp.Diff(tt.rejects, l.rejects(lake.Bronze, tt.object)); diff != "" {
					t.Errorf("rejects (foreign %v):\n%s", foreign, diff)
				}
				if got := objectOf(t, r, "bronze", tt.object).Rejected; got != int64(len(tt.rejects)) {
					t.Errorf("the report counts %d rejected rows, not %d", got, len(tt.rejects))
				}
			}
		})
	}
}

// TestBronzeRejectsFaultyRows: rows that are JSON but no rows, which raw itself
// would have refused, are rejected one by one when another tool put them there.
func TestBronzeRejectsFaultyRows(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.put(lake.Raw, "terms", "[{\"term_id\":1,\"name\":\"ok\"},{\"term_id\":2,\"term_id\":3,\"name\":\"twice\"},{\"term_id\":4,\"name\":\"\xff\"},{\"term_id\":5,\"name\":\"\\ud800\"},{\"term_id\":6,\"name\":\"\\ud83d\\ude00\"}]")
	l.mustRun("bronze")
	if diff := cmp.Diff([]string{"1 ok", "6 😀"}, l.query("SELECT * FROM "+l.table(lake.Bronze, "terms"))); diff != "" {
		t.Error(diff)
	}
	want := []string{"2 DuplicateKey ", "3 InvalidText ", "4 InvalidText "}
	if diff := cmp.Diff(want, l.rejects(lake.Bronze, "terms")); diff != "" {
		t.Error(diff)
	}
	originals := l.query("SELECT original FROM read_parquet('" + l.rejectsPath(lake.Bronze, "terms") + "') ORDER BY _row")
	if diff := cmp.Diff([]string{`{"term_id":2,"term_id":3,"name":"twice"}`, `{"term_id":4,"name":"\xff"}`, `{"term_id":5,"name":"\ud800"}`}, originals); diff != "" {
		t.Error(diff)
	}
}

// TestBronzeRefusesDamagedRaw: raw of another tool is checked when it is read.
func TestBronzeRefusesDamagedRaw(t *testing.T) {
	t.Parallel()
	for code, body := range map[lake.Code]string{
		lake.SourceTruncated:   `[{"term_id":1},`,
		lake.SourceEmpty:       ``,
		lake.SourceHTML:        `<html><body>Log in</body></html>`,
		lake.SourceTrailing:    `[{"term_id":1}][]`,
		lake.SourceNotObjects:  `[{"term_id":1},2]`,
		lake.SourceInvalidJSON: `[{"term_id":01}]`,
		lake.ObjectDamaged:     `[{"term_id":"x"}]`,
	} {
		l := newLake(t)
		l.give("terms", `[{"term_id":"7"}]`)
		l.mustRun("raw", "bronze")
		l.put(lake.Raw, "terms", body)
		r := l.run("bronze")
		o := objectOf(t, r, "bronze", "terms")
		if o.Error == nil || o.Error.Code != code {
			t.Errorf("%q: got %+v, want %s", body, o.Error, code)
		}
		if got := l.query("SELECT * FROM " + l.table(lake.Bronze, "terms")); !cmp.Equal(got, []string{"7"}) {
			t.Errorf("%q: the last good object became %v", body, got)
		}
	}
}

func TestBronzeDeclaredTypes(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.object("orders", config.Object{Columns: map[string]lake.Type{"Total": "decimal(10,2)", "paid": lake.Boolean, "code": lake.String, "day": lake.Date}})
	l.give("orders", `[{"total":"19.90","paid":"1","code":7,"day":"2026-01-02"},{"total":19.9,"paid":false,"code":"007","day":"0000-00-00"},{"total":"1.999","paid":0,"code":"x","day":null},{"total":"1","paid":"yes","code":"x","day":null}]`)
	l.mustRun("raw", "bronze")
	want := []lake.Column{column("Total", "decimal(10,2)"), column("paid", lake.Boolean), column("code", lake.String), column("day", lake.Date)}
	if diff := cmp.Diff(want, l.describe(lake.Bronze, "orders").Columns); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"19.90 true 7 2026-01-02", "19.90 false 007 <nil>"}, l.query("SELECT CAST(total AS VARCHAR), paid, code, CAST(day AS VARCHAR) FROM "+l.table(lake.Bronze, "orders"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"3 OutOfRange total", "4 NotBoolean paid"}, l.rejects(lake.Bronze, "orders")); diff != "" {
		t.Error(diff)
	}
}

func TestEmptyUnknownTable(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("x", `[]`)
	o := objectOf(t, l.run("raw", "bronze"), "bronze", "x")
	if o.Status != lake.StatusSkipped || o.Unchanged || len(o.Warnings) != 1 {
		t.Errorf("got %+v", o)
	}
	l.give("x", `[{"a":1,"b":"t"}]`)
	l.mustRun("raw", "bronze")
	l.give("x", `[]`)
	r := l.runWith(acceptLoss(), "raw", "bronze")
	if o := objectOf(t, r, "bronze", "x"); o.Status != lake.StatusSucceeded || o.Rows != 0 || o.Columns != 2 {
		t.Errorf("an emptied table: %+v", o)
	}
}
