package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
)

// runFlags are what run and stage share.
type runFlags struct {
	objects    []string
	full       bool
	acceptLoss bool
	wait       time.Duration
}

func (f *runFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.objects, "object", nil, "only these objects, e.g. posts,terms")
	flags.BoolVar(&f.full, "full", false, "also do what has not changed since the last run")
	flags.BoolVar(&f.acceptLoss, "accept-loss", false, "take a snapshot that lost more rows than max_loss allows")
	flags.DurationVar(&f.wait, "wait", 0, "wait so long for another run to end, instead of refusing at once (e.g. 10m)")
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	var only []string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the whole pipeline: raw, bronze, silver and the catalog",
		Long: `Takes the site's objects (raw), types them (bronze), cleans and conforms them
(silver), and keeps the catalog up to date. The order, and what happens when
something fails, is the lake's workflow: the built-in state machine, or the one
that workflow.definition names. A run is one execution of it; "wplake workflow show
last" tells its course.

What has not changed since the last run is skipped. An object that fails keeps
its last good state and does not stop the others; the exit status is then 1.
The run can be interrupted at any time (Ctrl-C, exit status 3): what was
finished is kept, and the next run goes on from there.

With --home aws the deployed workflow runs, as Step Functions runs it by schedule.`,
		Example: `  wplake run
  wplake run --only bronze,silver
  wplake run --object posts,terms --full
  wplake run --json > report.json
  wplake run --home aws`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			stages, err := expandStages(only)
			if err != nil {
				return usageError{err}
			}
			if a.onAWS() {
				return a.run(cmd.Context(), cmd.CommandPath(), stages, f, (*home.Home).RunDeployed)
			}
			return a.run(cmd.Context(), cmd.CommandPath(), stages, f, (*home.Home).RunWorkflow)
		},
	}
	f.add(cmd)
	cmd.Flags().StringSliceVar(&only, "only", nil, "only these stages: raw, bronze, crawl-bronze, silver, crawl-silver")
	return cmd
}

func (a *app) stageCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "stage raw|bronze|silver",
		Short: "Run one stage of the pipeline",
		Long: `Runs one stage, from what the stage before it left. Bronze and silver bring
their layer's tables in the catalog up to date as well.`,
		Example: `  wplake stage raw
  wplake stage silver --object posts --full`,
		Args:      oneStage,
		ValidArgs: stageNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			stages := []string{args[0]}
			if args[0] != pipeline.StageRaw {
				stages = append(stages, "crawl-"+args[0])
			}
			return a.run(cmd.Context(), cmd.CommandPath()+" "+args[0], stages, f, (*home.Home).Run)
		},
	}
	f.add(cmd)
	return cmd
}

// stageNames are the stages that a person runs by name; crawls go with them.
func stageNames() []string {
	return []string{pipeline.StageRaw, pipeline.StageBronze, pipeline.StageSilver}
}

// oneStage checks the arguments of stage.
func oneStage(_ *cobra.Command, args []string) error {
	known := strings.Join(stageNames(), ", ")
	switch {
	case len(args) == 0:
		return fmt.Errorf("say which stage (one of %s)", known)
	case len(args) > 1:
		return fmt.Errorf("one stage at a time (one of %s); several: wplake run --only", known)
	case !slices.Contains(stageNames(), args[0]):
		return fmt.Errorf("unknown stage %q (one of %s)", args[0], known)
	}
	return nil
}

// expandStages checks the names given to --only and puts them in order.
func expandStages(only []string) ([]string, error) {
	for _, name := range only {
		if !slices.Contains(pipeline.Stages(), name) {
			return nil, fmt.Errorf("unknown stage %q (one of %s)", name, strings.Join(pipeline.Stages(), ", "))
		}
	}
	var stages []string
	for _, name := range pipeline.Stages() {
		if slices.Contains(only, name) {
			stages = append(stages, name)
		}
	}
	return stages, nil
}

// run runs stages, shows how it goes, and turns the report into an exit status.
// Other runs are told the command's name.
func (a *app) run(ctx context.Context, command string, stages []string, f runFlags,
	do func(*home.Home, context.Context, home.RunRequest) (lake.RunReport, error),
) (err error) {
	h, err := a.openHome(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	show := a.newProgress()
	report, err := do(h, ctx, home.RunRequest{
		Stages:  stages,
		Request: pipeline.Request{RunID: home.NewRunID(a.now()), Objects: f.objects, Full: f.full, AcceptLoss: f.acceptLoss},
		Wait:    f.wait, Command: command, Progress: show.event,
	})
	show.clear()
	if report.RunID == "" {
		return err
	}
	if a.json {
		if e := a.printJSON(report); e != nil {
			return errors.Join(err, e)
		}
	} else {
		a.printOutcome(report, ctx.Err() != nil)
	}
	if err != nil {
		a.printError(err)
	}
	return outcome(ctx, report, err)
}

// outcome is the exit status of a run that took place.
func outcome(ctx context.Context, report lake.RunReport, err error) error {
	switch {
	case ctx.Err() != nil:
		return exitError(exitInterrupted)
	case report.Status != lake.StatusRunSucceeded, err != nil:
		return exitError(exitFailed)
	}
	return nil
}
