package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/text"

	"wplake/internal/lake"
)

const (
	// defaultLimit is how many rows a table shows unless --limit says.
	defaultLimit = 1000
	// maxTableBytes bounds the text of a table, which is held in memory: the
	// widths of its columns are known only at its end.
	maxTableBytes = 64 << 20
	// maxCell bounds a cell, in characters.
	maxCell = 10_000
	// minWidth is how far a column is made narrower to fit a terminal.
	minWidth = 8

	gap  = " │ "
	null = "NULL"
)

// tableRenderer writes a table for people.
type tableRenderer struct {
	w       io.Writer
	screen  screen
	columns []lake.Column
	widths  []int
	rows    [][]*string // nil is NULL
	bytes   int
	cut     string // why not all rows are shown; "" where they are
}

func (r *tableRenderer) begin(columns []lake.Column) error {
	r.columns = columns
	for _, c := range columns {
		r.widths = append(r.widths, pretty.StringWidth(escaped(c.Name)))
	}
	return nil
}

func (r *tableRenderer) row(values []any) (bool, error) {
	if r.screen.limit > 0 && len(r.rows) == r.screen.limit {
		r.cut = fmt.Sprintf("the first %s of more; --limit 0 shows all", groupDigits(int64(r.screen.limit)))
		return false, nil
	}
	if r.bytes > maxTableBytes {
		r.cut = fmt.Sprintf("the first %s of more, which is as much as a table holds; the other formats have no bound", groupDigits(int64(len(r.rows))))
		return false, nil
	}
	row := make([]*string, len(values))
	for i, v := range values {
		width := len(null)
		if v != nil {
			s := shorten(escaped(cellText(v, r.columns[i].Type)), maxCell)
			row[i] = &s
			r.bytes += len(s)
			width = pretty.StringWidth(s)
		}
		r.widths[i] = max(r.widths[i], width)
	}
	r.rows = append(r.rows, row)
	return true, nil
}

// shorten cuts a text to a number of characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

func (r *tableRenderer) end() error {
	shown := r.fit()
	var b strings.Builder
	for i := range shown {
		name := snip(escaped(r.columns[i].Name), r.widths[i])
		r.cell(&b, i, shown, name, r.dye(bold, name))
	}
	for i := range shown {
		b.WriteString(strings.Repeat("─", r.widths[i]))
		if i < shown-1 {
			b.WriteString("─┼─")
		}
	}
	b.WriteString("\n")
	for _, row := range r.rows {
		for i, cell := range row[:shown] {
			if cell == nil {
				r.cell(&b, i, shown, null, r.dye(dim, null))
				continue
			}
			s := snip(*cell, r.widths[i])
			r.cell(&b, i, shown, s, s)
		}
		if b.Len() > 1<<20 {
			if _, err := io.WriteString(r.w, b.String()); err != nil {
				return err
			}
			b.Reset()
		}
	}
	b.WriteString(r.footer(shown))
	_, err := io.WriteString(r.w, b.String())
	return err
}

const dim = "2"

func (r *tableRenderer) dye(code, s string) string {
	if !r.screen.color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// cell writes a cell: numbers to the right, no space at the line's end. plain
// is the text without colours.
func (r *tableRenderer) cell(b *strings.Builder, i, shown int, plain, dyed string) {
	space := strings.Repeat(" ", max(0, r.widths[i]-pretty.StringWidth(plain)))
	last := i == shown-1
	switch {
	case isNumber(r.columns[i].Type):
		b.WriteString(space + dyed)
	case last:
		b.WriteString(dyed)
	default:
		b.WriteString(dyed + space)
	}
	if last {
		b.WriteString("\n")
	} else {
		b.WriteString(gap)
	}
}

// fit makes the columns fit the screen, the widest ones narrower, and returns
// how many of them do.
func (r *tableRenderer) fit() int {
	if r.screen.width <= 0 {
		return len(r.columns)
	}
	room := r.screen.width - (len(r.columns)-1)*3
	for sum(r.widths) > room {
		widest := slices.Max(r.widths)
		if widest <= minWidth {
			break
		}
		// Down to the next widest, or as far as is needed.
		next, n := minWidth, 0
		for _, w := range r.widths {
			if w == widest {
				n++
			} else {
				next = max(next, w)
			}
		}
		over := sum(r.widths) - room
		less := min(widest-next, (over+n-1)/n)
		for i, w := range r.widths {
			if w == widest {
				r.widths[i] = w - max(1, less)
			}
		}
	}
	total := -3
	for i, w := range r.widths {
		if total += w + 3; total > r.screen.width && i > 0 {
			return i
		}
	}
	return len(r.columns)
}

func sum(widths []int) int {
	total := 0
	for _, w := range widths {
		total += w
	}
	return total
}

func (r *tableRenderer) footer(shown int) string {
	s := rowsText(int64(len(r.rows)))
	if r.cut != "" {
		s = rowsText(int64(len(r.rows))) + ": " + r.cut
	}
	if hidden := len(r.columns) - shown; hidden > 0 {
		s += fmt.Sprintf("; %d more columns do not fit the terminal: --format jsonl, or fewer columns, shows all", hidden)
	}
	return "(" + s + ")\n"
}
