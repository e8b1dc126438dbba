package transform_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
	"wplake/internal/transform"
)

// db is a database that keeps tables and macros from one statement to the next.
type db struct {
	t      testing.TB // of the test that is under way
	engine *duckdb.Engine
}

func openDB(t testing.TB) *db {
	t.Helper()
	e, err := duckdb.Open(t.Context(), duckdb.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &db{t, e}
}

// query runs a statement; every value of its rows is text.
func (d *db) query(statement string) (columns []lake.Column, rows [][]string, err error) {
	result, err := d.engine.Query(d.t.Context(), statement)
	if err != nil {
		return nil, nil, err
	}
	for result.Next() {
		values := result.Values()
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = show(v)
		}
		rows = append(rows, row)
	}
	return result.Columns(), rows, errors.Join(result.Err(), result.Close())
}

func (d *db) exec(statements ...string) {
	d.t.Helper()
	for _, s := range statements {
		if _, _, err := d.query(s); err != nil {
			d.t.Fatalf("%v\n%s", err, s)
		}
	}
}

// setUp makes a plan's macros outlive the connection that they are made on.
func (d *db) setUp(setup []string) {
	d.t.Helper()
	for _, s := range setup {
		d.exec(strings.Replace(s, "CREATE OR REPLACE TEMP MACRO", "CREATE OR REPLACE MACRO", 1))
	}
}

func (d *db) rows(query string) (columns []lake.Column, rows [][]string) {
	d.t.Helper()
	columns, rows, err := d.query(query)
	if err != nil {
		d.t.Fatalf("%v\n%s", err, query)
	}
	return columns, rows
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		if v.Hour() == 0 && v.Minute() == 0 && v.Second() == 0 && v.Nanosecond() == 0 {
			return v.Format(time.DateOnly)
		}
		return v.Format("2006-01-02 15:04:05.999999")
	case fmt.Stringer: // big and decimal numbers
		return v.String()
	}
	return fmt.Sprint(v)
}

// describe tells the columns of a SELECT as DuckDB knows them.
func (d *db) describe(query string) []lake.Column {
	d.t.Helper()
	columns, err := d.engine.Columns(d.t.Context(), nil, query)
	if err != nil {
		d.t.Fatalf("%v\n%s", err, query)
	}
	return columns
}

// compile compiles for DuckDB over a table of the database.
func (d *db) compile(table string, options transform.Options, steps ...transform.Step) transform.Plan {
	d.t.Helper()
	if options.Describe == nil {
		options.Describe = func(setup []string, query string) ([]lake.Column, error) {
			d.setUp(setup)
			return d.describe(query), nil
		}
	}
	plan, err := transform.Compile(steps, `"`+table+`"`, d.describe(`SELECT * FROM "`+table+`"`), transform.DuckDB, options)
	if err != nil {
		d.t.Fatal(err)
	}
	d.setUp(plan.Setup)
	return plan
}

func equalColumns(a, b []lake.Column) bool { return slices.Equal(a, b) }

func equalRows(a, b [][]string) bool { return slices.EqualFunc(a, b, slices.Equal[[]string]) }
