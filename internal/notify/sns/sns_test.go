package sns_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/notify/sns"
)

// service plays SNS and STS: reply is asked for each call.
func service(t *testing.T, region string, o sns.Options, reply func(form url.Values) (status int, body string)) *sns.Notifier {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		status, body := reply(r.PostForm)
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		if _, err := io.WriteString(w, body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return sns.New(aws.Config{
		Region: region, BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = 3, time.Millisecond })
		},
	}, o)
}

const published = `<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`

func fault(code, message string) (status int, body string) {
	status = http.StatusBadRequest
	if code == "NotFound" {
		status = http.StatusNotFound
	}
	return status, fmt.Sprintf(`<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>`, code, message)
}

func TestTopics(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		region  string
		o       sns.Options
		topic   string
		want    string
		ordered bool
		asks    int32
	}{
		"an ARN":            {"eu-west-1", sns.Options{}, "arn:aws:sns:us-east-2:111122223333:other", "arn:aws:sns:us-east-2:111122223333:other", false, 0},
		"a name":            {"eu-west-1", sns.Options{Account: "444455556666"}, "data-lakehouse-raw", "arn:aws:sns:eu-west-1:444455556666:data-lakehouse-raw", false, 0},
		"a name in China":   {"cn-north-1", sns.Options{Account: "444455556666"}, "t", "arn:aws-cn:sns:cn-north-1:444455556666:t", false, 0},
		"all is said":       {"eu-west-1", sns.Options{"1", "r", "p"}, "t", "arn:p:sns:r:1:t", false, 0},
		"an unknown owner":  {"eu-west-1", sns.Options{}, "t", "arn:aws:sns:eu-west-1:777788889999:t", false, 1},
		"one that is FIFO":  {"eu-west-1", sns.Options{Account: "1"}, "t.fifo", "arn:aws:sns:eu-west-1:1:t.fifo", true, 0},
		"one that is no OK": {"eu-west-1", sns.Options{Account: "1"}, "no topic", "", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			n := service(t, test.region, test.o, func(form url.Values) (int, string) {
				if form.Get("Action") == "GetCallerIdentity" {
					asked.Add(1)
					return http.StatusOK, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>777788889999</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
				}
				if form.Get("TopicArn") != test.want || form.Get("Subject") != "s" || form.Get("Message") != "b" {
					t.Errorf("%v", form)
				}
				if (form.Get("MessageGroupId") != "") != test.ordered || (form.Get("MessageDeduplicationId") != "") != test.ordered {
					t.Errorf("%v", form)
				}
				return http.StatusOK, published
			})
			for range 2 {
				err := n.Publish(t.Context(), notify.Message{Topic: test.topic, Subject: "s", Body: "b"})
				if (err != nil) != (test.want == "") {
					t.Errorf("Publish: %v", err)
				}
			}
			if asked.Load() != test.asks {
				t.Errorf("STS was asked %d times", asked.Load())
			}
		})
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, message string
		want          lake.Code
		says          string
	}{
		"missing":    {"NotFound", "Topic does not exist", lake.AlertFailed, "no such topic in account 1, region eu-west-1"},
		"refused":    {"AuthorizationError", "not authorized to perform: SNS:Publish", lake.AccessDenied, "allow sns:Publish on arn:aws:sns:eu-west-1:1:t"},
		"expired":    {"ExpiredToken", "expired", lake.CredentialsBad, "sign in again"},
		"a key":      {"KMSAccessDenied", "The ciphertext", lake.AlertFailed, "kms:GenerateDataKey*"},
		"another":    {"KMSDisabled", "The key is disabled", lake.AlertFailed, "is disabled"},
		"throttled":  {"Throttled", "Rate exceeded", lake.AlertFailed, "Rate exceeded"},
		"unexpected": {"InvalidParameter", "Invalid parameter", lake.AlertFailed, "Invalid parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := service(t, "eu-west-1", sns.Options{Account: "1"}, func(url.Values) (int, string) { return fault(test.code, test.message) })
			err := n.Publish(t.Context(), notify.Message{Topic: "t", Subject: "s", Body: "b"})
			e := lake.AsError(err, "")
			if e.Code != test.want || !strings.Contains(e.Message+e.Hint, test.says) {
				t.Errorf("%s: %v (%s)", e.Code, err, e.Hint)
			}
		})
	}
}

func TestThrottledOnce(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	n := service(t, "eu-west-1", sns.Options{Account: "1"}, func(url.Values) (int, string) {
		if calls.Add(1) == 1 {
			return fault("ThrottlingException", "Rate exceeded")
		}
		return http.StatusOK, published
	})
	if err := n.Publish(t.Context(), notify.Message{Topic: "t", Subject: "s", Body: "b"}); err != nil || calls.Load() != 2 {
		t.Errorf("Publish: %v after %d calls", err, calls.Load())
	}
}
