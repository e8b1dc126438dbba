package home

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/workflow"
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

// checkExecutions looks whether the record of executions can be read, and for
// executions that nobody goes on with.
func (h *Home) checkExecutions(ctx context.Context) Check {
	const name, most = "executions", 1000
	if _, err := os.Stat(filepath.Join(h.State, "workflow.db")); errors.Is(err, fs.ErrNotExist) {
		return ok(name, "there are none yet")
	}
	w, err := h.Workflow(ctx)
	if err != nil {
		return failed(name, err)
	}
	running, _, err := w.Engine.List(ctx, workflow.Filter{Status: asl.Running, Limit: most})
	if err != nil {
		return failed(name, err)
	}
	var forsaken []string
	for _, x := range running {
		dead, err := w.Forsaken(ctx, x)
		if err != nil {
			return failed(name, err)
		}
		if dead {
			forsaken = append(forsaken, x.Name)
		}
	}
	if n := len(forsaken); n > 0 {
		return warning(name, "`wplake workflow resume`, or `wplake serve`, goes on with them; `wplake workflow stop` ends one",
			"%d not ended, and their process has died: %s", n, strings.Join(forsaken[:min(n, 5)], ", "))
	}
	return ok(name, "%d are running", len(running))
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
