package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
)

func (a *app) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check everything that a run needs, and change nothing",
		Long: `Checks the definition, the parameters, whether each endpoint answers with JSON
(and what blocks it if not), the buckets, the free disk space against what the
last run needed, the clock, locks, the catalog and the alerts. Each finding
comes with its remedy.

The exit status is 1 when something would make a run fail.`,
		Example: `  wplake doctor
  wplake doctor --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			h, err := a.openHome(cmd.Context())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, h.Close()) }()
			checks := h.Doctor(cmd.Context())
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
