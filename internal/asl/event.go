package asl

import (
	"encoding/json"
	"strings"
	"time"

	"wplake/internal/asl/jsontext"
)

// Event is one entry of a history, as GetExecutionHistory tells it. Which
// fields are set depends on Type; Details renders them under Step Functions'
// names.
type Event struct {
	// Execution is the ARN of the child execution of a distributed Map whose
	// history the event belongs to, "" for that of the execution itself. Each
	// history has its own numbers.
	Execution string
	ID        int64
	Previous  int64
	Type      string
	Time      time.Time
	// State is the name of the state, for events of states, iterations and
	// failed evaluations.
	State string
	// Input and Output are JSON values; HasInput and HasOutput tell a null
	// from nothing.
	Input, Output       any
	HasInput, HasOutput bool
	// Error and Cause are nil where there is none.
	Error, Cause *string
	// Assigned holds the JSON text of each variable that the state assigned.
	Assigned map[string]string
	// Location is the field whose evaluation failed.
	Location string
	// Resource and Service tell what a task called.
	Resource, Service string
	// Timeout and Heartbeat are those of a task, in seconds, 0 for none.
	Timeout, Heartbeat int64
	// Index is the iteration of a Map, Length the number of its items.
	Index, Length int
	// MapRun is the ARN of a distributed Map's run; in ExecutionStarted that of
	// the run that started a child.
	MapRun string
	// Redrives is how often an execution or a Map run has been redriven, in
	// ExecutionRedriven and MapRunRedriven.
	Redrives int
	// RoleARN is that of the execution, in its first event.
	RoleARN string
	// Worker is who took an activity, "" where it did not say.
	Worker string
}

// Details returns the name of the event's details and the details themselves,
// in the shape of GetExecutionHistory; the name is "" for events without.
func (e *Event) Details() (string, map[string]any) {
	d := map[string]any{}
	if e.HasInput {
		key := "input"
		if e.Type == "TaskScheduled" {
			key = "parameters"
		}
		d[key] = Text(e.Input)
		if key == "input" {
			d["inputDetails"] = map[string]any{"truncated": false}
		}
	}
	if e.HasOutput {
		d["output"] = Text(e.Output)
		d["outputDetails"] = map[string]any{"truncated": false}
	}
	if e.Error != nil {
		d["error"] = *e.Error
	}
	if e.Cause != nil {
		d["cause"] = *e.Cause
	}
	put := func(key, value string) {
		if value != "" {
			d[key] = value
		}
	}
	put("resource", e.Resource)
	put("resourceType", e.Service)
	if strings.HasPrefix(e.Type, "MapRun") {
		put("mapRunArn", e.MapRun)
	}
	put("roleArn", e.RoleARN)
	put("workerName", e.Worker)
	put("location", e.Location)
	if e.Timeout > 0 {
		d["timeoutInSeconds"] = e.Timeout
	}
	if e.Heartbeat > 0 {
		d["heartbeatInSeconds"] = e.Heartbeat
	}
	if len(e.Assigned) > 0 {
		vars := make(map[string]any, len(e.Assigned))
		for k, v := range e.Assigned {
			vars[k] = v
		}
		d["assignedVariables"] = vars
		d["assignedVariablesDetails"] = map[string]any{"truncated": false}
	}
	switch {
	case strings.HasSuffix(e.Type, "StateEntered"):
		d["name"] = e.State
		return "stateEnteredEventDetails", d
	case strings.HasSuffix(e.Type, "StateExited"):
		d["name"] = e.State
		return "stateExitedEventDetails", d
	case e.Type == "MapStateStarted":
		return "mapStateStartedEventDetails", map[string]any{"length": e.Length}
	case strings.HasPrefix(e.Type, "MapIteration"):
		d["name"], d["index"] = e.State, e.Index
	case e.Type == "EvaluationFailed":
		d["state"] = e.State
	case strings.HasSuffix(e.Type, "Redriven"):
		d["redriveCount"] = e.Redrives
	case len(d) == 0:
		return "", nil
	}
	return strings.ToLower(e.Type[:1]) + e.Type[1:] + "EventDetails", d
}

// Text is the compact JSON of a value, as Step Functions writes it.
func Text(v any) string {
	text, err := jsontext.Compact(v)
	if err != nil {
		// Only what is no JSON value can fail, and evaluation gives none.
		return "null"
	}
	return text
}

// size is how many bytes of JSON a value takes, give or take escapes, or just
// more than limit as soon as that is passed.
func size(v any, limit int) int {
	switch v := v.(type) {
	case nil:
		return 4
	case bool:
		return 5
	case string:
		return len(v) + 2
	case json.Number:
		return len(v)
	case []any:
		n := 2
		for _, e := range v {
			if n > limit {
				return n
			}
			n += size(e, limit-n) + 1
		}
		return n
	case map[string]any:
		n := 2
		for k, e := range v {
			if n > limit {
				return n
			}
			n += len(k) + 4 + size(e, limit-n)
		}
		return n
	}
	return 0
}
