package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/config"
	"wplake/internal/deploy/iam"
	"wplake/internal/home"
	"wplake/internal/workflow/machine"
)

// Placeholders of CloudFormation, where nobody said region or account.
const (
	partitionPlaceholder = "${AWS::Partition}"
	regionPlaceholder    = "${AWS::Region}"
	accountPlaceholder   = "${AWS::AccountId}"
)

// place says where a lake is deployed; "" is not known.
type place struct{ partition, region, account string }

// placeFlags adds --region and --account.
func placeFlags(cmd *cobra.Command, p *place, otherwise string) {
	cmd.Flags().StringVar(&p.region, "region", "", "the region of the deployment (default: aws.region, else "+otherwise+")")
	cmd.Flags().StringVar(&p.account, "account", "", "the account of the deployment, 12 digits (default: "+otherwise+")")
	must(cmd.RegisterFlagCompletionFunc("account", cobra.NoFileCompletions))
	must(cmd.RegisterFlagCompletionFunc("region", cobra.NoFileCompletions))
}

// fill puts in what is not known: the definition's region, else what the caller
// has for unknown things.
func (p place) fill(c config.Config, partition, region, account string) (place, error) {
	if p.account != "" && (len(p.account) != 12 || strings.Trim(p.account, "0123456789") != "") {
		return p, usageError{fmt.Errorf("%q is not an account: 12 digits", p.account)}
	}
	if p.region == "" {
		p.region = c.AWS.Region
	}
	switch {
	case p.partition != "":
	case p.region == "":
		p.partition = partition
	case strings.HasPrefix(p.region, "cn-"):
		p.partition = "aws-cn"
	case strings.HasPrefix(p.region, "us-gov-"):
		p.partition = "aws-us-gov"
	default:
		p.partition = "aws"
	}
	if p.region == "" {
		p.region = region
	}
	if p.account == "" {
		p.account = account
	}
	return p, nil
}

// roleNames are the roles that a lake may have, for completion.
func roleNames() cobra.CompletionFunc {
	return cobra.FixedCompletions(iam.Names(), cobra.ShellCompDirectiveNoFileComp)
}

func (a *app) iamCommand() *cobra.Command {
	var where place
	format := "text"
	cmd := &cobra.Command{
		Use:   "iam [ROLE]",
		Short: "Print what each role on AWS may do, and why",
		Long: `Prints the policy of each IAM role that the deployed lake works with, computed from
the definition: what its functions, crawlers, job, state machine and schedules call, and
nothing beyond. Each statement has its reason. ROLE is one of raw, bronze, silver, job,
catalog, crawler, workflow and schedule; without it all are printed that the definition
needs. ` + "`wplake deploy`" + ` makes these roles, unless aws.existing names others.

Nothing is asked of AWS. Where --account and --region do not say them, the resources
have CloudFormation's placeholders ${AWS::AccountId}, ${AWS::Region} and
${AWS::Partition}, as in a template.

--format json prints the policy document itself, as aws iam put-role-policy takes it;
of all roles an object of documents by role. --json prints all there is to a role.`,
		Example: `  wplake iam
  wplake iam bronze
  wplake iam workflow --account 123456789012 --region eu-west-1 --format json > policy.json
  wplake iam --json | jq -r '.roles[] | "\(.name): \(.role_name)"'`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: roleNames(),
		RunE: func(_ *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return usageError{fmt.Errorf("unknown format %q (one of text, json)", format)}
			}
			c, file, err := a.loadConfig()
			if err != nil {
				return err
			}
			in, err := deployment(c, file, where, partitionPlaceholder, regionPlaceholder, accountPlaceholder)
			if err != nil {
				return err
			}
			roles, err := iam.All(in)
			if err != nil {
				return err
			}
			if len(args) > 0 {
				role, err := findRole(roles, args[0])
				if err != nil {
					return err
				}
				roles = []iam.Role{role}
			}
			switch {
			case a.json:
				return a.printRoles(roles)
			case format == "json":
				return a.printPolicies(roles, len(args) > 0)
			}
			a.tellRoles(roles)
			return nil
		},
	}
	placeFlags(cmd, &where, "a placeholder")
	cmd.Flags().StringVar(&format, "format", "text", "text, or json: the policy documents themselves")
	must(cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp)))
	cmd.AddCommand(a.iamCheckCommand())
	return cmd
}

// deployment is what the definition deploys, at a place.
func deployment(c config.Config, file *config.File, where place, partition, region, account string) (iam.Input, error) {
	p, err := where.fill(c, partition, region, account)
	if err != nil {
		return iam.Input{}, err
	}
	definition, machines, err := home.Machines(c, file.Dir)
	if err != nil {
		return iam.Input{}, err
	}
	placed := func(text []byte) []byte { return machine.ForAWS(text, c, p.partition, p.region, p.account) }
	in := iam.Input{
		Config: c, Definition: placed(definition), Partition: p.partition, Region: p.region, Account: p.account,
		WorkflowLogs: true, Machines: map[string][]byte{},
	}
	for schedule, text := range machines {
		in.Machines[strings.ReplaceAll(schedule, ".", "_")] = placed(text)
	}
	return in, nil
}

// findRole is the role of a name, as the definition needs it.
func findRole(roles []iam.Role, name string) (iam.Role, error) {
	if i := slices.IndexFunc(roles, func(r iam.Role) bool { return r.Name == name }); i >= 0 {
		return roles[i], nil
	}
	var there []string
	for _, r := range roles {
		there = append(there, r.Name)
	}
	if slices.Contains(iam.Names(), name) {
		return iam.Role{}, usageError{fmt.Errorf("the definition needs no role %q (it needs %s)", name, strings.Join(there, ", "))}
	}
	return iam.Role{}, usageError{fmt.Errorf("unknown role %q (one of %s)", name, strings.Join(there, ", "))}
}
