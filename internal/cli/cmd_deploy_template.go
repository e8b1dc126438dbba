package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"wplake/internal/deploy/template"
	"wplake/internal/home"
)

func (a *app) deployTemplateCommand() *cobra.Command {
	var format, out string
	cmd := &cobra.Command{
		Use:   "template",
		Short: "Print the CloudFormation template of the lake",
		Long: `Prints what "wplake deploy apply" deploys, as a CloudFormation template: buckets,
topics, parameters, roles, functions, the catalog's database, the state machine,
schedules, alarms, a dashboard and a workgroup of Athena, as the definition wants
them. It asks nobody, so it needs no account. The same definition gives the same
bytes.

The template has three parameters, which say where the package lies. What
CloudFormation cannot do, such as making a SecureString, is told on standard
error.`,
		Example: `  wplake deploy template -o lake.yaml
  wplake deploy template --format json | jq '.Resources | keys'
  wplake deploy template -o lake.yaml && cfn-lint lake.yaml`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if format != "yaml" && format != "json" {
				return usageError{fmt.Errorf("unknown format %q (yaml or json)", format)}
			}
			built, err := a.buildTemplate()
			if err != nil {
				return err
			}
			text := built.YAML()
			if format == "json" {
				text = built.JSON()
			}
			return a.printTemplate(built, text, out)
		},
	}
	cmd.Flags().StringVar(&format, "format", "yaml", "yaml, with comments, or json")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write it into this file")
	return cmd
}

// buildTemplate makes the template of the lake's definition.
func (a *app) buildTemplate() (template.Template, error) {
	c, file, err := a.loadConfig()
	if err != nil {
		return template.Template{}, err
	}
	definition, machines, err := home.Machines(c, file.Dir)
	if err != nil {
		return template.Template{}, err
	}
	return template.Build(template.Input{Config: c, Definition: definition, Machines: machines})
}

// printTemplate writes the template where it was asked for, and what is left to
// a person to standard error. With --json both are one document.
func (a *app) printTemplate(built template.Template, text []byte, out string) error {
	if out != "" {
		if err := writeText(out, string(text)); err != nil {
			return err
		}
	}
	if a.json {
		return a.printJSON(struct {
			File      string            `json:"file,omitempty"`
			Resources int               `json:"resources"`
			Manual    []template.Manual `json:"manual"`
			Template  json.RawMessage   `json:"template"`
		}{out, len(built.Resources), append([]template.Manual{}, built.Manual...), built.JSON()})
	}
	if !a.quiet {
		for _, m := range built.Manual {
			fmt.Fprintln(a.stderr, "wplake: note:", m.What)
			if m.Command != "" {
				fmt.Fprintln(a.stderr, "  "+m.Command)
			}
		}
	}
	if out == "" {
		_, err := a.stdout.Write(text)
		return err
	}
	if !a.quiet {
		fmt.Fprintf(a.stderr, "Wrote %s: %d resources, %d bytes\n", out, len(built.Resources), len(text))
	}
	return nil
}
