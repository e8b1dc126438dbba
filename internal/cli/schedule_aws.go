package cli

import (
	"context"
	"fmt"

	"wplake/internal/config"
	"wplake/internal/home"
	"wplake/internal/schedule"
	"wplake/internal/schedule/scheduler"
)

// deployedSchedules reads the schedules of EventBridge Scheduler.
func (a *app) deployedSchedules(ctx context.Context) (all []home.DeployedSchedule, err error) {
	err = a.withHome(ctx, func(h *home.Home) error {
		all, err = h.DeployedSchedules(ctx)
		return refusal(err)
	})
	return all, err
}

func (a *app) listDeployedSchedules(ctx context.Context) error {
	all, err := a.deployedSchedules(ctx)
	if err != nil {
		return err
	}
	if a.json {
		if all == nil {
			all = []home.DeployedSchedule{}
		}
		return a.printJSON(struct {
			Schedules []home.DeployedSchedule `json:"schedules"`
		}{all})
	}
	if len(all) == 0 {
		fmt.Fprintln(a.stdout, "There is no schedule, neither in the definition nor at AWS.")
		return nil
	}
	statuses := make([]scheduler.Status, len(all))
	for i, s := range all {
		statuses[i] = s.Status
	}
	a.printScheduleGrid(statuses)
	differs := false
	for _, s := range all {
		for _, d := range s.Drift {
			differs = true
			fmt.Fprintf(a.stdout, "%s: %s\n", oneLine(s.Name), oneLine(d))
		}
	}
	if differs {
		fmt.Fprintln(a.stdout, "To bring them to the definition: wplake deploy apply")
	}
	return nil
}

// deployedPlans are the deployed schedules, and what tells their plans.
func (a *app) deployedPlans(ctx context.Context) (map[string]config.Schedule, func(string, config.Schedule) (schedule.Plan, error), error) {
	all, err := a.deployedSchedules(ctx)
	schedules, plans := map[string]config.Schedule{}, map[string]home.DeployedSchedule{}
	for _, s := range all {
		if s.Target != "" {
			schedules[s.Name], plans[s.Name] = s.Schedule, s
		}
	}
	return schedules, func(name string, _ config.Schedule) (schedule.Plan, error) { return plans[name].Plan() }, err
}
