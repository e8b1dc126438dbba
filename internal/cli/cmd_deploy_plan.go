package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/deploy"
)

func (a *app) deployPlanCommand() *cobra.Command {
	var bootstrap string
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Say what deploy apply would change, and change nothing",
		Long: `Says which resources would be added, changed, replaced and removed, which data
would be lost, which permissions would be given and taken away, what is left to a
person, and what stands in the way: names of buckets that others have, topics and
roles that are missing, settings of Lake Formation that would refuse readers.

Of a stack that is not there yet the plan is the template itself. For one that is,
CloudFormation computes the changes in a change set, which is removed again; the
template is put among the artifacts for that. Nothing else is touched.

The exit status is 1 when something stands in the way.`,
		Example: `  wplake deploy plan
  wplake deploy plan --json | jq '.changes[] | select(.loses)'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.openDeployer(cmd.Context(), bootstrap)
			if err != nil {
				return err
			}
			p, err := d.Plan(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				if err := a.printJSON(p); err != nil {
					return err
				}
			} else {
				a.printPlan(p)
				fmt.Fprintln(a.stdout, "\n"+clean(p.Description))
			}
			if p.Blocked() {
				return exitError(exitFailed)
			}
			return nil
		},
	}
	bootstrapFlag(cmd, &bootstrap)
	return cmd
}

// printPlan tells a plan in words.
func (a *app) printPlan(p deploy.Plan) {
	verb := "changes"
	if p.New {
		verb = "makes"
	}
	if p.Nothing {
		fmt.Fprintf(a.stdout, "No changes: the stack %s is as the definition wants it.\n", clean(p.Stack))
	} else {
		fmt.Fprintf(a.stdout, "This %s the stack %s in account %s, %s: %s.\n", verb, clean(p.Stack), p.Account.ID, p.Account.Region, counted(p.Changes))
	}
	for _, c := range p.Changes {
		if !p.New || a.verbose {
			a.printChange(c)
		}
	}
	if p.New && !a.verbose {
		fmt.Fprintln(a.stdout)
		for _, kind := range slices.Sorted(maps.Keys(p.After)) {
			fmt.Fprintf(a.stdout, "  + %3d %s\n", p.After[kind], strings.TrimPrefix(kind, "AWS::"))
		}
	}
	a.printPermissions(p)
	if !p.Nothing {
		fmt.Fprintf(a.stdout, "\nPackage: %s, %s\n", bytesText(int64(p.Package.Bytes)), p.Package.Place)
	}
	if c := p.Price; c != nil {
		text := fmt.Sprintf("\nCost: about %.2f USD a month (%.2f without the free tier), with prices of %s; `wplake cost` lists it", c.USD, c.Full, c.Noted)
		if c.FullBefore != nil {
			text += fmt.Sprintf("; deployed now: %.2f (%.2f)", *c.Before, *c.FullBefore)
		}
		fmt.Fprintln(a.stdout, text)
	}
	if len(p.Manual) > 0 {
		fmt.Fprintln(a.stdout, "\nLeft to you:")
		for _, m := range p.Manual {
			fmt.Fprintln(a.stdout, "  - "+clean(m.What))
			if m.Command != "" {
				fmt.Fprintln(a.stdout, "    "+clean(m.Command))
			}
		}
	}
	a.printDeployFindings(p.Findings)
}

// counted sums changes up: 61 added, 2 replaced.
func counted(changes []deploy.Change) string {
	counts := map[string]int{}
	for _, c := range changes {
		word := map[string]string{"add": "added", "change": "changed", "remove": "removed", "import": "taken in"}[c.Action]
		if c.Replaced == "yes" {
			word = "replaced"
		}
		counts[word]++
	}
	var parts []string
	for _, word := range []string{"removed", "replaced", "changed", "taken in", "added"} {
		if counts[word] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[word], word))
		}
	}
	if len(parts) == 0 {
		return "nothing but its own settings"
	}
	return strings.Join(parts, ", ")
}

func (a *app) printChange(c deploy.Change) {
	sign := map[string]string{"add": "+", "change": "~", "remove": "-", "import": ">"}[c.Action]
	color := map[string]string{"add": green, "change": yellow, "remove": red, "import": green}[c.Action]
	line := fmt.Sprintf("  %s %s %s", sign, strings.TrimPrefix(c.Type, "AWS::"), c.Resource)
	if c.Name != "" && c.Name != c.Resource {
		line += " (" + c.Name + ")"
	}
	switch {
	case c.Replaced == "yes":
		line += ": is replaced by a new one"
	case c.Replaced == "maybe":
		line += ": may be replaced by a new one"
	case c.Action == "remove" && c.Kept:
		line += ": leaves the stack and stays in the account"
	}
	fmt.Fprintln(a.stdout, a.color(color, clean(line)))
	for _, p := range c.Properties {
		text := "      " + p.Property
		switch {
		case p.From != "" && p.To != "":
			text += ": " + short(p.From) + " → " + short(p.To)
		case p.To != "":
			text += ": " + short(p.To) + " (new)"
		case p.From != "":
			text += ": " + short(p.From) + " (gone)"
		}
		fmt.Fprintln(a.stdout, clean(text))
	}
	if c.Loses != "" {
		fmt.Fprintln(a.stdout, "      "+a.color(red, "LOSES "+clean(c.Loses)))
	}
}

// short keeps values of properties to what fits beside each other.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return text
}

func (a *app) printPermissions(p deploy.Plan) {
	if p.New && !a.verbose {
		roles := map[string]int{}
		for _, allowed := range p.Allowed {
			roles[allowed.Role]++
		}
		if len(roles) > 0 {
			fmt.Fprintf(a.stdout, "\nPermissions: %d in %d roles; `wplake iam` prints each with its reason, --verbose lists them here.\n", len(p.Allowed), len(roles))
		}
		return
	}
	for _, part := range []struct {
		title, sign, color string
		all                []deploy.Permission
	}{{"Permissions added", "+", green, p.Allowed}, {"Permissions taken away", "-", red, p.Disallowed}} {
		if len(part.all) == 0 {
			continue
		}
		fmt.Fprintf(a.stdout, "\n%s:\n", part.title)
		for _, one := range part.all {
			line := fmt.Sprintf("  %s %s: %s on %s", part.sign, one.Role, one.Action, one.Resource)
			if one.Denied {
				line = fmt.Sprintf("  %s %s: never %s on %s", part.sign, one.Role, one.Action, one.Resource)
			}
			if one.Condition != "" {
				line += " if " + one.Condition
			}
			fmt.Fprintln(a.stdout, a.color(part.color, clean(line)))
		}
	}
}

func (a *app) printDeployFindings(findings []deploy.Finding) {
	colors := map[deploy.Level]string{deploy.LevelError: red, deploy.LevelWarning: yellow, deploy.LevelNote: ""}
	for i, f := range findings {
		if i == 0 {
			fmt.Fprintln(a.stdout)
		}
		line := string(f.Level) + ": " + clean(f.What)
		if c := colors[f.Level]; c != "" {
			line = a.color(c, line)
		}
		fmt.Fprintln(a.stdout, line)
		if f.Hint != "" {
			fmt.Fprintln(a.stdout, "  "+clean(f.Hint))
		}
	}
}
