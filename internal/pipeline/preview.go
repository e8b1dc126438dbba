package pipeline

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/transform"
)

// PreviewRequest says what to preview.
type PreviewRequest struct {
	Object  string
	Rows    int               // how many rows to show, at least 1
	Step    int               // only this step, from 1; 0: all
	Dialect transform.Dialect // of the SQL that is shown; the rows are DuckDB's
}

// Preview shows what the silver steps of an object do to some of its rows.
type Preview struct {
	Object    string            `json:"object"`
	Origin    string            `json:"origin"`      // where the steps come from
	Rows      int64             `json:"rows"`        // of the bronze object
	LookedAt  int64             `json:"rows_looked"` // how many of them the preview worked on
	Columns   []lake.Column     `json:"columns"`     // of the bronze object
	Steps     []PreviewStep     `json:"steps"`
	Dialect   transform.Dialect `json:"dialect"`
	SQL       string            `json:"sql"`        // of all steps, or up to the one asked for, over the bronze table
	Setup     []string          `json:"setup"`      // macros that SQL needs; a salt is shown as ***
	RejectSQL string            `json:"reject_sql"` // "" when no step can reject a row
}

// PreviewStep is what one step does.
type PreviewStep struct {
	Number  int                 `json:"step"` // from 1
	Label   string              `json:"label"`
	Notes   []string            `json:"notes"`
	Added   []lake.Column       `json:"added"`
	Dropped []lake.Column       `json:"dropped"`
	Renamed map[string]string   `json:"renamed"` // old name → new name
	Retyped []transform.Retyped `json:"retyped"`
	Before  []lake.Column       `json:"columns_before"`
	Columns []lake.Column       `json:"columns"` // after the step
	Touched []string            `json:"touched"` // columns whose values the step may change
	Reads   []string            `json:"reads"`   // columns that added ones come from
	Changed int64               `json:"rows_changed"`
	Gone    int64               `json:"rows_gone"` // left out or rejected
	// Anew says that the step made a table of its own (sql), or came after one
	// that did: Shown are then rows of the result, with no row before.
	Anew  bool         `json:"anew"`
	Shown []PreviewRow `json:"rows"`
}

// PreviewRow is a row before and after a step; values are texts in the order of
// the columns, nil for NULL.
type PreviewRow struct {
	Number  int64     `json:"row"`    // within bronze, from 1; 0 when Anew
	Before  []*string `json:"before"` // nil when Anew
	After   []*string `json:"after"`  // nil when the row is gone
	Changed []string  `json:"changed"`
}

// previewWindow is how many rows of an object a preview works on: enough to
// find examples, few enough to be quick whatever the object's size.
const previewWindow = 10_000

// rowNumber is the column that keeps a row's number through the steps.
const rowNumber = "_wplake_row"

// PreviewSilver runs an object's silver steps over its first rows and tells what
// each step does. It writes to the scratch folder only. Rows are chosen so that
// each step that changes or leaves out rows shows some where there is room.
func PreviewSilver(ctx context.Context, d Deps, req PreviewRequest) (Preview, error) {
	bronze, err := previewObject(ctx, d, req.Object)
	if err != nil {
		return Preview{}, err
	}
	steps, ok := SilverSteps(d.Config, req.Object)
	if !ok {
		return Preview{}, unmapped(req.Object)
	}
	if req.Step < 0 || req.Step > len(steps) {
		return Preview{}, &lake.Error{
			Code: lake.StepInvalid, Message: fmt.Sprintf("%s has no step %d", req.Object, req.Step),
			Hint: fmt.Sprintf("it has %d", len(steps)),
		}
	}
	dir, remove, err := d.scratch(req.Object)
	if err != nil {
		return Preview{}, err
	}
	defer remove()
	path, _, err := d.Buckets[lake.Bronze].Download(ctx, bronze.Key, dir)
	if err != nil {
		return Preview{}, err
	}
	in, err := d.Engine.Describe(ctx, path)
	if err != nil {
		return Preview{}, wrapObject(req.Object, err)
	}
	p := Preview{
		Object: req.Object, Origin: stepsOrigin(d.Config, req.Object), Rows: in.Rows, Columns: in.Columns,
		Steps: []PreviewStep{}, Dialect: req.Dialect,
	}
	v := &previewer{ctx: ctx, deps: d, dir: dir}
	if err := v.run(&p, req, steps, path, in.Columns); err != nil {
		return Preview{}, wrapObject(req.Object, err)
	}
	return p, nil
}

// previewObject finds the bronze object.
func previewObject(ctx context.Context, d Deps, object string) (store.Info, error) {
	tasks, keys, _, err := inputs(ctx, d, lake.Bronze, Request{})
	if err != nil {
		return store.Info{}, err
	}
	if info, ok := keys[object]; ok {
		return info, nil
	}
	names := objectNames(tasks)
	e := &lake.Error{Code: lake.ObjectMissing, Message: fmt.Sprintf("there is no bronze object %q", object)}
	switch near := lake.Nearest(object, names); {
	case len(names) == 0:
		e.Hint = "`wplake run` makes the bronze objects, which a preview reads"
	case near != "":
		e.Hint = "did you mean " + near + "?"
	default:
		e.Hint = "the objects are: " + strings.Join(names, ", ")
	}
	return store.Info{}, e
}

