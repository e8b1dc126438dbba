package home

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/schedule"
	"wplake/internal/schedule/eventbridge"
	"wplake/internal/schedule/scheduler"
	"wplake/internal/workflow"
)

// DeployedSchedule is a schedule as it stands at AWS.
type DeployedSchedule struct {
	scheduler.Status
	Schedule config.Schedule `json:"-"`
	// Target is the ARN of what it starts, Role that of the role it does so with.
	Target string `json:"target"`
	Role   string `json:"role"`
	// Drift tells where it is not as the definition has it.
	Drift []string `json:"drift"`

	anchor   time.Time
	modified time.Time // when it was last changed at AWS
}

// Plan is what the schedule's times follow from.
func (s DeployedSchedule) Plan() (schedule.Plan, error) {
	p, err := s.Schedule.Plan()
	p.Anchor = s.anchor
	return p, err
}

// DeployedSchedules reads the schedules of EventBridge Scheduler that the
// definition names, or that start a machine of the lake, by name. The last
// outcome is that of the newest execution of what a schedule starts, whoever
// started it. One that is in the definition alone has its drift and no target.
func (h *Home) DeployedSchedules(ctx context.Context) ([]DeployedSchedule, error) {
	machines := []string{h.MachineARN()}
	for name, s := range h.Config.Schedules {
		if s.Definition != "" {
			machines = append(machines, strings.TrimSuffix(h.MachineARN(), h.Config.Workflow.Name)+strings.ReplaceAll(name, ".", "_"))
		}
	}
	found, err := eventbridge.New(h.Cloud.Config, eventbridge.Options{}).List(ctx, func(name, target string) bool {
		_, ours := h.Config.Schedules[name]
		return ours || slices.Contains(machines, target)
	})
	if err != nil {
		return nil, err
	}
	var all []DeployedSchedule
	there := map[string]bool{}
	for _, d := range found {
		there[d.Name] = true
		s, err := h.deployedSchedule(ctx, d)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	for _, name := range slices.Sorted(maps.Keys(h.Config.Schedules)) {
		if there[name] {
			continue
		}
		s := h.Config.Schedules[name]
		all = append(all, DeployedSchedule{
			Status:   scheduler.Status{Name: name, Expression: s.Expression, Timezone: s.Timezone, State: "MISSING", Running: []string{}, Waiting: []string{}},
			Schedule: s, Drift: []string{"it is not deployed"},
		})
	}
	slices.SortFunc(all, func(a, b DeployedSchedule) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (h *Home) deployedSchedule(ctx context.Context, d eventbridge.Deployed) (DeployedSchedule, error) {
	out := DeployedSchedule{
		Status: scheduler.Status{
			Name: d.Name, Expression: d.Schedule.Expression, Timezone: d.Schedule.Timezone, State: string(d.Schedule.State),
			Running: []string{}, Waiting: []string{},
		},
		Schedule: d.Schedule, Target: d.Target, Role: d.Role, Drift: []string{"it is not in the definition"}, anchor: d.Created, modified: d.Modified,
	}
	if want, ok := h.Config.Schedules[d.Name]; ok {
		out.Drift = append([]string{}, d.Differences(want)...)
	}
	p, err := out.Plan()
	if err != nil {
		return out, &lake.Error{Code: lake.ConfigInvalid, Message: "the deployed schedule " + d.Name + " cannot be read", Err: err}
	}
	if next, ok := p.Next(h.Now()); ok && d.Schedule.State == config.ScheduleEnabled {
		out.Next = next
	}
	newest, _, err := h.Executions().List(ctx, workflow.Filter{MachineARN: d.Target, Limit: 1})
	if refused, ok := errors.AsType[*workflow.Error](err); ok {
		out.Drift = append(out.Drift, "it starts what is no state machine that is there: "+refused.Message)
		return out, nil
	}
	if err != nil || len(newest) == 0 {
		return out, err
	}
	x := newest[0]
	if x.Stopped.IsZero() {
		out.Running = append(out.Running, x.Name)
		return out, nil
	}
	out.Last = &scheduler.Outcome{Schedule: d.Name, Name: x.Name, Due: x.Started, Started: x.Started, Ended: x.Stopped, Status: string(x.Status)}
	return out, nil
}
