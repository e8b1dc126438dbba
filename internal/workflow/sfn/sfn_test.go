package sfn_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

func code(err error) workflow.Code {
	if e, ok := errors.AsType[*workflow.Error](err); ok {
		return e.Code
	}
	return ""
}

// TestStartLost: the answer to a start is lost, and the second try finds the
// name taken.
func TestStartLost(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]string{"it runs": "RUNNING", "it has ended": "SUCCEEDED"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			starts := 0
			s, c := open(t, func(op string, _ object) (int, any) {
				switch op {
				case "StartExecution":
					if starts++; starts == 1 {
						return http.StatusInternalServerError, fault("InternalFailure", "lost")
					}
					return 400, fault("ExecutionAlreadyExists", "Execution Already Exists: 'run-1'")
				case "DescribeExecution":
					return 200, execution(status, `{ "full": true }`)
				}
				return 200, machine()
			})
			x, err := c.Start(t.Context(), workflow.StartInput{Name: "run-1", Input: json.RawMessage(`{"full":true}`)})
			if err != nil || x.ARN != executionARN || string(x.Status) != status {
				t.Fatalf("%+v, %v", x, err)
			}
			in := s.of("StartExecution")
			if len(in) != 2 || in[1]["name"] != "run-1" || in[1]["stateMachineArn"] != machineARN || s.of("DescribeExecution")[0]["executionArn"] != executionARN {
				t.Errorf("%v", in)
			}
			if _, err := c.Start(t.Context(), workflow.StartInput{Name: "run-1", Input: json.RawMessage(`{"full":false}`)}); code(err) != workflow.ExecutionAlreadyExists {
				t.Errorf("with another input: %v", err)
			}
		})
	}
}

