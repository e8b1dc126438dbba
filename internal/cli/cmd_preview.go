package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/transform"
)

// previewFlags are the flags of preview.
type previewFlags struct {
	layer   string
	rows    int
	step    int
	sql     bool
	dialect string
}

func (a *app) previewCommand() *cobra.Command {
	var f previewFlags
	cmd := &cobra.Command{
		Use:   "preview OBJECT",
		Short: "Show what the silver steps do to an object's rows",
		Long: `Runs the steps that lead an object from bronze to silver over its first rows,
and shows after each step which columns came and went and some rows before and
after it, with the changed cells marked (coloured on a terminal, else with a *),
then the SQL of all steps. Nothing in the lake changes.

Rows are chosen so that every step that changes or leaves out rows shows some.
The preview works on the first 10,000 rows of the object: a step deduplicate or
sql sees no more than these.`,
		Example: `  wplake preview posts
  wplake preview posts --step 2 --rows 20
  wplake preview terms --sql --dialect trino
  wplake preview terms --json | jq '.steps[] | {label, rows_changed, rows_gone}'`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeObjects,
		RunE: func(cmd *cobra.Command, args []string) error {
			req, err := f.request(args[0])
			if err != nil {
				return usageError{err}
			}
			return a.withHome(cmd.Context(), func(h *home.Home) error {
				p, err := h.Preview(cmd.Context(), req)
				if err != nil {
					switch lake.AsError(err, lake.Internal).Code {
					case lake.ObjectMissing, lake.ObjectUnmapped, lake.StepInvalid:
						return usageError{err}
					}
					return err
				}
				return a.printPreview(p, f.sql)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.layer, "layer", string(lake.Silver), "the layer whose steps to show; silver is the one that has steps")
	flags.IntVar(&f.rows, "rows", 5, "how many rows to show")
	flags.IntVar(&f.step, "step", 0, "show this step only, counted from 1")
	flags.BoolVar(&f.sql, "sql", false, "print the SQL alone, without rows")
	flags.StringVar(&f.dialect, "dialect", string(transform.DuckDB), "the dialect of the SQL: duckdb or trino")
	return cmd
}

// completeObjects completes the name of a bronze object for a shell.
func (a *app) completeObjects(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	err := a.withHome(cmd.Context(), func(h *home.Home) error {
		tables, err := h.Catalog.List(cmd.Context(), h.Config.Dataset)
		for _, t := range tables {
			if t.Layer == lake.Bronze {
				names = append(names, t.Object)
			}
		}
		return err
	})
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// request turns the flags into a request.
func (f previewFlags) request(object string) (pipeline.PreviewRequest, error) {
	layer, err := lake.ParseLayer(f.layer)
	if err != nil {
		return pipeline.PreviewRequest{}, err
	}
	if layer != lake.Silver {
		return pipeline.PreviewRequest{}, fmt.Errorf("the layer %s has no steps; silver has", layer)
	}
	dialect, err := transform.ParseDialect(f.dialect)
	switch {
	case err != nil:
		return pipeline.PreviewRequest{}, err
	case f.rows < 1 || f.rows > 1000:
		return pipeline.PreviewRequest{}, errors.New("--rows is 1 to 1000")
	case f.step < 0:
		return pipeline.PreviewRequest{}, errors.New("--step counts from 1")
	}
	return pipeline.PreviewRequest{Object: object, Rows: f.rows, Step: f.step, Dialect: dialect}, nil
}

func (a *app) printPreview(p pipeline.Preview, onlySQL bool) error {
	switch {
	case a.json:
		return a.printJSON(p)
	case onlySQL:
		a.printSQL(p)
		return nil
	}
	of := "all " + rowsText(p.Rows)
	if p.LookedAt < p.Rows {
		of = fmt.Sprintf("the first %s of %s", groupDigits(p.LookedAt), rowsText(p.Rows))
	}
	fmt.Fprintf(a.stdout, "%s, bronze to silver by %s, over %s\n", clean(p.Object), clean(p.Origin), of)
	if len(p.Steps) == 0 {
		fmt.Fprintln(a.stdout, "\nThere are no steps: silver is a copy of bronze.")
	}
	for _, s := range p.Steps {
		a.printPreviewStep(s)
	}
	fmt.Fprintln(a.stdout)
	a.printSQL(p)
	return nil
}

// printSQL prints the query and, behind it, what a reader must know to run it.
func (a *app) printSQL(p pipeline.Preview) {
	fmt.Fprintln(a.stdout, visibleLines(p.SQL))
	if len(p.Setup) > 0 {
		fmt.Fprintln(a.stdout, "-- The functions that DuckDB does not have are macros of wplake; --json shows them under setup.")
	}
}

func (a *app) printPreviewStep(s pipeline.PreviewStep) {
	fmt.Fprintf(a.stdout, "\n%s %s\n", a.color(bold, strconv.Itoa(s.Number)), a.color(bold, visible(s.Label)))
	for _, n := range s.Notes {
		fmt.Fprintf(a.stdout, "  %s %s\n", a.color(yellow, "note:"), visible(n))
	}
	if s.Anew {
		fmt.Fprintf(a.stdout, "  a table of its own: %s\n", columnList(s.Columns))
		a.printAnew(s)
		return
	}
	if len(s.Added) > 0 {
		fmt.Fprintf(a.stdout, "  %s %s\n", a.color(green, "+"), columnList(s.Added))
	}
	if len(s.Dropped) > 0 {
		fmt.Fprintf(a.stdout, "  %s %s\n", a.color(red, "-"), columnList(s.Dropped))
	}
	for _, from := range slices.Sorted(maps.Keys(s.Renamed)) {
		fmt.Fprintf(a.stdout, "  ~ %s is now %s\n", visible(from), visible(s.Renamed[from]))
	}
	for _, r := range s.Retyped {
		fmt.Fprintf(a.stdout, "  ~ %s was %s and is now %s\n", visible(r.Name), r.From, r.To)
	}
	if s.Changed > 0 || len(s.Touched) > 0 {
		fmt.Fprintf(a.stdout, "  changes %s\n", rowsText(s.Changed))
	}
	if s.Gone > 0 {
		fmt.Fprintf(a.stdout, "  leaves out %s\n", rowsText(s.Gone))
	}
	a.printRows(s)
}

// printRows prints the rows of a step: what tells them apart, and the columns
// that the step is about, before and after.
func (a *app) printRows(s pipeline.PreviewStep) {
	if len(s.Touched)+len(s.Added) == 0 && s.Gone == 0 || len(s.Shown) == 0 {
		return
	}
	touched := func(name string) bool { return slices.Contains(s.Touched, name) }
	added := func(name string) bool { return lake.FindColumn(s.Added, name) >= 0 }
	headings := []string{">ROW"}
	var same []int // columns of the row before that are shown as they are
	for k, c := range s.Before {
		if len(same) == 0 && !touched(c.Name) || slices.Contains(s.Reads, c.Name) {
			same = append(same, k)
			headings = append(headings, visible(c.Name))
		}
	}
	for _, c := range s.Columns {
		switch {
		case touched(c.Name):
			headings = append(headings, visible(c.Name), "→")
		case added(c.Name):
			headings = append(headings, "+ "+visible(c.Name))
		}
	}
	g := a.newGrid(headings...)
	for _, r := range s.Shown {
		cells := []string{groupDigits(r.Number)}
		for _, k := range same {
			cells = append(cells, cell(r.Before[k], nil))
		}
		if r.After == nil {
			for _, name := range s.Touched {
				cells = append(cells, cell(r.Before[lake.FindColumn(s.Before, name)], nil), "")
			}
			g.row(append(cells[:max(len(same)+1, len(cells)-1)], a.mark(red, "left out"))...)
			continue
		}
		for i, c := range s.Columns {
			switch {
			case touched(c.Name):
				old := r.Before[lake.FindColumn(s.Before, c.Name)]
				now := cell(r.After[i], old)
				if slices.Contains(r.Changed, c.Name) {
					now = a.mark(yellow, now)
				}
				cells = append(cells, cell(old, r.After[i]), now)
			case added(c.Name):
				cells = append(cells, cell(r.After[i], nil))
			}
		}
		g.row(cells...)
	}
	g.print()
}

// printAnew prints rows of a table that a step made.
func (a *app) printAnew(s pipeline.PreviewStep) {
	headings := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		headings[i] = visible(c.Name)
	}
	g := a.newGrid(headings...)
	for _, r := range s.Shown {
		cells := make([]string, len(r.After))
		for i, v := range r.After {
			cells[i] = cell(v, nil)
		}
		g.row(cells...)
	}
	g.print()
}

// mark makes a cell stand out: by colour, or by a * where there is none.
func (a *app) mark(code, text string) string {
	if colored := a.color(code, text); colored != text {
		return colored
	}
	return text + " *"
}

// cellWidth is the width of a cell on the screen.
const cellWidth = 60

// cell shows a value in one line of at most cellWidth. Where it is compared
// with another value, the cut is made so that the first difference shows.
func cell(value, other *string) string {
	switch {
	case value == nil:
		return "NULL"
	case *value == "":
		return `""`
	}
	text := []rune(*value)
	from := 0
	if other != nil && *other != *value {
		from = commonPrefix(text, []rune(*other))
	}
	const context = 20 // characters before the difference
	if from > cellWidth-context && len(text) > cellWidth {
		return snip("…"+visible(string(text[min(from, len(text)-1)-context:])), cellWidth)
	}
	// Escapes make a text longer, never shorter, so the cut may come first.
	return snip(visible(string(text[:min(len(text), cellWidth+1)])), cellWidth)
}

func commonPrefix(a, b []rune) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// visible writes what does not show, or would drive the terminal, as escapes
// such as \n and \u202e.
func visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		escaped := strconv.QuoteRuneToASCII(r)
		b.WriteString(escaped[1 : len(escaped)-1])
	}
	return b.String()
}

// visibleLines is visible that keeps line breaks.
func visibleLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = visible(line)
	}
	return strings.Join(lines, "\n")
}

// columnList names columns with their types.
func columnList(columns []lake.Column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = visible(c.Name) + " " + string(c.Type)
	}
	return strings.Join(out, ", ")
}
