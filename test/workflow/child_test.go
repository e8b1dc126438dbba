//go:build faults

package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/workflow"
	"wplake/internal/workflow/sqlite"
)

// Variables that make the test's binary a process of executions.
const (
	folderVariable = "WPLAKE_TEST_EXECUTIONS"
	choiceVariable = "WPLAKE_TEST_INTERRUPTED"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(folderVariable); folder != "" {
		if err := process(context.Background(), folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const arnPrefix = "arn:aws:states:eu-west-1:000000000000:"

func standard(name, definition string) workflow.StateMachine {
	return workflow.StateMachine{ARN: arnPrefix + "stateMachine:" + name, Name: name, Type: workflow.Standard, Definition: definition}
}

// again is what lets a task be tried again whose process died.
const again = `"Retry": [{"ErrorEquals": ["States.TaskFailed", "Odd"], "IntervalSeconds": 1, "MaxAttempts": 5}]`

func task(name, more string) string {
	return fmt.Sprintf(`{"Type": "Task", "Resource": "arn:aws:states:::test:do", "Parameters": {"name": %q, "input.$": "$"}, %s, %s}`, name, again, more)
}

// mainMachine has a bit of everything.
func mainMachine() workflow.StateMachine {
	m := func(mode, name string) string {
		return `{"StartAt": "M` + name + `", "States": {"M` + name + `": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 3, "End": true,
			"ItemProcessor": {"ProcessorConfig": ` + mode + `, "StartAt": "I` + name + `", "States": {"I` + name + `": ` + task(name, `"End": true`) + `}}}}}`
	}
	return standard("main", `{"StartAt": "P", "States": {
		"P": {"Type": "Parallel", "Next": "Last", "Branches": [
			`+m(`{"Mode": "INLINE"}`, "inline")+`,
			`+m(`{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}`, "distributed")+`,
			{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "Next": "TW"}, "TW": `+task("waited", `"End": true`)+`}},
			{"StartAt": "TO", "States": {"TO": `+task("odd", `"End": true`)+`}},
			{"StartAt": "TT", "States": {"TT": {"Type": "Task", "Resource": "arn:aws:states:::test:do.waitForTaskToken",
				"Parameters": {"name": "token"}, `+again+`, "End": true}}},
			{"StartAt": "N", "States": {"N": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
				"Parameters": {"StateMachineArn": "`+arnPrefix+`stateMachine:nested", "Input": {"from": "main"}},
				"ResultSelector": {"out.$": "$.Output"}, "End": true}}}
		]},
		"Last": `+task("last", `"End": true`)+`}}`)
}

func nestedMachine() workflow.StateMachine {
	return standard("nested", `{"StartAt": "A", "States": {"A": `+task("nested-a", `"Next": "B"`)+`, "B": `+task("nested-b", `"End": true`)+`}}`)
}

// machines knows the nested machine.
type machines struct{}

func (machines) Machine(context.Context, string) (workflow.StateMachine, error) {
	return nestedMachine(), nil
}

// effects are the tasks: each leaves a line in a file that nothing takes back.
type effects struct{ folder string }

func (effects) Check(asl.Resource, any) error { return nil }

func (effects) Ended(context.Context, workflow.Execution) {}

// effect is a line of the file.
type effect struct{ Key, Name, State string }

func (s effects) Do(ctx context.Context, c workflow.Call) (any, error) {
	arguments, _ := c.Arguments.(map[string]any)
	name, _ := arguments["name"].(string)
	f, err := os.OpenFile(filepath.Join(s.folder, "effects"), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	line, err := json.Marshal(effect{c.Key, name, c.State})
	if err == nil {
		_, err = f.Write(append(line, '\n'))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if name == "token" {
		// Whoever has the token answers it later; see process.
		path := filepath.Join(s.folder, "token")
		err = errors.Join(os.WriteFile(path+"~", []byte(c.Token), 0o600), os.Rename(path+"~", path))
	}
	wait := time.NewTimer(100 * time.Millisecond)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if name == "odd" && c.Attempt == 0 {
		return nil, &workflow.TaskError{Name: "Odd", Cause: "the first time"}
	}
	return map[string]any{"did": name, "with": arguments["input"]}, err
}

// process goes on with what its folder holds, or begins, until all has ended.
func process(ctx context.Context, folder string) error {
	store, err := sqlite.Open(ctx, filepath.Join(folder, "workflow.db"), time.Now, func(p string) lock.Locker { return filelock.New(p, time.Now) })
	if err != nil {
		return err
	}
	e, err := workflow.Open(ctx, workflow.Options{
		Store: store, Tasks: effects{folder}, Machines: machines{}, Now: time.Now, Parallel: 4,
		Interrupted: workflow.Interrupted(os.Getenv(choiceVariable)),
	})
	if err != nil {
		return err
	}
	if err := e.Resume(ctx); err != nil {
		return err
	}
	x, err := e.Start(ctx, workflow.StartInput{Machine: mainMachine(), Name: "one", Input: json.RawMessage(`{"items":[1,2,3,4,5,6]}`)})
	if refused, ok := errors.AsType[*workflow.Error](err); ok && refused.Code == workflow.ExecutionAlreadyExists {
		x.ARN, err = arnPrefix+"execution:main:one", nil
	}
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go answerTokens(ctx, e, folder, done)
	_, err = e.Wait(ctx, x.ARN)
	close(done)
	return errors.Join(err, e.Close(), store.Close())
}

// answerTokens answers the token that a task has left, again and again: what
// was answered before is refused.
func answerTokens(ctx context.Context, e *workflow.Engine, folder string, done chan struct{}) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		token, err := os.ReadFile(filepath.Join(folder, "token"))
		if err != nil {
			continue
		}
		_ = e.SendTaskSuccess(ctx, string(token), json.RawMessage(`"answered"`))
	}
}
