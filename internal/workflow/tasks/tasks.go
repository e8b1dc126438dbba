package tasks

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// Tasks performs the calls of Task states. Its methods may be called
// concurrently.
type Tasks struct {
	o     Options
	table map[string]integration // by service:action

	work     background
	jobs     memory[*jobRun]
	crawlers crawlers
	queries  queries
}

var (
	_ workflow.Tasks   = (*Tasks)(nil)
	_ workflow.Objects = (*Tasks)(nil)
)

// New makes the tasks of a home. It opens and starts nothing.
func New(o Options) *Tasks {
	t := &Tasks{o: o}
	t.work.log = o.Log
	t.jobs.most, t.queries.known.most = maxJobRuns, maxQueries
	t.crawlers.last = map[string]*crawl{}
	t.table = map[string]integration{}
	for _, group := range []map[string]integration{t.lambda(), t.jobCalls(), t.crawlerCalls(), t.athena(), t.sns(), t.s3(), t.ssm(), t.http()} {
		maps.Copy(t.table, group)
	}
	return t
}

// integration is one call that this home knows, in AWS's optimised form, as
// one of the SDK, or both.
type integration struct {
	optimised bool          // arn:aws:states:::service:action
	sdk       bool          // arn:aws:states:::aws-sdk:service:action
	patterns  []asl.Pattern // of the optimised form, besides request and response
	fields    []field
	// check holds the arguments that a definition has literally to what this
	// home knows; may be nil.
	check func(args map[string]any) error
	do    func(ctx context.Context, r request) (any, error)
}

// request is one call as an integration sees it.
type request struct {
	call workflow.Call
	args map[string]any
	sdk  bool
}

// Check tells whether this home knows a resource; see workflow.Tasks. Of the
// arguments it looks at what the definition says literally; fields that are
// paths or expressions are only known at run time. The error is a *lake.Error
// with the code WorkflowInvalid.
func (t *Tasks) Check(r asl.Resource, arguments any) error {
	switch r.Kind {
	case asl.ActivityResource:
		return nil
	case asl.LambdaResource:
		return t.checkFunction(r.ARN)
	}
	service, sdk := strings.CutPrefix(r.Service, "aws-sdk:")
	if service == "states" || service == "sfn" && sdk {
		return nil // the engine's own
	}
	i, ok := t.table[service+":"+r.Action]
	if !ok || sdk && !i.sdk || !sdk && !i.optimised {
		return t.unknownResource(r)
	}
	if !i.allows(r.Pattern, sdk) {
		return invalid(fmt.Sprintf("the resource %s cannot be called with .%s", strings.TrimSuffix(r.ARN, "."+string(r.Pattern)), r.Pattern),
			"patterns that it has: "+i.patternNames(sdk))
	}
	args, ok := literals(arguments)
	if !ok {
		return nil
	}
	for name := range args {
		if !i.has(name) {
			return invalid(fmt.Sprintf("the field %q of %s is not known at this home", name, r.ARN), "fields that it takes: "+i.fieldNames())
		}
	}
	if i.check != nil {
		return i.check(args)
	}
	return nil
}

// Do performs a call; see workflow.Tasks.
func (t *Tasks) Do(ctx context.Context, c workflow.Call) (any, error) {
	if c.Resource.Kind == asl.LambdaResource {
		return t.plainFunction(ctx, c)
	}
	service, sdk := strings.CutPrefix(c.Resource.Service, "aws-sdk:")
	i, ok := t.table[service+":"+c.Resource.Action]
	if !ok || sdk && !i.sdk || !sdk && !i.optimised || !i.allows(c.Resource.Pattern, sdk) {
		err := t.Check(c.Resource, nil)
		return nil, &workflow.TaskError{Name: "States.Runtime", Cause: fmt.Sprint(err), Start: true}
	}
	args, err := i.arguments(c.Arguments)
	if err != nil {
		return nil, err
	}
	r := request{call: c, args: args, sdk: sdk}
	answer, err := i.do(ctx, r)
	if err == nil && c.Resource.Pattern == asl.WaitForTaskToken {
		r.submitted(answer)
	}
	return answer, err
}

// submitted tells that the service has taken the request.
func (r request) submitted(answer any) {
	if r.call.Submitted != nil {
		r.call.Submitted(answer)
	}
}

// Ended tells the home that an execution has ended. What it left going on in
// the background is stopped where somebody stopped the execution; else the home
// waits for it, see WaitFor.
func (t *Tasks) Ended(ctx context.Context, e workflow.Execution) {
	if e.Status == asl.Aborted {
		t.work.stop(e.ARN)
	}
	if t.o.Ended != nil {
		t.o.Ended(ctx, e)
	}
}

// WaitFor waits for what an execution left going on in the background. When ctx
// ends first, it is stopped, and WaitFor returns when it has. The outcomes are
// the failures that no state has been told of, each once.
func (t *Tasks) WaitFor(ctx context.Context, execution string) []Outcome {
	return t.work.wait(ctx, execution)
}

// Wait is WaitFor for all executions, with the failures as an error.
func (t *Tasks) Wait(ctx context.Context) error {
	return t.work.drain(ctx)
}

// unknownResource says which resources there are.
func (t *Tasks) unknownResource(r asl.Resource) error {
	const prefix = "arn:aws:states:::"
	service, sdk := strings.CutPrefix(r.Service, "aws-sdk:")
	message := "this home does not know the resource " + r.ARN
	if _, ok := t.table[service+":"+r.Action]; ok {
		other := prefix + "aws-sdk:" + service + ":" + r.Action
		if sdk {
			other = prefix + service + ":" + r.Action
		}
		return invalid(fmt.Sprintf("%s (did you mean %s?)", message, other), "the two forms differ in what they take and answer")
	}
	known := []string{"states:startExecution"}
	for name, i := range t.table {
		if i.optimised {
			known = append(known, name)
		}
		if i.sdk {
			known = append(known, "aws-sdk:"+name)
		}
	}
	slices.Sort(known)
	return unknown(message, r.Service+":"+r.Action, known)
}

// unknown is the error for a name that there is not. The message says what
// was likely meant, the hint all that there are.
func unknown(message, name string, known []string) error {
	if near := lake.Nearest(name, known); near != "" {
		message += fmt.Sprintf(" (did you mean %s?)", near)
	}
	if len(known) == 0 {
		return invalid(message, "there is none at this home")
	}
	return invalid(message, "those that there are: "+strings.Join(known, ", "))
}

func invalid(message, hint string) error {
	return &lake.Error{Code: lake.WorkflowInvalid, Message: message, Hint: hint}
}

func (i integration) allows(p asl.Pattern, sdk bool) bool {
	switch {
	case p == asl.RequestResponse:
		return true
	case sdk:
		return p == asl.WaitForTaskToken
	}
	return slices.Contains(i.patterns, p)
}

func (i integration) patternNames(sdk bool) string {
	patterns := i.patterns
	if sdk {
		patterns = []asl.Pattern{asl.WaitForTaskToken}
	}
	names := []string{"none"}
	for _, p := range patterns {
		names = append(names, "."+string(p))
	}
	return strings.Join(names, ", ")
}

// ended returns the error of a call whose context ended, which its caller
// knows better what to do with than any other.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return err
}
