package template_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	yaml "github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"wplake/internal/deploy/template"
)

var (
	placeholder = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)
	alphanumer  = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)
)

// walk calls visit for every value of a template, with its path.
func walk(path string, v any, visit func(path string, v any)) {
	visit(path, v)
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			walk(path+"/"+k, e, visit)
		}
	case []any:
		for _, e := range v {
			walk(path+"/-", e, visit)
		}
	}
}

func TestEveryReferenceResolves(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		_, built := build(t, e.definition, clone(e.machines))
		whole := decoded(t, built)
		resources := whole["Resources"].(map[string]any)
		known := func(name string) bool {
			_, isResource := resources[name]
			_, isParameter := whole["Parameters"].(map[string]any)[name]
			return isResource || isParameter || strings.HasPrefix(name, "AWS::")
		}
		for id := range resources {
			if !alphanumer.MatchString(id) {
				t.Errorf("%s: %q is no logical ID", e.name, id)
			}
		}
		walk("", whole, func(path string, v any) {
			object, ok := v.(map[string]any)
			if !ok || len(object) != 1 {
				return
			}
			if to, ok := object["Ref"].(string); ok && !known(to) {
				t.Errorf("%s: %s refers to %s, which is not there", e.name, path, to)
			}
			if to, ok := object["Fn::GetAtt"].([]any); ok && (!known(to[0].(string)) || len(to) != 2) {
				t.Errorf("%s: %s refers to %v, which is not there", e.name, path, to)
			}
			if text, ok := object["Fn::Sub"].(string); ok {
				for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
					if name, _, _ := strings.Cut(found[1], "."); !known(name) {
						t.Errorf("%s: %s substitutes %s, which is not there", e.name, path, found[1])
					}
				}
			}
		})
	}
}

func TestNoAccountStandsInATemplate(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		c, built := build(t, e.definition, clone(e.machines))
		if strings.Contains(string(built.YAML()), c.Workflow.Account) {
			t.Errorf("%s: the home's account is left in the template", e.name)
		}
	}
}

func TestYAMLAndJSONAreTheSame(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		_, built := build(t, e.definition, clone(e.machines))
		var fromYAML any
		if err := yaml.Unmarshal(built.YAML(), &fromYAML); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(fromYAML)
		if err != nil {
			t.Fatal(err)
		}
		var plain map[string]any
		if err := json.Unmarshal(again, &plain); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decoded(t, built), plain); diff != "" {
			t.Errorf("%s: JSON and YAML differ:\n%s", e.name, diff)
		}
	}
}

func TestBucketsArePrivateEncryptedAndKept(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		_, built := build(t, e.definition, clone(e.machines))
		for id, r := range decoded(t, built)["Resources"].(map[string]any) {
			r := r.(map[string]any)
			if r["Type"] != "AWS::S3::Bucket" {
				continue
			}
			p := r["Properties"].(map[string]any)
			for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				if p["PublicAccessBlockConfiguration"].(map[string]any)[block] != true {
					t.Errorf("%s: %s has no %s", e.name, id, block)
				}
			}
			if p["BucketEncryption"] == nil || p["LifecycleConfiguration"] == nil ||
				p["VersioningConfiguration"].(map[string]any)["Status"] != "Enabled" {
				t.Errorf("%s: %s is not encrypted, versioned and tidied", e.name, id)
			}
			if r["DeletionPolicy"] != "Retain" || r["UpdateReplacePolicy"] != "Retain" {
				t.Errorf("%s: %s goes with the stack", e.name, id)
			}
			policy, _ := json.Marshal(decoded(t, built)["Resources"].(map[string]any)[id+"Policy"])
			if !strings.Contains(string(policy), `"aws:SecureTransport":"false"`) {
				t.Errorf("%s: %s lets traffic without TLS through", e.name, id)
			}
		}
	}
}

// What may be done to any resource: Step Functions can be told of its log
// deliveries in no other way.
func TestRolesNameTheirResources(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		_, built := build(t, e.definition, clone(e.machines))
		for id, r := range decoded(t, built)["Resources"].(map[string]any) {
			if r.(map[string]any)["Type"] != "AWS::IAM::Role" {
				continue
			}
			walk(id, r, func(path string, v any) {
				statement, ok := v.(map[string]any)
				if !ok || statement["Sid"] == nil {
					return
				}
				for _, action := range statement["Action"].([]any) {
					if strings.Contains(action.(string), "*") {
						t.Errorf("%s: %s allows %v", e.name, path, action)
					}
				}
				for _, on := range statement["Resource"].([]any) {
					if on == "*" && !strings.HasPrefix(statement["Action"].([]any)[0].(string), "logs:") {
						t.Errorf("%s: %s allows %v on everything", e.name, path, statement["Action"])
					}
				}
			})
		}
	}
}

func TestEverythingThatTakesTagsHasThem(t *testing.T) {
	t.Parallel()
	without := []string{
		"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::SNS::Subscription", "AWS::Lambda::EventInvokeConfig",
		"AWS::Glue::Database", "AWS::Scheduler::Schedule", "AWS::CloudWatch::Dashboard",
	}
	for _, e := range examples() {
		_, built := build(t, e.definition, clone(e.machines))
		for id, r := range decoded(t, built)["Resources"].(map[string]any) {
			kind := r.(map[string]any)["Type"].(string)
			takes := !slices.Contains(without, kind)
			if tags := r.(map[string]any)["Properties"].(map[string]any)["Tags"]; takes != (tags != nil) {
				t.Errorf("%s: %s (%s) has the tags %v", e.name, id, kind, tags)
			}
		}
	}
}

