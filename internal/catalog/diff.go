package catalog

import (
	"wplake/internal/lake"
)

// Diff returns what changed between two schemas: the columns that were added
// or retyped in the order of the schema after, then those that vanished in the
// order of the schema before. Names are compared without regard to case. Two
// schemas of the same columns in another order differ by nothing.
func Diff(before, after []lake.Column) []Change {
	old := byName(before)
	var changes []Change
	for _, c := range after {
		was, ok := old[lower(c.Name)]
		switch {
		case !ok:
			changes = append(changes, Change{Kind: Added, Column: c.Name, To: c.Type})
		case was != c.Type:
			changes = append(changes, Change{Kind: Retyped, Column: c.Name, From: was, To: c.Type})
		}
	}
	still := byName(after)
	for _, c := range before {
		if _, ok := still[lower(c.Name)]; !ok {
			changes = append(changes, Change{Kind: Vanished, Column: c.Name, From: c.Type})
		}
	}
	return changes
}

func byName(columns []lake.Column) map[string]lake.Type {
	types := make(map[string]lake.Type, len(columns))
	for _, c := range columns {
		types[lower(c.Name)] = c.Type
	}
	return types
}

// String says what happened, as in "column note added (string)".
func (c Change) String() string {
	s := "column " + c.Column + " " + string(c.Kind)
	switch {
	case c.From != "" && c.To != "":
		s += " (" + string(c.From) + " to " + string(c.To) + ")"
	case c.To != "":
		s += " (" + string(c.To) + ")"
	case c.From != "":
		s += " (" + string(c.From) + ")"
	}
	if c.Note != "" {
		s += ": " + c.Note
	}
	return s
}
