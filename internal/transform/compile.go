package transform

import (
	"errors"
	"fmt"
	"strings"

	"wplake/internal/lake"
)

// Plan is a compiled list of steps.
type Plan struct {
	// Setup are statements to run first on the same connection (DuckDB's
	// temporary macros). They may hold a mask's salt: do not print them.
	Setup []string
	// SQL is one SELECT over the relation that Compile was given.
	SQL string
	// Rejects is a SELECT of the rows that do not fit a cast, or "" when no
	// step can reject. Its columns are texts: _reason (a lake.Code), _column,
	// _value, and original, the row as the step found it, as a JSON object.
	Rejects string
	// Columns are those of SQL's result.
	Columns []lake.Column
	// Stages is the same step by step; the first one is the input.
	Stages []Stage
	// Notes say what a step did not find to do.
	Notes []string
}

// Stage is the state of the data after one step.
type Stage struct {
	Step    Step              // the zero Step in the first stage
	Label   string            // e.g. split_date [post_date, post_modified]; input in the first stage
	SQL     string            // a SELECT of the rows after this step, over the same relation
	Columns []lake.Column     // of SQL, without the carried column
	Touched []string          // columns (in the new spelling) of which the step may change values
	Renamed map[string]string // old name → new name
	Notes   []string          // those of the Plan that are about this step, without its number
	Carried bool              // SQL's last column is the carried one: rows are those of the input
}

// Options refine Compile. The zero value will do.
type Options struct {
	// Carry names a column of the input that is kept through all steps as the
	// last one though it is no column of the table, e.g. a row's number. It
	// ends at a step sql, after which rows are no longer known to be the same.
	Carry string
	// Describe tells the columns of a SELECT, after the statements of setup.
	// It is asked for a step sql only; without it such a step is an error.
	Describe func(setup []string, sql string) ([]lake.Column, error)
	// Secret resolves a mask's salt, which may be a reference. Without it the
	// text itself is the salt.
	Secret func(reference string) (string, error)
}

// Compile turns steps into SQL over input, the SQL of a relation with the
// given columns, e.g. read_parquet('…') or a quoted name. Errors are
// *lake.Error with the code StepInvalid, or those of Options' functions.
func Compile(steps []Step, input string, columns []lake.Column, dialect Dialect, options Options) (Plan, error) {
	if err := Validate(steps); err != nil {
		return Plan{}, err
	}
	if _, err := ParseDialect(string(dialect)); err != nil {
		return Plan{}, &lake.Error{Code: lake.Internal, Message: err.Error()}
	}
	c := &compiler{dialect: dialect, options: options, columns: columns, carry: options.Carry}
	c.push("step_0", "input", c.selectFrom(plainItems(columns), input, ""))
	c.stage(Stage{Label: "input"})
	for i, s := range steps {
		before := c.columns
		var notes []string
		shape, err := c.apply(s, func(format string, args ...any) {
			notes = append(notes, fmt.Sprintf(format, args...))
		})
		if err != nil {
			return Plan{}, stepError(i, s, err)
		}
		if shape != nil {
			if err := c.add(i, s, *shape); err != nil {
				return Plan{}, invalid(i, s, err)
			}
		}
		for _, n := range notes {
			c.notes = append(c.notes, fmt.Sprintf("step %d (%s): %s", i+1, s.Kind(), n))
		}
		stage := Stage{Step: s, Label: Label(s), Notes: notes}
		if shape != nil {
			stage.Touched, stage.Renamed = shape.touched(before), shape.renamed
		}
		c.stage(stage)
	}
	return c.finish(), nil
}

// stepError says which step failed, unless the failure is none of the step's.
func stepError(i int, s Step, err error) error {
	if e, ok := errors.AsType[*lake.Error](err); ok && e.Code != lake.QueryInvalid && e.Code != lake.EngineFailed {
		return err
	}
	return invalid(i, s, err)
}

// compiler is the state of one call of Compile.
type compiler struct {
	dialect  Dialect
	options  Options
	ctes     []cte
	columns  []lake.Column // after the steps so far
	carry    string        // the carried column, "" when there is none (any more)
	entities bool          // decode_entities is used
	salts    int           // macros made for salts
	setup    []string
	rejects  []string
	stages   []Stage
	notes    []string
}

// cte is a named part of the query: WITH name AS (body).
type cte struct{ name, label, body string }

