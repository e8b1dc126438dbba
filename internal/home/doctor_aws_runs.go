package home

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// judgeSchedule compares a deployed schedule with the definition's; target is
// the machine that it has to start.
func judgeSchedule(s DeployedSchedule, want config.Schedule, target string) Check {
	name := "schedule " + s.Name
	switch {
	case s.Target == "":
		return broken(name, applyHint, "it is not deployed: no run starts by it")
	case s.Schedule.State == config.ScheduleDisabled && want.State != config.ScheduleDisabled:
		return broken(name, "enable it at EventBridge Scheduler", "it is disabled, and the definition has it enabled: no run starts by it")
	case s.Target != target:
		return broken(name, applyHint, "it starts %s instead of %s", s.Target, target)
	case len(s.Drift) > 0:
		return warning(name, planHint, "%s", strings.Join(s.Drift, "; "))
	case s.Schedule.State == config.ScheduleDisabled:
		return ok(name, "disabled, as the definition has it")
	case s.Next.IsZero():
		return warning(name, "give it another expression or end", "%s %s: it starts nothing any more", s.Expression, s.Timezone)
	}
	return ok(name, "%s %s, next at %s", s.Expression, s.Timezone, s.Next.UTC().Format(time.RFC3339))
}

// judgeExecutions tells how the newest executions ended; newest first.
func judgeExecutions(now time.Time, all []workflow.Execution) Check {
	const name = "executions"
	if len(all) == 0 {
		return ok(name, "there was none yet")
	}
	running, lost := "", 0
	for _, x := range all {
		switch {
		case x.Status == asl.Running:
			if running == "" {
				running = fmt.Sprintf("; %s runs since %s", x.Name, ago(now, x.Started))
			}
		case x.Status == asl.Succeeded && lost == 0:
			return ok(name, "the last, %s, succeeded %s ago%s", x.Name, ago(now, x.Stopped), running)
		case x.Status == asl.Succeeded:
			return lastLost(all, fmt.Sprintf("%d in a row did not succeed; the last success was %s, %s ago%s", lost, x.Name, ago(now, x.Stopped), running))
		default:
			lost++
		}
	}
	if lost == 0 {
		return ok(name, "none has ended yet%s", running)
	}
	return lastLost(all, fmt.Sprintf("none of the last %d succeeded%s", lost, running))
}

// lastLost is a warning of the newest execution that did not succeed.
func lastLost(all []workflow.Execution, rest string) Check {
	i := slices.IndexFunc(all, func(x workflow.Execution) bool { return x.Status != asl.Running && x.Status != asl.Succeeded })
	return warning("executions", "wplake workflow show "+all[i].Name+" --home aws", "%s is %s; %s", all[i].Name, all[i].Status, rest)
}

// ago is a span of time as one says it.
func ago(now, then time.Time) string { return max(0, now.Sub(then)).Round(time.Second).String() }

// How far missing runs are looked for: what a schedule starts may be late by so
// much, and older or more times are left out.
const (
	startGrace   = 15 * time.Minute
	missedWithin = 30 * 24 * time.Hour
	missedMost   = 50_000
)

// judgeMissed looks for times of an enabled schedule at which no execution
// began; executions newest first. found is false where there is nothing to say.
func judgeMissed(now time.Time, s DeployedSchedule, executions []workflow.Execution) (c Check, found bool) {
	plan, err := s.Plan()
	if err != nil || s.Schedule.State != config.ScheduleEnabled {
		return Check{}, false
	}
	from := now.Add(-missedWithin)
	if s.modified.After(from) {
		from = s.modified // before that it had another expression, or was disabled
	}
	if n := len(executions); n == manyExecutions && executions[n-1].Started.After(from) {
		from = executions[n-1].Started // older ones were not read
	}
	slack := startGrace + time.Duration(s.Schedule.FlexibleWindow)
	due, missed, last := 0, 0, time.Time{}
	for t, more := plan.Next(from); more && !t.Add(slack).After(now) && due < missedMost; t, more = plan.Next(t) {
		due++
		if !slices.ContainsFunc(executions, func(x workflow.Execution) bool {
			return !x.Started.Before(t.Add(-time.Minute)) && !x.Started.After(t.Add(slack))
		}) {
			missed, last = missed+1, t
		}
	}
	switch name := "runs of " + s.Name; {
	case missed > 0:
		return warning(name, "look at the role and the state of the schedule, and at its dead letters (queue "+lake.DeadLetterQueue+")",
			"at %d of %d times no execution began, the last at %s", missed, due, last.UTC().Format(time.RFC3339)), true
	case due > 0:
		return ok(name, "an execution began at each of %d times since %s", due, from.UTC().Format(time.RFC3339)), true
	}
	return Check{}, false
}
