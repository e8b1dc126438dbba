package scenario_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/asl/scenario"
)

// machine has a bit of everything: a wait, a retry, a catch, a choice, branches
// and a Map with tasks.
const machine = `{
 "StartAt": "Pause",
 "States": {
  "Pause": {"Type": "Wait", "Seconds": 3600, "Next": "Load"},
  "Load": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "load", "Payload.$": "$"}, "TimeoutSeconds": 60,
    "ResultPath": "$.load",
    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "MaxAttempts": 2, "BackoffRate": 2}],
    "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}, {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Alert"}],
    "Next": "Enough"},
  "Enough": {"Type": "Choice",
    "Choices": [{"Variable": "$.load.rows", "NumericGreaterThan": 0, "Next": "Fan"}], "Default": "Done"},
  "Fan": {"Type": "Parallel", "ResultPath": "$.fan", "Next": "Each", "Branches": [
    {"StartAt": "Left", "States": {"Left": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:left", "End": true}}},
    {"StartAt": "Right", "States": {"Right": {"Type": "Wait", "Seconds": 30, "Next": "Right 2"}, "Right 2": {"Type": "Pass", "End": true}}}]},
  "Each": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.each", "Next": "Done", "ItemProcessor": {"StartAt": "One", "States": {
    "One": {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName.$": "$.name"},
      "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5}], "End": true}}}},
  "Done": {"Type": "Succeed"},
  "Late": {"Type": "Fail", "Error": "Late", "CausePath": "$.Cause"},
  "Alert": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "t", "Message.$": "$.error.Cause"}, "Next": "Failed"},
  "Failed": {"Type": "Fail", "Error": "LoadFailed", "Cause": "see the alert"}
 }
}`

func run(t *testing.T, yaml string) ([]scenario.Result, scenario.Coverage) {
	t.Helper()
	m, err := asl.Parse([]byte(machine))
	if err != nil {
		t.Fatal(err)
	}
	f, err := scenario.Parse("m.test.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	if err := scenario.Check(f, m); err != nil {
		t.Fatal(err)
	}
	c := scenario.NewCovering("m.asl.json", m)
	results, err := scenario.Run(context.Background(), f, c)
	if err != nil {
		t.Fatal(err)
	}
	return results, c.Coverage()
}

const allRight = `
machine: m.asl.json
start: 2026-03-01T06:00:00Z
mocks:
  Left: {result: left}
tests:
  - name: two busy answers, then all goes well
    input: {items: [{name: a}, {name: b}, {name: c}]}
    mocks:
      Load:
        - {error: Busy, cause: come back}
        - {error: Busy, delay: 5s}
        - {result: {rows: 3}, delay: 2s}
      One:
        items:
          1: [{error: Busy}, {result: late}]
          "*": {result: ok, delay: 1}
    expect:
      output: {items: [{name: a}, {name: b}, {name: c}], load: {rows: 3}, fan: [left, {items: [{name: a}, {name: b}, {name: c}], load: {rows: 3}}], each: [ok, late, ok]}
      path: [Pause, Load, Enough, {Fan: [[Left], [Right, Right 2]]}, {Each: [[One], [One], [One]]}, Done]
      calls:
        - {state: Load, count: 3}
        - {state: One, arguments: {JobName: b}, count: 2}
        - {state: Left, resource: "arn:aws:lambda:us-east-1:123456789012:function:left", arguments_has: {load: {rows: 3}}}
        - {resource: "arn:aws:states:::sns:publish", count: 0}
      # 3600 of the wait, 10 + 5 + 20 + 2 of the attempts, 30 of the branch, 5 of the retried item
      duration: 1h1m12s
  - name: nothing to do
    input: {items: []}
    mocks: {Load: {result: {rows: 0}}}
    expect: {path: [Pause, "...", Done], output_has: {load: {rows: 0}}}
  - name: no answer in time
    mocks: {Load: {never: true}}
    expect: {error: Late, cause: "", path: ["...", Late], duration: 3660}
  - name: it fails
    mocks: {Load: {error: Broken, cause: pipe}, Alert: {result: {MessageId: m}}}
    expect:
      status: FAILED
      error: LoadFailed
      cause_has: alert
      calls: [{state: Alert, arguments: {TopicArn: t, Message: pipe}, count: 1}]
`

func TestScenariosThatPass(t *testing.T) {
	t.Parallel()
	results, coverage := run(t, allRight)
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s: %s", r.Name, strings.Join(r.Failures, "\n"))
		}
	}
	if coverage.Percent != 100 || coverage.States.Total != 13 || coverage.Choices.Total != 2 || coverage.Catches.Total != 2 || coverage.Retries.Total != 2 {
		t.Errorf("coverage %+v", coverage)
	}
}

func TestScenariosThatFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, test, want string }{
		{"status", "{mocks: {Load: {error: E}, '*': {result: 1}}}", `status: want SUCCEEDED, got FAILED ("LoadFailed": "see the alert")`},
		{"output", "{mocks: {Load: {result: {rows: 0}}}, expect: {output: {load: {rows: 1}, x: 2}}}", "output.load.rows: want 1, got 0"},
		{"missing", "{mocks: {Load: {result: {rows: 0}}}, expect: {output: {load: {rows: 0}, x: 2}}}", "output.x: missing, want 2"},
		{"too much", "{input: {a: 1}, mocks: {Load: {result: {rows: 0}}}, expect: {output: {load: {rows: 0}}}}", "output.a: not expected: 1"},
		{"error", "{mocks: {Load: {error: E}, '*': {result: 1}}, expect: {error: Other}}", `error: want "Other", got "LoadFailed"`},
		{"path", "{mocks: {Load: {result: {rows: 0}}}, expect: {path: [Pause, Load, Done]}}", `got  ["Pause","Load","Enough","Done"]`},
		{"branch", "{input: {items: []}, mocks: {Load: {result: {rows: 1}}, Left: {result: 1}}, expect: {path: ['...', {Fan: [[Left], [Right]]}, Each, Done]}}", `{"Fan":[["Left"],["Right"]]}`},
		{"calls", "{mocks: {Load: {result: {rows: 0}}}, expect: {calls: [{state: Load, arguments_has: {FunctionName: store}}]}}", `arguments.FunctionName: want "store", got "load"`},
		{"count", "{mocks: {Load: {result: {rows: 0}}}, expect: {calls: [{state: Load, count: 2}]}}", "calls of Load: want 2, got 1"},
		{"duration", "{mocks: {Load: {result: {rows: 0}}}, expect: {duration: 1h}}", ""},
		{"late", "{mocks: {Load: {result: {rows: 0}, delay: 1s}}, expect: {duration: 1h}}", "duration: want 1h0m0s, got 1h0m1s"},
		{"unmocked", "{}", `state "Load" calls arn:aws:states:::lambda:invoke with {"FunctionName":"load","Payload":{}} and has no mock`},
		{"for ever", "{mocks: {Load: {error: E}, Alert: {never: true}}}", `waits for ever for "Alert"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			results, _ := run(t, "tests:\n  - "+strings.Replace(c.test, "{", "{name: x, ", 1))
			got := strings.Join(results[0].Failures, "\n")
			if (c.want == "") != results[0].Passed || !strings.Contains(got, c.want) {
				t.Errorf("want %q in:\n%s", c.want, got)
			}
		})
	}
}

func TestScenarioBegins(t *testing.T) {
	t.Parallel()
	m, err := asl.Parse([]byte(`{"QueryLanguage":"JSONata","StartAt":"A","States":{
		"A":{"Type":"Fail"},
		"B":{"Type":"Pass","Output":{"v":"{% $n + 1 %}","name":"{% $states.context.Execution.Name %}","at":"{% $states.context.State.EnteredTime %}"},"End":true}}}`))
	if err != nil {
		t.Fatal(err)
	}
	f, err := scenario.Parse("b", []byte(`
tests:
  - name: from B
    start_at: B
    start: 2026-02-03T04:05:06.789+01:00
    variables: {n: 41}
    context: {Execution: {Name: nightly}}
    expect: {output: {v: 42, name: nightly, at: "2026-02-03T03:05:06.789Z"}}
`))
	if err != nil {
		t.Fatal(err)
	}
	results, err := scenario.Run(context.Background(), f, scenario.NewCovering("b", m))
	if err != nil || !results[0].Passed {
		t.Errorf("%v %+v", err, results)
	}
}

func TestDistributedMap(t *testing.T) {
	t.Parallel()
	m, err := asl.Parse([]byte(`{"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,"ToleratedFailureCount":1,
		"ItemReader":{"Resource":"arn:aws:states:::s3:listObjectsV2","Parameters":{"Bucket":"b"},"ReaderConfig":{"MaxItems":3}},
		"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"p"}},
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"One","States":{
			"One":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Retry":[{"ErrorEquals":["Busy"],"IntervalSeconds":7}],"End":true}}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	f, err := scenario.Parse("d", []byte(`
tests:
  - name: one of three fails, another is busy at first
    mocks:
      Each: {read: [{Key: a}, {Key: b}, {Key: c}, {Key: d}]}
      One: {items: {0: {error: Broken}, 2: [{error: Busy}, {result: 3}], "*": {result: 1}}}
    expect:
      path: [{Each: [[One], [One], [One]]}]
      calls: [{state: One, arguments: {Key: c}, count: 2}, {state: One, count: 4}]
      duration: 7s
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := scenario.Check(f, m); err != nil {
		t.Fatal(err)
	}
	results, err := scenario.Run(context.Background(), f, scenario.NewCovering("d", m))
	if err != nil || !results[0].Passed {
		t.Errorf("%v %+v", err, results)
	}
}

func TestMissingCoverageIsNamed(t *testing.T) {
	t.Parallel()
	_, c := run(t, "tests: [{name: x, mocks: {Load: {result: {rows: 0}}}}]")
	if c.States.Covered != 4 || len(c.States.Missing) != 9 {
		t.Errorf("states %+v", c.States)
	}
	want := []string{"Load: Catch 1 (States.Timeout → Late)", "Load: Catch 2 (States.ALL → Alert)"}
	if strings.Join(c.Catches.Missing, "|") != strings.Join(want, "|") {
		t.Errorf("catches %q", c.Catches.Missing)
	}
	if len(c.Choices.Missing) != 1 || !strings.HasPrefix(c.Choices.Missing[0], "Enough: rule 1 (") || !strings.HasSuffix(c.Choices.Missing[0], "→ Fan)") {
		t.Errorf("choices %q", c.Choices.Missing)
	}
	if c.Percent != 26.3 { // 5 of 19
		t.Errorf("percent %v", c.Percent)
	}
}

func TestFaultsOfFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "f: the file is empty: it needs 'tests'"},
		{"no tests", "tests: []", "f:1:1: there are no tests"},
		{"unknown key", "test: 1", `f:1:1: the file has no "test" (there are machine, mocks, start, tests)`},
		{"unknown expectation", "tests:\n  - name: a\n    expect:\n      outputs: 1\n", `f:4:7: expect has no "outputs"`},
		{"no name", "tests:\n  - input: 1\n", "f:2:5: a test needs a name"},
		{"name twice", "tests:\n  - {name: a}\n  - {name: a}\n", `f:3:1: the name "a" is there twice (first in line 2)`},
		{"two answers", "mocks:\n  A: {result: 1, error: E}\ntests: [{name: a}]", "f:2:6: a mock has exactly one of result, error and never"},
		{"duration", "tests:\n  - name: a\n    expect: {duration: soon}", "f:3:24: duration must be a duration such as 90s"},
		{"path", "tests:\n  - name: a\n    expect: {path: [{A: B}]}", "f:3:21: in a path stands a state"},
		{"not YAML", "tests: [", "f:1:8: this is not YAML"},
		{"twice", "tests: []\ntests: []", "f:2:1: tests is there twice (first in line 1)"},
		{"context", "tests:\n  - name: a\n    context: {State: {Name: x}}", "f:2:5: context can give fields of Execution and StateMachine, not State"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := scenario.Parse("f", []byte(c.text))
			var faults *scenario.FaultsError
			if !errors.As(err, &faults) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

func TestFaultsAgainstTheMachine(t *testing.T) {
	t.Parallel()
	m, err := asl.Parse([]byte(machine))
	if err != nil {
		t.Fatal(err)
	}
	f, err := scenario.Parse("f", []byte("mocks:\n  Lod: {result: 1}\n  Fan: {result: 2}\n  Each: {read: [1]}\ntests:\n  - name: a\n    start_at: Nowhere\n    expect: {calls: [{state: Pause}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := `f:2:3: the machine has no state "Lod" to mock
f:3:3: "Fan" is a Parallel, which calls nothing: only a Task has a result to mock
f:4:3: "Each" has no ItemReader: 'read' mocks nothing
f:6:1: the machine has no state "Nowhere" to start at
f:8:1: the machine has no Task "Pause" that could call`
	if err := scenario.Check(f, m); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(allRight)
	f.Add("tests: [{name: &a x, input: *a, mocks: {'*': [{result: 0x10, delay: 1.5}]}}]")
	f.Add("tests:\n- {name: a, expect: {path: ['...', {A: [[B, '...'], null]}]}}")
	m, err := asl.Parse([]byte(machine))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := scenario.Parse("f", []byte(text))
		if err != nil {
			return
		}
		_ = scenario.Check(file, m)
		results, err := scenario.Run(context.Background(), file, scenario.NewCovering("m", m))
		if err != nil || len(results) != len(file.Tests) {
			t.Errorf("%v, %d of %d", err, len(results), len(file.Tests))
		}
	})
}
