package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wplake/internal/asl"
	"wplake/internal/asl/teststate"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// testStateLimit is how long the test of a state may take, as on AWS.
const testStateLimit = 5 * time.Minute

// openTasks opens what un-mocked tasks call; close is called when the test is
// over.
type openTasks func(ctx context.Context) (tasks workflow.Tasks, closeTasks func(), err error)

// testStateFlags are the flags of test-state, as they were given.
type testStateFlags struct {
	state, input, variables, context, mock, mockError, validate, reader, errorIn, level, role string
	retries, failed                                                                           int
	secrets, strict                                                                           bool
}

// workflowTestStateCommand tests one state; what it calls unmocked is called
// through tasks.
func (a *app) workflowTestStateCommand(tasks openTasks) *cobra.Command {
	var f testStateFlags
	cmd := &cobra.Command{
		Use:   "test-state FILE|-",
		Short: "Test one state of a machine and see each step of its data",
		Long: `Runs one state with an input and shows what becomes of the data, step by step:
input, InputPath, Parameters or Arguments, result, ResultSelector, ResultPath, output,
variables, and which Retry or Catch deals with an error. FILE (- for standard input)
is the definition of a state, or with --state a whole machine.

--mock gives the result of what the state would call, --mock-error an error instead.
A mocked result is held against the answer of the service (--validate PRESENT leaves
out missing fields, NONE all of it). Without a mock the state does its work: tasks call
what the lake's home has, Map and Parallel run their states, waits take no time.

--json prints the answer of the TestState API of Step Functions, and --strict refuses
what AWS refuses. The exit status is 1 when the state fails or would be tried again.`,
		Example: `  wplake workflow test-state state.json --input '{"n": 1}'
  wplake workflow test-state machine.asl.json --state Load --mock @result.json
  wplake workflow test-state machine.asl.json --state Load --mock-error 'Lambda.TooManyRequestsException:slow down' --retry-count 2`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := a.testStateRequest(cmd, args[0], &f)
			if err != nil {
				return err
			}
			return a.testState(cmd.Context(), r, f.strict, tasks)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.state, "state", "", "the state to test, anywhere in the machine that FILE defines")
	flags.StringVar(&f.input, "input", "{}", "the state's input: JSON, @FILE, or @- for standard input")
	flags.StringVar(&f.level, "level", "DEBUG", "how much is shown: INFO, DEBUG or TRACE (with requests and responses)")
	flags.StringVar(&f.mock, "mock", "", "the result of what the state calls: JSON or @FILE")
	flags.StringVar(&f.mockError, "mock-error", "", "the error of what the state calls: NAME or NAME:CAUSE")
	flags.StringVar(&f.validate, "validate", "STRICT", "how a mocked result is held against the service's answer: STRICT, PRESENT or NONE")
	flags.StringVar(&f.variables, "variables", "", "the variables that the state sees: JSON or @FILE")
	flags.StringVar(&f.context, "context", "", "fields of the context object: JSON or @FILE")
	flags.IntVar(&f.retries, "retry-count", 0, "how often the Retry that applies has tried again already")
	flags.StringVar(&f.reader, "reader-data", "", "what the ItemReader of a Map reads: its text or @FILE")
	flags.IntVar(&f.failed, "failed-iterations", 0, "how many iterations of a mocked Map failed")
	flags.StringVar(&f.errorIn, "error-in", "", "the state inside a mocked Map or Parallel that the error comes from")
	flags.StringVar(&f.role, "role", "", "ARN of the role, for the context object")
	flags.BoolVar(&f.secrets, "reveal-secrets", false, "show the headers of an HTTP task's request (with --level TRACE)")
	flags.BoolVar(&f.strict, "strict", false, "refuse what AWS refuses: Map, Parallel, activities and .sync without a mock")
	return cmd
}

func (a *app) testStateRequest(cmd *cobra.Command, path string, f *testStateFlags) (r teststate.Request, err error) {
	r = teststate.Request{
		RoleARN: f.role, InspectionLevel: teststate.Level(strings.ToUpper(f.level)), RevealSecrets: f.secrets,
	}
	definition, err := a.readMachine(path)
	if err != nil {
		return r, err
	}
	r.Definition = string(definition)
	if r.StateName, err = stateToTest(definition, f.state); err != nil {
		return r, err
	}
	given := cmd.Flags().Changed
	for _, text := range []struct {
		flag, value string
		to          **string
	}{{"input", f.input, &r.Input}, {"variables", f.variables, &r.Variables}, {"context", f.context, &r.Context}} {
		if !given(text.flag) && text.flag != "input" {
			continue
		}
		if *text.to, err = a.textArgument("--"+text.flag, text.value); err != nil {
			return r, err
		}
	}
	if r.Mock, err = a.mockOf(given, f); err != nil {
		return r, err
	}
	r.StateConfiguration, err = a.stateConfiguration(given, f)
	return r, err
}

// maxTextArgument is how much a file that a flag names may hold, in bytes; what
// a state may be given is less.
const maxTextArgument = 8 << 20

// textArgument is a flag's text, or that of the file it names with @.
func (a *app) textArgument(flag, text string) (*string, error) {
	path, ok := strings.CutPrefix(text, "@")
	if !ok {
		return &text, nil
	}
	in := a.stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w", flag, err)}
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	raw, err := io.ReadAll(io.LimitReader(in, maxTextArgument+1))
	if err == nil && len(raw) > maxTextArgument {
		err = fmt.Errorf("it is larger than %d bytes", maxTextArgument)
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", flag, err)}
	}
	content := string(raw)
	return &content, nil
}

