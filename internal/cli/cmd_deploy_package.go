package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/home"
)

func (a *app) deployPackageCommand() *cobra.Command {
	var out, bootstrap string
	cmd := &cobra.Command{
		Use:   "package",
		Short: "Write the zip that the functions run",
		Long: `Packs this binary as bootstrap, the definition as wplake.yaml and the files that
it names. The same files give the same bytes. AWS is not asked.

What could not work in a function is refused: values in environment variables,
secrets in files, a binary for another system, or one that needs libraries which
Lambda's runtime does not have.`,
		Example: `  wplake deploy package
  wplake deploy package -o lake.zip --bootstrap build/wplake-linux-arm64`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, o, err := a.deployOptions(bootstrap)
			if err != nil {
				return err
			}
			f, err := home.Package(cmd.Context(), c, o)
			if err != nil {
				return err
			}
			err = writeFile(out, func(to *os.File) error {
				_, err := to.Write(f.Zip)
				return err
			})
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"file": out, "sha256": f.SHA256, "bytes": len(f.Zip), "files": f.Files})
			}
			if !a.quiet {
				var names []string
				for _, file := range f.Files {
					names = append(names, file.Name)
				}
				fmt.Fprintf(a.stdout, "%s: %s, for %s: %s\n", out, bytesText(int64(len(f.Zip))), c.AWS.Functions.Architecture, strings.Join(names, ", "))
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "wplake.zip", "the file to write")
	bootstrapFlag(cmd, &bootstrap)
	return cmd
}
