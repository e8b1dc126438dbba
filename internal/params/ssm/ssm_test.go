package ssm_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"wplake/internal/lake"
	"wplake/internal/params"
	"wplake/internal/params/ssm"
)

// answer is what the service says: a status and a JSON document.
type answer struct {
	status int
	body   any
}

func fault(code, message string) answer {
	return answer{http.StatusBadRequest, map[string]string{"__type": code, "message": message}}
}

// service plays Parameter Store: reply is asked for each call, with the
// operation's name and its input.
func service(t *testing.T, o ssm.Options, reply func(op string, in map[string]any) answer) *ssm.Store {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var in map[string]any
		if err == nil {
			err = json.Unmarshal(body, &in)
		}
		if err != nil {
			t.Error(err)
		}
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		a := reply(op, in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(a.status)
		if err := json.NewEncoder(w).Encode(a.body); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return ssm.New(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(s *retry.StandardOptions) { s.MaxAttempts, s.MaxBackoff = 3, time.Millisecond })
		},
	}, o)
}

func parameter(name, value string) map[string]any {
	return map[string]any{"Name": name, "Type": "SecureString", "Value": value}
}

func TestGet(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	value := atomic.Value{}
	value.Store("one")
	s := service(t, ssm.Options{}, func(op string, in map[string]any) answer {
		if op != "GetParameter" || in["WithDecryption"] != true || in["Name"] != "/a/b" {
			t.Errorf("%s %v", op, in)
		}
		if calls.Add(1) == 1 {
			return fault("ThrottlingException", "Rate exceeded")
		}
		return answer{http.StatusOK, map[string]any{"Parameter": parameter("/a/b", value.Load().(string))}}
	})
	for _, want := range []string{"one", "two"} {
		value.Store(want)
		got, err := s.Get(t.Context(), "/a/b")
		if err != nil || got != (params.Parameter{Name: "/a/b", Type: params.SecureString, Value: want}) {
			t.Errorf("Get = %+v, %v; want the value %s", got, err, want)
		}
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls; want a throttled one, its repetition and another", n)
	}
}

func TestGetFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer answer
		code   lake.Code
		says   string
	}{
		"refused": {
			fault("AccessDeniedException", "User: arn:aws:sts::1:assumed-role/raw is not authorized to perform: ssm:GetParameter"),
			lake.AccessDenied, "allow ssm:GetParameter",
		},
		"the key is refused": {
			fault("AccessDeniedException", "User: x is not authorized to perform: kms:Decrypt on resource"),
			lake.AccessDenied, "allow kms:Decrypt",
		},
		"expired":   {fault("ExpiredTokenException", "The security token is expired"), lake.CredentialsBad, "sign in again"},
		"throttled": {fault("ThrottlingException", "Rate exceeded"), lake.ServiceFailed, "Rate exceeded"},
		"broken":    {answer{http.StatusInternalServerError, map[string]string{"__type": "InternalServerError"}}, lake.ServiceFailed, "/a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := service(t, ssm.Options{}, func(string, map[string]any) answer { return test.answer }).Get(t.Context(), "/a")
			e := lake.AsError(err, "")
			if e.Code != test.code || !strings.Contains(e.Message+e.Hint, test.says) {
				t.Errorf("%s: %v (%s)", e.Code, err, e.Hint)
			}
		})
	}
	s := service(t, ssm.Options{}, func(string, map[string]any) answer { return fault("ParameterNotFound", "") })
	if _, err := s.Get(t.Context(), "/a"); !errors.Is(err, params.ErrNotFound) {
		t.Errorf("%v; want ErrNotFound", err)
	}
}

func TestPut(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111122223333:key/k"
	for _, typ := range []params.Type{params.String, params.StringList, params.SecureString} {
		s := service(t, ssm.Options{KMSKey: key}, func(op string, in map[string]any) answer {
			if op != "PutParameter" || in["Overwrite"] != true || in["Type"] != string(typ) || in["Value"] != "v" || in["Tier"] != nil {
				t.Errorf("%s %v", op, in)
			}
			if encrypted := in["KeyId"] == key; encrypted != (typ == params.SecureString) {
				t.Errorf("%s with the key %v", typ, in["KeyId"])
			}
			return answer{http.StatusOK, map[string]any{"Version": 1}}
		})
		if err := s.Put(t.Context(), params.Parameter{Name: "/a", Type: typ, Value: "v"}); err != nil {
			t.Error(err)
		}
	}
}

