package asl

import "strings"

// ResourceKind tells which family of events a Task writes.
type ResourceKind string

// The kinds of resources.
const (
	LambdaResource   ResourceKind = "lambda"   // a function's ARN
	ActivityResource ResourceKind = "activity" // an activity's ARN
	ServiceResource  ResourceKind = "service"  // arn:aws:states:::service:action
)

// Pattern is how a service integration answers.
type Pattern string

// The patterns of service integrations.
const (
	RequestResponse  Pattern = ""
	RunJob           Pattern = "sync"
	RunJobJSON       Pattern = "sync:2"
	WaitForTaskToken Pattern = "waitForTaskToken"
)

// Resource is what a Task calls, taken apart.
type Resource struct {
	// ARN is the resource as the definition has it.
	ARN  string
	Kind ResourceKind
	// Service is lambda, glue, aws-sdk:s3 and so on; empty unless Kind is
	// ServiceResource.
	Service string
	// Action is the call, without its pattern: invoke, startJobRun.
	Action  string
	Pattern Pattern
}

// Call is the action with its pattern, as events show it.
func (r Resource) Call() string {
	if r.Pattern == RequestResponse {
		return r.Action
	}
	return r.Action + "." + string(r.Pattern)
}

// ParseResource takes a Task's Resource apart; ok is false when it is no ARN
// that a Task can call.
func ParseResource(arn string) (r Resource, ok bool) {
	r.ARN = arn
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[5] == "" {
		return r, false
	}
	rest := parts[5]
	switch {
	case parts[2] == "lambda":
		r.Kind = LambdaResource
		return r, true
	case parts[2] == "states" && strings.HasPrefix(rest, "activity:"):
		r.Kind = ActivityResource
		return r, true
	case parts[2] != "states":
		return r, false
	}
	r.Kind = ServiceResource
	for _, p := range []Pattern{RunJobJSON, RunJob, WaitForTaskToken} {
		if cut, found := strings.CutSuffix(rest, "."+string(p)); found {
			r.Pattern, rest = p, cut
			break
		}
	}
	at := strings.LastIndexByte(rest, ':')
	if at <= 0 || at == len(rest)-1 {
		return r, false
	}
	r.Service, r.Action = rest[:at], rest[at+1:]
	return r, true
}
