package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/transform"
)

func (v *validator) objects() {
	tables := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(v.config.Objects)) {
		o, path := v.config.Objects[name], "objects."+name
		if !lake.ValidObjectName(name) {
			v.keyProblem(path, "%q is not an object's name: letters, digits, '_', '-' and '.', at most 128", name)
			continue
		}
		table := lake.TableName(lake.Bronze, name)
		if other, taken := tables[table]; taken {
			v.keyProblem(path, "the objects %s and %s would have the same table %q", other, name, table)
		}
		tables[table] = name
		v.unique(path+".key", o.Key, notBlank, "a column's name")
		for _, column := range slices.Sorted(maps.Keys(o.Columns)) {
			if !notBlank(column) {
				v.keyProblem(path+".columns."+column, "%s.columns: %q is not a column's name", path, column)
			}
		}
		if o.MaxLoss != nil {
			v.share(path+".max_loss", *o.MaxLoss)
		}
		for i, step := range o.Steps {
			v.step(fmt.Sprintf("%s.steps[%d]", path, i), step)
		}
	}
}

func notBlank(s string) bool { return strings.TrimSpace(s) != "" }

// columns judges a step's list of columns.
func (v *validator) columns(path string, columns []string) {
	if len(columns) == 0 {
		v.problem(path, "%s needs at least one column", lastKey(path))
	}
	v.unique(path, columns, notBlank, "a column's name")
}

// lastKey is the end of a path: drop of objects.posts.steps[0].drop.
func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// step judges what a step's types leave open. Whether its columns are there is
// known only when it runs.
func (v *validator) step(path string, s transform.Step) {
	lists := map[string][]string{
		"drop": s.Drop, "select": s.Select, "split_date": s.SplitDate, "decode_entities": s.DecodeEntities, "trim": s.Trim,
	}
	for _, kind := range slices.Sorted(maps.Keys(lists)) {
		if lists[kind] != nil {
			v.columns(path+"."+kind, lists[kind])
		}
	}
	if s.Rename != nil {
		v.rename(path+".rename", s.Rename)
	}
	if s.Cast != nil && len(s.Cast) == 0 {
		v.problem(path+".cast", "cast needs at least one column")
	}
	if s.NullIf != nil && len(s.NullIf) == 0 {
		v.problem(path+".null_if", "null_if needs at least one column")
	}
	for _, column := range slices.Sorted(maps.Keys(s.NullIf)) {
		if len(s.NullIf[column]) == 0 {
			v.problem(path+".null_if."+column, "null_if needs at least one value for %s", column)
		}
	}
	if r := s.Replace; r != nil {
		v.replace(path+".replace", *r)
	}
	if _, given := v.file.origins[path+".filter"]; given && !notBlank(s.Filter) {
		v.problem(path+".filter", "filter is a condition in SQL, as in \"post_status = 'publish'\"")
	}
	if _, given := v.file.origins[path+".sql"]; given && !notBlank(s.SQL) {
		v.problem(path+".sql", "sql is a SELECT over the table input")
	}
	if d := s.Deduplicate; d != nil {
		v.columns(path+".deduplicate.by", d.By)
		v.unique(path+".deduplicate.order_by", d.OrderBy, notBlank, "a column's name")
	}
	if m := s.Mask; m != nil {
		v.columns(path+".mask.columns", m.Columns)
		if m.Salt != "" && m.Method != transform.MaskHash {
			v.problem(path+".mask.salt", "a salt is for the method hash only")
		}
		if wrong := badReference(m.Salt); wrong != "" {
			v.problem(path+".mask.salt", "%s", wrong)
		}
	}
}

func (v *validator) rename(path string, names map[string]string) {
	if len(names) == 0 {
		v.problem(path, "rename needs at least one column")
	}
	taken := map[string]string{}
	for _, from := range slices.Sorted(maps.Keys(names)) {
		to := names[from]
		if !notBlank(to) {
			v.problem(path+"."+from, "rename: %q is not a column's name", to)
		}
		if other, twice := taken[strings.ToLower(to)]; twice {
			v.problem(path+"."+from, "rename gives both %s and %s the name %s", other, from, to)
		}
		taken[strings.ToLower(to)] = from
	}
}

func (v *validator) replace(path string, r transform.Replace) {
	v.columns(path+".columns", r.Columns)
	if r.Find == "" {
		v.problem(path+".find", "replace needs a text to find")
	}
	if r.Regex {
		if _, err := regexp.Compile(r.Find); err != nil {
			v.problem(path+".find", "replace: the regular expression is wrong: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		}
	}
}
