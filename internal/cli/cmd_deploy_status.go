package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/deploy"
)

func (a *app) deployStatusCommand() *cobra.Command {
	var bootstrap string
	var drift bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say how the deployment stands",
		Long: `Says in which state the stack is, what it gives out, whether it agrees with the
definition here, how the last executions ended, and which subscriptions wait for
their confirmation. With --drift CloudFormation looks at every resource for what
somebody changed beside the stack, which takes a minute.

The exit status is 1 when there is no stack, when its last change failed, or when
it has drifted.`,
		Example: `  wplake deploy status
  wplake deploy status --drift --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.openDeployer(cmd.Context(), bootstrap)
			if err != nil {
				return err
			}
			s, err := d.Status(cmd.Context(), drift)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(s)
			} else {
				a.printStatus(s)
			}
			if err == nil && (!s.Exists || deployFailed(s.State) || s.Drift != nil && len(s.Drift.Resources) > 0) {
				return exitError(exitFailed)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&drift, "drift", false, "look for what somebody changed beside the stack")
	bootstrapFlag(cmd, &bootstrap)
	return cmd
}

// deployFailed reports whether the last change of a stack failed.
func deployFailed(state string) bool {
	return strings.Contains(state, "ROLLBACK") || strings.HasSuffix(state, "_FAILED")
}

func (a *app) printStatus(s deploy.Status) {
	if !s.Exists {
		fmt.Fprintf(a.stdout, "There is no stack %s in account %s, %s.\n  wplake deploy plan\n", clean(s.Stack), s.Account.ID, s.Account.Region)
		return
	}
	color := green
	if deployFailed(s.State) {
		color = red
	}
	fmt.Fprintf(a.stdout, "Stack %s in account %s, %s: %s", clean(s.Stack), s.Account.ID, s.Account.Region, a.color(color, s.State))
	if s.Updated != nil {
		fmt.Fprintf(a.stdout, " since %s", s.Updated.UTC().Format(time.RFC3339))
	}
	fmt.Fprintln(a.stdout)
	if s.Reason != "" {
		fmt.Fprintln(a.stdout, "  "+clean(s.Reason))
	}
	for _, g := range s.Agrees {
		switch {
		case g.Agrees:
			fmt.Fprintf(a.stdout, "  %-10s %s\n", g.What, "as the definition here")
		case g.What == deploy.WholeDefinition:
			fmt.Fprintf(a.stdout, "  %-10s %s\n", g.What, a.color(yellow, "cannot be compared: "+clean(g.Detail)))
		default:
			fmt.Fprintf(a.stdout, "  %-10s %s\n", g.What, a.color(yellow, "not as the definition here: "+clean(g.Detail)))
		}
	}
	if s.Drift != nil {
		fmt.Fprintf(a.stdout, "  %-10s %s\n", "drift", s.Drift.State)
		for _, r := range s.Drift.Resources {
			fmt.Fprintln(a.stdout, "    "+a.color(yellow, clean(fmt.Sprintf("%s %s %s", r.State, strings.TrimPrefix(r.Type, "AWS::"), r.Name))))
			for _, p := range r.Properties {
				fmt.Fprintln(a.stdout, clean(fmt.Sprintf("      %s: %s → %s", p.Property, short(p.From), short(p.To))))
			}
		}
	}
	if len(s.Outputs) > 0 {
		fmt.Fprintln(a.stdout, "\nOutputs:")
		for _, name := range slices.Sorted(maps.Keys(s.Outputs)) {
			fmt.Fprintf(a.stdout, "  %-24s %s\n", name, clean(s.Outputs[name]))
		}
	}
	a.printDeployedRuns(s)
}

func (a *app) printDeployedRuns(s deploy.Status) {
	fmt.Fprintln(a.stdout, "\nLast executions:")
	if len(s.Executions) == 0 {
		fmt.Fprintln(a.stdout, "  none yet")
	}
	for _, e := range s.Executions {
		line := fmt.Sprintf("  %-10s", e.Status)
		if e.Started != nil {
			line += " " + e.Started.UTC().Format(time.RFC3339)
			if e.Ended != nil {
				line += fmt.Sprintf(" %8s", durationText(e.Ended.Sub(*e.Started).Milliseconds()))
			}
		}
		color := green
		if e.Status != "SUCCEEDED" && e.Status != "RUNNING" {
			color = red
		}
		fmt.Fprintln(a.stdout, a.color(color, clean(line+"  "+e.Name)))
	}
	if len(s.Pending) > 0 {
		fmt.Fprintln(a.stdout, "\nSubscriptions that wait for their confirmation:")
	}
	for _, p := range s.Pending {
		fmt.Fprintln(a.stdout, clean(fmt.Sprintf("  %s %s to %s", p.Protocol, p.Endpoint, p.Topic)))
	}
	for _, n := range s.Notes {
		fmt.Fprintln(a.stdout, a.color(yellow, "note: "+clean(n)))
	}
}
