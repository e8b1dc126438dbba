package deploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Destroyed is what Destroy did.
type Destroyed struct {
	Stack   string           `json:"stack"`
	Found   bool             `json:"found"` // there was a stack
	Kept    []Kept           `json:"kept"`
	Deleted map[string]int64 `json:"deleted"` // bucket, or bucket and prefix → versions of objects
	Events  []Event          `json:"events"`
}

// Kept is something that a stack leaves in the account.
type Kept struct {
	Type string `json:"type"`
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Destroy removes the stack. Buckets and artifacts stay unless deleteData says
// otherwise; then all versions of all objects in the stack's buckets go, and
// the buckets. Buckets that are not the stack's own are never touched. It may
// be run again where it was broken off.
func (d *Deployer) Destroy(ctx context.Context, deleteData bool) (Destroyed, error) {
	done := Destroyed{Stack: d.Stack(), Kept: []Kept{}, Deleted: map[string]int64{}, Events: []Event{}}
	a, err := d.Account(ctx)
	if err != nil {
		return done, err
	}
	stack, err := d.describe(ctx, d.Stack())
	if err != nil {
		return done, err
	}
	var retained []Kept
	if stack != nil {
		done.Found = true
		if inProgress(stack.StackStatus) {
			return done, busy(d.Stack(), stack.StackStatus)
		}
		if retained, err = d.retained(ctx, aws.ToString(stack.StackId)); err != nil {
			return done, err
		}
		end, err := d.removeStack(ctx, aws.ToString(stack.StackId))
		done.Events = append(done.Events, end.events...)
		if err != nil {
			return done, err
		}
	}
	buckets, err := d.ownBuckets(ctx, a, retained)
	if err != nil {
		return done, err
	}
	for _, k := range retained {
		if k.Type != "AWS::S3::Bucket" && k.Type != "AWS::S3::BucketPolicy" {
			done.Kept = append(done.Kept, k)
		}
	}
	done.Kept = append(done.Kept, d.notKnown(ctx, a, buckets)...)
	if deleteData {
		err = d.deleteData(ctx, a, buckets, &done)
		return done, err
	}
	for _, b := range buckets {
		done.Kept = append(done.Kept, Kept{Type: "AWS::S3::Bucket", Name: b, Why: "data are kept unless told twice: --delete-data=" + d.Stack()})
	}
	if whose, err := d.owner(ctx, a, d.ArtifactsBucket(a)); err == nil && whose == ours {
		done.Kept = append(done.Kept, Kept{Type: "AWS::S3::Bucket", Name: d.ArtifactsBucket(a), Why: "holds packages, and results of Athena"})
	}
	return done, nil
}

// retained lists the resources of a stack that outlive it.
func (d *Deployer) retained(ctx context.Context, id string) ([]Kept, error) {
	deployed, err := d.deployedTemplate(ctx)
	if err != nil {
		return nil, err
	}
	var all []Kept
	var next *string
	for {
		out, err := d.clients.Stacks.ListStackResources(ctx, &cloudformation.ListStackResourcesInput{StackName: &id, NextToken: next})
		if err != nil {
			return nil, awsapi.Failure(err, "list the resources of the stack "+d.Stack(), "cloudformation:ListStackResources", lake.ServiceFailed)
		}
		for _, r := range out.StackResourceSummaries {
			name := aws.ToString(r.PhysicalResourceId)
			if name != "" && deployed.Resources[aws.ToString(r.LogicalResourceId)].DeletionPolicy == "Retain" {
				all = append(all, Kept{Type: aws.ToString(r.ResourceType), Name: name, Why: "the template keeps it"})
			}
		}
		if next = out.NextToken; next == nil {
			return all, nil
		}
	}
}

// deleteStack removes a stack, named by its ARN, and waits for that.
func (d *Deployer) deleteStack(ctx context.Context, id string) error {
	_, err := d.removeStack(ctx, id)
	return err
}

func (d *Deployer) removeStack(ctx context.Context, id string) (ending, error) {
	seen, err := d.past(ctx, id)
	if err != nil {
		return ending{}, err
	}
	_, err = d.clients.Stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &id, ClientRequestToken: aws.String(d.o.Token())})
	if err != nil {
		return ending{}, awsapi.Failure(err, "remove the stack "+d.Stack(), "cloudformation:DeleteStack", lake.DeployFailed)
	}
	end, err := d.follow(ctx, id, seen)
	if err != nil || end.status == "" {
		return end, err
	}
	if end.status == cfntypes.StackStatusDeleteFailed {
		return end, d.failure("could not be removed", end, "mend the cause and run it again")
	}
	return end, d.failure("was not removed ("+string(end.status)+")", end, "run it again; a stack may be protected: aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name "+d.Stack())
}

