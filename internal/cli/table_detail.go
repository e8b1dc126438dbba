package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"wplake/internal/catalog"
)

// printTable shows a table to a person.
func (a *app) printTable(d tableDocument) {
	out := a.stdout
	fmt.Fprintln(out, a.color(bold, d.Name))
	fmt.Fprintf(out, "%s, %d columns, %s, schema v%d, updated %s\n",
		rowsText(d.Rows), len(d.Columns), bytesText(d.Bytes), d.Version, localTime(d.Updated))
	fmt.Fprintln(out, d.Location)
	if d.Rejected > 0 {
		fmt.Fprintln(out, a.color(yellow, fmt.Sprintf("%s rejected: SELECT * FROM %s_rejects.%q",
			rowsText(d.Rejected), d.Layer, d.Object)))
	}
	fmt.Fprintln(out)
	a.printProfile(d.Profile)
	if provenance := d.Provenance(); len(provenance) > 0 {
		fmt.Fprintln(out)
		g := a.newGrid("PROVENANCE", "")
		for _, key := range slices.Sorted(maps.Keys(provenance)) {
			g.row(oneLine(strings.TrimPrefix(key, catalog.ProvenancePrefix)), oneLine(provenance[key]))
		}
		g.print()
	}
	fmt.Fprintln(out)
	a.printHistory(d.Versions)
}

func (a *app) printProfile(profile []catalog.ColumnProfile) {
	width := a.valueWidth(profile)
	g := a.newGrid("COLUMN", "TYPE", ">NULLS", ">DISTINCT", "MIN", "MAX", "SAMPLE")
	for _, p := range profile {
		g.row(oneLine(p.Name), snip(string(p.Type), catalog.ProfileText), groupDigits(p.Nulls), distinctText(p),
			profileCell(p.Min, width), profileCell(p.Max, width), profileCell(p.Sample, width))
	}
	g.print()
}

// distinctText is a count of different values, marked where it is approximate.
func distinctText(p catalog.ColumnProfile) string {
	if p.Approximate {
		return "~" + groupDigits(p.Distinct)
	}
	return groupDigits(p.Distinct)
}

// profileCell is a value as a cell. Where there is no value the cell is empty;
// an empty text is told apart by its quotes.
func profileCell(v any, width int) string {
	switch v {
	case nil:
		return ""
	case "":
		return `""`
	}
	return snip(oneLine(fmt.Sprint(v)), width)
}

// valueWidth is how wide each of a profile's three values may be, so that its
// rows fit a terminal.
func (a *app) valueWidth(profile []catalog.ColumnProfile) int {
	f, ok := a.stdout.(*os.File)
	if !ok {
		return catalog.ProfileText
	}
	screen, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return catalog.ProfileText // not a terminal
	}
	names, types := len("COLUMN"), len("TYPE")
	for _, p := range profile {
		names, types = max(names, len(p.Name)), max(types, min(len(p.Type), catalog.ProfileText))
	}
	counts, gaps := len("10,000,000")+len("DISTINCT"), 6*2
	return min(catalog.ProfileText, max(12, (screen-names-types-counts-gaps)/3))
}

// shownVersions is how many versions of a schema are shown unless asked for.
const shownVersions = 10

// printHistory shows what changed between the versions of a schema.
func (a *app) printHistory(versions []catalog.Version) {
	g := a.newGrid("SCHEMA", "SINCE", "RUN", "WHAT CHANGED")
	for _, v := range versions[:min(shownVersions, len(versions))] {
		changes := changesText(v)
		g.row(fmt.Sprintf("v%d", v.Version), localTime(v.Time), oneLine(v.RunID), changes[0])
		for _, c := range changes[1:] {
			g.row("", "", "", c)
		}
	}
	g.print()
	if more := len(versions) - shownVersions; more > 0 {
		fmt.Fprintf(a.stdout, "and %d before: --versions shows them all\n", more)
	}
}

// changesText says what a version changed, a line each; there is at least one.
func changesText(v catalog.Version) []string {
	if v.Version == 1 {
		return []string{fmt.Sprintf("%d columns", len(v.Columns))}
	}
	if len(v.Changes) == 0 {
		return []string{"the order of the columns"}
	}
	var lines []string
	for _, c := range v.Changes {
		lines = append(lines, oneLine(c.String()))
	}
	return lines
}

// printVersions shows every version of a schema with its columns.
func (a *app) printVersions(d tableDocument) {
	for i, v := range d.Versions {
		if i > 0 {
			fmt.Fprintln(a.stdout)
		}
		fmt.Fprintf(a.stdout, "%s since %s, run %s\n",
			a.color(bold, fmt.Sprintf("%s v%d", d.Name, v.Version)), localTime(v.Time), oneLine(v.RunID))
		if v.Version > 1 {
			for _, line := range changesText(v) {
				fmt.Fprintln(a.stdout, "  "+line)
			}
		}
		g := a.newGrid("COLUMN", "TYPE")
		for _, c := range v.Columns {
			g.row(oneLine(c.Name), string(c.Type))
		}
		g.print()
	}
}
