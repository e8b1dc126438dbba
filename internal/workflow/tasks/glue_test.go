package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
)

// job is a home whose silver job and bronze crawler are the stage.
func job(s tasks.Stage) func(*tasks.Options) {
	return func(o *tasks.Options) {
		o.Jobs["wordpressapi_silver"], o.Crawlers["wordpress_bronze"] = s, s
	}
}

// held is a stage that waits until it is let go, or its context ends.
func held(letGo chan struct{}) tasks.Stage {
	return func(ctx context.Context, _ tasks.Invocation) (lake.StageReport, error) {
		select {
		case <-letGo:
			return report("posts"), nil
		case <-ctx.Done():
			return lake.StageReport{}, ctx.Err()
		}
	}
}

const startSilver = `{"JobName":"wordpressapi_silver","Arguments":{"--input":"{}"},"WorkerType":"G.1X","NumberOfWorkers":2}`

func TestJobAwaited(t *testing.T) {
	t.Parallel()
	var got tasks.Invocation
	h := newHome(t, job(func(_ context.Context, i tasks.Invocation) (lake.StageReport, error) {
		got = i
		return report("posts", "terms"), nil
	}))
	var submitted []any
	run, err := h.doCtx(t.Context(), "glue:startJobRun.sync", startSilver, func(a any) { submitted = append(submitted, a) })
	if err != nil {
		t.Fatal(err)
	}
	if asl.Text(got.Payload) != `{"--input":"{}"}` || got.Name != "wordpressapi_silver" {
		t.Errorf("the job got %+v", got)
	}
	if len(submitted) != 1 {
		t.Fatalf("submitted: %v", submitted)
	}
	is(t, asl.Text(at(run, "Id")), submitted[0], "JobRunId")
	is(t, `200`, submitted[0], "SdkHttpMetadata", "HttpStatusCode")
	is(t, `"SUCCEEDED"`, run, "JobRunState")
	is(t, `"wordpressapi_silver"`, run, "JobName")
	is(t, `{"--input":"{}"}`, run, "Arguments")
	is(t, `null`, run, "ErrorMessage")
	is(t, `2880`, run, "Timeout")
	for _, name := range []string{"StartedOn", "CompletedOn", "LastModifiedOn", "ExecutionTime"} {
		if _, ok := at(run, name).(interface{ Int64() (int64, error) }); !ok {
			t.Errorf("%s is %v, want a number", name, at(run, name))
		}
	}
	// The SDK tells the same run with its times as text.
	same := h.must("aws-sdk:glue:getJobRun", fmt.Sprintf(`{"JobName":"wordpressapi_silver","RunId":%s}`, asl.Text(at(run, "Id"))))
	if _, err := time.Parse(time.RFC3339, fmt.Sprint(at(same, "JobRun", "CompletedOn"))); err != nil {
		t.Error(err)
	}
}

func TestJobFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stage tasks.Stage
		says  []string
	}{
		"an object": {
			func(context.Context, tasks.Invocation) (lake.StageReport, error) {
				return report("posts", "!terms"), nil
			},
			[]string{`1 Successful | 1 Failed\nterms: terms ends early (SourceTruncated); what to do: ask`},
		},
		"it could not run": {
			func(context.Context, tasks.Invocation) (lake.StageReport, error) {
				return lake.StageReport{}, &lake.Error{Code: lake.Locked, Message: "held by run-6", Hint: "wait"}
			}, []string{`held by run-6 (Locked); what to do: wait`},
		},
		"a panic": {
			func(context.Context, tasks.Invocation) (lake.StageReport, error) { panic("oh") },
			[]string{`a defect of wplake: oh (Internal)`},
		},
	} {
		h := newHome(t, job(test.stage))
		cause := h.refused("States.TaskFailed", "glue:startJobRun.sync", startSilver)
		mustSay(t, cause, append(test.says, `"JobRunState":"FAILED"`, `"JobName":"wordpressapi_silver"`, `"ErrorMessage":"`)...)
		if _, err := asl.Decode([]byte(cause)); err != nil {
			t.Errorf("%s: the cause is not JSON: %s", name, cause)
		}
		if err := h.tasks.Wait(t.Context()); err != nil {
			t.Errorf("%s: the state was told, and Wait tells again: %v", name, err)
		}
		// Without .sync the start succeeds, whatever comes of it.
		out := h.must("aws-sdk:glue:startJobRun", `{"JobName":"wordpressapi_silver"}`)
		id := asl.Text(out["JobRunId"])
		is(t, `{"JobRunId":`+id+`}`, out)
		if _, err := h.do("aws-sdk:glue:getJobRun", `{"JobName":"wordpressapi_silver","RunId":`+id+`}`); err != nil {
			t.Error(err)
		}
	}
}

