package api

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
	"wplake/internal/workflow"
)

const metadataOnly = "METADATA_ONLY"

type startRequest struct {
	Machine     string  `json:"stateMachineArn"`
	Name        string  `json:"name"`
	Input       *string `json:"input"`
	TraceHeader string  `json:"traceHeader"`
	Included    string  `json:"includedData"`
}

// start checks what the operations share that start an execution.
func (s *Server) start(ctx context.Context, r startRequest) (workflow.StartInput, error) {
	in := workflow.StartInput{Name: r.Name, Input: json.RawMessage("{}"), TraceHeader: r.TraceHeader}
	if r.Name != "" {
		if err := workflow.CheckExecutionName(r.Name); err != nil {
			return in, err
		}
	}
	if r.Input != nil {
		v, err := source.Read([]byte(*r.Input))
		if err != nil {
			return in, workflow.Errorf(workflow.InvalidExecutionInput, "Invalid State Machine Execution Input: '%s'", reason(err))
		}
		if v == nil {
			return in, workflow.Errorf(workflow.InvalidExecutionInput, "Invalid State Machine Execution Input: 'Invalid execution input.'")
		}
		in.Input = json.RawMessage(*r.Input)
	}
	var err error
	in.Machine, err = s.o.Registry.Machine(ctx, r.Machine)
	if err != nil || s.o.Check == nil {
		return in, err
	}
	if err := s.o.Check([]byte(in.Machine.Definition)); err != nil {
		return in, workflow.Errorf(workflow.ValidationException, "%s", err.Error())
	}
	return in, nil
}

// reason is why a text is not JSON.
func reason(err error) string {
	if e, ok := errors.AsType[*source.SyntaxError](err); ok {
		return e.Reason
	}
	return err.Error()
}

func (s *Server) startExecution(ctx context.Context, r startRequest) (any, error) {
	in, err := s.start(ctx, r)
	if err != nil {
		return nil, err
	}
	x, err := s.o.Engine.Start(ctx, in)
	return reply{"executionArn": x.ARN, "startDate": stamp(x.Started)}, err
}

// billedMemory is the least that Step Functions bills, in MB. At home nothing
// is billed; what asks for the field finds it.
const billedMemory = 64

func (s *Server) startSyncExecution(ctx context.Context, r startRequest) (any, error) {
	in, err := s.start(ctx, r)
	if err != nil {
		return nil, err
	}
	if in.Machine.Type != workflow.Express {
		return nil, notOfType()
	}
	x, err := s.o.Engine.StartSync(ctx, in)
	if err != nil {
		return nil, err
	}
	out := reply{
		"executionArn": x.ARN, "stateMachineArn": x.Machine.ARN, "name": x.Name, "status": x.Status,
		"startDate": stamp(x.Started), "stopDate": stamp(x.Stopped),
		"billingDetails": reply{
			"billedMemoryUsedInMB":         billedMemory,
			"billedDurationInMilliseconds": (x.Stopped.Sub(x.Started) + 100*time.Millisecond - 1) / (100 * time.Millisecond) * 100,
		},
	}
	out.outcome(x, r.Included)
	out["outputDetails"] = reply{"included": r.Included != metadataOnly}
	return out, nil
}

func notOfType() error {
	return workflow.Errorf(workflow.StateMachineTypeNot, "This operation is not supported by this type of state machine")
}

// outcome tells what went into an execution and came out of it.
func (r reply) outcome(x workflow.Execution, included string) {
	all := included != metadataOnly
	if all {
		r["input"] = string(x.Input)
	}
	r["inputDetails"] = reply{"included": all}
	if x.Output != nil {
		if all {
			r["output"] = string(x.Output)
		}
		r["outputDetails"] = reply{"included": all}
	}
	r.maybe("error", x.Error)
	r.maybe("cause", x.Cause)
	r.text("traceHeader", x.TraceHeader)
}

type executionRequest struct {
	ARN      string  `json:"executionArn"`
	Included string  `json:"includedData"`
	Error    *string `json:"error"`
	Cause    *string `json:"cause"`
	Token    string  `json:"clientToken"`
}

// execution is the ARN of an execution in this home's own writing.
func (s *Server) execution(arn string) (string, error) {
	a, err := workflow.ParseARN(arn, workflow.ExecutionARN)
	if err != nil {
		return "", err
	}
	return s.o.Registry.Own(a), nil
}

// asked puts the ARN that was asked for in place of the own one, as the client
// knows no other.
func asked(err error, arn string) error {
	if e, ok := errors.AsType[*workflow.Error](err); ok && e.Code == workflow.ExecutionDoesNotExist {
		return workflow.Errorf(workflow.ExecutionDoesNotExist, "Execution Does Not Exist: '%s'", arn)
	}
	return err
}

func (s *Server) describe(ctx context.Context, arn string) (workflow.Execution, error) {
	own, err := s.execution(arn)
	if err != nil {
		return workflow.Execution{}, err
	}
	x, err := s.o.Engine.Describe(ctx, own)
	return x, asked(err, arn)
}

func (s *Server) stopExecution(ctx context.Context, r executionRequest) (any, error) {
	own, err := s.execution(r.ARN)
	if err != nil {
		return nil, err
	}
	x, err := s.o.Engine.Stop(ctx, own, r.Error, r.Cause)
	return reply{"stopDate": stamp(x.Stopped)}, asked(err, r.ARN)
}

func (s *Server) redriveExecution(ctx context.Context, r executionRequest) (any, error) {
	own, err := s.execution(r.ARN)
	if err != nil {
		return nil, err
	}
	t, err := s.o.Registry.Once(ctx, "redrive", own, r.Token, func() (time.Time, error) {
		x, err := s.o.Engine.Redrive(ctx, own)
		return x.Redriven, err
	})
	return reply{"redriveDate": stamp(t)}, asked(err, r.ARN)
}

