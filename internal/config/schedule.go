package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"wplake/internal/lake"
	"wplake/internal/schedule"
)

// Bounds of a schedule, as EventBridge Scheduler has them.
const (
	maxFlexible = Duration(24 * time.Hour)
	maxInput    = 256 << 10 // bytes
)

// FailureTopic is the topic of what could not be started, unless told otherwise.
const FailureTopic = "failure-stepfunction"

// dailySchedule is the schedule of a lake that names none.
func dailySchedule() map[string]Schedule {
	s := Schedule{Expression: "cron(0 7 * * ? *)"}
	s.fill(func(string) bool { return false })
	return map[string]Schedule{"daily": s}
}

// fill puts in what is not given.
func (s *Schedule) fill(given func(key string) bool) {
	if s.Timezone == "" {
		s.Timezone = "UTC"
	}
	if s.State == "" {
		s.State = ScheduleEnabled
	}
	if s.Missed == "" {
		s.Missed = MissedOnce
	}
	if s.Overlap == "" {
		s.Overlap = OverlapSkip
	}
	if !given("retries") {
		s.Retries = 3
	}
	if !given("maximum_age") {
		s.MaximumAge = Duration(24 * time.Hour)
	}
	if !given("dead_letter") {
		s.DeadLetter = FailureTopic
	}
}

// fillSchedules puts the defaults into all schedules of the file.
func (f *File) fillSchedules(c *Config) {
	for name, s := range c.Schedules {
		s.fill(func(key string) bool {
			_, ok := f.origins["schedules."+name+"."+key]
			return ok
		})
		c.Schedules[name] = s
	}
}

// noneIsLess makes a 0 of retries what Config has for none.
func noneIsLess(schedules map[string]Schedule) {
	for name, s := range schedules {
		s.Retries = orNone(s.Retries)
		schedules[name] = s
	}
}

// Plan is the schedule's expression with its zone and bounds. Schedules of a
// loaded definition are valid: the error is that this machine has no time zone
// database.
func (s Schedule) Plan() (schedule.Plan, error) {
	var p schedule.Plan
	var err error
	if p.Expression, err = schedule.Parse(s.Expression); err != nil {
		return p, &lake.Error{Code: lake.ConfigInvalid, Message: err.Error()}
	}
	if p.Zone, err = Zone(s.Timezone); err != nil {
		return p, err
	}
	for _, bound := range []struct {
		text string
		to   *time.Time
	}{{s.Start, &p.Start}, {s.End, &p.End}} {
		if bound.text == "" {
			continue
		}
		if *bound.to, err = time.Parse(time.RFC3339, bound.text); err != nil {
			return p, &lake.Error{Code: lake.ConfigInvalid, Message: fmt.Sprintf("%q is not a time such as 2026-12-01T00:00:00Z", bound.text)}
		}
	}
	return p, nil
}

// errNoZones says that no time zone at all is known.
var errNoZones = errors.New("this machine has no time zone database")

// Zone returns the time zone of an IANA name, from the database of this
// machine. The error is a *lake.Error with the code ConfigInvalid.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err == nil && name != "Local" {
		return zone, nil
	}
	for _, known := range []string{"Europe/London", "America/New_York", "Asia/Tokyo"} {
		if _, err := time.LoadLocation(known); err == nil {
			return nil, &lake.Error{
				Code: lake.ConfigInvalid, Message: fmt.Sprintf("there is no time zone %q", name),
				Hint: "zones have names such as Europe/London, America/New_York or UTC",
			}
		}
	}
	return nil, &lake.Error{
		Code: lake.ConfigInvalid, Message: fmt.Sprintf("the time zone %s is not known: %v", name, errNoZones), Err: errNoZones,
		Hint: "install the package tzdata, or let the variable ZONEINFO name a folder or zip file of it",
	}
}

func (v *validator) schedules() {
	for _, name := range slices.Sorted(maps.Keys(v.config.Schedules)) {
		if !scheduleName.MatchString(name) {
			v.keyProblem("schedules."+name, "%q is not a schedule's name: letters, digits, '_', '-' and '.', at most 64", name)
		}
		v.schedule("schedules."+name, v.config.Schedules[name])
	}
}

func (v *validator) schedule(path string, s Schedule) {
	e, err := schedule.Parse(s.Expression)
	switch {
	case s.Expression == "":
		v.problem(path+".expression", "%s has no expression: rate(…), cron(…) or at(…)", path)
	case err != nil:
		v.problem(path+".expression", "%s.expression: %v", path, err)
	}
	p := schedule.Plan{Expression: e, Start: v.moment(path+".start", s.Start), End: v.moment(path+".end", s.End)}
	if p.Zone, err = Zone(s.Timezone); err != nil {
		told := v.problem
		if errors.Is(err, errNoZones) {
			told = v.warn // of no interest to most commands; those that need it refuse
		}
		told(path+".timezone", "%s.timezone: %v", path, err)
	}
	v.comesTrue(path, p)
	if r := spans()["schedules.*.retries"]; int64(s.Retries) < r.low || int64(s.Retries) > r.high {
		v.problem(path+".retries", "%s.retries is from %d to %d, not %d", path, r.low, r.high, s.Retries)
	}
	if w := s.FlexibleWindow; w < 0 || w > maxFlexible || w%Duration(time.Minute) != 0 {
		v.problem(path+".flexible_window", "%s.flexible_window is whole minutes up to 24h, not %s", path, w)
	}
	if a := s.MaximumAge; a < Duration(time.Minute) || a > Duration(24*time.Hour) {
		v.problem(path+".maximum_age", "%s.maximum_age is from 1m to 24h, not %s", path, a)
	}
	if a := s.AlertAfter; a != 0 && a < Duration(time.Minute) {
		v.problem(path+".alert_after", "%s.alert_after is at least 1m, or 0s for never, not %s", path, a)
	}
	switch {
	case len(s.Input) > maxInput:
		v.problem(path+".input", "%s.input has more than 256 KiB", path)
	case s.Input != "" && !json.Valid([]byte(s.Input)):
		v.problem(path+".input", "%s.input is not JSON", path)
	}
}

// moment reads a bound of a schedule.
func (v *validator) moment(path, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		v.problem(path, "%s: %q is not a time such as 2026-12-01T00:00:00Z", path, text)
	}
	return t
}

// comesTrue tells of a schedule that never would start anything.
func (v *validator) comesTrue(path string, p schedule.Plan) {
	kind := p.Expression.Kind()
	if kind == "" || p.Zone == nil {
		return
	}
	if kind == schedule.At && (!p.Start.IsZero() || !p.End.IsZero()) {
		v.warn(path, "%s: start and end mean nothing to at(…)", path)
	}
	if kind != schedule.At && !p.Start.IsZero() && !p.End.IsZero() && p.End.Before(p.Start) {
		v.problem(path+".end", "%s.end is before its start", path)
		return
	}
	p.Anchor = time.Unix(0, 0)
	if _, ok := p.Next(time.Unix(-1, 0)); ok {
		return
	}
	why := "no such day comes up to the year 2199"
	switch {
	case kind == schedule.At:
		why = "the clocks in " + p.Zone.String() + " skip this time"
	case !p.Start.IsZero() || !p.End.IsZero():
		why = "it does not between its start and its end"
	}
	v.problem(path+".expression", "%s.expression never comes true: %s", path, why)
}
