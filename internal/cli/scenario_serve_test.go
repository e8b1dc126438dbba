package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/lake"
)

// hooked is what a lake of machines has around its machines: a topic that
// reaches the test, and programs.
const hooked = `
root: lake
source: {kind: sample}
alerts:
  channels: {hook: "generic+%s/hook?template=json"}
  topics: {signal: [hook]}
schedules: {}
workflow:
  commands:
    count: {run: [sh, -c, "cat; echo >> count.txt"]}
    door: {run: [sh, -c, "cat; test -f open.txt"]}
`

// newHooked makes a lake of machines.
func newHooked(t *testing.T, more string) (place, *outside) {
	t.Helper()
	p := newPlace(t, "")
	o := newOutside(t, p)
	p.write(t, "wplake.yaml", fmt.Sprintf(hooked, o.server.URL)+more)
	return p, o
}

// count is how often the program count ran.
func (p place) count(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, "count.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

// reaches waits until an execution of a process is within a state.
func (p place) reaches(t *testing.T, run *started, name, state string) {
	t.Helper()
	for {
		select {
		case err := <-run.ended:
			t.Fatalf("it ended (%v) before it got to %s: %s %s", err, state, run.stdout.String(), run.stderr.String())
		default:
		}
		if p.within(t, name, state) {
			return
		}
	}
}

// within reports whether an execution is within a state.
func (p place) within(t *testing.T, name, state string) bool {
	t.Helper()
	r := p.start(t, "workflow", "show", name, "--json").wait(t)
	var x shown
	if r.exit != 0 {
		return false // it has not begun
	}
	if err := json.Unmarshal([]byte(r.stdout), &x); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	n := len(x.States)
	return n > 0 && x.States[n-1].State == state && x.States[n-1].Status == "running"
}

// kill ends a process as a lost power supply does.
func (s *started) kill(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-s.ended; err == nil {
		t.Fatal("it had ended by itself")
	}
}

// napping counts, waits, counts again and tells people.
func napping(seconds int) string {
	count := func(next string) string {
		return `{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": null,
			"Parameters": {"FunctionName": "count", "Payload.$": "$"}, "Next": "` + next + `"}`
	}
	return fmt.Sprintf(`{"StartAt": "Before", "States": {
		"Before": %s,
		"Nap": {"Type": "Wait", "Seconds": %d, "Next": "After"},
		"After": %s,
		"Tell": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "ResultPath": null,
			"Parameters": {"TopicArn": "arn:aws:sns:eu-west-1:[REDACTED]:signal", "Message": "done"}, "Next": "Done"},
		"Done": {"Type": "Pass", "Result": "slept", "ResultPath": "$.state", "End": true}
	}}`, count("Nap"), seconds, count("Tell"))
}

// TestResume: an execution whose process was killed while it waited goes on in
// another process, and nothing is done twice.
func TestResume(t *testing.T) {
	t.Parallel()
	p, o := newHooked(t, "")
	p.write(t, "nap.asl.json", napping(4))
	run := p.start(t, "workflow", "run", "nap.asl.json", "--name", "nap", "--input", `{"n": 1}`)
	p.reaches(t, run, "nap", "Nap")
	run.kill(t)
	if x := p.shown(t, "nap"); x.Status != "RUNNING" {
		t.Errorf("killed, it is %s", x.Status)
	}
	r := p.run(t, 0, "workflow", "resume")
	if !strings.Contains(r.stdout, `{"n":1,"state":"slept"}`) {
		t.Errorf("its output: %s", r)
	}
	if x := p.shown(t, "nap"); x.Status != "SUCCEEDED" || x.path() != "Before > Nap > After > Tell > Done" {
		t.Errorf("%s by %s", x.Status, x.path())
	}
	if n := p.count(t); n != 2 {
		t.Errorf("the program ran %d times", n)
	}
	if m := o.taken(); len(m) != 1 || m[0].Message != "done" {
		t.Errorf("people are told %v", m)
	}
	if r := p.run(t, 0, "workflow", "resume"); !strings.Contains(r.stdout, "No execution was interrupted") {
		t.Errorf("once more: %s", r)
	}
}

// TestStopElsewhere: an execution is stopped by another process than its own.
func TestStopElsewhere(t *testing.T) {
	t.Parallel()
	p, _ := newHooked(t, "")
	p.write(t, "nap.asl.json", napping(86400))
	run := p.start(t, "workflow", "run", "nap.asl.json", "--name", "nap", "--json")
	p.reaches(t, run, "nap", "Nap")
	if r := p.run(t, 0, "workflow", "resume"); !strings.Contains(r.stdout, "No execution was interrupted") {
		t.Errorf("one that runs is resumed: %s", r)
	}
	p.run(t, 0, "workflow", "stop", "nap", "--error", "Cancelled", "--cause", "not today")
	r := run.wait(t)
	if r.exit != 1 || !strings.Contains(r.stdout, `"status": "ABORTED"`) || !strings.Contains(r.stdout, `"cause": "not today"`) {
		t.Errorf("its own process: %s", r)
	}
	if x := p.shown(t, "nap"); x.Status != "ABORTED" || x.Error != "Cancelled" || x.path() != "Before > Nap (aborted: )" {
		t.Errorf("%s (%s) by %s", x.Status, x.Error, x.path())
	}
}

// TestRedrive: when what failed is mended, an execution goes on from there.
func TestRedrive(t *testing.T) {
	t.Parallel()
	p, _ := newHooked(t, "")
	p.write(t, "two.asl.json", `{"StartAt": "Count", "States": {
		"Count": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "ResultPath": null,
			"Parameters": {"FunctionName": "count", "Payload.$": "$"}, "Next": "Door"},
		"Door": {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "ResultPath": null,
			"Parameters": {"JobName": "door"}, "End": true}}}`)
	p.run(t, 1, "workflow", "run", "two.asl.json", "--name", "two", "--input", `{"n": 1}`)
	if x := p.last(t); x.Status != "FAILED" || x.path() != "Count > Door (failed: States.TaskFailed)" || !strings.Contains(x.Cause, "Runtime.ExitError") && !strings.Contains(x.Cause, "exit status 1") {
		t.Errorf("%s by %s: %s", x.Status, x.path(), x.Cause)
	}
	p.run(t, 1, "workflow", "redrive", "two") // nothing was mended
	p.write(t, "open.txt", "")
	r := p.run(t, 0, "workflow", "redrive", "two")
	if !strings.Contains(r.stdout, `{"n":1}`) {
		t.Errorf("its output: %s", r)
	}
	if n := p.count(t); n != 1 {
		t.Errorf("what had succeeded ran %d times", n)
	}
	if r := p.run(t, 2, "workflow", "redrive", "two"); !strings.Contains(r.stderr, "SUCCEEDED and cannot be redriven") {
		t.Errorf("what succeeded is redriven: %s", r)
	}
}

// call asks a server's API and expects success.
func (s *served) call(t *testing.T, operation, body string) map[string]any {
	t.Helper()
	status, answer := s.do(t, http.MethodPost, "/", operation, body)
	if status != http.StatusOK {
		t.Fatalf("%s: %d %v", operation, status, answer)
	}
	return answer
}

// await waits until people are told something.
func (o *outside) await(t *testing.T) message {
	t.Helper()
	for {
		select {
		case <-o.told:
		case <-t.Context().Done():
			t.Fatal("nobody was told anything")
		}
		if m := o.taken(); len(m) > 0 {
			return m[0]
		}
	}
}

// ended asks a server about an execution until it has ended.
func (s *served) ended(t *testing.T, arn string) map[string]any {
	t.Helper()
	for {
		if x := s.call(t, "DescribeExecution", `{"executionArn":"`+arn+`"}`); x["status"] != "RUNNING" {
			return x
		}
	}
}

// TestTokenThroughServer: an execution of one process gets its answer from
// whoever asks the server, which is another.
func TestTokenThroughServer(t *testing.T) {
	t.Parallel()
	p, o := newHooked(t, "")
	p.write(t, "ask.asl.json", `{"StartAt": "Ask", "States": {
		"Ask": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish.waitForTaskToken", "TimeoutSeconds": 600,
			"Parameters": {"TopicArn": "arn:aws:sns:eu-west-1:[REDACTED]:signal", "Message.$": "$$.Task.Token"}, "End": true}}}`)
	s := serveLake(t, p.dir)
	run := p.start(t, "workflow", "run", "ask.asl.json", "--name", "ask")
	token, err := json.Marshal(o.await(t).Message)
	if err != nil {
		t.Fatal(err)
	}
	s.call(t, "SendTaskHeartbeat", `{"taskToken":`+string(token)+`}`)
	s.call(t, "SendTaskSuccess", `{"taskToken":`+string(token)+`,"output":"{\"yes\":true}"}`)
	if r := run.wait(t); r.exit != 0 || !strings.Contains(r.stdout, `{"yes":true}`) {
		t.Errorf("its own process: %s", r)
	}
	if status, answer := s.do(t, http.MethodPost, "/", "SendTaskSuccess", `{"taskToken":`+string(token)+`,"output":"{}"}`); status != http.StatusBadRequest || !strings.Contains(fmt.Sprint(answer["__type"]), "TaskTimedOut") {
		t.Errorf("a second answer: %d %v", status, answer)
	}
	s.stop(t)
}

// TestServerKilled: machines and executions are made over HTTP, and what
// waited when the server was killed goes on with the next one.
func TestServerKilled(t *testing.T) {
	t.Parallel()
	p, o := newHooked(t, "")
	s := serveLake(t, p.dir)
	quoted, err := json.Marshal(napping(4))
	if err != nil {
		t.Fatal(err)
	}
	machine := s.call(t, "CreateStateMachine", `{"name":"nap","roleArn":"arn:aws:iam::000000000000:role/lake","definition":`+string(quoted)+`}`)
	start := `{"name":"first","input":"{\"n\":1}","stateMachineArn":"` + fmt.Sprint(machine["stateMachineArn"]) + `"}`
	arn := fmt.Sprint(s.call(t, "StartExecution", start)["executionArn"])
	for !strings.Contains(fmt.Sprint(s.call(t, "GetExecutionHistory", `{"executionArn":"`+arn+`"}`)), "WaitStateEntered") {
		if t.Context().Err() != nil {
			t.Fatal("it does not get to its Wait")
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // killed

	s = serveLake(t, p.dir)
	if again := s.call(t, "StartExecution", start); again["executionArn"] != arn {
		t.Errorf("started again under the same name: %v", again)
	}
	if m := o.await(t); m.Message != "done" {
		t.Errorf("people are told %v", m)
	}
	if x := s.ended(t, arn); x["status"] != "SUCCEEDED" || x["output"] != `{"n":1,"state":"slept"}` {
		t.Errorf("it ended as %v", x)
	}
	if n := p.count(t); n != 2 {
		t.Errorf("the program ran %d times", n)
	}
	s.stop(t)
	if x := p.shown(t, "first"); x.path() != "Before > Nap > After > Tell > Done" {
		t.Errorf("by %s", x.path())
	}
}

// TestScheduledRun: the server starts the lake's workflow when it is due; its
// failure reaches people, its report and the health address.
func TestScheduledRun(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	o := newOutside(t, p)
	// The first time of a rate is when it is first kept: at once.
	o.lakeOf(t, p, "root: lake\nschedules:\n  hourly: {expression: rate(1 hour), input: '{\"objects\": [\"terms\"]}'}\n", "terms", "users")
	s := serveLake(t, p.dir)
	m := o.await(t)
	for _, want := range []string{"-hourly", "terms", "HTTP", "wplake workflow show "} {
		if !strings.Contains(m.Message, want) {
			t.Errorf("people are not told %q: %v", want, m)
		}
	}
	var schedule map[string]any
	for schedule["last_status"] == nil {
		status, health := s.do(t, http.MethodGet, "/healthz", "", "")
		if status != http.StatusOK {
			t.Fatalf("a run that failed makes the server unwell: %v", health)
		}
		schedule = health["schedules"].([]any)[0].(map[string]any)
	}
	if schedule["last_status"] != "FAILED" || schedule["next"] == nil {
		t.Errorf("health: %v", schedule)
	}
	s.stop(t)
	x := p.last(t)
	if !strings.HasSuffix(x.Name, "-hourly") || x.Status != "FAILED" || !strings.Contains(x.path(), "data_wordpressapi_raw (caught: SourceHTTPStatus)") {
		t.Errorf("%s: %s by %s", x.Name, x.Status, x.path())
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "lake", ".wplake", "runs", x.Name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var report lake.RunReport
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatal(err)
	}
	if raw := stageOf(t, report, "raw"); report.Status != lake.StatusRunFailed || len(raw.Objects) != 1 || raw.Objects[0].Object != "terms" {
		t.Errorf("the report: %+v", report)
	}
}

// TestScheduledOnce: the server starts another machine at a time that comes
// after it, or has come by then, and a later server does not start it again.
func TestScheduledOnce(t *testing.T) {
	t.Parallel()
	due := time.Now().UTC().Add(2 * time.Second)
	p, o := newHooked(t, "")
	once := strings.Replace(fmt.Sprintf(hooked, o.server.URL), "schedules: {}",
		"schedules:\n  once: {expression: at("+due.Format("2006-01-02T15:04:05")+`), definition: nap.asl.json, input: '{"at": "<aws.scheduler.scheduled-time>"}'}`, 1)
	p.write(t, "wplake.yaml", once)
	p.write(t, "nap.asl.json", napping(0))
	s := serveLake(t, p.dir)
	if m := o.await(t); m.Message != "done" {
		t.Errorf("people are told %v", m)
	}
	s.stop(t)
	s = serveLake(t, p.dir)
	_, health := s.do(t, http.MethodGet, "/healthz", "", "")
	s.stop(t)
	if schedule := health["schedules"].([]any)[0].(map[string]any); schedule["next"] != nil {
		t.Errorf("it is due again: %v", schedule)
	}
	if n := p.count(t); n != 2 {
		t.Errorf("the program ran %d times", n)
	}
	x := p.last(t)
	if x.Name != due.Format("20060102T150405")+"-once" || x.Status != "SUCCEEDED" {
		t.Errorf("%s is %s", x.Name, x.Status)
	}
	want := `{"at":"` + due.Format("2006-01-02T15:04:05Z") + `"}`
	if got := strings.Join(strings.Fields(p.run(t, 0, "workflow", "show", "last", "--input").stdout), ""); got != want {
		t.Errorf("its input is %s, want %s", got, want)
	}
}

// TestRunRequests: what is asked of a run reaches the stages through the
// execution, and its report says what was done.
func TestRunRequests(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	p.run(t, 0, "run", "--quiet")
	for _, test := range []struct {
		args            []string
		input           string
		stages, objects int
		unchanged       int
	}{
		{[]string{"--only", "bronze,silver"}, `{"only":["bronze","silver"]}`, 2, 5, 5},
		{[]string{"--object", "posts,terms"}, `{"objects":["posts","terms"]}`, 5, 2, 2},
		{[]string{"--object", "posts", "--full"}, `{"objects":["posts"],"full":true}`, 5, 1, 0},
		{[]string{"--only", "raw", "--full", "--accept-loss"}, `{"only":["raw"],"full":true,"accept_loss":true}`, 1, 5, 0},
	} {
		r := p.report(t, 0, append([]string{"run"}, test.args...)...)
		x := p.last(t)
		if r.RunID != x.Name || x.Status != "SUCCEEDED" || x.path() != strings.Join(builtInPath, " > ") {
			t.Errorf("%v: %s, %s is %s by %s", test.args, r.RunID, x.Name, x.Status, x.path())
		}
		if len(r.Stages) != test.stages {
			t.Errorf("%v: stages %+v", test.args, r.Stages)
		}
		first := r.Stages[0]
		if len(first.Objects) != test.objects || first.Unchanged() != test.unchanged {
			t.Errorf("%v: %d objects, %d unchanged in %+v", test.args, len(first.Objects), first.Unchanged(), first)
		}
		if got := strings.Join(strings.Fields(p.run(t, 0, "workflow", "show", "last", "--input").stdout), ""); got != test.input {
			t.Errorf("%v: the input is %s", test.args, got)
		}
	}
}

// TestSuperseded: a run takes the place of one whose process was killed, with
// and without a server that could go on with it.
func TestSuperseded(t *testing.T) {
	t.Parallel()
	site, url := newSlowSite(t)
	p := newPlace(t, definition(url)+"root: lake\nschedules: {}\n")
	run := p.start(t, "run")
	site.await(t, run)
	old := p.last(t)
	run.kill(t)
	if x := p.shown(t, old.Name); x.Status != "RUNNING" {
		t.Errorf("killed, it is %s", x.Status)
	}
	r := p.report(t, 0, "run")
	x := p.shown(t, old.Name)
	if x.Status != "ABORTED" || x.Error != "Interrupted" || !strings.Contains(x.Cause, r.RunID) {
		t.Errorf("the killed run: %s, %s: %s", x.Status, x.Error, x.Cause)
	}
	if now := p.last(t); now.Name != r.RunID || now.Status != "SUCCEEDED" {
		t.Errorf("the run: %s %s", now.Name, now.Status)
	}
	if left := p.temporary(t); left != nil {
		t.Errorf("files are left: %v", left)
	}
}

// TestBeside: a run takes nothing from an execution of the lake's workflow that
// another process is running.
func TestBeside(t *testing.T) {
	t.Parallel()
	p, _ := newHooked(t, "  definition: nap.asl.json\n")
	p.write(t, "nap.asl.json", `{"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "SecondsPath": "$.nap", "Next": "Done"}, "Done": {"Type": "Pass", "End": true}}}`)
	live := p.start(t, "workflow", "run", "--input", `{"nap": 86400}`)
	p.reaches(t, live, "last", "Nap")
	name := p.last(t).Name
	p.write(t, "nap.asl.json", `{"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": true}}}`)
	p.run(t, 0, "run")
	if x := p.shown(t, name); x.Status != "RUNNING" {
		t.Errorf("the other is %s: %s", x.Status, x.Cause)
	}
	live.kill(t)
	p.run(t, 0, "run")
	if x := p.shown(t, name); x.Status != "ABORTED" {
		t.Errorf("killed, and another run took its place, the other is %s", x.Status)
	}
}

// TestAdopted: a server goes on with a run whose process was killed.
func TestAdopted(t *testing.T) {
	t.Parallel()
	site, url := newSlowSite(t)
	p := newPlace(t, definition(url)+"root: lake\nschedules: {}\n")
	run := p.start(t, "run")
	site.await(t, run)
	old := p.last(t)
	run.kill(t)
	s := serveLake(t, p.dir)
	var m struct{ ExecutionArn string }
	text := p.run(t, 0, "workflow", "show", old.Name, "--json").stdout
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	if x := s.ended(t, m.ExecutionArn); x["status"] != "SUCCEEDED" {
		t.Errorf("it ended as %v", x)
	}
	if got := p.run(t, 0, "tables", "silver.terms").stdout; !strings.Contains(got, "3 rows") {
		t.Errorf("it did not do its work: %s", got)
	}
	p.report(t, 0, "run") // beside the server
	s.stop(t)
}
