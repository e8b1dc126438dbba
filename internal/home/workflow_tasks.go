package home

import (
	"context"
	"fmt"
	"net/http"

	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
	"wplake/internal/workflow/tasks/command"
)

// checkCommands refuses programs under a name that means one of the lake's own
// stages, which they would never be called for.
func (h *Home) checkCommands() error {
	names := []string{lake.SilverJob, lake.FunctionName(lake.FunctionCatalog)}
	for _, l := range lake.Layers() {
		names = append(names, lake.FunctionName(string(l)))
	}
	for _, name := range names {
		if _, taken := h.Config.Workflow.Commands[name]; taken {
			return &lake.Error{
				Code: lake.ConfigInvalid, Message: "workflow.commands." + name + ": the lake has a stage of that name already",
				Hint: "give the program another name, and call it by that in the state machine",
			}
		}
	}
	return nil
}

// newTasks puts together what tasks reach in this home.
func (w *Workflow) newTasks() *tasks.Tasks {
	h, c := w.home, w.home.Config
	buckets := map[string]store.Bucket{}
	for _, b := range h.Buckets {
		buckets[b.Name()] = b
	}
	functions := map[string]tasks.Function{}
	for _, l := range lake.Layers() {
		functions[lake.FunctionName(string(l))] = tasks.StageFunction(w.stage(string(l)))
	}
	functions[lake.FunctionName(lake.FunctionCatalog)] = tasks.StageFunction(w.catalogStage)
	return tasks.New(tasks.Options{
		Functions: functions,
		Jobs:      map[string]tasks.Stage{lake.SilverJob: w.stage(pipeline.StageSilver)},
		Crawlers: map[string]tasks.Stage{
			lake.CrawlerName(lake.Bronze): w.stage(pipeline.StageCrawlBronze),
			lake.CrawlerName(lake.Silver): w.stage(pipeline.StageCrawlSilver),
		},
		Commands: command.Functions(command.Options{
			Commands: c.Workflow.Commands, Resolve: h.Resolve, Getenv: h.getenv, Dir: h.dir, Log: h.Log,
		}),
		Buckets: buckets, Params: h.Params,
		Publish: func(ctx context.Context, call workflow.Call, m notify.Message) error {
			return w.frames.publish(ctx, call.ExecutionName, m)
		},
		Reader:   func(ctx context.Context) (engine.Reader, error) { return h.Reader(ctx) },
		Scratch:  func() (string, error) { return h.scratch("queries") },
		Database: c.Dataset, HTTP: http.DefaultTransport, Ended: w.ended, Log: h.Log, Now: h.Now,
		Account: c.Workflow.Account, Region: c.Workflow.Region,
	})
}

// stage is a stage of the pipeline as a task calls it.
func (w *Workflow) stage(name string) tasks.Stage {
	return func(ctx context.Context, i tasks.Invocation) (lake.StageReport, error) {
		return w.frames.stage(ctx, i.Call.ExecutionName, name, i.Call.Input)
	}
}

// catalogStage brings the tables of the layer that the payload names into the catalog.
func (w *Workflow) catalogStage(ctx context.Context, i tasks.Invocation) (lake.StageReport, error) {
	payload, _ := i.Payload.(map[string]any)
	switch stage := payload["stage"]; stage {
	case pipeline.StageCrawlBronze, pipeline.StageCrawlSilver:
		return w.stage(stage.(string))(ctx, i)
	}
	return lake.StageReport{}, &lake.Error{
		Code: lake.WorkflowInvalid, Message: fmt.Sprintf("%s: the payload names no stage", i.Name),
		Hint: `pass {"stage": "crawl-bronze"} or {"stage": "crawl-silver"}`,
	}
}

// ended waits for what an execution left going on, and closes its run.
func (w *Workflow) ended(ctx context.Context, x workflow.Execution) {
	var failures []string
	for _, o := range w.tasks.WaitFor(ctx, x.ARN) {
		failures = append(failures, fmt.Sprintf("%s %s, which nobody awaited: %v", o.Kind, o.Name, o.Err))
		w.home.Log.Error(fmt.Sprintf("%s %s failed in the background", o.Kind, o.Name), "run", x.Name, "error", o.Err)
	}
	w.frames.end(withRun(ctx, x.Name), x, failures)
	w.home.Log.Info(runEnded, "run", x.Name, "machine", x.Machine.Name, "status", string(x.Status))
}