func (s *Server) describeExecution(ctx context.Context, r executionRequest) (any, error) {
	x, err := s.describe(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	out := executionReply(x)
	out.outcome(x, r.Included)
	status, reason, err := s.redrivable(ctx, x)
	if err != nil {
		return nil, err
	}
	out["redriveStatus"] = status
	out.text("redriveStatusReason", reason)
	return out, nil
}

// executionReply tells of an execution what DescribeExecution and
// ListExecutions share.
func executionReply(x workflow.Execution) reply {
	out := reply{
		"executionArn": x.ARN, "name": x.Name, "stateMachineArn": machineOf(x), "status": x.Status,
		"startDate": stamp(x.Started), "redriveCount": x.Redrives,
	}
	out.time("stopDate", x.Stopped)
	out.time("redriveDate", x.Redriven)
	out.text("mapRunArn", x.MapRun)
	if x.MapRun == "" {
		out.text("stateMachineVersionArn", x.Machine.Version)
		out.text("stateMachineAliasArn", x.Machine.Alias)
	}
	return out
}

// machineOf is the ARN of an execution's machine; children of a distributed Map
// have that of the Map: machine/label.
func machineOf(x workflow.Execution) string {
	if x.MapRun == "" {
		return x.Machine.ARN
	}
	return machineOfRun(x.MapRun)
}

// machineOfRun makes …:stateMachine:NAME/LABEL of …:mapRun:NAME/LABEL:UUID.
func machineOfRun(mapRun string) string {
	arn := mapRun[:max(0, strings.LastIndexByte(mapRun, ':'))]
	return strings.Replace(arn, ":"+workflow.MapRunARN+":", ":"+workflow.MachineARN+":", 1)
}

// What keeps an execution from being redriven, as Step Functions has it.
const (
	redrivable    = "REDRIVABLE"
	notRedrivable = "NOT_REDRIVABLE"
	redrivePeriod = 14 * 24 * time.Hour
	longest       = 365 * 24 * time.Hour
	mostEvents    = 24_999
)

// redrivable tells whether an execution can be redriven, and why not.
func (s *Server) redrivable(ctx context.Context, x workflow.Execution) (status, reason string, err error) {
	switch {
	case x.Status == asl.Running || x.Status == asl.Succeeded:
		return notRedrivable, "Execution is " + string(x.Status) + " and cannot be redriven", nil
	case x.MapRun != "":
		return "REDRIVABLE_BY_MAP_RUN", "", nil
	case s.o.Now().Sub(x.Stopped) > redrivePeriod:
		return notRedrivable, "Execution redrivable period exceeded", nil
	case s.o.Now().Sub(x.Started) > longest:
		return notRedrivable, "Execution has exceeded the max execution time", nil
	}
	last, err := s.o.Engine.History(ctx, x.ARN, 0, 1, true)
	if err == nil && len(last) > 0 && last[0].ID >= mostEvents {
		return notRedrivable, "Execution history event limit exceeded", nil
	}
	return redrivable, "", err
}

func (s *Server) describeStateMachineForExecution(ctx context.Context, r executionRequest) (any, error) {
	x, err := s.describe(ctx, r.ARN)
	if err != nil {
		return nil, err
	}
	out := machineReply(x.Machine, r.Included)
	out["stateMachineArn"] = machineOf(x)
	updated := x.Machine.Updated
	if updated.IsZero() {
		updated = x.Machine.Created
	}
	out["updateDate"] = stamp(updated)
	out.text("mapRunArn", x.MapRun)
	if _, label, ok := strings.Cut(machineOf(x), "/"); ok {
		out["label"] = label
	}
	return out, nil
}

type listRequest struct {
	Machine string     `json:"stateMachineArn"`
	MapRun  string     `json:"mapRunArn"`
	Status  asl.Status `json:"statusFilter"`
	Redrive string     `json:"redriveFilter"`
	paging
}

func (s *Server) listExecutions(ctx context.Context, r listRequest) (any, error) {
	f := workflow.Filter{Status: r.Status, Limit: r.limit()}
	switch {
	case (r.Machine == "") == (r.MapRun == ""):
		return nil, workflow.Errorf(workflow.ValidationException, "1 validation error detected: Must provide a StateMachine ARN or MapRun ARN")
	case r.MapRun != "":
		run, err := s.mapRun(ctx, r.MapRun)
		if err != nil {
			return nil, err
		}
		f.MapRun = run.ARN
	default:
		m, err := s.o.Registry.DescribeMachine(ctx, r.Machine)
		if err != nil {
			return nil, err
		}
		if m.Type == workflow.Express {
			return nil, notOfType()
		}
		f.MachineARN = m.Asked
	}
	if r.Redrive != "" {
		redriven := r.Redrive == "REDRIVEN"
		f.Redriven = &redriven
	}
	request := strings.Join([]string{"executions", f.MachineARN, f.MapRun, string(f.Status), r.Redrive}, " ")
	var err error
	if f.Next, err = s.at(request, r.NextToken); err != nil {
		return nil, err
	}
	// Nothing waits to be redriven by its Map here: a redrive takes it up at once.
	if f.Status == "PENDING_REDRIVE" {
		return reply{"executions": []reply{}}, nil
	}
	list, next, err := s.o.Engine.List(ctx, f)
	if err != nil {
		return nil, err
	}
	items := make([]reply, 0, len(list))
	for _, x := range list {
		items = append(items, executionReply(x))
	}
	return s.next(reply{"executions": items}, request, next), nil
}
