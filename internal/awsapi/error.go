package awsapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

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
	why := reason(err)
	e := &lake.Error{Code: otherwise, Err: err}
	if _, ok := errors.AsType[*smithy.OperationError](err); ok {
		e.Err = said{why, err} // the SDK's text repeats the reason among operation, status and request
	}
	code := Code(err)
	switch {
	case ended(err):
		e.Err = said{"interrupted", err}
		e.Code = lake.Interrupted
		e.Message = "interrupted: could not " + doing
	case slices.Contains([]string{"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "Forbidden"}, code):
		e.Code = lake.AccessDenied
		e.Message = fmt.Sprintf("could not %s: AWS does not allow it: %s", doing, why)
		e.Hint = fmt.Sprintf("allow %s in the role's policy; `wplake iam` prints what each role needs", action)
	case slices.Contains([]string{
		"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId",
		"SignatureDoesNotMatch", "InvalidSignatureException", "RequestExpired", "InvalidToken", "IncompleteSignature",
	}, code):
		e.Code = lake.CredentialsBad
		e.Message = fmt.Sprintf("could not %s: AWS refuses the credentials: %s", doing, why)
		e.Hint = "sign in again (aws sso login, or new keys), and look at AWS_PROFILE and the clock of this machine"
	case noCredentials(err):
		e.Code = lake.CredentialsBad
		e.Message, e.Hint = tellCredentials(err, doing, why)
		e.Err = said{e.Message, err}
	case isUnreachable(err):
		e.Message = fmt.Sprintf("could not %s: nobody can be reached: %s", doing, why)
		e.Hint = "look at the network, the region's name and the variables AWS_ENDPOINT_URL*"
	default:
		e.Message = fmt.Sprintf("could not %s: %s", doing, why)
		e.Hint = "run again: what was done is kept"
	}
	return e
}

// said is an error with the words that were chosen for it.
type said struct {
	text string
	err  error
}

func (s said) Error() string { return s.text }
func (s said) Unwrap() error { return s.err }

// ended reports whether the caller gave up. A deadline alone does not say so:
// it may be one of the network, or of the search for credentials.
func ended(err error) bool {
	if errors.Is(err, context.Canceled) || err == context.DeadlineExceeded { //nolint:errorlint // the bare error is the caller's own
		return true
	}
	if noCredentials(err) || !errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	_, canceled := errors.AsType[*smithy.CanceledError](err)
	_, request := errors.AsType[*aws.RequestCanceledError](err)
	return canceled || request
}

func noCredentials(err error) bool {
	text := err.Error()
	return strings.Contains(text, "get credentials") || strings.Contains(text, "retrieve credentials") ||
		strings.Contains(text, "failed to refresh cached credentials")
}

// tellCredentials tells a chain that found nothing from a source that was named
// and gave nothing.
func tellCredentials(err error, doing, why string) (message, hint string) {
	text := err.Error()
	switch {
	case strings.Contains(text, "IMDS") || strings.Contains(text, "ec2imds"):
		return fmt.Sprintf("could not %s: there are no AWS credentials", doing),
			"set AWS_PROFILE, or aws.profile in wplake.yaml, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	case strings.Contains(strings.ToLower(text), "sso"):
		if errors.Is(err, fs.ErrNotExist) {
			why = "there is no token"
		}
		return fmt.Sprintf("could not %s: nobody is signed in: %s", doing, why), "aws sso login, with the same AWS_PROFILE"
	}
	return fmt.Sprintf("could not %s: the AWS credentials cannot be fetched: %s", doing, why),
		"look at the profile in ~/.aws/config, at AWS_PROFILE, and aws.profile in wplake.yaml"
}

// reason is the service's own message, or the innermost text of the network's.
func reason(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
		switch {
		case ok && (api.ErrorCode() == "" || api.ErrorCode() == "UnknownError"): // an answer without words, of a proxy for instance
			return fmt.Sprintf("HTTP status %d", answer.HTTPStatusCode())
		case api.ErrorMessage() == "" || api.ErrorMessage() == api.ErrorCode():
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
