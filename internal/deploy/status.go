package deploy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"wplake/internal/awsapi"
	"wplake/internal/deploy/template"
	"wplake/internal/lake"
)

// Status is how a deployment stands.
type Status struct {
	Stack      string            `json:"stack"`
	Account    Account           `json:"where"`
	Exists     bool              `json:"exists"`
	State      string            `json:"state,omitempty"` // CloudFormation's, e.g. UPDATE_COMPLETE
	Reason     string            `json:"reason,omitempty"`
	Updated    *time.Time        `json:"updated_at,omitempty"`
	Outputs    map[string]string `json:"outputs"`
	Agrees     []Agreement       `json:"agreement"` // of the definition with what is deployed
	Drift      *Drift            `json:"drift,omitempty"`
	Executions []Execution       `json:"executions"`
	Pending    []Subscription    `json:"pending_subscriptions"`
	Notes      []string          `json:"notes"` // what could not be looked at
}

// Agreement says whether a part of the deployment is what the definition wants.
type Agreement struct {
	What   string `json:"what"`
	Agrees bool   `json:"agrees"`
	Detail string `json:"detail,omitempty"`
}

// WholeDefinition is what an Agreement is of where the definition cannot be
// compared, since it cannot be packed here.
const WholeDefinition = "definition"

// Drift tells what somebody changed beside the stack.
type Drift struct {
	State     string          `json:"state"` // IN_SYNC, DRIFTED
	Resources []DriftResource `json:"resources"`
}

// DriftResource is a resource that is not as the template wants it.
type DriftResource struct {
	Resource   string           `json:"resource"`
	Type       string           `json:"type"`
	Name       string           `json:"name"`
	State      string           `json:"state"` // MODIFIED, DELETED
	Properties []PropertyChange `json:"properties,omitempty"`
}

// Execution is an execution of the deployed state machine.
type Execution struct {
	Name    string     `json:"name"`
	Status  string     `json:"status"`
	Started *time.Time `json:"started_at,omitempty"`
	Ended   *time.Time `json:"ended_at,omitempty"`
}

// Subscription is one that waits for its confirmation.
type Subscription struct {
	Topic    string `json:"topic"`
	Protocol string `json:"protocol"`
	Endpoint string `json:"endpoint"`
}

// lastExecutions is how many executions are told of.
const lastExecutions = 5

// Status tells how the deployment stands. With drift CloudFormation compares
// every resource with the template, which takes a minute.
func (d *Deployer) Status(ctx context.Context, drift bool) (Status, error) {
	s := Status{Stack: d.Stack(), Outputs: map[string]string{}, Agrees: []Agreement{}, Executions: []Execution{}, Pending: []Subscription{}, Notes: []string{}}
	a, err := d.Account(ctx)
	if err != nil {
		return s, err
	}
	s.Account = a
	stack, err := d.describe(ctx, d.Stack())
	if err != nil || stack == nil {
		return s, err
	}
	s.Exists, s.State, s.Reason, s.Outputs = true, string(stack.StackStatus), aws.ToString(stack.StackStatusReason), outputs(stack)
	if s.Updated = stack.LastUpdatedTime; s.Updated == nil {
		s.Updated = stack.CreationTime
	}
	if s.Agrees, err = d.agreement(ctx, stack); err != nil {
		return s, err
	}
	if drift {
		if s.Drift, err = d.drift(ctx); err != nil {
			return s, err
		}
	}
	if s.Executions, err = d.executions(ctx, a); err != nil {
		if s.Executions, err = []Execution{}, s.note(err); err != nil {
			return s, err
		}
	}
	if s.Pending, err = d.pending(ctx, a); err != nil {
		s.Pending, err = []Subscription{}, s.note(err)
	}
	return s, err
}

// note keeps what could not be looked at, unless nothing can be.
func (s *Status) note(err error) error {
	e := lake.AsError(err, lake.ServiceFailed)
	if e.Code == lake.Interrupted || e.Code == lake.CredentialsBad {
		return err
	}
	s.Notes = append(s.Notes, e.Message)
	return nil
}

// agreement compares the definition with what is deployed.
func (d *Deployer) agreement(ctx context.Context, stack *types.Stack) ([]Agreement, error) {
	deployed, err := d.deployedTemplate(ctx)
	if err != nil {
		return []Agreement{}, err
	}
	w, err := d.want(ctx)
	if err != nil {
		// A definition that cannot be packed here is deployed all the same.
		e := lake.AsError(err, lake.Internal)
		if e.Code == lake.Interrupted || e.Code == lake.CredentialsBad {
			return []Agreement{}, err
		}
		return []Agreement{{What: WholeDefinition, Detail: e.Message}}, nil
	}
	code := Agreement{What: "package", Detail: "the deployed package is another: wplake deploy plan"}
	for _, p := range stack.Parameters {
		if aws.ToString(p.ParameterKey) == template.CodeKey && strings.HasSuffix(aws.ToString(p.ParameterValue), w.pack.SHA256+".zip") {
			code.Agrees, code.Detail = true, w.pack.SHA256
		}
	}
	stackAgrees := Agreement{What: "template", Agrees: true}
	differ := differences(deployed, w.tree)
	if len(differ) > 0 {
		stackAgrees.Agrees = false
		stackAgrees.Detail = "differs in " + strings.Join(differ[:min(len(differ), 5)], ", ") + ": wplake deploy plan"
	}
	return []Agreement{stackAgrees, code}, nil
}

// differences lists the resources that two templates do not have alike.
func differences(a, b tree) []string {
	var all []string
	for _, id := range slices.Compact(slices.Sorted(slices.Values(append(a.ids(), b.ids()...)))) {
		x, inA := a.Resources[id]
		y, inB := b.Resources[id]
		if inA != inB || x.Type != y.Type || x.DeletionPolicy != y.DeletionPolicy || !same(x.Properties, y.Properties) {
			all = append(all, id)
		}
	}
	return all
}

// drift lets CloudFormation compare the resources with the template.
func (d *Deployer) drift(ctx context.Context) (*Drift, error) {
	fail := func(err error, action string) error {
		return awsapi.Failure(err, "look for drift of the stack "+d.Stack(), "cloudformation:"+action, lake.ServiceFailed)
	}
	stack := d.Stack()
	begun, err := d.clients.Stacks.DetectStackDrift(ctx, &cloudformation.DetectStackDriftInput{StackName: &stack})
	if err != nil {
		return nil, fail(err, "DetectStackDrift")
	}
	found := &Drift{Resources: []DriftResource{}}
	for {
		out, err := d.clients.Stacks.DescribeStackDriftDetectionStatus(ctx, &cloudformation.DescribeStackDriftDetectionStatusInput{StackDriftDetectionId: begun.StackDriftDetectionId})
		if err != nil {
			return nil, fail(err, "DescribeStackDriftDetectionStatus")
		}
		if out.DetectionStatus == types.StackDriftDetectionStatusDetectionFailed && out.StackDriftStatus == "" {
			return nil, &lake.Error{Code: lake.ServiceFailed, Message: "CloudFormation could not look for drift: " + aws.ToString(out.DetectionStatusReason), Hint: "run it again"}
		}
		if out.DetectionStatus != types.StackDriftDetectionStatusDetectionInProgress {
			found.State = string(out.StackDriftStatus)
			break
		}
		if err := d.o.Wait(ctx, d.o.Every); err != nil {
			return nil, &lake.Error{Code: lake.Interrupted, Message: "interrupted while CloudFormation looked for drift", Hint: "run it again", Err: err}
		}
	}
	var next *string
	for {
		out, err := d.clients.Stacks.DescribeStackResourceDrifts(ctx, &cloudformation.DescribeStackResourceDriftsInput{
			StackName: &stack, NextToken: next,
			StackResourceDriftStatusFilters: []types.StackResourceDriftStatus{types.StackResourceDriftStatusModified, types.StackResourceDriftStatusDeleted},
		})
		if err != nil {
			return nil, fail(err, "DescribeStackResourceDrifts")
		}
		for _, r := range out.StackResourceDrifts {
			found.Resources = append(found.Resources, driftOf(r))
		}
		if next = out.NextToken; next == nil {
			return found, nil
		}
	}
}

func driftOf(r types.StackResourceDrift) DriftResource {
	one := DriftResource{
		Resource: aws.ToString(r.LogicalResourceId), Type: aws.ToString(r.ResourceType), Name: aws.ToString(r.PhysicalResourceId), State: string(r.StackResourceDriftStatus),
	}
	for _, p := range r.PropertyDifferences {
		one.Properties = append(one.Properties, PropertyChange{Property: aws.ToString(p.PropertyPath), From: aws.ToString(p.ExpectedValue), To: aws.ToString(p.ActualValue)})
	}
	return one
}

// MachineARN is the ARN of the deployed state machine.
func (d *Deployer) MachineARN(a Account) string {
	return "arn:" + a.Partition + ":states:" + a.Region + ":" + a.ID + ":stateMachine:" + d.o.Config.Workflow.Name
}

// executions are the newest executions.
func (d *Deployer) executions(ctx context.Context, a Account) ([]Execution, error) {
	machine := d.MachineARN(a)
	out, err := d.clients.Machines.ListExecutions(ctx, &sfn.ListExecutionsInput{StateMachineArn: &machine, MaxResults: lastExecutions})
	if err != nil {
		return nil, awsapi.Failure(err, "list the executions of "+d.o.Config.Workflow.Name, "states:ListExecutions", lake.ServiceFailed)
	}
	all := []Execution{}
	for _, e := range out.Executions[:min(lastExecutions, len(out.Executions))] {
		all = append(all, Execution{Name: aws.ToString(e.Name), Status: string(e.Status), Started: e.StartDate, Ended: e.StopDate})
	}
	return all, nil
}

// pending lists the subscriptions of the lake's topics that nobody confirmed.
func (d *Deployer) pending(ctx context.Context, a Account) ([]Subscription, error) {
	all := []Subscription{}
	for _, name := range topicNames() {
		arn := topicARN(a, name)
		var next *string
		for {
			out, err := d.clients.Topics.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn, NextToken: next})
			if err != nil {
				return nil, awsapi.Failure(err, "list the subscriptions of the topic "+name, "sns:ListSubscriptionsByTopic", lake.ServiceFailed)
			}
			for _, s := range out.Subscriptions {
				if aws.ToString(s.SubscriptionArn) == "PendingConfirmation" {
					all = append(all, Subscription{Topic: name, Protocol: aws.ToString(s.Protocol), Endpoint: aws.ToString(s.Endpoint)})
				}
			}
			if next = out.NextToken; next == nil {
				break
			}
		}
	}
	return all, nil
}
