package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
	"wplake/internal/asl/scenario"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

// testSuffix ends the name of a file of tests.
const testSuffix = ".test.yaml"

func (a *app) workflowTestCommand() *cobra.Command {
	var least float64
	cmd := &cobra.Command{
		Use:   "test [FILE…]",
		Short: "Run the tests of state machines and tell what they cover",
		Long: `Runs files of tests: each says what a machine gets, what the services that it calls
answer (attempt by attempt, item by item), and what should come of it: status, output,
error, path, calls, duration. Nothing is called and no time passes: waits, time-outs
and retries jump.

Without FILE, every *` + testSuffix + ` beside the lake's workflow definition is run. A file
names its machine with "machine:"; otherwise NAME` + testSuffix + ` tests NAME.asl.json or
NAME.json beside it, or else the lake's workflow.

The report names the states, rules of choices, catches and retries that no test
reached. The exit status is 1 when a test fails, or --coverage is not reached.`,
		Example: `  wplake workflow test
  wplake workflow test orders` + testSuffix + ` --coverage 90
  wplake workflow test *` + testSuffix + ` --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if least < 0 || least > 100 {
				return usageError{errors.New("--coverage is a percentage from 0 to 100")}
			}
			return a.workflowTest(cmd.Context(), args, least)
		},
	}
	cmd.Flags().Float64Var(&least, "coverage", 0, "fail when less than this percentage of a machine is covered")
	return cmd
}

// testReport is what --json prints.
type testReport struct {
	Passed   int                 `json:"passed"`
	Failed   int                 `json:"failed"`
	Tests    []scenario.Result   `json:"tests"`
	Coverage []scenario.Coverage `json:"coverage"`
	// Short are machines whose coverage is below what was asked for.
	Short []string `json:"short"`
}

// machines are the machines under test, by where they are.
type machines struct {
	app    *app
	byPath map[string]*scenario.Covering
	order  []*scenario.Covering
}

func (a *app) workflowTest(ctx context.Context, paths []string, least float64) error {
	if len(paths) == 0 {
		var err error
		if paths, err = a.lakeTests(); err != nil {
			return err
		}
	}
	m := &machines{app: a, byPath: map[string]*scenario.Covering{}}
	report := testReport{Tests: []scenario.Result{}, Coverage: []scenario.Coverage{}, Short: []string{}}
	type pair struct {
		file *scenario.File
		of   *scenario.Covering
	}
	var all []pair
	for _, path := range paths {
		file, of, err := m.load(path)
		if err != nil {
			return err
		}
		all = append(all, pair{file, of})
	}
	for _, p := range all {
		results, err := scenario.Run(ctx, p.file, p.of)
		if err != nil {
			return err
		}
		report.Tests = append(report.Tests, results...)
	}
	for _, r := range report.Tests {
		if r.Passed {
			report.Passed++
		} else {
			report.Failed++
		}
	}
	for _, c := range m.order {
		coverage := c.Coverage()
		report.Coverage = append(report.Coverage, coverage)
		if coverage.Percent < least {
			report.Short = append(report.Short, coverage.Machine)
		}
	}
	if err := a.printTests(&report, least); err != nil {
		return err
	}
	if report.Failed > 0 || len(report.Short) > 0 {
		return exitError(exitFailed)
	}
	return nil
}

// lakeTests finds the tests beside the lake's definition of its workflow.
func (a *app) lakeTests() ([]string, error) {
	c, file, err := a.loadConfig()
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(file.Abs(config.FileName))
	if c.Workflow.Definition != "" {
		dir = filepath.Dir(file.Abs(c.Workflow.Definition))
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &lake.Error{Code: lake.StorageFailed, Message: "the folder of the workflow cannot be read", Err: err}
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && strings.HasSuffix(e.Name(), testSuffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, usageError{fmt.Errorf("there is no *%s in %s", testSuffix, dir)}
	}
	return paths, nil
}

// load reads a file of tests and finds the machine that it tests.
func (m *machines) load(path string) (*scenario.File, *scenario.Covering, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, usageError{err}
	}
	file, err := scenario.Parse(path, text)
	if err != nil {
		return nil, nil, usageError{err}
	}
	of, err := m.find(path, file.Machine)
	if err != nil {
		return nil, nil, err
	}
	if err := scenario.Check(file, of.Machine()); err != nil {
		return nil, nil, usageError{err}
	}
	return file, of, nil
}

func (m *machines) find(path, named string) (*scenario.Covering, error) {
	if named != "" {
		if !filepath.IsAbs(named) {
			named = filepath.Join(filepath.Dir(path), filepath.FromSlash(named))
		}
		return m.read(named)
	}
	base := strings.TrimSuffix(path, testSuffix)
	for _, ending := range []string{".asl.json", ".json"} {
		if _, err := os.Stat(base + ending); err == nil {
			return m.read(base + ending)
		}
	}
	return m.ofLake(path)
}

func (m *machines) ofLake(path string) (*scenario.Covering, error) {
	c, file, err := m.app.loadConfig()
	if err != nil {
		return nil, usageError{fmt.Errorf("%s does not say which machine it tests (machine: FILE), and there is no lake whose workflow it could be: %w", path, err)}
	}
	if c.Workflow.Definition != "" {
		return m.read(file.Abs(c.Workflow.Definition))
	}
	return m.add("the built-in workflow", machine.Default(c))
}

func (m *machines) read(path string) (*scenario.Covering, error) {
	if c, ok := m.byPath[path]; ok {
		return c, nil
	}
	text, err := m.app.readMachine(path)
	if err != nil {
		return nil, err
	}
	return m.add(path, text)
}

func (m *machines) add(name string, definition []byte) (*scenario.Covering, error) {
	if c, ok := m.byPath[name]; ok {
		return c, nil
	}
	parsed, err := asl.Parse(definition)
	if err != nil {
		return nil, usageError{&lake.Error{
			Code: lake.WorkflowInvalid, Err: err, Message: name + " is not valid",
			Hint: "see all of it: wplake workflow validate FILE",
		}}
	}
	c := scenario.NewCovering(name, parsed)
	m.byPath[name] = c
	m.order = append(m.order, c)
	return c, nil
}

func (a *app) printTests(r *testReport, least float64) error {
	if a.json {
		return a.printJSON(r)
	}
	var b strings.Builder
	file := ""
	for _, t := range r.Tests {
		if t.File != file {
			file = t.File
			fmt.Fprintln(&b, file)
		}
		if t.Passed {
			fmt.Fprintf(&b, "  %s    %s\n", a.color(green, "ok"), clean(t.Name))
			continue
		}
		fmt.Fprintf(&b, "  %s  %s (line %d)\n", a.color(red, "FAIL"), clean(t.Name), t.Line)
		for _, why := range t.Failures {
			fmt.Fprintf(&b, "        %s\n", strings.ReplaceAll(clean(why), "\n", "\n        "))
		}
	}
	for _, c := range r.Coverage {
		a.writeCoverage(&b, &c, least)
	}
	fmt.Fprintf(&b, "%d passed, %d failed\n", r.Passed, r.Failed)
	_, err := fmt.Fprint(a.stdout, b.String())
	return err
}

func (a *app) writeCoverage(b *strings.Builder, c *scenario.Coverage, least float64) {
	percent := fmt.Sprintf("%g %%", c.Percent)
	if c.Percent < least {
		percent = a.color(red, fmt.Sprintf("%g %%, less than %g %%", c.Percent, least))
	}
	fmt.Fprintf(b, "coverage of %s: %s\n", clean(c.Machine), percent)
	for _, s := range []struct {
		name  string
		share *scenario.Share
	}{{"states", &c.States}, {"choices", &c.Choices}, {"catches", &c.Catches}, {"retries", &c.Retries}} {
		if s.share.Total == 0 {
			continue
		}
		fmt.Fprintf(b, "  %-8s %d of %d\n", s.name, s.share.Covered, s.share.Total)
		for _, missing := range s.share.Missing {
			fmt.Fprintf(b, "           not reached: %s\n", clean(missing))
		}
	}
}
