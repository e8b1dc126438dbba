package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// group makes a command of others: alone it shows its help, and what is none
// of the others is a wrong use rather than a reason to show it.
func group(cmd *cobra.Command, members ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(members...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		hint := ""
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = " (did you mean " + strings.Join(near, " or ") + "?)"
		}
		return usageError{fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)}
	}
	cmd.SuggestionsMinimumDistance = 2
	return cmd
}
