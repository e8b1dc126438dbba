package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// Put creates or updates a table.
func (c *Catalog) Put(ctx context.Context, t catalog.Table, runID string) (catalog.Outcome, error) {
	if t.Database == "" || t.Name == "" {
		return catalog.Outcome{}, &lake.Error{
			Code: lake.Internal, Message: fmt.Sprintf("a table needs a database and a name, not %q and %q", t.Database, t.Name),
		}
	}
	db, err := c.writing(ctx)
	if err != nil {
		return catalog.Outcome{}, err
	}
	// Looked at before a transaction is begun, so that what is as it was waits
	// for nobody.
	switch old, err := get(ctx, db, t.Database, t.Name); {
	case err == nil && same(old, t):
		return catalog.Outcome{}, nil
	case err != nil && !errors.Is(err, catalog.ErrNotFound):
		return catalog.Outcome{}, c.ended(ctx, err)
	}
	var outcome catalog.Outcome
	err = c.transact(ctx, db, func(tx *sql.Tx) (err error) {
		outcome, err = c.put(ctx, tx, t, runID)
		return err
	})
	if err != nil {
		return catalog.Outcome{}, err
	}
	return outcome, nil
}

func (c *Catalog) put(ctx context.Context, tx *sql.Tx, t catalog.Table, runID string) (catalog.Outcome, error) {
	now := c.now().UTC()
	old, err := get(ctx, tx, t.Database, t.Name)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		t.Version, t.Created, t.Updated = 1, now, now
		if err := putTable(ctx, tx, t); err != nil {
			return catalog.Outcome{}, err
		}
		return catalog.Outcome{Created: true}, putVersion(ctx, tx, t, catalog.Version{
			Version: 1, Time: now, RunID: runID, Columns: t.Columns,
		})
	case err != nil:
		return catalog.Outcome{}, err
	case same(old, t):
		return catalog.Outcome{}, nil
	}
	t.Version, t.Created, t.Updated = old.Version, old.Created, now
	if slices.Equal(old.Columns, t.Columns) {
		return catalog.Outcome{Updated: true}, putTable(ctx, tx, t)
	}
	t.Version++
	changes := catalog.Diff(old.Columns, t.Columns)
	if err := putTable(ctx, tx, t); err != nil {
		return catalog.Outcome{}, err
	}
	return catalog.Outcome{Updated: true, Changes: changes}, putVersion(ctx, tx, t, catalog.Version{
		Version: t.Version, Time: now, RunID: runID, Columns: t.Columns, Changes: changes,
	})
}

// same reports whether two states of a table agree in all that Put is given.
func same(a, b catalog.Table) bool {
	return a.Layer == b.Layer && a.Object == b.Object && a.Location == b.Location && a.Key == b.Key &&
		a.Rows == b.Rows && a.Bytes == b.Bytes &&
		slices.Equal(a.Columns, b.Columns) && maps.Equal(a.Parameters, b.Parameters)
}

// Record adds drift to a table's history.
func (c *Catalog) Record(ctx context.Context, database, name, runID string, changes []catalog.Change) error {
	if len(changes) == 0 {
		return ctx.Err()
	}
	db, err := c.reading(ctx)
	if err != nil {
		return err
	}
	if db == nil {
		return notFound(database, name)
	}
	return c.transact(ctx, db, func(tx *sql.Tx) error {
		t, err := get(ctx, tx, database, name)
		if err != nil {
			return err
		}
		newest, err := query(ctx, tx, scanVersion, `SELECT version, time, run_id, columns, changes
			FROM versions WHERE database = ? AND name = ? AND version = ?`, database, name, t.Version)
		if err != nil {
			return err
		}
		if len(newest) == 1 && slices.Equal(newest[0].Changes, changes) {
			return nil // drift that lasts is told once
		}
		t.Version++
		t.Updated = c.now().UTC()
		if err := putTable(ctx, tx, t); err != nil {
			return err
		}
		return putVersion(ctx, tx, t, catalog.Version{
			Version: t.Version, Time: t.Updated, RunID: runID, Columns: t.Columns, Changes: changes,
		})
	})
}

// Delete removes a table; its history goes with it.
func (c *Catalog) Delete(ctx context.Context, database, name string) error {
	db, err := c.reading(ctx)
	if err != nil || db == nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DELETE FROM tables WHERE database = ? AND name = ?", database, name)
	return c.ended(ctx, err)
}

func putTable(ctx context.Context, tx *sql.Tx, t catalog.Table) error {
	parameters := t.Parameters
	if parameters == nil {
		parameters = map[string]string{}
	}
	encoded, err := json.Marshal(parameters)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO tables
			(database, name, layer, object, location, key, rows, bytes, version, parameters, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (database, name) DO UPDATE SET
			layer = excluded.layer, object = excluded.object, location = excluded.location, key = excluded.key,
			rows = excluded.rows, bytes = excluded.bytes, version = excluded.version,
			parameters = excluded.parameters, updated = excluded.updated`,
		t.Database, t.Name, string(t.Layer), t.Object, t.Location, t.Key, t.Rows, t.Bytes, t.Version,
		string(encoded), encodeTime(t.Created), encodeTime(t.Updated))
	return err
}

func putVersion(ctx context.Context, tx *sql.Tx, t catalog.Table, v catalog.Version) error {
	columns, err := json.Marshal(append([]lake.Column{}, v.Columns...))
	if err != nil {
		return err
	}
	changes, err := json.Marshal(append([]catalog.Change{}, v.Changes...))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO versions (database, name, version, time, run_id, columns, changes)
		VALUES (?, ?, ?, ?, ?, ?, ?)`,
		t.Database, t.Name, v.Version, encodeTime(v.Time), v.RunID, string(columns), string(changes))
	return err
}

func encodeTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
