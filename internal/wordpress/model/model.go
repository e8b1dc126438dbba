// Package model is what wplake knows of WordPress's tables: their columns,
// types and keys, under the names that the canonical objects have in silver.
// It is pure data.
package model

import "wplake/internal/lake"

// Kind says how a table's rows live.
type Kind string

// The kinds of tables.
const (
	Entity Kind = "entity" // rows are created, edited, deleted
	Facts  Kind = "facts"  // rows are counted once a day; the plugin purges old ones
)

// Table is a known table.
type Table struct {
	Object  string        // the canonical object name
	Kind    Kind          //
	Columns []lake.Column // in the order of the database
	Key     []string      // the primary key's columns
}