func TestThrottled(t *testing.T) {
	t.Parallel()
	tries := 0
	_, c := open(t, func(op string, _ object) (int, any) {
		if op == "DescribeStateMachineForExecution" {
			return 400, fault("AccessDeniedException", "not authorized to perform: states:DescribeStateMachineForExecution")
		}
		if tries++; tries < 4 {
			return 400, fault("ThrottlingException", "Rate exceeded")
		}
		return 200, execution("SUCCEEDED", "{}")
	})
	x, err := c.Describe(t.Context(), executionARN)
	if err != nil {
		t.Fatal(err)
	}
	want := workflow.Execution{
		ARN: executionARN, Name: "run-1", Machine: workflow.StateMachine{ARN: machineARN, Name: "wordpress", Type: workflow.Standard}, Status: asl.Succeeded,
		Input: json.RawMessage("{}"), Output: json.RawMessage(`{"a":1}`), Started: time.Unix(1_799_999_000, 5e8).UTC(), Stopped: time.Unix(1_799_999_100, 0).UTC(),
	}
	if d := cmp.Diff(want, x); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]any{
		"ExecutionDoesNotExist": workflow.ExecutionDoesNotExist, "InvalidArn": workflow.InvalidArn, "ValidationException": workflow.ValidationException,
		"AccessDeniedException": lake.AccessDenied, "ExpiredTokenException": lake.CredentialsBad, "KmsThrottlingException": lake.ServiceFailed,
	} {
		_, c := open(t, func(string, object) (int, any) { return 400, fault(name, "because") })
		_, err := c.Describe(t.Context(), executionARN)
		if wanted, ok := want.(workflow.Code); ok && code(err) != wanted {
			t.Errorf("%s: %v", name, err)
		}
		if wanted, ok := want.(lake.Code); ok && !lake.HasCode(err, wanted) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWaitAndStop(t *testing.T) {
	t.Parallel()
	looks, stopped := 0, false
	s, c := open(t, func(op string, _ object) (int, any) {
		switch op {
		case "DescribeExecution":
			if looks++; stopped && looks > 3 {
				return 200, execution("ABORTED", "{}")
			}
			return 200, execution("RUNNING", "{}")
		case "StopExecution":
			stopped = true
			return 200, object{"stopDate": 1.0}
		}
		return 200, machine()
	})
	name := "Cancelled"
	x, err := c.Stop(t.Context(), executionARN, &name, nil)
	if err != nil || x.Status != asl.Aborted || x.Output != nil || x.Machine.Definition == "" {
		t.Errorf("%+v, %v", x, err)
	}
	if in := s.of("StopExecution"); len(in) != 1 || in[0]["error"] != "Cancelled" {
		t.Errorf("%v", in)
	}
	if _, err := c.Stop(t.Context(), executionARN, nil, nil); err != nil || len(s.of("StopExecution")) != 1 {
		t.Errorf("one that has ended: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, c = open(t, func(op string, _ object) (int, any) {
		if op == "DescribeExecution" {
			cancel()
		}
		return 200, execution("RUNNING", "{}")
	})
	if _, err := c.Wait(ctx, executionARN); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that is cancelled: %v", err)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	s, c := open(t, func(_ string, in object) (int, any) {
		if in["nextToken"] == nil {
			return 200, object{"executions": []any{object{
				"executionArn": executionARN, "stateMachineArn": machineARN, "name": "run-1", "status": "FAILED", "startDate": 10.0, "stopDate": 20.0, "redriveCount": 1, "redriveDate": 15.0,
			}}, "nextToken": "more"}
		}
		return 200, object{"executions": []any{}}
	})
	got, next, err := c.List(t.Context(), workflow.Filter{Status: asl.Failed, Limit: 5000})
	want := []workflow.Execution{{
		ARN: executionARN, Name: "run-1", Machine: workflow.StateMachine{ARN: machineARN, Name: "wordpress", Type: workflow.Standard}, Status: asl.Failed,
		Started: time.Unix(10, 0).UTC(), Stopped: time.Unix(20, 0).UTC(), Redrives: 1, Redriven: time.Unix(15, 0).UTC(),
	}}
	if d := cmp.Diff(want, got); err != nil || next != "more" || d != "" {
		t.Errorf("%q, %v (-want +got):\n%s", next, err, d)
	}
	if got, next, err := c.List(t.Context(), workflow.Filter{Next: next}); len(got) != 0 || next != "" || err != nil {
		t.Errorf("%v, %q, %v", got, next, err)
	}
	if in := s.of("ListExecutions")[0]; in["maxResults"] != 1000.0 || in["statusFilter"] != "FAILED" || in["stateMachineArn"] != machineARN {
		t.Errorf("%v", in)
	}
	if _, _, err := c.List(t.Context(), workflow.Filter{Oldest: true}); code(err) != workflow.ValidationException {
		t.Errorf("oldest first: %v", err)
	}
}

