package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/catalog"
	"wplake/internal/home"
	"wplake/internal/lake"
)

func (a *app) tablesCommand() *cobra.Command {
	var versions bool
	cmd := &cobra.Command{
		Use:   "tables [NAME]",
		Short: "List the tables, or show one with a profile of its columns",
		Long: `Without NAME lists the catalog's tables: rows, columns, size, rows that were
rejected, version of the schema and the time of the last change.

With NAME shows one table: a profile of each column (nulls, distinct values,
least, greatest and one value), where its data came from, and how its schema
changed. NAME is the table's name, or layer and object, or the object alone
where only one layer has it: silver-posts, silver.posts, posts.`,
		Example: `  wplake tables
  wplake tables silver-posts
  wplake tables silver.posts --versions
  wplake tables --json | jq -r '.tables[] | select(.rejected > 0).name'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && versions {
				return usageError{errors.New("--versions needs the NAME of a table")}
			}
			return a.withHome(cmd.Context(), func(h *home.Home) error {
				tables, err := h.Catalog.List(cmd.Context(), h.Config.Dataset)
				if err != nil {
					return err
				}
				if len(args) == 0 {
					return a.listTables(h, tables)
				}
				t, err := catalog.Find(tables, args[0])
				if err != nil {
					return usageError{err}
				}
				return a.showTable(cmd.Context(), h, t, versions)
			})
		},
	}
	cmd.Flags().BoolVar(&versions, "versions", false, "show every version of the schema with its columns, and no profile")
	return cmd
}

// completeTables completes the name of a table for a shell.
func (a *app) completeTables(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	err := a.withHome(cmd.Context(), func(h *home.Home) error {
		tables, err := h.Catalog.List(cmd.Context(), h.Config.Dataset)
		for _, t := range tables {
			names = append(names, t.Name)
		}
		return err
	})
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// withHome opens the home for do and closes it.
func (a *app) withHome(ctx context.Context, do func(*home.Home) error) (err error) {
	h, err := a.openHome(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	return do(h)
}

// tableDocument is a table as --json prints it.
type tableDocument struct {
	catalog.Table
	Rejected int64                   `json:"rejected"`
	Profile  []catalog.ColumnProfile `json:"profile,omitempty"`
	Versions []catalog.Version       `json:"versions,omitempty"`
}

func (a *app) listTables(h *home.Home, tables []catalog.Table) error {
	if a.json {
		documents := make([]tableDocument, len(tables))
		for i, t := range tables {
			documents[i] = tableDocument{Table: t, Rejected: t.Rejected()}
		}
		return a.printJSON(struct {
			Database string          `json:"database"`
			Tables   []tableDocument `json:"tables"`
		}{h.Config.Dataset, documents})
	}
	if len(tables) == 0 {
		fmt.Fprintln(a.stderr, "There are no tables yet: `wplake run` makes them.")
		return nil
	}
	g := a.newGrid("TABLE", "LAYER", ">ROWS", ">COLUMNS", ">SIZE", ">REJECTED", ">SCHEMA", "UPDATED")
	for _, t := range tables {
		rejected := groupDigits(t.Rejected())
		if t.Rejected() > 0 {
			rejected = a.color(yellow, rejected)
		}
		g.row(t.Name, string(t.Layer), groupDigits(t.Rows), groupDigits(int64(len(t.Columns))), bytesText(t.Bytes),
			rejected, fmt.Sprintf("v%d", t.Version), localTime(t.Updated))
	}
	g.print()
	return nil
}

// showTable shows one table; with only set, the versions of its schema and no
// profile.
func (a *app) showTable(ctx context.Context, h *home.Home, t catalog.Table, only bool) error {
	document := tableDocument{Table: t, Rejected: t.Rejected()}
	var err error
	if document.Versions, err = h.Catalog.Versions(ctx, t.Database, t.Name); err != nil {
		return err
	}
	if !only {
		if document.Profile, err = profile(ctx, h, t); err != nil {
			return err
		}
	}
	switch {
	case a.json:
		return a.printJSON(document)
	case only:
		a.printVersions(document)
	default:
		a.printTable(document)
	}
	return nil
}

// profile reads the table's object and describes its columns.
func profile(ctx context.Context, h *home.Home, t catalog.Table) (_ []catalog.ColumnProfile, err error) {
	if _, err := h.Buckets[t.Layer].Stat(ctx, t.Key); err != nil {
		return nil, &lake.Error{
			Code: lake.ObjectMissing, Message: fmt.Sprintf("the object of %s, %s, cannot be read", t.Name, t.Location), Err: err,
			Hint: "`wplake crawl` brings the catalog up to date with the objects that there are",
		}
	}
	r, err := h.Reader(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return catalog.Profile(ctx, r.Query, t)
}
