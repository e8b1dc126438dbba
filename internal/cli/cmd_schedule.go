package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/config"
	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/schedule"
	"wplake/internal/schedule/scheduler"
)

func (a *app) scheduleCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "schedule",
		Short: "See when the lake runs, and run what is due",
		Long: `Schedules start the lake's workflow, or another state machine, by the clock. They
stand in the definition (schedules), with the expressions of EventBridge Scheduler;
without any the lake has one, daily at 07:00 UTC. "wplake serve" keeps them. Where
cron is there already, let it call "wplake schedule run-due" instead.`,
		Example: `  wplake schedule list
  wplake schedule next daily -n 10`,
	}, a.scheduleListCommand(), a.scheduleNextCommand(), a.scheduleRunDueCommand())
}

func (a *app) scheduleListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the schedules: when they are due next, and how the last run went",
		Long: `Lists the schedules with their expression, time zone and state, when they are due
next (in their own zone), and how the last run ended. RUNNING stands there while
one has not ended.

With --home aws they are those of EventBridge Scheduler, and where they are not as the
definition has them. LAST is then the newest execution of the machine, whoever
started it.`,
		Example: `  wplake schedule list
  wplake schedule list --home aws
  wplake schedule list --json | jq -r '.schedules[] | select(.last.status != "SUCCEEDED").name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.onAWS() {
				return a.listDeployedSchedules(cmd.Context())
			}
			return a.withScheduler(cmd.Context(), func(ctx context.Context, s *scheduler.Scheduler) error {
				all, err := s.List(ctx)
				if err != nil {
					return err
				}
				return a.printSchedules(all)
			})
		},
	}
}

func (a *app) printSchedules(all []scheduler.Status) error {
	if a.json {
		return a.printJSON(struct {
			Schedules []scheduler.Status `json:"schedules"`
		}{all})
	}
	a.printScheduleGrid(all)
	for _, s := range all {
		if !s.AlertedAt.IsZero() {
			fmt.Fprintf(a.stdout, "%s: no run has succeeded for too long (alerted %s)\n", s.Name, localTime(s.AlertedAt))
		}
	}
	return nil
}

func (a *app) printScheduleGrid(all []scheduler.Status) {
	g := a.newGrid("NAME", "EXPRESSION", "ZONE", "STATE", "NEXT", "LAST", "OUTCOME")
	for _, s := range all {
		next, last, outcome := "never", "", ""
		if s.State == string(config.ScheduleDisabled) {
			next = ""
		}
		if !s.Next.IsZero() {
			next = s.Next.Format("Mon 2006-01-02 15:04 MST")
		}
		if s.Last != nil {
			last, outcome = localTime(s.Last.Started), s.Last.Status
		}
		if len(s.Running) > 0 {
			last, outcome = s.Running[len(s.Running)-1], "RUNNING"
		}
		g.row(s.Name, s.Expression, s.Timezone, s.State, next, last, a.outcomeText(outcome))
	}
	g.print()
}

// outcomeText colours a status.
func (a *app) outcomeText(status string) string {
	switch status {
	case "", "RUNNING":
		return status
	case "SUCCEEDED":
		return a.color(green, status)
	case scheduler.Skipped:
		return a.color(yellow, status)
	}
	return a.color(red, status)
}

func (a *app) scheduleNextCommand() *cobra.Command {
	var n int
	var after string
	cmd := &cobra.Command{
		Use:   "next [NAME]",
		Short: "Show the next times of a schedule, or of all that are enabled",
		Long: `Shows when the schedule NAME is due next, or all enabled schedules together: in the
schedule's own zone and in UTC, with a note where the clocks change. A time of day
that the clocks skip in spring is skipped; one that they show twice in autumn comes
once, the first time.

With --home aws it tells the times of the deployed schedules.`,
		Example: `  wplake schedule next
  wplake schedule next daily -n 20
  wplake schedule next daily --after 2027-03-26
  wplake schedule next --json | jq -r '.next[].utc'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeSchedules,
		RunE: func(cmd *cobra.Command, args []string) error {
			from := a.now()
			if after != "" {
				var err error
				if from, err = parseMoment(after); err != nil {
					return usageError{err}
				}
			}
			if n < 1 || n > maxNext {
				return usageError{fmt.Errorf("-n is from 1 to %d, not %d", maxNext, n)}
			}
			return a.scheduleNext(cmd.Context(), strings.Join(args, ""), from, n)
		},
	}
	cmd.Flags().IntVarP(&n, "count", "n", 10, "how many times")
	cmd.Flags().StringVar(&after, "after", "", "begin after this time, such as 2027-03-26 or 2027-03-26T12:00:00Z (default: now)")
	return cmd
}

