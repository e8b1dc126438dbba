package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
	"wplake/internal/workflow/api"
)

func TestStartExecution(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.create(t, "m", pass)
	execution := strings.Replace(machine, ":stateMachine:m", ":execution:m:x", 1)
	started := c.ok(t, "StartExecution", object{"stateMachineArn": machine, "name": "x", "input": `{"a":[1]}`, "traceHeader": "h"})
	same(t, started, object{"executionArn": execution, "startDate": 1795507200.123})
	d := c.ok(t, "DescribeExecution", object{"executionArn": strings.Replace(execution, account, "[REDACTED]", 1)})
	same(t, d, object{
		"executionArn": execution, "stateMachineArn": machine, "name": "x", "status": "RUNNING", "startDate": 1795507200.123,
		"input": `{"a":[1]}`, "inputDetails": object{"included": true}, "traceHeader": "h", "redriveCount": 0,
		"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
	})
	for _, tt := range []struct {
		request object
		want    string
	}{
		{object{"stateMachineArn": machine, "input": "not some json"}, "InvalidExecutionInput: Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')'"},
		{object{"stateMachineArn": machine, "input": "{'not': 'json'}"}, "InvalidExecutionInput: Invalid State Machine Execution Input: 'Unexpected character (''' (code 39)): was expecting double-quote to start field name'"},
		{object{"stateMachineArn": machine, "input": ""}, "InvalidExecutionInput: Invalid State Machine Execution Input: 'Invalid execution input.'"},
		{object{"stateMachineArn": machine, "name": "a b"}, "InvalidName: Invalid Name: 'a b'"},
		{object{"stateMachineArn": arnOf("none")}, "StateMachineDoesNotExist: State Machine Does Not Exist: '" + arnOf("none") + "'"},
		{object{"name": ""}, "ValidationException: 2 validation errors detected: Value null at 'stateMachineArn' failed to satisfy constraint: Member must not be null; Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"},
	} {
		code, message := c.refused(t, "StartExecution", tt.request)
		if got := code + ": " + message; got != tt.want {
			t.Errorf("%v: %s\nwant %s", tt.request, got, tt.want)
		}
	}
	if code, message := c.refused(t, "StartExecution", object{"stateMachineArn": machine, "input": `"` + strings.Repeat("é", 131072) + `"`}); code != "ValidationException" || !strings.HasSuffix(message, "...' at 'input' failed to satisfy constraint: Member must have length less than or equal to 262144") {
		t.Errorf("262,146 bytes: %s: %.100s", code, message)
	}
	for _, input := range []string{"1", `"s"`, "null", `"` + strings.Repeat("a", 262142) + `"`} {
		c.ok(t, "StartExecution", object{"stateMachineArn": machine, "input": input})
	}
}

// What this home cannot run fails by its name before its first state runs.
func TestStartOfWhatCannotRun(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(o *api.Options) {
		o.Check = func(definition []byte) error { return errors.New("no such resource in " + string(definition)) }
	})
	machine := c.create(t, "m", pass)
	for _, operation := range []string{"StartExecution", "StartSyncExecution"} {
		code, message := c.refused(t, operation, object{"stateMachineArn": machine})
		if code != "ValidationException" || message != "no such resource in "+pass || len(c.engine.kept) > 0 {
			t.Errorf("%s: %s: %s", operation, code, message)
		}
	}
}

