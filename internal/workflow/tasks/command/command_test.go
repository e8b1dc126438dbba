//go:build unix

package command_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
	"wplake/internal/workflow/tasks/command"
)

// run runs a shell script as a command; the shell is the test's, not wplake's.
func run(ctx context.Context, t *testing.T, c config.Command, payload string) (any, string, error) {
	t.Helper()
	var log bytes.Buffer
	functions := command.Functions(command.Options{
		Commands: map[string]config.Command{"publish": c},
		Resolve: func(_ context.Context, r config.Ref) (string, error) {
			if r == "param:/none" {
				return "", &lake.Error{Code: lake.ParameterMissing, Message: "there is none"}
			}
			return "resolved " + string(r), nil
		},
		Getenv: func(name string) (string, bool) {
			v, ok := map[string]string{"PATH": os.Getenv("PATH"), "SMTP_PASSWORD": "hunter2"}[name]
			return v, ok
		},
		Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	p, err := asl.Decode([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	out, err := functions["publish"](ctx, tasks.Invocation{Payload: p, Call: workflow.Call{Execution: "arn:x", ExecutionName: "run-7"}})
	return out, log.String(), err
}

func script(text string) config.Command {
	return config.Command{Run: []string{"sh", "-c", text}}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		c    config.Command
		want string
	}{
		"payload and answer": {script("cat"), `{"a":[1.50,"ä"]}`},
		"nothing to say":     {script("cat >/dev/null"), `null`},
		"it does not read":   {script("echo 7"), `7`},
		"no shell":           {config.Command{Run: []string{"printf", `"%s"`, `$HOME;*`}}, `"$HOME;*"`},
		"its environment": {
			config.Command{Run: []string{"sh", "-c", `printf '"%s"' "$WPLAKE_EXECUTION $WPLAKE_EXECUTION_ARN $WPLAKE_FUNCTION ${SMTP_PASSWORD-none}"`}},
			`"run-7 arn:x publish none"`,
		},
		"values given are secret": {
			config.Command{Run: []string{"sh", "-c", `printf '{"%s":["%s"]}' "$KEY" "$KEY"`}, Env: map[string]config.Ref{"KEY": "param:/k"}},
			`{"***":["***"]}`,
		},
	} {
		out, _, err := run(t.Context(), t, test.c, `{"a":[1.50,"ä"]}`)
		if err != nil || asl.Text(out) != test.want {
			t.Errorf("%s: %s, %v; want %s", name, asl.Text(out), err, test.want)
		}
	}
}

func TestEnvironmentHasItsValue(t *testing.T) {
	t.Parallel()
	c := script(`test "$KEY" = "resolved param:/k"`)
	c.Env = map[string]config.Ref{"KEY": "param:/k"}
	if _, _, err := run(t.Context(), t, c, `{}`); err != nil {
		t.Error(err)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	secret := map[string]config.Ref{"KEY": "param:/k"}
	for name, test := range map[string]struct {
		c          config.Command
		kind, says string
	}{
		"status":              {script("echo one >&2; echo two >&2; exit 3"), "Runtime.ExitError", "command publish: exit status 3: one\ntwo"},
		"killed":              {script("kill -9 $$"), "Runtime.ExitError", "signal: killed"},
		"secret":              {config.Command{Run: []string{"sh", "-c", `echo "key=$KEY" >&2; exit 1`}, Env: secret}, "Runtime.ExitError", "key=***"},
		"only its last lines": {script("i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i >&2; done; exit 1"), "Runtime.ExitError", "exit status 1: line 2991\n"},
		"no JSON":             {script("echo oh"), "Runtime.InvalidOutput", "standard output is not one JSON value"},
		"two values":          {script("echo 1 2"), "Runtime.InvalidOutput", "standard output is not one JSON value"},
		"no such program":     {config.Command{Run: []string{"/no/such/program"}}, "Runtime.InvalidEntrypoint", "/no/such/program cannot be started"},
		"too much":            {script("yes | head -c 8000000"), "Function.ResponseSizeTooLarge", "more than"},
		"its time is up":      {config.Command{Run: []string{"sleep", "600"}, Timeout: config.Duration(50 * time.Millisecond)}, "Sandbox.Timedout", "timed out after 0.05 seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, log, err := run(t.Context(), t, test.c, `{}`)
			var e *tasks.FunctionError
			if !errors.As(err, &e) || e.Type != test.kind || !strings.Contains(e.Message, test.says) {
				t.Errorf("%v, want %s: %s", err, test.kind, test.says)
			}
			if len(err.Error()) > 1000 || len(log) > 64<<10 {
				t.Errorf("the message has %d bytes, the log %d", len(err.Error()), len(log))
			}
			if strings.Contains(log+err.Error(), "resolved") {
				t.Errorf("a secret is told: %s %s", err, log)
			}
		})
	}
	c := script("true")
	c.Env = map[string]config.Ref{"KEY": "param:/none"}
	if _, _, err := run(t.Context(), t, c, `{}`); !lake.HasCode(err, lake.ParameterMissing) {
		t.Errorf("a value that is not there: %v", err)
	}
}

// When the task ends, all that the program started ends with it.
func TestStopped(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			text, err := os.ReadFile(file)
			if err == nil && strings.Count(string(text), "\n") == 2 {
				cancel()
				return
			}
			if ctx.Err() != nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, _, err := run(ctx, t, script(`sleep 600 & printf '%s\n%s\n' $$ $! > '`+file+`'; wait`), `{}`)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		// A signal takes effect when its process gets a turn.
		for patience := 10_000; lives(pid); patience-- {
			if patience == 0 {
				t.Errorf("process %d lives", pid)
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// lives reports whether a process runs; one that has ended and that nobody has
// asked about yet does not.
func lives(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}
