package sfn_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sfn"
)

// story writes a history, one second an event.
type story struct {
	events []asl.Event
}

func (s *story) add(e asl.Event) {
	e.ID = int64(len(s.events) + 1)
	e.Previous = e.ID - 1
	e.Time = time.Unix(e.ID, 0).UTC()
	s.events = append(s.events, e)
}

func (s *story) call(parameters string, end asl.Event) {
	s.add(asl.Event{Type: "TaskStateEntered", State: "A"})
	s.add(asl.Event{Type: "TaskScheduled", Input: read(parameters), HasInput: true})
	s.add(asl.Event{Type: "TaskStarted"})
	s.add(end)
	s.add(asl.Event{Type: "TaskStateExited", State: "A"})
}

func read(text string) any {
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err)
	}
	return v
}

func succeeded(output string) asl.Event {
	return asl.Event{Type: "TaskSucceeded", Output: read(output), HasOutput: true}
}

func failed(name, cause string) asl.Event {
	return asl.Event{Type: "TaskFailed", Error: &name, Cause: &cause}
}

func TestReport(t *testing.T) {
	t.Parallel()
	var s story
	raw := `{"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:data_wordpressapi_raw:$LATEST", "Payload": {"run_id": "run-1"}}`
	s.call(raw, failed("StageUnfinished", `{"errorType":"StageUnfinished","errorMessage":"time ran out"}`))
	s.call(raw, succeeded(`{"StatusCode": 200, "Payload": {"stage": "raw", "succeeded": 1, "failed": 1, "duration_ms": 10, "objects": [
		{"object": "posts", "status": "succeeded", "rows": 7, "warnings": []}, {"object": "users", "status": "failed", "error": {"code": "SourceTimeout", "message": "slow"}, "warnings": []}]}}`))
	s.call(`{"FunctionName": "data_wordpressapi_bronze"}`, failed("RowCastFailed", `{"errorType":"RowCastFailed","errorMessage":"posts: no (what to do: mend it)"}`))
	s.call(`{"FunctionName": "data_wordpressapi_catalog:live", "Payload": {"stage": "crawl-bronze"}}`, failed("States.Timeout", ""))
	s.call(`{"FunctionName": "data_wordpressapi_silver"}`, succeeded(`{"Payload": {"stage": "silver", "succeeded": 0, "failed": 0, "duration_ms": 0, "objects": []}}`))
	s.call(`{"JobName": "wordpressapi_silver"}`, succeeded(`{"JobRunState": "SUCCEEDED"}`))
	s.call(`{"Name": "wordpress_silver"}`, succeeded(`{}`))
	s.call(`{"Name": "wordpress_silver"}`, succeeded(`{"Crawler": {"State": "READY", "LastCrawl": {"Status": "FAILED", "ErrorMessage": "no access"}}}`))
	s.call(`{"TopicArn": "arn:aws:sns:eu-west-1:123456789012:failure-stepfunction"}`, succeeded(`{}`))
	name, cause := "Lake.Failed", "two stages"
	x := workflow.Execution{Name: "run-1", Status: asl.Failed, Error: &name, Cause: &cause, Started: time.Unix(1, 0).UTC(), Stopped: time.Unix(61, 0).UTC()}
	want := lake.RunReport{
		RunID: "run-1", Status: lake.StatusRunPartial, StartedAt: time.Unix(1, 0).UTC(), DurationMS: 60_000,
		Error: &lake.Problem{Code: lake.WorkflowFailed, Message: "the execution failed: Lake.Failed: two stages"},
		Stages: []lake.StageReport{
			{Stage: "raw", Succeeded: 1, Failed: 1, DurationMS: 7000, Objects: []lake.ObjectReport{
				{Object: "posts", Status: lake.StatusSucceeded, Rows: 7, Warnings: []string{}},
				{Object: "users", Status: lake.StatusFailed, Error: &lake.Problem{Code: lake.SourceTimeout, Message: "slow"}, Warnings: []string{}},
			}},
			{Stage: "bronze", Failed: 1, DurationMS: 2000, Objects: []lake.ObjectReport{}, Error: &lake.Problem{Code: "RowCastFailed", Message: "posts: no", Hint: "mend it"}},
			{Stage: "crawl-bronze", Failed: 1, DurationMS: 2000, Objects: []lake.ObjectReport{}, Error: &lake.Problem{Code: lake.WorkflowFailed, Message: "States.Timeout"}},
			// The function of silver was told to leave it out; then the job ran.
			{Stage: "silver", DurationMS: 7000, Objects: []lake.ObjectReport{}},
			{Stage: "crawl-silver", Failed: 1, DurationMS: 7000, Objects: []lake.ObjectReport{}, Error: &lake.Problem{Code: lake.CatalogFailed, Message: "the crawler ended FAILED: no access"}},
		},
	}
	if d := cmp.Diff(want, sfn.Report(x, s.events)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A history that does not tell what was called: what was answered tells it.
func TestReportByAnswers(t *testing.T) {
	t.Parallel()
	x := workflow.Execution{Name: "r", Status: asl.Succeeded, Started: time.Unix(1, 0), Stopped: time.Unix(60, 0)}
	var s story
	s.call(`{}`, succeeded(`{"Payload": {"stage": "raw", "succeeded": 1, "objects": [{"object": "posts", "status": "succeeded", "warnings": []}]}}`))
	s.call(`{}`, failed("StageUnfinished", "{}"))
	s.call(`{}`, succeeded(`{"Payload": {"stage": "bronze", "succeeded": 2, "objects": [{"object": "posts", "status": "succeeded", "warnings": []}, {"object": "terms", "status": "succeeded", "warnings": []}]}}`))
	s.call(`{}`, succeeded(`{"MessageId": "1"}`))
	r := sfn.Report(x, s.events)
	if r.Status != lake.StatusRunSucceeded || len(r.Stages) != 2 || r.Stages[0].Stage != "raw" || r.Stages[1].Stage != "bronze" || r.Stages[1].Succeeded != 2 {
		t.Errorf("%+v", r)
	}
}

func TestReportOfLittle(t *testing.T) {
	t.Parallel()
	x := workflow.Execution{Name: "r", Status: asl.Succeeded, Started: time.Unix(1, 0), Stopped: time.Unix(2, 0)}
	if r := sfn.Report(x, nil); r.Status != lake.StatusRunSucceeded || len(r.Stages) != 0 || r.Error != nil {
		t.Errorf("no stage: %+v", r)
	}
	x.Status = asl.Aborted
	var s story
	s.add(asl.Event{Type: "TaskScheduled", Input: read(`{"FunctionName": "data_wordpressapi_raw"}`), HasInput: true})
	r := sfn.Report(x, s.events)
	if r.Status != lake.StatusRunFailed || r.Error.Code != lake.Interrupted || len(r.Stages) != 1 || r.Stages[0].Error.Code != lake.Interrupted {
		t.Errorf("stopped in a stage: %+v", r)
	}
}

// The silver job is known by what it answers, too: a machine may catch its
// failure and succeed.
func TestReportOfAJobThatFailed(t *testing.T) {
	t.Parallel()
	var s story
	s.call(`{"FunctionName": "data_wordpressapi_raw"}`, succeeded(`{"Payload": {"stage": "raw", "succeeded": 1, "failed": 0, "objects": [
		{"object": "posts", "status": "succeeded", "rows": 7, "warnings": []}]}}`))
	s.call(`{}`, failed("States.TaskFailed", `{"JobName": "wordpressapi_silver", "JobRunState": "FAILED", "ErrorMessage": "no"}`))
	got := sfn.Report(workflow.Execution{Name: "run-1", Status: asl.Succeeded}, s.events)
	if len(got.Stages) != 2 || got.Stages[1].Stage != "silver" || got.Stages[1].Error == nil || got.Status != lake.StatusRunPartial {
		t.Errorf("%s: %+v", got.Status, got.Stages)
	}
}
