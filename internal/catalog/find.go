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
	var known []string
	named := make(map[string]string)
	for _, t := range tables {
		for _, spelling := range []string{t.Name, string(t.Layer) + "." + t.Object, t.Object} {
			known = append(known, spelling)
			named[spelling] = t.Name
		}
	}
	return named[lake.Nearest(wanted, known)]
}
