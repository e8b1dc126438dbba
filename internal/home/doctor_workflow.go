package home

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"wplake/internal/config"
)

// checkWorkflow looks whether this home can run the lake's state machine.
func (h *Home) checkWorkflow() Check {
	w := &Workflow{home: h}
	w.tasks = w.newTasks()
	m, err := w.Machine()
	if err != nil {
		return failed("workflow", err)
	}
	return ok("workflow", "%s can run here", m.Name)
}

// checkSchedules tells which schedules are in force, and whether their time
// zones are known.
func (h *Home) checkSchedules() Check {
	var known []string
	for _, name := range slices.Sorted(maps.Keys(h.Config.Schedules)) {
		s := h.Config.Schedules[name]
		if s.State == config.ScheduleDisabled {
			continue
		}
		if _, err := s.Plan(); err != nil {
			return failed("schedules", fmt.Errorf("%s: %w", name, err))
		}
		known = append(known, fmt.Sprintf("%s: %s %s", name, s.Expression, s.Timezone))
	}
	if len(known) == 0 {
		return ok("schedules", "none is in force")
	}
	return ok("schedules", "%s; `wplake serve` keeps them", strings.Join(known, ", "))
}
