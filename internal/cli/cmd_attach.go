package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/engine"
	"wplake/internal/home"
)

func (a *app) attachCommand() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "attach",
		Short: "Show how other programs open the lake",
		Long: `Prints how the DuckDB command line, Python, R, a notebook and BI tools open the
lake's tables: each as a view of its Parquet file, by the same names as in
` + "`wplake query`" + `. Nothing has to be running, and nothing is copied: the views read
the files as they are at the time of the query, and a file is replaced whole.

The views are a file of SQL, which --output writes; --format duckdb prints the
same SQL. It names the tables that there are now: write it again when there are
new ones. All guides read that file, and show how to do without it.`,
		Example: `  wplake attach
  wplake attach --output lake.sql && duckdb -init lake.sql
  wplake attach --output lake.sql --format python`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "all" && !slices.ContainsFunc(guides(), func(g guide) bool { return g.name == format }) {
				return usageError{fmt.Errorf("unknown format %q (one of %s)", format, strings.Join(guideNames(), ", "))}
			}
			return a.withHome(cmd.Context(), func(h *home.Home) error {
				tables, err := h.Tables(cmd.Context(), "")
				if err != nil {
					return err
				}
				return a.attach(attachment{Dataset: h.Config.Dataset, Tables: attachTables(tables), SQL: viewsSQL(tables, h.Config.Dataset), file: out}, format)
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "all", "one of "+strings.Join(guideNames(), ", "))
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the SQL that makes the views to this file")
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(guideNames(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// attachment is what other programs need to know of the lake; --json prints it.
type attachment struct {
	Dataset string            `json:"dataset"`
	Tables  []attachTable     `json:"tables"`
	SQL     string            `json:"sql"`
	Guides  map[string]string `json:"guides"` // by format

	file string // the file that holds the SQL, as it was named; "" for none
}

type attachTable struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Path   string `json:"path"`
}

func attachTables(tables []engine.Table) []attachTable {
	out := []attachTable{} // a list in JSON also when it is empty
	for _, t := range tables {
		out = append(out, attachTable(t))
	}
	return out
}

// attach prints a guide, or all of them.
func (a *app) attach(at attachment, format string) error {
	if len(at.Tables) == 0 && !a.json {
		return usageError{errors.New("there are no tables yet: `wplake run` makes them")}
	}
	if at.file != "" {
		if err := writeText(at.file, at.SQL); err != nil {
			return err
		}
		if !a.quiet {
			fmt.Fprintf(a.stderr, "Wrote the views to %s.\n", clean(at.file))
		}
		if path, err := filepath.Abs(at.file); err == nil { // else the name has to do
			at.file = path
		}
	}
	at.Guides = map[string]string{}
	for _, g := range guides() {
		if len(at.Tables) > 0 && (format == "all" || format == g.name) {
			at.Guides[g.name] = g.text(at)
		}
	}
	switch {
	case a.json:
		return a.printJSON(at)
	case format == "duckdb":
		fmt.Fprint(a.stdout, at.SQL) // to be piped into duckdb
	case format != "all":
		fmt.Fprint(a.stdout, at.Guides[format])
	default:
		a.printGuides(at)
	}
	return nil
}

// printGuides prints the tables with their files and all guides.
func (a *app) printGuides(at attachment) {
	g := a.newGrid("TABLE", "FILE")
	for _, t := range at.Tables {
		g.row(oneLine(ident(t.Schema)+"."+ident(t.Name)), oneLine(t.Path))
	}
	g.print()
	if at.file == "" {
		fmt.Fprintf(a.stdout, "\n# First: write the views of all tables to a file\n\nwplake attach --output %s\n", at.sqlFile())
	}
	for _, g := range guides() {
		fmt.Fprintf(a.stdout, "\n# %s\n\n%s", g.title, at.Guides[g.name])
	}
}

// viewsSQL makes a view of each table: by schema and name, and those of the
// dataset by name alone.
func viewsSQL(tables []engine.Table, dataset string) string {
	var b strings.Builder
	b.WriteString("-- Views of a lake's Parquet files, for DuckDB 1.0 and later.\n")
	if slices.ContainsFunc(tables, func(t engine.Table) bool { return strings.HasPrefix(t.Path, "s3://") }) {
		b.WriteString("INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;\n" +
			"CREATE OR REPLACE SECRET lake (TYPE s3, PROVIDER credential_chain);\n")
	}
	var schemas []string
	for _, t := range tables {
		if !slices.Contains(schemas, t.Schema) {
			schemas = append(schemas, t.Schema)
			b.WriteString("CREATE SCHEMA IF NOT EXISTS " + engine.Ident(t.Schema) + ";\n")
		}
	}
	for _, t := range tables {
		names := []string{engine.Ident(t.Schema) + "." + engine.Ident(t.Name)}
		if t.Schema == dataset {
			names = append(names, engine.Ident(t.Name))
		}
		for _, name := range names {
			b.WriteString("CREATE OR REPLACE VIEW " + name + " AS SELECT * FROM read_parquet(" + engine.Literal(t.Path) + ");\n")
		}
	}
	return b.String()
}
