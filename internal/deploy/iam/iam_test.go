package iam_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	judge "wplake/internal/asl/iam"
	"wplake/internal/config"
	"wplake/internal/deploy/iam"
	"wplake/internal/transform"
	"wplake/internal/workflow/machine"
)

var update = flag.Bool("update", false, "write the golden policies")

const (
	region  = "eu-west-1"
	account = "123456789012"
)

// input is a deployment of the default definition, changed.
func input(change func(c *config.Config)) iam.Input {
	c := config.Default()
	c.Source.Kind = config.SourceEndpoints
	c.Site, c.AWS.Stack = "blog", "wplake-blog"
	c.Source.Endpoints.Parameter = "/wordpress/blog/api/mysqlendpoints"
	if change != nil {
		change(&c)
	}
	return iam.Input{
		Config: c, Partition: "aws", Region: region, Account: account,
		Definition: machine.ForAWS(machine.Default(c), c, "aws", region, account),
	}
}

const ownMachine = `{"StartAt": "Raw", "States": {
	"Raw": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:data_wordpressapi_raw:$LATEST"}, "Next": "Silver"},
	"Silver": {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {"JobName": "wordpressapi_silver"}, "Next": "Other"},
	"Other": {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "Parameters": {"JobName": "other"}, "Next": "Nested"},
	"Nested": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {"StateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:nested"}, "Next": "Quality"},
	"Quality": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:glue:startDataQualityRulesetEvaluationRun", "Parameters": {"Role": "arn:aws:iam::123456789012:role/quality", "RulesetNames": ["r"]}, "Next": "Told"},
	"Told": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:failure-stepfunction", "Message": "m"}, "End": true}}}`

// definitions are deployments of which each must come out right.
func definitions() map[string]iam.Input {
	own := input(nil)
	own.Definition = []byte(ownMachine)
	own.WorkflowLogs = true
	placeholders := input(nil)
	placeholders.Partition, placeholders.Region, placeholders.Account = "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}"
	placeholders.Definition = machine.ForAWS(machine.Default(placeholders.Config), placeholders.Config, "${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")
	scheduled := input(func(c *config.Config) {
		c.Schedules = map[string]config.Schedule{
			"daily": {Expression: "rate(1 day)", DeadLetter: "failure-stepfunction"}, "hourly.own": {Expression: "rate(1 hour)", Definition: "own.asl.json"},
		}
	})
	scheduled.Machines = map[string][]byte{"hourly_own": []byte(ownMachine)}
	return map[string]iam.Input{
		"default":      input(nil),
		"own":          own,
		"placeholders": placeholders,
		"schedules":    scheduled,
		"managed": input(func(c *config.Config) {
			c.Catalog.Crawler = true
			c.Silver.Runtime = config.RuntimePythonShell
		}),
		"kms": input(func(c *config.Config) {
			c.AWS.KMSKey = "arn:aws:kms:eu-west-1:123456789012:alias/lake"
			c.Source.Endpoints.User, c.Source.Endpoints.Password = "reader", "param:/wordpress/blog/password"
			c.Source.Endpoints.Headers = map[string]config.Ref{"X-Key": "param:/wordpress/blog/key", "X-Env": "${KEY}", "X-File": "file:key.txt"}
		}),
		"sample": input(func(c *config.Config) {
			c.Source.Kind = config.SourceSample
			c.Schedules = nil
		}),
		"elsewhere": input(func(c *config.Config) {
			c.Dataset = "shop"
			c.Buckets = config.Buckets{Raw: "shop-raw", Bronze: "shop-bronze", Silver: "shop-silver"}
			c.Source.Endpoints.URLs = []config.Ref{"https://shop.example/posts_1/x", "param:/shop/more"}
			c.AWS.Tracing = config.AWSTracing{Endpoint: "https://traces.example", Headers: map[string]config.Ref{"api-key": "param:/shop/traces"}}
			c.AWS.Artifacts = "shop-artifacts"
			c.Objects = map[string]config.Object{"users": {Steps: []transform.Step{{Mask: &transform.Mask{Columns: []string{"email"}, Method: transform.MaskHash, Salt: "param:/shop/salt"}}}}}
			c.Silver.Runtime = config.RuntimePythonShell
		}),
		"existing": input(func(c *config.Config) {
			c.AWS.Existing = config.AWSExisting{
				FunctionRole: map[string]string{"raw": "arn:aws:iam::123456789012:role/raw", "catalog": "arn:aws:iam::123456789012:role/catalog"},
				WorkflowRole: "arn:aws:iam::123456789012:role/workflow", ScheduleRole: "arn:aws:iam::123456789012:role/schedule",
			}
		}),
	}
}

