package transform

import "wplake/internal/lake"

// Retyped is a column whose type a step changed.
type Retyped struct {
	Name string    `json:"name"` // in the new spelling
	From lake.Type `json:"from"`
	To   lake.Type `json:"to"`
}

// ColumnDiff says what a step did to the columns of a table.
type ColumnDiff struct {
	Added   []lake.Column
	Dropped []lake.Column
	Retyped []Retyped
}

// DiffColumns compares the columns before and after a step. A renamed column
// is neither added nor dropped.
func DiffColumns(before, after Stage) ColumnDiff {
	var d ColumnDiff
	origins := origins(before, after)
	kept := make([]bool, len(before.Columns))
	for i, c := range after.Columns {
		k := origins[i]
		if k < 0 {
			d.Added = append(d.Added, c)
			continue
		}
		kept[k] = true
		if from := before.Columns[k].Type; from != c.Type {
			d.Retyped = append(d.Retyped, Retyped{c.Name, from, c.Type})
		}
	}
	for k, c := range before.Columns {
		if !kept[k] {
			d.Dropped = append(d.Dropped, c)
		}
	}
	return d
}

// DiffRow names the columns (in the new spelling) in which a row has another
// value after a step than before. Values are texts in the order of the stages'
// columns, nil for NULL; a column that the step added has no value before and
// is not named.
func DiffRow(before, after Stage, valuesBefore, valuesAfter []*string) []string {
	var changed []string
	for i, k := range origins(before, after) {
		if k >= 0 && !equalText(valuesBefore[k], valuesAfter[i]) {
			changed = append(changed, after.Columns[i].Name)
		}
	}
	return changed
}

// origins gives for each column after a step the index that it had before, or
// -1 when it was not there.
func origins(before, after Stage) []int {
	oldNames := make(map[string]string, len(after.Renamed))
	for from, to := range after.Renamed {
		oldNames[to] = from
	}
	out := make([]int, len(after.Columns))
	for i, c := range after.Columns {
		name, ok := oldNames[c.Name]
		if !ok {
			name = c.Name
		}
		out[i] = lake.FindColumn(before.Columns, name)
		if _, moved := after.Renamed[name]; moved && !ok {
			out[i] = -1 // the column of that name is another one now
		}
	}
	return out
}

func equalText(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
