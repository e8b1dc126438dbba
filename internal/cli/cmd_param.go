package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/params"
)

func (a *app) paramCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "param",
		Short: "Read and set the lake's parameters",
		Long: `Parameters are named values that stand outside the definition, such as the list
of a site's endpoints or a password. The definition refers to one as param:/name.
They are kept in params.yaml in the lake's folder, readable by its owner alone.`,
		Example: `  wplake param set /wordpress/site/api/mysqlendpoints https://example.org/wp-json/mo/v1/posts_endpoint/ --type StringList
  wplake param list`,
	}, a.paramGetCommand(), a.paramSetCommand(), a.paramListCommand())
}

func (a *app) paramGetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "get NAME",
		Short: "Print a parameter's value",
		Long:  `Prints the value and a line break, also of a SecureString: asking for it is leave to print it.`,
		Example: `  wplake param get /wordpress/site/api/mysqlendpoints
  wplake param get /smtp/password --json | jq -r .value`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeParameters,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := params.CheckName(args[0]); err != nil {
				return err
			}
			return a.withParams(cmd.Context(), func(h *home.Home) error {
				p, err := h.Params.Get(cmd.Context(), args[0])
				if errors.Is(err, params.ErrNotFound) {
					return &lake.Error{
						Code: lake.ParameterMissing, Message: fmt.Sprintf("there is no parameter %q", args[0]),
						Hint: "see which there are: wplake param list",
					}
				}
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(p)
				}
				fmt.Fprintln(a.stdout, p.Value)
				return nil
			})
		},
	}
}

func (a *app) paramSetCommand() *cobra.Command {
	var kind string
	cmd := &cobra.Command{
		Use:   "set NAME VALUE",
		Short: "Set a parameter",
		Long: `Creates or replaces a parameter. With - as VALUE it is read from standard input,
without its last line break: so a secret stays out of the shell's history.

A parameter that is there keeps its type unless --type changes it; a new one is a
String. A SecureString is shown by no command but 'param get' and 'param list
--show'.`,
		Example: `  wplake param set /wordpress/site/api/mysqlendpoints https://a.example/posts_endpoint/,https://a.example/terms_endpoint/ --type StringList
  wplake param set /smtp/password - --type SecureString < password.txt`,
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: a.completeParameters,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := params.CheckName(args[0]); err != nil {
				return err
			}
			t, err := parameterType(kind)
			if err != nil {
				return err
			}
			value := args[1]
			if value == "-" {
				if value, err = a.readValue(); err != nil {
					return err
				}
			}
			return a.withParams(cmd.Context(), func(h *home.Home) error {
				return a.setParameter(cmd.Context(), h.Params, params.Parameter{Name: args[0], Type: t, Value: value})
			})
		},
	}
	cmd.Flags().StringVar(&kind, "type", "", "String, StringList (comma-separated) or SecureString (a secret)")
	must(cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(typeNames(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func typeNames() []string {
	return []string{string(params.String), string(params.StringList), string(params.SecureString)}
}

// parameterType reads --type without regard to case; "" stays "".
func parameterType(text string) (params.Type, error) {
	if text == "" {
		return "", nil
	}
	for _, name := range typeNames() {
		if strings.EqualFold(name, text) {
			return params.Type(name), nil
		}
	}
	return "", usageError{fmt.Errorf("unknown type %q (one of %s)", text, strings.Join(typeNames(), ", "))}
}

// readValue reads a value from standard input.
func (a *app) readValue() (string, error) {
	const most = 64 << 10 // bytes; more than any parameter may have
	text, err := io.ReadAll(io.LimitReader(a.stdin, most))
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), nil
}

// setParameter puts p. Without a type it keeps the one that it has.
func (a *app) setParameter(ctx context.Context, store params.Store, p params.Parameter) error {
	if p.Type == "" {
		p.Type = params.String
		switch old, err := store.Get(ctx, p.Name); {
		case err == nil:
			p.Type = old.Type
		case !errors.Is(err, params.ErrNotFound):
			return err
		}
	}
	if err := store.Put(ctx, p); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(parameterDocument{Name: p.Name, Type: p.Type})
	}
	if !a.quiet {
		fmt.Fprintf(a.stdout, "%s is set (%s)\n", p.Name, p.Type)
	}
	return nil
}

// parameterDocument is a parameter as --json lists it. A value that is not
// shown is left out.
type parameterDocument struct {
	Name  string      `json:"name"`
	Type  params.Type `json:"type"`
	Value *string     `json:"value,omitempty"`
}

func (a *app) paramListCommand() *cobra.Command {
	var show bool
	cmd := &cobra.Command{
		Use:   "list [PREFIX]",
		Short: "List the parameters",
		Long: `Lists the parameters whose names begin with PREFIX, or all, defaults included.
The value of a SecureString is shown as *** (left out of --json) without --show.`,
		Example: `  wplake param list
  wplake param list /wordpress/ --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withParams(cmd.Context(), func(h *home.Home) error {
				list, err := h.Params.List(cmd.Context(), strings.Join(args, ""))
				if err != nil {
					return err
				}
				return a.printParameters(list, show)
			})
		},
	}
	cmd.Flags().BoolVar(&show, "show", false, "show secrets as well")
	return cmd
}

func (a *app) printParameters(list []params.Parameter, show bool) error {
	if a.json {
		documents := make([]parameterDocument, len(list))
		for i, p := range list {
			documents[i] = parameterDocument{Name: p.Name, Type: p.Type}
			if show || p.Type != params.SecureString {
				documents[i].Value = &p.Value
			}
		}
		return a.printJSON(struct {
			Parameters []parameterDocument `json:"parameters"`
		}{documents})
	}
	g := a.newGrid("NAME", "TYPE", "VALUE")
	for _, p := range list {
		value := oneLine(p.Value)
		if p.Type == params.SecureString && !show {
			value = "***"
		}
		g.row(p.Name, string(p.Type), value)
	}
	g.print()
	return nil
}

// completeParameters completes the names of parameters.
func (a *app) completeParameters(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	var names []string
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	err := a.withParams(cmd.Context(), func(h *home.Home) error {
		list, err := h.Params.List(cmd.Context(), prefix)
		for _, p := range list {
			names = append(names, p.Name)
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// withParams opens the home for do, also where a parameter would keep other
// commands from it: it may be about to be mended.
func (a *app) withParams(ctx context.Context, do func(*home.Home) error) error {
	a.mending = true
	return a.withHome(ctx, do)
}
