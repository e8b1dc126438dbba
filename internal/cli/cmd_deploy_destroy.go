package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"wplake/internal/deploy"
	"wplake/internal/lake"
)

// askName is what --delete-data has without a value: the name is asked for.
const askName = " "

func (a *app) deployDestroyCommand() *cobra.Command {
	var yes bool
	var deleteData string
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Remove the stack from AWS, and keep the data",
		Long: `Removes the stack: functions, state machine, schedules, roles, topics, parameters.
Buckets with their objects stay, and so does the artifacts bucket.

With --delete-data they go too, with all versions of all objects, for good. That is
asked for a second time: the stack's name has to be typed, or given with the flag.
Buckets that are not the stack's own (aws.existing.buckets) are never touched.`,
		Example: `  wplake deploy destroy
  wplake deploy destroy --yes --delete-data=wplake-blog`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			data := cmd.Flags().Changed("delete-data")
			if !a.interactive() && (!yes || data && deleteData == askName) {
				return usageError{&lake.Error{
					Code: lake.ConfigInvalid, Message: "nobody is there to agree to the removal",
					Hint: "give --yes, and for the data --delete-data=NAME with the stack's name",
				}}
			}
			d, err := a.openDeployer(cmd.Context(), "")
			if err != nil {
				return err
			}
			if agreed, err := a.agreeToDestroy(d.Stack(), yes, data, deleteData); err != nil || !agreed {
				return err
			}
			done, err := d.Destroy(cmd.Context(), data)
			if a.json {
				return errors.Join(err, a.printJSON(done))
			}
			if !a.quiet {
				a.printDestroyed(done, err == nil)
			}
			return err
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().StringVar(&deleteData, "delete-data", "", "remove buckets and objects as well; the value is the stack's name")
	cmd.Flags().Lookup("delete-data").NoOptDefVal = askName
	return cmd
}

// agreeToDestroy asks whether a stack goes, and a second time whether its data do.
func (a *app) agreeToDestroy(stack string, yes, data bool, given string) (bool, error) {
	if data && given != askName && given != stack {
		return false, usageError{&lake.Error{
			Code: lake.ConfigInvalid, Message: fmt.Sprintf("--delete-data=%s is not the name of the stack, which is %s", given, stack),
			Hint: "nothing was removed",
		}}
	}
	if !yes {
		if answer := a.ask(fmt.Sprintf("Remove the stack %s? [y/N] ", stack)); answer != "y" && answer != "yes" {
			fmt.Fprintln(a.stderr, "Nothing was removed.")
			return false, exitError(exitFailed)
		}
	}
	if data && given == askName {
		if answer := a.ask(fmt.Sprintf("All objects of the lake go with it, in all versions, for good. Type the name of the stack (%s): ", stack)); answer != stack {
			fmt.Fprintln(a.stderr, "Nothing was removed.")
			return false, exitError(exitFailed)
		}
	}
	return true, nil
}

func (a *app) printDestroyed(done deploy.Destroyed, whole bool) {
	if whole && done.Found {
		fmt.Fprintf(a.stdout, "The stack %s is removed.\n", clean(done.Stack))
	} else if !done.Found {
		fmt.Fprintf(a.stdout, "There is no stack %s.\n", clean(done.Stack))
	}
	for _, name := range slices.Sorted(maps.Keys(done.Deleted)) {
		fmt.Fprintf(a.stdout, "  removed %s: %s versions of objects\n", clean(name), groupDigits(done.Deleted[name]))
	}
	if len(done.Kept) > 0 {
		fmt.Fprintln(a.stdout, "Left in the account:")
	}
	for _, k := range done.Kept {
		fmt.Fprintln(a.stdout, clean(fmt.Sprintf("  %s: %s", k.Name, k.Why)))
	}
}