// A job that nobody waits for goes on, and is not lost in silence.
func TestJobInTheBackground(t *testing.T) {
	t.Parallel()
	letGo := make(chan struct{})
	stage := held(letGo)
	h := newHome(t, job(func(ctx context.Context, i tasks.Invocation) (lake.StageReport, error) {
		if _, err := stage(ctx, i); err != nil {
			return lake.StageReport{}, err
		}
		return lake.StageReport{}, &lake.Error{Code: lake.StorageFull, Message: "no space"}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := h.doCtx(ctx, "glue:startJobRun", startSilver, nil); err != nil {
		t.Fatal(err)
	}
	cancel()
	close(letGo)
	err := h.tasks.Wait(t.Context())
	if err == nil || !lake.HasCode(err, lake.StorageFull) {
		t.Fatalf("Wait: %v", err)
	}
	mustSay(t, err.Error(), "job wordpressapi_silver failed", "no space")
}

func TestJobStopped(t *testing.T) {
	t.Parallel()
	h := newHome(t, job(held(make(chan struct{}))))
	id := asl.Text(h.must("aws-sdk:glue:startJobRun", startSilver)["JobRunId"])
	out := h.must("aws-sdk:glue:batchStopJobRun", `{"JobName":"wordpressapi_silver","JobRunIds":[`+id+`,"jr_0"]}`)
	is(t, `[{"JobName":"wordpressapi_silver","JobRunId":`+id+`}]`, out, "SuccessfulSubmissions")
	is(t, `"EntityNotFoundException"`, out, "Errors", 0, "ErrorDetail", "ErrorCode")
	run := h.must("aws-sdk:glue:getJobRun", `{"JobName":"wordpressapi_silver","RunId":`+id+`}`)
	is(t, `"STOPPED"`, run, "JobRun", "JobRunState")
	if err := h.tasks.Wait(t.Context()); err != nil {
		t.Errorf("who stopped it knows: %v", err)
	}
}

// A task that ends before its job ends the job.
func TestJobEndsWithItsTask(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	h := newHome(t, job(func(ctx context.Context, _ tasks.Invocation) (lake.StageReport, error) {
		<-ctx.Done()
		close(ended)
		return lake.StageReport{}, ctx.Err()
	}))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := h.doCtx(ctx, "glue:startJobRun.sync", startSilver, func(any) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-ended
}

func TestJobTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t, job(held(make(chan struct{}))))
		cause := h.refused("States.TaskFailed", "glue:startJobRun.sync", `{"JobName":"wordpressapi_silver","Timeout":3}`)
		mustSay(t, cause, `"JobRunState":"TIMEOUT"`, `"ExecutionTime":180`, "time-out of 3 minutes")
	})
}

func TestJobRefuses(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	mustSay(t, h.refused("Glue.EntityNotFoundException", "glue:startJobRun.sync", `{"JobName":"nosuch"}`), "nosuch", "(Service: AWSGlue; Status Code: 400; Error Code: EntityNotFoundException;")
	mustSay(t, h.refused("Glue.EntityNotFoundException", "aws-sdk:glue:getJobRun", `{"JobName":"wordpressapi_silver","RunId":"jr_1"}`), "jr_1", "(Service: Glue, Status Code: 400, Request ID: ")
	h.refused("Glue.EntityNotFoundException", "aws-sdk:glue:getJobRuns", `{"JobName":"nosuch"}`)
	h.refused("Glue.InvalidInputException", "glue:startJobRun", `{"JobName":"wordpressapi_silver","Timeout":0}`)
	h.refused("Glue.InvalidInputException", "glue:startJobRun", `{"JobName":"wordpressapi_silver","JobRunId":"jr_1"}`)
	h.refused("States.Runtime", "glue:startJobRun", `{"JobName":"wordpressapi_silver","Arguments":{"--n":1}}`)
	h.refused("States.Runtime", "glue:getJobRun", `{"JobName":"wordpressapi_silver","RunId":"jr_1"}`)
}

