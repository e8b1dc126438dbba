package deploy

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// Level says how much a finding matters.
type Level string

// The levels of findings.
const (
	LevelError   Level = "error"   // apply would fail
	LevelWarning Level = "warning" // it would work, and something would not
	LevelNote    Level = "note"
)

// Finding is something around the stack that should be known before it is changed.
type Finding struct {
	Level Level  `json:"level"`
	What  string `json:"what"`
	Hint  string `json:"hint,omitempty"`
	// Adopts says that something which exists becomes part of the stack.
	Adopts bool `json:"adopts,omitempty"`
}

// look finds what would make a deployment fail or its readers be refused. What
// may not be looked at is said, and is no error.
func (d *Deployer) look(ctx context.Context, w desired, deployed tree) ([]Finding, error) {
	var all []Finding
	for _, part := range []func(context.Context, desired, tree) ([]Finding, error){d.lookAtBuckets, d.lookAtNames, d.lookAtTopics, d.lookAtRoles, d.lookAtFormation} {
		found, err := part(ctx, w, deployed)
		if err != nil {
			return all, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// unseen turns a refusal to look into a finding, and leaves other errors.
func unseen(err error, what string) ([]Finding, error) {
	e := lake.AsError(err, lake.ServiceFailed)
	if e.Code == lake.Interrupted || e.Code == lake.CredentialsBad {
		return nil, err
	}
	f := Finding{Level: LevelNote, What: what + " could not be looked at: " + e.Message}
	if e.Code == lake.AccessDenied {
		f.Hint = e.Hint
	}
	return []Finding{f}, nil
}

// lookAtBuckets finds buckets whose names others have, and those that are
// missing where the definition says that they exist.
func (d *Deployer) lookAtBuckets(ctx context.Context, w desired, deployed tree) ([]Finding, error) {
	var all []Finding
	existing := d.o.Config.AWS.Existing.Buckets
	for _, l := range lake.Layers() {
		name := d.o.Config.Buckets.Name(l)
		if name == "" || deployed.hasBucket(name) {
			continue
		}
		whose, err := d.owner(ctx, w.account, name)
		if err != nil {
			found, err := unseen(err, "the bucket "+name)
			if err != nil {
				return all, err
			}
			all = append(all, found...)
			continue
		}
		switch {
		case whose == others && existing:
			all = append(all, Finding{
				Level: LevelWarning, What: fmt.Sprintf("the bucket %s of %s may not be looked at, or lies in another region", name, l),
				Hint: "the functions work with it where their roles may; to have it checked, allow s3:ListBucket on it",
			})
		case whose == others:
			all = append(all, Finding{
				Level: LevelError, What: fmt.Sprintf("the bucket %s of %s belongs to another account, lies in another region, or refuses us", name, l),
				Hint: fmt.Sprintf("names of buckets are unique among all accounts: set buckets.%s to a name of your own, e.g. %s-%s", l, name, w.account.ID),
			})
		case whose == nobodys && existing:
			all = append(all, Finding{Level: LevelError, What: fmt.Sprintf("the bucket %s of %s does not exist, and aws.existing.buckets says that it does", name, l), Hint: "make it, or set aws.existing.buckets to false"})
		case whose == ours && !existing:
			all = append(all, Finding{
				Level: LevelNote, Adopts: true, What: fmt.Sprintf("the bucket %s of %s exists in this account: it is taken into the stack with its objects", name, l),
				Hint: "set aws.existing.buckets to true to leave all three outside of the stack",
			})
		}
	}
	return all, nil
}

// hasBucket reports whether a template has a bucket of that name.
func (t tree) hasBucket(name string) bool {
	for _, r := range t.Resources {
		if r.Type == "AWS::S3::Bucket" && r.name() == name {
			return true
		}
	}
	return false
}

func (d *Deployer) lookAtTopics(ctx context.Context, w desired, _ tree) ([]Finding, error) {
	if !d.o.Config.AWS.Existing.Topics {
		return nil, nil
	}
	var all []Finding
	for _, name := range topicNames() {
		arn := topicARN(w.account, name)
		_, err := d.clients.Topics.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
		switch {
		case err == nil:
		case awsapi.Code(err) == "NotFound" || awsapi.Code(err) == "NotFoundException":
			all = append(all, Finding{Level: LevelError, What: "the topic " + name + " does not exist, and aws.existing.topics says that it does", Hint: "make it, or set aws.existing.topics to false"})
		default:
			found, err := unseen(awsapi.Failure(err, "look at the topic "+name, "sns:GetTopicAttributes", lake.ServiceFailed), "the topic "+name)
			if err != nil {
				return all, err
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

func topicNames() []string {
	var all []string
	for _, l := range lake.Layers() {
		all = append(all, lake.TopicName(l))
	}
	return append(all, lake.FailureTopic)
}

func topicARN(a Account, name string) string {
	return "arn:" + a.Partition + ":sns:" + a.Region + ":" + a.ID + ":" + name
}

func (d *Deployer) lookAtRoles(ctx context.Context, w desired, _ tree) ([]Finding, error) {
	e := d.o.Config.AWS.Existing
	roles := []string{e.WorkflowRole, e.ScheduleRole, e.CrawlerRole, e.JobRole}
	for _, function := range []string{lake.FunctionRaw, lake.FunctionBronze, lake.FunctionSilver, lake.FunctionCatalog} {
		roles = append(roles, e.FunctionRole[function])
	}
	var all []Finding
	seen := map[string]bool{"": true}
	for _, arn := range roles {
		if seen[arn] {
			continue
		}
		seen[arn] = true
		if !strings.Contains(arn, ":"+w.account.ID+":") {
			all = append(all, Finding{Level: LevelError, What: "the role " + arn + " belongs to another account than " + w.account.ID, Hint: "name a role of this account below aws.existing"})
			continue
		}
		name := arn[strings.LastIndex(arn, "/")+1:]
		_, err := d.clients.Roles.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		switch {
		case err == nil:
		case awsapi.Code(err) == "NoSuchEntity":
			all = append(all, Finding{Level: LevelError, What: "the role " + arn + " does not exist", Hint: "make it, or take it out of aws.existing; `wplake iam` prints what it needs"})
		default:
			found, err := unseen(awsapi.Failure(err, "look at the role "+name, "iam:GetRole", lake.ServiceFailed), "the role "+name)
			if err != nil {
				return all, err
			}
			all = append(all, found...)
		}
	}
	return all, nil
}

// lookAtFormation finds settings of Lake Formation by which IAM's policies are
// not enough to read tables.
func (d *Deployer) lookAtFormation(ctx context.Context, _ desired, _ tree) ([]Finding, error) {
	databases, tables, err := d.clients.Formation.IAMGoverns(ctx)
	if err != nil {
		return unseen(awsapi.Failure(err, "look at the settings of Lake Formation", "lakeformation:GetDataLakeSettings", lake.ServiceFailed), "Lake Formation")
	}
	if databases && tables {
		return nil, nil
	}
	what := "new databases and tables"
	switch {
	case databases:
		what = "new tables"
	case tables:
		what = "new databases"
	}
	dataset := d.o.Config.Dataset
	return []Finding{{
		Level: LevelWarning,
		What:  "Lake Formation, not IAM, decides who reads " + what + " in this account: readers, Athena and the functions will be refused until they have grants",
		Hint: fmt.Sprintf("let IAM decide (Lake Formation, Data Catalog settings: use only IAM access control, both boxes), or grant on the database %s: "+
			"aws lakeformation grant-permissions --principal DataLakePrincipalIdentifier=ROLE_ARN --permissions ALL --resource '{\"Database\":{\"Name\":\"%s\"}}', and SELECT on its tables to readers",
			dataset, dataset),
	}}, nil
}

// Formation tells of settings of Lake Formation that would refuse readers.
func (d *Deployer) Formation(ctx context.Context) ([]Finding, error) {
	return d.lookAtFormation(ctx, desired{}, tree{})
}
