// Package catalog is the port to a data catalog: which tables there are, of
// which columns, where, how large, and what their schemas were before.
//
// Every driver passes the suite in catalogtest.
package catalog

import (
	"context"
	"errors"
	"time"

	"wplake/internal/lake"
)

// ErrNotFound says that there is no table of that name.
var ErrNotFound = errors.New("no such table")

// Table is a table of the catalog.
type Table struct {
	Database   string            `json:"database"`
	Name       string            `json:"name"` // e.g. silver-posts
	Layer      lake.Layer        `json:"layer"`
	Object     string            `json:"object"`
	Location   string            `json:"location"` // the object's URI
	Key        string            `json:"-"`        // the object's key in the layer's bucket
	Columns    []lake.Column     `json:"columns"`
	Rows       int64             `json:"rows"`
	Bytes      int64             `json:"bytes"`
	Version    int               `json:"version"`    // of the schema, from 1; set by the catalog
	Parameters map[string]string `json:"parameters"` // classification, provenance and the like
	Created    time.Time         `json:"created"`    // set by the catalog
	Updated    time.Time         `json:"updated"`    // last change of any field; set by the catalog
}

// Version is one state of a table's schema.
type Version struct {
	Version int           `json:"version"`
	Time    time.Time     `json:"time"`
	RunID   string        `json:"run_id"`
	Columns []lake.Column `json:"columns"`
	Changes []Change      `json:"changes"` // against the version before
}

// ChangeKind says what happened to a column.
type ChangeKind string

// The kinds of changes.
const (
	Added    ChangeKind = "added"
	Vanished ChangeKind = "vanished"
	Retyped  ChangeKind = "retyped"
)

// Change is a difference between two schemas.
type Change struct {
	Kind   ChangeKind `json:"kind"`
	Column string     `json:"column"`
	From   lake.Type  `json:"from,omitempty"`
	To     lake.Type  `json:"to,omitempty"`
	// Note says what the drift policy did where the schema stayed as it was.
	Note string `json:"note,omitempty"`
}

// Outcome says what Put did.
type Outcome struct {
	Created bool
	Updated bool     // any field changed
	Changes []Change // of the schema
}

// Catalog keeps tables. All methods may be called concurrently, also by
// several processes.
type Catalog interface {
	// Put creates or updates a table, whole or not at all. A changed schema
	// makes a new version; a table that is as it was is not touched.
	Put(ctx context.Context, t Table, runID string) (Outcome, error)
	// Get returns a table, or an error that is ErrNotFound.
	Get(ctx context.Context, database, name string) (Table, error)
	// List returns all tables of the database, sorted by name.
	List(ctx context.Context, database string) ([]Table, error)
	// Versions returns a table's schemas, the newest first.
	Versions(ctx context.Context, database, name string) ([]Version, error)
	// Record adds drift that did not change the schema to the table's history:
	// a version with the same columns and the changes. Changes that the newest
	// version has already are not recorded again. Where there is no such table
	// the error is ErrNotFound.
	Record(ctx context.Context, database, name, runID string, changes []Change) error
	// Delete removes a table and its history. It is no error when there is none.
	Delete(ctx context.Context, database, name string) error
	// Close releases what the catalog holds.
	Close() error
}
