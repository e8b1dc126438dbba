package awsapi

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/smithy-go"

	"wplake/internal/lake"
)

// Code returns the code that the service gave to an error, such as
// AccessDenied or ParameterNotFound; "" for errors that no service gave.
func Code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// Failure words an error of a call. doing says what was tried, e.g. "read
// s3://bucket/key"; action is the IAM action that allows it, e.g. s3:GetObject;
// otherwise is the code of failures that are neither a refusal nor a matter of
// credentials. A cancelled context stays an error that is context.Canceled.
func Failure(err error, doing, action string, otherwise lake.Code) error {
	if err == nil {
		return nil
	}
	e := &lake.Error{Code: otherwise, Err: err}
	code := Code(err)
	switch {
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		e.Code = lake.Interrupted
		e.Message = "interrupted: could not " + doing
	case slices.Contains([]string{"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "Forbidden"}, code):
		e.Code = lake.AccessDenied
		e.Message = fmt.Sprintf("could not %s: AWS does not allow it: %s", doing, reason(err))
		e.Hint = fmt.Sprintf("allow %s in the role's policy; `wplake iam` prints what each role needs", action)
	case slices.Contains([]string{
		"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId",
		"SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "InvalidToken", "IncompleteSignature",
	}, code):
		e.Code = lake.CredentialsBad
		e.Message = fmt.Sprintf("could not %s: AWS refuses the credentials: %s", doing, reason(err))
		e.Hint = "sign in again (aws sso login, or new keys), and look at AWS_PROFILE and the clock of this machine"
	case noCredentials(err):
		e.Code = lake.CredentialsBad
		e.Message = fmt.Sprintf("could not %s: there are no AWS credentials", doing)
		e.Hint = "set AWS_PROFILE, or aws.profile in wplake.yaml, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	default:
		e.Message = fmt.Sprintf("could not %s: %s", doing, reason(err))
		e.Hint = "run again: what was done is kept"
	}
	return e
}

func noCredentials(err error) bool {
	text := err.Error()
	return strings.Contains(text, "get credentials") || strings.Contains(text, "retrieve credentials") ||
		strings.Contains(text, "failed to refresh cached credentials")
}

// reason is the service's own message, or the innermost text of the network's.
func reason(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if api.ErrorMessage() == "" {
			return api.ErrorCode()
		}
		return fmt.Sprintf("%s (%s)", requestIDs().ReplaceAllString(api.ErrorMessage(), ""), api.ErrorCode())
	}
	inner := err
	for next := errors.Unwrap(inner); next != nil; next = errors.Unwrap(inner) {
		inner = next
	}
	return inner.Error()
}

func requestIDs() *regexp.Regexp {
	return regexp.MustCompile(`\s*\(Service: [^)]*\)|, RequestID: [0-9a-f-]+`)
}
