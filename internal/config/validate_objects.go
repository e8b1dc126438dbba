package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/transform"
	"wplake/internal/wordpress/model"
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
		if _, known := model.Lookup(name); !known && len(o.Key) == 0 && (o.OnDelete == Keep || o.OnDelete == Mark) {
			v.problem(path+".on_delete", "on_delete: %s compares rows by their key: name its columns under %s.key", o.OnDelete, path)
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

// step judges what a step's types leave open. What makes a step is the
// business of package transform; whether its columns are there is known only
// when it runs.
func (v *validator) step(path string, s transform.Step) {
	for _, text := range []struct{ kind, value string }{{"filter", s.Filter}, {"sql", s.SQL}} {
		if _, given := v.file.origins[path+"."+text.kind]; given && text.value == "" {
			v.problem(path+"."+text.kind, "%s: is empty", text.kind)
			return
		}
	}
	for _, column := range slices.Sorted(maps.Keys(s.NullIf)) {
		if len(s.NullIf[column]) == 0 {
			v.problem(path+".null_if."+column, "null_if: names no value of %s", column)
		}
	}
	if s.Mask != nil {
		if wrong := badReference(s.Mask.Salt); wrong != "" {
			v.problem(path+".mask.salt", "mask: %s", wrong)
		}
	}
	if err := transform.Validate([]transform.Step{s}); err != nil {
		cause := errors.Unwrap(err) // without the step's number, which the place tells
		if cause == nil {
			cause = err
		}
		v.problem(path+"."+s.Kind(), "%s: %v", s.Kind(), cause)
	}
}
