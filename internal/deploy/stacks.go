package deploy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Stacks are CloudFormation's calls that a deployment makes.
type Stacks interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	DescribeStackEvents(context.Context, *cloudformation.DescribeStackEventsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
	ValidateTemplate(context.Context, *cloudformation.ValidateTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.ValidateTemplateOutput, error)
	CreateChangeSet(context.Context, *cloudformation.CreateChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.CreateChangeSetOutput, error)
	DescribeChangeSet(context.Context, *cloudformation.DescribeChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeChangeSetOutput, error)
	ExecuteChangeSet(context.Context, *cloudformation.ExecuteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.ExecuteChangeSetOutput, error)
	DeleteChangeSet(context.Context, *cloudformation.DeleteChangeSetInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteChangeSetOutput, error)
	ContinueUpdateRollback(context.Context, *cloudformation.ContinueUpdateRollbackInput, ...func(*cloudformation.Options)) (*cloudformation.ContinueUpdateRollbackOutput, error)
	DeleteStack(context.Context, *cloudformation.DeleteStackInput, ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error)
	DetectStackDrift(context.Context, *cloudformation.DetectStackDriftInput, ...func(*cloudformation.Options)) (*cloudformation.DetectStackDriftOutput, error)
	DescribeStackDriftDetectionStatus(context.Context, *cloudformation.DescribeStackDriftDetectionStatusInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackDriftDetectionStatusOutput, error)
	DescribeStackResourceDrifts(context.Context, *cloudformation.DescribeStackResourceDriftsInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStackResourceDriftsOutput, error)
}

// Event is something that happened while a stack was worked on.
type Event struct {
	Time     time.Time     `json:"time"`
	Text     string        `json:"text,omitempty"`     // a step of wplake's own; then there is no resource
	Resource string        `json:"resource,omitempty"` // logical name
	Type     string        `json:"type,omitempty"`     // e.g. AWS::S3::Bucket
	Physical string        `json:"physical,omitempty"` // the resource's own name or ARN
	Status   string        `json:"status,omitempty"`   // CloudFormation's, e.g. CREATE_COMPLETE
	Reason   string        `json:"reason,omitempty"`
	Took     time.Duration `json:"-"` // since the resource was begun with, where that is known
}

// Failed reports whether the event is a failure of a resource.
func (e Event) Failed() bool { return strings.HasSuffix(e.Status, "_FAILED") }

// describe returns the stack, or nil where there is none.
func (d *Deployer) describe(ctx context.Context, stack string) (*types.Stack, error) {
	out, err := d.clients.Stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if err != nil {
		// A stack that is not there is a ValidationError, told by its text alone.
		if awsapi.Code(err) == "ValidationError" && strings.Contains(err.Error(), "does not exist") {
			return nil, nil
		}
		return nil, awsapi.Failure(err, "look at the stack "+stack, "cloudformation:DescribeStacks", lake.ServiceFailed)
	}
	if len(out.Stacks) == 0 || out.Stacks[0].StackStatus == types.StackStatusDeleteComplete {
		return nil, nil
	}
	return &out.Stacks[0], nil
}

func inProgress(s types.StackStatus) bool {
	return strings.HasSuffix(string(s), "_IN_PROGRESS") && s != types.StackStatusReviewInProgress
}

// goneWrong reports whether an operation's end is not what was wanted.
func goneWrong(s types.StackStatus) bool {
	return strings.Contains(string(s), "ROLLBACK") || strings.HasSuffix(string(s), "_FAILED")
}

// maxEventPages bounds how far back events are read: 100 are on a page, and a
// stack of a lake makes some 300 in one operation.
const maxEventPages = 50

// newEvents returns the events after those already seen, oldest first, and adds
// them to seen.
func (d *Deployer) newEvents(ctx context.Context, stack string, seen map[string]bool) ([]types.StackEvent, error) {
	var fresh []types.StackEvent
	var next *string
	for range maxEventPages {
		out, err := d.clients.Stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stack, NextToken: next})
		if err != nil {
			return nil, awsapi.Failure(err, "read the events of the stack "+stack, "cloudformation:DescribeStackEvents", lake.ServiceFailed)
		}
		old := false
		for _, e := range out.StackEvents {
			id := aws.ToString(e.EventId)
			if seen[id] {
				old = true
				continue
			}
			seen[id] = true
			fresh = append(fresh, e)
		}
		if next = out.NextToken; next == nil || old {
			break
		}
	}
	slices.Reverse(fresh) // AWS gives the newest first
	return fresh, nil
}

