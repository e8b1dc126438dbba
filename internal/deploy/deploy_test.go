package deploy_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

const blog = "site: blog\nbuckets:\n  raw: blog-raw\n  bronze: blog-bronze\n  silver: blog-silver\nsource:\n  kind: endpoints\n  endpoints:\n    urls: [\"https://example.org/posts\"]\n"

const artifacts = "wplake-artifacts-123456789012-eu-west-1"

// deployer is a Deployer over a fake, whose waiting takes no time.
func deployer(t *testing.T, f *fakeAWS, text string, change func(*config.Config)) *deploy.Deployer {
	t.Helper()
	return deployerWith(t, f.clients(), text, change, func(ctx context.Context, _ time.Duration) error { return ctx.Err() })
}

func deployerWith(t *testing.T, clients deploy.Clients, text string, change func(*config.Config), wait func(context.Context, time.Duration) error) *deploy.Deployer {
	t.Helper()
	c, in := definition(t, text, nil)
	if change != nil {
		change(&c)
	}
	tokens := 0
	return deploy.With(aws.Config{Region: "eu-west-1"}, deploy.Options{
		Config: c, Dir: in.Dir, Definition: in.Definition, Machine: machine.Default(c), Program: in.Program,
		Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }, Wait: wait,
		Token: func() string { tokens++; return fmt.Sprintf("%s-%d", strings.ReplaceAll(t.Name(), "/", "-"), tokens) },
	}, clients)
}

// apply prepares and applies.
func apply(t *testing.T, d *deploy.Deployer) (deploy.Plan, deploy.Applied, error) {
	t.Helper()
	p, err := d.Prepare(t.Context())
	if err != nil {
		return p, deploy.Applied{}, err
	}
	if p.Blocked() {
		t.Fatalf("blocked: %+v", p.Findings)
	}
	done, err := d.Apply(t.Context(), p)
	return p, done, err
}

func TestFirstApplyThenNothingThenAChange(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)

	plan, err := d.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !plan.New || plan.Nothing || len(plan.Changes) < 20 || len(plan.Allowed) == 0 || f.status != "" || len(f.buckets) != 0 {
		t.Errorf("the plan of a new stack: new %v, %d changes, %d permissions; afterwards stack %q, buckets %v", plan.New, len(plan.Changes), len(plan.Allowed), f.status, f.buckets)
	}
	_, done, err := apply(t, d)
	if err != nil {
		t.Fatal(err)
	}
	if done.Status != "CREATE_COMPLETE" || done.Outputs["Machine"] != "m" || len(done.Events) < 3 {
		t.Errorf("applied: %+v", done)
	}
	if n := len(f.buckets[artifacts]); n != 3 {
		t.Errorf("%d artifacts, want package, estimate and template: %v", n, slices.Collect(maps.Keys(f.buckets[artifacts])))
	}
	for _, call := range []string{"PutPublicAccessBlock", "PutBucketEncryption", "PutBucketVersioning", "PutBucketPolicy", "PutBucketLifecycleConfiguration"} {
		if !slices.Contains(f.calls, call) {
			t.Errorf("the artifacts bucket had no %s", call)
		}
	}
	// The subscription that waits is told.
	if !strings.Contains(strings.Join(done.Next, "\n"), "waits for its confirmation: 1") {
		t.Errorf("next: %q", done.Next)
	}

	f.calls = nil
	p, done, err := apply(t, d)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Nothing || len(p.Changes) != 0 || done.Status != "CREATE_COMPLETE" {
		t.Errorf("again: %+v", p.Changes)
	}
	for _, call := range f.calls {
		if strings.HasPrefix(call, "PutObject") || call == "ExecuteChangeSet" {
			t.Errorf("nothing to do, and yet %s", call)
		}
	}

	// Another definition: CloudFormation's words become ours.
	f.changes = []cfn.Change{{ResourceChange: &cfn.ResourceChange{
		Action: cfn.ChangeActionModify, LogicalResourceId: aws.String("RawFunction"), ResourceType: aws.String("AWS::Lambda::Function"), Replacement: cfn.ReplacementFalse,
		Details: []cfn.ResourceChangeDetail{{Target: &cfn.ResourceTargetDefinition{Name: aws.String("MemorySize"), BeforeValue: aws.String("1769"), AfterValue: aws.String("1024")}}},
	}}}
	other := deployer(t, f, blog, func(c *config.Config) { c.AWS.Functions.Memory = 1024 })
	plan, err = other.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if plan.New || plan.Nothing || len(plan.Changes) != 1 || plan.Changes[0].Properties[0] != (deploy.PropertyChange{Property: "MemorySize", From: "1769", To: "1024"}) {
		t.Errorf("plan: %+v", plan.Changes)
	}
	if plan.Price == nil || plan.Price.Before == nil || *plan.Price.FullBefore <= 0 {
		t.Errorf("price: %+v", plan.Price)
	}
	if len(f.sets) != 0 {
		t.Errorf("the plan's change set is left: %v", f.sets)
	}
	status, err := other.Status(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if !status.Exists || status.Agrees[0].Agrees || !strings.Contains(status.Agrees[0].Detail, "Function") || len(status.Pending) != 1 || len(status.Notes) != 1 {
		t.Errorf("status: %+v", status)
	}
}

func TestAPlanSaysWhatIsLostAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)
	if _, _, err := apply(t, d); err != nil {
		t.Fatal(err)
	}
	// What is deployed lacks a permission that the definition needs, and has
	// another; a topic is replaced, a log and two buckets go, one for good.
	f.template = strings.Replace(f.template, "- s3:PutObject", "- s3:DeleteBucket", 1)
	change := func(action cfn.ChangeAction, policy cfn.PolicyAction, id, kind string, replacement cfn.Replacement) cfn.Change {
		return cfn.Change{ResourceChange: &cfn.ResourceChange{
			Action: action, PolicyAction: policy, LogicalResourceId: &id, ResourceType: &kind, Replacement: replacement, PhysicalResourceId: aws.String("physical-" + id),
			Details: []cfn.ResourceChangeDetail{{Target: &cfn.ResourceTargetDefinition{Name: aws.String("Name")}}, {}},
		}}
	}
	f.changes = []cfn.Change{
		{}, change(cfn.ChangeActionAdd, "", "NewTopic", "AWS::SNS::Topic", ""),
		change(cfn.ChangeActionModify, "", "RawTopic", "AWS::SNS::Topic", cfn.ReplacementTrue),
		change(cfn.ChangeActionModify, "", "BronzeTopic", "AWS::SNS::Topic", cfn.ReplacementConditional),
		change(cfn.ChangeActionRemove, cfn.PolicyActionDelete, "OldLogGroup", "AWS::Logs::LogGroup", ""),
		change(cfn.ChangeActionRemove, cfn.PolicyActionRetain, "OldBucket", "AWS::S3::Bucket", ""),
		change(cfn.ChangeActionRemove, "", "RawBucket", "AWS::S3::Bucket", ""), // the template retains it
		change(cfn.ChangeActionRemove, cfn.PolicyActionDelete, "LooseBucket", "AWS::S3::Bucket", ""),
	}
	p, err := d.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range p.Changes {
		got = append(got, fmt.Sprintf("%s %s replaced=%s kept=%v loses=%v", c.Action, c.Resource, c.Replaced, c.Kept, c.Loses != ""))
	}
	want := []string{
		"remove LooseBucket replaced= kept=false loses=true", "remove OldBucket replaced= kept=true loses=false", "remove OldLogGroup replaced= kept=false loses=true",
		"remove RawBucket replaced= kept=true loses=false", "change BronzeTopic replaced=maybe kept=false loses=true", "change RawTopic replaced=yes kept=false loses=true",
		"add NewTopic replaced= kept=false loses=false",
	}
	if !slices.Equal(got, want) || !p.Loses() {
		t.Errorf("changes:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	only := func(all []deploy.Permission, action string) bool {
		return len(all) > 0 && !slices.ContainsFunc(all, func(p deploy.Permission) bool { return p.Action != action || p.Role == "" || p.Resource == "" })
	}
	if !only(p.Allowed, "s3:PutObject") || !only(p.Disallowed, "s3:DeleteBucket") {
		t.Errorf("added %+v\nremoved %+v", p.Allowed, p.Disallowed)
	}
}

