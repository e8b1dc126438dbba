//go:build aws

package aws

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"wplake/internal/config"
	roles "wplake/internal/deploy/iam"
	"wplake/internal/lake"
	"wplake/internal/workflow/machine"
)

// roleOf makes a role that the account's owner may assume, and returns how to
// give it a policy and its credentials.
func (l *lakeByHand) roleOf(t *testing.T, name string) (policy func(document []byte), assumed sdk.Credentials) {
	t.Helper()
	client := iam.NewFromConfig(l.owner)
	made, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: sdk.String(fmt.Sprintf(
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::%s:root"}, "Action": "sts:AssumeRole"}]}`, l.account))})
	if err != nil {
		t.Fatal(err)
	}
	session, err := sts.NewFromConfig(l.owner).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: made.Role.Arn, RoleSessionName: sdk.String("test")})
	if err != nil {
		t.Fatal(err)
	}
	policy = func(document []byte) {
		if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
			RoleName: &name, PolicyName: sdk.String("work"), PolicyDocument: sdk.String(string(document)),
		}); err != nil {
			t.Fatal(err)
		}
	}
	c := session.Credentials
	return policy, sdk.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

// roles are those that the lake's definition wants.
func (l *lakeByHand) roles(t *testing.T) map[string]roles.Role {
	t.Helper()
	c, _, err := config.Load(filepath.Join(l.dir, config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	all, err := roles.Roles(roles.Input{
		Config: c, Definition: machine.ForAWS(machine.Default(c), c, "aws", region, l.account), Partition: "aws", Region: region, Account: l.account,
		WorkflowLogs: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]roles.Role{}
	for _, r := range all {
		named[r.Name] = r
	}
	return named
}

// without is the role's policy with one statement taken away.
func without(r roles.Role, i int) []byte {
	r.Statements = slices.Delete(slices.Clone(r.Statements), i, i+1)
	return r.Policy()
}

// planted is an object that fails in a stage whatever the role may do, so that
// there is something to tell.
type planted struct {
	object string
	code   lake.Code
}

// withFaults is the sample site with two endpoints more: one that is not there,
// and one of a table that silver has no rules for.
func withFaults(t *testing.T) []string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if objectOf(r.URL.Path) != "orders" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `[{"id":"1","total":"12.50"}]`) // a client that left needs nothing
	}))
	t.Cleanup(server.Close)
	return append(site(t), server.URL+"/wp-json/mo/v1/orders_endpoint/", server.URL+"/wp-json/mo/v1/gone_endpoint/")
}

// judged says what was wrong with an invocation beside what was planted.
func judged(out outcome, p planted) string {
	if out.failed {
		return out.said()
	}
	var wrong []string
	for _, o := range out.objects {
		switch {
		case o.Error == nil:
		case o.Object == p.object && o.Error.Code == string(p.code):
		default:
			wrong = append(wrong, fmt.Sprintf("%s: %s: %s", o.Object, o.Error.Code, o.Error.Message))
		}
	}
	return strings.Join(wrong, "\n")
}

// Each function works with the role that is generated for it; and with any one
// statement taken away, the call that needed it fails, and says which it was.
func TestRolesOfFunctions(t *testing.T) {
	l := byHand(t, emulator(t, "MINISTACK_AUTH_URL"), withFaults(t), false)
	generated := l.roles(t)
	rows := [][]string{{"role", "statement", "what failed"}}
	// What was planted for the stage after it is made once the stage before is done.
	damage := func() {
		l.put(t, lake.Raw, "wordpress_api/damaged/damaged.json", []byte(`[{"id":"1"},`))
	}
	breakTable := func() {
		l.put(t, lake.Silver, "wordpress_api/broken/broken.parquet", []byte("PAR1 this is none PAR1"))
	}
	for _, stage := range []struct {
		role    string
		event   map[string]any
		empties []lake.Layer // whose objects are removed before each invocation
		planted planted
		before  func()
	}{
		{role: roles.Raw, empties: []lake.Layer{lake.Raw}, planted: planted{"gone", lake.SourceHTTPStatus}},
		{role: roles.Bronze, empties: []lake.Layer{lake.Bronze}, planted: planted{"damaged", lake.SourceTruncated}, before: damage},
		{role: roles.Silver, empties: []lake.Layer{lake.Silver}, planted: planted{"orders", lake.ObjectUnmapped}},
		{role: roles.Catalog, event: map[string]any{"stage": "crawl-silver"}, planted: planted{"broken", lake.ObjectDamaged}, before: breakTable},
	} {
		if stage.before != nil {
			stage.before()
		}
		role := generated[stage.role]
		policy, credentials := l.roleOf(t, stage.role)
		run := func(document []byte) outcome {
			for _, layer := range stage.empties {
				l.clear(t, layer)
			}
			policy(document)
			return l.invoke(t, invocation{function: stage.role, event: stage.event, credentials: &credentials, time: 2 * time.Minute})
		}
		for i, statement := range role.Statements {
			out := run(without(role, i))
			wrong := judged(out, stage.planted)
			if statement.Spare != "" {
				rows = append(rows, []string{stage.role, statement.Sid, "nothing: " + statement.Spare})
				if wrong != "" {
					t.Errorf("%s without %s, which it can spare, failed: %s\n%s", stage.role, statement.Sid, wrong, out.logs)
				}
				continue
			}
			action := named(wrong, statement.Actions)
			rows = append(rows, []string{stage.role, statement.Sid, action + ": " + denied(wrong)})
			if !strings.Contains(wrong, string(lake.AccessDenied)) || action == "" {
				t.Errorf("%s without %s: want %s that names one of %v, got: %s\n%s",
					stage.role, statement.Sid, lake.AccessDenied, statement.Actions, wrong, out.logs)
			}
		}
		out := run(role.Policy())
		if wrong := judged(out, stage.planted); wrong != "" || len(out.objects) < 5 {
			t.Errorf("%s with its role: %d objects, %s\n%s", stage.role, len(out.objects), wrong, out.logs)
		}
		rows = append(rows, []string{stage.role, "(all there)", "nothing"})
	}
	t.Logf("statements taken away, one at a time:\n%s", grid(t, 0, rows))
}

