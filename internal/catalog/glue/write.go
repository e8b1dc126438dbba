package glue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// How often a table is read and written again when others write it, too.
const (
	attempts     = 30
	firstPause   = 50 * time.Millisecond // doubled each time
	longestPause = 2 * time.Second
)

// change is what is to be written over the table as it was read.
type change struct {
	input   types.TableInput
	outcome catalog.Outcome
	archive bool // keep the version that is replaced
}

// Put creates or updates a table; see catalog.Catalog. The database is made
// where it is missing. It needs glue:GetTable, glue:CreateTable,
// glue:UpdateTable, and glue:CreateDatabase where the database is missing.
func (c *Catalog) Put(ctx context.Context, t catalog.Table, runID string) (catalog.Outcome, error) {
	if err := checkTable(t); err != nil {
		return catalog.Outcome{}, err
	}
	columns := make([]lake.Column, len(t.Columns))
	for i, column := range t.Columns {
		columns[i] = lake.Column{Name: lower(column.Name), Type: typeOf(string(column.Type))}
	}
	t.Columns = columns
	return c.write(ctx, t.Database, t.Name, func(old *entry) (*change, error) {
		if old == nil {
			return c.creation(t, runID)
		}
		return c.update(*old, t, runID)
	})
}

// Record adds drift to a table's history; see catalog.Catalog. It needs
// glue:GetTable and glue:UpdateTable.
func (c *Catalog) Record(ctx context.Context, database, name, runID string, changes []catalog.Change) error {
	if len(changes) == 0 {
		return ctx.Err()
	}
	_, err := c.write(ctx, database, name, func(old *entry) (*change, error) {
		if old == nil {
			return nil, notFound(database, name)
		}
		if old.current && slices.Equal(old.schema.changes, changes) {
			return nil, nil // drift that lasts is told once
		}
		if why := old.special(); why != "" {
			return nil, &lake.Error{
				Code: lake.CatalogFailed, Message: fmt.Sprintf("the table %s.%s is somebody else's: it %s", database, name, why),
			}
		}
		in := inputOf(old.glue)
		now := c.o.Now().UTC()
		kept, err := stampSchema(in.Parameters, catalog.Version{
			Version: old.Version + 1, Time: now, RunID: runID, Columns: old.Columns, Changes: changes,
		})
		if err != nil {
			return nil, err
		}
		if !kept {
			return nil, &lake.Error{
				Code:    lake.CatalogFailed,
				Message: fmt.Sprintf("%d changes are more than Glue keeps with the table %s.%s", len(changes), database, name),
			}
		}
		in.Parameters[ownUpdated], in.Parameters[ownRun] = encodeTime(now), runID
		return &change{input: in, archive: true}, nil
	})
	return err
}

// write reads a table (nil where it is missing), lets plan say what to write
// over it (nil for nothing), and writes that if nobody else wrote meanwhile;
// otherwise it begins anew.
func (c *Catalog) write(
	ctx context.Context, database, name string, plan func(*entry) (*change, error),
) (catalog.Outcome, error) {
	var last *change // whose fate is unknown
	pause := firstPause
	for attempt := 1; ; attempt++ {
		old, err := c.present(ctx, database, name)
		if err != nil {
			return catalog.Outcome{}, err
		}
		if last != nil && old != nil && old.has(*last) {
			return last.outcome, nil // it had been written: only the answer was lost
		}
		next, err := plan(old)
		if err != nil || next == nil {
			return catalog.Outcome{}, err
		}
		err = c.send(ctx, database, old, *next)
		if err == nil {
			return next.outcome, nil
		}
		changed := conflict(err) || exists(err) || missing(err) && old != nil
		if !changed || attempt == attempts {
			return catalog.Outcome{}, failure(err, fmt.Sprintf("write the table %s.%s", database, name), "glue:CreateTable and glue:UpdateTable")
		}
		last = next
		if err := c.o.Wait(ctx, pause); err != nil {
			return catalog.Outcome{}, failure(err, fmt.Sprintf("write the table %s.%s", database, name), "")
		}
		pause = min(2*pause, longestPause)
	}
}

// present is the table as it is, or nil.
func (c *Catalog) present(ctx context.Context, database, name string) (*entry, error) {
	found, err := c.table(ctx, database, name)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	e := c.read(database, found)
	return &e, nil
}