func TestJobRunsAreListed(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	var ids []string
	for range 5 {
		ids = append(ids, asl.Text(h.must("aws-sdk:glue:startJobRun", startSilver)["JobRunId"]))
	}
	var seen []string
	token := ""
	for range 3 {
		page := h.must("aws-sdk:glue:getJobRuns", `{"JobName":"wordpressapi_silver","MaxResults":2`+token+`}`)
		runs, _ := page["JobRuns"].([]any)
		for i := range runs {
			seen = append(seen, asl.Text(at(runs, i, "Id")))
		}
		token = ""
		if next, ok := page["NextToken"]; ok {
			token = `,"NextToken":` + asl.Text(next)
		}
	}
	if len(seen) != 5 || token != "" {
		t.Fatalf("%d runs, token %q", len(seen), token)
	}
	for i, id := range seen {
		if id != ids[4-i] {
			t.Errorf("run %d is %s, want the newest first", i, id)
		}
	}
	h.refused("Glue.InvalidInputException", "aws-sdk:glue:getJobRuns", `{"JobName":"wordpressapi_silver","NextToken":"x"}`)
}

// Programs of this machine are jobs, too.
func TestCommandIsAJob(t *testing.T) {
	t.Parallel()
	h := newHome(t, func(o *tasks.Options) {
		o.Commands = map[string]tasks.Function{"publish": func(_ context.Context, i tasks.Invocation) (any, error) {
			if asl.Text(i.Payload) != `{"--to":"x"}` {
				return nil, &tasks.FunctionError{Type: "Runtime.ExitError", Message: "exit status 3"}
			}
			return nil, nil
		}}
	})
	run, err := h.do("glue:startJobRun.sync", `{"JobName":"publish","Arguments":{"--to":"x"}}`)
	if err != nil {
		t.Fatal(err)
	}
	is(t, `"SUCCEEDED"`, run, "JobRunState")
	mustSay(t, h.refused("States.TaskFailed", "glue:startJobRun.sync", `{"JobName":"publish"}`), "Runtime.ExitError: exit status 3")
	is(t, `null`, h.must("lambda:invoke", `{"FunctionName":"publish","Payload":{"--to":"x"}}`), "Payload")
}

func TestCrawl(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	out := h.must("aws-sdk:glue:getCrawler", `{"Name":"wordpress_bronze"}`)
	is(t, `"READY"`, out, "Crawler", "State")
	is(t, `null`, out, "Crawler", "LastCrawl")
	is(t, `{}`, h.must("aws-sdk:glue:startCrawler", `{"Name":"wordpress_bronze"}`))
	out = h.must("aws-sdk:glue:getCrawler", `{"Name":"wordpress_bronze"}`)
	is(t, `"READY"`, out, "Crawler", "State")
	is(t, `"SUCCEEDED"`, out, "Crawler", "LastCrawl", "Status")
	is(t, `"wordpress_api"`, out, "Crawler", "DatabaseName")
	if _, err := time.Parse(time.RFC3339, fmt.Sprint(at(out, "Crawler", "LastCrawl", "StartTime"))); err != nil {
		t.Error(err)
	}
	is(t, `{}`, h.must("aws-sdk:glue:startCrawler", `{"Name":"wordpress_bronze"}`)) // again
	metrics := h.must("aws-sdk:glue:getCrawlerMetrics", `{}`)
	is(t, `"wordpress_bronze"`, metrics, "CrawlerMetricsList", 0, "CrawlerName")
	is(t, `2`, metrics, "CrawlerMetricsList", 0, "TablesUpdated")
	is(t, `0`, metrics, "CrawlerMetricsList", 1, "TablesUpdated")
	metrics = h.must("aws-sdk:glue:getCrawlerMetrics", `{"CrawlerNameList":["wordpress_silver"],"MaxResults":1}`)
	is(t, `"wordpress_silver"`, metrics, "CrawlerMetricsList", 0, "CrawlerName")
	first := h.must("aws-sdk:glue:getCrawlerMetrics", `{"MaxResults":1}`)
	next := h.must("aws-sdk:glue:getCrawlerMetrics", `{"NextToken":`+asl.Text(first["NextToken"])+`}`)
	is(t, `"wordpress_silver"`, next, "CrawlerMetricsList", 0, "CrawlerName")
}

func TestCrawlFails(t *testing.T) {
	t.Parallel()
	h := newHome(t, job(func(context.Context, tasks.Invocation) (lake.StageReport, error) {
		return report("posts", "!terms"), nil
	}))
	h.must("aws-sdk:glue:startCrawler", `{"Name":"wordpress_bronze"}`)
	out := h.must("aws-sdk:glue:getCrawler", `{"Name":"wordpress_bronze"}`)
	is(t, `"FAILED"`, out, "Crawler", "LastCrawl", "Status")
	mustSay(t, fmt.Sprint(at(out, "Crawler", "LastCrawl", "ErrorMessage")), "1 Successful | 1 Failed", "terms: terms ends early (SourceTruncated)")
	if err := h.tasks.Wait(t.Context()); err != nil {
		t.Errorf("objects that failed are in the report: %v", err)
	}
}

