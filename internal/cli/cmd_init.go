package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/config"
)

// initOptions are the flags of init.
type initOptions struct {
	source string
	site   string
	force  bool
}

func (a *app) initCommand() *cobra.Command {
	var o initOptions
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented definition of a lake",
		Long: `Writes wplake.yaml into DIR, by default here. The file works as it is, and its
comments say what else can be set. Nothing else is made or changed, and a file
that is there already is not touched without --force.

The source sample is a site that wplake makes itself. The source endpoints
fetches one URL a table from your own site; with --site the file names the five
endpoints of that site as the reference pipeline has them, to be changed to what
the site really offers.`,
		Example: `  wplake init
  wplake init blog --source endpoints --site https://example.org`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.init(dir, len(args) == 1, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.source, "source", "", "where the data comes from: sample or endpoints (default: endpoints with --site, else sample)")
	flags.StringVar(&o.site, "site", "", "the address of your site, as in https://example.org")
	flags.BoolVar(&o.force, "force", false, "replace a definition that is there already")
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	sources := []string{string(config.SourceSample), string(config.SourceEndpoints)}
	must(cmd.RegisterFlagCompletionFunc("source", cobra.FixedCompletions(sources, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// must stops on an error that only a defect of wplake can give.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (a *app) init(dir string, dirGiven bool, o initOptions) error {
	template, err := o.template()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, config.FileName)
	if a.configPath != "" {
		if dirGiven {
			return usageError{errors.New("give DIR or --config, not both")}
		}
		path = a.configPath
	}
	if template.Root = a.root; a.root != "" {
		// --root is relative to here, the definition's root to its file.
		if template.Root, err = filepath.Abs(a.root); err != nil {
			return usageError{err}
		}
	}
	if err := config.Save(path, config.Template(template), o.force); err != nil {
		return err
	}
	next := a.nextCommands(dir, template)
	if a.json {
		return a.printJSON(struct {
			Path   string            `json:"path"`
			Source config.SourceKind `json:"source"`
			Site   string            `json:"site"`
			Next   []string          `json:"next"`
		}{path, template.Kind, template.Name(), next})
	}
	if a.quiet {
		return nil
	}
	fmt.Fprintf(a.stdout, "%s is written: the source is %s.\n\nNext:\n", path, template.Kind)
	for _, command := range next {
		fmt.Fprintf(a.stdout, "  %s\n", command)
	}
	return nil
}

// template makes the flags a template's options.
func (o initOptions) template() (t config.TemplateOptions, err error) {
	if o.site != "" {
		if t.Site, err = config.ParseSite(o.site); err != nil {
			return t, err
		}
	}
	switch config.SourceKind(o.source) {
	case config.SourceEndpoints:
		t.Kind = config.SourceEndpoints
	case config.SourceSample:
		t.Kind = config.SourceSample
		if t.Site != nil {
			return t, usageError{errors.New("--site is for --source endpoints; the sample makes its own site")}
		}
	case "":
		t.Kind = config.SourceSample
		if t.Site != nil {
			t.Kind = config.SourceEndpoints
		}
	default:
		return t, usageError{fmt.Errorf("unknown source %q (one of sample, endpoints)", o.source)}
	}
	return t, nil
}

// nextCommands names the three commands that come next.
func (a *app) nextCommands(dir string, t config.TemplateOptions) []string {
	wplake := "wplake"
	switch {
	case a.configPath != "":
		wplake += " --config " + shellQuoted(a.configPath)
	case filepath.Clean(dir) != ".":
		wplake = "cd " + shellQuoted(dir) + " && wplake"
	}
	rest := "wplake"
	if a.configPath != "" {
		rest = wplake
	}
	switch {
	case t.Kind == config.SourceSample:
		return []string{
			wplake + " run",
			rest + " tables",
			rest + ` query "SELECT post_type, count(*) AS posts FROM silver.posts GROUP BY ALL"`,
		}
	case t.Site == nil:
		return []string{
			wplake + " param set /wordpress/" + t.Name() + "/api/mysqlendpoints URL,URL,… --type StringList",
			rest + " doctor",
			rest + " run",
		}
	}
	return []string{
		wplake + " doctor",
		rest + " run",
		rest + ` query "SELECT count(*) AS posts FROM silver.posts"`,
	}
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./,:=@%+-]+$`)

// shellQuoted writes a word so that a shell takes it as one.
func shellQuoted(word string) string {
	if plainWord.MatchString(word) && !strings.HasPrefix(word, "-") {
		return word
	}
	if strings.HasPrefix(word, "-") {
		word = "./" + word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
