//go:build aws

package sfn

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// awsCLI runs the AWS CLI and returns what it printed, and what it complained of.
type awsCLI struct {
	t        *testing.T
	program  string
	endpoint string
	home     string
}

func newCLI(t *testing.T, address string) *awsCLI {
	t.Helper()
	program := os.Getenv("AWS_CLI")
	if program == "" {
		found, err := exec.LookPath("aws")
		if err != nil {
			t.Skip("there is no AWS CLI: make test-sfn installs one")
		}
		program = found
	}
	return &awsCLI{t: t, program: program, endpoint: "http://" + address, home: t.TempDir()}
}

func (a *awsCLI) try(args ...string) (map[string]any, string) {
	a.t.Helper()
	cmd := exec.CommandContext(a.t.Context(), a.program, append([]string{"stepfunctions", "--endpoint-url", a.endpoint, "--output", "json"}, args...)...)
	cmd.Dir = a.home
	// TestState and StartSyncExecution go to the host sync-127.0.0.1 otherwise,
	// which names no machine.
	cmd.Env = append(os.Environ(), "HOME="+a.home, "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=key",
		"AWS_DEFAULT_REGION=eu-west-1", "AWS_PAGER=", "AWS_DISABLE_HOST_PREFIX_INJECTION=true")
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, strings.TrimSpace(stderr.String())
	}
	var answer map[string]any
	if stdout.Len() > 0 {
		if err := json.Unmarshal([]byte(stdout.String()), &answer); err != nil {
			a.t.Fatalf("%v: %v\n%s", args, err, stdout.String())
		}
	}
	return answer, ""
}

// do runs what must succeed.
func (a *awsCLI) do(args ...string) map[string]any {
	a.t.Helper()
	answer, complaint := a.try(args...)
	if complaint != "" {
		a.t.Fatalf("aws stepfunctions %v: %s", args, complaint)
	}
	return answer
}

// TestCLI is a session with the AWS CLI, from create to history.
func TestCLI(t *testing.T) {
	t.Parallel()
	a := newCLI(t, serve(t, lake))
	if err := os.WriteFile(filepath.Join(a.home, "hello.json"), []byte(hello), 0o600); err != nil {
		t.Fatal(err)
	}
	machine := a.do("create-state-machine", "--name", "hello", "--definition", "file://hello.json", "--role-arn", role)["stateMachineArn"].(string)
	if machine != prefix+"stateMachine:hello" {
		t.Fatal(machine)
	}
	if list := a.do("list-state-machines")["stateMachines"].([]any); len(list) != 2 {
		t.Errorf("hello and the lake's own: %v", list)
	}
	x := a.do("start-execution", "--state-machine-arn", machine, "--name", "first", "--input", `{"who":"lake"}`)["executionArn"].(string)
	var d map[string]any
	for d = a.do("describe-execution", "--execution-arn", x); d["status"] == "RUNNING"; d = a.do("describe-execution", "--execution-arn", x) {
		time.Sleep(10 * time.Millisecond)
	}
	if d["status"] != "SUCCEEDED" || d["output"] != `{"said":"Hello lake"}` {
		t.Errorf("ended: %v", d)
	}
	var types []string
	for _, e := range a.do("get-execution-history", "--execution-arn", x)["events"].([]any) {
		types = append(types, e.(map[string]any)["type"].(string))
	}
	if got := strings.Join(types, " "); got != "ExecutionStarted PassStateEntered PassStateExited ExecutionSucceeded" {
		t.Error(got)
	}
	if s := a.do("test-state", "--definition", `{"Type":"Pass","End":true}`, "--input", `{"a":1}`); s["output"] != `{"a":1}` || s["status"] != "SUCCEEDED" {
		t.Errorf("test-state: %v", s)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{
			[]string{"start-execution", "--state-machine-arn", machine, "--name", "first", "--input", `{"who":"you"}`},
			"An error occurred (ExecutionAlreadyExists) when calling the StartExecution operation: Execution Already Exists: '" + x + "'",
		},
		{
			[]string{"describe-state-machine", "--state-machine-arn", "not_a_valid_arn"},
			"An error occurred (InvalidArn) when calling the DescribeStateMachine operation: Invalid Arn: 'Invalid ARN prefix: not_a_valid_arn'",
		},
		{
			[]string{"list-executions", "--state-machine-arn", prefix + "stateMachine:none"},
			"An error occurred (StateMachineDoesNotExist) when calling the ListExecutions operation: State Machine Does Not Exist: '" + prefix + "stateMachine:none'",
		},
	} {
		if _, complaint := a.try(tt.args...); !strings.HasSuffix(complaint, tt.want) {
			t.Errorf("%v: %s\nwant %s", tt.args, complaint, tt.want)
		}
	}
	a.do("delete-state-machine", "--state-machine-arn", machine)
}
