package eventbridge_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/google/go-cmp/cmp"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/schedule/eventbridge"
)

type object = map[string]any

func open(t *testing.T, answer func(r *http.Request) (int, string, any)) *eventbridge.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, code, body := answer(r)
		w.Header().Set("Content-Type", "application/json")
		if code != "" {
			w.Header().Set("X-Amzn-ErrorType", code)
			body = object{"Message": code}
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // the client tells
	}))
	t.Cleanup(server.Close)
	return eventbridge.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 3
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}, eventbridge.Options{})
}

const machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:wordpress"

func daily() object {
	return object{
		"Name": "daily", "Arn": "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/daily", "GroupName": "default",
		"ScheduleExpression": "cron(0 7 * * ? *)", "ScheduleExpressionTimezone": "Europe/Berlin", "State": "ENABLED",
		"StartDate": 1_800_000_000.0, "CreationDate": 1.0, "LastModificationDate": 2.0,
		"FlexibleTimeWindow": object{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
		"Target": object{
			"Arn": machine, "RoleArn": "arn:aws:iam::123456789012:role/r", "Input": "{}",
			"RetryPolicy": object{"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 3600}, "DeadLetterConfig": object{"Arn": "arn:aws:sqs:eu-west-1:123456789012:q"},
		},
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	tries := 0
	c := open(t, func(*http.Request) (int, string, any) {
		if tries++; tries == 1 {
			return 429, "ThrottlingException", nil
		}
		return 200, "", daily()
	})
	got, err := c.Get(t.Context(), "daily")
	want := eventbridge.Deployed{
		Name: "daily", ARN: "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/daily", Group: "default", Target: machine,
		Role: "arn:aws:iam::123456789012:role/r", DeadLetterARN: "arn:aws:sqs:eu-west-1:123456789012:q", Created: time.Unix(1, 0).UTC(), Modified: time.Unix(2, 0).UTC(),
		Schedule: config.Schedule{
			Expression: "cron(0 7 * * ? *)", Timezone: "Europe/Berlin", State: config.ScheduleEnabled, Start: "2027-01-15T08:00:00Z",
			FlexibleWindow: config.Duration(15 * time.Minute), Input: "{}", Retries: -1, MaximumAge: config.Duration(time.Hour),
		},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Fatalf("%v (-want +got):\n%s", err, d)
	}
	same := want.Schedule
	same.Start, same.DeadLetter, same.Missed, same.Overlap = "2027-01-15T09:00:00+01:00", "failure", config.MissedAll, config.OverlapQueue
	if d := got.Differences(same); d != nil {
		t.Errorf("the same schedule differs: %q", d)
	}
	other := same
	other.State, other.Retries, other.FlexibleWindow, other.DeadLetter, other.End = config.ScheduleDisabled, 3, 0, "", "2028-01-01T00:00:00Z"
	wanted := []string{
		"state is ENABLED, the definition has DISABLED", "end is none, the definition has 2028-01-01T00:00:00Z", "flexible_window is 15m0s, the definition has 0s",
		"retries is 0, the definition has 3", "dead_letter is arn:aws:sqs:eu-west-1:123456789012:q, the definition has none",
	}
	if d := cmp.Diff(wanted, got.Differences(other)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]lake.Code{
		"ResourceNotFoundException": lake.ObjectMissing, "AccessDeniedException": lake.AccessDenied, "InternalServerException": lake.ServiceFailed,
	} {
		c := open(t, func(*http.Request) (int, string, any) { return 400, name, nil })
		if _, err := c.Get(t.Context(), "daily"); !lake.HasCode(err, code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	c := open(t, func(r *http.Request) (int, string, any) {
		summary := func(name, target string) object {
			return object{"Name": name, "GroupName": "default", "Target": object{"Arn": target}}
		}
		switch {
		case strings.HasPrefix(r.URL.Path, "/schedules/"):
			if strings.HasSuffix(r.URL.Path, "gone") {
				return 404, "ResourceNotFoundException", nil
			}
			d := daily()
			d["Name"] = r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
			return 200, "", d
		case r.URL.Query().Get("NextToken") == "":
			return 200, "", object{"NextToken": "n", "Schedules": []any{summary("weekly", machine), summary("other", "arn:x")}}
		}
		return 200, "", object{"Schedules": []any{summary("daily", machine), summary("gone", machine)}}
	})
	got, err := c.List(t.Context(), func(_, target string) bool { return target == machine })
	if err != nil || len(got) != 2 || got[0].Name != "daily" || got[1].Name != "weekly" {
		t.Errorf("%+v, %v", got, err)
	}
}
