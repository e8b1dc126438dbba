package cli

import (
	"github.com/spf13/cobra"

	"wplake/internal/home"
)

func (a *app) workflowExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export",
		Short: "Print the lake's workflow in Amazon States Language",
		Long: `Prints the state machine that "wplake run" runs: the definition's own file, or the
built-in one with the account and region of the definition (workflow.account,
workflow.region). It runs on AWS as it is.

To change the workflow, keep it in a file, edit that, and name it in the
definition (workflow.definition).`,
		Example: `  wplake workflow export > machine.asl.json
  aws stepfunctions create-state-machine --name lake --definition "$(wplake workflow export)" --role-arn ROLE`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHome(cmd.Context(), func(h *home.Home) error {
				definition, err := h.Definition()
				if err != nil {
					return err
				}
				_, err = a.stdout.Write(append(definition, '\n'))
				return err
			})
		},
	}
}
