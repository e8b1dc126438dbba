package cli

import (
	"github.com/spf13/cobra"
)

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print the completion script of a shell",
		Long: `Prints a script that teaches a shell to complete wplake's commands, flags, and
the names of parameters, topics and the like.`,
		Example: `  source <(wplake completion bash)                 # for this shell; or in ~/.bashrc
  wplake completion bash > /etc/bash_completion.d/wplake
  wplake completion zsh > "${fpath[1]}/_wplake"
  wplake completion fish > ~/.config/fish/completions/wplake.fish`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"bash", "zsh", "fish"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			}
			return root.GenBashCompletionV2(a.stdout, true)
		},
	}
}