// past are the events that a stack has so far, or the newest of them: what
// comes later is told from them.
func (d *Deployer) past(ctx context.Context, stack string) (map[string]bool, error) {
	seen := map[string]bool{}
	out, err := d.clients.Stacks.DescribeStackEvents(ctx, &cloudformation.DescribeStackEventsInput{StackName: &stack})
	if err != nil {
		return nil, awsapi.Failure(err, "read the events of the stack "+stack, "cloudformation:DescribeStackEvents", lake.ServiceFailed)
	}
	for _, e := range out.StackEvents {
		seen[aws.ToString(e.EventId)] = true
	}
	return seen, nil
}

// ending is how an operation on a stack ended.
type ending struct {
	status types.StackStatus // "" where the stack is gone
	events []Event
}

// follow tells of the events of a stack, named by its ARN, until it rests.
// seen are the events of before. Failures of a call are borne a while, since
// the operation goes on without us.
func (d *Deployer) follow(ctx context.Context, stack string, seen map[string]bool) (ending, error) {
	var end ending
	begun := map[string]time.Time{}
	failures := 0
	for {
		// In this order, so that the events of a stack that rests are all there.
		state, err := d.describe(ctx, stack)
		var events []types.StackEvent
		if err == nil {
			events, err = d.newEvents(ctx, stack, seen)
		}
		switch {
		case ctx.Err() != nil:
			return end, interrupted(stack, ctx.Err())
		case err != nil && (failures >= maxFailures || lake.HasCode(err, lake.AccessDenied) || lake.HasCode(err, lake.CredentialsBad)):
			return end, goesOn(stack, err)
		case err != nil:
			failures++
		default:
			failures = 0
		}
		for _, e := range events {
			told := eventOf(e, begun)
			end.events = append(end.events, told)
			d.tell(told)
		}
		if err == nil && (state == nil || !inProgress(state.StackStatus)) {
			if state != nil {
				end.status = state.StackStatus
			}
			return end, nil
		}
		if err := d.o.Wait(ctx, d.o.Every); err != nil {
			return end, interrupted(stack, err)
		}
	}
}

// maxFailures is how many calls in a row may fail while a stack is watched,
// each tried again by the SDK already.
const maxFailures = 10

// eventOf words an event; begun keeps when resources were begun with.
func eventOf(e types.StackEvent, begun map[string]time.Time) Event {
	told := Event{
		Time: aws.ToTime(e.Timestamp), Resource: aws.ToString(e.LogicalResourceId), Type: aws.ToString(e.ResourceType),
		Physical: aws.ToString(e.PhysicalResourceId), Status: string(e.ResourceStatus), Reason: aws.ToString(e.ResourceStatusReason),
	}
	if strings.HasSuffix(told.Status, "_IN_PROGRESS") {
		if _, ok := begun[told.Resource]; !ok {
			begun[told.Resource] = told.Time
		}
		return told
	}
	if at, ok := begun[told.Resource]; ok {
		told.Took = told.Time.Sub(at)
		delete(begun, told.Resource)
	}
	return told
}

// cause is the first failure of the events that is not the consequence of
// another's: of a resource or, where none failed, of the stack as a whole.
func cause(events []Event) (Event, bool) {
	var found Event
	for _, e := range events {
		if !e.Failed() {
			continue
		}
		if e.Type != stackType && !strings.Contains(strings.ToLower(e.Reason), "cancelled") {
			return e, true
		}
		if found.Status == "" || found.Type == stackType && e.Type != stackType {
			found = e
		}
	}
	return found, found.Status != ""
}

// stackType is the type of the events that are the stack's own.
const stackType = "AWS::CloudFormation::Stack"

func interrupted(stack string, err error) error {
	return &lake.Error{
		Code: lake.Interrupted, Err: err, Message: "interrupted; AWS goes on with the stack " + stack,
		Hint: "look how it ends: wplake deploy status",
	}
}

func goesOn(stack string, err error) error {
	e := *lake.AsError(err, lake.ServiceFailed)
	e.Message = "the stack " + stack + " can no longer be watched; AWS goes on with it: " + e.Message
	e.Hint = "look how it ends: wplake deploy status"
	return &e
}