// item is one output column: an expression under a name.
type item struct {
	expr   string
	column lake.Column
	plain  bool // the column as it was
}

// shape is what a step makes of the table.
type shape struct {
	items   []item
	from    string            // what to select from, "" for the rows so far
	where   string            // condition of the rows that stay
	body    string            // the whole SELECT, instead of from and where
	renamed map[string]string //
}

// touched lists the columns that were there before and may have other values now.
func (s shape) touched(before []lake.Column) []string {
	var out []string
	for _, i := range s.items {
		if !i.plain && s.body == "" && lake.FindColumn(before, i.column.Name) >= 0 && s.renamed == nil {
			out = append(out, i.column.Name)
		}
	}
	return out
}

func plainItems(columns []lake.Column) []item {
	items := make([]item, len(columns))
	for i, c := range columns {
		items[i] = item{ident(c.Name), c, true}
	}
	return items
}

// last is the name of the latest part of the query.
func (c *compiler) last() string { return c.ctes[len(c.ctes)-1].name }

func (c *compiler) push(name, label, body string) {
	c.ctes = append(c.ctes, cte{name, label, body})
}

// add makes a shape the next part of the query.
func (c *compiler) add(i int, s Step, sh shape) error {
	columns := make([]lake.Column, len(sh.items))
	for k, it := range sh.items {
		if lake.FindColumn(columns[:k], it.column.Name) >= 0 || strings.EqualFold(it.column.Name, c.carry) {
			return fmt.Errorf("would make a second column %s", it.column.Name)
		}
		columns[k] = it.column
	}
	if len(columns) == 0 {
		return fmt.Errorf("leaves no column")
	}
	body := sh.body
	if body == "" {
		from := sh.from
		if from == "" {
			from = c.last()
		}
		body = c.selectFrom(sh.items, from, sh.where)
	}
	c.columns = columns
	c.push(fmt.Sprintf("step_%d", i+1), Label(s), body)
	return nil
}

// stage records the state after a step.
func (c *compiler) stage(s Stage) {
	s.SQL = c.query(fmt.Sprintf("SELECT * FROM %s", c.last()))
	s.Columns = c.columns
	s.Carried = c.carry != ""
	c.stages = append(c.stages, s)
}

// finishSetup gives the statements that the query so far needs.
func (c *compiler) finishSetup() []string {
	if c.entities && c.dialect == DuckDB {
		return append(entityMacros(), c.setup...)
	}
	return c.setup
}

func (c *compiler) finish() Plan {
	return Plan{
		Setup:   c.finishSetup(),
		SQL:     c.stages[len(c.stages)-1].SQL,
		Rejects: strings.Join(c.rejects, "\nUNION ALL\n"),
		Columns: c.columns,
		Stages:  c.stages,
		Notes:   c.notes,
	}
}

// query puts the parts so far before a SELECT.
func (c *compiler) query(final string) string {
	var b strings.Builder
	b.WriteString("WITH\n")
	if c.entities && c.dialect == Trino {
		b.WriteString("entities AS (\n  SELECT " + literal(entityText(entities())) + " AS " + entityColumn + "\n),\n")
	}
	for i, part := range c.ctes {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "-- %s\n%s AS (\n%s\n)", part.label, part.name, part.body)
	}
	b.WriteString("\n" + final)
	return b.String()
}

// lineLength is where lines of column names are broken.
const lineLength = 100

// selectFrom writes a SELECT: columns that stay as they are several to a line,
// the others one a line. Nothing is indented afterwards: a line break may be
// within a text.
func (c *compiler) selectFrom(items []item, from, where string) string {
	if c.carry != "" {
		items = append(items[:len(items):len(items)], item{ident(c.carry), lake.Column{Name: c.carry}, true})
	}
	var b strings.Builder
	b.WriteString("  SELECT\n")
	line := 0
	for i, it := range items {
		text := it.expr
		if !it.plain {
			text += " AS " + ident(it.column.Name)
		}
		if i < len(items)-1 {
			text += ","
		}
		switch {
		case i == 0:
			b.WriteString("    " + text)
		case !it.plain || !items[i-1].plain || line+len(text) > lineLength:
			b.WriteString("\n    " + text)
			line = 0
		default:
			b.WriteString(" " + text)
		}
		line += len(text) + 1
	}
	b.WriteString("\n  FROM " + from)
	if where != "" {
		b.WriteString("\n  WHERE " + where)
	}
	return b.String()
}
