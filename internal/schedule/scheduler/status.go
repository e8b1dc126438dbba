package scheduler

import (
	"context"
	"time"

	"wplake/internal/config"
	"wplake/internal/schedule"
)

// Status tells how a schedule stands.
type Status struct {
	Name       string `json:"name"`
	Expression string `json:"expression"`
	Timezone   string `json:"timezone"`
	State      string `json:"state"`
	// Next is when it is due next; zero when it never will be, or is disabled.
	Next    time.Time `json:"next,omitzero"`
	Last    *Outcome  `json:"last,omitempty"`
	Running []string  `json:"running"` // executions
	Waiting []string  `json:"waiting"` // executions that are due and not started
	// LastSuccess is when a run of it succeeded last.
	LastSuccess time.Time `json:"last_success,omitzero"`
	// AlertedAt is since when people know that none has for too long.
	AlertedAt time.Time `json:"alerted_at,omitzero"`
	// How many due times became no run of their own: left out, made up for by
	// another run, and dropped with an alert.
	Skipped int64 `json:"skipped"`
	Missed  int64 `json:"missed"`
	Dropped int64 `json:"dropped"`
}

// List tells how the schedules stand, by name. It changes nothing.
func (s *Scheduler) List(ctx context.Context) ([]Status, error) {
	now, all := s.now(), []Status{}
	for _, p := range s.plans {
		st := Status{Name: p.name, Expression: p.Expression, Timezone: p.Timezone, State: string(p.State), Running: []string{}, Waiting: []string{}}
		r, _, err := s.load(ctx, p.name)
		if err != nil {
			return nil, err
		}
		plan := p.plan
		plan.Anchor = now
		if r != nil {
			if _, err := s.settle(ctx, r, p); err != nil {
				return nil, err
			}
			st.Last, st.LastSuccess, st.AlertedAt = r.Last, r.Success, r.Alerted
			st.Skipped, st.Missed, st.Dropped = r.Skipped, r.Missed, r.Dropped
			for _, a := range r.Active {
				st.Running = append(st.Running, a.Name)
			}
			for _, e := range r.Queue {
				st.Waiting = append(st.Waiting, e.Name)
			}
			if r.Plan == p.fingerprint() {
				plan = p.at(r)
			}
		}
		if t, ok := plan.Next(now); ok && p.State == config.ScheduleEnabled {
			st.Next = t
		}
		all = append(all, st)
	}
	return all, nil
}

// Plan returns what a schedule's due times follow from. A rate that has not
// begun yet begins now. The error is a *lake.Error with the code ConfigInvalid
// when there is no such schedule.
func (s *Scheduler) Plan(ctx context.Context, name string) (schedule.Plan, error) {
	p, err := s.find(name)
	if err != nil {
		return schedule.Plan{}, err
	}
	r, _, err := s.load(ctx, name)
	if err != nil {
		return schedule.Plan{}, err
	}
	if r != nil && r.Plan == p.fingerprint() {
		return p.at(r), nil
	}
	plan := p.plan
	plan.Anchor = s.now()
	return plan, nil
}
