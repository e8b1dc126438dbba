package home

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/awsapi"
	"wplake/internal/config"
	"wplake/internal/deploy"
	"wplake/internal/deploy/iam"
	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// finding is what a test expects of a check.
type finding struct {
	status CheckStatus
	says   string // a part of the detail
}

func (f finding) hold(t *testing.T, c Check) {
	t.Helper()
	if c.Status != f.status || !strings.Contains(c.Detail, f.says) {
		t.Errorf("%s: %s: %s; want %s with %q", c.Name, c.Status, c.Detail, f.status, f.says)
	}
	if (c.Status != CheckOK) != (c.Hint != "") {
		t.Errorf("%s: %s with the remedy %q", c.Name, c.Status, c.Hint)
	}
}

func TestJudgeFunction(t *testing.T) {
	t.Parallel()
	want := config.AWSFunctions{Architecture: "arm64", Memory: 512, Storage: 1024, Timeout: config.Duration(15 * time.Minute)}
	const sha = "0123456789abcdef0123456789abcdef"
	for name, c := range map[string]struct {
		change func(*deploy.Function)
		sha    string
		want   finding
	}{
		"as defined":          {func(*deploy.Function) {}, sha, finding{CheckOK, "512 MiB, 1024 MiB of /tmp, 15m0s, arm64"}},
		"package not known":   {func(f *deploy.Function) { f.SHA256 = "ff" }, "", finding{CheckOK, "512"}},
		"another package":     {func(f *deploy.Function) { f.SHA256 = "ffff" }, sha, finding{CheckWarning, "its package is ffff, the definition's 0123456789ab"}},
		"less memory":         {func(f *deploy.Function) { f.Memory, f.Storage = 128, 512 }, sha, finding{CheckWarning, "memory is 128 MiB, the definition has 512 MiB; storage is 512 MiB"}},
		"less time":           {func(f *deploy.Function) { f.Timeout = 60 }, sha, finding{CheckWarning, "time-out is 1m0s, the definition has 15m0s"}},
		"not made":            {func(f *deploy.Function) { f.State, f.Reason = "Failed", "no key" }, sha, finding{CheckFailed, "no key"}},
		"update failed":       {func(f *deploy.Function) { f.Update, f.UpdateReason = "Failed", "no subnet" }, sha, finding{CheckWarning, "no subnet"}},
		"under way":           {func(f *deploy.Function) { f.Update = "InProgress" }, sha, finding{CheckWarning, "still at work"}},
		"does not know":       {func(f *deploy.Function) { f.Environment = nil }, sha, finding{CheckFailed, "WPLAKE_FUNCTION"}},
		"is another":          {func(f *deploy.Function) { f.Environment["WPLAKE_FUNCTION"] = "bronze" }, sha, finding{CheckFailed, `"bronze" instead of "raw"`}},
		"another runtime":     {func(f *deploy.Function) { f.Runtime = "python3.12" }, sha, finding{CheckFailed, "python3.12"}},
		"other runtime's age": {func(f *deploy.Function) { f.Runtime = "provided.al2" }, sha, finding{CheckWarning, "provided.al2, the"}},
		"wrong architecture":  {func(f *deploy.Function) { f.Architecture = "x86_64" }, sha, finding{CheckFailed, "for x86_64, its package for arm64"}},
		"another one's":       {func(f *deploy.Function) { f.Architecture, f.SHA256 = "x86_64", "ff" }, sha, finding{CheckWarning, "architecture is x86_64"}},
	} {
		f := deploy.Function{
			Name: "data_wordpressapi_raw", Runtime: "provided.al2023", Architecture: "arm64", Memory: 512, Storage: 1024, Timeout: 900,
			Environment: map[string]string{"WPLAKE_FUNCTION": "raw"}, SHA256: sha, State: "Active", Update: "Successful",
		}
		c.change(&f)
		t.Run(name, func(t *testing.T) { t.Parallel(); c.want.hold(t, judgeFunction(want, "raw", f, c.sha)) })
	}
}

