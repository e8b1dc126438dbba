//go:build faults

package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"wplake/internal/lake"
)

// binary is the built wplake.
var binary string

// binaryVariable hands the binary on to a copy of this process.
const binaryVariable = "WPLAKE_FAULTS_BINARY"

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	if binary = os.Getenv(binaryVariable); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "wplake-faults-")
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

// result is how a command ended.
type result struct {
	exit   int // -1 when a signal ended it
	signal syscall.Signal
	stdout string
	stderr string
	took   time.Duration
}

func (r result) String() string {
	return fmt.Sprintf("exit status %d, signal %d, after %s\nstdout: %s\nstderr: %s",
		r.exit, r.signal, r.took.Round(time.Millisecond), r.stdout, r.stderr)
}

// report reads what `run --json` printed.
func (r result) report(t *testing.T) lake.RunReport {
	t.Helper()
	var report lake.RunReport
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		t.Fatalf("not one JSON document on standard output: %v\n%s", err, r)
	}
	return report
}

// process is a command under way.
type process struct {
	cmd     *exec.Cmd
	stdout  bytes.Buffer
	stderr  bytes.Buffer
	started time.Time
	done    chan error
}

// start begins a command in a folder.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), binary, args...), done: make(chan error, 1)}
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	p.started = time.Now()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	return p
}

// wait waits for the command's end, whatever it is.
func (p *process) wait(t *testing.T) result {
	t.Helper()
	select {
	case err := <-p.done:
		return p.result(t, err)
	case <-time.After(2 * time.Minute):
		p.send(t, syscall.SIGQUIT) // Go prints where every goroutine is
		err := <-p.done
		t.Fatalf("still running after two minutes: %v: %v\nstderr: %s", p.cmd.Args, err, p.stderr.String())
		return result{}
	}
}

// signalAt sends a signal when the command has run for the given time, and
// waits for its end. A command that ended before is left alone.
func (p *process) signalAt(t *testing.T, after time.Duration, signal syscall.Signal) result {
	t.Helper()
	timer := time.NewTimer(time.Until(p.started.Add(after)))
	defer timer.Stop()
	select {
	case err := <-p.done:
		return p.result(t, err)
	case <-timer.C:
		p.send(t, signal)
		return p.wait(t)
	}
}

func (p *process) send(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
}

func (p *process) result(t *testing.T, err error) result {
	t.Helper()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	r := result{
		exit:   p.cmd.ProcessState.ExitCode(),
		stdout: p.stdout.String(),
		stderr: p.stderr.String(),
		took:   time.Since(p.started),
	}
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		r.signal = status.Signal()
	}
	return r
}

// must runs a command that has to succeed.
func must(t *testing.T, dir string, args ...string) result {
	t.Helper()
	r := start(t, dir, args...).wait(t)
	if r.exit != 0 {
		t.Fatalf("wplake %v: %s", args, r)
	}
	return r
}
