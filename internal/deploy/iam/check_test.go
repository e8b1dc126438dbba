package iam_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wplake/internal/config"
	"wplake/internal/deploy/iam"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

// roleOf is a role of a deployment by its name.
func roleOf(t *testing.T, in iam.Input, name string) iam.Role {
	t.Helper()
	roles, err := iam.All(in)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(roles, func(r iam.Role) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("there is no role %s", name)
	}
	return roles[i]
}

func check(t *testing.T, in iam.Input, name string, documents ...iam.Document) iam.Judgement {
	t.Helper()
	j, err := iam.Check(in, roleOf(t, in, name), documents)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// brief is a list of findings in one line each.
func brief(all []iam.Finding) string {
	var lines []string
	for _, f := range all {
		lines = append(lines, fmt.Sprintf("%s on %s", strings.Join(f.Actions, "+"), f.Resource))
	}
	return strings.Join(lines, "\n")
}

func file(t *testing.T, name string) iam.Document {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return iam.Document{Name: name, Text: text}
}

func document(kind iam.DocumentKind, statements ...string) iam.Document {
	return iam.Document{Name: "p", Kind: kind, Text: []byte(`{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ", ") + `]}`)}
}

// TestOwnPolicies holds that what is generated is just enough: nothing is
// missing, lost, unclear or too much, and without any statement that is not
// spare something is missing.
func TestOwnPolicies(t *testing.T) {
	t.Parallel()
	for name, in := range definitions() {
		roles, err := iam.All(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range roles {
			if j := check(t, in, r.Name, iam.Document{Text: r.Policy()}); len(j.Missing)+len(j.Lost)+len(j.Unjudged)+len(j.Excess) > 0 {
				t.Errorf("%s: %s: %+v", name, r.Name, j)
			}
			for i, s := range r.Statements {
				less := r
				less.Statements = slices.Delete(slices.Clone(r.Statements), i, i+1)
				j := check(t, in, r.Name, iam.Document{Text: less.Policy()})
				if missing := len(j.Missing) > 0; missing != (s.Spare == "") || !missing && len(j.Lost) == 0 || len(j.Excess) > 0 {
					t.Errorf("%s: %s without %s: %+v", name, r.Name, s.Sid, j)
				}
			}
		}
	}
}

// TestArticlesBronzePolicy holds that the article's role is enough for bronze.
func TestArticlesBronzePolicy(t *testing.T) {
	t.Parallel()
	for name, excess := range map[string]string{
		"article_bronze.json": `logs:CreateLogGroup on arn:aws:logs:eu-west-1:123456789012:*
s3:PutObject on arn:aws:s3:::data-lakehouse-raw/wordpress_api/*`,
		"article_bronze_first.json": `s3:PutObject on arn:aws:s3:::data-lakehouse-raw/wordpress_api/*
sns:Publish on arn:aws:sns:eu-west-1:123456789012:data-lakehouse-raw
logs:CreateLogGroup on arn:aws:s3:::data-lakehouse-raw/wordpress_api/*, arn:aws:s3:::data-lakehouse-bronze/wordpress_api/*, arn:aws:s3:::data-lakehouse-raw, arn:aws:s3:::data-lakehouse-bronze, arn:aws:logs:eu-west-1:123456789012:*, arn:aws:sns:eu-west-1:123456789012:data-lakehouse-raw, arn:aws:sns:eu-west-1:123456789012:data-lakehouse-bronze
ssm:GetParameter on arn:aws:ssm:eu-west-1:123456789012:parameter/sns/data/lakehouse/raw`,
	} {
		j := check(t, input(nil), iam.Bronze, file(t, name))
		if len(j.Missing)+len(j.Unjudged) > 0 {
			t.Errorf("%s: missing %v, unjudged %v", name, j.Missing, j.Unjudged)
		}
		if got, want := brief(j.Lost), `s3:DeleteObject+s3:GetObject+s3:PutObject on arn:aws:s3:::data-lakehouse-bronze/wordpress_api_rejects/*
s3:AbortMultipartUpload on arn:aws:s3:::data-lakehouse-bronze/wordpress_api/*
s3:AbortMultipartUpload on arn:aws:s3:::data-lakehouse-bronze/wordpress_api_rejects/*`; got != want {
			t.Errorf("%s: lost\n%s\nwant\n%s", name, got, want)
		}
		if got := brief(j.Excess); got != excess {
			t.Errorf("%s: too much\n%s\nwant\n%s", name, got, excess)
		}
	}
}

// TestArticlesWorkflowRole finds what stopped the article's workflow for ever.
func TestArticlesWorkflowRole(t *testing.T) {
	t.Parallel()
	in := definitions()["managed"]
	for _, where := range []struct{ region, account string }{{region, account}, {"*", "*"}} {
		in.Region, in.Account = where.region, where.account
		in.Definition = machine.ForAWS(machine.Default(in.Config), in.Config, "aws", in.Region, in.Account)
		j := check(t, in, iam.Workflow, file(t, "article_workflow.json"))
		if got, want := brief(j.Missing), fmt.Sprintf("glue:GetJobRun on arn:aws:glue:%s:%s:job/wordpressapi_silver", in.Region, in.Account); got != want {
			t.Errorf("missing\n%s\nwant\n%s", got, want)
		}
		if len(j.Missing) == 1 && !strings.Contains(j.Missing[0].Why, "the job's end is never seen") {
			t.Errorf("why: %s", j.Missing[0].Why)
		}
		if brief(j.Lost) != strings.ReplaceAll(brief(j.Missing), "GetJobRun", "GetJobRuns")+"\n"+strings.ReplaceAll(brief(j.Missing), "GetJobRun", "BatchStopJobRun") || len(j.Excess) > 0 {
			t.Errorf("lost %v, too much %v", j.Lost, j.Excess)
		}
	}
}

// TestCheck holds the odd forms of policies against bronze's needs.
func TestCheck(t *testing.T) {
	t.Parallel()
	in := input(nil)
	own := string(roleOf(t, in, iam.Bronze).Policy())
	all := `{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}`
	for _, c := range []struct {
		name                      string
		documents                 []iam.Document
		missing, unjudged, excess string // the beginning of the only or first finding with its reason; "" for none
	}{
		{"nothing", []iam.Document{document(iam.Inline)}, "s3:ListBucket", "", ""},
		{"all", []iam.Document{document(iam.Inline, all)}, "", "", "* on *: the wildcard"},
		{
			"denied",
			[]iam.Document{document(iam.Inline, all), document(iam.Inline, `{"Sid": "No", "Effect": "Deny", "Action": "sns:*", "Resource": "*"}`)},
			"sns:Publish on arn:aws:sns:eu-west-1:123456789012:data-lakehouse-bronze: No denies it.", "", "* on *",
		},
		{
			"denied in part",
			[]iam.Document{document(iam.Inline, all, `{"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::data-lakehouse-raw/wordpress_api/users/*"}`)},
			"s3:GetObject on arn:aws:s3:::data-lakehouse-raw/wordpress_api/*: No denies it for a part.", "", "* on *",
		},
		{
			"denied beside", []iam.Document{{Text: []byte(own)}, document(iam.Inline, `{"Sid": "No", "Effect": "Deny", "NotAction": ["s3:*", "sns:*", "logs:*", "ssm:*"], "Resource": "*"}`)},
			"", "", "",
		},
		{
			"without TLS", []iam.Document{{Text: []byte(own)}, document(iam.Inline, `{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}`)},
			"", "", "",
		},
		{
			"denied unless", []iam.Document{{Text: []byte(own)}, document(iam.Inline, `{"Sid": "Home", "Effect": "Deny", "Action": "ssm:*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}}`)},
			"", "ssm:GetParameter on arn:aws:ssm:eu-west-1:123456789012:parameter/s3/lakehouse/name/raw: it rests on the conditions of Home", "",
		},
		{
			"allowed if", []iam.Document{document(iam.Inline, `{"Sid": "If", "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}`)},
			"", "logs:CreateLogStream", "* on *",
		},
		{
			"a part", []iam.Document{{Text: []byte(strings.ReplaceAll(own, "data-lakehouse-raw/wordpress_api/*", "data-lakehouse-raw/wordpress_api/posts/*"))}},
			"s3:GetObject on arn:aws:s3:::data-lakehouse-raw/wordpress_api/*: it is allowed for a part only.", "", "",
		},
		{
			"wider", []iam.Document{{Text: []byte(strings.ReplaceAll(own, "data-lakehouse-raw/wordpress_api/*", "data-lakehouse-*"))}},
			"", "", "s3:GetObject on arn:aws:s3:::data-lakehouse-*: it is wider than what is needed: arn:aws:s3:::data-lakehouse-raw/wordpress_api/*",
		},
		{
			"not action", []iam.Document{document(iam.Inline, `{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}`)},
			"", "", "everything but iam:* on *: NotAction",
		},
		{
			"not resource", []iam.Document{document(iam.Inline, `{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::secret/*"}`)},
			"", "", "* on everything but arn:aws:s3:::secret/*: NotResource",
		},
		{
			"boundary", []iam.Document{{Text: []byte(own)}, document(iam.Boundary, `{"Effect": "Allow", "Action": ["s3:*", "logs:*", "ssm:*"], "Resource": "*"}`)},
			"sns:Publish on arn:aws:sns:eu-west-1:123456789012:data-lakehouse-bronze: the permissions boundary does not let it.", "", "",
		},
		{
			"list", []iam.Document{{Text: []byte(`[{"RoleName": "r", "PolicyName": "p", "PolicyDocument": ` + own + `}]`)}},
			"", "", "",
		},
	} {
		j := check(t, in, iam.Bronze, c.documents...)
		for kind, pair := range map[string]struct {
			got  []iam.Finding
			want string
		}{"missing": {j.Missing, c.missing}, "unjudged": {j.Unjudged, c.unjudged}, "excess": {j.Excess, c.excess}} {
			if (len(pair.got) == 0) != (pair.want == "") {
				t.Errorf("%s: %s: %+v, want %q", c.name, kind, pair.got, pair.want)
				continue
			}
			if pair.want != "" {
				if got := brief(pair.got[:1]) + ": " + pair.got[0].Why; !strings.HasPrefix(got, pair.want) {
					t.Errorf("%s: %s: %s, want %s", c.name, kind, got, pair.want)
				}
			}
		}
	}
}

func TestUnreadablePolicy(t *testing.T) {
	t.Parallel()
	in := input(nil)
	_, err := iam.Check(in, roleOf(t, in, iam.Raw), []iam.Document{{Name: "mine", Text: []byte(`{"Statement": 1}`)}})
	if !lake.HasCode(err, lake.ConfigInvalid) || !strings.Contains(err.Error(), "the policy mine cannot be read") {
		t.Errorf("got %v", err)
	}
}

// FuzzCheck holds that no policy and no machine stops a comparison.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::${a}*?"}}`), []byte(ownMachine))
	f.Add([]byte(`{"Statement": [{"Effect": "Deny", "NotAction": "", "NotResource": ["REDACTED"], "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}}]}`), []byte(`{"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk::x"}}}`))
	f.Fuzz(func(t *testing.T, policy, definition []byte) {
		c := config.Default()
		in := iam.Input{Config: c, Partition: "aws", Region: "*", Account: "*", Definition: definition}
		roles, err := iam.All(in)
		if err != nil {
			return
		}
		for _, r := range roles {
			_, _ = iam.Check(in, r, []iam.Document{{Text: policy}}) // unreadable policies are told
			if r.Name != iam.Workflow || len(r.Statements) == 0 {
				continue
			}
			if j, err := iam.Check(in, r, []iam.Document{{Text: r.Policy()}}); err != nil || len(j.Missing) > 0 {
				t.Errorf("the generated policy %s is not enough: %v %+v", r.Policy(), err, j.Missing)
			}
		}
	})
}
