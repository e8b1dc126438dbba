package transform_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"wplake/internal/lake"
	"wplake/internal/transform"
)

// db is one connection to DuckDB, as the macros of a Plan need it.
type db struct {
	t    testing.TB // of the test that is under way
	conn *sql.Conn
}

func openDB(t testing.TB) *db {
	t.Helper()
	pool, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &db{t, conn}
	d.exec("SET threads = 1")
	return d
}

func (d *db) exec(statements ...string) {
	d.t.Helper()
	for _, s := range statements {
		if _, err := d.conn.ExecContext(context.Background(), s); err != nil {
			d.t.Fatalf("%v\n%s", err, s)
		}
	}
}

// rows runs a SELECT; every value is text as DuckDB's console would show it.
func (d *db) rows(query string) (columns []string, rows [][]string) {
	d.t.Helper()
	result, err := d.conn.QueryContext(context.Background(), query)
	if err != nil {
		d.t.Fatalf("%v\n%s", err, query)
	}
	defer func() {
		if err := result.Close(); err != nil {
			d.t.Error(err)
		}
	}()
	if columns, err = result.Columns(); err != nil {
		d.t.Fatal(err)
	}
	for result.Next() {
		values, pointers := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := result.Scan(pointers...); err != nil {
			d.t.Fatal(err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = show(v)
		}
		rows = append(rows, row)
	}
	if err := result.Err(); err != nil {
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
	case *big.Int:
		return v.String()
	case duckdb.Decimal:
		return v.String()
	}
	return fmt.Sprint(v)
}

// describe tells the columns of a SELECT as DuckDB knows them.
func (d *db) describe(query string) []lake.Column {
	d.t.Helper()
	_, rows := d.rows("DESCRIBE " + query)
	columns := make([]lake.Column, len(rows))
	for i, r := range rows {
		t := strings.ToLower(r[1])
		switch t {
		case "integer":
			t = "int"
		case "varchar":
			t = "string"
		}
		columns[i] = lake.Column{Name: r[0], Type: lake.Type(t)}
	}
	return columns
}

// compile compiles for DuckDB over a table of the database.
func (d *db) compile(table string, options transform.Options, steps ...transform.Step) transform.Plan {
	d.t.Helper()
	if options.Describe == nil {
		options.Describe = func(setup []string, query string) ([]lake.Column, error) {
			d.exec(setup...)
			return d.describe(query), nil
		}
	}
	plan, err := transform.Compile(steps, `"`+table+`"`, d.describe(`SELECT * FROM "`+table+`"`), transform.DuckDB, options)
	if err != nil {
		d.t.Fatal(err)
	}
	d.exec(plan.Setup...)
	return plan
}

func equalColumns(a, b []lake.Column) bool { return slices.Equal(a, b) }

func equalRows(a, b [][]string) bool { return slices.EqualFunc(a, b, slices.Equal[[]string]) }