// A crawl that lasts is seen to run, cannot be started again, and can be
// stopped. Questions about it wait for a while, and then answer.
func TestCrawlGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		letGo := make(chan struct{})
		h := newHome(t, job(held(letGo)))
		name := `{"Name":"wordpress_bronze"}`
		h.must("aws-sdk:glue:startCrawler", name)
		is(t, `"RUNNING"`, h.must("aws-sdk:glue:getCrawler", name), "Crawler", "State")
		mustSay(t, h.refused("Glue.CrawlerRunningException", "aws-sdk:glue:startCrawler", name), "Crawler with name wordpress_bronze has already started (Service: Glue, Status Code: 400, Request ID: ")
		is(t, `true`, h.must("aws-sdk:glue:getCrawlerMetrics", `{}`), "CrawlerMetricsList", 0, "StillEstimating")
		go func() {
			time.Sleep(5 * time.Second)
			close(letGo)
		}()
		is(t, `"READY"`, h.must("aws-sdk:glue:getCrawler", name), "Crawler", "State")
		h.refused("Glue.CrawlerNotRunningException", "aws-sdk:glue:stopCrawler", name)
	})
}

func TestCrawlStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		h := newHome(t, job(func(ctx context.Context, _ tasks.Invocation) (lake.StageReport, error) {
			<-ctx.Done()
			<-stop
			return lake.StageReport{}, ctx.Err()
		}))
		name := `{"Name":"wordpress_bronze"}`
		h.must("aws-sdk:glue:startCrawler", name)
		is(t, `{}`, h.must("aws-sdk:glue:stopCrawler", name))
		h.refused("Glue.CrawlerStoppingException", "aws-sdk:glue:stopCrawler", name)
		is(t, `"STOPPING"`, h.must("aws-sdk:glue:getCrawler", name), "Crawler", "State")
		close(stop)
		is(t, `"CANCELLED"`, h.must("aws-sdk:glue:getCrawler", name), "Crawler", "LastCrawl", "Status")
	})
}

func TestCrawlerRefuses(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for _, call := range []string{"startCrawler", "stopCrawler", "getCrawler"} {
		mustSay(t, h.refused("Glue.EntityNotFoundException", "aws-sdk:glue:"+call, `{"Name":"nosuch"}`), "Crawler entry with name nosuch does not exist")
	}
	h.refused("States.Runtime", "glue:startCrawler", `{"Name":"wordpress_bronze"}`)
	h.refused("Glue.InvalidInputException", "aws-sdk:glue:getCrawlerMetrics", `{"NextToken":"x"}`)
}

// A crawl that could not run, and that nobody asked about, is told at the end;
// an execution that somebody stopped takes its crawl with it.
func TestCrawlThatNobodyAsksAbout(t *testing.T) {
	t.Parallel()
	h := newHome(t, job(func(context.Context, tasks.Invocation) (lake.StageReport, error) {
		return lake.StageReport{}, &lake.Error{Code: lake.CatalogFailed, Message: "no catalog"}
	}))
	h.must("aws-sdk:glue:startCrawler", `{"Name":"wordpress_bronze"}`)
	if failed := h.tasks.WaitFor(t.Context(), "another"); len(failed) > 0 {
		t.Errorf("another execution is told: %v", failed)
	}
	failed := h.tasks.WaitFor(t.Context(), execution)
	if len(failed) != 1 || failed[0].Name != "wordpress_bronze" || !lake.HasCode(failed[0].Err, lake.CatalogFailed) {
		t.Errorf("what failed is %v", failed)
	}
	h.must("aws-sdk:glue:startCrawler", `{"Name":"wordpress_bronze"}`)
	is(t, `"FAILED"`, h.must("aws-sdk:glue:getCrawler", `{"Name":"wordpress_bronze"}`), "Crawler", "LastCrawl", "Status")
	if failed := h.tasks.WaitFor(t.Context(), execution); len(failed) > 0 {
		t.Errorf("a state was told, and it is told again: %v", failed)
	}

	synctest.Test(t, func(t *testing.T) {
		var ended []workflow.Execution
		h := newHome(t, job(held(make(chan struct{}))), func(o *tasks.Options) {
			o.Ended = func(_ context.Context, e workflow.Execution) { ended = append(ended, e) }
		})
		h.must("aws-sdk:glue:startCrawler", `{"Name":"wordpress_bronze"}`)
		h.tasks.Ended(t.Context(), workflow.Execution{ARN: execution, Status: asl.Aborted})
		h.tasks.WaitFor(t.Context(), execution)
		if len(ended) != 1 || ended[0].ARN != execution {
			t.Errorf("ended: %v", ended)
		}
	})
}