// maxNext bounds how many times are shown.
const maxNext = 10_000

// parseMoment reads a time as people type it. A date is its beginning in UTC.
func parseMoment(text string) (time.Time, error) {
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time such as 2027-03-26 or 2027-03-26T12:00:00Z", text)
}

// dueTime is one time at which a schedule is due.
type dueTime struct {
	Schedule string    `json:"schedule"`
	Time     time.Time `json:"time"` // with the zone's offset
	UTC      time.Time `json:"utc"`
	Timezone string    `json:"timezone"`
	// Until is when it has started at the latest, where that is not at once.
	Until time.Time `json:"until,omitzero"`
	// Notes say what the clocks do.
	Notes []string `json:"notes"`
}

func (a *app) scheduleNext(ctx context.Context, name string, from time.Time, n int) error {
	schedules, planOf, err := a.schedulesOf(ctx)
	if err != nil {
		return err
	}
	if _, ok := schedules[name]; name != "" && !ok {
		return &lake.Error{Code: lake.ConfigInvalid, Message: fmt.Sprintf("there is no schedule %q", name), Hint: "see which there are: wplake schedule list"}
	}
	all := []dueTime{}
	for _, each := range slices.Sorted(maps.Keys(schedules)) {
		s := schedules[each]
		switch disabled := s.State == config.ScheduleDisabled; {
		case name != "" && name != each, name == "" && disabled:
			continue
		case disabled && !a.quiet:
			fmt.Fprintf(a.stderr, "wplake: the schedule %s is disabled: it would be due as follows\n", each)
		}
		plan, err := planOf(each, s)
		if err != nil {
			return err
		}
		all = append(all, dueTimes(each, s, plan, from, n)...)
	}
	slices.SortStableFunc(all, func(x, y dueTime) int { return x.UTC.Compare(y.UTC) })
	return a.printNext(all[:min(n, len(all))])
}

// schedulesOf are the schedules of the home by name, and what tells their plans.
func (a *app) schedulesOf(ctx context.Context) (map[string]config.Schedule, func(string, config.Schedule) (schedule.Plan, error), error) {
	if a.onAWS() {
		return a.deployedPlans(ctx)
	}
	c, _, err := a.loadConfig()
	return c.Schedules, func(name string, s config.Schedule) (schedule.Plan, error) { return a.planOf(ctx, name, s) }, err
}

// planOf is what a schedule's times follow from. Only those of a rate depend
// on when it began, which the lake's state knows.
func (a *app) planOf(ctx context.Context, name string, s config.Schedule) (schedule.Plan, error) {
	plan, err := s.Plan()
	if err != nil || plan.Expression.Kind() != schedule.Rate || !plan.Start.IsZero() {
		return plan, err
	}
	err = a.withScheduler(ctx, func(ctx context.Context, s *scheduler.Scheduler) error {
		plan, err = s.Plan(ctx, name)
		return err
	})
	return plan, err
}

// dueTimes lists the next times of a schedule.
func dueTimes(name string, s config.Schedule, plan schedule.Plan, from time.Time, n int) []dueTime {
	var all []dueTime
	before := from.In(plan.Zone)
	for range n {
		o, ok := plan.NextOccurrence(from)
		if !ok {
			break
		}
		d := dueTime{Schedule: name, Time: o.Time, UTC: o.Time.UTC(), Timezone: s.Timezone, Notes: clockNotes(before, o)}
		if s.FlexibleWindow > 0 {
			d.Until = o.Time.Add(time.Duration(s.FlexibleWindow))
		}
		all = append(all, d)
		from, before = o.Time, o.Time
	}
	return all
}

// clockNotes says what the clocks do between two times and at the second.
func clockNotes(before time.Time, o schedule.Occurrence) []string {
	notes := []string{}
	was, from := before.Zone()
	is, to := o.Time.Zone()
	if from != to {
		way := "forward"
		if to < from {
			way = "back"
		}
		notes = append(notes, fmt.Sprintf("the clocks went %s %s (%s to %s)", way, spanText(max(to-from, from-to)), was, is))
	}
	for _, text := range o.Skipped {
		notes = append(notes, "they skipped "+text)
	}
	if o.Doubled {
		notes = append(notes, "the clocks show this time twice; this is the first")
	}
	return notes
}

