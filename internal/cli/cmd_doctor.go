package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
)

func (a *app) doctorCommand() *cobra.Command {
	var bootstrap string
	var drift bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that a run needs, and change nothing",
		Long: `Checks the definition, the parameters, whether each endpoint answers with JSON
(and what blocks it if not), the buckets, the free disk space against what the
last run needed, the clock, locks, the catalog and the alerts. Each finding
comes with its remedy.

With --home aws it walks the deployed lake as its roles would: the stack against the
definition, parameters, endpoints (asked from this machine), buckets, topics and who
has confirmed to be told, functions, job, crawlers, state machines, what each role
lacks, schedules and the runs that did not take place, the last executions, the
catalog against the objects, Lake Formation and Athena. What your own credentials may
not look at is a warning that names the action. With --drift CloudFormation also looks
for what somebody changed beside the stack, which takes a minute.

The exit status is 1 when something would make a run fail, or keep it from starting.`,
		Example: `  wplake doctor
  wplake doctor --json
  wplake doctor --home aws --drift`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if !a.onAWS() && (drift || bootstrap != "") {
				return usageError{errors.New("--drift and --bootstrap are about the deployed lake: give --home aws as well")}
			}
			var o home.DoctorOptions
			if a.onAWS() {
				a.mending = true // what is missing is a finding
				o.Drift = drift
				if _, o.Deploy, err = a.deployOptions(bootstrap); err != nil {
					return err
				}
			}
			h, err := a.openHome(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.Close()) }()
			checks := h.Doctor(cmd.Context(), o)
			if err := cmd.Context().Err(); err != nil { // the checks tell of that, and of nothing else
				return &lake.Error{Code: lake.Interrupted, Message: "interrupted before everything was looked at", Hint: "nothing was changed: run it again"}
			}
			failed := false
			for _, c := range checks {
				failed = failed || c.Status == home.CheckFailed
			}
			if a.json {
				if err := a.printJSON(map[string]any{"ok": !failed, "checks": checks}); err != nil {
					return err
				}
			} else {
				a.printChecks(checks)
			}
			if failed {
				return exitError(exitFailed)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&drift, "drift", false, "look for what somebody changed beside the stack (with --home aws)")
	bootstrapFlag(cmd, &bootstrap)
	return cmd
}

func (a *app) printChecks(checks []home.Check) {
	colors := map[home.CheckStatus]string{home.CheckOK: green, home.CheckWarning: yellow, home.CheckFailed: red}
	counts := map[home.CheckStatus]int{}
	width := 0
	for _, c := range checks {
		width = max(width, min(len(c.Name), 50))
	}
	for _, c := range checks {
		counts[c.Status]++
		if a.quiet && c.Status == home.CheckOK {
			continue
		}
		fmt.Fprintf(a.stdout, "%s %-*s  %s\n", a.color(colors[c.Status], fmt.Sprintf("%-8s", c.Status)), width, clean(c.Name), clean(c.Detail))
		if c.Hint != "" {
			fmt.Fprintf(a.stdout, "%-8s %-*s  %s\n", "", width, "", clean(c.Hint))
		}
	}
	if !a.quiet {
		fmt.Fprintf(a.stdout, "\n%d checks: %d ok, %d warning, %d failed\n",
			len(checks), counts[home.CheckOK], counts[home.CheckWarning], counts[home.CheckFailed])
	}
}
