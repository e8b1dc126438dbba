package deploy

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Exists reports whether the account has a resource of a type and name. The
// error is a *lake.Error.
type Exists func(ctx context.Context, kind, name string) (bool, error)

// kindsLookedAt are the types whose names are the lake's own and unique in an
// account and region, in words, in the order in which they are told.
func kindsLookedAt() [][2]string {
	return [][2]string{
		{"AWS::Lambda::Function", "function"}, {"AWS::StepFunctions::StateMachine", "state machine"},
		{"AWS::SSM::Parameter", "parameter"}, {"AWS::SNS::Topic", "topic"}, {"AWS::Glue::Database", "database"},
		{"AWS::Glue::Crawler", "crawler"}, {"AWS::Glue::Job", "job"}, {"AWS::Athena::WorkGroup", "workgroup"},
	}
}

// lookAtNames finds what the stack is about to make and the account has already:
// made by hand, as the reference's functions are, or by another lake's stack.
// CloudFormation would refuse the whole stack for it.
func (d *Deployer) lookAtNames(ctx context.Context, w desired, deployed tree) ([]Finding, error) {
	if d.clients.Exists == nil {
		return nil, nil
	}
	var all []Finding
	var there []string
	for _, kind := range kindsLookedAt() {
		for _, name := range newNames(w.tree, deployed, kind[0]) {
			exists, err := d.clients.Exists(ctx, kind[0], name)
			if err != nil {
				found, err := unseen(err, "the "+kind[1]+" "+name)
				if err != nil {
					return all, err
				}
				all = append(all, found...)
				break // the others of the kind would be refused as well
			}
			if exists {
				there = append(there, kind[1]+" "+name)
			}
		}
	}
	if len(there) > 0 {
		all = append(all, Finding{
			Level: LevelError, What: "the account has these already, and they are not of the stack " + d.Stack() + ": " + strings.Join(there, ", "),
			Hint: "these names are unique in an account and region: remove what has them (another lake: wplake deploy destroy, there), or deploy into another region (aws.region) or account; " +
				"a database has the name of the dataset, and the state machine that of workflow.name",
		})
	}
	return all, nil
}

// newNames are the names of the resources of a type that a template has and the
// deployed one has not, sorted. Names that only CloudFormation knows are left out.
func newNames(want, deployed tree, kind string) []string {
	had := map[string]bool{}
	for _, r := range deployed.Resources {
		if r.Type == kind {
			had[r.name()] = true
		}
	}
	names := map[string]bool{}
	for _, r := range want.Resources {
		if name := r.name(); r.Type == kind && name != "" && !had[name] && !strings.ContainsAny(name, "${}") {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// existence asks the services.
func existence(cfg aws.Config, account func(context.Context) (Account, error)) Exists {
	i := NewInspector(cfg)
	return func(ctx context.Context, kind, name string) (bool, error) {
		a, err := account(ctx)
		if err != nil {
			return false, err
		}
		switch kind {
		case "AWS::Lambda::Function":
			_, err = i.Function(ctx, name)
		case "AWS::Glue::Database":
			err = i.Database(ctx, name)
		case "AWS::Glue::Crawler":
			_, err = i.Crawler(ctx, name)
		case "AWS::Glue::Job":
			_, err = i.Job(ctx, name)
		case "AWS::Athena::WorkGroup":
			_, err = i.Workgroup(ctx, name)
		case "AWS::SNS::Topic":
			err = i.topicThere(ctx, topicARN(a, name))
		case "AWS::StepFunctions::StateMachine":
			err = i.machineThere(ctx, "arn:"+a.Partition+":states:"+a.Region+":"+a.ID+":stateMachine:"+name)
		case "AWS::SSM::Parameter":
			err = i.parameterThere(ctx, name)
		default:
			return false, nil
		}
		if lake.HasCode(err, lake.ObjectMissing) {
			return false, nil
		}
		return err == nil, err
	}
}

func (i Inspector) topicThere(ctx context.Context, arn string) error {
	_, err := sns.NewFromConfig(i.cfg).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	if code := awsapi.Code(err); code == "NotFound" || code == "NotFoundException" {
		return absent("topic", arn)
	}
	return awsapi.Failure(err, "look at the topic "+arn, "sns:GetTopicAttributes", lake.ServiceFailed)
}

func (i Inspector) machineThere(ctx context.Context, arn string) error {
	_, err := sfn.NewFromConfig(i.cfg).DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	if awsapi.Code(err) == "StateMachineDoesNotExist" {
		return absent("state machine", arn)
	}
	return awsapi.Failure(err, "look at the state machine "+arn, "states:DescribeStateMachine", lake.ServiceFailed)
}

// parameterThere reads no secret: without decryption a SecureString stays one.
func (i Inspector) parameterThere(ctx context.Context, name string) error {
	_, err := ssm.NewFromConfig(i.cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: &name})
	if awsapi.Code(err) == "ParameterNotFound" {
		return absent("parameter", name)
	}
	return awsapi.Failure(err, "look at the parameter "+name, "ssm:GetParameter", lake.ServiceFailed)
}
