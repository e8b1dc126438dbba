package home

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sfn"
)

// MachineARN is the ARN of the deployed state machine.
func (h *Home) MachineARN() string {
	return fmt.Sprintf("arn:%s:states:%s:%s:stateMachine:%s", h.Cloud.Partition, h.Cloud.Region, h.Cloud.Account, h.Config.Workflow.Name)
}

// Executions asks Step Functions about executions of the deployed machine.
func (h *Home) Executions() workflow.Executions {
	return sfn.New(h.Cloud.Config, sfn.Options{MachineARN: h.MachineARN(), Now: h.Now})
}

// RunDeployed runs the deployed workflow as one execution, whose name is the
// run's id, and waits for its end. While another execution of it runs it waits
// r.Wait for that, and then refuses with the code Locked. The report is made of
// the execution's history. An interruption stops the execution; functions that
// are at work then go on to their end.
func (h *Home) RunDeployed(ctx context.Context, r RunRequest) (lake.RunReport, error) {
	x := h.Executions()
	if err := h.othersEnd(ctx, x, r.Wait); err != nil {
		return lake.RunReport{}, err
	}
	input, err := json.Marshal(pipeline.Input{
		Objects: r.Request.Objects, Only: r.Stages, Full: r.Request.Full, AcceptLoss: r.Request.AcceptLoss,
	})
	if err != nil {
		return lake.RunReport{}, err
	}
	run, err := x.Start(ctx, workflow.StartInput{
		Machine: workflow.StateMachine{ARN: h.MachineARN(), Name: h.Config.Workflow.Name}, Name: r.Request.RunID, Input: input,
	})
	if e, ok := errors.AsType[*workflow.Error](err); ok && e.Code == workflow.StateMachineDoesNotExist {
		return lake.RunReport{}, &lake.Error{
			Code: lake.WorkflowRefused, Message: "there is no state machine " + h.MachineARN(), Err: err,
			Hint: "deploy the lake: wplake deploy apply",
		}
	}
	if err != nil {
		return lake.RunReport{}, err
	}
	watched, stop := context.WithCancel(ctx)
	told := make(chan int, 1)
	go func() { told <- watch(watched, x, run, r.Progress) }()
	ended, err := x.Wait(ctx, run.ARN)
	stop()
	before := <-told
	after := context.WithoutCancel(ctx)
	if ctx.Err() != nil {
		name, cause := interrupted, "the command that started it was told to stop"
		ended, err = x.Stop(after, run.ARN, &name, &cause)
	}
	if err != nil {
		return lake.RunReport{}, err
	}
	events, err := x.History(after, run.ARN, 0, 0, false)
	report := sfn.Report(ended, events)
	if r.Progress != nil {
		tellStages(report.Stages, before, r.Progress)
	}
	return report, err
}

// tellStages tells the stages from a number on, which are done.
func tellStages(stages []lake.StageReport, from int, tell func(pipeline.Event)) {
	for i := from; i < len(stages); i++ {
		tell(pipeline.Event{Stage: stages[i].Stage, Done: &stages[i]})
	}
}

// othersEnd waits until no execution of the machine runs.
func (h *Home) othersEnd(ctx context.Context, x workflow.Executions, patience time.Duration) error {
	running, _, err := x.List(ctx, workflow.Filter{MachineARN: h.MachineARN(), Status: asl.Running, Limit: 1})
	if e, ok := errors.AsType[*workflow.Error](err); ok && e.Code == workflow.StateMachineDoesNotExist {
		return nil // starting it says so better
	}
	if err != nil || len(running) == 0 {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if patience > 0 {
		if _, err := x.Wait(waiting, running[0].ARN); err == nil {
			return nil
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &lake.Error{
		Code:    lake.Locked,
		Message: fmt.Sprintf("the execution %s runs already, begun %s ago", running[0].Name, h.Now().Sub(running[0].Started).Round(time.Second)),
		Hint:    "wait for it to end, or give --wait DURATION to queue behind it; see it: wplake workflow show " + running[0].Name + " --home aws",
	}
}

// watchEvery is how often the history of a run is looked at for its progress.
const watchEvery = 2 * time.Second

// watch tells which stage an execution is at, and how each ended once the next
// one has begun: until then it may be tried again. It returns, when ctx ends, of
// how many stages it told the end.
func watch(ctx context.Context, x workflow.Executions, run workflow.Execution, tell func(pipeline.Event)) (done int) {
	if tell == nil {
		return 0
	}
	var events []asl.Event
	ticks := time.NewTicker(watchEvery)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return done
		}
		var last int64
		if len(events) > 0 {
			last = events[len(events)-1].ID
		}
		news, err := x.History(ctx, run.ARN, last, 0, false)
		if err != nil || len(news) == 0 {
			continue // it is for the eye alone
		}
		events = append(events, news...)
		stages := sfn.Report(run, events).Stages
		if ended := len(stages) - 1; ended > done {
			tellStages(stages[:ended], done, tell)
			done = ended
		}
		for _, e := range news {
			if stage, ok := stageOfState(e.State); ok && e.Type == "TaskStateEntered" {
				tell(pipeline.Event{Stage: stage})
			}
		}
	}
}

// stageOfState is the stage that a state of the built-in machine, or of the
// reference's, is about.
func stageOfState(state string) (string, bool) {
	stage, ok := map[string]string{
		lake.FunctionName(lake.FunctionRaw): pipeline.StageRaw, lake.FunctionName(lake.FunctionBronze): pipeline.StageBronze,
		lake.FunctionName(lake.FunctionSilver): pipeline.StageSilver, "Glue Start Silver Python Shell": pipeline.StageSilver,
		"Bronze Tables": pipeline.StageCrawlBronze, "Start Bronze Crawler": pipeline.StageCrawlBronze,
		"Silver Tables": pipeline.StageCrawlSilver, "Start Silver Crawler": pipeline.StageCrawlSilver,
	}[state]
	return stage, ok
}