func TestEndedExecutions(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.create(t, "m", pass)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": machine})["executionArn"].(string)
	end := func(status asl.Status, mapRun string) {
		if _, err := c.engine.change(arn, func(x *workflow.Execution) {
			x.Status, x.Stopped, x.MapRun = status, c.clock.Now(), mapRun
			x.Output = nil
			if status == asl.Succeeded {
				x.Output = json.RawMessage(`{"b":2}`)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	redrive := func() string {
		d := c.ok(t, "DescribeExecution", object{"executionArn": arn})
		reason, _ := d["redriveStatusReason"].(string)
		return d["redriveStatus"].(string) + " " + reason
	}
	end(asl.Succeeded, "")
	d := c.ok(t, "DescribeExecution", object{"executionArn": arn, "includedData": "METADATA_ONLY"})
	for _, key := range []string{"input", "output"} {
		if d[key] != nil {
			t.Errorf("without data: %s is %v", key, d[key])
		}
		same(t, d[key+"Details"], object{"included": false})
	}
	if got := redrive(); got != "NOT_REDRIVABLE Execution is SUCCEEDED and cannot be redriven" {
		t.Error(got)
	}
	end(asl.Failed, "")
	if got := redrive(); got != "REDRIVABLE " {
		t.Error(got)
	}
	c.engine.events = []asl.Event{{ID: 24_999, Type: "ExecutionFailed"}}
	if got := redrive(); got != "NOT_REDRIVABLE Execution history event limit exceeded" {
		t.Error(got)
	}
	end(asl.Failed, "arn:aws:states:eu-west-1:"+account+":mapRun:m/Label:u")
	if got := redrive(); got != "REDRIVABLE_BY_MAP_RUN " {
		t.Error(got)
	}
	m := c.ok(t, "DescribeStateMachineForExecution", object{"executionArn": arn})
	if m["stateMachineArn"] != machine+"/Label" || m["label"] != "Label" || m["mapRunArn"] == nil || m["definition"] != pass || m["creationDate"] != nil {
		t.Errorf("the machine of a child: %v", m)
	}
	end(asl.Failed, "")
	c.clock.add(15 * 24 * 60)
	if got := redrive(); got != "NOT_REDRIVABLE Execution redrivable period exceeded" {
		t.Error(got)
	}
	c.ok(t, "StopExecution", object{"executionArn": arn, "error": "E", "cause": "C"})
	if d := c.ok(t, "DescribeExecution", object{"executionArn": arn}); d["error"] != "E" || d["cause"] != "C" || d["status"] != "ABORTED" {
		t.Errorf("stopped: %v", d)
	}
}

func TestRedriveExecutionOnce(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": c.create(t, "m", pass)})["executionArn"].(string)
	redrive := func(token any) any {
		return c.ok(t, "RedriveExecution", object{"executionArn": arn, "clientToken": token})["redriveDate"]
	}
	first := redrive("a")
	if again := redrive("a"); again != first || c.engine.redrove != 1 {
		t.Errorf("the same token: %v then %v, %d redrives", first, again, c.engine.redrove)
	}
	redrive("b")
	redrive(nil)
	c.clock.add(16)
	redrive("b")
	if c.engine.redrove != 4 {
		t.Errorf("%d redrives, want 4", c.engine.redrove)
	}
	if code, _ := c.refused(t, "RedriveExecution", object{"executionArn": arn, "clientToken": "a b"}); code != "ValidationException" {
		t.Errorf("a token with white space: %s", code)
	}
}

func TestExecutionARNs(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	none := "arn:aws:states:us-east-1:123:execution:m:none"
	for _, operation := range []string{"DescribeExecution", "StopExecution", "DescribeStateMachineForExecution", "RedriveExecution", "ListMapRuns"} {
		for arn, want := range map[string]string{
			none: "ExecutionDoesNotExist: Execution Does Not Exist: '" + none + "'",
			"arn:aws:states:us-east-1:123:express:m:n:u": "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'",
			"invalid_state_machine_arn":                  "InvalidArn: Invalid Arn: 'Invalid ARN prefix: invalid_state_machine_arn'",
		} {
			code, message := c.refused(t, operation, object{"executionArn": arn})
			if got := code + ": " + message; got != want {
				t.Errorf("%s %s: %s", operation, arn, got)
			}
		}
	}
}

func TestStartSyncExecution(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	express := c.ok(t, "CreateStateMachine", object{"name": "e", "definition": pass, "roleArn": role, "type": "EXPRESS"})["stateMachineArn"].(string)
	standard := c.create(t, "m", pass)
	x := c.ok(t, "StartSyncExecution", object{"stateMachineArn": express, "input": "{}"})
	same(t, x["billingDetails"], object{"billedDurationInMilliseconds": 200, "billedMemoryUsedInMB": 64})
	if x["output"] != `{"a":1}` || x["status"] != "SUCCEEDED" || x["input"] != "{}" {
		t.Errorf("answer: %v", x)
	}
	const not = "This operation is not supported by this type of state machine"
	if code, message := c.refused(t, "StartSyncExecution", object{"stateMachineArn": standard}); code != "StateMachineTypeNotSupported" || message != not {
		t.Errorf("a standard machine: %s: %s", code, message)
	}
	if code, message := c.refused(t, "ListExecutions", object{"stateMachineArn": express}); code != "StateMachineTypeNotSupported" || message != not {
		t.Errorf("executions of an express machine: %s: %s", code, message)
	}
}

func TestListExecutions(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.create(t, "m", pass)
	c.ok(t, "PublishStateMachineVersion", object{"stateMachineArn": machine})
	c.ok(t, "StartExecution", object{"stateMachineArn": machine + ":1"})
	c.engine.more = "somewhere"
	ask := object{"stateMachineArn": machine + ":1", "statusFilter": "RUNNING", "redriveFilter": "NOT_REDRIVEN", "maxResults": 1}
	list := c.ok(t, "ListExecutions", ask)
	if x := list["executions"].([]any)[0].(object); x["stateMachineVersionArn"] != machine+":1" || x["stateMachineArn"] != machine || x["redriveCount"] != 0.0 {
		t.Errorf("listed: %v", x)
	}
	ask["nextToken"] = list["nextToken"]
	c.ok(t, "ListExecutions", ask)
	f := c.engine.filters
	if f[0].Next != "" || f[1].Next != "somewhere" || f[1].MachineARN != machine+":1" || f[1].Status != asl.Running || *f[1].Redriven || f[1].Limit != 1 {
		t.Errorf("filters: %+v", f)
	}
	ask["statusFilter"] = "FAILED"
	if code, _ := c.refused(t, "ListExecutions", ask); code != "InvalidToken" {
		t.Errorf("a token of another request: %s", code)
	}
	for _, tt := range []struct {
		request object
		want    string
	}{
		{object{"stateMachineArn": machine, "statusFilter": "succeeded"}, "ValidationException: 1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"},
		{object{}, "ValidationException: 1 validation error detected: Must provide a StateMachine ARN or MapRun ARN"},
		{object{"mapRunArn": "arn:aws:states:r:0:mapRun:m/L:u"}, "ResourceNotFound: Resource not found: 'arn:aws:states:eu-west-1:" + account + ":mapRun:m/L:u'"},
		{object{"stateMachineArn": machine, "nextToken": strings.Repeat("x", 3097)}, "ValidationException: 1 validation error detected: Value '" + strings.Repeat("x", 3097) + "' at 'nextToken' failed to satisfy constraint: Member must have length less than or equal to 3096"},
	} {
		code, message := c.refused(t, "ListExecutions", tt.request)
		if got := code + ": " + message; got != tt.want {
			t.Errorf("%v: %s", tt.request, got)
		}
	}
}

func TestGetExecutionHistory(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": c.create(t, "m", pass)})["executionArn"].(string)
	at := c.clock.Now()
	c.engine.events = []asl.Event{
		{ID: 1, Type: "ExecutionStarted", Time: at, Input: object{"a": json.Number("1")}, HasInput: true, RoleARN: role},
		{ID: 2, Previous: 1, Type: "TaskStateEntered", Time: at, State: "T", Input: object{}, HasInput: true},
		{ID: 3, Previous: 2, Type: "TaskScheduled", Time: at, Input: object{"x": "y"}, HasInput: true, Resource: "invoke", Service: "lambda"},
		{ID: 4, Previous: 3, Type: "TaskSucceeded", Time: at, Output: nil, HasOutput: true, Resource: "invoke", Service: "lambda"},
	}
	ids := func(reverse bool) string {
		var list []string
		for _, e := range c.all(t, "GetExecutionHistory", object{"executionArn": arn, "maxResults": 1, "reverseOrder": reverse}, "events") {
			list = append(list, strconv.Itoa(int(e["id"].(float64))))
		}
		return strings.Join(list, " ")
	}
	if got := ids(false) + ", " + ids(true); got != "1 2 3 4, 4 3 2 1" {
		t.Errorf("pages: %s", got)
	}
	events := c.ok(t, "GetExecutionHistory", object{"executionArn": arn})["events"].([]any)
	same(t, events[0], object{
		"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "timestamp": 1795507200.123,
		"executionStartedEventDetails": object{"input": `{"a":1}`, "inputDetails": object{"truncated": false}, "roleArn": role},
	})
	bare := c.ok(t, "GetExecutionHistory", object{"executionArn": arn, "includeExecutionData": false})["events"].([]any)
	text, _ := json.Marshal(bare)
	for _, key := range []string{`"input"`, `"output"`, `"y"`} {
		if strings.Contains(string(text), key) {
			t.Errorf("without data: %s in %s", key, text)
		}
	}
}

func TestMapRuns(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	arn := c.ok(t, "StartExecution", object{"stateMachineArn": c.create(t, "m", pass)})["executionArn"].(string)
	run := func(id string) workflow.MapRun {
		return workflow.MapRun{
			ARN: "arn:aws:states:eu-west-1:" + account + ":mapRun:m/Label:" + id, Execution: arn, Status: asl.Running, Started: c.clock.Now(),
			MaxConcurrency: 40, ToleratedFailurePercentage: 2.5, Items: asl.Tally{Total: 3, Succeeded: 2, Running: 1},
		}
	}
	c.engine.runs = []workflow.MapRun{run("3"), run("2"), run("1")}
	d := c.ok(t, "DescribeMapRun", object{"mapRunArn": "arn:aws:states:r:[REDACTED]:mapRun:m/Label:2"})
	counts := object{"pending": 0, "running": 1, "succeeded": 2, "failed": 0, "timedOut": 0, "aborted": 0, "total": 3, "resultsWritten": 0, "failuresNotRedrivable": 0, "pendingRedrive": 0}
	same(t, d["itemCounts"], counts)
	if d["maxConcurrency"] != 40.0 || d["toleratedFailurePercentage"] != 2.5 || d["status"] != "RUNNING" || d["stopDate"] != nil {
		t.Errorf("described: %v", d)
	}
	var ids []string
	for _, r := range c.all(t, "ListMapRuns", object{"executionArn": arn, "maxResults": 1}, "mapRuns") {
		a := r["mapRunArn"].(string)
		ids = append(ids, a[len(a)-1:])
		if r["stateMachineArn"] != arnOf("m/Label") {
			t.Errorf("the machine of a run: %v", r)
		}
	}
	if strings.Join(ids, " ") != "3 2 1" {
		t.Errorf("listed: %v", ids)
	}
	c.ok(t, "UpdateMapRun", object{"mapRunArn": run("1").ARN, "maxConcurrency": 0, "toleratedFailurePercentage": 12.5})
	u := c.engine.updates[0]
	if *u.MaxConcurrency != 0 || *u.ToleratedFailurePercentage != 12.5 || u.ToleratedFailureCount != nil {
		t.Errorf("updated: %+v", u)
	}
	if code, _ := c.refused(t, "UpdateMapRun", object{"mapRunArn": run("1").ARN, "toleratedFailurePercentage": 101}); code != "ValidationException" {
		t.Errorf("101 percent: %s", code)
	}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(o *api.Options) { o.Poll = time.Millisecond })
	activity := c.ok(t, "CreateActivity", object{"name": "a"})["activityArn"].(string)
	if got := c.ok(t, "GetActivityTask", object{"activityArn": activity}); len(got) != 0 {
		t.Errorf("no task: %v", got)
	}
	c.engine.token = "token"
	same(t, c.ok(t, "GetActivityTask", object{"activityArn": activity, "workerName": "w"}), object{"taskToken": "token", "input": `{"for":"` + activity + ` w"}`})
	c.ok(t, "SendTaskSuccess", object{"taskToken": "token", "output": `{"a":1}`})
	c.ok(t, "SendTaskFailure", object{"taskToken": "token", "error": "E", "cause": "C"})
	c.ok(t, "SendTaskFailure", object{"taskToken": "token"})
	c.ok(t, "SendTaskHeartbeat", object{"taskToken": "token"})
	if got := strings.Join(c.engine.tasks, ", "); got != `success token {"a":1}, failure token E C, failure token` {
		t.Error(got)
	}
	if code, _ := c.refused(t, "SendTaskSuccess", object{"taskToken": "token", "output": "{"}); code != "InvalidOutput" {
		t.Errorf("an output that is no JSON: %s", code)
	}
	if code, _ := c.refused(t, "SendTaskHeartbeat", object{"taskToken": "gone"}); code != "TaskTimedOut" {
		t.Errorf("a task that has timed out: %s", code)
	}
}

// A poll does not hold up a server that stops.
func TestPollEndsWithTheServer(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	activity := c.ok(t, "CreateActivity", object{"name": "a"})["activityArn"].(string)
	ctx, stop := context.WithCancel(t.Context())
	c.server.HTTP(ctx)
	stop()
	if got := c.ok(t, "GetActivityTask", object{"activityArn": activity}); len(got) != 0 {
		t.Errorf("no task: %v", got)
	}
}

func TestDeletingStateMachine(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.create(t, "m", pass)
	c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "definition": " " + pass, "publish": true})
	c.store.running[machine] = true
	c.ok(t, "DeleteStateMachine", object{"stateMachineArn": machine})
	if d := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine}); d["status"] != "DELETING" {
		t.Errorf("while an execution runs: %v", d["status"])
	}
	for operation, body := range map[string]object{
		"StartExecution":     {"stateMachineArn": machine},
		"CreateStateMachine": {"name": "m", "definition": pass, "roleArn": role},
		"UpdateStateMachine": {"stateMachineArn": machine, "roleArn": "r"},
	} {
		if code, _ := c.refused(t, operation, body); code != "StateMachineDeleting" {
			t.Errorf("%s while it is deleted: %s", operation, code)
		}
	}
	c.store.running[machine] = false
	if got := c.all(t, "ListStateMachines", object{}, "stateMachines"); len(got) != 0 {
		t.Errorf("after its last execution: %v", got)
	}
	if n := c.store.count("definition"); n != 0 {
		t.Errorf("%d definitions are left behind", n)
	}
	c.ok(t, "DeleteStateMachine", object{"stateMachineArn": machine})
	c.create(t, "m", pass)
}

