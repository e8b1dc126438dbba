package filelock_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/lock/locktest"
)

// holdEnv, when set, makes the test binary a process that takes the lock at
// that path and keeps it until it is killed or its input ends.
const holdEnv = "WPLAKE_TEST_HOLD_LOCK"

func TestMain(m *testing.M) {
	if path := os.Getenv(holdEnv); path != "" {
		os.Exit(hold(path))
	}
	os.Exit(m.Run())
}

func hold(path string) int {
	me := lock.Holder{RunID: "child", Host: "here", PID: os.Getpid(), Command: "wplake run", Since: time.Now()}
	if _, err := filelock.New(path, time.Now).Acquire(context.Background(), me, 0); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("held")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func TestSuite(t *testing.T) {
	t.Parallel()
	locktest.Run(t, func(t *testing.T) lock.Locker {
		return filelock.New(filepath.Join(t.TempDir(), "state", "lock"), time.Now)
	})
}

func TestDeadHolderIsFree(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self)
	child.Env = append(os.Environ(), holdEnv+"="+path)
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "held" {
		t.Fatalf("the child says %q, %v", line, err)
	}

	l := filelock.New(path, time.Now)
	h, held, err := l.Holder(t.Context())
	if err != nil || !held || h.PID != child.Process.Pid {
		t.Errorf("Holder() = %+v, %v, %v; want the child, %d", h, held, err, child.Process.Pid)
	}
	if _, err := l.Acquire(t.Context(), lock.Holder{RunID: "parent"}, 0); !lake.HasCode(err, lake.Locked) {
		t.Errorf("Acquire while the child holds the lock: %v; want the code Locked", err)
	}

	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	if h, held, err := l.Holder(t.Context()); err != nil || held {
		t.Errorf("Holder() = %+v, %v, %v after the kill; want nobody", h, held, err)
	}
	release, err := l.Acquire(t.Context(), lock.Holder{RunID: "parent", PID: os.Getpid()}, 0)
	if err != nil {
		t.Fatalf("Acquire after the kill: %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}

// The wait is neither cut short nor overrun, and the holder's age is told.
func TestWaitsItsTime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	synctest.Test(t, func(t *testing.T) {
		l := filelock.New(path, time.Now)
		release, err := l.Acquire(t.Context(), lock.Holder{RunID: "run-1", PID: 1, Command: "wplake run", Since: time.Now()}, 0)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err = l.Acquire(t.Context(), lock.Holder{RunID: "run-2"}, 90*time.Second)
		if !lake.HasCode(err, lake.Locked) || !strings.Contains(err.Error(), "begun 1m30s ago") {
			t.Errorf("Acquire: %v", err)
		}
		if waited := time.Since(began); waited != 90*time.Second {
			t.Errorf("waited %s, want 90s", waited)
		}
		if err := release(); err != nil {
			t.Error(err)
		}
	})
}

func TestUnusableFolder(t *testing.T) {
	t.Parallel()
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := filelock.New(filepath.Join(blocked, "lock"), time.Now).Acquire(t.Context(), lock.Holder{}, 0)
	if !lake.HasCode(err, lake.StorageFailed) {
		t.Errorf("Acquire: %v; want the code StorageFailed", err)
	}
}

// A description that a dying process left half written is no obstacle.
func TestDamagedDescription(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	if err := os.WriteFile(path, []byte(`{"run_id": "ru`), 0o600); err != nil {
		t.Fatal(err)
	}
	l := filelock.New(path, time.Now)
	release, err := l.Acquire(t.Context(), lock.Holder{RunID: "run-1", PID: 7}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if h, held, err := l.Holder(t.Context()); err != nil || !held || h.RunID != "run-1" {
		t.Errorf("Holder() = %+v, %v, %v", h, held, err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
}