// AWS quotes what it refuses.
func TestPutFailuresKeepTheSecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for name, test := range map[string]struct {
		answer answer
		code   lake.Code
		says   string
	}{
		"quoted":       {fault("ValidationException", "Value 'hunter2' at 'value' failed to satisfy constraint"), lake.ConfigInvalid, "refuses the value"},
		"quoted apart": {fault("ValidationException", "Value at 'value' begins with hunt"), lake.ConfigInvalid, "refuses the value"},
		"too large": {
			fault("ValidationException", "Standard tier parameters support a maximum parameter value of 4096 characters."),
			lake.ConfigInvalid, "Intelligent-Tiering",
		},
		"another type": {fault("HierarchyTypeMismatchException", ""), lake.ConfigInvalid, "delete it first"},
		"too many":     {fault("ParameterLimitExceeded", ""), lake.ServiceFailed, "quota"},
		"strange":      {fault("SomethingElse", "about hunter2"), lake.ServiceFailed, "SomethingElse"},
		"refused":      {fault("AccessDeniedException", "not authorized to perform: ssm:PutParameter"), lake.AccessDenied, "allow ssm:PutParameter"},
		"reference":    {fault("ValidationException", "Do not use {{hunter2}}"), lake.ConfigInvalid, "reference to another parameter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := service(t, ssm.Options{}, func(string, map[string]any) answer { return test.answer })
			err := s.Put(t.Context(), params.Parameter{Name: "/a", Type: params.SecureString, Value: secret})
			e := lake.AsError(err, "")
			if e.Code != test.code || !strings.Contains(e.Message+e.Hint, test.says) {
				t.Errorf("%s: %v (%s)", e.Code, err, e.Hint)
			}
			if strings.Contains(fmt.Sprintf("%v %+v %s", err, err, e.Hint), "hunt") {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	var all []string
	for i := range 23 {
		all = append(all, fmt.Sprintf("/a/%02d", i))
	}
	page := func(in map[string]any, size int) (names []string, next any) {
		from := 0
		if token, ok := in["NextToken"].(string); ok {
			if _, err := fmt.Sscan(token, &from); err != nil {
				t.Error(err)
			}
		}
		if from+size < len(all) {
			return all[from : from+size], fmt.Sprint(from + size)
		}
		return all[from:], nil
	}
	s := service(t, ssm.Options{}, func(op string, in map[string]any) answer {
		list := []map[string]any{}
		var next any
		var names []string
		switch op {
		case "GetParametersByPath":
			names, next = page(in, 10)
		case "DescribeParameters":
			names, next = page(in, 7) // in Describe's answers values are absent
		case "GetParameters":
			for _, name := range in["Names"].([]any) {
				names = append(names, name.(string))
			}
			if len(names) > 10 {
				return fault("ValidationException", "at most 10 names")
			}
		}
		for _, name := range names {
			if op == "GetParameters" && name == "/a/05" {
				continue // somebody removed it in between
			}
			list = append(list, parameter(name, name))
		}
		return answer{http.StatusOK, map[string]any{"Parameters": list, "NextToken": next}}
	})
	for prefix, want := range map[string]int{"/a/": 23, "/a": 22, "": 22, "/": 22} {
		got, err := s.List(t.Context(), prefix)
		if err != nil || len(got) != want {
			t.Errorf("List(%q) has %d parameters, %v; want %d", prefix, len(got), err, want)
		}
		for i := 1; i < len(got); i++ {
			if got[i-1].Name >= got[i].Name || got[i].Value != got[i].Name {
				t.Errorf("List(%q): %v before %v", prefix, got[i-1], got[i])
			}
		}
	}
}
