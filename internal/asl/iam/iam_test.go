package iam_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"wplake/internal/asl/iam"
)

func parse(t *testing.T, text string) iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return p
}

func TestJudge(t *testing.T) {
	t.Parallel()
	statement := func(rest string) string { return `{"Statement": [{"Sid": "s", ` + rest + `}]}` }
	const allow, deny, all = `"Effect": "Allow", `, `{"Sid": "d", "Effect": "Deny", `, `"Resource": "*"`
	for _, c := range []struct {
		policy, action, resource, want string
	}{
		{statement(allow + `"Action": "glue:*", ` + all), "glue:GetJobRun", "arn:aws:glue:*:*:job/a", "true"},
		{statement(allow + `"Action": ["glue:startjobrun"], ` + all), "glue:StartJobRun", "x", "true"},
		{statement(allow + `"Action": "glue:Get*", ` + all), "glue:StartJobRun", "x", "false"},
		{statement(allow + `"NotAction": "iam:*", ` + all), "glue:StartJobRun", "x", "true"},
		{statement(allow + `"NotAction": "glue:*", ` + all), "glue:StartJobRun", "x", "false"},
		{statement(allow + `"Action": "*", "Resource": "arn:aws:glue:eu-west-1:[REDACTED]:job/silver"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/silver", "true"},
		{statement(allow + `"Action": "*", "Resource": "arn:aws:glue:eu-west-1:REDACTED:job/silver"`), "glue:GetJobRun", "arn:aws:glue:eu-west-1:123456789012:job/silver", "true"},
		{statement(allow + `"Action": "*", "Resource": "arn:aws:glue:eu-west-1:123456789012:job/other"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/silver", "false"},
		{statement(allow + `"Action": "*", "Resource": "arn:aws:glue:*:*:job/s?lver"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/silver", "true"},
		{statement(allow + `"Action": "*", "Resource": "arn:aws:glue:*:*:job/silver"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/*", "true"},
		{statement(allow + `"Action": "*", "NotResource": "arn:aws:glue:*:*:job/*"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/a", "false"},
		{statement(allow + `"Action": "*", "NotResource": "arn:aws:s3:::*"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/a", "true"},
		{statement(allow + `"Action": "*", ` + all + `}, ` + deny + `"Action": "glue:GetJobRun", ` + all), "glue:GetJobRun", "x", "false denied by d"},
		{statement(allow + `"Action": "*", ` + all + `}, ` + deny + `"Action": "*", "Resource": "arn:aws:glue:*:*:job/one"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/*", "true"},
		{statement(allow + `"Action": "*", ` + all + `}, ` + deny + `"Action": "*", "NotResource": "arn:aws:glue:*:*:job/*"`), "s3:GetObject", "arn:aws:s3:::raw/k", "false denied by d"},
		{statement(allow + `"Action": "*", ` + all + `}, ` + deny + `"Action": "*", "NotResource": "arn:aws:glue:*:*:job/*"`), "glue:GetJobRun", "arn:aws:glue:*:*:job/a", "true"},
		{statement(allow + `"Action": "*", ` + all + `, "Condition": {"Bool": {"aws:SecureTransport": "true"}}`), "glue:GetJobRun", "x", "true if [s]"},
		{statement(allow + `"Action": "s3:GetObject", "Resource": "arn:aws:s3:::${aws:PrincipalTag/b}/*"`), "s3:GetObject", "arn:aws:s3:::raw/k", "true"},
		{`{"PolicyDocument": {"Statement": {"Effect": "Allow", "Action": "a:B", "Resource": "*"}}}`, "a:B", "x", "true"},
		{`[{"PolicyVersion": {"Document": {"Statement": []}}}, ` + statement(allow+`"Action": "a:B", `+all) + `]`, "a:B", "x", "true"},
	} {
		v := parse(t, c.policy).Judge(c.action, c.resource)
		got := fmt.Sprint(v.Allowed)
		if v.Denied != "" {
			got += " denied by " + v.Denied
		}
		if len(v.Conditional) > 0 {
			got += fmt.Sprint(" if ", v.Conditional)
		}
		if got != c.want {
			t.Errorf("%s: %s on %s: got %s, want %s", c.policy, c.action, c.resource, got, c.want)
		}
	}
}

func TestWrongPolicies(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                                     "empty",
		`{}`:                                   `"Statement"`,
		`{"Statement": [{"Effect": "allow"}]}`: `Effect is Allow or Deny, not "allow"`,
		`{"Statement": [{"Effect": "Allow", "Resource": "*"}]}`:                            "has no Action",
		`{"Statement": [{"Effect": "Allow", "Action": "a"}]}`:                              "has no Resource",
		`{"Statement": [{"Sid": "s", "Effect": "Allow", "Action": [1], "Resource": "*"}]}`: "Action of s: the list holds something that is no text",
		`{`: "Unexpected end-of-input",
	} {
		if _, err := iam.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	task := func(resource, parameters string) string {
		return `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::` + resource + `", "Parameters": ` + parameters + `, "End": true}}}`
	}
	for definition, want := range map[string]string{
		task("lambda:invoke", `{"FunctionName": "arn:aws:lambda:r:1:function:f:$LATEST"}`):                              "lambda:InvokeFunction arn:aws:lambda:r:1:function:f:$LATEST",
		task("lambda:invoke", `{"FunctionName.$": "$.f"}`):                                                              "lambda:InvokeFunction arn:aws:lambda:*:*:function:*",
		task("glue:startJobRun.sync", `{"JobName": "j"}`):                                                               "glue:StartJobRun glue:GetJobRun glue:GetJobRuns? glue:BatchStopJobRun? arn:aws:glue:*:*:job/j",
		task("aws-sdk:glue:startCrawler", `{"Name": "c"}`):                                                              "glue:StartCrawler arn:aws:glue:*:*:crawler/c",
		task("aws-sdk:s3:listObjectsV2", `{"Bucket": "b"}`):                                                             "s3:ListBucket arn:aws:s3:::b",
		task("aws-sdk:s3:getObject", `{"Bucket": "b", "Key": "k"}`):                                                     "s3:GetObject arn:aws:s3:::b/k",
		task("aws-sdk:ssm:getParameter", `{"Name": "/a/b"}`):                                                            "ssm:GetParameter arn:aws:ssm:*:*:parameter/a/b",
		task("aws-sdk:sfn:listExecutions", `{}`):                                                                        "states:ListExecutions *",
		task("aws-sdk:eventbridge:putRule", `{}`):                                                                       "events:PutRule *",
		task("sns:publish", `{"TopicArn": "arn:aws:sns:r:1:t"}`):                                                        "sns:Publish arn:aws:sns:r:1:t",
		task("sqs:sendMessage", `{"QueueUrl": "https://sqs.r.amazonaws.com/1/q"}`):                                      "sqs:SendMessage arn:aws:sqs:*:*:q",
		task("athena:startQueryExecution.sync", `{"QueryString": "q", "WorkGroup": "w"}`):                               "athena:StartQueryExecution athena:GetQueryExecution athena:StopQueryExecution? arn:aws:athena:*:*:workgroup/w",
		`{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:r:1:activity:a", "End": true}}}`: "",
		task("states:startExecution.sync:2", `{"StateMachineArn": "arn:aws:states:r:1:stateMachine:m"}`): "states:StartExecution arn:aws:states:r:1:stateMachine:m states:DescribeExecution states:StopExecution? arn:aws:states:r:1:execution:m:* " +
			"events:PutTargets events:PutRule events:DescribeRule arn:aws:events:*:*:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule",
		task("http:invoke", `{"Authentication": {"ConnectionArn": "arn:aws:events:r:1:connection/c/x"}}`): "states:InvokeHTTPEndpoint * events:RetrieveConnectionCredentials arn:aws:events:r:1:connection/c/x " +
			"secretsmanager:GetSecretValue secretsmanager:DescribeSecret arn:aws:secretsmanager:*:*:secret:events!connection/*",
	} {
		var got []string
		for i, n := range iam.Needs([]byte(definition)) {
			action := n.Action
			if n.Spare {
				action += "?"
			}
			if i > 0 && got[len(got)-1] == n.Resources[0] {
				got = got[:len(got)-1]
			}
			got = append(got, action, n.Resources[0])
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s:\n got %s\nwant %s", definition, strings.Join(got, " "), want)
		}
	}
}

func TestDistributedMapNeedsItsOwn(t *testing.T) {
	t.Parallel()
	needs := iam.Needs([]byte(`{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key": "k"}},
		"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "o", "Prefix": "p"}},
		"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I",
		"States": {"I": {"Type": "Task", "Resource": "arn:aws:lambda:r:1:function:f", "End": true}}}, "End": true}}}`))
	var got []string
	for _, n := range needs {
		got = append(got, n.Action+" "+n.Resources[0])
	}
	for _, want := range []string{
		"states:StartExecution arn:aws:states:*:*:stateMachine:*", "s3:GetObject arn:aws:s3:::b/k", "s3:PutObject arn:aws:s3:::o/p/*",
		"lambda:InvokeFunction arn:aws:lambda:r:1:function:f",
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
}

// FuzzPolicy holds that no policy and no definition stops the comparison.
func FuzzPolicy(f *testing.F) {
	f.Add([]byte(`{"Statement": [{"Effect": "Allow", "Action": "g*:?et*", "Resource": "arn:*${x}*"}]}`), "arn:aws:glue:*:*:job/*")
	f.Add([]byte(`{"Statement": {"Effect": "Deny", "NotAction": ["a"], "NotResource": ["*"], "Condition": {"a": 1}}}`), "[REDACTED]")
	f.Fuzz(func(_ *testing.T, text []byte, resource string) {
		if p, err := iam.Parse(text); err == nil {
			p.Judge("glue:GetJobRun", resource)
		}
		iam.Needs(text)
	})
}

func TestStatements(t *testing.T) {
	t.Parallel()
	p := parse(t, `{"Statement": [
		{"Sid": "a", "Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::b/*", "arn:aws:sns:r:REDACTED:t"], "Condition": {"StringLike": {"s3:prefix": ["x/*"]}, "Bool": {"k": true}, "Odd": 1}},
		{"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": "*"}]}`)
	got := fmt.Sprint(p.Statements())
	want := "[{a true [s3:Get*] [] [arn:aws:s3:::b/* arn:aws:sns:r:*:t] [] map[Bool:map[k:[]] Odd:map[] StringLike:map[s3:prefix:[x/*]]] true} " +
		"{the statement in line 3:3 false [] [iam:*] [] [*] map[] false}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if kept := p.Keep(func(s iam.Statement) bool { return s.Allow }).Statements(); len(kept) != 1 || kept[0].ID != "a" {
		t.Errorf("kept %v", kept)
	}
}
