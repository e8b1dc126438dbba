package deploy_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"wplake/internal/deploy"
	"wplake/internal/lake"
)

// inspector reads from a server that gives one answer to everything.
func inspector(t *testing.T, status int, header map[string]string, body string) deploy.Inspector {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for k, v := range header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body)) // a client that left needs nothing
	}))
	t.Cleanup(server.Close)
	return deploy.NewInspector(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""), RetryMaxAttempts: 1,
	})
}

// asked are all questions that answer with an error alone.
func asked(ctx context.Context, i deploy.Inspector) map[string]error {
	all := map[string]error{}
	_, all["lambda:GetFunctionConfiguration"] = i.Function(ctx, "f")
	_, all["sns:ListSubscriptionsByTopic"] = i.Topic(ctx, "arn:aws:sns:eu-west-1:123456789012:t")
	_, all["s3:GetBucketPublicAccessBlock"] = i.Bucket(ctx, "123456789012", "b")
	_, all["iam:GetRole"] = i.Trust(ctx, "r")
	all["glue:GetDatabase"] = i.Database(ctx, "d")
	_, all["glue:GetCrawler"] = i.Crawler(ctx, "c")
	_, all["glue:GetJob"] = i.Job(ctx, "j")
	_, all["athena:GetWorkGroup"] = i.Workgroup(ctx, "w")
	return all
}

// TestInspectorRefused: each refusal names the action that was refused.
func TestInspectorRefused(t *testing.T) {
	t.Parallel()
	const coded = `{"__type": "AccessDeniedException", "message": "no"}`
	const xml = `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error><Code>AccessDenied</Code></ErrorResponse>`
	for action, err := range asked(t.Context(), inspector(t, http.StatusForbidden, map[string]string{"X-Amzn-Errortype": "AccessDeniedException"}, coded)) {
		switch action {
		case "sns:ListSubscriptionsByTopic", "s3:GetBucketPublicAccessBlock", "iam:GetRole":
			continue // they speak XML
		}
		wantRefusal(t, action, err)
	}
	for action, err := range asked(t.Context(), inspector(t, http.StatusForbidden, nil, xml)) {
		if action == "sns:ListSubscriptionsByTopic" || action == "iam:GetRole" {
			wantRefusal(t, action, err)
		}
	}
	_, err := inspector(t, http.StatusForbidden, nil, `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`).Bucket(t.Context(), "", "b")
	wantRefusal(t, "s3:GetBucketPublicAccessBlock", err)
	wantRefusal(t, "s3:ListBucket", inspector(t, http.StatusForbidden, nil, "").Reach(t.Context(), "b"))
}

func wantRefusal(t *testing.T, action string, err error) {
	t.Helper()
	if !lake.HasCode(err, lake.AccessDenied) || !strings.Contains(lake.AsError(err, lake.Internal).Hint, "allow "+action+" ") {
		t.Errorf("%s: %v (%s)", action, err, lake.AsError(err, lake.Internal).Hint)
	}
}

