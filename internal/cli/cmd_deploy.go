package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/home"
)

func (a *app) deployCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "deploy",
		Short: "Put the lake on AWS, from the same definition",
		Long: `Deploys the lake as one CloudFormation stack: buckets, parameters, topics, the
stage functions (this same binary), the catalog, the state machine, its schedules,
logs, alarms, and each role with what it needs and nothing more. The section aws
of the definition says where and how.

plan says what would change, apply does it, status says how it stands, destroy
takes it away and keeps the data.`,
		Example: `  wplake deploy plan
  wplake deploy apply
  wplake deploy status --drift
  wplake deploy destroy`,
	}, a.deployTemplateCommand(), a.deployPackageCommand(), a.deployPlanCommand(), a.deployApplyCommand(), a.deployStatusCommand(), a.deployDestroyCommand())
}

// bootstrapFlag adds --bootstrap.
func bootstrapFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "bootstrap", "", "the binary to deploy: wplake for Linux of aws.functions.architecture (default: this one)")
}

// deployOptions are a deployment's, of the definition found.
func (a *app) deployOptions(bootstrap string) (config.Config, home.DeployOptions, error) {
	c, file, err := a.loadConfig()
	if err != nil {
		return c, home.DeployOptions{}, err
	}
	definition, machines, err := home.Machines(c, file.Dir)
	if err != nil {
		return c, home.DeployOptions{}, err
	}
	return c, home.DeployOptions{
		Machine: definition, Machines: machines,
		Dir: file.Dir, Definition: file.Name, Bootstrap: bootstrap, Now: a.now, Log: a.logger(io.Discard),
		Progress: a.newDeployProgress(), Notice: a.notice,
	}, nil
}

// openDeployer opens what deploys the lake of the definition found.
func (a *app) openDeployer(ctx context.Context, bootstrap string) (*deploy.Deployer, error) {
	c, o, err := a.deployOptions(bootstrap)
	if err != nil {
		return nil, err
	}
	return home.NewDeployer(ctx, c, o)
}

// newDeployProgress tells of what happens on standard error: on a terminal and
// elsewhere a line for each resource that is done.
func (a *app) newDeployProgress() func(deploy.Event) {
	var mu sync.Mutex
	return func(e deploy.Event) {
		if a.quiet {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if e.Text != "" {
			fmt.Fprintln(a.stderr, clean(e.Text))
			return
		}
		if strings.HasSuffix(e.Status, "_IN_PROGRESS") && !a.verbose {
			return
		}
		line := fmt.Sprintf("%-26s %-32s %s", strings.ToLower(strings.ReplaceAll(e.Status, "_", " ")), strings.TrimPrefix(e.Type, "AWS::"), e.Resource)
		if e.Took > 0 {
			line += "  " + durationText(e.Took.Milliseconds())
		}
		fmt.Fprintln(a.stderr, clean(line))
		if e.Failed() && e.Reason != "" {
			fmt.Fprintln(a.stderr, "  "+clean(e.Reason))
		}
	}
}

// interactive reports whether somebody is there to be asked.
func (a *app) interactive() bool {
	in, ok := a.stdin.(*os.File)
	return ok && !a.json && term.IsTerminal(int(in.Fd()))
}

// ask asks on a terminal, and returns the answer without white space; "" where
// there is nobody to ask.
func (a *app) ask(question string) string {
	if !a.interactive() {
		return ""
	}
	fmt.Fprint(a.stderr, question)
	line, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && line == "" {
		return "" // the end of input is no consent
	}
	return strings.TrimSpace(line)
}
