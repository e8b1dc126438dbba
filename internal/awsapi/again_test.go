package awsapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// player answers requests without a network, so that waiting takes no time.
type player func(*http.Request) (*http.Response, error)

func (p player) RoundTrip(r *http.Request) (*http.Response, error) { return p(r) }

func TestCallsAreMadeAgain(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_CA_BUNDLE", "")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	for name, tc := range map[string]struct {
		answer  player
		calls   int
		notices int
		says    string
	}{
		"of a service that fails": {
			func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody, Request: r}, nil
			}, 6, 4, "AWS: trying again (3 of 6): HTTP status 503",
		},
		"of an endpoint that is down": {
			func(*http.Request) (*http.Response, error) { return nil, unreachable() }, 3, 1,
			"AWS: trying again (3 of 3): connection refused",
		},
		"of an endpoint that does not answer": {
			func(*http.Request) (*http.Response, error) { return nil, late{} }, 3, 2, "AWS: trying again (2 of 3): too late",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				var notices []string
				c, err := awsapi.Load(t.Context(), awsapi.Options{
					Region: "eu-west-1", Notice: func(text string) { notices = append(notices, text) },
					Client: &http.Client{Transport: player(func(r *http.Request) (*http.Response, error) { calls++; return tc.answer(r) })},
				})
				if err != nil {
					t.Fatal(err)
				}
				if _, err = awsapi.WhoAmI(t.Context(), c); !lake.HasCode(err, lake.ServiceFailed) {
					t.Errorf("got %v", err)
				}
				if calls != tc.calls || len(notices) != tc.notices || !strings.HasPrefix(notices[0], tc.says) {
					t.Errorf("%d calls, told %q", calls, notices)
				}
			})
		})
	}
}

func TestRegionThatIsNone(t *testing.T) {
	t.Parallel()
	_, err := awsapi.Load(t.Context(), awsapi.Options{Region: "eu west"})
	if !lake.HasCode(err, lake.ConfigInvalid) || !strings.Contains(err.Error(), `"eu west" is not the name`) {
		t.Errorf("got %v", err)
	}
}

// late is what the transport says of a server that does not answer.
type late struct{}

func (late) Error() string   { return "too late" }
func (late) Timeout() bool   { return true }
func (late) Temporary() bool { return true }