func TestExistingResourcesStayOutside(t *testing.T) {
	t.Parallel()
	for _, e := range examples() {
		if e.name != "existing" {
			continue
		}
		_, built := build(t, e.definition, nil)
		for _, kind := range []string{
			"AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::IAM::Role", "AWS::Athena::WorkGroup",
			"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard",
		} {
			if n := built.Count(kind); n != 0 {
				t.Errorf("%d of %s", n, kind)
			}
		}
		if built.Count("AWS::SNS::Subscription") != 4 || built.Count("AWS::Glue::Crawler") != 2 || built.Count("AWS::Glue::Job") != 1 {
			t.Errorf("what does not exist yet is not made: %+v", built.Resources)
		}
	}
}

func TestTooManyResources(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("aws:\n  subscribe:\n")
	for i := range 130 {
		b.WriteString("    - a" + strings.Repeat("b", i) + "@example.org\n")
	}
	c, _ := build(t, "", nil)
	c.AWS.Subscribe = strings.Fields(strings.ReplaceAll(strings.TrimPrefix(b.String(), "aws:\n  subscribe:\n"), "-", ""))
	_, err := template.Build(template.Input{Config: c, Definition: []byte(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)})
	if err == nil || !strings.Contains(err.Error(), "CloudFormation takes 500") {
		t.Errorf("got %v", err)
	}
}

func TestAMachineThatIsNotJSON(t *testing.T) {
	t.Parallel()
	c, _ := build(t, "", nil)
	_, err := template.Build(template.Input{Config: c, Definition: []byte("StartAt: A")})
	if err == nil || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("got %v", err)
	}
}

func TestTextThatLooksLikeAPlaceholderStays(t *testing.T) {
	t.Parallel()
	c, _ := build(t, "", nil)
	built, err := template.Build(template.Input{Config: c, Definition: []byte(`{"Comment": "${Region}", "StartAt": "A", "States": {"A": {
		"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:REDACTED:function:f"}, "End": true}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	p := decoded(t, built)["Resources"].(map[string]any)["StateMachine"].(map[string]any)["Properties"].(map[string]any)
	text, fill := p["DefinitionString"].(string), p["DefinitionSubstitutions"].(map[string]any)
	if !strings.Contains(text, `"${Region}"`) || !strings.Contains(text, "lambda:${RegionOfStack}:") || fill["Region"] != nil || fill["RegionOfStack"] == nil {
		t.Errorf("text %s with %v", text, fill)
	}
}

func TestMissingRunsAreAlarmedWhereCloudWatchCan(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		schedule string
		hours    float64 // 0: no alarm
		told     string
	}{
		{"{expression: cron(0 7 * * ? *)}", 26, ""},
		{"{expression: cron(0 7 * * ? *), alert_after: 30h}", 30, ""},
		{"{expression: cron(0 7 * * ? *), alert_after: 90m}", 2, ""},
		{"{expression: rate(30 minutes)}", 3, ""},
		{"{expression: cron(0 7 ? * MON-FRI *)}", 74, ""},
		{"{expression: rate(7 days)}", 0, "runs more seldom"},
		{"{expression: cron(0 7 1 * ? *)}", 0, "runs more seldom"},
		{`{expression: "at(2027-05-01T10:00:00)"}`, 0, ""},
		{"{expression: rate(1 hour), state: DISABLED}", 0, ""},
	} {
		_, built := build(t, "schedules: {it: "+test.schedule+"}", nil)
		alarm, there := decoded(t, built)["Resources"].(map[string]any)["StateMachineMissingAlarm"].(map[string]any)
		hours := 0.0
		if there {
			hours = alarm["Properties"].(map[string]any)["EvaluationPeriods"].(float64)
		}
		if hours != test.hours {
			t.Errorf("%s: an alarm after %v hours, want %v", test.schedule, hours, test.hours)
		}
		var told strings.Builder
		for _, m := range built.Manual {
			told.WriteString(m.What)
		}
		if !strings.Contains(told.String(), test.told) {
			t.Errorf("%s: told %q", test.schedule, told.String())
		}
	}
}

func TestSecretsAreLeftToAPerson(t *testing.T) {
	t.Parallel()
	_, built := build(t, `
source:
  kind: endpoints
  endpoints:
    urls: ["https://reader:hunter2@example.org/posts/"]
    user: reader
    password: param:/wordpress/blog/password
    headers: {Authorization: param:/wordpress/blog/token}
`, nil)
	text := string(built.YAML()) + string(built.JSON())
	if strings.Contains(text, "hunter2") || built.Count("AWS::SSM::Parameter") != 6 {
		t.Error("an address with a password is in the template")
	}
	var commands []string
	for _, m := range built.Manual {
		if m.Command != "" {
			commands = append(commands, m.Command)
		}
	}
	want := []string{
		"wplake param set --home aws /wordpress/blog/password - --type SecureString",
		"wplake param set --home aws /wordpress/blog/token - --type SecureString",
	}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Error(diff)
	}
}

func TestTwoMachinesOfOneName(t *testing.T) {
	t.Parallel()
	c, _ := build(t, "", nil)
	text := []byte(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)
	for _, machines := range []map[string][]byte{
		{"a.b": text, "a_b": text},
		{c.Workflow.Name: text},
	} {
		_, err := template.Build(template.Input{Config: c, Definition: text, Machines: machines})
		if err == nil || !strings.Contains(err.Error(), "would be called") {
			t.Errorf("got %v", err)
		}
	}
}
