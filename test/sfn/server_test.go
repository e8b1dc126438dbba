//go:build aws

package sfn

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// binary is the built wplake.
var binary string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "wplake-sfn-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "wplake")
	build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", binary, "wplake/cmd/wplake")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

const (
	prefix = "arn:aws:states:eu-west-1:000000000000:"
	role   = "arn:aws:iam::000000000000:role/lake"
	hello  = `{"StartAt":"Hello","States":{"Hello":{"Type":"Pass","Parameters":{"said.$":"States.Format('Hello {}', $.who)"},"End":true}}}`
)

// lake is what the server's lake is: a command stands for a function.
const lake = `site: demo
root: lake
workflow:
  commands:
    upper: {run: [tr, a-z, A-Z]}
`

// serve starts a server on a lake of its own, which ends with the test.
func serve(t *testing.T, definition string, args ...string) (address string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wplake.yaml"), []byte(definition), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), binary, append([]string{"serve", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server: %v\n%s", err, &stderr)
		}
	})
	var document struct{ Address string }
	if err := json.NewDecoder(stdout).Decode(&document); err != nil {
		t.Fatalf("no address: %v\n%s", err, &stderr)
	}
	return document.Address
}
