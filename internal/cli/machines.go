package cli

import (
	"maps"
	"os"
	"slices"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

// loadMachines reads the lake's state machine, and those that schedules start
// instead of it, by the name of the schedule, without opening a home.
func loadMachines(c config.Config, file *config.File) (definition []byte, machines map[string][]byte, err error) {
	definition = machine.Default(c)
	if c.Workflow.Definition != "" {
		if definition, err = readMachine(file, "workflow.definition", c.Workflow.Definition); err != nil {
			return nil, nil, err
		}
	}
	machines = map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(c.Schedules)) {
		if path := c.Schedules[name].Definition; path != "" {
			if machines[name], err = readMachine(file, "schedules."+name+".definition", path); err != nil {
				return nil, nil, err
			}
		}
	}
	return definition, machines, nil
}

func readMachine(file *config.File, key, path string) ([]byte, error) {
	text, err := os.ReadFile(file.Abs(path))
	if err != nil {
		return nil, &lake.Error{
			Code: lake.ConfigInvalid, Err: err, Message: "the state machine " + file.Abs(path) + " cannot be read",
			Hint: "mend " + key + ", or leave it out to run the built-in machine",
		}
	}
	return text, nil
}
