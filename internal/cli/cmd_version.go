package cli

import "github.com/spf13/cobra"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Args: cobra.NoArgs}
}