// TestHistory reads 2500 events in pages, from both ends.
func TestHistory(t *testing.T) {
	t.Parallel()
	const n = 2500
	s, c := open(t, func(_ string, in object) (int, any) {
		from := 0
		if token, ok := in["nextToken"].(string); ok {
			_, _ = fmt.Sscan(token, &from)
		}
		most := int(in["maxResults"].(float64))
		out := object{}
		var events []any
		for i := from; i < min(n, from+most); i++ {
			id := i + 1
			if in["reverseOrder"] == true {
				id = n - i
			}
			events = append(events, object{"id": id, "previousEventId": id - 1, "type": "PassStateEntered", "timestamp": 1.5, "stateEnteredEventDetails": object{"name": "A", "input": `{"n":1.0}`}})
		}
		if from+most < n {
			out["nextToken"] = fmt.Sprint(from + most)
		}
		out["events"] = events
		return 200, out
	})
	for _, tc := range []struct {
		after       int64
		limit, want int
		reverse     bool
		first       int64
		page        float64 // how many events are asked for at once
	}{
		{0, 0, n, false, 1, 1000}, {0, 0, n, true, n, 1000}, {0, 10, 10, true, n, 10}, {2000, 0, 500, false, 2001, 1000}, {2000, 7, 7, false, 2001, 1000}, {100, 5, 5, true, 99, 1000}, {2500, 0, 0, false, 0, 1000},
	} {
		got, err := c.History(t.Context(), executionARN, tc.after, tc.limit, tc.reverse)
		if err != nil || len(got) != tc.want || tc.want > 0 && got[0].ID != tc.first {
			t.Errorf("%+v: %d events, %v", tc, len(got), err)
		}
		calls := s.of("GetExecutionHistory")
		if page := calls[len(calls)-1]["maxResults"]; page != tc.page {
			t.Errorf("%+v: asked for %v events at once", tc, page)
		}
	}
	got, err := c.History(t.Context(), executionARN, 0, 1, false)
	want := []asl.Event{{
		ID: 1, Type: "PassStateEntered", Time: time.Unix(1, 5e8).UTC(), State: "A", HasInput: true, Input: map[string]any{"n": json.Number("1.0")},
	}}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// TestEvents: what the API tells of an event, Event.Details tells again.
func TestEvents(t *testing.T) {
	t.Parallel()
	resource := object{"resourceType": "lambda", "resource": "invoke"}
	with := func(more object) object {
		out := object{}
		for _, m := range []object{resource, more} {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	data := object{"truncated": false}
	fails := object{"error": "E", "cause": "c"}
	for kind, details := range map[string]object{
		"ExecutionStarted":       {"executionStartedEventDetails": object{"input": "{}", "inputDetails": data, "roleArn": "r"}},
		"ExecutionSucceeded":     {"executionSucceededEventDetails": object{"output": "null", "outputDetails": data}},
		"ExecutionFailed":        {"executionFailedEventDetails": fails},
		"ExecutionAborted":       {"executionAbortedEventDetails": fails},
		"ExecutionTimedOut":      {"executionTimedOutEventDetails": fails},
		"ExecutionRedriven":      {"executionRedrivenEventDetails": object{"redriveCount": 2}},
		"TaskStateEntered":       {"stateEnteredEventDetails": object{"name": "A", "input": `[1,"<"]`, "inputDetails": data}},
		"TaskStateExited":        {"stateExitedEventDetails": object{"name": "A", "output": "1", "outputDetails": data, "assignedVariables": object{"v": "1"}, "assignedVariablesDetails": data}},
		"EvaluationFailed":       {"evaluationFailedEventDetails": object{"state": "A", "location": "Output", "error": "E", "cause": "c"}},
		"MapStateStarted":        {"mapStateStartedEventDetails": object{"length": 3}},
		"MapIterationStarted":    {"mapIterationStartedEventDetails": object{"name": "M", "index": 0}},
		"MapIterationFailed":     {"mapIterationFailedEventDetails": object{"name": "M", "index": 2}},
		"MapRunStarted":          {"mapRunStartedEventDetails": object{"mapRunArn": "m"}},
		"MapRunFailed":           {"mapRunFailedEventDetails": fails},
		"TaskScheduled":          {"taskScheduledEventDetails": with(object{"parameters": "{}", "timeoutInSeconds": 60, "heartbeatInSeconds": 5})},
		"TaskStarted":            {"taskStartedEventDetails": resource},
		"TaskSubmitted":          {"taskSubmittedEventDetails": with(object{"output": "{}", "outputDetails": data})},
		"TaskSucceeded":          {"taskSucceededEventDetails": with(object{"output": "{}", "outputDetails": data})},
		"TaskFailed":             {"taskFailedEventDetails": with(fails)},
		"TaskTimedOut":           {"taskTimedOutEventDetails": with(fails)},
		"TaskStartFailed":        {"taskStartFailedEventDetails": with(fails)},
		"TaskSubmitFailed":       {"taskSubmitFailedEventDetails": with(fails)},
		"LambdaFunctionFailed":   {"lambdaFunctionFailedEventDetails": fails},
		"LambdaFunctionTimedOut": {"lambdaFunctionTimedOutEventDetails": fails},
		"ActivityStarted":        {"activityStartedEventDetails": object{"workerName": "w"}},
		"ActivityFailed":         {"activityFailedEventDetails": fails},
		"ParallelStateStarted":   {},
	} {
		_, c := open(t, func(string, object) (int, any) {
			e := object{"id": 7, "previousEventId": 6, "type": kind, "timestamp": 1.0}
			for k, v := range details {
				e[k] = v
			}
			return 200, object{"events": []any{e}}
		})
		events, err := c.History(t.Context(), executionARN, 0, 0, false)
		if err != nil || len(events) != 1 {
			t.Errorf("%s: %v, %v", kind, events, err)
			continue
		}
		got := object{}
		if name, d := events[0].Details(); name != "" {
			got[name] = d
		}
		if d := cmp.Diff(plain(t, details), plain(t, got)); d != "" || events[0].ID != 7 || events[0].Previous != 6 {
			t.Errorf("%s: %+v (-want +got):\n%s", kind, events[0], d)
		}
	}
}

func plain(t *testing.T, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRedrive(t *testing.T) {
	t.Parallel()
	s, c := open(t, func(op string, _ object) (int, any) {
		if op == "DescribeExecution" {
			return 200, execution("FAILED", "{}")
		}
		return 200, object{"redriveDate": 1.0}
	})
	if x, err := c.Redrive(t.Context(), executionARN); err != nil || x.ARN != executionARN || len(s.of("RedriveExecution")) != 1 {
		t.Errorf("%+v, %v", x, err)
	}
	now := time.Unix(1_800_000_000, 0)
	for _, tc := range []struct {
		x    workflow.Execution
		want bool
	}{
		{workflow.Execution{Status: asl.Failed, Stopped: now.Add(-time.Hour)}, true},
		{workflow.Execution{Status: asl.Failed, Stopped: now.Add(-15 * 24 * time.Hour)}, false},
		{workflow.Execution{Status: asl.Running}, false},
		{workflow.Execution{Status: asl.Succeeded, Stopped: now}, false},
		{workflow.Execution{Status: asl.Failed, Stopped: now, MapRun: "m"}, false},
		{workflow.Execution{Status: asl.Failed, Stopped: now, Machine: workflow.StateMachine{Type: workflow.Express}}, false},
	} {
		if reason, ok := c.Redrivable(tc.x); ok != tc.want || ok != (reason == "") {
			t.Errorf("%+v: %q, %v", tc.x, reason, ok)
		}
	}
}

func TestMachineAndMapRuns(t *testing.T) {
	t.Parallel()
	_, c := open(t, func(op string, in object) (int, any) {
		switch op {
		case "DescribeStateMachine":
			m := machine()
			m["type"], m["creationDate"], m["status"] = "STANDARD", 5.0, "ACTIVE"
			m["loggingConfiguration"] = object{"level": "ALL", "includeExecutionData": false, "destinations": []any{object{"cloudWatchLogsLogGroup": object{"logGroupArn": "g"}}}}
			return 200, m
		case "ListMapRuns":
			if in["nextToken"] == nil {
				return 200, object{"mapRuns": []any{object{"mapRunArn": machineARN + "/Each:1", "startDate": 1.0}}, "nextToken": "t"}
			}
			return 200, object{"mapRuns": []any{object{"mapRunArn": "arn:aws:states:r:a:mapRun:wordpress/Each:2", "startDate": 2.0}}}
		}
		started := 1.0
		if strings.HasSuffix(in["mapRunArn"].(string), "2") {
			started = 2
		}
		return 200, object{"mapRunArn": in["mapRunArn"], "status": "SUCCEEDED", "startDate": started, "itemCounts": object{"total": 3, "succeeded": 2, "failed": 1}, "executionCounts": object{"total": 3}}
	})
	m, err := c.Machine(t.Context(), "")
	if err != nil || m.Type != workflow.Standard || m.RoleARN == "" || !strings.Contains(string(m.Logging), `"logGroupArn":"g"`) {
		t.Errorf("%+v, %v", m, err)
	}
	runs, err := c.MapRuns(t.Context(), executionARN)
	if err != nil || len(runs) != 2 || runs[0].State != "Each" || runs[0].Started.Unix() != 2 || runs[0].Items.Failed != 1 || runs[0].Executions.Total != 3 {
		t.Errorf("%+v, %v", runs, err)
	}
}
