package transform

import "wplake/internal/lake"

// Dialect is a dialect of SQL.
type Dialect string

// The dialects that steps compile to.
const (
	DuckDB Dialect = "duckdb"
	Trino  Dialect = "trino" // Athena as well
)

// Plan is a compiled list of steps.
type Plan struct {
	Setup   []string      // statements to run first on the same connection (DuckDB's temporary macros)
	SQL     string        // one SELECT over the relation {{input}} placed where Compile was told
	Rejects string        // a SELECT of the rows that do not fit, or "" when no step can reject
	Columns []lake.Column // of SQL's result
	Stages  []Stage       // the same, step by step
	Notes   []string      // e.g. a step on a column that is not there
}

// Stage is the state of the data after one step.
type Stage struct {
	Step    Step
	Label   string        // e.g. split_date [post_date, post_modified]
	SQL     string        // a SELECT of the rows after this step, over the same relation
	Columns []lake.Column //
}
