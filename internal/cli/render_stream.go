package cli

import (
	"io"
	"strings"

	"wplake/internal/lake"
)

// jsonRenderer writes JSON objects: as one list, a line each, or alone, a line
// each.
type jsonRenderer struct {
	w     io.Writer
	list  bool
	keys  [][]byte // of each column, with its colon
	types []lake.Type
	rows  int
	line  []byte
}

func (r *jsonRenderer) begin(columns []lake.Column) error {
	for i, name := range distinct(columns) {
		r.keys = append(r.keys, append(appendJSONString(nil, name), ':'))
		r.types = append(r.types, columns[i].Type)
	}
	if r.list {
		_, err := io.WriteString(r.w, "[")
		return err
	}
	return nil
}

func (r *jsonRenderer) row(values []any) (bool, error) {
	b := r.line[:0]
	if r.list {
		if r.rows > 0 {
			b = append(b, ',')
		}
		b = append(b, '\n')
	}
	b = append(b, '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r.keys[i]...)
		b = appendJSON(b, v, r.types[i])
	}
	b = append(b, '}')
	if !r.list {
		b = append(b, '\n')
	}
	r.line = b
	r.rows++
	_, err := r.w.Write(b)
	return true, err
}

func (r *jsonRenderer) end() error {
	if !r.list {
		return nil
	}
	end := "]\n"
	if r.rows > 0 {
		end = "\n]\n"
	}
	_, err := io.WriteString(r.w, end)
	return err
}

// csvRenderer writes comma-separated values as RFC 4180 quotes them. NULL is
// empty, an empty text is "".
type csvRenderer struct {
	w      io.Writer
	screen screen
	types  []lake.Type
	line   strings.Builder
}

func (r *csvRenderer) begin(columns []lake.Column) error {
	for i, c := range columns {
		r.types = append(r.types, c.Type)
		r.field(i, c.Name)
	}
	return r.flush()
}

func (r *csvRenderer) row(values []any) (bool, error) {
	for i, v := range values {
		switch {
		case v != nil:
			r.field(i, cellText(v, r.types[i]))
		case i > 0:
			r.line.WriteByte(',')
		}
	}
	return true, r.flush()
}

func (r *csvRenderer) field(i int, s string) {
	if i > 0 {
		r.line.WriteByte(',')
	}
	if r.screen.terminal {
		s = escaped(s)
	}
	if s != "" && !strings.ContainsAny(s, ",\"\r\n") && strings.TrimSpace(s) == s {
		r.line.WriteString(s)
		return
	}
	r.line.WriteString(`"` + strings.ReplaceAll(s, `"`, `""`) + `"`)
}

func (r *csvRenderer) flush() error {
	r.line.WriteByte('\n')
	_, err := io.WriteString(r.w, r.line.String())
	r.line.Reset()
	return err
}

func (r *csvRenderer) end() error { return nil }

// markdownRenderer writes a table of Markdown as GitHub has it.
type markdownRenderer struct {
	w     io.Writer
	types []lake.Type
}

func (r *markdownRenderer) begin(columns []lake.Column) error {
	var head, rule strings.Builder
	for _, c := range columns {
		r.types = append(r.types, c.Type)
		head.WriteString("| " + markdown(c.Name) + " ")
		if isNumber(c.Type) {
			rule.WriteString("| ---: ")
		} else {
			rule.WriteString("| --- ")
		}
	}
	_, err := io.WriteString(r.w, head.String()+"|\n"+rule.String()+"|\n")
	return err
}

func (r *markdownRenderer) row(values []any) (bool, error) {
	var b strings.Builder
	for i, v := range values {
		cell := "NULL"
		if v != nil {
			cell = markdown(cellText(v, r.types[i]))
		}
		b.WriteString("| " + cell + " ")
	}
	_, err := io.WriteString(r.w, b.String()+"|\n")
	return true, err
}

func (r *markdownRenderer) end() error { return nil }

// markdown makes a text fit a cell and stand for itself: nothing in it is
// taken for Markdown or HTML.
func markdown(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	s = strings.NewReplacer(
		`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "~", `\~`,
		"&", "&amp;", "<", "&lt;", ">", "&gt;",
	).Replace(s)
	return escaped(strings.ReplaceAll(s, "\n", "<br>"))
}
