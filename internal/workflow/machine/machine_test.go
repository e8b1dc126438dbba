package machine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/workflow"
	"wplake/internal/workflow/machine"
	"wplake/internal/workflow/tasks"
)

// world is a home whose stages do as they are told.
type world struct {
	mu       sync.Mutex
	ran      []string // stages, in order
	inputs   []any    // of their executions
	messages []notify.Message
	stages   map[string]func(context.Context) (lake.StageReport, error)
	publish  error
}

// stage is what a stage does unless told otherwise: all is well.
func (w *world) stage(name string) tasks.Stage {
	return func(ctx context.Context, i tasks.Invocation) (lake.StageReport, error) {
		w.mu.Lock()
		w.ran = append(w.ran, name)
		w.inputs = append(w.inputs, i.Call.Input)
		do := w.stages[name]
		w.mu.Unlock()
		if do != nil {
			return do(ctx)
		}
		return report(name, "posts", "terms"), nil
	}
}

func (w *world) tasks() *tasks.Tasks {
	return tasks.New(tasks.Options{
		Functions: map[string]tasks.Function{
			"data_wordpressapi_raw":    tasks.StageFunction(w.stage("raw")),
			"data_wordpressapi_bronze": tasks.StageFunction(w.stage("bronze")),
			"data_wordpressapi_silver": tasks.StageFunction(w.stage("silver")),
			"data_wordpressapi_catalog": tasks.StageFunction(func(ctx context.Context, i tasks.Invocation) (lake.StageReport, error) {
				payload := i.Payload.(map[string]any)
				if payload["run_id"] != "run-7" {
					return lake.StageReport{}, fmt.Errorf("the run is %v", payload["run_id"])
				}
				return w.stage(payload["stage"].(string))(ctx, i)
			}),
		},
		Jobs:     map[string]tasks.Stage{"wordpressapi_silver": w.stage("silver")},
		Crawlers: map[string]tasks.Stage{"wordpress_bronze": w.stage("crawl-bronze"), "wordpress_silver": w.stage("crawl-silver")},
		Publish: func(_ context.Context, _ workflow.Call, m notify.Message) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.messages = append(w.messages, m)
			return w.publish
		},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Account: "000000000000", Region: "eu-west-1",
	})
}

// report is that of a stage over objects; "!posts" failed.
func report(stage string, objects ...string) lake.StageReport {
	r := lake.StageReport{Stage: stage, Objects: []lake.ObjectReport{}}
	for _, o := range objects {
		one := lake.ObjectReport{Object: strings.TrimPrefix(o, "!"), Status: lake.StatusSucceeded, Warnings: []string{}}
		if one.Object != o {
			one.Status = lake.StatusFailed
			one.Error = &lake.Problem{Code: lake.SourceTruncated, Message: one.Object + " ends early", Hint: "ask \"the host\""}
		}
		r.Objects = append(r.Objects, one)
	}
	r.Count()
	return r
}

// driver runs an execution at once, with a clock that jumps.
type driver struct {
	tasks   *tasks.Tasks
	now     time.Time
	input   any
	slept   time.Duration
	managed bool // by crawlers and a job
	path    []string
	broke   map[string]error // what a state's call answers instead
	look    func(n int) any  // what the n-th look at the bronze crawler answers instead, from 1; nil: nothing else
	looks   int
}

func (d *driver) Now() time.Time            { return d.now }
func (d *driver) UUID() string              { return "00000000-0000-4000-8000-000000000000" }
func (d *driver) Random() float64           { return 0.5 }
func (d *driver) TaskToken(e string) string { return e }

func (d *driver) Sleep(_ context.Context, until time.Time) error {
	d.slept += until.Sub(d.now)
	d.now = until
	return nil
}