// named is the first of the actions that a text names.
func named(text string, actions []string) string {
	for _, action := range actions {
		if strings.Contains(text, action) {
			return action
		}
	}
	return ""
}

// denied is the line that tells of what is not allowed, cut to what a table holds.
func denied(text string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, string(lake.AccessDenied)) {
			line = strings.TrimSpace(line)
			return line[:min(len(line), 150)]
		}
	}
	return "nothing"
}

func (l *lakeByHand) put(t *testing.T, layer lake.Layer, key string, content []byte) {
	t.Helper()
	bucket := l.buckets[layer]
	if _, err := objects(l.owner).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(string(content))}); err != nil {
		t.Fatal(err)
	}
}

func (l *lakeByHand) clear(t *testing.T, layer lake.Layer) {
	t.Helper()
	bucket := l.buckets[layer]
	for _, key := range keys(t, objects(l.owner), bucket) {
		if _, err := objects(l.owner).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
}

// articlePolicy has the actions and resources of the policies that the articles
// gave to their functions, for this account.
func articlePolicy(t *testing.T, account string, layers ...lake.Layer) []byte {
	t.Helper()
	last := layers[len(layers)-1]
	var buckets, keys, parameters []string
	for _, layer := range layers {
		buckets = append(buckets, "arn:aws:s3:::data-lakehouse-"+string(layer))
		keys = append(keys, "arn:aws:s3:::data-lakehouse-"+string(layer)+"/wordpress_api/*")
		parameters = append(parameters, "arn:aws:ssm:"+region+":"+account+":parameter/s3/lakehouse/name/"+string(layer))
	}
	parameters = append(parameters, "arn:aws:ssm:"+region+":"+account+":parameter/sns/data/lakehouse/"+string(last))
	if last == lake.Raw {
		parameters = append(parameters, "arn:aws:ssm:"+region+":"+account+":parameter/wordpress/demo/api/mysqlendpoints")
	}
	function := "data_wordpressapi_" + string(last)
	statement := func(sid string, actions, resources []string) map[string]any {
		return map[string]any{"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
		statement("CloudWatchLogGroupActions", []string{"logs:CreateLogGroup"}, []string{"arn:aws:logs:" + region + ":" + account + ":*"}),
		statement("CloudWatchLogStreamActions", []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			[]string{"arn:aws:logs:" + region + ":" + account + ":log-group:/aws/lambda/" + function + ":*"}),
		statement("S3BucketActions", []string{"s3:ListBucket"}, buckets),
		statement("S3ObjectActions", []string{"s3:PutObject", "s3:GetObject"}, keys),
		statement("SNSActions", []string{"sns:Publish"}, []string{"arn:aws:sns:" + region + ":" + account + ":data-lakehouse-" + string(last)}),
		statement("ParameterStoreActions", []string{"ssm:GetParameter"}, parameters),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// The policies that the reference's functions had are enough for raw and bronze,
// with something to tell of and the second time as well as the first.
func TestPoliciesOfTheArticle(t *testing.T) {
	l := byHand(t, emulator(t, "MINISTACK_AUTH_URL"), withFaults(t), true)
	for _, stage := range []struct {
		function string
		layers   []lake.Layer
		planted  planted
	}{
		{lake.FunctionRaw, []lake.Layer{lake.Raw}, planted{"gone", lake.SourceHTTPStatus}},
		{lake.FunctionBronze, []lake.Layer{lake.Raw, lake.Bronze}, planted{"damaged", lake.SourceTruncated}},
	} {
		policy, credentials := l.roleOf(t, stage.function)
		policy(articlePolicy(t, l.account, stage.layers...))
		for _, run := range []string{"run-1", "run-2"} {
			out := l.invoke(t, invocation{function: stage.function, credentials: &credentials, event: map[string]any{"run_id": run}, time: 2 * time.Minute})
			wrong := judged(out, stage.planted)
			t.Logf("%s, %s: %d objects, beside what was planted: %q", stage.function, run, len(out.objects), wrong)
			if wrong != "" || len(out.objects) < 6 {
				t.Errorf("%s with the article's policy: %d objects: %s\n%s", stage.function, len(out.objects), wrong, out.logs)
			}
		}
		if stage.function == lake.FunctionRaw {
			l.put(t, lake.Raw, "wordpress_api/damaged/damaged.json", []byte(`[{"id":"1"},`))
		}
	}
}
