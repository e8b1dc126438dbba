package home

import (
	"maps"
	"os"
	"path/filepath"
	"slices"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

// Machines reads the lake's state machine, and those that schedules start
// instead of it, by the name of the schedule. dir is the definition's folder; no
// home has to be open.
func Machines(c config.Config, dir string) (definition []byte, machines map[string][]byte, err error) {
	if definition, err = lakeMachine(c, dir); err != nil {
		return nil, nil, err
	}
	machines = map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(c.Schedules)) {
		if c.Schedules[name].Definition == "" {
			continue
		}
		if machines[name], err = scheduleMachine(c, dir, name); err != nil {
			return nil, nil, err
		}
	}
	return definition, machines, nil
}

// lakeMachine is the lake's state machine: the file that the definition names,
// or the built-in one.
func lakeMachine(c config.Config, dir string) ([]byte, error) {
	if c.Workflow.Definition == "" {
		return machine.Default(c), nil
	}
	return readMachine(dir, c.Workflow.Definition, "workflow.definition")
}

// scheduleMachine is the machine that a schedule names.
func scheduleMachine(c config.Config, dir, schedule string) ([]byte, error) {
	return readMachine(dir, c.Schedules[schedule].Definition, "schedules."+schedule+".definition")
}

// readMachine reads the file that a key of the definition names.
func readMachine(dir, path, key string) ([]byte, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, filepath.FromSlash(path))
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Err: err, Message: "the state machine " + path + " cannot be read",
			Hint: "mend " + key + ", or leave it out to run the built-in machine",
		}
	}
	return text, nil
}
