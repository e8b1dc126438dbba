package transform_test

import (
	"slices"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/transform"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	columns := []lake.Column{{Name: "ID", Type: "bigint"}, {Name: "name", Type: "string"}, {Name: "day", Type: "string"}, {Name: "swap", Type: "string"}}
	steps := []transform.Step{
		{Drop: []string{"id"}},
		{Rename: map[string]string{"name": "swap", "swap": "name"}},
		{Cast: map[string]lake.Type{"day": "date"}},
		{SplitDate: []string{"day"}},
	}
	plan, err := transform.Compile(steps, "t", columns, transform.DuckDB, transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	diff := func(i int) transform.ColumnDiff { return transform.DiffColumns(plan.Stages[i-1], plan.Stages[i]) }
	if d := diff(1); !slices.Equal(d.Dropped, columns[:1]) || d.Added != nil || d.Retyped != nil {
		t.Errorf("drop: %+v", d)
	}
	if d := diff(2); d.Dropped != nil || d.Added != nil || d.Retyped != nil {
		t.Errorf("rename: %+v", d)
	}
	if d := diff(3); !slices.Equal(d.Retyped, []transform.Retyped{{Name: "day", From: "string", To: "date"}}) || d.Added != nil || d.Dropped != nil {
		t.Errorf("cast: %+v", d)
	}
	if d := diff(4); len(d.Added) != 4 || d.Added[0] != (lake.Column{Name: "day_todate", Type: "timestamp"}) || d.Dropped != nil {
		t.Errorf("split_date: %+v", d)
	}

	text := func(s string) *string { return &s }
	a, b := text("a"), text("b")
	for _, c := range []struct {
		step          int
		before, after []*string
		want          []string
	}{
		{2, []*string{a, nil, b}, []*string{a, nil, b}, nil},                          // a rename moves values along
		{2, []*string{a, nil, b}, []*string{b, nil, b}, []string{"swap"}},             //
		{3, []*string{a, nil, b}, []*string{text("a"), text(""), b}, []string{"day"}}, // NULL is not the empty text
		{4, []*string{a, nil, b}, []*string{a, nil, b, a, a, a, a}, nil},              // added columns are no changes
	} {
		if got := transform.DiffRow(plan.Stages[c.step-1], plan.Stages[c.step], c.before, c.after); !slices.Equal(got, c.want) {
			t.Errorf("step %d: %q changed, want %q", c.step, got, c.want)
		}
	}
}
