package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"wplake/internal/catalog"
	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/typing"
	"wplake/internal/wordpress/model"
)

// bronzeLogic is raised when bronze would make something else of the same raw
// object by the same settings, so that it is made again.
const bronzeLogic = 1

// deletedAt is the column that on_delete: mark adds.
const deletedAt = "deleted_at"

// settings is what is set or known for one object on its way to bronze.
type settings struct {
	Object   string
	Known    bool
	Table    model.Table
	Declared map[string]lake.Type
	Key      []string
	OnDelete config.OnDelete
	Drift    config.Drift
	MaxLoss  float64
}

func settingsOf(c config.Config, object string) settings {
	table, known := model.Lookup(object)
	o := c.Objects[object]
	s := settings{
		Object: object, Known: known, Table: table,
		Declared: o.Columns, Key: o.Key,
		OnDelete: c.OnDelete(object, table.Kind, known),
		Drift:    c.Drift(object),
		MaxLoss:  c.MaxLoss(object),
	}
	if len(s.Key) == 0 {
		s.Key = table.Key
	}
	return s
}

// rules is the hash of everything but the data that decides what bronze is.
func (s settings) rules() string {
	return hashOf(struct {
		Logic    int
		Settings settings
	}{bronzeLogic, s})
}

// fixed returns the type that is declared or known for a column, if any, and
// the column's proper spelling.
func (s settings) fixed(name string) (column lake.Column, ok bool) {
	for declared, t := range s.Declared {
		if strings.EqualFold(declared, name) {
			return lake.Column{Name: declared, Type: t}, true
		}
	}
	if i := lake.FindColumn(s.Table.Columns, name); i >= 0 {
		return s.Table.Columns[i], true
	}
	return lake.Column{}, false
}

// column is a column of the bronze table to be.
type column struct {
	lake.Column
	// Key is the key of the raw object that fills the column, or did so when
	// the source still sent it.
	Key    string
	Absent bool // the source does not send it: the column holds NULL
}

// plan is what bronze is going to be.
type plan struct {
	columns []column
	ignored []string // keys that no column takes (policy reject): rows that have a value there are rejected
	changes []catalog.Change
	notes   []string
	// silent says that raw holds no key at all (an empty array), which tells
	// nothing about the columns; wasAbsent is then what is known of them.
	silent    bool
	wasAbsent []string
}

// absent names the columns that the source does not send.
func (p plan) absent() []string {
	if p.silent {
		return p.wasAbsent
	}
	var names []string
	for _, c := range p.columns {
		if c.Absent {
			names = append(names, c.Name)
		}
	}
	return names
}

// keys gives the source's key of each column that is called otherwise.
func (p plan) keys() map[string]string {
	keys := map[string]string{}
	for _, c := range p.columns {
		if c.Key != "" && c.Key != c.Name || c.Key == "" && !c.Absent {
			keys[c.Name] = c.Key
		}
	}
	return keys
}

// previous is the bronze object of the last run.
type previous struct {
	engine.Parquet
	path    string // a local copy, or its footer alone; empty when there is none
	version string // of the object in the bucket; empty when there is none
}

func (p previous) exists() bool { return p.path != "" }

// ours reports whether wplake wrote the object. The schema of another tool's
// object binds nobody.
func (p previous) ours() bool { return p.Metadata[keyRules] != "" }

// columns are the data's columns: without the one that on_delete: mark adds.
func (p previous) columns() []lake.Column {
	return slices.DeleteFunc(slices.Clone(p.Columns), func(c lake.Column) bool { return strings.EqualFold(c.Name, deletedAt) })
}

// absent names the columns that the source did not send when the object was made.
func (p previous) absent() (names []string) {
	if json.Unmarshal([]byte(p.Metadata[keyAbsent]), &names) != nil {
		return nil // not ours, or none
	}
	return names
}

// keys gives the source's key of each column that is called otherwise.
func (p previous) keys() (keys map[string]string) {
	if json.Unmarshal([]byte(p.Metadata[keyKeys]), &keys) != nil {
		return nil // not ours, or none
	}
	return keys
}

