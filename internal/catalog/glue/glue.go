// Package glue keeps the catalog in the AWS Glue Data Catalog, where Athena,
// Spark and others look for tables.
//
// A table is what a crawler would make of its object. What a crawler has no
// place for (the object's key, the exact time, the run that changed the
// schema) is in parameters that begin with wplake_; see stamp.go. The history
// of schemas is Glue's own: a change of schema archives the table's version,
// any other change does not.
package glue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"wplake/internal/awsapi"
	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// Options configure a Catalog.
type Options struct {
	CatalogID string           // twelve digits; "": the account's own
	Now       func() time.Time // the clock; never nil
	// Buckets are the names of the layers' buckets. They tell a table that a
	// crawler made of a layer's object from somebody else's; without them the
	// table's name and the folder at its place have to do.
	Buckets map[lake.Layer]string
	// Wait pauses between attempts to write what others write too; nil waits
	// in real time.
	Wait func(context.Context, time.Duration) error
}

// Catalog is a Glue Data Catalog. Its methods may be called concurrently, also
// by several processes. Errors are *lake.Error.
//
// It copes with tables that others made in the same database: their columns,
// rows and folder are read as far as they say, and Version is Glue's own
// number, from 1. Put writes over a table that a crawler made of the same
// object, and keeps what is not its own; it refuses to write over others.
type Catalog struct {
	client *glue.Client
	o      Options
}

var _ catalog.Catalog = (*Catalog)(nil)

// New returns the catalog of cfg's region. No request is made.
func New(cfg aws.Config, o Options) *Catalog {
	if o.Wait == nil {
		o.Wait = awsapi.Wait
	}
	return &Catalog{client: glue.NewFromConfig(cfg), o: o}
}

// Close does nothing: nothing is held.
func (c *Catalog) Close() error { return nil }

// id is the catalog as requests name it.
func (c *Catalog) id() *string {
	if c.o.CatalogID == "" {
		return nil
	}
	return &c.o.CatalogID
}

// Get returns a table. It needs glue:GetTable.
func (c *Catalog) Get(ctx context.Context, database, name string) (catalog.Table, error) {
	found, err := c.table(ctx, database, name)
	if err != nil {
		return catalog.Table{}, err
	}
	return c.read(database, found).Table, nil
}

// table asks for a table as Glue has it.
func (c *Catalog) table(ctx context.Context, database, name string) (types.Table, error) {
	out, err := c.client.GetTable(ctx, &glue.GetTableInput{CatalogId: c.id(), DatabaseName: &database, Name: &name})
	if missing(err) {
		return types.Table{}, notFound(database, name)
	}
	if err != nil {
		return types.Table{}, failure(err, fmt.Sprintf("read the table %s.%s", database, name), "glue:GetTable")
	}
	if out.Table == nil {
		return types.Table{}, notFound(database, name)
	}
	return *out.Table, nil
}

func notFound(database, name string) error {
	return fmt.Errorf("%w: %q in database %q", catalog.ErrNotFound, name, database)
}

// List returns all tables of a database, whoever made them; none where there
// is no such database. It needs glue:GetTables. Where Lake Formation governs
// the database, Glue leaves out what the caller may not see, and does not say so.
func (c *Catalog) List(ctx context.Context, database string) ([]catalog.Table, error) {
	var tables []catalog.Table
	pages := glue.NewGetTablesPaginator(c.client, &glue.GetTablesInput{CatalogId: c.id(), DatabaseName: &database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, failure(err, "list the tables of "+database, "glue:GetTables")
		}
		for _, t := range page.TableList {
			tables = append(tables, c.read(database, t).Table)
		}
	}
	slices.SortFunc(tables, func(a, b catalog.Table) int { return strings.Compare(a.Name, b.Name) })
	return tables, nil
}

// Delete removes a table; its history goes with it. It needs glue:DeleteTable.
func (c *Catalog) Delete(ctx context.Context, database, name string) error {
	_, err := c.client.DeleteTable(ctx, &glue.DeleteTableInput{CatalogId: c.id(), DatabaseName: &database, Name: &name})
	if missing(err) {
		return nil
	}
	return failure(err, fmt.Sprintf("remove the table %s.%s", database, name), "glue:DeleteTable")
}
