package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/workflow"
	"wplake/internal/workflow/api"
	"wplake/internal/workflow/sqlite"
)

// echo answers each call with what it was given, unless fail says otherwise.
type echo struct{ fail func(c workflow.Call) error }

func (echo) Check(asl.Resource, any) error { return nil }

func (e echo) Do(_ context.Context, c workflow.Call) (any, error) {
	if e.fail != nil {
		if err := e.fail(c); err != nil {
			return nil, err
		}
	}
	return c.Arguments, nil
}

func (echo) Ended(context.Context, workflow.Execution) {}

// newSession is a client of a server over a real engine with its file.
func newSession(t *testing.T, tasks workflow.Tasks) (*client, *workflow.Engine) {
	t.Helper()
	locks := func(path string) lock.Locker { return filelock.New(path, time.Now) }
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "workflow.db"), time.Now, locks)
	if err != nil {
		t.Fatal(err)
	}
	registry := workflow.NewRegistry(store, time.Now, account, "eu-west-1")
	engine, err := workflow.Open(t.Context(), workflow.Options{
		Store: store, Tasks: tasks, Machines: registry, Now: time.Now, Account: account, Region: "eu-west-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(engine.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return &client{registry: registry, server: api.New(api.Options{
		Engine: engine, Registry: registry, Now: time.Now, Log: slog.New(slog.DiscardHandler), Host: "127.0.0.1",
	})}, engine
}

