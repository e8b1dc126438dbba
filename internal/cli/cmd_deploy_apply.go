package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"wplake/internal/deploy"
	"wplake/internal/lake"
)

func (a *app) deployApplyCommand() *cobra.Command {
	var bootstrap string
	var yes bool
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Bring the stack on AWS to what the definition says",
		Long: `Puts the package into the artifacts bucket (which is made where it is missing),
lets CloudFormation compute the changes, shows them, asks, and carries them out,
with a line for each resource. Where something fails, the error says which
resource and why, and CloudFormation brings the stack back to what it was; that is
awaited.

Whoever interrupts it stops watching, not AWS: look with wplake deploy status.
Work on the stack that is under way already is awaited. What a first try that
failed has left is removed first.`,
		Example: `  wplake deploy apply
  wplake deploy apply --yes --json
  wplake deploy apply --bootstrap build/wplake-linux-arm64`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes && !a.interactive() {
				return usageError{&lake.Error{
					Code: lake.ConfigInvalid, Message: "nobody is there to agree to the changes",
					Hint: "look at them with `wplake deploy plan`, then apply with --yes",
				}}
			}
			d, err := a.openDeployer(cmd.Context(), bootstrap)
			if err != nil {
				return err
			}
			return a.apply(cmd.Context(), d, yes)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	bootstrapFlag(cmd, &bootstrap)
	return cmd
}

// applied is the document of --json.
type applied struct {
	Plan    deploy.Plan    `json:"plan"`
	Applied deploy.Applied `json:"applied"`
	MS      int64          `json:"duration_ms"`
	Failure *failure       `json:"error,omitempty"`
}

// failure is an error in a document.
type failure struct {
	Code    lake.Code `json:"code"`
	Message string    `json:"message"`
	Hint    string    `json:"hint,omitempty"`
}

func (a *app) apply(ctx context.Context, d *deploy.Deployer, yes bool) error {
	p, err := d.Prepare(ctx)
	if err != nil {
		return errors.Join(err, d.Discard(ctx, p))
	}
	if !a.json && !a.quiet || !yes {
		a.printPlan(p)
	}
	if p.Blocked() {
		if a.json {
			if err := a.printJSON(applied{Plan: p}); err != nil {
				return err
			}
		} else if a.quiet && yes {
			a.printDeployFindings(p.Findings)
		}
		fmt.Fprintln(a.stderr, "Not applied: what is called an error above stands in the way.")
		return errors.Join(exitError(exitFailed), d.Discard(ctx, p))
	}
	if !p.Nothing && !yes {
		question := "\nApply this? [y/N] "
		if p.Loses() {
			question = "\nData would be lost. Apply this? [y/N] "
		}
		if answer := a.ask(question); answer != "y" && answer != "yes" {
			if err := d.Discard(ctx, p); err != nil {
				return err
			}
			fmt.Fprintln(a.stderr, "Not applied: the stack is as it was.")
			return exitError(exitFailed)
		}
	}
	done, err := d.Apply(ctx, p)
	if a.json {
		document := applied{Plan: p, Applied: done, MS: done.Duration.Milliseconds()}
		if err != nil {
			e := lake.AsError(err, lake.Internal)
			document.Failure = &failure{e.Code, e.Error(), e.Hint}
		}
		return errors.Join(err, a.printJSON(document))
	}
	if err != nil || a.quiet {
		return err
	}
	a.printApplied(p, done)
	return nil
}

func (a *app) printApplied(p deploy.Plan, done deploy.Applied) {
	if !p.Nothing {
		fmt.Fprintln(a.stdout, a.color(green, fmt.Sprintf("\nDeployed: the stack %s is in %s, after %s.", done.Stack, done.Status, durationText(done.Duration.Milliseconds()))))
	}
	for _, name := range slices.Sorted(maps.Keys(done.Outputs)) {
		fmt.Fprintf(a.stdout, "  %-24s %s\n", name, clean(done.Outputs[name]))
	}
	if len(done.Next) > 0 {
		fmt.Fprintln(a.stdout, "\nNext:")
		for _, n := range done.Next {
			fmt.Fprintln(a.stdout, "  - "+clean(n))
		}
	}
}
