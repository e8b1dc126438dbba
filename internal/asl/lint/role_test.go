package lint_test

import (
	"strings"
	"testing"

	"wplake/internal/asl"
	"wplake/internal/asl/iam"
	"wplake/internal/asl/lint"
)

// rolePolicy is the role of the August machine, with what it may do to the
// silver job.
func rolePolicy(t *testing.T, jobActions string) iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [
		{"Sid": "Functions", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": [
			"arn:aws:lambda:eu-west-1:[REDACTED]:function:data_wordpressapi_raw:*", "arn:aws:lambda:eu-west-1:[REDACTED]:function:data_wordpressapi_bronze:*"]},
		{"Sid": "Crawlers", "Effect": "Allow", "Action": ["glue:StartCrawler"], "Resource": ["arn:aws:glue:eu-west-1:[REDACTED]:crawler/wordpress_*"]},
		{"Sid": "Tell", "Effect": "Allow", "Action": "sns:Publish", "Resource": "arn:aws:sns:eu-west-1:[REDACTED]:failure-stepfunction"},
		{"Sid": "VisualEditor0", "Effect": "Allow", "Action": [` + jobActions + `], "Resource": "arn:aws:glue:eu-west-1:[REDACTED]:job/wordpressapi_silver"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTheMissingPoll is the reference's own accident: the job runs, and the
// execution never learns that it has ended.
func TestTheMissingPoll(t *testing.T) {
	t.Parallel()
	definition := readMachine(t, "2024-08")
	var failures []lint.Finding
	for _, f := range lint.Role(definition, rolePolicy(t, `"glue:StartJobRun"`)) {
		if f.Severity == asl.SeverityError {
			failures = append(failures, f)
		}
	}
	if len(failures) != 1 {
		t.Fatalf("%+v", failures)
	}
	f := failures[0]
	const statement = `{"Effect":"Allow","Action":"glue:GetJobRun","Resource":"arn:aws:glue:*:*:job/wordpressapi_silver"}`
	if f.State != "Glue Start Silver Python Shell" || !strings.Contains(f.Message, "glue:GetJobRun") || !strings.Contains(f.Remedy, statement) || f.Position.Line == 0 {
		t.Errorf("%+v", f)
	}
	found := lint.Role(definition, rolePolicy(t, `"glue:StartJobRun", "glue:GetJobRun"`))
	if len(found) != 2 || found[0].Severity != asl.SeverityWarning || found[1].Severity != asl.SeverityWarning {
		t.Errorf("with the mended policy: %+v", found)
	}
	if found := lint.Role(definition, rolePolicy(t, `"glue:*JobRun*"`)); len(found) != 0 {
		t.Errorf("with all of it: %+v", found)
	}
}

func TestRoleWithConditions(t *testing.T) {
	t.Parallel()
	p, err := iam.Parse([]byte(`{"Statement": {"Sid": "Office", "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	found := lint.Role(readMachine(t, "2024-03"), p)
	if len(found) != 3 || found[0].Code != lint.ConditionsUnread || found[0].Severity != asl.SeverityWarning || !strings.Contains(found[0].Message, "Office") {
		t.Errorf("%+v", found)
	}
}
