package lake

import (
	"errors"
	"strings"
)

// Code names a kind of failure. Codes are stable: scripts may match them.
type Code string

// What can go wrong, by where it goes wrong.
const (
	// The source.
	SourceUnreachable  Code = "SourceUnreachable"  // no connection, DNS, TLS
	SourceTimeout      Code = "SourceTimeout"      // connect, first byte, idle or total time-out
	SourceHTTPStatus   Code = "SourceHTTPStatus"   // a status that is not 200, retries exhausted
	SourceUnauthorized Code = "SourceUnauthorized" // 401 or 403
	SourceRedirect     Code = "SourceRedirect"     // too many redirects, or one that is not followed
	SourceTooLarge     Code = "SourceTooLarge"     // past the declared limit on size
	SourceEmpty        Code = "SourceEmpty"        // a body of no bytes
	SourceTruncated    Code = "SourceTruncated"    // the body ends before the array does
	SourceHTML         Code = "SourceHTML"         // an HTML page: login, challenge, maintenance
	SourceNoise        Code = "SourceNoise"        // something before the JSON: a BOM, PHP notices
	SourceErrorObject  Code = "SourceErrorObject"  // an error object of WordPress instead of an array
	SourceNotArray     Code = "SourceNotArray"     // JSON, but not an array
	SourceNotObjects   Code = "SourceNotObjects"   // an array that holds something else than objects
	SourceTrailing     Code = "SourceTrailing"     // something after the array
	SourceInvalidJSON  Code = "SourceInvalidJSON"  // not JSON at that place, invalid UTF-8 included
	SourceDuplicateKey Code = "SourceDuplicateKey" // an object that has a key twice
	SourceChanged      Code = "SourceChanged"      // the object changed while it was read

	// Objects and schemas.
	ObjectMissing  Code = "ObjectMissing"  // asked for, not there
	ObjectUnmapped Code = "ObjectUnmapped" // no silver rules for it
	ObjectDamaged  Code = "ObjectDamaged"  // not the Parquet file it should be
	SchemaFrozen   Code = "SchemaFrozen"   // drift under the policy freeze
	SnapshotShrank Code = "SnapshotShrank" // would lose more rows than allowed
	ValueMisfit    Code = "ValueMisfit"    // a kept row's value does not fit the column's new type
	KeyMissing     Code = "KeyMissing"     // on_delete needs a key that is not there
	StepInvalid    Code = "StepInvalid"    // a silver step that cannot be compiled

	// Rows (reasons in a rejects table).
	RowNotWhole     Code = "NotWholeNumber" // a number column's value is not a whole number
	RowOutOfRange   Code = "OutOfRange"     // does not fit the column's type
	RowNotNumber    Code = "NotNumber"
	RowNotTime      Code = "NotTime"
	RowNotBoolean   Code = "NotBoolean"
	RowDuplicateKey Code = "DuplicateKey"
	RowInvalidText  Code = "InvalidText" // invalid UTF-8 or a lone surrogate
	RowNewColumn    Code = "NewColumn"   // under the drift policy reject
	RowNotObject    Code = "NotObject"
	RowCastFailed   Code = "CastFailed" // a silver cast

	// The surroundings.
	ConfigInvalid    Code = "ConfigInvalid"
	ParameterMissing Code = "ParameterMissing"
	Locked           Code = "Locked"          // another run holds the lake
	StorageFull      Code = "StorageFull"     // no space left
	StorageFailed    Code = "StorageFailed"   // any other failure to read or write
	OutOfMemory      Code = "OutOfMemory"     // memory_limit is too small for the work
	OutOfTime        Code = "OutOfTime"       // a function's time-out is too short for a single object
	QueryRefused     Code = "QueryRefused"    // a query that does more than read tables
	QueryInvalid     Code = "QueryInvalid"    // SQL that does not parse or bind
	EngineFailed     Code = "EngineFailed"    // the SQL engine gave up
	CatalogFailed    Code = "CatalogFailed"   // the catalog could not be read or written
	AlertFailed      Code = "AlertFailed"     // an alert reached nobody
	WorkflowInvalid  Code = "WorkflowInvalid" // a definition that Step Functions would refuse, or that this home cannot run
	WorkflowFailed   Code = "WorkflowFailed"  // an execution did not succeed
	WorkflowRefused  Code = "WorkflowRefused" // a request about executions that does not fit how they stand
	ServeFailed      Code = "ServeFailed"     // the server cannot listen on its address
	AccessDenied     Code = "AccessDenied"    // AWS knows who asks and does not allow it
	CredentialsBad   Code = "CredentialsBad"  // there are none for AWS, or they are wrong or expired
	ServiceFailed    Code = "ServiceFailed"   // an AWS service did not answer, or with an error of its own
	ObjectChanged    Code = "ObjectChanged"   // somebody else replaced an object while it was worked on
	StageUnfinished  Code = "StageUnfinished" // the time ran out; what was finished is kept, the next invocation goes on
	DeployFailed     Code = "DeployFailed"    // a stack could not be brought to its definition
	Interrupted      Code = "Interrupted"     // SIGINT, SIGTERM or a cancelled context
	StateDamaged     Code = "StateDamaged"    // wplake's own files cannot be read
	Internal         Code = "Internal"        // a defect of wplake
)

// Error is a failure that a person can act on.
type Error struct {
	Code    Code   // what kind
	Message string // what and where, one sentence without a full stop
	Hint    string // what to do about it; may be empty
	Err     error  // the cause; may be nil
}

// Error gives the message and, where the message does not already hold it, the cause.
func (e *Error) Error() string {
	if e.Err == nil || strings.Contains(e.Message, e.Err.Error()) {
		return e.Message
	}
	return e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError returns err as an *Error: itself where it wraps one, else a new one
// with the given code and err's text as its message.
func AsError(err error, otherwise Code) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: otherwise, Message: err.Error(), Err: err}
}

// HasCode reports whether err is or wraps an *Error with the code.
func HasCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}
