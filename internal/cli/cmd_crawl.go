package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/catalog"
	"wplake/internal/home"
	"wplake/internal/lake"
)

func (a *app) crawlCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "crawl [bronze|silver]",
		Short: "Bring the catalog up to date with the objects",
		Long: `Looks at every object of a layer, or of both, and puts its table into the
catalog: columns and their types, rows, size and provenance. Tables whose object
is gone are removed from the catalog. Objects are read only.

'wplake run' does this by itself. It is of use when objects came or went by
other means, and when the catalog was lost: it is rebuilt from the objects.

On AWS the tables are those of Glue. Where the definition says catalog.crawler: true,
the deployed crawlers are started instead, and awaited.`,
		Example: `  wplake crawl
  wplake crawl silver
  wplake crawl --home aws`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{string(lake.Bronze), string(lake.Silver)},
		RunE: func(cmd *cobra.Command, args []string) error {
			layers := lake.TableLayers()
			if len(args) == 1 {
				layers = []lake.Layer{lake.Layer(args[0])}
			}
			return a.crawl(cmd.Context(), layers)
		},
	}
}

func (a *app) crawl(ctx context.Context, layers []lake.Layer) (err error) {
	h, err := a.openHome(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	before, err := h.Catalog.List(ctx, h.Config.Dataset)
	if err != nil {
		return err
	}
	report, err := h.Crawl(ctx, layers, home.NewRunID(a.now()))
	if err != nil {
		return err
	}
	if a.json {
		if err := a.printJSON(report); err != nil {
			return err
		}
	} else {
		a.printCrawl(report, before)
	}
	return outcome(ctx, report, nil)
}

// printCrawl prints what became of each table, and what failed with its remedy.
func (a *app) printCrawl(report lake.RunReport, before []catalog.Table) {
	counts := make(map[string]int)
	g := a.newGrid("TABLE", "OUTCOME", ">ROWS", ">COLUMNS", "WHAT CHANGED")
	for _, s := range report.Stages {
		layer := lake.Layer(strings.TrimPrefix(s.Stage, "crawl-"))
		for _, o := range s.Objects {
			table := lake.TableName(layer, o.Object)
			became := crawlOutcome(o, slices.ContainsFunc(before, func(t catalog.Table) bool { return t.Name == table }))
			counts[became]++
			if became == failed {
				g.row(table, a.color(red, became), "", "", "")
				continue
			}
			g.row(table, became, groupDigits(o.Rows), groupDigits(int64(o.Columns)), oneLine(strings.Join(o.Warnings, "; ")))
		}
	}
	if !a.quiet {
		if g.rows > 0 {
			g.print()
		}
		fmt.Fprintln(a.stdout, crawlSum(counts))
	}
	for _, s := range report.Stages {
		if s.Error != nil {
			a.printError(problemError(s.Stage, *s.Error))
		}
		for _, o := range s.Objects {
			if o.Error != nil {
				a.printError(problemError(s.Stage+" "+o.Object, *o.Error))
			}
		}
	}
}

// What becomes of a table.
const (
	created   = "created"
	updated   = "updated"
	unchanged = "unchanged"
	removed   = "removed"
	failed    = "failed"
)

// crawlOutcome is what became of a table, which the catalog had before or not.
func crawlOutcome(o lake.ObjectReport, known bool) string {
	switch {
	case o.Status == lake.StatusFailed:
		return failed
	case o.Unchanged:
		return unchanged
	case o.Columns == 0:
		return removed
	case known:
		return updated
	}
	return created
}

// crawlSum counts the outcomes.
func crawlSum(counts map[string]int) string {
	var parts []string
	for _, became := range []string{created, updated, unchanged, removed, failed} {
		if n := counts[became]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, became))
		}
	}
	if len(parts) == 0 {
		return "no tables"
	}
	return "tables: " + strings.Join(parts, ", ")
}

// problemError is a report's problem as an error to print.
func problemError(where string, p lake.Problem) error {
	return &lake.Error{Code: p.Code, Message: where + ": " + p.Message, Hint: p.Hint}
}
