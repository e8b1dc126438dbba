package ssm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
	"wplake/internal/params"
)

// failure words an error. A refusal that speaks of a key is a matter of keyAction.
func failure(err error, doing, action, keyAction string) error {
	if strings.Contains(messageOf(err), "kms:") {
		action = keyAction
	}
	return awsapi.Failure(err, doing, action, lake.ServiceFailed)
}

func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorMessage()
	}
	return ""
}

// putFailure words an error of PutParameter. AWS quotes a value that it
// refuses; nothing of it is passed on.
func putFailure(err error, p params.Parameter) error {
	doing := "write the parameter " + p.Name
	_, otherType := errors.AsType[*types.HierarchyTypeMismatchException](err)
	_, full := errors.AsType[*types.ParameterLimitExceeded](err)
	switch {
	case err == nil:
		return nil
	case otherType:
		return &lake.Error{
			Code:    lake.ConfigInvalid,
			Message: fmt.Sprintf("the parameter %s is of another type than %s, and AWS does not change types", p.Name, p.Type),
			Hint:    "delete it first: aws ssm delete-parameter --name " + p.Name,
		}
	case full:
		return &lake.Error{
			Code:    lake.ServiceFailed,
			Message: fmt.Sprintf("could not %s: the account has as many parameters as AWS allows", doing),
			Hint:    "delete parameters that nobody needs, or raise the account's quota",
		}
	case awsapi.Code(err) == "ValidationException":
		return refusal(err, p)
	case strings.Contains(err.Error(), p.Value):
		return &lake.Error{Code: lake.ServiceFailed, Message: fmt.Sprintf("could not %s (%s)", doing, awsapi.Code(err))}
	}
	return failure(err, doing, "ssm:PutParameter", "kms:Encrypt")
}

// refusal says why AWS does not take a value.
func refusal(err error, p params.Parameter) error {
	text := messageOf(err)
	e := &lake.Error{Code: lake.ConfigInvalid, Message: fmt.Sprintf("AWS refuses the value of the parameter %s", p.Name)}
	switch {
	case strings.Contains(text, "4096 characters"):
		e.Message = fmt.Sprintf("the value of the parameter %s has more than the 4096 characters of a standard parameter", p.Name)
		e.Hint = "shorten it, or set the region's default tier in Parameter Store's settings to Intelligent-Tiering (advanced parameters cost 0.05 USD a month)"
	case strings.Contains(text, "{{"):
		e.Message += ": it holds {{…}}"
		e.Hint = "AWS takes {{…}} for a reference to another parameter"
	case p.Type != params.SecureString && !strings.Contains(text, p.Value):
		e.Message += ": " + text
	}
	return e
}
