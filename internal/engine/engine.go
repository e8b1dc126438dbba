// Package engine is the port to a SQL engine. Two roles are kept apart: an
// Engine runs wplake's own SQL over local files; a Reader runs a person's SQL
// over the lake's tables and can do nothing else.
//
// Every driver passes the suite in enginetest.
package engine

import (
	"context"

	"wplake/internal/lake"
)

// Engine runs trusted SQL of DuckDB's dialect. Its methods may be called
// concurrently; the memory of all of them together is bounded.
type Engine interface {
	// Copy writes the rows of a SELECT to a Parquet file, replacing it, and
	// returns how many there were. Row groups are bounded by bytes.
	Copy(ctx context.Context, c Copy) (rows int64, err error)
	// Query runs a SELECT. The caller closes the rows.
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	// Columns describes the result of a SELECT without running it, after the
	// statements of setup.
	Columns(ctx context.Context, setup []string, sql string) ([]lake.Column, error)
	// Describe reads a Parquet file's footer.
	Describe(ctx context.Context, path string) (Parquet, error)
	// Close releases the engine. Nothing may be under way.
	Close() error
}

// Copy is a request to write a Parquet file.
type Copy struct {
	Setup    []string          // statements to run first, on the same connection (temporary macros, tables)
	SQL      string            // the SELECT; all file names in it are escaped already
	Path     string            // the Parquet file to write
	Metadata map[string]string // the footer's key-value metadata
}

// Parquet describes a Parquet file.
type Parquet struct {
	Columns  []lake.Column
	Rows     int64
	Bytes    int64
	Metadata map[string]string // the footer's key-value metadata
}

// Rows iterates over a result. Not for concurrent use.
type Rows interface {
	// Columns describes the result.
	Columns() []lake.Column
	// Next fetches the next row; false at the end or on an error.
	Next() bool
	// Values returns the current row, valid until the next call of Next. A
	// value is nil, bool, int64, *big.Int, float64, string, []byte, time.Time,
	// a Decimal's exact text as string, or, for nested types, a []any or
	// map[string]any of these.
	Values() []any
	// Err is the error that ended the iteration, or nil.
	Err() error
	// Close ends the iteration.
	Close() error
}

// Table is a table that a Reader can see.
type Table struct {
	Schema string // e.g. silver, bronze, silver_rejects, or the dataset
	Name   string // e.g. posts, silver-posts
	Path   string // the Parquet file
}

// Reader runs a person's SQL. It is bound to read the given tables: no other
// file, no network, no setting, no extension, no write.
type Reader interface {
	// Query runs one statement; params are the values of its named parameters
	// ($name): nil, bool, int64, float64, Decimal or string. Errors are
	// *lake.Error with the codes QueryRefused (it would do more than read the
	// tables), QueryInvalid, OutOfMemory or Interrupted.
	Query(ctx context.Context, sql string, params map[string]any) (Rows, error)
	// Export runs one SELECT and writes its rows to a new Parquet file at path,
	// with the types that the Glue Data Catalog knows; it returns how many
	// there were. Where it fails it may leave part of the file.
	Export(ctx context.Context, sql string, params map[string]any, path string) (rows int64, err error)
	// Close releases the reader and its snapshot of the tables.
	Close() error
}
