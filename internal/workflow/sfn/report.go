package sfn

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
)

// Report makes the report of a run of an execution that has ended and its
// history, oldest event first: of what the stage functions answered, and of the
// errors of those that failed. A stage that was tried again counts as it ended
// last. The silver job and the crawlers tell nothing of objects: of them there
// is the time they took, and their error. Stages that nobody asked for are left
// out.
func Report(x workflow.Execution, events []asl.Event) lake.RunReport {
	r := lake.RunReport{
		RunID: x.Name, StartedAt: x.Started, DurationMS: x.Stopped.Sub(x.Started).Milliseconds(), Stages: []lake.StageReport{},
	}
	for _, s := range stagesOf(events) {
		if s.done || s.report.Error != nil || x.Status != asl.Running {
			s.report.DurationMS = max(s.report.DurationMS, s.ended.Sub(s.started).Milliseconds())
		}
		if !s.done && x.Status != asl.Running {
			s.report.Error = &lake.Problem{Code: lake.Interrupted, Message: "the execution ended before the stage did"}
		}
		if s.skipped() {
			continue
		}
		s.report.Count()
		r.Stages = append(r.Stages, s.report)
	}
	r.Conclude()
	if x.Status != asl.Succeeded {
		r.Error = executionProblem(x)
		switch {
		case len(r.Stages) == 0:
			r.Status = lake.StatusRunFailed
		case r.Status == lake.StatusRunSucceeded:
			r.Status = lake.StatusRunPartial // what it did was well, but it did not do all
		}
	}
	return r
}

// stage is what the history tells of one stage.
type stage struct {
	report         lake.StageReport
	started, ended time.Time
	done           bool // the last call has ended
	answered       bool // by a stage function
}

// skipped tells a stage that the run's request left out.
func (s *stage) skipped() bool {
	return s.answered && s.report.Error == nil && len(s.report.Objects) == 0 && s.report.Succeeded == 0 && s.report.Failed == 0
}

// stagesOf finds the stages in the order in which they began.
func stagesOf(events []asl.Event) []*stage {
	var all []*stage
	byName := map[string]*stage{}
	calls := map[int64]*stage{} // by event: the call that it belongs to
	for i := range events {
		e := &events[i]
		switch {
		case e.Type == "TaskScheduled", e.Type == "LambdaFunctionScheduled":
			name := stageOf(e)
			if name == "" { // its answer may say which stage it was
				calls[e.ID] = &stage{report: lake.StageReport{Objects: []lake.ObjectReport{}}, started: e.Time}
				continue
			}
			s, known := byName[name]
			if !known {
				s = &stage{report: lake.StageReport{Stage: name, Objects: []lake.ObjectReport{}}, started: e.Time}
				byName[name] = s
				all = append(all, s)
			}
			s.done, s.answered, s.ended, s.report.Error = false, false, e.Time, nil
			calls[e.ID] = s
		case strings.HasPrefix(e.Type, "Task"), strings.HasPrefix(e.Type, "LambdaFunction"):
			s, ok := calls[e.Previous]
			if !ok || strings.HasSuffix(e.Type, "StateEntered") || strings.HasSuffix(e.Type, "StateExited") || strings.HasSuffix(e.Type, "StateAborted") {
				continue
			}
			calls[e.ID] = s
			nameless := s.report.Stage == ""
			s.take(e)
			if name := s.report.Stage; nameless && name != "" {
				if before, known := byName[name]; known {
					*before = *s
					continue
				}
				byName[name] = s
				all = append(all, s)
			}
		}
	}
	return all
}

// take takes in an event of a call.
func (s *stage) take(e *asl.Event) {
	s.ended = e.Time
	if s.report.Stage == "" && isSilverJob(e) {
		s.report.Stage = pipeline.StageSilver
	}
	switch {
	case strings.HasSuffix(e.Type, "Succeeded"):
		s.done = true
		s.answer(e)
	case strings.HasSuffix(e.Type, "Failed"), strings.HasSuffix(e.Type, "TimedOut"):
		s.done = true
		s.report.Error = stageProblem(e.Error, e.Cause)
	}
}

// isSilverJob reports whether an event tells of a run of the silver job: its
// description is what a job answers, and the cause of one that failed.
func isSilverJob(e *asl.Event) bool {
	run, ok := e.Output.(map[string]any)
	if !ok && e.Cause != nil {
		_ = json.Unmarshal([]byte(*e.Cause), &run) // another cause is none
	}
	name, _ := run["JobName"].(string)
	return name == lake.SilverJob
}

