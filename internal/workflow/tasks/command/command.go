// Package command runs the programs that a definition names as functions and
// jobs. It is the only part of wplake that starts other programs.
//
// A program gets the payload as JSON on standard input, and answers with JSON
// on standard output, or nothing. What it writes to standard error goes to the
// log. When it ends with another status than 0, the last lines of that are the
// failure's message. There is no shell. Of the environment it gets what every
// program needs and what the definition gives it; values given are secrets, and
// are removed from all that is told.
package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/workflow/tasks"
)

// The bounds of a program's output, in bytes. An answer may be as large as
// Lambda's.
const (
	maxOutput = 6 << 20
	maxLog    = 16 << 10 // of standard error, the last of it
	maxLines  = 10       // of standard error in a failure's message
)

// killDelay is how long something else may hold the output of a program that has
// ended, or was killed, before it is left to itself.
const killDelay = 5 * time.Second

// Options is what programs are run with.
type Options struct {
	Commands map[string]config.Command
	// Resolve returns the value of a reference in a command's env.
	Resolve func(ctx context.Context, r config.Ref) (string, error)
	// Getenv is the environment, as os.LookupEnv.
	Getenv func(string) (string, bool)
	// Dir is the folder that programs run in: the definition's.
	Dir string
	Log *slog.Logger
}

// Functions makes a function of each command, by its name.
func Functions(o Options) map[string]tasks.Function {
	functions := make(map[string]tasks.Function, len(o.Commands))
	for name, c := range o.Commands {
		functions[name] = program{name: name, command: c, o: o}.run
	}
	return functions
}

type program struct {
	name    string
	command config.Command
	o       Options
}

var errTimeout = errors.New("the command's time is up")

// run runs the program once. The error is a *tasks.FunctionError named as
// Lambda's runtime names it: Runtime.ExitError, Runtime.InvalidOutput,
// Runtime.InvalidEntrypoint, Sandbox.Timedout.
func (p program) run(ctx context.Context, i tasks.Invocation) (any, error) {
	payload, err := json.Marshal(i.Payload)
	if err != nil {
		return nil, err
	}
	env, secrets, err := p.environment(ctx, i)
	if err != nil {
		return nil, err
	}
	limited := ctx
	if d := time.Duration(p.command.Timeout); d > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeoutCause(ctx, d, errTimeout)
		defer cancel()
	}
	out := &bounded{most: maxOutput}
	log := &tail{most: maxLog}
	cmd := exec.CommandContext(limited, p.command.Run[0], p.command.Run[1:]...) //nolint:gosec // the definition names the program; nothing else does
	cmd.Dir, cmd.Env = p.o.Dir, env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(payload), out, log
	cmd.WaitDelay = killDelay
	group(cmd)
	p.o.Log.Debug("a command begins", "command", p.name, "execution", i.Call.Execution)
	err = cmd.Run()
	lines := tasks.Scrub(log.String(), secrets)
	if lines != "" {
		p.o.Log.Info("a command said", "command", p.name, "execution", i.Call.Execution, "stderr", lines)
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(context.Cause(limited), errTimeout):
		return nil, p.failure("Sandbox.Timedout", fmt.Sprintf("Task timed out after %.2f seconds", time.Duration(p.command.Timeout).Seconds()))
	case err != nil:
		return nil, p.failed(err, lines)
	case out.over:
		return nil, p.failure("Function.ResponseSizeTooLarge", fmt.Sprintf("more than %d bytes on standard output", maxOutput))
	}
	return p.answer(out.kept, secrets)
}

// answer is what the program wrote, without its secrets.
func (p program) answer(text []byte, secrets []string) (any, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil //nolint:nilnil // JSON's null: a program may have nothing to say
	}
	v, err := asl.Decode(text)
	if err != nil {
		return nil, p.failure("Runtime.InvalidOutput", "standard output is not one JSON value: "+tasks.Scrub(err.Error(), secrets))
	}
	return tasks.ScrubValue(v, secrets), nil
}

// failed tells why a program did not end well.
func (p program) failed(err error, lines string) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		if e, ok := errors.AsType[*exec.Error](err); ok {
			err = e.Err
		}
		return p.failure("Runtime.InvalidEntrypoint", fmt.Sprintf("%s cannot be started: %s", p.command.Run[0], err))
	}
	message := exit.Error()
	if lines != "" {
		message += ": " + lastLines(lines)
	}
	return p.failure("Runtime.ExitError", message)
}

func (p program) failure(kind, message string) error {
	return &tasks.FunctionError{Type: kind, Message: fmt.Sprintf("command %s: %s", p.name, message)}
}

// lastLines are the last lines of what a program wrote.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-maxLines):], "\n")
}

// inherited are the variables of wplake's own environment that a program gets:
// none that could hold a secret.
func inherited() []string {
	return []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR",
		"SYSTEMROOT", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA",
	}
}

// environment is the program's environment, and the values in it that are not
// to be told.
func (p program) environment(ctx context.Context, i tasks.Invocation) (env, secrets []string, err error) {
	for _, name := range inherited() {
		if v, ok := p.o.Getenv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	env = append(env, "WPLAKE_EXECUTION="+i.Call.ExecutionName, "WPLAKE_EXECUTION_ARN="+i.Call.Execution, "WPLAKE_FUNCTION="+p.name)
	for _, name := range slices.Sorted(maps.Keys(p.command.Env)) {
		v, err := p.o.Resolve(ctx, p.command.Env[name])
		if err != nil {
			return nil, nil, err
		}
		env = append(env, name+"="+v)
		secrets = append(secrets, v)
	}
	return env, secrets, nil
}
