package cli

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"wplake/internal/engine"
	"wplake/internal/lake"
)

// renderer writes a result, a row at a time.
type renderer interface {
	// begin is called first.
	begin(columns []lake.Column) error
	// row writes a row; false says that no more rows are wanted. The values are
	// valid until it returns.
	row(values []any) (more bool, err error)
	// end is called last, unless something failed.
	end() error
}

// The formats of a result.
const (
	formatTable    = "table"
	formatCSV      = "csv"
	formatJSON     = "json"
	formatJSONL    = "jsonl"
	formatMarkdown = "markdown"
	formatParquet  = "parquet"
)

// formats lists the formats that a query can be written in.
func formats() []string {
	return []string{formatTable, formatCSV, formatJSON, formatJSONL, formatMarkdown, formatParquet}
}

// formatOf guesses the format from a file's name; "" where it tells nothing.
func formatOf(path string) string {
	for suffix, format := range map[string]string{
		".csv": formatCSV, ".json": formatJSON, ".jsonl": formatJSONL, ".ndjson": formatJSONL,
		".md": formatMarkdown, ".parquet": formatParquet, ".txt": formatTable,
	} {
		if strings.HasSuffix(strings.ToLower(path), suffix) {
			return format
		}
	}
	return ""
}

// checkFormat refuses a format that there is not.
func checkFormat(format string) error {
	if slices.Contains(formats(), format) {
		return nil
	}
	err := fmt.Errorf("unknown format %q (one of %s)", format, strings.Join(formats(), ", "))
	if near := lake.Nearest(format, formats()); near != "" {
		err = fmt.Errorf("unknown format %q (did you mean %s?)", format, near)
	}
	return usageError{err}
}

// screen is what a result is written for.
type screen struct {
	terminal bool // a terminal, which control characters must not reach
	color    bool // that shows colours
	width    int  // its width in characters; 0 for no bound
	limit    int  // rows that a table shows at most; 0 for no bound
}

// newRenderer makes the renderer of a format, which is not parquet.
func newRenderer(format string, w io.Writer, s screen) renderer {
	switch format {
	case formatCSV:
		return &csvRenderer{w: w, screen: s}
	case formatJSON:
		return &jsonRenderer{w: w, list: true}
	case formatJSONL:
		return &jsonRenderer{w: w}
	case formatMarkdown:
		return &markdownRenderer{w: w}
	}
	return &tableRenderer{w: w, screen: s}
}

// render writes all rows of a result and returns how many it wrote. It closes
// the rows.
func render(rows engine.Rows, format string, w io.Writer, s screen) (n int64, err error) {
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	buffered := bufio.NewWriterSize(w, 64<<10)
	r := newRenderer(format, buffered, s)
	if err := r.begin(rows.Columns()); err != nil {
		return 0, writeFailed(err)
	}
	for rows.Next() {
		more, err := r.row(rows.Values())
		if err != nil {
			return n, writeFailed(err)
		}
		if !more {
			break
		}
		n++
	}
	if err := rows.Err(); err != nil {
		// What was written so far stays recognisably cut off: no end is written.
		_ = buffered.Flush()
		return n, err
	}
	if err := r.end(); err != nil {
		return n, writeFailed(err)
	}
	if err := buffered.Flush(); err != nil {
		return n, writeFailed(err)
	}
	return n, nil
}

func writeFailed(err error) error {
	return &lake.Error{Code: lake.StorageFailed, Message: "the result could not be written", Err: err}
}

// distinct gives each column a name of its own: a second "id" is "id_1".
func distinct(columns []lake.Column) []string {
	taken := map[string]bool{}
	names := make([]string, len(columns))
	for i, c := range columns {
		name := c.Name
		for n := 1; taken[name]; n++ {
			name = fmt.Sprintf("%s_%d", c.Name, n)
		}
		taken[name] = true
		names[i] = name
	}
	return names
}
