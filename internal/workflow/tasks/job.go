package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// jobRun is one run of a job.
type jobRun struct {
	id, name  string
	arguments map[string]any
	timeout   int64 // minutes
	started   time.Time
	work      *piece

	mu       sync.Mutex
	state    string // RUNNING, STOPPING, STOPPED, SUCCEEDED, FAILED, TIMEOUT
	message  string
	finished time.Time
}

func (j *jobRun) over() bool { return j.work.over() }

func (t *Tasks) jobCalls() map[string]integration {
	start := []field{
		{"JobName", text, true}, {"Arguments", object, false}, {"Timeout", integer, false},
		// Of a job at home they say nothing that it could be told: it has this
		// machine, and does what it does once.
		{"AllocatedCapacity", integer, false}, {"MaxCapacity", anything, false}, {"NumberOfWorkers", integer, false},
		{"WorkerType", text, false}, {"ExecutionClass", text, false}, {"SecurityConfiguration", text, false},
		{"NotificationProperty", object, false}, {"JobRunId", text, false},
	}
	check := func(args map[string]any) error {
		name, ok := textOf(args, "JobName")
		if !ok {
			return nil
		}
		if _, ok := t.job(name); !ok {
			return unknown(fmt.Sprintf("there is no job %q at this home", name), name, t.jobNames())
		}
		return nil
	}
	return map[string]integration{
		"glue:startJobRun": {optimised: true, sdk: true, patterns: []asl.Pattern{asl.RunJob}, fields: start, check: check, do: t.startJob},
		"glue:getJobRun": {
			sdk: true, check: check, do: t.getJob,
			fields: []field{{"JobName", text, true}, {"RunId", text, true}, {"PredecessorsIncluded", boolean, false}},
		},
		"glue:getJobRuns": {
			sdk: true, check: check, do: t.getJobs,
			fields: []field{{"JobName", text, true}, {"MaxResults", integer, false}, {"NextToken", text, false}},
		},
		"glue:batchStopJobRun": {
			sdk: true, check: check, do: t.stopJobs,
			fields: []field{{"JobName", text, true}, {"JobRunIds", list, true}},
		},
	}
}

// job finds a job. A program of this machine is one as well.
func (t *Tasks) job(name string) (Stage, bool) {
	if s, ok := t.o.Jobs[name]; ok {
		return s, true
	}
	f, ok := t.o.Commands[name]
	if !ok {
		return nil, false
	}
	return func(ctx context.Context, i Invocation) (lake.StageReport, error) {
		_, err := f(ctx, i)
		return lake.StageReport{}, err
	}, true
}

func (t *Tasks) jobNames() []string {
	names := slices.Sorted(maps.Keys(t.o.Jobs))
	for _, command := range slices.Sorted(maps.Keys(t.o.Commands)) {
		if !slices.Contains(names, command) {
			names = append(names, command)
		}
	}
	return names
}

// startJob starts a job, and waits for its end under .sync.
func (t *Tasks) startJob(ctx context.Context, r request) (any, error) {
	name := r.text("JobName")
	stage, ok := t.job(name)
	if !ok {
		return nil, r.refuse(glueService(), "EntityNotFoundException", 400, "Failed to start job run due to missing metadata: there is no job %s", name)
	}
	arguments, _ := r.args["Arguments"].(map[string]any)
	if arguments == nil {
		arguments = map[string]any{}
	}
	for key, v := range arguments {
		if _, ok := v.(string); !ok {
			return nil, notStarted(r.call.Arguments, fmt.Sprintf("The value for the field '%s' must be a STRING", key))
		}
	}
	if again := r.text("JobRunId"); again != "" {
		return nil, r.refuse(glueService(), "InvalidInputException", 400, "JobRunId %s: at home a job's run is not run again; start the job", again)
	}
	minutes := r.integer("Timeout", 2880)
	if minutes < 1 || minutes > 10_080 {
		return nil, r.refuse(glueService(), "InvalidInputException", 400, "Timeout %d: 1 to 10080 minutes", minutes)
	}
	j := &jobRun{
		id: "jr_" + r.id("job"), name: name, arguments: arguments, timeout: minutes, started: t.o.Now(), state: "RUNNING",
	}
	j.work = t.work.begin(ctx, r.call, "job", name, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(minutes)*time.Minute, errJobTimeout)
		defer cancel()
		report, err := runJob(ctx, stage, Invocation{Name: name, Payload: arguments, Call: r.call})
		j.end(ctx, t.o.Now(), report, err)
		return err
	})
	t.jobs.add(j.id, j)
	answer := r.answer(map[string]any{"JobRunId": j.id}, 200, nil)
	if r.call.Resource.Pattern == asl.RunJob {
		r.submitted(answer)
		return awaitJob(ctx, r, j)
	}
	return answer, nil
}

var errJobTimeout = errors.New("the job's time is up")

// runJob runs a job; a panic of it is its error.
func runJob(ctx context.Context, s Stage, i Invocation) (report lake.StageReport, err error) {
	err = guarded(func() (err error) {
		report, err = s(ctx, i)
		return err
	})
	return report, err
}

// end notes how a run ended.
func (j *jobRun) end(ctx context.Context, now time.Time, report lake.StageReport, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.finished = now
	switch {
	case errors.Is(context.Cause(ctx), errJobTimeout):
		j.state, j.message = "TIMEOUT", fmt.Sprintf("Job run exceeded its time-out of %d minutes", j.timeout)
	case ctx.Err() != nil:
		j.state = "STOPPED"
	case err != nil:
		j.state, j.message = "FAILED", shorten(failureText(err), maxMessage)
	case report.Failed > 0:
		j.state, j.message = "FAILED", score(report)+"\n"+Failures(report)
	default:
		j.state = "SUCCEEDED"
	}
}

