package awsapi

import (
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// attempts is how often a call is made, the first included. The SDK waits in
// between, at most 20 seconds, at random and longer each time.
const attempts = 6

// unreachable is how often a call is made where nobody is there to answer it:
// a network that comes back does so within seconds, and a wrong name or
// endpoint never.
const unreachable = 3

// again decides which calls are made once more, and says so.
type again struct {
	*retry.Standard
	notice func(string) // may be nil
}

func newAgain(notice func(string)) aws.Retryer {
	return again{notice: notice, Standard: retry.NewStandard(func(s *retry.StandardOptions) {
		s.MaxAttempts = attempts
		s.MaxBackoff = 20 * time.Second
	})}
}

// RetryDelay is how long to wait after the attempt that failed with err. An
// error ends the call.
func (a again) RetryDelay(attempt int, err error) (time.Duration, error) {
	most := attempts
	if isUnreachable(err) {
		most = unreachable
	}
	if attempt >= most {
		return 0, err
	}
	delay, failed := a.Standard.RetryDelay(attempt, err)
	if failed == nil && a.notice != nil && (attempt > 1 || isTimeout(err)) {
		a.notice(fmt.Sprintf("AWS: trying again (%d of %d): %s", attempt+1, most, reason(err)))
	}
	return delay, failed
}

// isTimeout reports whether nobody answered in time.
func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// isUnreachable reports whether nobody took the request: no such name, no route,
// nobody who listens or answers.
func isUnreachable(err error) bool {
	if isTimeout(err) {
		return true
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH)
}