func TestAFailureNamesTheFirstResourceAndTheNextTryBeginsAnew(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)
	f.outcome = []step{
		{"RawFunction", "AWS::Lambda::Function", "CREATE_IN_PROGRESS", "", ""},
		{"BronzeFunction", "AWS::Lambda::Function", "CREATE_FAILED", "Resource creation cancelled", ""},
		{"SilverFunction", "AWS::Lambda::Function", "CREATE_FAILED", "The role defined for the function cannot be assumed by Lambda.", cfn.StackStatusRollbackInProgress},
		{"BronzeFunction", "AWS::Lambda::Function", "DELETE_COMPLETE", "", cfn.StackStatusRollbackComplete},
	}
	_, done, err := apply(t, d)
	if !lake.HasCode(err, lake.DeployFailed) || !strings.Contains(err.Error(), "SilverFunction: The role defined for the function cannot be assumed") || !strings.Contains(err.Error(), "removed again") {
		t.Fatalf("error: %v", err)
	}
	if done.Status != "ROLLBACK_COMPLETE" || len(done.Events) < 4 {
		t.Errorf("the rollback was not awaited: %+v", done)
	}
	f.calls = nil
	if _, done, err = apply(t, d); err != nil || done.Status != "CREATE_COMPLETE" {
		t.Fatalf("again: %+v %v", done, err)
	}
	if !slices.Contains(f.calls, "DeleteStack") {
		t.Error("what the first try left was not removed")
	}
	for _, call := range f.calls {
		if call == "PutObject .zip" {
			t.Error("the package was put twice")
		}
	}
}

func TestLostAnswersAndThrottling(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection reset by peer")
	throttled := problem("Throttling", "Rate exceeded")
	for name, set := range map[string]func(*fakeAWS){
		// The SDK tries again by itself; what is left is what it gives up on,
		// or what the second request is told.
		"create change set": func(f *fakeAWS) {
			f.before["CreateChangeSet"] = nil
			f.after["CreateChangeSet"] = []error{problem("AlreadyExistsException", "ChangeSet already exists")}
		},
		"execute":    func(f *fakeAWS) { f.after["ExecuteChangeSet"] = []error{lost} },
		"put":        func(f *fakeAWS) { f.after["PutObject .zip"] = []error{withStatus(412)} },
		"put raced":  func(f *fakeAWS) { f.before["PutObject .zip"] = []error{problem("ConditionalRequestConflict", "again")} },
		"bucket":     func(f *fakeAWS) { f.after["CreateBucket"] = []error{problem("BucketAlreadyOwnedByYou", "yours")} },
		"events":     func(f *fakeAWS) { f.before["DescribeStackEvents"] = []error{nil, throttled, throttled, lost} },
		"no discard": func(f *fakeAWS) { f.before["DeleteChangeSet"] = []error{throttled} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			set(f)
			_, done, err := apply(t, deployer(t, f, blog, nil))
			if err != nil || done.Status != "CREATE_COMPLETE" {
				t.Errorf("%+v %v", done.Status, err)
			}
		})
	}
}

func TestARefusedChangeSetIsTold(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.refused = "Template format error: Unresolved resource dependencies"
	d := deployer(t, f, blog, nil)
	p, err := d.Prepare(t.Context())
	if !lake.HasCode(err, lake.DeployFailed) || !strings.Contains(err.Error(), "Unresolved resource dependencies") {
		t.Fatal(err)
	}
	if len(f.sets) != 0 {
		t.Error("the refused change set is left")
	}
	// Turned down by the person, or by CloudFormation: no empty stack is left.
	if err := d.Discard(t.Context(), p); err != nil || f.status == cfn.StackStatusReviewInProgress {
		t.Errorf("stack in %s, %v", f.status, err)
	}
}

func TestDiscardLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)
	p, err := d.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Discard(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if f.status != cfn.StackStatusDeleteComplete || len(f.sets) != 0 {
		t.Errorf("stack %s, change sets %v", f.status, f.sets)
	}
}

