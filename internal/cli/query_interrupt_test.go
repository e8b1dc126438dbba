package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestQueryInterrupted holds that SIGINT ends a query that does not end by
// itself, with exit status 3, and that nothing of it stays.
func TestQueryInterrupted(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows sends no such signal")
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "wplake", "init", dir, "--quiet").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out := filepath.Join(dir, "out.csv")
	cmd := exec.CommandContext(t.Context(), "wplake", "query", "--config", filepath.Join(dir, "wplake.yaml"), "--output", out,
		"SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE (a.range + b.range) % 7 = 3")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for begun := false; !begun; { // the file beside the result is made when the reader is open
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("the query did not begin")
		}
		names, err := filepath.Glob(filepath.Join(dir, ".out.csv-*"))
		if err != nil {
			t.Fatal(err)
		}
		begun = len(names) > 0
	}
	start := time.Now()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 3 || !strings.Contains(stderr.String(), "the query was cancelled") {
		t.Errorf("exit status %d (%v), want 3\n%s", code, err, stderr.String())
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("the query ended %s after the signal", d)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".out.csv-*"))
	if _, statErr := os.Stat(out); err != nil || len(left) > 0 || statErr == nil {
		t.Errorf("files are left: %v", left)
	}
}