// answer reads what a task answered.
func (s *stage) answer(e *asl.Event) {
	output := e.Output
	object, _ := output.(map[string]any)
	if crawler, ok := object["Crawler"].(map[string]any); ok {
		last, _ := crawler["LastCrawl"].(map[string]any)
		if status, _ := last["Status"].(string); status == "FAILED" || status == "CANCELLED" {
			message, _ := last["ErrorMessage"].(string)
			s.report.Error = &lake.Problem{Code: lake.CatalogFailed, Message: strings.TrimSuffix("the crawler ended "+status+": "+message, ": ")}
		}
		return
	}
	if payload, ok := object["Payload"]; ok {
		output = payload
	}
	var a tasks.StageAnswer
	if text, err := json.Marshal(output); err != nil || json.Unmarshal(text, &a) != nil || a.Stage == "" {
		return // not one of our functions'
	}
	s.answered = true
	if s.report.Stage == "" && slices.Contains(pipeline.Stages(), a.Stage) {
		s.report.Stage = a.Stage
	}
	s.report.Objects, s.report.DurationMS = a.Objects, max(s.report.DurationMS, a.DurationMS)
	s.report.Succeeded, s.report.Failed = a.Succeeded, a.Failed
	if s.report.Objects == nil {
		s.report.Objects = []lake.ObjectReport{}
	}
}

// stageOf is the stage that a call is for, "" for none: by the function's name,
// for the catalog's by its payload, the silver job's and the crawlers' names.
func stageOf(e *asl.Event) string {
	parameters, _ := e.Input.(map[string]any)
	if e.Type == "LambdaFunctionScheduled" {
		return functionStage(functionName(e.Resource), e.Input)
	}
	text := func(key string) string {
		s, _ := parameters[key].(string)
		return s
	}
	switch {
	case text("FunctionName") != "":
		return functionStage(functionName(text("FunctionName")), parameters["Payload"])
	case text("JobName") == lake.SilverJob:
		return "silver"
	case text("Name") == lake.CrawlerName(lake.Bronze):
		return "crawl-bronze"
	case text("Name") == lake.CrawlerName(lake.Silver):
		return "crawl-silver"
	}
	return ""
}

func functionStage(name string, payload any) string {
	for _, stage := range []string{lake.FunctionRaw, lake.FunctionBronze, lake.FunctionSilver} {
		if name == lake.FunctionName(stage) {
			return stage
		}
	}
	if name != lake.FunctionName(lake.FunctionCatalog) {
		return ""
	}
	object, _ := payload.(map[string]any)
	stage, _ := object["stage"].(string)
	if !slices.Contains([]string{"crawl-bronze", "crawl-silver"}, stage) {
		return ""
	}
	return stage
}

// functionName is the name in a function's name or ARN, with or without a
// version.
func functionName(given string) string {
	parts := strings.Split(given, ":")
	if strings.HasPrefix(given, "arn:") {
		if len(parts) < 7 {
			return ""
		}
		return parts[6]
	}
	return parts[0]
}

// stageProblem words the error of a call. The error of a function has the
// lake's code for its name, and JSON for its cause.
func stageProblem(name, cause *string) *lake.Problem {
	p := &lake.Problem{Code: lake.WorkflowFailed, Message: "the time was up"}
	if name != nil && *name != "" {
		p.Message = *name
	}
	if cause == nil || *cause == "" {
		return p
	}
	var f struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(*cause), &f) != nil || f.Message == "" {
		p.Message += ": " + *cause
		return p
	}
	if f.Type == p.Message && !strings.Contains(f.Type, ".") {
		p.Code, p.Message = lake.Code(f.Type), f.Message
	} else {
		p.Message += ": " + f.Message
	}
	const remedy = " (what to do: "
	if before, after, ok := strings.Cut(p.Message, remedy); ok && strings.HasSuffix(after, ")") {
		p.Message, p.Hint = before, strings.TrimSuffix(after, ")")
	}
	return p
}

// executionProblem words how an execution ended that did not succeed.
func executionProblem(x workflow.Execution) *lake.Problem {
	p := &lake.Problem{Code: lake.WorkflowFailed}
	var parts []string
	for _, s := range []*string{x.Error, x.Cause} {
		if s != nil && *s != "" {
			parts = append(parts, *s)
		}
	}
	switch x.Status {
	case asl.Aborted:
		p.Code, p.Message = lake.Interrupted, "the execution was stopped"
	case asl.TimedOut:
		p.Message = "the execution's time was up"
	case asl.Running:
		p.Message = "the execution has not ended"
	default:
		p.Message = "the execution failed"
	}
	if len(parts) > 0 {
		p.Message += ": " + strings.Join(parts, ": ")
	}
	return p
}