// TestGolden holds each deployment's policies to those that were read by people.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, in := range definitions() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roles, err := iam.Roles(in)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, r := range roles {
				b.WriteString("# " + r.Name + ": " + r.RoleName + "\n" + string(r.TrustPolicy()) + string(r.Policy()))
				for _, s := range r.Statements {
					b.WriteString(s.Sid + ": " + s.Reason + " " + s.Spare + "\n")
				}
			}
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("the policies are not those of %s any more (-update writes them):\n%s", path, b.String())
			}
		})
	}
}

// TestLaws holds what every generated policy has.
func TestLaws(t *testing.T) {
	t.Parallel()
	action, sid := regexp.MustCompile(`^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$`), regexp.MustCompile(`^[A-Za-z0-9]+$`)
	for name, in := range definitions() {
		roles, err := iam.All(in)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := iam.All(in)
		names := map[string]bool{}
		for i, r := range roles {
			if names[r.RoleName] || len(strings.ReplaceAll(r.RoleName, "${AWS::Region}", region)) > 64 {
				t.Errorf("%s: the role's name %s", name, r.RoleName)
			}
			names[r.RoleName] = true
			if string(r.Policy()) != string(again[i].Policy()) {
				t.Errorf("%s: %s comes out otherwise the second time", name, r.Name)
			}
			if _, err := judge.Parse(r.Policy()); err != nil {
				t.Errorf("%s: %s: %v", name, r.Name, err)
			}
			if !slices.Contains(iam.Names(), r.Name) {
				t.Errorf("%s: %s is not in Names", name, r.Name)
			}
			sids, pairs := map[string]bool{}, map[string]bool{}
			for _, s := range r.Statements {
				if sids[s.Sid] || !sid.MatchString(s.Sid) || len(s.Actions) == 0 || len(s.Resources) == 0 || !strings.HasSuffix(s.Reason, ".") {
					t.Errorf("%s: %s: the statement %+v", name, r.Name, s)
				}
				sids[s.Sid] = true
				for _, a := range s.Actions {
					if !action.MatchString(a) {
						t.Errorf("%s: %s: %s is no action", name, r.Name, a)
					}
					for _, resource := range s.Resources {
						if pairs[a+" "+resource] {
							t.Errorf("%s: %s: %s on %s twice", name, r.Name, a, resource)
						}
						pairs[a+" "+resource] = true
						if resource == "*" && s.Sid != "CloudWatchLogDeliveryActions" {
							t.Errorf("%s: %s: %s on everything", name, r.Name, a)
						}
						if strings.Contains(resource, "::*") || !strings.Contains(resource, "s3") && resource != "*" && strings.Contains(resource, ":*:*:") {
							t.Errorf("%s: %s: %s on %s, with no region", name, r.Name, a, resource)
						}
					}
				}
			}
		}
	}
}

// TestWhichRoles holds that a deployment has the roles it needs and no others.
func TestWhichRoles(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"default": "raw bronze silver catalog workflow schedule", "managed": "raw bronze job crawler workflow schedule",
		"sample": "raw bronze silver catalog workflow", "existing": "bronze silver", "elsewhere": "raw bronze job catalog workflow schedule",
	} {
		roles, err := iam.Roles(definitions()[name])
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range roles {
			got = append(got, r.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", name, got, want)
		}
	}
}

func TestNoMachine(t *testing.T) {
	t.Parallel()
	in := input(nil)
	for _, text := range []string{"", "{", "[]"} {
		in.Definition = []byte(text)
		if _, err := iam.Roles(in); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	in.Definition = []byte(`{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}`)
	if _, err := iam.Roles(in); err != nil {
		t.Error(err)
	}
}

// TestLongStack holds that roles of long stacks are told apart.
func TestLongStack(t *testing.T) {
	t.Parallel()
	long := func(end string) string {
		roles, err := iam.Roles(input(func(c *config.Config) { c.AWS.Stack = strings.Repeat("stack-", 20) + end }))
		if err != nil {
			t.Fatal(err)
		}
		return roles[0].RoleName
	}
	if a, b := long("a"), long("b"); a == b || len(a) > 64 {
		t.Errorf("%s and %s", a, b)
	}
}

// TestKnownActions holds actions to a list that was compared with the service
// authorization reference: a name that AWS does not know allows nothing, and
// nobody says so. A new action is looked up there, then added.
func TestKnownActions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "actions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	known := strings.Fields(string(text))
	for name, in := range definitions() {
		roles, err := iam.All(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range roles {
			for _, s := range r.Statements {
				for _, a := range s.Actions {
					if !slices.Contains(known, a) {
						t.Errorf("%s: %s: %s is not on the list", name, r.Name, a)
					}
				}
			}
		}
	}
}
