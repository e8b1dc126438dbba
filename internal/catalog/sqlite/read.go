package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wplake/internal/catalog"
)

const selectTable = `SELECT t.database, t.name, t.layer, t.object, t.location, t.key, t.rows, t.bytes,
		t.version, t.parameters, t.created, t.updated, v.columns
	FROM tables t JOIN versions v USING (database, name, version)`

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Get returns a table.
func (c *Catalog) Get(ctx context.Context, database, name string) (catalog.Table, error) {
	db, err := c.reading(ctx)
	if err != nil {
		return catalog.Table{}, err
	}
	if db == nil {
		return catalog.Table{}, notFound(database, name)
	}
	t, err := get(ctx, db, database, name)
	return t, c.ended(ctx, err)
}

func get(ctx context.Context, q querier, database, name string) (catalog.Table, error) {
	tables, err := query(ctx, q, scanTable, selectTable+" WHERE t.database = ? AND t.name = ?", database, name)
	if err != nil {
		return catalog.Table{}, err
	}
	if len(tables) == 0 {
		return catalog.Table{}, notFound(database, name)
	}
	return tables[0], nil
}

func notFound(database, name string) error {
	return fmt.Errorf("%w: %q in database %q", catalog.ErrNotFound, name, database)
}

// List returns the tables of a database.
func (c *Catalog) List(ctx context.Context, database string) ([]catalog.Table, error) {
	db, err := c.reading(ctx)
	if err != nil || db == nil {
		return nil, err
	}
	tables, err := query(ctx, db, scanTable, selectTable+" WHERE t.database = ? ORDER BY t.name", database)
	return tables, c.ended(ctx, err)
}

// Versions returns a table's schemas.
func (c *Catalog) Versions(ctx context.Context, database, name string) ([]catalog.Version, error) {
	db, err := c.reading(ctx)
	if err != nil {
		return nil, err
	}
	if db == nil {
		return nil, notFound(database, name)
	}
	versions, err := query(ctx, db, scanVersion, `SELECT version, time, run_id, columns, changes
		FROM versions WHERE database = ? AND name = ? ORDER BY version DESC`, database, name)
	if err == nil && len(versions) == 0 {
		err = notFound(database, name)
	}
	return versions, c.ended(ctx, err)
}

// query returns all rows of a SELECT.
func query[T any](
	ctx context.Context, q querier, scan func(*sql.Rows) (T, error), text string, args ...any,
) (found []T, err error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

func scanTable(rows *sql.Rows) (catalog.Table, error) {
	var t catalog.Table
	var parameters, created, updated, columns string
	err := rows.Scan(&t.Database, &t.Name, &t.Layer, &t.Object, &t.Location, &t.Key, &t.Rows, &t.Bytes,
		&t.Version, &parameters, &created, &updated, &columns)
	if err != nil {
		return t, err
	}
	return t, errors.Join(
		decode(parameters, &t.Parameters), decode(columns, &t.Columns),
		decodeTime(created, &t.Created), decodeTime(updated, &t.Updated),
	)
}

func scanVersion(rows *sql.Rows) (catalog.Version, error) {
	var v catalog.Version
	var at, columns, changes string
	if err := rows.Scan(&v.Version, &at, &v.RunID, &columns, &changes); err != nil {
		return v, err
	}
	return v, errors.Join(decode(columns, &v.Columns), decode(changes, &v.Changes), decodeTime(at, &v.Time))
}

// decode reads what encode wrote; anything else is damage.
func decode(text string, into any) error {
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return nil
}

func decodeTime(text string, into *time.Time) error {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	*into = at.UTC()
	return nil
}
