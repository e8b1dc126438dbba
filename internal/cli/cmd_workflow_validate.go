package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
	"wplake/internal/asl/iam"
	"wplake/internal/asl/lint"
	"wplake/internal/config"
	"wplake/internal/home"
	"wplake/internal/lake"
)

// validateFlags are the flags of validate, as they were given.
type validateFlags struct {
	roles  []string
	kind   string
	strict bool
}

func (a *app) workflowValidateCommand() *cobra.Command {
	var f validateFlags
	cmd := &cobra.Command{
		Use:   "validate [FILE|-]",
		Short: "Check a state machine, and what its role may do",
		Long: `Checks a state machine as Step Functions does when it is created, and beyond: data
that gets lost, failures that end as success, work that nobody waits for, tasks without
Catch or time-out. Without FILE it is the lake's own workflow; - is standard input.
Each finding says where, why and what to do.

With --role the machine is compared with the policies of its role: every action that a
state needs at run time must be allowed, also those that Step Functions performs by
itself, such as asking whether a job has ended. --role may be given several times. An
account that is blacked out ([REDACTED]) is any account; conditions are not judged, and
said so.

In the folder of a lake it is also told what this home does not know and only AWS can run.

The exit status is 1 when there is an error; with --strict also when there is a warning.`,
		Example: `  wplake workflow validate
  wplake workflow validate machine.asl.json --role policy.json
  wplake workflow validate machine.asl.json --json | jq -r '.findings[] | "\(.line): \(.code)"'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.kind = strings.ToUpper(f.kind)
			if f.kind != "STANDARD" && f.kind != "EXPRESS" {
				return usageError{fmt.Errorf("unknown type %q (one of STANDARD, EXPRESS)", f.kind)}
			}
			policy, err := readPolicies(f.roles)
			if err != nil {
				return err
			}
			v, err := a.validation(cmd.Context(), args)
			if err != nil {
				return err
			}
			v.judge(f.kind == "EXPRESS", policy)
			return a.printFindings(v, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.roles, "role", nil, "a policy document of the machine's role (JSON); may be repeated")
	flags.StringVar(&f.kind, "type", "STANDARD", "the type of the machine: STANDARD or EXPRESS")
	flags.BoolVar(&f.strict, "strict", false, "exit with status 1 also when there are warnings alone")
	must(cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions([]string{"STANDARD", "EXPRESS"}, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// validation is one definition that is being checked.
type validation struct {
	name       string // for people
	definition []byte
	// check tells what this home does not know; nil where there is no lake.
	check    func(r asl.Resource, arguments any) error
	findings []lint.Finding
}

// validation reads the definition that is meant.
func (a *app) validation(ctx context.Context, args []string) (*validation, error) {
	v := &validation{}
	inLake := true
	if len(args) > 0 {
		v.name = args[0]
		var err error
		if v.definition, err = a.readMachine(args[0]); err != nil {
			return nil, err
		}
		if a.configPath == "" {
			_, err := config.Find(".")
			inLake = err == nil
		}
	}
	if !inLake {
		return v, nil
	}
	return v, a.withHome(ctx, func(h *home.Home) (err error) {
		v.check = h.TaskCheck()
		if len(args) > 0 {
			return nil
		}
		if v.name = h.Config.Workflow.Definition; v.name == "" {
			v.name = "the built-in workflow"
		}
		v.definition, err = h.Definition()
		return err
	})
}

// readMachine reads a definition from a file or, for -, from standard input.
func (a *app) readMachine(path string) ([]byte, error) {
	in := a.stdin
	if path != "-" {
		file, err := os.Open(path) //nolint:gosec // whoever types the command may read the file
		if err != nil {
			return nil, usageError{err}
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	// One byte more than may be, so that too much is seen to be.
	text, err := io.ReadAll(io.LimitReader(in, asl.MaxDefinition+1))
	if err != nil {
		return nil, usageError{err}
	}
	return text, nil
}

// readPolicies reads and joins policy documents; nil for none.
func readPolicies(paths []string) (*iam.Policy, error) {
	const most = 4 << 20 // bytes; more than all policies of a role may have
	var all []iam.Policy
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, usageError{err}
		}
		if info.Size() > most {
			return nil, usageError{fmt.Errorf("%s is too large for a policy", path)}
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, usageError{err}
		}
		p, err := iam.Parse(text)
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", path, err)}
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		return nil, nil //nolint:nilnil // no role was given, which is no error
	}
	joined := iam.Join(all...)
	return &joined, nil
}

// judge fills in the findings.
func (v *validation) judge(express bool, policy *iam.Policy) {
	v.findings = append(lint.FromDiagnostics(v.definition, asl.Validate(v.definition, express)), lint.Check(v.definition)...)
	if policy != nil {
		v.findings = append(v.findings, lint.Role(v.definition, *policy)...)
	}
	if v.check != nil {
		v.findings = append(v.findings, lint.Unknown(v.definition, v.unknown)...)
	}
	lint.Sort(v.findings)
}

// unknown tells what is wrong with a resource at this home.
func (v *validation) unknown(r asl.Resource, arguments any) (message, remedy string) {
	err := v.check(r, arguments)
	if err == nil {
		return "", ""
	}
	remedy = "run it on AWS, or name a program for a function or job in workflow.commands"
	if e, ok := errors.AsType[*lake.Error](err); ok && e.Hint != "" {
		remedy = e.Hint
	}
	return "this home cannot run it: " + err.Error(), remedy
}

// findingDocument is a finding as --json prints it.
type findingDocument struct {
	Severity asl.Severity `json:"severity"`
	Code     string       `json:"code"`
	State    string       `json:"state,omitempty"`
	Pointer  string       `json:"pointer"`
	Line     int          `json:"line,omitempty"`
	Column   int          `json:"column,omitempty"`
	Message  string       `json:"message"`
	Remedy   string       `json:"remedy,omitempty"`
}

// printFindings prints the verdict; its error is the exit status.
func (a *app) printFindings(v *validation, f *validateFlags) error {
	wrong, warnings := 0, 0
	documents := make([]findingDocument, len(v.findings))
	for i, x := range v.findings {
		if x.Severity == asl.SeverityError {
			wrong++
		} else {
			warnings++
		}
		documents[i] = findingDocument{x.Severity, x.Code, x.State, x.Pointer, x.Position.Line, x.Position.Column, x.Message, x.Remedy}
	}
	var status error
	if wrong > 0 || f.strict && warnings > 0 {
		status = exitError(exitFailed)
	}
	if a.json {
		err := a.printJSON(struct {
			File     string            `json:"file"`
			Type     string            `json:"type"`
			Valid    bool              `json:"valid"`
			Errors   int               `json:"errors"`
			Warnings int               `json:"warnings"`
			Role     bool              `json:"role_checked"`
			Home     bool              `json:"home_checked"`
			Findings []findingDocument `json:"findings"`
		}{v.name, f.kind, wrong == 0, wrong, warnings, len(f.roles) > 0, v.check != nil, documents})
		if err != nil {
			return err
		}
		return status
	}
	for _, x := range v.findings {
		if x.Severity == asl.SeverityError || !a.quiet || f.strict {
			a.printFinding(v.name, x)
		}
	}
	switch {
	case a.quiet:
	case wrong+warnings == 0:
		fmt.Fprintf(a.stdout, "%s is valid\n", v.name)
	default:
		fmt.Fprintf(a.stdout, "%s: %s, %s\n", v.name, numberOf(wrong, "error"), numberOf(warnings, "warning"))
	}
	return status
}

func numberOf(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (a *app) printFinding(name string, f lint.Finding) {
	place := name
	if f.Position.Line > 0 {
		place += ":" + f.Position.String()
	}
	word := a.color(yellow, "warning")
	if f.Severity == asl.SeverityError {
		word = a.color(red, "error")
	}
	in := ""
	if f.State != "" {
		in = fmt.Sprintf(" in %q", f.State)
	}
	fmt.Fprintf(a.stdout, "%s: %s %s%s: %s\n", place, word, f.Code, clean(in), clean(f.Message))
	if f.Remedy != "" {
		fmt.Fprintf(a.stdout, "  hint: %s\n", clean(f.Remedy))
	}
}