// makePlan decides the columns of bronze from the keys that raw has and the
// evidence of their types, what is declared and known, the previous schema and
// the drift policy. Columns that were there keep their place.
func makePlan(s settings, names []string, evidence []typing.Evidence, prev previous) (plan, error) {
	var before []lake.Column
	if prev.ours() {
		before = prev.columns()
	}
	var p plan
	taken := map[string]bool{} // by lower-case column name
	add := func(c column) {
		taken[strings.ToLower(c.Name)] = true
		p.columns = append(p.columns, c)
	}
	keysBefore := prev.keys()
	keyOf := matchKeys(names, func(name string) string {
		for column, key := range keysBefore {
			if key == name {
				return column
			}
		}
		if i := lake.FindColumn(before, name); i >= 0 {
			return before[i].Name
		}
		if c, ok := s.fixed(name); ok {
			return c.Name
		}
		return name
	})
	wasAbsent := prev.absent()
	if len(names) == 0 {
		if len(before) == 0 {
			before = s.Table.Columns
		}
		for _, c := range before {
			add(column{Column: c, Key: keysBefore[c.Name], Absent: true})
		}
		p.silent, p.wasAbsent = true, wasAbsent
		return p, nil
	}
	for _, old := range before {
		i, sent := keyOf[old.Name]
		if !sent {
			add(column{Column: old, Key: keysBefore[old.Name], Absent: true})
			if slices.Contains(wasAbsent, old.Name) {
				p.notes = append(p.notes, fmt.Sprintf("column %s is still not sent by the source; it holds NULL", old.Name))
			} else {
				p.changes = append(p.changes, catalog.Change{Kind: catalog.Vanished, Column: old.Name, From: old.Type})
			}
			continue
		}
		delete(keyOf, old.Name)
		now := old.Type
		if c, ok := s.fixed(old.Name); ok {
			now = c.Type
		} else if s.Drift != config.Reject {
			now = evidence[i].WidenFrom(old.Type)
		}
		if now != old.Type {
			p.changes = append(p.changes, catalog.Change{Kind: catalog.Retyped, Column: old.Name, From: old.Type, To: now})
		}
		add(column{Column: lake.Column{Name: old.Name, Type: now}, Key: names[i]})
	}
	// A key that has a column's proper name is never made to give way.
	proper := map[int]string{}
	for name, i := range keyOf {
		if c, ok := s.fixed(name); ok && c.Name == name {
			proper[i] = name
			taken[strings.ToLower(name)] = true
		}
	}
	for _, i := range inOrder(keyOf) {
		name, isProper := proper[i]
		if !isProper {
			name = names[i]
		}
		t := evidence[i].Type()
		if c, ok := s.fixed(names[i]); ok {
			t = c.Type
		}
		if len(before) > 0 {
			p.changes = append(p.changes, catalog.Change{Kind: catalog.Added, Column: name, To: t})
			if s.Drift == config.Reject {
				p.ignored = append(p.ignored, names[i])
				continue
			}
		}
		unique := name
		if !isProper {
			unique = uniqueName(name, taken)
		}
		if unique != name {
			p.notes = append(p.notes, fmt.Sprintf("key %q becomes column %s: its own name is taken, or cannot be a column's", names[i], unique))
		}
		add(column{Column: lake.Column{Name: unique, Type: t}, Key: names[i]})
	}
	if s.Drift == config.Freeze && len(p.changes) > 0 {
		return p, &lake.Error{
			Code:    lake.SchemaFrozen,
			Message: fmt.Sprintf("%s: the schema is frozen and the source's has changed: %s", s.Object, describeChanges(p.changes)),
			Hint:    fmt.Sprintf("look whether the change is meant; then set objects.%s.drift: evolve for one run", s.Object),
		}
	}
	return p, nil
}

// matchKeys gives each key to a column: exact names first, then those that
// differ in case. What remains keeps its own name as its column's.
func matchKeys(names []string, columnOf func(string) string) map[string]int {
	keyOf := map[string]int{}
	for i, name := range names {
		if columnOf(name) == name {
			keyOf[name] = i
		}
	}
	for i, name := range names {
		wanted := columnOf(name)
		if wanted == name {
			continue
		}
		if _, taken := keyOf[wanted]; taken {
			keyOf[name] = i
		} else {
			keyOf[wanted] = i
		}
	}
	return keyOf
}

// inOrder returns the positions of keys in the order of the source.
func inOrder(keyOf map[string]int) []int {
	order := make([]int, 0, len(keyOf))
	for _, i := range keyOf {
		order = append(order, i)
	}
	slices.Sort(order)
	return order
}

// uniqueName makes name differ from all taken ones, without regard to case.
func uniqueName(name string, taken map[string]bool) string {
	if name == "" {
		name = "_"
	}
	name = strings.ReplaceAll(name, "\x00", "_")
	unique := name
	for n := 2; taken[strings.ToLower(unique)] || strings.EqualFold(unique, deletedAt); n++ {
		unique = fmt.Sprintf("%s_%d", name, n)
	}
	return unique
}

// describeChanges writes changes as one line.
func describeChanges(changes []catalog.Change) string {
	parts := make([]string, 0, len(changes))
	for _, c := range changes {
		parts = append(parts, describeChange(c))
	}
	return strings.Join(parts, "; ")
}

func describeChange(c catalog.Change) string {
	text := fmt.Sprintf("column %s ", c.Column)
	switch c.Kind {
	case catalog.Added:
		text += fmt.Sprintf("is new (%s)", c.To)
	case catalog.Vanished:
		text += "is no longer sent by the source"
	case catalog.Retyped:
		text += fmt.Sprintf("changes its type from %s to %s", c.From, c.To)
	}
	if c.Note != "" {
		text += ": " + c.Note
	}
	return text
}