func TestJudgeStack(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]finding{
		"UPDATE_COMPLETE": {CheckOK, ""}, "UPDATE_IN_PROGRESS": {CheckWarning, "under way"}, "ROLLBACK_COMPLETE": {CheckFailed, "failed"},
		"UPDATE_ROLLBACK_COMPLETE": {CheckWarning, "taken back: no rights"}, "UPDATE_ROLLBACK_FAILED": {CheckFailed, "no rights"},
	} {
		want.hold(t, judgeStack(deploy.Status{Stack: "s", Exists: true, State: state, Reason: "no rights"})[0])
	}
	finding{CheckWarning, "other means"}.hold(t, judgeStack(deploy.Status{Stack: "s"})[0])
	s := deploy.Status{
		Stack: "s", Exists: true, State: "CREATE_COMPLETE",
		Agrees: []deploy.Agreement{{What: "template", Agrees: true}, {What: "package", Detail: "the deployed package is another: wplake deploy plan"}, {What: "definition", Detail: "not for Linux"}},
		Drift: &deploy.Drift{Resources: []deploy.DriftResource{
			{Resource: "RawFunction", Type: "AWS::Lambda::Function", Name: "raw", State: "MODIFIED", Properties: []deploy.PropertyChange{{Property: "/MemorySize", From: "512", To: "128"}}},
			{Resource: "RawTopic", Type: "AWS::SNS::Topic", Name: "arn", State: "DELETED"},
		}},
	}
	got := judgeStack(s)
	for i, want := range []finding{
		{CheckOK, "CREATE"}, {CheckOK, "as the definition"}, {CheckWarning, "the deployed package is another"}, {CheckWarning, "not for Linux"},
		{CheckWarning, "/MemorySize is 128 instead of 512"}, {CheckWarning, "was deleted beside"},
	} {
		want.hold(t, got[i])
	}
	if agrees(s) {
		t.Error("a stack with another package agrees")
	}
	finding{CheckOK, "nobody"}.hold(t, judgeDrift(deploy.Drift{State: "IN_SYNC"})[0])
}

// TestRemedies: where deploying again changes nothing, nobody is sent there;
// what may not be looked at is no fault of the lake, and the action is named.
func TestRemedies(t *testing.T) {
	t.Parallel()
	got := beside([]Check{broken("a", applyHint, "x"), warning("b", planHint, "x"), failed("c", &lake.Error{Code: lake.ObjectMissing, Hint: absentHint}), warning("d", "else", "x")})
	for i, want := range []string{besideHint, besideHint, besideHint, "else"} {
		if got[i].Hint != want {
			t.Errorf("%s: %q", got[i].Name, got[i].Hint)
		}
	}
	refused := &lake.Error{
		Code: lake.AccessDenied, Message: "could not look", Hint: "allow glue:GetDatabase in the role's policy; `wplake iam` prints what each role needs",
	}
	soft := softened([]Check{failed("e", refused), failed("f", &lake.Error{Code: lake.ServiceFailed})})
	if soft[0].Status != CheckWarning || !strings.HasSuffix(soft[0].Hint, "allow glue:GetDatabase to whoever runs doctor") || soft[1].Status != CheckFailed {
		t.Errorf("%+v", soft)
	}
}