// has reports whether the table is what the change wrote.
func (e *entry) has(c change) bool {
	for _, name := range []string{ownUpdated, ownRun, ownVersion} {
		if e.glue.Parameters[name] != c.input.Parameters[name] {
			return false
		}
	}
	return true
}

// send writes a change, and makes the database where it is missing.
func (c *Catalog) send(ctx context.Context, database string, old *entry, next change) error {
	if old != nil {
		_, err := c.client.UpdateTable(ctx, &glue.UpdateTableInput{
			CatalogId: c.id(), DatabaseName: &database, TableInput: &next.input,
			SkipArchive: aws.Bool(!next.archive), VersionId: old.glue.VersionId,
		})
		return err
	}
	create := func() error {
		_, err := c.client.CreateTable(ctx, &glue.CreateTableInput{CatalogId: c.id(), DatabaseName: &database, TableInput: &next.input})
		return err
	}
	err := create()
	if !missing(err) {
		return err
	}
	_, err = c.client.CreateDatabase(ctx, &glue.CreateDatabaseInput{
		CatalogId: c.id(), DatabaseInput: &types.DatabaseInput{Name: &database},
	})
	if err != nil && !exists(err) {
		return failure(err, "make the database "+database, "glue:CreateDatabase")
	}
	return create()
}

// creation is a table that was not there.
func (c *Catalog) creation(t catalog.Table, runID string) (*change, error) {
	now := c.o.Now().UTC()
	t.Version, t.Created, t.Updated = 1, now, now
	in := types.TableInput{Parameters: map[string]string{}}
	describe(&in, t, nil)
	if err := stampTable(in.Parameters, t, runID); err != nil {
		return nil, err
	}
	_, err := stampSchema(in.Parameters, catalog.Version{Version: 1, Time: now, RunID: runID, Columns: t.Columns})
	return &change{input: in, outcome: catalog.Outcome{Created: true}}, err
}

// update is t over the table as it is; nil where it is that already.
func (c *Catalog) update(old entry, t catalog.Table, runID string) (*change, error) {
	if old.same(t) {
		return nil, nil
	}
	if err := old.mine(t); err != nil {
		return nil, err
	}
	now := c.o.Now().UTC()
	t.Version, t.Created, t.Updated = old.Version, old.Created, now
	next := &change{input: inputOf(old.glue), outcome: catalog.Outcome{Updated: true}}
	p := next.input.Parameters
	for _, name := range old.given {
		delete(p, name)
	}
	describe(&next.input, t, &old)
	if err := stampTable(p, t, runID); err != nil {
		return nil, err
	}
	if slices.Equal(old.Columns, t.Columns) {
		if !old.current {
			// Somebody else made this schema: what is not known is left empty.
			_, err := stampSchema(p, catalog.Version{Version: old.Version, Time: old.Updated, Columns: t.Columns})
			delete(p, ownChanges)
			return next, err
		}
		return next, nil
	}
	t.Version++
	next.archive = true
	next.outcome.Changes = catalog.Diff(old.Columns, t.Columns)
	_, err := stampSchema(p, catalog.Version{
		Version: t.Version, Time: now, RunID: runID, Columns: t.Columns, Changes: next.outcome.Changes,
	})
	return next, err
}

// inputOf is a table as it is written back, with parameters of its own.
func inputOf(g types.Table) types.TableInput {
	in := types.TableInput{
		Name: g.Name, Description: g.Description, Owner: g.Owner, Retention: g.Retention,
		LastAccessTime: g.LastAccessTime, LastAnalyzedTime: g.LastAnalyzedTime,
		PartitionKeys: g.PartitionKeys, StorageDescriptor: g.StorageDescriptor, TableType: g.TableType,
		TargetTable: g.TargetTable, ViewExpandedText: g.ViewExpandedText, ViewOriginalText: g.ViewOriginalText,
		Parameters: maps.Clone(g.Parameters),
	}
	if aws.ToString(in.Owner) == "" {
		in.Owner = nil // Glue takes none, but not an empty one
	}
	if in.Parameters == nil {
		in.Parameters = map[string]string{}
	}
	return in
}
