package catalog

import (
	"fmt"
	"strings"

	"wplake/internal/lake"
)

// Find returns the table that a person means: by its name (silver-posts), by
// layer and object (silver.posts) or by its object alone (posts), in any case.
// The error is lake.ObjectMissing; its hint names what may have been meant.
func Find(tables []Table, name string) (Table, error) {
	wanted := lower(strings.Trim(name, `"' `))
	var found []Table
	for _, t := range tables {
		switch wanted {
		case lower(t.Name), lower(string(t.Layer) + "." + t.Object):
			return t, nil
		case lower(t.Object), strings.TrimPrefix(lower(t.Name), string(t.Layer)+"-"):
			found = append(found, t)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	if len(found) > 1 {
		return Table{}, &lake.Error{
			Code:    lake.ObjectMissing,
			Message: fmt.Sprintf("%q can be any of %d tables", name, len(found)),
			Hint:    "say which: " + strings.Join(names(found), ", "),
		}
	}
	e := &lake.Error{Code: lake.ObjectMissing, Message: fmt.Sprintf("there is no table %q", name)}
	switch near := nearest(tables, wanted); {
	case near != "":
		e.Hint = "did you mean " + near + "?"
	case len(tables) == 0:
		e.Hint = "there are no tables yet: `wplake run` makes them"
	default:
		e.Hint = "`wplake tables` lists them all"
	}
	return Table{}, e
}

func names(tables []Table) []string {
	found := make([]string, len(tables))
	for i, t := range tables {
		found[i] = t.Name
	}
	return found
}

// nearest is the table whose name, or whose object's, is the least different
// from wanted, or "" when none is similar.
func nearest(tables []Table, wanted string) string {
	best, least := "", len([]rune(wanted))/3+2
	for _, t := range tables {
		for _, candidate := range []string{t.Name, string(t.Layer) + "." + t.Object, t.Object} {
			if d := distance(wanted, lower(candidate)); d < least {
				best, least = t.Name, d
			}
		}
	}
	return best
}

// distance is how many characters have to be added, removed or replaced to
// turn a into b.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range to {
			cost := diagonal
			if x != y {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(to)]
}
