//go:build !linux

package duckdb

// residentBytes is 0: other systems do not tell it without further libraries,
// and DuckDB's own limit has to do.
func residentBytes() int64 { return 0 }
