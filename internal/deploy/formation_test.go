package deploy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"wplake/internal/config"
	"wplake/internal/deploy"
)

// formationAt is a Deployer whose Lake Formation is a server of the test's.
func formationAt(t *testing.T, handler http.HandlerFunc) *deploy.Deployer {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return deploy.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "token"),
	}, deploy.Options{
		Config: config.Config{Dataset: "wordpress_api"}, Now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
	})
}

func TestSettingsOfLakeFormation(t *testing.T) {
	t.Parallel()
	const all = `[{"Principal":{"DataLakePrincipalIdentifier":"IAM_ALLOWED_PRINCIPALS"},"Permissions":["ALL"]}]`
	for name, c := range map[string]struct {
		status int
		header string
		body   string
		level  deploy.Level
		want   string
	}{
		"IAM alone":    {status: 200, body: `{"DataLakeSettings":{"CreateDatabaseDefaultPermissions":` + all + `,"CreateTableDefaultPermissions":` + all + `}}`},
		"tables":       {status: 200, body: `{"DataLakeSettings":{"CreateDatabaseDefaultPermissions":` + all + `,"CreateTableDefaultPermissions":[]}}`, level: deploy.LevelWarning, want: "who reads new tables in"},
		"databases":    {status: 200, body: `{"DataLakeSettings":{"CreateTableDefaultPermissions":` + all + `}}`, level: deploy.LevelWarning, want: "who reads new databases in"},
		"both":         {status: 200, body: `{"DataLakeSettings":{}}`, level: deploy.LevelWarning, want: "new databases and tables"},
		"refused":      {status: 400, header: "AccessDeniedException:http://internal.amazon.com/x", body: `{"Message":"not allowed"}`, level: deploy.LevelNote, want: "not allowed (AccessDeniedException)"},
		"in the body":  {status: 400, body: `{"__type":"com.amazonaws#InternalServiceException","message":"later"}`, level: deploy.LevelNote, want: "later (InternalServiceException)"},
		"another host": {status: 502, body: `<html>`, level: deploy.LevelNote, want: "502 Bad Gateway"},
		"no settings":  {status: 200, body: `[]`, level: deploy.LevelNote, want: "is not its settings"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := formationAt(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				authorization := r.Header.Get("Authorization")
				if r.Method != http.MethodPost || r.URL.Path != "/GetDataLakeSettings" || string(body) != "{}" || r.Header.Get("X-Amz-Security-Token") != "token" ||
					!strings.Contains(authorization, "Credential=AKIDEXAMPLE/20260102/eu-west-1/lakeformation/aws4_request") || !strings.Contains(authorization, "Signature=") {
					t.Errorf("%s %s %s %s", r.Method, r.URL, body, authorization)
				}
				if c.header != "" {
					w.Header().Set("X-Amzn-Errortype", c.header)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			found, err := d.Formation(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if len(found) != 0 {
					t.Errorf("findings: %+v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Level != c.level || !strings.Contains(found[0].What, c.want) {
				t.Errorf("findings: %+v", found)
			}
		})
	}
}
