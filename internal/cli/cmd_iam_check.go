package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/deploy/iam"
	"wplake/internal/home"
)

// maxPolicyFile bounds a file of policies, in bytes: more than all policies of
// a role may have.
const maxPolicyFile = 4 << 20

// iamCheck are the flags of iam check, as they were given.
type iamCheck struct {
	roles []string
	as    string
	where place
}

func (a *app) iamCheckCommand() *cobra.Command {
	var f iamCheck
	cmd := &cobra.Command{
		Use:   "check --role ROLE|POLICY.json",
		Short: "Compare a role with what it needs",
		Long: `Compares what a role may do with what it needs, and lists what is missing, what the
work is done without, and what is too much: wildcards, actions that nobody calls, and
resources that nobody needs.

--role is a file with a policy document, a list of them, or what the AWS CLI prints
around one; or the name or ARN of a live role, whose policies and permissions boundary
are read from AWS. It may be given several times: the policies are then those of one
role. Files are compared without asking AWS. --as says which of the lake's roles is
meant; without it the name tells: of the file (bronze.json), or of the live role.

Denials, NotAction, NotResource and wildcards are judged. Conditions are judged where
wplake itself would write them, and told otherwise. An account that is blacked out
(REDACTED) is --account. Policies of the organization and of resources are not seen.

The exit status is 1 when something is missing, and 0 when there is only too much.`,
		Example: `  wplake iam check --role bronze.json
  wplake iam check --role policy.json --as workflow
  wplake iam check --role wplake-blog-workflow-eu-west-1
  wplake iam check --role policy.json --as silver --json | jq .excess`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(f.roles) == 0 {
				return usageError{errors.New("whose policies? give --role with the name of a role or a file")}
			}
			return a.checkRole(cmd.Context(), f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.roles, "role", nil, "a file with policies (JSON), or a live role's name or ARN; may be repeated")
	flags.StringVar(&f.as, "as", "", "which of the lake's roles it is: "+strings.Join(iam.Names(), ", "))
	placeFlags(cmd, &f.where, "any; of a live role, its own")
	must(cmd.RegisterFlagCompletionFunc("as", roleNames()))
	return cmd
}

func (a *app) checkRole(ctx context.Context, f iamCheck) error {
	c, file, err := a.loadConfig()
	if err != nil {
		return err
	}
	documents, err := a.readPolicySources(ctx, c, &f)
	if err != nil {
		return err
	}
	in, err := deployment(c, file, f.where, "aws", "*", "*")
	if err != nil {
		return err
	}
	roles, err := iam.All(in)
	if err != nil {
		return err
	}
	role, err := meantRole(roles, f, in.Region)
	if err != nil {
		return err
	}
	judgement, err := iam.Check(in, role, documents)
	if err != nil {
		return err
	}
	return a.printJudgement(role, f, documents, judgement)
}

// readPolicySources reads the files and live roles. A live role tells where the
// deployment is, unless flags do.
func (a *app) readPolicySources(ctx context.Context, c config.Config, f *iamCheck) ([]iam.Document, error) {
	var documents []iam.Document
	var reader *deploy.RoleReader
	for _, source := range f.roles {
		text, err := readPolicyFile(source)
		if err == nil {
			documents = append(documents, iam.Document{Name: source, Text: text})
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) || looksLikeFile(source) {
			return nil, usageError{err}
		}
		if reader == nil {
			cloud, err := home.OpenCloud(ctx, c, a.notice)
			if err != nil {
				return nil, err
			}
			r := deploy.NewRoleReader(cloud.Config)
			reader = &r
			f.where.partition = cloud.Partition
			if f.where.region == "" {
				f.where.region = cloud.Region
			}
			if f.where.account == "" {
				f.where.account = cloud.Account
			}
		}
		found, err := reader.ReadRole(ctx, source)
		if err != nil {
			return nil, err
		}
		documents = append(documents, found...)
	}
	return documents, nil
}

// looksLikeFile tells whether a source that is no file was meant to be one.
func looksLikeFile(source string) bool {
	return !strings.HasPrefix(source, "arn:") && (strings.HasSuffix(source, ".json") || strings.ContainsRune(source, filepath.Separator))
}

func readPolicyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxPolicyFile {
		return nil, fmt.Errorf("%s is too large for policies", path)
	}
	return os.ReadFile(path)
}

// meantRole is the role of --as, or the one that the source's name tells.
func meantRole(roles []iam.Role, f iamCheck, region string) (iam.Role, error) {
	if f.as != "" {
		return findRole(roles, f.as)
	}
	for _, source := range f.roles {
		name := source[strings.LastIndexAny(source, `/\`)+1:]
		i := slices.IndexFunc(roles, func(r iam.Role) bool {
			// Without a region the role's name ends with that of any.
			named := region == "*" && strings.HasPrefix(name, strings.TrimSuffix(r.RoleName, "*"))
			return name == r.RoleName || named || r.Existing != "" && (source == r.Existing || strings.HasSuffix(r.Existing, "/"+name)) ||
				strings.TrimSuffix(name, ".json") == r.Name
		})
		if i >= 0 {
			return roles[i], nil
		}
	}
	return iam.Role{}, usageError{fmt.Errorf("which of the lake's roles is %s? say it with --as (one of %s)", f.roles[0], strings.Join(iam.Names(), ", "))}
}

// printJudgement prints what came out; its error is the exit status.
func (a *app) printJudgement(role iam.Role, f iamCheck, documents []iam.Document, j iam.Judgement) error {
	var status error
	if len(j.Missing) > 0 {
		status = exitError(exitFailed)
	}
	if a.json {
		names := []string{}
		for _, d := range documents {
			names = append(names, d.Name)
		}
		err := a.printJSON(struct {
			Role     string   `json:"role"`
			Enough   bool     `json:"enough"`
			Policies []string `json:"policies"`
			iam.Judgement
		}{role.Name, len(j.Missing) == 0, names, j})
		if err != nil {
			return err
		}
		return status
	}
	subject := fmt.Sprintf("%s as %s", strings.Join(f.roles, ", "), role.Name)
	for _, part := range []struct {
		word, color string
		findings    []iam.Finding
		always      bool
	}{
		{"missing", red, j.Missing, true}, {"not judged", yellow, j.Unjudged, true},
		{"done without", yellow, j.Lost, false}, {"too much", yellow, j.Excess, false},
	} {
		if a.quiet && !part.always {
			continue
		}
		for _, x := range part.findings {
			a.tellFinding(a.color(part.color, part.word), x)
		}
	}
	if !a.quiet {
		fmt.Fprintf(a.stdout, "%s: %s\n", clean(subject), conclusion(j))
	}
	return status
}

func (a *app) tellFinding(word string, x iam.Finding) {
	in := ""
	if x.Statement != "" {
		in = fmt.Sprintf(" (%s)", x.Statement)
	}
	fmt.Fprintf(a.stdout, "%s: %s on %s%s\n  %s\n", word, clean(strings.Join(x.Actions, ", ")), clean(x.Resource), clean(in), clean(x.Why))
}

// conclusion sums a comparison up.
func conclusion(j iam.Judgement) string {
	text := "it has all that it needs"
	if n := len(j.Missing); n > 0 {
		text = fmt.Sprintf("%d missing", n)
	}
	for _, part := range []struct {
		n    int
		what string
	}{{len(j.Unjudged), "not judged"}, {len(j.Lost), "done without"}, {len(j.Excess), "too much"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}
