package awsapi_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// call is an error as the SDK wraps it.
func call(err error) error {
	return &smithy.OperationError{ServiceID: "STS", OperationName: "GetCallerIdentity", Err: err}
}

func TestFailure(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err     error
		code    lake.Code
		message string
		hint    string
	}{
		"refused": {
			call(fmt.Errorf("https response error StatusCode: 403: %w", &smithy.GenericAPIError{Code: "AccessDenied", Message: "not you"})),
			lake.AccessDenied, "could not look: AWS does not allow it: not you (AccessDenied)", "sts:GetCallerIdentity",
		},
		"expired": {
			call(&smithy.GenericAPIError{Code: "ExpiredToken", Message: "too old"}),
			lake.CredentialsBad, "could not look: AWS refuses the credentials: too old (ExpiredToken)", "sign in again",
		},
		"the service failed": {
			call(&smithy.GenericAPIError{Code: "InternalError", Message: "sorry"}),
			lake.ServiceFailed, "could not look: sorry (InternalError)", "run again",
		},
		"nobody listens": {
			call(unreachable()), lake.ServiceFailed, "could not look: nobody can be reached: connection refused", "AWS_ENDPOINT_URL",
		},
		"no such region": {
			call(&net.DNSError{Err: "no such host", Name: "sts.eu-nowhere-9.amazonaws.com", IsNotFound: true}),
			lake.ServiceFailed, "could not look: nobody can be reached: lookup sts.eu-nowhere-9.amazonaws.com: no such host", "region's name",
		},
		// On a machine that is no instance, the metadata service does not answer
		// in time; nobody interrupted anything.
		"no credentials": {
			call(fmt.Errorf("get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, %w",
				&aws.RequestCanceledError{Err: context.DeadlineExceeded})),
			lake.CredentialsBad, "could not look: there are no AWS credentials", "AWS_PROFILE",
		},
		"signed out": {
			call(fmt.Errorf("get credentials: failed to refresh cached credentials, %w", errors.New("the SSO session has expired or is invalid"))),
			lake.CredentialsBad, "could not look: nobody is signed in: the SSO session has expired or is invalid", "aws sso login",
		},
		"a process that gives none": {
			call(fmt.Errorf("get credentials: failed to refresh cached credentials, %w", errors.New("error in credential_process: exit status 1"))),
			lake.CredentialsBad, "could not look: the AWS credentials cannot be fetched: error in credential_process: exit status 1", "profile",
		},
		"Ctrl-C": {call(&aws.RequestCanceledError{Err: context.Canceled}), lake.Interrupted, "interrupted: could not look", ""},
		"the caller's deadline": {
			call(&aws.RequestCanceledError{Err: context.DeadlineExceeded}), lake.Interrupted, "interrupted: could not look", "",
		},
		"the network's deadline": {
			call(fmt.Errorf("request send failed, %w", context.DeadlineExceeded)), lake.ServiceFailed, "could not look: nobody can be reached: context deadline exceeded", "network",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := awsapi.Failure(tc.err, "look", "sts:GetCallerIdentity", lake.ServiceFailed)
			e := lake.AsError(err, lake.Internal)
			if e.Code != tc.code || e.Message != tc.message || !strings.Contains(e.Hint, tc.hint) {
				t.Errorf("%s: %q (hint: %q), want %s: %q (…%q…)", e.Code, e.Message, e.Hint, tc.code, tc.message, tc.hint)
			}
			if err.Error() != tc.message {
				t.Errorf("says more than its message: %q", err)
			}
			if !errors.Is(err, tc.err) {
				t.Error("the cause is lost")
			}
		})
	}
	if awsapi.Failure(nil, "look", "", lake.ServiceFailed) != nil {
		t.Error("no error became one")
	}
}

func unreachable() error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} }