// Others may change a machine at the same time, in this process or another:
// nothing that was answered for may get lost.
func TestChangesAtTheSameTime(t *testing.T) {
	t.Parallel()
	c := newClient(t)
	machine := c.create(t, "m", pass)
	c.store.before = func(d workflow.Document) {
		if d.Kind == "definition" {
			if err := c.registry.AddTags(context.Background(), machine, []workflow.Tag{{Key: "k", Value: "v"}}); err != nil {
				t.Error(err)
			}
		}
	}
	c.ok(t, "UpdateStateMachine", object{"stateMachineArn": machine, "definition": " " + pass, "publish": true})
	if d := c.ok(t, "DescribeStateMachine", object{"stateMachineArn": machine + ":1"}); d["definition"] != " "+pass {
		t.Errorf("the update is lost: %v", d)
	}
	same(t, c.ok(t, "ListTagsForResource", object{"resourceArn": machine}), object{"tags": []object{{"key": "k", "value": "v"}}})
	if n := c.store.count("definition"); n != 1 {
		t.Errorf("%d definitions are kept, want 1", n)
	}
	// Two create the same name: one is made, the other is told.
	c.store.before = func(workflow.Document) { c.create(t, "n", pass) }
	if code, _ := c.refused(t, "CreateStateMachine", object{"name": "n", "definition": " " + pass, "roleArn": role}); code != "StateMachineAlreadyExists" {
		t.Errorf("the second of two: %q", code)
	}
	if n := c.store.count("definition"); n != 2 {
		t.Errorf("%d definitions are kept, want 2", n)
	}
}