// TestSettingParameter: the remedy has the value where the deployment makes it,
// and a secret is not asked for on the command line.
func TestSettingParameter(t *testing.T) {
	t.Parallel()
	h := &Home{Config: config.Config{Buckets: config.Buckets{Raw: "blog-raw"}}}
	h.Config.Source.Endpoints.Parameter = "/wordpress/endpoints"
	if got := h.settingParameter("/a"); got != "wplake param set /a VALUE" {
		t.Errorf("at home: %s", got)
	}
	h.Cloud = &Cloud{Identity: awsapi.Identity{Account: "123456789012", Partition: "aws", Region: "eu-west-1"}}
	for name, want := range map[string]string{
		"/s3/lakehouse/name/raw":  "blog-raw",
		"/sns/data/lakehouse/raw": "arn:aws:sns:eu-west-1:123456789012:data-lakehouse-raw",
		"/wordpress/endpoints":    "URL,URL --type StringList",
		"/wordpress/password":     "- --type SecureString",
	} {
		if got := h.settingParameter(name); got != "wplake param set "+name+" "+want+" --home aws" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestJudgeBucketAndTopic(t *testing.T) {
	t.Parallel()
	finding{CheckOK, "private"}.hold(t, judgeBucket("b", "b", deploy.BucketSettings{Private: true, Versioned: true}))
	finding{CheckWarning, "block public access; it is not versioned"}.hold(t, judgeBucket("b", "b", deploy.BucketSettings{}))
	finding{CheckWarning, "the definition has the bucket c"}.hold(t, judgeBucket("b", "c", deploy.BucketSettings{Private: true, Versioned: true}))
	const arn = "arn:aws:sns:eu-west-1:123456789012:data-lakehouse-raw"
	finding{CheckOK, "2"}.hold(t, judgeTopic(arn, deploy.Topic{Confirmed: 2}))
	finding{CheckWarning, "nobody"}.hold(t, judgeTopic(arn, deploy.Topic{}))
	finding{CheckWarning, "1 confirmed; waiting for their confirmation, and told nothing: email me@example.org"}.hold(t,
		judgeTopic(arn, deploy.Topic{Confirmed: 1, Pending: []deploy.Subscription{{Protocol: "email", Endpoint: "me@example.org"}}}))
}

func TestJudgeGlueAndAthena(t *testing.T) {
	t.Parallel()
	crawler := deploy.Crawler{Database: "d", Prefix: "bronze-", Paths: []string{"s3://b/d"}, State: "READY", LastStatus: "SUCCEEDED"}
	judge := func(change func(*deploy.Crawler)) Check {
		c := crawler
		change(&c)
		return judgeCrawler("crawler c", c, "d", "bronze-", "s3://b/d/")
	}
	finding{CheckOK, "SUCCEEDED"}.hold(t, judge(func(*deploy.Crawler) {}))
	finding{CheckOK, "not run yet"}.hold(t, judge(func(c *deploy.Crawler) { c.LastStatus = "" }))
	finding{CheckWarning, "no rights"}.hold(t, judge(func(c *deploy.Crawler) { c.LastStatus, c.LastMessage = "FAILED", "no rights" }))
	finding{CheckFailed, "instead of s3://b/d/"}.hold(t, judge(func(c *deploy.Crawler) { c.Paths = []string{"s3://b/"} }))
	finding{CheckFailed, "database other"}.hold(t, judge(func(c *deploy.Crawler) { c.Database = "other" }))

	finding{CheckOK, "0.0625 DPU"}.hold(t, judgeJob("job j", deploy.Job{Command: "pythonshell", Package: "s3://a/s/packages/ab.zip", Capacity: 0.0625}, "ab"))
	finding{CheckWarning, "another"}.hold(t, judgeJob("job j", deploy.Job{Command: "pythonshell", Package: "s3://a/s/packages/ab.zip"}, "cd"))
	finding{CheckFailed, "--package"}.hold(t, judgeJob("job j", deploy.Job{Command: "pythonshell"}, "cd"))
	finding{CheckFailed, "glueetl"}.hold(t, judgeJob("job j", deploy.Job{Command: "glueetl"}, "cd"))

	finding{CheckOK, "s3://r/"}.hold(t, judgeWorkgroup("athena w", true, "s3://r/"))
	finding{CheckWarning, "disabled"}.hold(t, judgeWorkgroup("athena w", false, "s3://r/"))
	finding{CheckWarning, "nobody says"}.hold(t, judgeWorkgroup("athena w", true, ""))
}

func TestJudgeMachine(t *testing.T) {
	t.Parallel()
	want := []byte(`{"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": 12345678901234567890, "End": true}}}`)
	finding{CheckOK, "as the definition"}.hold(t, judgeMachine("workflow w", want, workflow.StateMachine{
		Definition: `{"States": {"A": {"End": true, "Type": "Pass", "Result": 12345678901234567890}}, "StartAt": "A"}`,
	}))
	finding{CheckWarning, "not those"}.hold(t, judgeMachine("workflow w", want, workflow.StateMachine{Definition: strings.Replace(string(want), "890,", "891,", 1)}))
	finding{CheckWarning, "not those"}.hold(t, judgeMachine("workflow w", want, workflow.StateMachine{Definition: "{"}))
	finding{CheckFailed, "express"}.hold(t, judgeMachine("workflow w", want, workflow.StateMachine{Type: workflow.Express, Definition: string(want)}))
}

func TestJudgeRole(t *testing.T) {
	t.Parallel()
	wanted := iam.Role{Name: iam.Workflow, RoleName: "wplake-blog-workflow-eu-west-1", Service: "states.amazonaws.com"}
	const live = "arn:aws:iam::123456789012:role/wplake-blog-workflow-eu-west-1"
	lacking := func(n int, actions ...string) []iam.Finding {
		var all []iam.Finding
		for i := range n {
			all = append(all, iam.Finding{Actions: actions, Resource: fmt.Sprint("r", i), Why: "the task fails."})
		}
		return all
	}
	finding{CheckOK, "it has all that workflow needs"}.hold(t, judgeRole(wanted, live, iam.Judgement{}, true))
	finding{CheckOK, "2 too much"}.hold(t, judgeRole(wanted, live, iam.Judgement{Excess: lacking(2, "s3:*")}, true))
	finding{CheckFailed, "does not let states.amazonaws.com assume it"}.hold(t, judgeRole(wanted, live, iam.Judgement{}, false))
	finding{CheckFailed, "workflow lacks lambda:InvokeFunction on r0 (the task fails) and 4 more; glue:GetJobRun on r0"}.hold(t,
		judgeRole(wanted, live, iam.Judgement{Missing: append(lacking(5, "lambda:InvokeFunction"), lacking(1, "glue:GetJobRun")...)}, true))
	finding{CheckWarning, "does without logs:PutLogEvents"}.hold(t, judgeRole(wanted, live, iam.Judgement{Lost: lacking(1, "logs:PutLogEvents")}, true))
	finding{CheckWarning, "not judged here"}.hold(t, judgeRole(wanted, live, iam.Judgement{Unjudged: lacking(1, "sns:Publish")}, true))
	finding{CheckWarning, "the definition has the role"}.hold(t, judgeRole(wanted, "arn:aws:iam::123456789012:role/mine", iam.Judgement{}, true))
}

func TestTrusts(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]bool{
		`{"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`:                          true,
		`{"Statement": {"Effect": "Allow", "Principal": {"Service": ["x", "lambda.amazonaws.com"]}, "Action": ["sts:TagSession", "sts:AssumeRole"]}}`: true,
		`{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*"}}`:                                                                         true,
		`{"Statement": {"Effect": "Deny", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}`:                             false,
		`{"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}`:                               false,
		`{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "sts:AssumeRole"}}`:                      false,
		`{"Statement": {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRoleWithSAML"}}`:                    false,
		`{`: true, `{"Statement": 1}`: true,
	} {
		if got := trusts([]byte(document), "lambda.amazonaws.com"); got != want {
			t.Errorf("%s: %v", document, got)
		}
	}
}

func TestJudgeSchedule(t *testing.T) {
	t.Parallel()
	const target = "arn:aws:states:eu-west-1:123456789012:stateMachine:w"
	want := config.Schedule{Expression: "cron(0 7 * * ? *)", Timezone: "UTC", State: config.ScheduleEnabled}
	for name, c := range map[string]struct {
		change func(*DeployedSchedule, *config.Schedule)
		want   finding
	}{
		"as defined": {func(*DeployedSchedule, *config.Schedule) {}, finding{CheckOK, "next at 2026-01-02T07:00:00Z"}},
		"not there":  {func(s *DeployedSchedule, _ *config.Schedule) { s.Target, s.Drift = "", []string{"x"} }, finding{CheckFailed, "not deployed"}},
		"disabled":   {func(s *DeployedSchedule, _ *config.Schedule) { s.Schedule.State = config.ScheduleDisabled }, finding{CheckFailed, "it is disabled"}},
		"disabled by all": {func(s *DeployedSchedule, w *config.Schedule) {
			s.Schedule.State, w.State = config.ScheduleDisabled, config.ScheduleDisabled
		}, finding{CheckOK, "disabled, as"}},
		"another machine": {func(s *DeployedSchedule, _ *config.Schedule) { s.Target += "x" }, finding{CheckFailed, "instead of " + target}},
		"other zone":      {func(s *DeployedSchedule, _ *config.Schedule) { s.Drift = []string{"timezone is UTC"} }, finding{CheckWarning, "timezone is UTC"}},
		"over":            {func(s *DeployedSchedule, _ *config.Schedule) { s.Next = time.Time{} }, finding{CheckWarning, "nothing any more"}},
	} {
		s := DeployedSchedule{Schedule: want, Target: target}
		s.Name, s.Expression, s.Timezone, s.Next = "daily", want.Expression, want.Timezone, time.Date(2026, 1, 2, 7, 0, 0, 0, time.UTC)
		defined := want
		c.change(&s, &defined)
		t.Run(name, func(t *testing.T) { t.Parallel(); c.want.hold(t, judgeSchedule(s, defined, target)) })
	}
}

// at is an execution that began so many hours before noon of January 31.
func at(hours float64, status asl.Status) workflow.Execution {
	began := noon().Add(-time.Duration(hours * float64(time.Hour)))
	x := workflow.Execution{Name: fmt.Sprintf("x%g", hours), Status: status, Started: began}
	if status != asl.Running {
		x.Stopped = began.Add(time.Minute)
	}
	return x
}

func noon() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }

func TestJudgeExecutions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		all  []workflow.Execution
		want finding
	}{
		"none":          {nil, finding{CheckOK, "none yet"}},
		"running alone": {[]workflow.Execution{at(1, asl.Running)}, finding{CheckOK, "none has ended yet; x1 runs since 1h0m0s"}},
		"well":          {[]workflow.Execution{at(1, asl.Running), at(2, asl.Succeeded), at(3, asl.Failed)}, finding{CheckOK, "x2, succeeded 1h59m0s ago; x1 runs"}},
		"lately not":    {[]workflow.Execution{at(1, asl.Failed), at(2, asl.TimedOut), at(3, asl.Succeeded)}, finding{CheckWarning, "x1 is FAILED; 2 in a row did not succeed; the last success was x3, 2h59m0s ago"}},
		"never":         {[]workflow.Execution{at(1, asl.Aborted), at(2, asl.Failed)}, finding{CheckWarning, "x1 is ABORTED; none of the last 2 succeeded"}},
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); c.want.hold(t, judgeExecutions(noon(), c.all)) })
	}
}

func TestJudgeMissed(t *testing.T) {
	t.Parallel()
	days := func(skip int, late float64) (all []workflow.Execution) {
		for day := range 40 { // daily at 07:00, five hours before noon
			if day != skip {
				all = append(all, at(float64(24*day)+5-late, asl.Succeeded))
			}
		}
		return all
	}
	for name, c := range map[string]struct {
		change     func(*DeployedSchedule)
		executions []workflow.Execution
		want       finding // none: nothing to say
	}{
		"all began":       {nil, days(-1, 0), finding{CheckOK, "each of 30 times"}},
		"one is missing":  {nil, days(2, 0), finding{CheckWarning, "at 1 of 30 times no execution began, the last at 2026-01-29T07:00:00Z"}},
		"none began":      {nil, nil, finding{CheckWarning, "at 30 of 30 times"}},
		"a little late":   {nil, days(-1, 0.2), finding{CheckOK, "30"}},
		"too late":        {nil, days(-1, 0.5), finding{CheckWarning, "30 of 30"}},
		"within a window": {func(s *DeployedSchedule) { s.Schedule.FlexibleWindow = config.Duration(time.Hour) }, days(-1, 0.5), finding{CheckOK, "30"}},
		"changed since":   {func(s *DeployedSchedule) { s.modified = noon().Add(-24 * time.Hour) }, days(2, 0), finding{CheckOK, "each of 1 times"}},
		"just made":       {func(s *DeployedSchedule) { s.modified = noon().Add(-time.Hour) }, nil, finding{}},
		"disabled":        {func(s *DeployedSchedule) { s.Schedule.State = config.ScheduleDisabled }, nil, finding{}},
		"cannot be read":  {func(s *DeployedSchedule) { s.Schedule.Expression = "often" }, nil, finding{}},
		"more than listed": {func(s *DeployedSchedule) {
			s.Schedule.Expression = "rate(1 minute)"
			s.anchor = noon().Add(-90 * 24 * time.Hour)
		}, minutes(), finding{CheckOK, "each of 84 times"}},
	} {
		s := DeployedSchedule{Schedule: config.Schedule{Expression: "cron(0 7 * * ? *)", Timezone: "UTC", State: config.ScheduleEnabled}}
		s.Name = "daily"
		if c.change != nil {
			c.change(&s)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, found := judgeMissed(noon(), s, c.executions)
			if found != (c.want.status != "") {
				t.Fatalf("found %v: %+v", found, got)
			}
			if found {
				c.want.hold(t, got)
			}
		})
	}
}

// minutes are as many executions as are read at once, one a minute.
func minutes() (all []workflow.Execution) {
	for i := range manyExecutions {
		all = append(all, at(float64(i)/60, asl.Succeeded))
	}
	return all
}
