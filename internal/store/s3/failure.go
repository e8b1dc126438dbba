package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/store"
)

// failure words an error of a request: what was tried and the IAM action that
// allows it.
func (b *Bucket) failure(err error, doing, action string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*lake.Error](err); ok || errors.Is(err, store.ErrNotFound) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return awsapi.Failure(err, doing, action, lake.ServiceFailed)
	}
	status, header := answerOf(err)
	switch code := awsapi.Code(err); {
	case code == "NoSuchBucket":
		return &lake.Error{
			Code: lake.StorageFailed, Err: err,
			Message: fmt.Sprintf("could not %s: there is no bucket %s", doing, b.name),
			Hint:    "`wplake deploy apply` makes the lake's buckets; or look at buckets in wplake.yaml, at AWS_PROFILE and the account",
		}
	case slices.Contains([]string{"PermanentRedirect", "MovedPermanently", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}, code),
		status == http.StatusMovedPermanently:
		where := "another region"
		if region := header.Get("X-Amz-Bucket-Region"); region != "" {
			where = "the region " + region
		}
		return &lake.Error{
			Code: lake.ConfigInvalid, Err: err,
			Message: fmt.Sprintf("could not %s: the bucket %s is in %s, not in %s", doing, b.name, where, b.region),
			Hint:    "set aws.region in wplake.yaml, or AWS_REGION, to the bucket's region; a lake and its functions belong into one",
		}
	case code == "KMS.DisabledException" || code == "KMS.NotFoundException" || code == "KMS.KMSInvalidStateException":
		return &lake.Error{
			Code: lake.StorageFailed, Err: err,
			Message: fmt.Sprintf("could not %s: the bucket's encryption key cannot be used (%s)", doing, code),
			Hint:    "look at the key's state, and at aws.kms_key in wplake.yaml",
		}
	}
	return awsapi.Failure(err, doing, action, lake.ServiceFailed)
}

// absent reports whether an error says that there is no object. The answer to
// a HEAD has no more than its status.
func absent(err error) bool {
	code := awsapi.Code(err)
	return code == "NoSuchKey" || code == "NotFound"
}

// refused reports whether an error says that an expectation was violated. With
// If-Match a missing object is not found.
func refused(err error) bool {
	return unmatched(err) || absent(err)
}

// unmatched reports whether an error says that a condition does not hold.
func unmatched(err error) bool {
	status, _ := answerOf(err)
	return awsapi.Code(err) == "PreconditionFailed" || status == http.StatusPreconditionFailed
}

// conflicted reports whether an error says that another write of the object
// was under way.
func conflicted(err error) bool {
	return slices.Contains(conflicts(), awsapi.Code(err))
}

func conflicts() []string { return []string{"ConditionalRequestConflict", "OperationAborted"} }

// uncertain reports whether a write that failed with err may have taken place
// all the same: the answer never came, or the service does not know itself.
func uncertain(err error) bool {
	if awsapi.Code(err) == "NoSuchUpload" {
		return true // also what a completion is told that was done already
	}
	status, _ := answerOf(err)
	return status < 400 || status >= 500
}

// answerOf is the status and the header of the answer that an error was made
// of; 0 and nil where none came.
func answerOf(err error) (status int, header http.Header) {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && e.Response != nil && e.Response.Response != nil {
		return e.Response.StatusCode, e.Response.Header
	}
	return 0, nil
}