func TestOthersWorkIsAwaited(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)
	if _, _, err := apply(t, d); err != nil {
		t.Fatal(err)
	}
	f.status = cfn.StackStatusUpdateInProgress
	f.todo = []step{{}, {}, {"X", "AWS::SNS::Topic", "UPDATE_COMPLETE", "", cfn.StackStatusUpdateComplete}}
	if _, err := d.Plan(t.Context()); !lake.HasCode(err, lake.DeployFailed) || !strings.Contains(err.Error(), "UPDATE_IN_PROGRESS") {
		t.Errorf("plan: %v", err)
	}
	if _, done, err := apply(t, d); err != nil || done.Status != "UPDATE_COMPLETE" {
		t.Errorf("%+v %v", done, err)
	}
}

func TestARollbackThatFailedIsBroughtBack(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)
	if _, _, err := apply(t, d); err != nil {
		t.Fatal(err)
	}
	f.status = cfn.StackStatusUpdateRollbackFailed
	f.outcome = []step{{"RawFunction", "AWS::Lambda::Function", "UPDATE_FAILED", "still broken", cfn.StackStatusUpdateRollbackFailed}}
	if _, _, err := apply(t, d); !lake.HasCode(err, lake.DeployFailed) || !strings.Contains(err.Error(), "still broken") {
		t.Fatalf("%v", err)
	}
	f.outcome = []step{{stack: cfn.StackStatusUpdateRollbackComplete}}
	if _, _, err := apply(t, d); err != nil {
		t.Fatal(err)
	}
}

func TestAnInterruptionSaysThatAWSGoesOn(t *testing.T) {
	t.Parallel()
	f := newFake()
	ctx, cancel := context.WithCancel(t.Context())
	waits := 0
	d := deployerWith(t, f.clients(), blog, nil, func(ctx context.Context, _ time.Duration) error {
		if f.status == cfn.StackStatusCreateInProgress {
			if waits++; waits == 1 {
				cancel()
			}
		}
		return ctx.Err()
	})
	p, err := d.Prepare(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Apply(ctx, p)
	if !lake.HasCode(err, lake.Interrupted) || !strings.Contains(err.Error(), "AWS goes on") || !strings.Contains(lake.AsError(err, "").Hint, "deploy status") {
		t.Errorf("%v", err)
	}
	// Whoever comes next waits for it.
	if _, done, err := apply(t, deployer(t, f, blog, nil)); err != nil || done.Status != "CREATE_COMPLETE" {
		t.Errorf("%+v %v", done, err)
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*config.Config)
		world   func(*fakeAWS)
		clients func(*deploy.Clients)
		level   deploy.Level
		want    string
	}{
		"bucket of others": {world: func(f *fakeAWS) { f.foreign["blog-raw"] = true }, level: deploy.LevelError, want: "the bucket blog-raw of raw belongs to another account"},
		"existing bucket that is not shown": {
			change: func(c *config.Config) { c.AWS.Existing.Buckets = true },
			world: func(f *fakeAWS) {
				f.foreign["blog-raw"] = true
				f.buckets["blog-bronze"], f.buckets["blog-silver"] = map[string][]byte{}, map[string][]byte{}
			},
			level: deploy.LevelWarning, want: "the bucket blog-raw of raw may not be looked at",
		},
		"bucket that is there": {world: func(f *fakeAWS) { f.buckets["blog-raw"] = map[string][]byte{} }, level: deploy.LevelNote, want: "taken into the stack"},
		"missing bucket":       {change: func(c *config.Config) { c.AWS.Existing.Buckets = true }, level: deploy.LevelError, want: "the bucket blog-raw of raw does not exist"},
		"missing topic":        {change: func(c *config.Config) { c.AWS.Existing.Topics = true }, level: deploy.LevelError, want: "the topic data-lakehouse-raw does not exist"},
		"missing role":         {change: func(c *config.Config) { c.AWS.Existing.WorkflowRole = "arn:aws:iam::123456789012:role/x" }, level: deploy.LevelError, want: "does not exist"},
		"role of another account": {
			change: func(c *config.Config) { c.AWS.Existing.WorkflowRole = "arn:aws:iam::000000000000:role/x" }, level: deploy.LevelError, want: "belongs to another account",
		},
		"Lake Formation":        {clients: func(c *deploy.Clients) { c.Formation = formation{true, false, nil} }, level: deploy.LevelWarning, want: "Lake Formation, not IAM, decides who reads new tables"},
		"Lake Formation unseen": {clients: func(c *deploy.Clients) { c.Formation = formation{err: problem("AccessDeniedException", "no")} }, level: deploy.LevelNote, want: "Lake Formation could not be looked at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake()
			if c.world != nil {
				c.world(f)
			}
			clients := f.clients()
			if c.clients != nil {
				c.clients(&clients)
			}
			d := deployerWith(t, clients, blog, c.change, func(context.Context, time.Duration) error { return nil })
			plan, err := d.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(plan.Findings, func(f deploy.Finding) bool { return strings.Contains(f.What, c.want) })
			if i < 0 || plan.Findings[i].Level != c.level || plan.Blocked() != (c.level == deploy.LevelError) {
				t.Errorf("findings: %+v", plan.Findings)
			}
			if !plan.Blocked() {
				return
			}
			// What would fail is not begun.
			if p, err := d.Prepare(t.Context()); err != nil || !p.Blocked() || f.buckets[artifacts] != nil || f.status != "" {
				t.Errorf("prepared all the same: %v", err)
			}
		})
	}
}

func TestDestroyKeepsDataUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	f := newFake()
	for _, b := range []string{"blog-raw", "blog-bronze", "blog-silver"} {
		f.buckets[b] = map[string][]byte{}
	}
	d := deployer(t, f, blog, nil)
	if _, _, err := apply(t, d); err != nil {
		t.Fatal(err)
	}
	for i := range 2345 {
		f.buckets["blog-raw"][fmt.Sprintf("o/%d", i)] = nil
	}
	done, err := d.Destroy(t.Context(), false)
	if err != nil || !done.Found || len(f.buckets["blog-raw"]) != 2345 {
		t.Fatalf("%+v %v", done, err)
	}
	var kept []string
	for _, k := range done.Kept {
		kept = append(kept, k.Name)
	}
	for _, name := range []string{"blog-raw", "blog-bronze", "blog-silver", artifacts} {
		if !slices.Contains(kept, name) {
			t.Errorf("%s is not said to be kept: %v", name, kept)
		}
	}
	// Told the second time, when the stack is gone: buckets are known by their
	// tag, and one of somebody else's is left alone.
	f.tags["blog-raw"] = map[string]string{"wplake:stack": "wplake-blog"}
	f.tags["blog-bronze"] = map[string]string{"wplake:stack": "wplake-other"}
	f.stuck["o/7"] = "SlowDown"
	done, err = d.Destroy(t.Context(), true)
	if err != nil || done.Found || done.Deleted["blog-raw"] != 2345 || f.buckets["blog-raw"] != nil || f.buckets["blog-bronze"] == nil || f.buckets["blog-silver"] == nil || f.buckets[artifacts] != nil {
		t.Errorf("%+v %v; buckets left: %v", done, err, slices.Collect(maps.Keys(f.buckets)))
	}
}

func TestAnObjectThatStaysIsTold(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)
	f.buckets["blog-raw"] = map[string][]byte{"locked": nil, "free": nil}
	f.tags["blog-raw"] = map[string]string{"wplake:stack": "wplake-blog"}
	f.stuck["locked"] = "AccessDenied"
	done, err := d.Destroy(t.Context(), true)
	if !lake.HasCode(err, lake.AccessDenied) || !strings.Contains(err.Error(), "1 versions of objects of the bucket blog-raw stayed; of locked") {
		t.Errorf("%v", err)
	}
	if done.Deleted["blog-raw"] != 1 || f.buckets["blog-raw"] == nil {
		t.Errorf("%+v", done)
	}
}

func TestAStackThatCannotBeRemovedSaysWhy(t *testing.T) {
	t.Parallel()
	f := newFake()
	d := deployer(t, f, blog, nil)
	if _, _, err := apply(t, d); err != nil {
		t.Fatal(err)
	}
	f.outcome = []step{{"Workgroup", "AWS::Athena::WorkGroup", "DELETE_FAILED", "WorkGroup is not empty", cfn.StackStatusDeleteFailed}}
	if _, err := d.Destroy(t.Context(), true); !lake.HasCode(err, lake.DeployFailed) || !strings.Contains(err.Error(), "WorkGroup is not empty") {
		t.Errorf("%v", err)
	}
}
