package catalog_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	id := lake.Column{Name: "id", Type: lake.Bigint}
	title := lake.Column{Name: "title", Type: lake.String}
	for name, c := range map[string]struct {
		before, after []lake.Column
		want          []string
	}{
		"nothing":       {nil, nil, nil},
		"same":          {[]lake.Column{id, title}, []lake.Column{id, title}, nil},
		"another order": {[]lake.Column{id, title}, []lake.Column{title, id}, nil},
		"another case":  {[]lake.Column{id}, []lake.Column{{Name: "ID", Type: lake.Bigint}}, nil},
		"added":         {[]lake.Column{id}, []lake.Column{title, id}, []string{"column title added (string)"}},
		"vanished":      {[]lake.Column{id, title}, []lake.Column{id}, []string{"column title vanished (string)"}},
		"retyped": {
			[]lake.Column{id}, []lake.Column{{Name: "id", Type: lake.String}},
			[]string{"column id retyped (bigint to string)"},
		},
		"all at once": {
			[]lake.Column{{Name: "a", Type: lake.Int}, {Name: "b", Type: lake.Int}},
			[]lake.Column{{Name: "c", Type: lake.Date}, {Name: "b", Type: lake.Bigint}},
			[]string{"column c added (date)", "column b retyped (int to bigint)", "column a vanished (int)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, change := range catalog.Diff(c.before, c.after) {
				got = append(got, change.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDiffApplied: who applies the changes to the schema before has the
// columns of the schema after.
func TestDiffApplied(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	schema := func() []lake.Column {
		var columns []lake.Column
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			if random.IntN(2) == 0 {
				columns = append(columns, lake.Column{Name: name, Type: []lake.Type{lake.Int, lake.Date}[random.IntN(2)]})
			}
		}
		return columns
	}
	for range 500 {
		before, after := schema(), schema()
		got := slices.Clone(before)
		for _, c := range catalog.Diff(before, after) {
			i := lake.FindColumn(got, c.Column)
			switch c.Kind {
			case catalog.Added:
				got = append(got, lake.Column{Name: c.Column, Type: c.To})
			case catalog.Retyped:
				if got[i].Type != c.From {
					t.Fatalf("%v was %s", c, got[i].Type)
				}
				got[i].Type = c.To
			case catalog.Vanished:
				got = slices.Delete(got, i, i+1)
			}
		}
		byName := func(x, y lake.Column) int { return strings.Compare(x.Name, y.Name) }
		slices.SortFunc(got, byName)
		if !slices.Equal(got, after) {
			t.Fatalf("from %v to %v: got %v", before, after, got)
		}
	}
}

func TestChangeString(t *testing.T) {
	t.Parallel()
	c := catalog.Change{Kind: catalog.Added, Column: "note", To: lake.String, Note: "left out, since drift is freeze"}
	if got, want := c.String(), "column note added (string): left out, since drift is freeze"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
