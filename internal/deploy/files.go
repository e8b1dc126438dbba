package deploy

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"wplake/internal/config"
	"wplake/internal/lake"
)

// maxPackedFile bounds a file that the definition names, in bytes.
const maxPackedFile = 4 << 20

// used is a value of the definition that a function resolves.
type used struct {
	path   string // in the definition
	ref    config.Ref
	secret bool
}

// usedOnAWS lists the values of the definition that functions resolve. Those of
// alerts, serve and workflow.commands matter at home alone.
func usedOnAWS(c config.Config) []used {
	var all []used
	if e := c.Source.Endpoints; c.Source.Kind == config.SourceEndpoints {
		for i, u := range e.URLs {
			all = append(all, used{path: fmt.Sprintf("source.endpoints.urls[%d]", i), ref: u})
		}
		all = append(all, used{"source.endpoints.user", e.User, true}, used{"source.endpoints.password", e.Password, true})
		all = append(all, named("source.endpoints.headers.", e.Headers)...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Objects)) {
		for i, step := range c.Objects[name].Steps {
			if step.Mask != nil {
				all = append(all, used{fmt.Sprintf("objects.%s.steps[%d].mask.salt", name, i), config.Ref(step.Mask.Salt), true})
			}
		}
	}
	return append(all, named("aws.tracing.headers.", c.AWS.Tracing.Headers)...)
}

func named(path string, refs map[string]config.Ref) []used {
	var all []used
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		all = append(all, used{path + name, refs[name], true})
	}
	return all
}

// checkReferences refuses a definition whose values a function could not find:
// there is no environment of the owner's there, and a secret does not belong
// into a package.
func checkReferences(c config.Config) error {
	var problems []string
	for _, u := range usedOnAWS(c) {
		if names := u.ref.Variables(); len(names) > 0 {
			problems = append(problems, fmt.Sprintf("%s is in the environment (${%s}), which a function does not have", u.path, names[0]))
		}
		if file, ok := u.ref.File(); ok && u.secret {
			problems = append(problems, fmt.Sprintf("%s is a secret in the file %s, which does not belong into a package", u.path, file))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return &lake.Error{
		Code: lake.ConfigInvalid, Message: "the definition cannot be deployed: " + strings.Join(problems, "; "),
		Hint: "keep the value in a parameter: write param:/NAME there, and `wplake param set --secret /NAME VALUE` in both homes",
	}
}

// filesOf lists the files that go into the package beside the definition, by
// their paths relative to it, with '/', sorted.
func filesOf(c config.Config) ([]string, error) {
	var names []string
	add := func(where, name string) error {
		slashed := path.Clean(filepath.ToSlash(name))
		if filepath.IsAbs(name) || path.IsAbs(slashed) || slashed == ".." || strings.HasPrefix(slashed, "../") {
			return &lake.Error{
				Code: lake.ConfigInvalid, Message: fmt.Sprintf("%s names %s, which lies outside of the definition's folder and cannot be packed", where, name),
				Hint: "put the file beside wplake.yaml or below, and name it relative to it",
			}
		}
		if slices.Contains([]string{bootstrapName, config.FileName, librariesFolder}, topOf(slashed)) {
			return &lake.Error{
				Code: lake.ConfigInvalid, Message: fmt.Sprintf("%s names %s, which is a name of the package's own", where, name),
				Hint: "give the file another name",
			}
		}
		names = append(names, slashed)
		return nil
	}
	if c.Workflow.Definition != "" {
		if err := add("workflow.definition", c.Workflow.Definition); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Schedules)) {
		if file := c.Schedules[name].Definition; file != "" {
			if err := add("schedules."+name+".definition", file); err != nil {
				return nil, err
			}
		}
	}
	for _, u := range usedOnAWS(c) {
		if file, ok := u.ref.File(); ok {
			if err := add(u.path, file); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// topOf is the first part of a path within the package.
func topOf(name string) string {
	top, _, _ := strings.Cut(name, "/")
	return top
}

// readBounded reads a file of at most maxPackedFile bytes.
func readBounded(name string) (data []byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxPackedFile+1))
	if err == nil && len(data) > maxPackedFile {
		err = fmt.Errorf("%s is larger than %d MiB", name, maxPackedFile>>20)
	}
	return data, err
}
