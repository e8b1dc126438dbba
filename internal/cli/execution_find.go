package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// executionHelp says how an execution is named on the command line.
const executionHelp = `EXECUTION is the execution's name (of a run: the run's id), the beginning of one
where only one begins so, its ARN, or "last".`

// mostCandidates is how many executions an error names.
const mostCandidates = 5

// home is what a command about these executions needs more.
func (e executions) home() string {
	if e.local == nil {
		return " --home aws"
	}
	return ""
}

// findExecution finds the execution that a person means.
func findExecution(ctx context.Context, e executions, given string) (workflow.Execution, error) {
	if strings.HasPrefix(given, "arn:") {
		x, err := e.Describe(ctx, given)
		return x, refusal(err)
	}
	if given == "last" {
		newest, _, err := e.List(ctx, workflow.Filter{Limit: 1})
		if err != nil {
			return workflow.Execution{}, refusal(err)
		}
		if len(newest) == 0 {
			return workflow.Execution{}, usageError{&lake.Error{
				Code: lake.WorkflowRefused, Message: "there is no execution yet", Hint: "`wplake run" + e.home() + "` makes one",
			}}
		}
		return e.Describe(ctx, newest[0].ARN)
	}
	if e.local == nil {
		// AWS keeps executions for 90 days; all of them are looked through only
		// where the name is not whole.
		if x, err := e.Describe(ctx, e.exact(given)); err == nil {
			return x, nil
		}
	}
	var exact, begin []workflow.Execution
	err := eachExecution(ctx, e, workflow.Filter{}, func(x workflow.Execution) bool {
		switch {
		case x.Name == given:
			exact = append(exact, x)
		case strings.HasPrefix(x.Name, given) && given != "" && len(begin) <= mostCandidates:
			begin = append(begin, x)
		}
		return true
	})
	if err != nil {
		return workflow.Execution{}, err
	}
	found := exact
	if len(found) == 0 {
		found = begin
	}
	switch len(found) {
	case 0:
		return workflow.Execution{}, usageError{&lake.Error{
			Code: lake.WorkflowRefused, Message: fmt.Sprintf("there is no execution %q", given), Hint: "`wplake workflow list" + e.home() + "` shows those there are",
		}}
	case 1:
		return e.Describe(ctx, found[0].ARN)
	}
	var names []string
	for i, x := range found {
		if i == mostCandidates {
			names = append(names, "…")
			break
		}
		name := x.Name
		if len(exact) > 0 {
			name = x.ARN
		}
		names = append(names, name)
	}
	return workflow.Execution{}, usageError{&lake.Error{
		Code: lake.WorkflowRefused, Message: fmt.Sprintf("%q may be any of %s", given, strings.Join(names, ", ")), Hint: "give more of the name, or the ARN",
	}}
}

// eachExecution calls do for the executions of a filter, newest first, until
// it returns false.
func eachExecution(ctx context.Context, e executions, f workflow.Filter, do func(workflow.Execution) bool) error {
	if f.Limit == 0 {
		f.Limit = 500
	}
	for {
		page, next, err := e.List(ctx, f)
		if err != nil {
			return refusal(err)
		}
		for _, x := range page {
			if !do(x) {
				return nil
			}
		}
		if next == "" {
			return nil
		}
		f.Next = next
	}
}

// refusal makes what the engine refuses a wrong use of the command.
func refusal(err error) error {
	if refused, ok := errors.AsType[*workflow.Error](err); ok {
		return usageError{&lake.Error{Code: lake.WorkflowRefused, Message: refused.Message, Err: refused}}
	}
	return err
}

// allEvents reads the whole history of an execution.
func allEvents(ctx context.Context, e executions, arn string) ([]asl.Event, error) {
	var all []asl.Event
	for {
		after := int64(0)
		if len(all) > 0 {
			after = all[len(all)-1].ID
		}
		page, err := e.History(ctx, arn, after, 5000, false)
		if err != nil || len(page) == 0 {
			return all, refusal(err)
		}
		all = append(all, page...)
	}
}

// eachName calls do for the names of the newest executions.
func (a *app) eachName(ctx context.Context, e executions, do func(string)) error {
	newest, _, err := e.List(ctx, workflow.Filter{Limit: 50})
	for _, x := range newest {
		do(x.Name)
	}
	return err
}
