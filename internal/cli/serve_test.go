package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// served is a lake's server in a process of its own.
type served struct {
	url    string
	cmd    *exec.Cmd
	stderr *bytes.Buffer
}

const servedLake = `root: lake
site: demo
workflow:
  name: mine
  definition: mine.asl.json
schedules:
  daily:
    expression: cron(0 7 * * ? *)
`

// wplakeIn makes a command line in a folder: this test's own binary is wplake.
func wplakeIn(ctx context.Context, t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Args = append([]string{"wplake"}, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir, "NO_COLOR=1")
	return cmd
}

// serveLake starts a server and waits until it answers.
func serveLake(t *testing.T, dir string, args ...string) *served {
	t.Helper()
	s := &served{stderr: &bytes.Buffer{}}
	s.cmd = wplakeIn(t.Context(), t, dir, append([]string{"serve", "--listen", "127.0.0.1:0", "--json"}, args...)...)
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var document struct{ URL string }
	if err := json.NewDecoder(stdout).Decode(&document); err != nil {
		t.Fatalf("no address: %v, %v\n%s", err, s.cmd.Wait(), s.stderr)
	}
	s.url = document.URL
	return s
}

func (s *served) do(t *testing.T, method, path, operation, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "AWSStepFunctions."+operation)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return response.StatusCode, answer
}

// stop ends the server as a service manager does.
func (s *served) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("stopped: %v\n%s", err, s.stderr)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wplake.yaml", servedLake)
	write("mine.asl.json", `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":86400,"End":true}}}`)
	const machine = "arn:aws:states:eu-west-1:000000000000:stateMachine:mine"

	s := serveLake(t, dir)
	status, health := s.do(t, http.MethodGet, "/healthz", "", "")
	schedules, _ := health["schedules"].([]any)
	if status != http.StatusOK || health["ready"] != true || len(schedules) != 1 || schedules[0].(map[string]any)["next"] == nil {
		t.Errorf("health: %d %v", status, health)
	}
	status, list := s.do(t, http.MethodPost, "/", "ListStateMachines", "{}")
	machines, _ := list["stateMachines"].([]any)
	if status != http.StatusOK || len(machines) != 1 {
		t.Fatalf("machines: %d %v", status, list)
	}
	arn := machines[0].(map[string]any)["stateMachineArn"].(string)
	if !strings.HasSuffix(arn, ":stateMachine:mine") {
		t.Errorf("%s, want such as %s", arn, machine)
	}
	if status, x := s.do(t, http.MethodPost, "/", "StartExecution", `{"stateMachineArn":"`+arn+`","name":"long"}`); status != http.StatusOK {
		t.Fatalf("started: %d %v", status, x)
	}

	second, err := wplakeIn(t.Context(), t, dir, "serve", "--listen", "127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(second), "is served by wplake serve (process ") {
		t.Errorf("a second server: %v\n%s", err, second)
	}
	s.stop(t)

	// What waited goes on, and the definition is as it is now.
	write("mine.asl.json", `{"Comment":"changed","StartAt":"W","States":{"W":{"Type":"Wait","Seconds":86400,"End":true}}}`)
	s = serveLake(t, dir)
	_, health = s.do(t, http.MethodGet, "/healthz", "", "")
	if n := health["executions"].(map[string]any)["running"]; n != 1.0 {
		t.Errorf("after a restart: %v", health)
	}
	_, m := s.do(t, http.MethodPost, "/", "DescribeStateMachine", `{"stateMachineArn":"`+arn+`"}`)
	if definition, _ := m["definition"].(string); !strings.Contains(definition, "changed") || m["revisionId"] == nil {
		t.Errorf("after a change of the definition: %v", m)
	}
	s.stop(t)
}