// TestInspectorMissing: what is not there has a code of its own, whatever the
// service calls it.
func TestInspectorMissing(t *testing.T) {
	t.Parallel()
	code := func(code string) deploy.Inspector {
		return inspector(t, http.StatusBadRequest, map[string]string{"X-Amzn-Errortype": code}, `{"__type": "`+code+`"}`)
	}
	xml := func(code string) deploy.Inspector {
		return inspector(t, http.StatusNotFound, nil, "<ErrorResponse><Error><Code>"+code+"</Code></Error></ErrorResponse>")
	}
	_, function := code("ResourceNotFoundException").Function(t.Context(), "f")
	_, crawler := code("EntityNotFoundException").Crawler(t.Context(), "c")
	_, job := code("EntityNotFoundException").Job(t.Context(), "j")
	_, group := code("InvalidRequestException").Workgroup(t.Context(), "w")
	_, topic := xml("NotFound").Topic(t.Context(), "arn:aws:sns:eu-west-1:123456789012:t")
	_, role := xml("NoSuchEntity").Trust(t.Context(), "r")
	_, bucket := inspector(t, http.StatusNotFound, nil, "<Error><Code>NoSuchBucket</Code></Error>").Bucket(t.Context(), "", "b")
	for what, err := range map[string]error{
		"function f": function, "crawler c": crawler, "job j": job, "workgroup w": group, "topic t": topic, "role r": role, "bucket b": bucket,
		"database d": code("EntityNotFoundException").Database(t.Context(), "d"), "bucket away": inspector(t, http.StatusNotFound, nil, "").Reach(t.Context(), "away"),
	} {
		if !lake.HasCode(err, lake.ObjectMissing) || err.Error() != "there is no "+what {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := inspector(t, http.StatusMovedPermanently, nil, "").Reach(t.Context(), "b"); err == nil || !strings.Contains(err.Error(), "another region than eu-west-1") {
		t.Errorf("a bucket elsewhere: %v", err)
	}
}

// TestInspectorReads what the services say, and knows what they leave out.
func TestInspectorReads(t *testing.T) {
	t.Parallel()
	f, err := inspector(t, http.StatusOK, nil, `{"Runtime": "provided.al2023", "MemorySize": 256, "Timeout": 60, "Role": "arn:r", "CodeSha256": "q80=", "State": "Active",
		"Architectures": ["arm64"], "EphemeralStorage": {"Size": 1024}, "Environment": {"Variables": {"A": "b"}}}`).Function(t.Context(), "f")
	want := deploy.Function{
		Name: "f", Runtime: "provided.al2023", Architecture: "arm64", Memory: 256, Storage: 1024, Timeout: 60, Environment: map[string]string{"A": "b"}, Role: "arn:r", SHA256: "abcd", State: "Active",
	}
	if diff := cmp.Diff(want, f); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if f, err := inspector(t, http.StatusOK, nil, `{}`).Function(t.Context(), "f"); err != nil || f.Architecture != "x86_64" || f.Storage != 512 {
		t.Errorf("the services' own: %+v %v", f, err)
	}
	topic, err := inspector(t, http.StatusOK, nil, `<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult><Subscriptions>
		<member><SubscriptionArn>arn:aws:sns:s</SubscriptionArn></member><member><SubscriptionArn>Deleted</SubscriptionArn></member>
		<member><SubscriptionArn>PendingConfirmation</SubscriptionArn><Protocol>email</Protocol><Endpoint>me@example.org</Endpoint></member>
		</Subscriptions></ListSubscriptionsByTopicResult></ListSubscriptionsByTopicResponse>`).Topic(t.Context(), "arn:aws:sns:eu-west-1:123456789012:t")
	if diff := cmp.Diff(deploy.Topic{Confirmed: 1, Pending: []deploy.Subscription{{Topic: "t", Protocol: "email", Endpoint: "me@example.org"}}}, topic); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	c, err := inspector(t, http.StatusOK, nil, `{"Crawler": {"Role": "r", "State": "READY", "DatabaseName": "d", "TablePrefix": "bronze-", "Targets": {"S3Targets": [{"Path": "s3://b/d/"}]},
		"LastCrawl": {"Status": "FAILED", "ErrorMessage": "no"}}}`).Crawler(t.Context(), "c")
	if err != nil || c.Paths[0] != "s3://b/d/" || c.LastMessage != "no" || c.Role != "r" || c.Prefix != "bronze-" {
		t.Errorf("%+v %v", c, err)
	}
	j, err := inspector(t, http.StatusOK, nil, `{"Job": {"Role": "r", "Command": {"Name": "pythonshell", "ScriptLocation": "s3://s"}, "DefaultArguments": {"--package": "s3://p"}, "MaxCapacity": 0.0625}}`).Job(t.Context(), "j")
	if diff := cmp.Diff(deploy.Job{Command: "pythonshell", Script: "s3://s", Package: "s3://p", Role: "r", Capacity: 0.0625}, j); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	w, err := inspector(t, http.StatusOK, nil, `{"WorkGroup": {"Name": "w", "State": "ENABLED", "Configuration": {"EnforceWorkGroupConfiguration": true, "ResultConfiguration": {"OutputLocation": "s3://r/"}}}}`).Workgroup(t.Context(), "w")
	if diff := cmp.Diff(deploy.Workgroup{Enabled: true, Results: "s3://r/", Enforced: true}, w); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	trust, err := inspector(t, http.StatusOK, nil, `<GetRoleResponse><GetRoleResult><Role><AssumeRolePolicyDocument>%7B%22a%22%3A1%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`).Trust(t.Context(), "arn:aws:iam::1:role/r")
	if err != nil || string(trust) != `{"a":1}` {
		t.Errorf("%s %v", trust, err)
	}
	if _, err := inspector(t, http.StatusOK, nil, `<GetRoleResponse><GetRoleResult></GetRoleResult></GetRoleResponse>`).Trust(t.Context(), "r"); !lake.HasCode(err, lake.ServiceFailed) {
		t.Errorf("an answer without a role: %v", err)
	}
}