// failureText is an error's text with its code and its remedy.
func failureText(err error) string {
	if e, ok := errors.AsType[*FunctionError](err); ok {
		return e.Error()
	}
	e := lake.AsError(err, lake.Internal)
	return problem("", &lake.Problem{Code: e.Code, Message: e.Error(), Hint: e.Hint})
}

func score(report lake.StageReport) string {
	return fmt.Sprintf("%d Successful | %d Failed", report.Succeeded, report.Failed)
}

// awaitJob waits for a run's end. When the task ends first, so does the run.
func awaitJob(ctx context.Context, r request, j *jobRun) (any, error) {
	j.work.told.Store(true)
	select {
	case <-j.work.done:
	case <-ctx.Done():
		j.work.cancel()
		<-j.work.done
		return nil, ctx.Err()
	}
	run := j.describe(r)
	if run["JobRunState"] != "SUCCEEDED" {
		return nil, &workflow.TaskError{Name: "States.TaskFailed", Cause: asl.Text(run)}
	}
	return run, nil
}

// describe is the run in Glue's shape.
func (j *jobRun) describe(r request) map[string]any {
	j.mu.Lock()
	defer j.mu.Unlock()
	last := j.started
	run := map[string]any{
		"Id": j.id, "JobName": j.name, "JobRunState": j.state, "Attempt": number(0), "StartedOn": r.time(j.started),
		"PredecessorRuns": []any{}, "Timeout": number(j.timeout), "ExecutionTime": number(0),
		"LogGroupName": "/aws-glue/python-jobs",
		// A process of this machine: the least that Glue counts.
		"AllocatedCapacity": number(0), "MaxCapacity": json.Number("0.0625"), "GlueVersion": "3.0",
	}
	if len(j.arguments) > 0 {
		run["Arguments"] = j.arguments
	}
	if j.message != "" {
		run["ErrorMessage"] = j.message
	}
	if !j.finished.IsZero() {
		last = j.finished
		run["CompletedOn"] = r.time(j.finished)
		run["ExecutionTime"] = number(int64(j.finished.Sub(j.started).Round(time.Second) / time.Second))
	}
	run["LastModifiedOn"] = r.time(last)
	return run
}

// findJob finds a run of the job that the request names.
func (t *Tasks) findJob(r request, id string) (*jobRun, error) {
	j, ok := t.jobs.get(id)
	if !ok || j.name != r.text("JobName") {
		return nil, r.refuse(glueService(), "EntityNotFoundException", 400, "Job run %s not found for job %s", id, r.text("JobName"))
	}
	return j, nil
}

func (t *Tasks) getJob(ctx context.Context, r request) (any, error) {
	j, err := t.findJob(r, r.text("RunId"))
	if err != nil {
		return nil, err
	}
	j.work.within(ctx, r.patience())
	j.work.tell()
	return map[string]any{"JobRun": j.describe(r)}, nil
}

func (t *Tasks) getJobs(_ context.Context, r request) (any, error) {
	if _, ok := t.job(r.text("JobName")); !ok {
		return nil, r.refuse(glueService(), "EntityNotFoundException", 400, "Entity Not Found: there is no job %s", r.text("JobName"))
	}
	runs := slices.DeleteFunc(t.jobs.newestFirst(), func(j *jobRun) bool { return j.name != r.text("JobName") })
	if after := r.text("NextToken"); after != "" {
		at := slices.IndexFunc(runs, func(j *jobRun) bool { return j.id == after })
		if at < 0 {
			return nil, r.refuse(glueService(), "InvalidInputException", 400, "NextToken is not one of this list")
		}
		runs = runs[at+1:]
	}
	most := int(min(max(r.integer("MaxResults", 100), 1), 200))
	answer := map[string]any{}
	if len(runs) > most {
		runs = runs[:most]
		answer["NextToken"] = runs[most-1].id
	}
	described := make([]any, 0, len(runs))
	for _, j := range runs {
		described = append(described, j.describe(r))
	}
	answer["JobRuns"] = described
	return answer, nil
}

func (t *Tasks) stopJobs(_ context.Context, r request) (any, error) {
	ids, _ := r.args["JobRunIds"].([]any)
	stopped, failed := []any{}, []any{}
	for _, v := range ids {
		id, _ := v.(string)
		j, err := t.findJob(r, id)
		if err != nil {
			failed = append(failed, map[string]any{
				"JobName": r.text("JobName"), "JobRunId": id,
				"ErrorDetail": map[string]any{"ErrorCode": "EntityNotFoundException", "ErrorMessage": strings.TrimSpace(fmt.Sprintf("Job run %s not found", id))},
			})
			continue
		}
		j.stop()
		stopped = append(stopped, map[string]any{"JobName": j.name, "JobRunId": id})
	}
	return map[string]any{"SuccessfulSubmissions": stopped, "Errors": failed}, nil
}

func (j *jobRun) stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.finished.IsZero() {
		j.state = "STOPPING"
		j.work.told.Store(true)
		j.work.cancel()
	}
}

// patience is how long a question waits for the end of what it asks about, so
// that machines which ask and wait in turn do not wait for what is done in
// milliseconds: at most 20 seconds, and well within the task's time-out.
func (r request) patience() time.Duration {
	const most = 20 * time.Second
	if r.call.Timeout > 0 {
		return min(most, r.call.Timeout/2)
	}
	return most
}

// tell notes that a state is being told how the piece ended, if it has.
func (p *piece) tell() {
	if p.over() {
		p.told.Store(true)
	}
}
