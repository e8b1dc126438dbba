package cli

import (
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// grid prints rows in aligned columns, without lines: it reads well and can be
// cut and sorted by other programs.
type grid struct {
	out    io.Writer
	writer table.Writer
	rows   int
}

// newGrid begins a grid. A heading that begins with > is of a column of
// numbers, which are aligned to the right.
func (a *app) newGrid(headings ...string) *grid {
	w := table.NewWriter()
	style := table.StyleDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	style.Format.Header = text.FormatDefault
	style.Options = table.Options{}
	w.SetStyle(style)
	w.SuppressTrailingSpaces()
	var header table.Row
	var configs []table.ColumnConfig
	for i, heading := range headings {
		heading, number := strings.CutPrefix(heading, ">")
		align := text.AlignLeft
		if number {
			align = text.AlignRight
		}
		header = append(header, a.color(bold, heading))
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align})
	}
	w.AppendHeader(header)
	w.SetColumnConfigs(configs)
	return &grid{out: a.stdout, writer: w}
}

const bold = "1"

// row adds a row. The cells are single lines.
func (g *grid) row(cells ...string) {
	row := make(table.Row, len(cells))
	for i, c := range cells {
		row[i] = c
	}
	g.writer.AppendRow(row)
	g.rows++
}

// print writes the grid.
func (g *grid) print() {
	g.writer.SetOutputMirror(g.out)
	g.writer.Render()
}

// oneLine makes a text fit a cell: what would break the line, or drive the
// terminal, is shown or taken out.
func oneLine(s string) string {
	return clean(strings.NewReplacer("\r\n", "↵", "\n", "↵", "\r", "↵", "\t", " ").Replace(s))
}

// snip cuts a text to a width on the screen.
func snip(s string, width int) string { return text.Snip(s, width, "…") }

// localTime is a time as a person here reads it.
func localTime(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }
