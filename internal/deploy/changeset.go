package deploy

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// changeSet is a change set that CloudFormation has computed.
type changeSet struct {
	name    string
	stackID string
	changes []types.Change
	nothing bool // there is nothing to change; then the change set is gone
}

// makeChangeSet asks CloudFormation what would change. adopt lets buckets that
// exist become part of a new stack.
func (d *Deployer) makeChangeSet(ctx context.Context, w desired, kind types.ChangeSetType, adopt bool) (changeSet, error) {
	stack := d.Stack()
	url, err := d.uploadTemplate(ctx, w)
	if err != nil {
		return changeSet{}, err
	}
	token := d.o.Token()
	set := changeSet{name: "wplake-" + token}
	in := &cloudformation.CreateChangeSetInput{
		StackName: &stack, ChangeSetName: &set.name, ClientToken: &token, ChangeSetType: kind, TemplateURL: &url, Parameters: w.given(),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam}, IncludeNestedStacks: aws.Bool(false),
		Description: aws.String("wplake deploy"), Tags: d.stackTags(),
	}
	if adopt {
		in.ImportExistingResources = aws.Bool(true)
	}
	out, err := d.clients.Stacks.CreateChangeSet(ctx, in)
	switch {
	case awsapi.Code(err) == "AlreadyExistsException": // the name is our own: an answer was lost
	case err != nil:
		return changeSet{}, awsapi.Failure(err, "ask CloudFormation what would change in the stack "+stack, "cloudformation:CreateChangeSet", lake.DeployFailed)
	default:
		set.stackID = aws.ToString(out.StackId)
	}
	return d.awaitChangeSet(ctx, set)
}

// stackTags are the tags of the stack itself, which CloudFormation gives to
// what it makes.
func (d *Deployer) stackTags() []types.Tag {
	return []types.Tag{
		{Key: aws.String("wplake:site"), Value: aws.String(d.o.Config.Site)},
		{Key: aws.String("wplake:stack"), Value: aws.String(d.Stack())},
	}
}

// uploadTemplate puts the template where CloudFormation finds it.
func (d *Deployer) uploadTemplate(ctx context.Context, w desired) (url string, err error) {
	key := w.templateKey(d.Stack())
	if _, err := d.upload(ctx, w.account, key, "application/yaml", w.body); err != nil {
		return "", err
	}
	if address := endpointOf(d.cfg, "s3"); address != "" { // an emulator's, where buckets are no part of the host
		return strings.TrimSuffix(address, "/") + "/" + d.ArtifactsBucket(w.account) + "/" + key, nil
	}
	suffix := "amazonaws.com"
	if w.account.Partition == "aws-cn" {
		suffix += ".cn"
	}
	return "https://" + d.ArtifactsBucket(w.account) + ".s3." + w.account.Region + "." + suffix + "/" + key, nil
}

// awaitChangeSet waits until a change set is computed, and reads all of it.
func (d *Deployer) awaitChangeSet(ctx context.Context, set changeSet) (changeSet, error) {
	stack := d.Stack()
	var next *string
	for {
		out, err := d.clients.Stacks.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{
			StackName: &stack, ChangeSetName: &set.name, NextToken: next, IncludePropertyValues: aws.Bool(true),
		})
		if err != nil {
			return set, awsapi.Failure(err, "read what would change in the stack "+stack, "cloudformation:DescribeChangeSet", lake.DeployFailed)
		}
		if set.stackID == "" {
			set.stackID = aws.ToString(out.StackId)
		}
		switch out.Status {
		case types.ChangeSetStatusCreateComplete:
			set.changes = append(set.changes, out.Changes...)
			if next = out.NextToken; next == nil {
				return set, nil
			}
		case types.ChangeSetStatusFailed:
			reason := aws.ToString(out.StatusReason)
			if !isNothing(reason) {
				d.discard(ctx, set)
				return set, &lake.Error{
					Code: lake.DeployFailed, Message: "CloudFormation refuses the stack " + stack + ": " + reason,
					Hint: "`wplake deploy template` prints what it was given; nothing was changed",
				}
			}
			set.nothing = true
			d.discard(ctx, set)
			return set, nil
		default:
			if err := d.o.Wait(ctx, d.o.Every); err != nil {
				d.discard(ctx, set)
				return set, interruptedBefore(err)
			}
		}
	}
}

// isNothing reports whether a change set failed since there is nothing to
// change, which CloudFormation tells by its text alone.
func isNothing(reason string) bool {
	return strings.Contains(reason, "didn't contain changes") || strings.Contains(reason, "No updates are to be performed")
}

// discard removes a change set. It is worth no failure: it costs nothing, and
// CloudFormation removes it with the next update.
func (d *Deployer) discard(ctx context.Context, set changeSet) {
	ctx = context.WithoutCancel(ctx)
	_, err := d.clients.Stacks.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{StackName: aws.String(d.Stack()), ChangeSetName: &set.name})
	if err != nil && d.o.Log != nil {
		d.o.Log.Warn("a change set is left", "stack", d.Stack(), "change_set", set.name, "error", err)
	}
}