func (d *driver) Perform(ctx context.Context, e asl.Effect) (asl.Answer, error) {
	err, broken := d.broke[e.State]
	var out any
	if e.State == "Look At Bronze Crawler" && d.look != nil {
		d.looks++
		if out = d.look(d.looks); out != nil {
			return asl.Answer{Kind: asl.Done, Output: map[string]any{"Crawler": out}}, nil
		}
	}
	if !broken {
		out, err = d.tasks.Do(ctx, workflow.Call{
			Execution: "arn:aws:states:eu-west-1:000000000000:execution:lake:run-7", ExecutionName: "run-7", Input: d.input,
			State: e.State, Resource: e.Resource, Arguments: e.Arguments, Key: e.ID, Attempt: e.Attempt, Timeout: e.Timeout,
		})
	}
	var failed *workflow.TaskError
	if errors.As(err, &failed) {
		return asl.Answer{Kind: asl.Failure, Error: &failed.Name, Cause: &failed.Cause}, nil
	}
	return asl.Answer{Kind: asl.Done, Output: out}, err
}

// managed is the definition of a lake with crawlers and a Glue job.
func managed() config.Config {
	c := config.Default()
	c.Catalog.Crawler = true
	c.Silver.Runtime = config.RuntimePythonShell
	return c
}

