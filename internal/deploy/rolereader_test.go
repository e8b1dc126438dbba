package deploy_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"wplake/internal/deploy"
	"wplake/internal/lake"
)

// roleServer plays IAM with a role that has an inline policy on the second
// page, an attached one and a boundary.
func roleServer(t *testing.T, deny string) aws.Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		action := r.Form.Get("Action")
		document := func(sid string) string {
			return url.PathEscape(`{"Statement": [{"Sid": "` + sid + `", "Effect": "Allow", "Action": "s3:*", "Resource": "a+b c"}]}`)
		}
		fail := func(code string, status int) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Code>%s</Code><Message>no</Message></Error></ErrorResponse>`, code)
		}
		if action == deny {
			fail("AccessDenied", http.StatusForbidden)
			return
		}
		var body string
		switch action {
		case "GetRole":
			if r.Form.Get("RoleName") != "mine" {
				fail("NoSuchEntity", http.StatusNotFound)
				return
			}
			body = `<Role><RoleName>mine</RoleName><PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::1:policy/bound</PermissionsBoundaryArn></PermissionsBoundary></Role>`
		case "ListRolePolicies":
			body = `<PolicyNames/><IsTruncated>true</IsTruncated><Marker>next</Marker>`
			if r.Form.Get("Marker") == "next" {
				body = `<PolicyNames><member>inline</member></PolicyNames><IsTruncated>false</IsTruncated>`
			}
		case "GetRolePolicy":
			body = `<PolicyDocument>` + document("inline") + `</PolicyDocument>`
		case "ListAttachedRolePolicies":
			body = `<AttachedPolicies><member><PolicyArn>arn:aws:iam::1:policy/more</PolicyArn></member></AttachedPolicies><IsTruncated>false</IsTruncated>`
		case "GetPolicy":
			body = `<Policy><DefaultVersionId>v7</DefaultVersionId></Policy>`
		case "GetPolicyVersion":
			body = `<PolicyVersion><Document>` + document(r.Form.Get("VersionId")) + `</Document></PolicyVersion>`
		}
		_, _ = fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, body)
	}))
	t.Cleanup(server.Close)
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		RetryMaxAttempts: 1,
	}
}

func TestReadRole(t *testing.T) {
	t.Parallel()
	reader := deploy.NewRoleReader(roleServer(t, ""))
	for _, role := range []string{"mine", "arn:aws:iam::123456789012:role/path/mine"} {
		documents, err := reader.ReadRole(t.Context(), role)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range documents {
			got = append(got, fmt.Sprintf("%s %s %s", d.Kind, d.Name, d.Text))
		}
		want := `inline inline {"Statement": [{"Sid": "inline", "Effect": "Allow", "Action": "s3:*", "Resource": "a+b c"}]}
attached arn:aws:iam::1:policy/more {"Statement": [{"Sid": "v7", "Effect": "Allow", "Action": "s3:*", "Resource": "a+b c"}]}
boundary arn:aws:iam::1:policy/bound {"Statement": [{"Sid": "v7", "Effect": "Allow", "Action": "s3:*", "Resource": "a+b c"}]}`
		if strings.Join(got, "\n") != want {
			t.Errorf("%s: got\n%s\nwant\n%s", role, strings.Join(got, "\n"), want)
		}
	}
	_, err := reader.ReadRole(t.Context(), "other")
	if !lake.HasCode(err, lake.ConfigInvalid) || !strings.Contains(err.Error(), "there is no role other") {
		t.Errorf("a role that is not there: %v", err)
	}
}

func TestReadRoleDenied(t *testing.T) {
	t.Parallel()
	for _, action := range []string{"GetRole", "ListRolePolicies", "GetRolePolicy", "ListAttachedRolePolicies", "GetPolicy", "GetPolicyVersion"} {
		_, err := deploy.NewRoleReader(roleServer(t, action)).ReadRole(t.Context(), "mine")
		if !lake.HasCode(err, lake.AccessDenied) || !strings.Contains(lake.AsError(err, lake.Internal).Hint, "iam:"+action) {
			t.Errorf("%s: %v", action, err)
		}
	}
}
