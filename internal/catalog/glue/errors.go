package glue

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// leftOver is the error of tables that a batch did not remove; nil for none.
func (c *Catalog) leftOver(database string, left []types.TableError) error {
	var texts []string
	code := lake.CatalogFailed
	for _, item := range left {
		name, why := aws.ToString(item.TableName), "no reason is given"
		if d := item.ErrorDetail; d != nil {
			switch aws.ToString(d.ErrorCode) {
			case "EntityNotFoundException":
				continue
			case "AccessDeniedException":
				code = lake.AccessDenied
			}
			why = fmt.Sprintf("%s (%s)", aws.ToString(d.ErrorMessage), aws.ToString(d.ErrorCode))
		}
		texts = append(texts, name+": "+why)
	}
	if len(texts) == 0 {
		return nil
	}
	e := &lake.Error{
		Code:    code,
		Message: fmt.Sprintf("%d tables of %s were not removed: %s", len(texts), database, strings.Join(texts, "; ")),
		Hint:    "run again: the others are removed",
	}
	if code == lake.AccessDenied {
		e.Hint = "allow glue:DeleteTable on them, and Drop in Lake Formation where it governs the catalog"
	}
	return e
}