// stepsOrigin says where an object's steps come from.
func stepsOrigin(c config.Config, object string) string {
	if o, set := c.Objects[object]; set && o.Steps != nil {
		return "objects." + object + ".steps"
	}
	if _, ok := transform.Rules(c.Silver.Profile, object); ok {
		return "the profile " + string(c.Silver.Profile)
	}
	return "silver.unmapped: pass"
}

// previewer is the state of one preview.
type previewer struct {
	ctx   context.Context
	deps  Deps
	dir   string
	plan  transform.Plan // over the window, with numbered rows
	files int
}

func (v *previewer) run(p *Preview, req PreviewRequest, steps []transform.Step, path string, columns []lake.Column) (err error) {
	window := filepath.Join(v.dir, "window.parquet")
	p.LookedAt, err = v.deps.Engine.Copy(v.ctx, engine.Copy{Path: window, SQL: fmt.Sprintf(
		"SELECT *, row_number() OVER () AS %s FROM read_parquet(%s, hive_partitioning = false) LIMIT %d",
		rowNumber, engine.Literal(path), previewWindow)})
	if err != nil {
		return err
	}
	var described [][]lake.Column // by the steps sql, in order
	v.plan, err = transform.Compile(steps, "read_parquet("+engine.Literal(window)+", hive_partitioning = false)", columns, transform.DuckDB, transform.Options{
		Carry: rowNumber,
		Describe: func(setup []string, sql string) ([]lake.Column, error) {
			c, err := v.deps.Engine.Columns(v.ctx, setup, sql)
			described = append(described, c)
			return c, err
		},
		Secret: func(ref string) (string, error) { return v.deps.Resolve(v.ctx, config.Ref(ref)) },
	})
	if err != nil {
		return err
	}
	if err := v.show(p, req, steps, columns, described); err != nil {
		return err
	}
	return v.steps(p, req)
}

// show compiles the steps as a person reads them: over the bronze table, in the
// dialect asked for, without a salt. What a step sql gives is known already.
func (v *previewer) show(p *Preview, req PreviewRequest, steps []transform.Step, columns []lake.Column, described [][]lake.Column) error {
	if req.Step > 0 {
		steps = steps[:req.Step]
	}
	table := engine.Ident(v.deps.Config.Dataset) + "." + engine.Ident(lake.TableName(lake.Bronze, req.Object))
	plan, err := transform.Compile(steps, table, columns, req.Dialect, transform.Options{
		Describe: func([]string, string) ([]lake.Column, error) {
			c := described[0]
			described = described[1:]
			return c, nil
		},
		Secret: func(string) (string, error) { return "***", nil },
	})
	if err != nil {
		return err
	}
	p.SQL, p.RejectSQL, p.Setup = plan.SQL, plan.Rejects, plan.Setup
	if p.Setup == nil {
		p.Setup = []string{}
	}
	return nil
}

// steps fills in what each step does, and to which rows.
func (v *previewer) steps(p *Preview, req PreviewRequest) error {
	stages := v.plan.Stages
	var candidates [][]int64 // rows worth showing, by step
	for i := 1; i < len(stages); i++ {
		if req.Step > 0 && i != req.Step {
			continue
		}
		step, rows, err := v.step(i)
		if err != nil {
			return err
		}
		p.Steps = append(p.Steps, step)
		candidates = append(candidates, rows)
	}
	chosen := chooseRows(candidates, req.Rows, p.LookedAt)
	for k := range p.Steps {
		s := &p.Steps[k]
		var err error
		if s.Shown, err = v.rows(stages[s.Number-1], stages[s.Number], s.Anew, chosen, req.Rows); err != nil {
			return err
		}
	}
	return nil
}