// stateToTest finds out whether the definition is a machine, and which state of
// it is meant: nil for a state alone.
func stateToTest(definition []byte, name string) (*string, error) {
	var m struct {
		States map[string]json.RawMessage
	}
	err := json.Unmarshal(definition, &m)
	if err != nil || m.States == nil {
		// What was cut since it is too large is refused as that by the test.
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok && len(definition) <= asl.MaxDefinition {
			return nil, usageError{&lake.Error{
				Code: lake.WorkflowInvalid, Message: fmt.Sprintf("the definition is not JSON: %v (at byte %d)", syntax, syntax.Offset),
				Hint: "see all of it: wplake workflow validate FILE",
			}}
		}
		if name != "" && len(definition) <= asl.MaxDefinition {
			return nil, usageError{errors.New("--state is for a machine, and the file does not define one: it has no States")}
		}
		return nil, nil
	}
	if name != "" {
		return &name, nil
	}
	names := make([]string, 0, len(m.States))
	for n := range m.States {
		names = append(names, n)
	}
	if len(names) == 1 {
		return &names[0], nil
	}
	return nil, usageError{fmt.Errorf("the file defines a machine: say which state to test with --state (%s)", strings.Join(sortedNames(names), ", "))}
}

func (a *app) mockOf(given func(string) bool, f *testStateFlags) (*teststate.Mock, error) {
	m := &teststate.Mock{FieldValidationMode: teststate.Validation(strings.ToUpper(f.validate))}
	switch {
	case given("mock") && given("mock-error"):
		return nil, usageError{errors.New("--mock and --mock-error exclude each other")}
	case given("mock"):
		var err error
		if m.Result, err = a.textArgument("--mock", f.mock); err != nil {
			return nil, err
		}
	case given("mock-error"):
		name, cause, hasCause := strings.Cut(f.mockError, ":")
		m.ErrorOutput = &teststate.MockError{Error: &name}
		if hasCause {
			m.ErrorOutput.Cause = &cause
		}
	default:
		return nil, nil
	}
	return m, nil
}

func (a *app) stateConfiguration(given func(string) bool, f *testStateFlags) (*teststate.Configuration, error) {
	c, used := &teststate.Configuration{}, false
	for _, o := range []struct {
		flag string
		set  func() error
	}{
		{"retry-count", func() error { c.RetrierRetryCount = &f.retries; return nil }},
		{"failed-iterations", func() error { c.MapIterationFailureCount = &f.failed; return nil }},
		{"error-in", func() error { c.ErrorCausedByState = &f.errorIn; return nil }},
		{"reader-data", func() (err error) {
			c.MapItemReaderData, err = a.textArgument("--reader-data", f.reader)
			return err
		}},
	} {
		if !given(o.flag) {
			continue
		}
		used = true
		if err := o.set(); err != nil {
			return nil, err
		}
	}
	if !used {
		return nil, nil
	}
	return c, nil
}

func (a *app) testState(ctx context.Context, r teststate.Request, strict bool, open openTasks) error {
	o := teststate.Options{
		Strict: strict, Account: "123456789012", Region: "us-east-1", Limit: testStateLimit,
		Now: a.now, UUID: newUUID, Random: mathrand.Float64,
	}
	calls := &caller{open: open}
	defer calls.close()
	o.Perform = calls.perform
	answer, err := teststate.Run(ctx, r, o)
	var refused *teststate.Error
	switch {
	case errors.As(err, &refused) && refused.Code == teststate.CodeDefinition:
		return usageError{&lake.Error{Code: lake.WorkflowInvalid, Message: refused.Message, Hint: "see all of it: wplake workflow validate FILE"}}
	case errors.As(err, &refused):
		return usageError{refused}
	case err != nil:
		return err
	}
	if a.json {
		err = a.printJSON(answer)
	} else {
		err = a.printTestState(r, answer)
	}
	if err == nil && (answer.Status == teststate.Failed || answer.Status == teststate.Retriable) {
		return exitError(exitFailed)
	}
	return err
}

// newUUID is a random identifier, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// caller calls tasks that are not mocked; it opens what they need with the
// first one.
type caller struct {
	open  openTasks
	tasks workflow.Tasks
	shut  func()
}

func (c *caller) close() {
	if c.shut != nil {
		c.shut()
	}
}

func (c *caller) perform(ctx context.Context, e asl.Effect) (asl.Answer, error) {
	if e.Kind != asl.InvokeEffect {
		return asl.Answer{}, usageError{fmt.Errorf("state %q reads or writes objects: give it a mock, or what it reads with --reader-data", e.State)}
	}
	if c.tasks == nil {
		tasks, shut, err := c.open(ctx)
		if err != nil {
			return asl.Answer{}, err
		}
		c.tasks, c.shut = tasks, shut
	}
	if err := c.tasks.Check(e.Resource, e.Arguments); err != nil {
		return asl.Answer{}, usageError{fmt.Errorf("state %q: %w", e.State, err)}
	}
	return workflow.TryTask(ctx, c.tasks, e, e.ID)
}
