package deploy_test

import (
	"context"
	"strings"
	"testing"

	"wplake/internal/deploy"
	"wplake/internal/lake"
)

func TestPlanFindsNamesThatAreTaken(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		exists deploy.Exists
		level  deploy.Level
		says   []string
	}{
		"by others": {
			func(_ context.Context, kind, name string) (bool, error) {
				return kind == "AWS::Glue::Database" || name == "data_wordpressapi_raw" || name == lake.BucketParameter(lake.Raw), nil
			},
			deploy.LevelError, []string{"function data_wordpressapi_raw, parameter /s3/lakehouse/name/raw, database wordpress_api"},
		},
		"nobody may look": {
			func(context.Context, string, string) (bool, error) {
				return false, &lake.Error{Code: lake.AccessDenied, Message: "no", Hint: "allow it"}
			},
			deploy.LevelNote, []string{"the function data_wordpressapi_bronze could not be looked at: no"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clients := newFake().clients()
			clients.Exists = tc.exists
			plan, err := deployerWith(t, clients, "", nil, nil).Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, x := range plan.Findings {
				if x.Level == tc.level {
					found = append(found, x.What)
				}
			}
			for _, want := range tc.says {
				if !strings.Contains(strings.Join(found, "\n"), want) {
					t.Errorf("found %q, not %q", found, want)
				}
			}
		})
	}
}
