package glue

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"wplake/internal/catalog"
)

// Versions returns a table's schemas, the newest first; see catalog.Catalog.
// Glue's versions that differ in other things than the schema are one. Of a
// schema that somebody else made the run is not known. It needs glue:GetTable
// and glue:GetTableVersions.
func (c *Catalog) Versions(ctx context.Context, database, name string) ([]catalog.Version, error) {
	present, err := c.table(ctx, database, name)
	if err != nil {
		return nil, err
	}
	states := []types.Table{present}
	pages := glue.NewGetTableVersionsPaginator(c.client, &glue.GetTableVersionsInput{
		CatalogId: c.id(), DatabaseName: &database, TableName: &name,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return nil, notFound(database, name)
		}
		if err != nil {
			return nil, failure(err, fmt.Sprintf("read the versions of the table %s.%s", database, name), "glue:GetTableVersions")
		}
		for _, v := range page.TableVersions {
			if v.Table != nil {
				v.Table.VersionId = cmp.Or(v.Table.VersionId, v.VersionId)
				states = append(states, *v.Table)
			}
		}
	}
	slices.SortStableFunc(states, func(a, b types.Table) int { return cmp.Compare(number(a), number(b)) })
	return c.history(database, states, present.Parameters[ownCreated]), nil
}

// history makes the schemas, the newest first, of a table's states, the oldest
// first. created is the stamp of the table's creation: states with another one
// are of a table of that name that was removed.
func (c *Catalog) history(database string, states []types.Table, created string) []catalog.Version {
	var found []catalog.Version
	var foreign bool // whether the last one found has no stamp
	for _, g := range states {
		if stamp, ok := g.Parameters[ownCreated]; ok && created != "" && stamp != created {
			continue
		}
		e := c.read(database, g)
		v := catalog.Version{Version: e.Version, Time: e.Updated, Columns: e.Columns, Changes: []catalog.Change{}}
		if e.current {
			v.Time, v.RunID = e.schema.time, e.schema.runID
		}
		last := len(found) - 1
		again := last >= 0 && (found[last].Version == v.Version || foreign && !e.current && slices.Equal(found[last].Columns, v.Columns))
		if again && !e.current {
			v.Time = found[last].Time // since when the schema is so
		}
		if again {
			found = found[:last]
		}
		switch {
		case e.current && e.schema.changes != nil:
			v.Changes = e.schema.changes
		case len(found) > 0:
			v.Changes = append(v.Changes, catalog.Diff(found[len(found)-1].Columns, v.Columns)...)
		}
		found = append(found, v)
		foreign = !e.current
	}
	slices.Reverse(found)
	return found
}