// step describes the step at a position of the plan, from 1, and lists the rows
// that it changes or leaves out.
func (v *previewer) step(i int) (PreviewStep, []int64, error) {
	before, after := v.plan.Stages[i-1], v.plan.Stages[i]
	diff := transform.DiffColumns(before, after)
	s := PreviewStep{
		Number: i, Label: after.Label, Notes: orEmpty(after.Notes), Before: before.Columns, Columns: after.Columns, Touched: orEmpty(after.Touched),
		Added: orEmpty(diff.Added), Dropped: orEmpty(diff.Dropped), Retyped: orEmpty(diff.Retyped),
		Renamed: after.Renamed, Anew: !after.Carried, Shown: []PreviewRow{}, Reads: []string{},
	}
	for _, name := range after.Step.SplitDate {
		if k := lake.FindColumn(before.Columns, name); k >= 0 {
			s.Reads = append(s.Reads, before.Columns[k].Name)
		}
	}
	if s.Renamed == nil {
		s.Renamed = map[string]string{}
	}
	if s.Anew {
		return s, nil, nil
	}
	differs := []string{"a." + rowNumber + " IS NULL"}
	for _, name := range after.Touched {
		column := engine.Ident(name)
		differs = append(differs, fmt.Sprintf("CAST(a.%s AS VARCHAR) IS DISTINCT FROM CAST(b.%s AS VARCHAR)", column, column))
	}
	rows, err := v.query(fmt.Sprintf(
		"SELECT CAST(b.%[1]s AS VARCHAR) AS number, CAST(a.%[1]s IS NULL AS VARCHAR) AS gone FROM (%[2]s) b LEFT JOIN (%[3]s) a ON a.%[1]s = b.%[1]s WHERE %[4]s",
		rowNumber, before.SQL, after.SQL, strings.Join(differs, " OR ")))
	if err != nil {
		return s, nil, err
	}
	var numbers []int64
	for _, r := range rows {
		n, err := strconv.ParseInt(*r[0], 10, 64)
		if err != nil {
			return s, nil, err
		}
		numbers = append(numbers, n)
		if *r[1] == "true" {
			s.Gone++
		} else {
			s.Changed++
		}
	}
	slices.Sort(numbers)
	return s, numbers, nil
}

// rows reads the chosen rows before and after a step.
func (v *previewer) rows(before, after transform.Stage, anew bool, chosen []int64, limit int) ([]PreviewRow, error) {
	shown := []PreviewRow{}
	if anew {
		rows, err := v.query(fmt.Sprintf("SELECT %s FROM (%s) LIMIT %d", asTexts(after.Columns), after.SQL, limit))
		for _, r := range rows {
			shown = append(shown, PreviewRow{After: r, Changed: []string{}})
		}
		return shown, err
	}
	old, err := v.numbered(before, chosen)
	if err != nil {
		return nil, err
	}
	now, err := v.numbered(after, chosen)
	if err != nil {
		return nil, err
	}
	for _, n := range chosen {
		if old[n] == nil {
			continue // an earlier step has left it out
		}
		row := PreviewRow{Number: n, Before: old[n], After: now[n], Changed: []string{}}
		if row.After != nil {
			row.Changed = orEmpty(transform.DiffRow(before, after, row.Before, row.After))
		}
		shown = append(shown, row)
	}
	return shown, nil
}

// numbered reads rows of a stage by their numbers.
func (v *previewer) numbered(s transform.Stage, numbers []int64) (map[int64][]*string, error) {
	out := map[int64][]*string{}
	if len(numbers) == 0 {
		return out, nil
	}
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = strconv.FormatInt(n, 10)
	}
	columns := append([]lake.Column{{Name: rowNumber}}, s.Columns...)
	rows, err := v.query(fmt.Sprintf("SELECT %s FROM (%s) WHERE %s IN (%s)", asTexts(columns), s.SQL, rowNumber, strings.Join(list, ", ")))
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		n, err := strconv.ParseInt(*r[0], 10, 64)
		if err != nil {
			return nil, err
		}
		out[n] = r[1:]
	}
	return out, nil
}

// asTexts is a list of columns as texts.
func asTexts(columns []lake.Column) string {
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = fmt.Sprintf("CAST(%s AS VARCHAR) AS c%d", engine.Ident(c.Name), i)
	}
	return strings.Join(out, ", ")
}

// query runs a SELECT of texts after the plan's setup, by way of a file, since
// that is how the engine runs SQL with macros.
func (v *previewer) query(sql string) ([][]*string, error) {
	v.files++
	path := filepath.Join(v.dir, fmt.Sprintf("preview-%d.parquet", v.files))
	if _, err := v.deps.Engine.Copy(v.ctx, engine.Copy{Setup: v.plan.Setup, SQL: sql, Path: path}); err != nil {
		return nil, err
	}
	rows, err := v.deps.Engine.Query(v.ctx, "SELECT * FROM read_parquet("+engine.Literal(path)+", hive_partitioning = false)")
	if err != nil {
		return nil, err
	}
	var out [][]*string
	for rows.Next() {
		values := rows.Values()
		row := make([]*string, len(values))
		for i, value := range values {
			if text, ok := value.(string); ok {
				text = strings.Clone(text) // the value is valid until the next row
				row[i] = &text
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		_ = rows.Close() // the first error counts
		return nil, err
	}
	return out, rows.Close()
}

// chooseRows picks up to n rows, in turn from each step's candidates, which are
// in order; then the first rows of all. The result is in order.
func chooseRows(candidates [][]int64, n int, total int64) []int64 {
	var chosen []int64
	add := func(row int64) {
		if len(chosen) < n && !slices.Contains(chosen, row) {
			chosen = append(chosen, row)
		}
	}
	for k, more := 0, true; more && len(chosen) < n; k++ {
		more = false
		for _, rows := range candidates {
			if k < len(rows) {
				more = true
				add(rows[k])
			}
		}
	}
	for row := int64(1); row <= total && len(chosen) < n; row++ {
		add(row)
	}
	slices.Sort(chosen)
	return chosen
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
