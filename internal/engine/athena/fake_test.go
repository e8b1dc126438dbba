package athena_test

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
)

// service plays Athena: answer is called with an operation's name and input
// and returns a status and a body.
type service struct {
	mu     sync.Mutex
	calls  []call
	answer func(op string, in map[string]any) (int, any)
}

type call struct {
	op string
	in map[string]any
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	in := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.calls = append(s.calls, call{op, in})
	s.mu.Unlock()
	status, body := s.answer(op, in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client tells
}

// of are the inputs of the calls of an operation.
func (s *service) of(op string) []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []map[string]any
	for _, c := range s.calls {
		if c.op == op {
			out = append(out, c.in)
		}
	}
	return out
}

func start(t *testing.T, answer func(op string, in map[string]any) (int, any)) (*service, aws.Config) {
	t.Helper()
	s := &service{answer: answer}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, aws.Config{
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
}

type object = map[string]any

func fault(code, message string) object { return object{"__type": code, "message": message} }

func execution(state, statement string, more object) object {
	x := object{
		"QueryExecutionId": "q1", "StatementType": statement, "WorkGroup": "lake", "Status": object{"State": state},
		"EngineVersion": object{"EffectiveEngineVersion": "Athena engine version 3"},
		"Statistics":    object{"DataScannedInBytes": 11_000_001, "TotalExecutionTimeInMillis": 1500, "QueryQueueTimeInMillis": 200},
	}
	for k, v := range more {
		x[k] = v
	}
	return object{"QueryExecution": x}
}

func row(values ...any) object {
	data := make([]any, len(values))
	for i, v := range values {
		data[i] = object{}
		if v != nil {
			data[i] = object{"VarCharValue": v}
		}
	}
	return object{"Data": data}
}

func columns(pairs ...string) object {
	var info []any
	for i := 0; i < len(pairs); i += 2 {
		info = append(info, object{"Name": pairs[i], "Label": pairs[i], "Type": pairs[i+1], "Precision": 10, "Scale": 2})
	}
	return object{"ColumnInfo": info}
}

func results(meta object, next string, rows ...object) object {
	out := object{"ResultSet": object{"ResultSetMetadata": meta, "Rows": rows}}
	if next != "" {
		out["NextToken"] = next
	}
	return out
}
