package glue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// missing reports whether the table or its database is not there.
func missing(err error) bool {
	_, ok := errors.AsType[*types.EntityNotFoundException](err)
	return ok
}

// exists reports whether somebody else made it first.
func exists(err error) bool {
	_, ok := errors.AsType[*types.AlreadyExistsException](err)
	return ok
}

// conflict reports whether somebody else changed the table in between.
func conflict(err error) bool {
	_, ok := errors.AsType[*types.ConcurrentModificationException](err)
	return ok
}

// failure words an error. action is the IAM action that allows the call.
func failure(err error, doing, action string) error {
	if worded, ok := errors.AsType[*lake.Error](err); ok {
		return worded
	}
	text := messageOf(err)
	code := awsapi.Code(err)
	e := &lake.Error{Code: lake.CatalogFailed, Message: fmt.Sprintf("could not %s: %s", doing, text), Err: err}
	switch {
	case err == nil:
		return nil
	case code == "AccessDeniedException" && strings.Contains(text, "Lake Formation"):
		e.Code = lake.AccessDenied
		e.Hint = "Lake Formation governs the catalog, beside IAM: grant the role Create table and Describe on the database and " +
			"All on its tables, or give both to IAMAllowedPrincipals so that IAM alone decides"
	case code == "ResourceNumberLimitExceededException":
		e.Hint = "the account has as many tables, or versions of the table, as its quota allows: remove some or have it raised"
	case code == "GlueEncryptionException":
		e.Hint = "the catalog's settings encrypt it: allow kms:Decrypt, kms:Encrypt and kms:GenerateDataKey on its key"
	case code == "ConcurrentModificationException":
		e.Hint = "somebody else keeps changing the table: run again when they are done"
	default:
		return awsapi.Failure(err, doing, action, lake.CatalogFailed)
	}
	return e
}

func messageOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return fmt.Sprintf("%s (%s)", api.ErrorMessage(), api.ErrorCode())
	}
	return ""
}