// tagOfStack is the tag by which a bucket is known as a stack's own when the
// stack is gone.
const tagOfStack = "wplake:stack"

// ownBuckets are the layers' buckets that the stack made: those among the
// retained resources, and those left by one that was removed before.
func (d *Deployer) ownBuckets(ctx context.Context, a Account, retained []Kept) ([]string, error) {
	var own []string
	for _, k := range retained {
		if k.Type == "AWS::S3::Bucket" {
			own = append(own, k.Name)
		}
	}
	if d.o.Config.AWS.Existing.Buckets {
		return own, nil
	}
	for _, l := range lake.Layers() {
		name := d.o.Config.Buckets.Name(l)
		if name == "" || slices.Contains(own, name) {
			continue
		}
		whose, err := d.owner(ctx, a, name)
		if err != nil {
			return own, err
		}
		if whose != ours {
			continue
		}
		out, err := d.clients.Buckets.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: &name, ExpectedBucketOwner: &a.ID})
		if awsapi.Code(err) == "NoSuchTagSet" {
			continue
		}
		if err != nil {
			return own, awsapi.Failure(err, "read the tags of the bucket "+name, "s3:GetBucketTagging", lake.ServiceFailed)
		}
		for _, tag := range out.TagSet {
			if aws.ToString(tag.Key) == tagOfStack && aws.ToString(tag.Value) == d.Stack() {
				own = append(own, name)
			}
		}
	}
	return own, nil
}

// notKnown are the account's buckets that have the names of layers, and nothing
// shows that the stack made them: they are never touched, and a next apply takes
// them into the stack.
func (d *Deployer) notKnown(ctx context.Context, a Account, own []string) []Kept {
	var others []Kept
	for _, l := range lake.Layers() {
		name := d.o.Config.Buckets.Name(l)
		if name == "" || slices.Contains(own, name) {
			continue
		}
		if whose, err := d.owner(ctx, a, name); err != nil || whose != ours {
			continue
		}
		why := "it has no tag " + tagOfStack + "=" + d.Stack() + ": not known to be of this stack, so never removed here"
		if d.o.Config.AWS.Existing.Buckets {
			why = "it is not the stack's (aws.existing.buckets)"
		}
		others = append(others, Kept{Type: "AWS::S3::Bucket", Name: name, Why: why})
	}
	return others
}

// deleteData empties and removes the buckets, and what the stack has among the
// artifacts.
func (d *Deployer) deleteData(ctx context.Context, a Account, buckets []string, done *Destroyed) error {
	for _, b := range buckets {
		n, err := d.empty(ctx, a, b, "")
		done.Deleted[b] = n
		if err == nil {
			_, err = d.clients.Buckets.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &b, ExpectedBucketOwner: &a.ID})
			err = awsapi.Failure(err, "remove the bucket "+b, "s3:DeleteBucket", lake.DeployFailed)
		}
		if err != nil {
			return err
		}
		d.say(fmt.Sprintf("removed the bucket %s with %d versions of objects", b, n))
	}
	artifacts := d.ArtifactsBucket(a)
	whose, err := d.owner(ctx, a, artifacts)
	if err != nil || whose != ours {
		return err
	}
	// Other lakes of the account have folders of their own there.
	n, err := d.empty(ctx, a, artifacts, d.Stack()+"/")
	done.Deleted[artifacts+"/"+d.Stack()+"/"] = n
	if err != nil {
		return err
	}
	if d.o.Config.AWS.Artifacts == "" {
		_, err := d.clients.Buckets.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &artifacts, ExpectedBucketOwner: &a.ID})
		if err == nil {
			d.say("removed the bucket " + artifacts)
			return nil
		}
		if awsapi.Code(err) != "BucketNotEmpty" {
			return awsapi.Failure(err, "remove the bucket "+artifacts, "s3:DeleteBucket", lake.DeployFailed)
		}
	}
	done.Kept = append(done.Kept, Kept{Type: "AWS::S3::Bucket", Name: artifacts, Why: "is yours, or holds what is not this lake's"})
	return nil
}