// spanText is a number of seconds as 1h or 30m.
func spanText(seconds int) string {
	text := (time.Duration(seconds) * time.Second).String()
	return strings.TrimSuffix(strings.TrimSuffix(text, "0s"), "0m")
}

func (a *app) printNext(all []dueTime) error {
	if a.json {
		return a.printJSON(struct {
			Next []dueTime `json:"next"`
		}{all})
	}
	if len(all) == 0 {
		fmt.Fprintln(a.stdout, "No schedule is due any more.")
		return nil
	}
	g := a.newGrid("SCHEDULE", "DUE", "UTC", "NOTE")
	for _, d := range all {
		notes := slices.Clone(d.Notes)
		if !d.Until.IsZero() {
			notes = append(notes, "starts until "+d.Until.Format("15:04"))
		}
		g.row(d.Schedule, d.Time.Format("Mon 2006-01-02 15:04:05 MST"), d.UTC.Format("2006-01-02 15:04:05Z"), strings.Join(notes, "; "))
	}
	g.print()
	return nil
}

func (a *app) scheduleRunDueCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "run-due",
		Short: "Start what is due, and wait until it has ended",
		Long: `Starts every run that is due and waits until it has ended. What was due less than an
hour ago is on time; what was due earlier was missed, and the schedule's policy
(missed) says what becomes of it. The first call starts no cron(…) or at(…): from
then on it is known what has been run.

Let cron call it every few minutes, and every hour at least. While "wplake serve",
or another call, keeps the schedules it does nothing. The exit status is 1 when a
run failed or could not be started.`,
		Example: `  wplake schedule run-due
  */5 * * * * cd /srv/lake && wplake schedule run-due --quiet     (in a crontab)`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.localOnly("schedule run-due", "on AWS EventBridge Scheduler starts what is due"); err != nil {
				return err
			}
			return a.withHome(cmd.Context(), func(h *home.Home) error {
				outcomes, kept, err := h.RunDue(cmd.Context(), cmd.CommandPath())
				return a.ranDue(outcomes, kept, err)
			})
		},
	}
}

// ranDue reports what became of what was due.
func (a *app) ranDue(outcomes []scheduler.Outcome, kept bool, err error) error {
	if err != nil && len(outcomes) == 0 {
		return err
	}
	if a.json {
		if outcomes == nil {
			outcomes = []scheduler.Outcome{}
		}
		if e := a.printJSON(struct {
			Kept bool                `json:"kept_by_another"`
			Runs []scheduler.Outcome `json:"runs"`
		}{kept, outcomes}); e != nil {
			return e
		}
	} else {
		a.printRanDue(outcomes, kept)
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(outcomes, scheduler.Outcome.Failed) {
		return exitError(exitFailed)
	}
	return nil
}

func (a *app) printRanDue(outcomes []scheduler.Outcome, kept bool) {
	for _, o := range outcomes {
		out := a.stdout
		if o.Failed() {
			out = a.stderr
		} else if a.quiet {
			continue
		}
		line := fmt.Sprintf("%s: %s %s", o.Schedule, o.Name, a.outcomeText(o.Status))
		if !o.Ended.IsZero() {
			line += " in " + durationText(o.Ended.Sub(o.Started).Milliseconds())
		}
		if o.Error != "" {
			line += ": " + o.Error
		}
		fmt.Fprintln(out, clean(line))
	}
	switch {
	case a.quiet:
	case kept:
		fmt.Fprintln(a.stdout, "Another process keeps the schedules; there is nothing to do.")
	case len(outcomes) == 0:
		fmt.Fprintln(a.stdout, "Nothing is due.")
	}
}

// withScheduler opens the lake's scheduler for do.
func (a *app) withScheduler(ctx context.Context, do func(context.Context, *scheduler.Scheduler) error) error {
	return a.withHome(ctx, func(h *home.Home) error {
		s, err := h.Scheduler(ctx, "wplake schedule")
		if err != nil {
			return err
		}
		return do(ctx, s)
	})
}

// completeSchedules completes the names of schedules.
func (a *app) completeSchedules(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	c, _, err := a.loadConfig()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return slices.Sorted(maps.Keys(c.Schedules)), cobra.ShellCompDirectiveNoFileComp
}
