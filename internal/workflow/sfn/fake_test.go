package sfn_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"wplake/internal/workflow/sfn"
)

const (
	machineARN   = "arn:aws:states:eu-west-1:123456789012:stateMachine:wordpress"
	executionARN = "arn:aws:states:eu-west-1:123456789012:execution:wordpress:run-1"
)

type object = map[string]any

// service plays Step Functions: answer is called with an operation's name and
// input and returns a status and a body.
type service struct {
	mu     sync.Mutex
	calls  map[string][]object
	answer func(op string, in object) (int, any)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	in := object{}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.calls[op] = append(s.calls[op], in)
	s.mu.Unlock()
	status, body := s.answer(op, in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client tells
}

func (s *service) of(op string) []object {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[op]
}

func open(t *testing.T, answer func(op string, in object) (int, any)) (*service, *sfn.Client) {
	t.Helper()
	s := &service{answer: answer, calls: map[string][]object{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	cfg := aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 4
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
	return s, sfn.New(cfg, sfn.Options{
		MachineARN: machineARN, Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
}

func fault(code, message string) object { return object{"__type": code, "message": message} }

func execution(status, input string) object {
	return object{
		"executionArn": executionARN, "stateMachineArn": machineARN, "name": "run-1", "status": status, "input": input,
		"startDate": 1_799_999_000.5, "stopDate": 1_799_999_100.0, "output": `{"a":1}`,
	}
}

func machine() object {
	return object{"stateMachineArn": machineARN, "name": "wordpress", "definition": `{"StartAt":"A"}`, "roleArn": "arn:aws:iam::123456789012:role/r", "updateDate": 1_799_990_000.0}
}