// run runs the built-in machine of the driver's definition.
func run(t *testing.T, w *world, d *driver) asl.Outcome {
	t.Helper()
	definition := config.Default()
	if d.managed {
		definition = managed()
	}
	m, err := asl.Parse(machine.Default(definition))
	if err != nil {
		t.Fatalf("the built-in machine: %v", err)
	}
	d.tasks = w.tasks()
	d.now = time.Date(2026, 1, 2, 7, 0, 0, 0, time.UTC)
	if d.input == nil {
		d.input = map[string]any{}
	}
	info := asl.Info{
		ID: "arn:aws:states:eu-west-1:000000000000:execution:lake:run-7", Name: "run-7", MachineName: "lake",
		MachineID: "arn:aws:states:eu-west-1:000000000000:stateMachine:lake", Input: d.input, StartTime: d.now,
	}
	outcome, err := asl.Run(t.Context(), m, info, d, func(e asl.Event) {
		if strings.HasSuffix(e.Type, "StateEntered") {
			d.path = append(d.path, e.State)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.tasks.Wait(t.Context()); err != nil {
		t.Logf("in the background: %v", err)
	}
	return outcome
}

func TestAllWell(t *testing.T) {
	t.Parallel()
	input, err := asl.Decode([]byte(`{"objects":["posts"],"full":true,"only":["raw","silver"],"accept_loss":true}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, managed := range []bool{false, true} {
		allWell(t, input, managed)
	}
}

func allWell(t *testing.T, input any, managed bool) {
	t.Helper()
	w, d := &world{}, &driver{input: input, managed: managed}
	outcome := run(t, w, d)
	if outcome.Status != asl.Succeeded {
		t.Fatalf("%s: %s", outcome.Status, describe(outcome))
	}
	if got := asl.Text(outcome.Output); got != asl.Text(input) {
		t.Errorf("the output is %s, want the input", got)
	}
	if want := []string{"raw", "bronze", "crawl-bronze", "silver", "crawl-silver"}; !slices.Equal(w.ran, want) {
		t.Errorf("the stages %v, want %v", w.ran, want)
	}
	for i, in := range w.inputs {
		if asl.Text(in) != asl.Text(input) {
			t.Errorf("%s got %s", w.ran[i], asl.Text(in))
		}
	}
	if len(w.messages) > 0 {
		t.Errorf("people were told: %v", w.messages)
	}
	if d.slept > 0 {
		t.Errorf("it waited %s for what was done", d.slept)
	}
}

func describe(o asl.Outcome) string {
	text := ""
	for _, s := range []*string{o.Error, o.Cause} {
		if s != nil {
			text += *s + " | "
		}
	}
	return text
}

// Each part fails in turn: the others run all the same, people are told what
// failed and how to see it, and the execution has failed.
func TestEachFailure(t *testing.T) {
	t.Parallel()
	all := []string{"raw", "bronze", "crawl-bronze", "silver", "crawl-silver"}
	unable := &lake.Error{Code: lake.StorageFull, Message: "cannot write \"x\"\nat all", Hint: "free some space"}
	for _, managed := range []bool{false, true} {
		eachFailure(t, all, unable, managed)
	}
}

func eachFailure(t *testing.T, all []string, unable error, managed bool) {
	titles := map[string]string{
		"raw": "data_wordpressapi_raw", "bronze": "data_wordpressapi_bronze", "silver": "data_wordpressapi_silver",
		"crawl-bronze": "Bronze Tables", "crawl-silver": "Silver Tables",
	}
	if managed {
		titles["silver"], titles["crawl-bronze"], titles["crawl-silver"] = "Glue Start Silver Python Shell", "Start Bronze Crawler", "Start Silver Crawler"
	}
	partly := func(name string) string {
		if !managed || name == "raw" || name == "bronze" {
			return titles[name] + ", terms: terms ends early; what to do: ask \"the host\" (SourceTruncated)"
		}
		return "1 Successful | 1 Failed\nterms: terms ends early (SourceTruncated); what to do: ask \"the host\""
	}
	for _, name := range all {
		for how, test := range map[string]struct {
			do   func(context.Context) (lake.StageReport, error)
			says []string
		}{
			"an object": {
				func(context.Context) (lake.StageReport, error) { return report(name, "posts", "!terms"), nil },
				[]string{titles[name], partly(name)},
			},
			"all objects": {
				func(context.Context) (lake.StageReport, error) { return report(name, "!posts", "!terms"), nil },
				[]string{titles[name], "posts ends early", "terms ends early", `ask "the host"`, "SourceTruncated"},
			},
			"the stage as a whole": {
				func(context.Context) (lake.StageReport, error) { return lake.StageReport{}, unable },
				[]string{titles[name], "cannot write \"x\"\nat all", "free some space", "StorageFull"},
			},
			"a panic": {
				func(context.Context) (lake.StageReport, error) { panic("oh") },
				[]string{titles[name], "a defect of wplake: oh"},
			},
		} {
			t.Run(fmt.Sprintf("%s/%s/managed %t", name, how, managed), func(t *testing.T) {
				t.Parallel()
				w := &world{stages: map[string]func(context.Context) (lake.StageReport, error){name: test.do}}
				d := &driver{managed: managed}
				outcome := run(t, w, d)
				if outcome.Status != asl.Failed || outcome.Error == nil || *outcome.Error != "StagesFailed" {
					t.Fatalf("%s: %s", outcome.Status, describe(outcome))
				}
				if !strings.Contains(*outcome.Cause, titles[name]) {
					t.Errorf("the cause %q does not name %s", *outcome.Cause, titles[name])
				}
				if !slices.Equal(w.ran, all) {
					t.Errorf("the stages %v, want %v", w.ran, all)
				}
				told(t, w, test.says...)
				if managed && strings.HasPrefix(name, "crawl") && !strings.Contains(w.messages[0].Body, "(CrawlFailed)") {
					t.Errorf("the crawl's failure has no name:\n%s", w.messages[0].Body)
				}
				if end := d.path[len(d.path)-2:]; !slices.Equal(end, []string{"PublishFailure", "Failed"}) {
					t.Errorf("it ended by %v", end)
				}
			})
		}
	}
}

// told checks the one message that people got.
func told(t *testing.T, w *world, says ...string) {
	t.Helper()
	if len(w.messages) != 1 {
		t.Fatalf("%d messages, want 1", len(w.messages))
	}
	m := w.messages[0]
	if m.Topic != "failure-stepfunction" || m.Subject != "lake: Ran With Failures" {
		t.Errorf("to %s: %s", m.Topic, m.Subject)
	}
	for _, s := range append(says, "Run run-7: ", "wplake workflow show run-7\n") {
		if !strings.Contains(m.Body, s) {
			t.Errorf("%q is not in the message:\n%s", s, m.Body)
		}
	}
	if len(m.Body) > 4000 {
		t.Errorf("the message has %d bytes", len(m.Body))
	}
}

// A task that cannot be called at all is caught wherever it is.
func TestEachTaskRefused(t *testing.T) {
	t.Parallel()
	m, err := asl.Parse(machine.Default(managed()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range m.Names {
		if m.States[name].Type != asl.Task || name == "PublishFailure" {
			continue
		}
		for _, refused := range []*workflow.TaskError{
			{Name: "Glue.InternalServiceException", Cause: "plain text"},
			{Name: "States.Timeout"},
			{Name: "States.TaskFailed", Cause: `{"ErrorMessage":"cut off in the mid`},
		} {
			t.Run(name+"/"+refused.Name, func(t *testing.T) {
				t.Parallel()
				w, d := &world{}, &driver{managed: true, broke: map[string]error{name: refused}}
				outcome := run(t, w, d)
				if outcome.Status != asl.Failed || *outcome.Error != "StagesFailed" {
					t.Fatalf("%s: %s", outcome.Status, describe(outcome))
				}
				told(t, w, name, refused.Name)
				if d.path[len(d.path)-1] != "Failed" {
					t.Errorf("it ended by %v", d.path)
				}
			})
		}
	}
}

// When people cannot be told, the failure stays one, and says so.
func TestAlertNotSent(t *testing.T) {
	t.Parallel()
	w := &world{
		stages:  map[string]func(context.Context) (lake.StageReport, error){"raw": func(context.Context) (lake.StageReport, error) { return report("raw", "posts", "!terms"), nil }},
		publish: &lake.Error{Code: lake.AlertFailed, Message: "nobody was reached"},
	}
	outcome := run(t, w, &driver{})
	if outcome.Status != asl.Failed || !strings.Contains(*outcome.Cause, "terms") || !strings.Contains(*outcome.Cause, "the alert was not sent") {
		t.Errorf("%s: %s", outcome.Status, describe(outcome))
	}
	if len(w.messages) != 4 {
		t.Errorf("it was tried %d times, want 4", len(w.messages))
	}
}

// However much fails, the message has room for it.
func TestManyFailures(t *testing.T) {
	t.Parallel()
	var objects []string
	for i := range 500 {
		objects = append(objects, fmt.Sprintf("!object-%03d", i), fmt.Sprintf("well-%03d", i))
	}
	w := &world{stages: map[string]func(context.Context) (lake.StageReport, error){}}
	for _, s := range []string{"raw", "bronze", "crawl-bronze", "silver", "crawl-silver"} {
		w.stages[s] = func(context.Context) (lake.StageReport, error) { return report(s, objects...), nil }
	}
	d := &driver{}
	if outcome := run(t, w, d); outcome.Status != asl.Failed || *outcome.Error != "StagesFailed" {
		t.Fatalf("%s: %s", outcome.Status, describe(outcome))
	}
	told(t, w, "object-000", "The first 20 are")
}

// That somebody else's crawl runs is waited for, and no failure unless it goes
// on.
func TestCrawlerIsTaken(t *testing.T) {
	t.Parallel()
	running := &workflow.TaskError{Name: "Glue.CrawlerRunningException", Cause: "Crawler with name wordpress_bronze has already started"}
	w, d := &world{}, &driver{managed: true, broke: map[string]error{"Start Bronze Crawler": running}}
	outcome := run(t, w, d)
	if outcome.Status != asl.Failed || !strings.Contains(*outcome.Cause, "Start Bronze Crawler: Glue.CrawlerRunningException") {
		t.Errorf("%s: %s", outcome.Status, describe(outcome))
	}
	if d.slept != 40*30*time.Second {
		t.Errorf("it waited %s for the other crawl", d.slept)
	}
}

// A crawl that lasts is waited for, but not for ever; one that nobody knows of
// any more has not gone well.
func TestCrawlLasts(t *testing.T) {
	t.Parallel()
	running := map[string]any{"State": "RUNNING", "LastCrawl": map[string]any{"Status": "SUCCEEDED"}} // the one before
	w, d := &world{}, &driver{managed: true, look: func(n int) any {
		if n < 4 {
			return running
		}
		return nil
	}}
	if outcome := run(t, w, d); outcome.Status != asl.Succeeded || d.slept != 90*time.Second {
		t.Errorf("%s after %s: %s", outcome.Status, d.slept, describe(outcome))
	}

	w, d = &world{}, &driver{managed: true, look: func(int) any { return running }}
	if outcome := run(t, w, d); outcome.Status != asl.Failed || *outcome.Cause != "Start Bronze Crawler: States.Timeout" || d.looks != 240 {
		t.Errorf("%s after %d looks: %s", outcome.Status, d.looks, describe(outcome))
	}
	told(t, w, "Start Bronze Crawler: the crawl had not ended after two hours")

	w, d = &world{}, &driver{managed: true, look: func(int) any { return map[string]any{"State": "READY"} }}
	if outcome := run(t, w, d); outcome.Status != asl.Failed || *outcome.Cause != "Start Bronze Crawler: CrawlLost" {
		t.Errorf("%s: %s", outcome.Status, describe(outcome))
	}
	if !slices.Contains(w.ran, "silver") {
		t.Errorf("silver did not run: %v", w.ran)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	c := config.Default()
	c.Workflow.Account, c.Workflow.Region = "123456789012", "us-east-2"
	text := string(machine.Default(c))
	if strings.Contains(text, "${") {
		t.Error("a name was not filled in")
	}
	for _, want := range []string{
		"arn:aws:lambda:us-east-2:123456789012:function:data_wordpressapi_raw:$LATEST",
		"arn:aws:sns:us-east-2:123456789012:failure-stepfunction",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
}

// Every task is known at home, and has a limit and a Catch.
func TestTasksAreKnown(t *testing.T) {
	t.Parallel()
	m, err := asl.Parse(machine.Default(config.Default()))
	if err != nil {
		t.Fatal(err)
	}
	known := (&world{}).tasks()
	for _, name := range m.Names {
		s := m.States[name]
		if s.Type != asl.Task {
			continue
		}
		if err := known.Check(s.Resource, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(s.Catch) == 0 {
			t.Errorf("%s has no Catch", name)
		}
	}
}

// A function that ran out of time is invoked again at once, until it is done.
func TestUnfinished(t *testing.T) {
	t.Parallel()
	left := 3
	w := &world{}
	w.stages = map[string]func(context.Context) (lake.StageReport, error){"bronze": func(context.Context) (lake.StageReport, error) {
		if left--; left > 0 {
			return lake.StageReport{}, &lake.Error{Code: lake.StageUnfinished, Message: "1 of 2 objects are done"}
		}
		return report("bronze", "posts"), nil
	}}
	d := &driver{}
	if outcome := run(t, w, d); outcome.Status != asl.Succeeded || d.slept != 2*time.Second {
		t.Errorf("%s after %s: %s", outcome.Status, d.slept, describe(outcome))
	}
	if want := []string{"raw", "bronze", "bronze", "bronze", "crawl-bronze", "silver", "crawl-silver"}; !slices.Equal(w.ran, want) {
		t.Errorf("the stages %v, want %v", w.ran, want)
	}
}

// Only ARNs of the home itself, or of nobody, become those of the deployment.
func TestForAWS(t *testing.T) {
	t.Parallel()
	c := config.Default()
	for in, want := range map[string]string{
		"arn:aws:lambda:eu-west-1:[REDACTED]:function:data_wordpressapi_raw:$LATEST": "arn:aws-cn:lambda:r:a:function:data_wordpressapi_raw:$LATEST",
		"arn:aws:sns:eu-west-1:REDACTED:failure-stepfunction":                        "arn:aws-cn:sns:r:a:failure-stepfunction",
		"'arn:aws:sns:eu-west-1:000000000000:x' & $y":                                "'arn:aws-cn:sns:r:a:x' & $y",
		"arn:aws:lambda:eu-west-1:123456789012:function:x":                           "arn:aws:lambda:eu-west-1:123456789012:function:x",
		"arn:aws:states:::lambda:invoke":                                             "arn:aws:states:::lambda:invoke",
	} {
		if got := string(machine.ForAWS([]byte(in), c, "aws-cn", "r", "a")); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}