func TestSession(t *testing.T) {
	t.Parallel()
	c, engine := newSession(t, echo{})
	machine := c.create(t, "m", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f","Payload.$":"$"},"End":true}}}`)
	c.ok(t, "PublishStateMachineVersion", object{"stateMachineArn": machine})
	c.ok(t, "CreateStateMachineAlias", object{"name": "LIVE", "routingConfiguration": []object{{"stateMachineVersionArn": machine + ":1", "weight": 100}}})
	arns := map[string]string{}
	for name, through := range map[string]string{"plain": machine, "version": machine + ":1", "alias": machine + ":LIVE"} {
		arn := c.ok(t, "StartExecution", object{"stateMachineArn": through, "name": name, "input": `{"a":1}`})["executionArn"].(string)
		if _, err := engine.Wait(t.Context(), arn); err != nil {
			t.Fatal(err)
		}
		arns[name] = arn
	}
	d := c.ok(t, "DescribeExecution", object{"executionArn": arns["alias"]})
	if d["status"] != "SUCCEEDED" || d["output"] != `{"FunctionName":"f","Payload":{"a":1}}` || d["stateMachineAliasArn"] != machine+":LIVE" || d["stateMachineVersionArn"] != machine+":1" {
		t.Errorf("described: %v", d)
	}
	for through, want := range map[string]int{machine: 3, machine + ":1": 2, machine + ":LIVE": 1} {
		if got := c.all(t, "ListExecutions", object{"stateMachineArn": through, "maxResults": 1}, "executions"); len(got) != want {
			t.Errorf("executions of %s: %d, want %d", through, len(got), want)
		}
	}
	var types []string
	for _, e := range c.all(t, "GetExecutionHistory", object{"executionArn": arns["plain"], "maxResults": 2}, "events") {
		types = append(types, e["type"].(string))
	}
	if got := strings.Join(types, " "); got != "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded" {
		t.Error(got)
	}
	m := c.ok(t, "DescribeStateMachineForExecution", object{"executionArn": arns["plain"]})
	if m["stateMachineArn"] != machine || m["roleArn"] != role || m["updateDate"] == nil {
		t.Errorf("the machine of an execution: %v", m)
	}
	// The same name with the same input is no second execution once it has ended.
	if code, _ := c.refused(t, "StartExecution", object{"stateMachineArn": machine, "name": "plain", "input": `{"a":1}`}); code != "ExecutionAlreadyExists" {
		t.Errorf("a name that is taken: %s", code)
	}
	c.ok(t, "DeleteStateMachine", object{"stateMachineArn": machine})
	if code, _ := c.refused(t, "DescribeStateMachine", object{"stateMachineArn": machine}); code != "StateMachineDoesNotExist" {
		t.Errorf("a deleted machine: %q", code)
	}
	if d := c.ok(t, "DescribeExecution", object{"executionArn": arns["plain"]}); d["status"] != "SUCCEEDED" {
		t.Errorf("an execution of a deleted machine: %v", d)
	}
}

func TestActivitySession(t *testing.T) {
	t.Parallel()
	c, engine := newSession(t, echo{})
	activity := c.ok(t, "CreateActivity", object{"name": "work"})["activityArn"].(string)
	machine := c.create(t, "m", `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"`+activity+`","HeartbeatSeconds":60,"End":true}}}`)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": machine, "input": `{"n":1}`})["executionArn"].(string)
	task := c.ok(t, "GetActivityTask", object{"activityArn": activity, "workerName": "w"})
	token := task["taskToken"].(string)
	c.ok(t, "SendTaskHeartbeat", object{"taskToken": token})
	c.ok(t, "SendTaskSuccess", object{"taskToken": token, "output": `{"done":true}`})
	x, err := engine.Wait(t.Context(), arn)
	if err != nil || string(x.Output) != `{"done":true}` || task["input"] != `{"n":1}` {
		t.Errorf("%s, %v; the task was %v", x.Output, err, task)
	}
	if code, _ := c.refused(t, "SendTaskSuccess", object{"taskToken": token, "output": "1"}); code != "TaskTimedOut" && code != "TaskDoesNotExist" && code != "InvalidToken" {
		t.Errorf("an answer too late: %s", code)
	}
}

func TestRedriveSession(t *testing.T) {
	t.Parallel()
	broken := true
	c, engine := newSession(t, echo{fail: func(workflow.Call) error {
		if broken {
			return &workflow.TaskError{Name: "Broken", Cause: "it is"}
		}
		return nil
	}})
	machine := c.create(t, "m", `{"StartAt":"P","States":{"P":{"Type":"Pass","Next":"A"},"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f"},"End":true}}}`)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": machine})["executionArn"].(string)
	if _, err := engine.Wait(t.Context(), arn); err != nil {
		t.Fatal(err)
	}
	if d := c.ok(t, "DescribeExecution", object{"executionArn": arn}); d["status"] != "FAILED" || d["error"] != "Broken" || d["redriveStatus"] != "REDRIVABLE" {
		t.Fatalf("failed: %v", d)
	}
	broken = false
	c.ok(t, "RedriveExecution", object{"executionArn": arn, "clientToken": "once"})
	if _, err := engine.Wait(t.Context(), arn); err != nil {
		t.Fatal(err)
	}
	c.ok(t, "RedriveExecution", object{"executionArn": arn, "clientToken": "once"})
	d := c.ok(t, "DescribeExecution", object{"executionArn": arn})
	if d["status"] != "SUCCEEDED" || d["redriveCount"] != 1.0 || d["redriveDate"] == nil || d["error"] != nil {
		t.Errorf("redriven: %v", d)
	}
	if code, _ := c.refused(t, "RedriveExecution", object{"executionArn": arn}); code != "ExecutionNotRedrivable" {
		t.Errorf("one that succeeded: %s", code)
	}
	if got := c.all(t, "ListExecutions", object{"stateMachineArn": machine, "redriveFilter": "REDRIVEN"}, "executions"); len(got) != 1 {
		t.Errorf("redriven ones: %v", got)
	}
}

func TestMapRunSession(t *testing.T) {
	t.Parallel()
	c, engine := newSession(t, echo{})
	machine := c.create(t, "m", `{"StartAt":"M","States":{"M":{"Type":"Map","Label":"Each","MaxConcurrency":2,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}},"End":true}}}`)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": machine, "input": `[1,2,3]`})["executionArn"].(string)
	x, err := engine.Wait(t.Context(), arn)
	if err != nil || string(x.Output) != "[1,2,3]" {
		t.Fatalf("%s %v", x.Output, err)
	}
	runs := c.all(t, "ListMapRuns", object{"executionArn": arn}, "mapRuns")
	if len(runs) != 1 || runs[0]["stateMachineArn"] != machine+"/Each" {
		t.Fatalf("runs: %v", runs)
	}
	d := c.ok(t, "DescribeMapRun", object{"mapRunArn": runs[0]["mapRunArn"]})
	if n := d["itemCounts"].(object); d["status"] != "SUCCEEDED" || n["total"] != 3.0 || n["succeeded"] != 3.0 || d["maxConcurrency"] != 2.0 {
		t.Errorf("the run: %v", d)
	}
	children := c.all(t, "ListExecutions", object{"mapRunArn": runs[0]["mapRunArn"], "maxResults": 2}, "executions")
	if len(children) != 3 || children[0]["stateMachineArn"] != machine+"/Each" {
		t.Fatalf("children: %v", children)
	}
	child := c.ok(t, "DescribeExecution", object{"executionArn": children[0]["executionArn"]})
	if child["mapRunArn"] != runs[0]["mapRunArn"] || child["status"] != "SUCCEEDED" {
		t.Errorf("a child: %v", child)
	}
	m := c.ok(t, "DescribeStateMachineForExecution", object{"executionArn": children[0]["executionArn"]})
	if m["label"] != "Each" || m["stateMachineArn"] != machine+"/Each" {
		t.Errorf("a child's machine: %v", m)
	}
	if h := c.all(t, "GetExecutionHistory", object{"executionArn": children[0]["executionArn"]}, "events"); len(h) == 0 {
		t.Error("a child has no history")
	}
}

func TestExpressSession(t *testing.T) {
	t.Parallel()
	c, _ := newSession(t, echo{})
	machine := c.ok(t, "CreateStateMachine", object{"name": "e", "definition": pass, "roleArn": role, "type": "EXPRESS"})["stateMachineArn"].(string)
	x := c.ok(t, "StartSyncExecution", object{"stateMachineArn": machine, "input": `{"a":1}`})
	if x["status"] != "SUCCEEDED" || x["output"] != `{"a":1}` || !strings.Contains(x["executionArn"].(string), ":express:e:") {
		t.Errorf("%v", x)
	}
	if code, message := c.refused(t, "DescribeExecution", object{"executionArn": x["executionArn"]}); code != "InvalidArn" || message != "Invalid Arn: 'Resource type not valid in this context: express'" {
		t.Errorf("%s: %s", code, message)
	}
}

func TestStopSession(t *testing.T) {
	t.Parallel()
	c, engine := newSession(t, echo{})
	machine := c.create(t, "m", `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":86400,"End":true}}}`)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": machine})["executionArn"].(string)
	c.ok(t, "DeleteStateMachine", object{"stateMachineArn": machine})
	if d := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine}); d["status"] != "DELETING" {
		t.Errorf("while one runs: %v", d)
	}
	c.ok(t, "StopExecution", object{"executionArn": arn, "error": "E", "cause": "C"})
	x, err := engine.Wait(t.Context(), arn)
	if err != nil || x.Status != asl.Aborted || *x.Error != "E" {
		t.Errorf("%v %v", x, err)
	}
	if code, _ := c.refused(t, "DescribeStateMachine", object{"stateMachineArn": machine}); code != "StateMachineDoesNotExist" {
		t.Errorf("after its last execution: %q", code)
	}
	last := c.ok(t, "GetExecutionHistory", object{"executionArn": arn, "reverseOrder": true, "maxResults": 1})
	text, _ := json.Marshal(last["events"])
	if !strings.Contains(string(text), `"executionAbortedEventDetails":{"cause":"C","error":"E"}`) {
		t.Error(string(text))
	}
}

func TestTestStateSession(t *testing.T) {
	t.Parallel()
	tasks := echo{fail: func(c workflow.Call) error {
		if c.Arguments.(object)["FunctionName"] == "broken" {
			return &workflow.TaskError{Name: "Broken", Cause: "it is"}
		}
		return nil
	}}
	c := newClient(t, func(o *api.Options) { o.TestState = api.TestState(tasks, account, "eu-west-1", time.Now) })
	state := func(function string) object {
		return object{"definition": `{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"` + function + `"},"OutputPath":"$.FunctionName","End":true}`, "roleArn": role}
	}
	same(t, c.ok(t, "TestState", state("f")), object{"output": `"f"`, "status": "SUCCEEDED"})
	same(t, c.ok(t, "TestState", state("broken")), object{"error": "Broken", "cause": "it is", "status": "FAILED"})
	mocked := state("broken")
	mocked["mock"] = object{"result": `{"FunctionName":"m"}`, "fieldValidationMode": "NONE"}
	same(t, c.ok(t, "TestState", mocked), object{"output": `"m"`, "status": "SUCCEEDED"})
}
