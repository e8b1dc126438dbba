package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"wplake/internal/config"
)

func (a *app) configCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "config",
		Short: "Show and check the lake's definition",
		Long: `Shows what wplake.yaml means with all defaults filled in, checks it, and prints
the JSON Schema that teaches its keys to an editor.`,
		Example: `  wplake config show
  wplake config validate --json`,
	}, a.configShowCommand(), a.configValidateCommand(), a.configSchemaCommand())
}

func (a *app) configShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show every setting with its value and where it came from",
		Long: `Prints the definition with all defaults filled in, and beside each value where
it came from: the file with line and column, a flag, or the default. What stands
in the environment, a parameter or a file is named, not looked up; a secret that
stands in the definition itself is shown as ***.`,
		Example: `  wplake config show
  wplake config show --json | jq '.settings[] | select(.origin != "default")'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			c, file, err := a.loadConfig()
			if err != nil {
				return err
			}
			if a.root != "" {
				if c.Root, err = filepath.Abs(a.root); err != nil {
					return usageError{err}
				}
				file.Override("root", "--root")
			}
			if a.json {
				return a.printJSON(struct {
					File     string           `json:"file"`
					Settings []config.Setting `json:"settings"`
				}{file.Name, config.Settings(c, file)})
			}
			fmt.Fprint(a.stdout, config.Effective(c, file))
			return nil
		},
	}
}

func (a *app) configValidateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate",
		Short: "Check the definition",
		Long: `Reads the definition and tells everything that is wrong with it, each problem
with file, line and column. Nothing that it refers to is looked up: 'wplake
doctor' does that. The exit status is 0 when all is well, 2 when it is not.`,
		Example: `  wplake config validate
  wplake config validate --json | jq -r '.problems[] | "\(.line): \(.text)"'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, file, err := a.loadConfig()
			if a.json {
				return a.printValidation(file, err)
			}
			if err != nil {
				return err
			}
			if !a.quiet {
				fmt.Fprintf(a.stdout, "%s is valid\n", file.Name)
			}
			return nil
		},
	}
}

// printValidation prints the verdict as JSON. A definition that could not be
// read at all is an error like any other.
func (a *app) printValidation(file *config.File, err error) error {
	wrong, isWrong := errors.AsType[*config.ProblemsError](err)
	if err != nil && !isWrong {
		return err
	}
	verdict := struct {
		File     string           `json:"file"`
		Valid    bool             `json:"valid"`
		Problems []config.Problem `json:"problems"`
		Warnings []config.Warning `json:"warnings"`
	}{File: file.Name, Valid: err == nil, Problems: []config.Problem{}, Warnings: []config.Warning{}}
	if isWrong {
		verdict.Problems = wrong.All
	}
	verdict.Warnings = append(verdict.Warnings, file.Warnings...)
	if err := a.printJSON(verdict); err != nil {
		return err
	}
	if isWrong {
		return exitError(exitUsage)
	}
	return nil
}

func (a *app) configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of wplake.yaml",
		Long: `Prints the JSON Schema (draft 7) of wplake.yaml. An editor that knows it
completes keys, shows what they mean and marks what is wrong.`,
		Example: `  wplake config schema > wplake.schema.json
  # then, as the first line of wplake.yaml:
  # yaml-language-server: $schema=wplake.schema.json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(schema)
			return err
		},
	}
}
