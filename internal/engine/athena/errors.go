package athena

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"wplake/internal/lake"
)

// The categories and types of Athena's errors, as its user guide's "Athena
// error catalog" has them.
const (
	systemError      = 1
	userError        = 2
	lastExhausted    = 8 // types 0 to 8: query exhausted resources
	lastSystemError  = 999
	exhaustedMessage = "exhausted resources"
)

var (
	// Trino's errors begin with their name, such as SYNTAX_ERROR.
	trinoName = regexp.MustCompile(`^(?:FAILED: )?([A-Z][A-Z0-9_]{3,}): `)
	hyphen    = regexp.MustCompile(`mismatched input '-'|extraneous input '-'`)
	unknown   = regexp.MustCompile(`(?i)(?:table|view)\b.* (?:does not exist|not found)|^TABLE_NOT_FOUND`)
	column    = regexp.MustCompile(`(?i)column .* cannot be resolved|^COLUMN_NOT_FOUND`)
)

// failure words why a query failed: reason is the state's, e what Athena's
// catalog of errors says, nil where it says nothing.
func failure(reason string, e *types.AthenaError) error {
	if reason == "" && e != nil {
		reason = aws.ToString(e.ErrorMessage)
	}
	if reason == "" {
		reason = "Athena does not say why"
	}
	reason = printable(reason)
	out := &lake.Error{Code: codeOf(reason, e), Message: reason}
	switch out.Code {
	case lake.OutOfMemory:
		out.Message = "the query needs more than Athena gives it: " + reason
		out.Hint = "ask for less (fewer columns, a WHERE, a LIMIT instead of ORDER BY over everything)"
	case lake.AccessDenied:
		out.Message = "Athena may not read what the query needs: " + reason
		out.Hint = "allow the caller s3:GetObject on the tables, s3:PutObject on the results and glue:GetTable; `wplake iam` and `wplake doctor --home aws` tell more"
	case lake.EngineFailed:
		out.Message = "Athena could not run the query: " + reason
		if e != nil && e.Retryable {
			out.Hint = "run it again: Athena says that it may succeed"
		}
	default:
		out.Hint = hint(reason)
	}
	return out
}

func codeOf(reason string, e *types.AthenaError) lake.Code {
	lower := strings.ToLower(reason)
	name := ""
	if m := trinoName.FindStringSubmatch(reason); m != nil {
		name = m[1]
	}
	category, kind := int32(0), int32(-1)
	if e != nil {
		category = aws.ToInt32(e.ErrorCategory)
		if e.ErrorType != nil {
			kind = *e.ErrorType
		}
	}
	switch {
	case strings.Contains(lower, exhaustedMessage), strings.HasPrefix(name, "EXCEEDED_"), name == "CLUSTER_OUT_OF_MEMORY",
		category != userError && kind >= 0 && kind <= lastExhausted:
		return lake.OutOfMemory
	case strings.Contains(lower, "access denied"), strings.Contains(lower, "accessdenied"), strings.Contains(lower, "not authorized"),
		strings.Contains(lower, "insufficient permissions"), strings.Contains(lower, "insufficient lake formation permission"), name == "PERMISSION_DENIED":
		return lake.AccessDenied
	case strings.HasPrefix(name, "HIVE_"), strings.HasPrefix(name, "ICEBERG_"), strings.HasPrefix(name, "GENERIC_INTERNAL"),
		category == systemError, category != userError && kind > lastExhausted && kind <= lastSystemError:
		return lake.EngineFailed
	}
	return lake.QueryInvalid
}

func hint(reason string) string {
	switch {
	case hyphen.MatchString(reason):
		return `a name with a hyphen needs double quotes: "silver-posts" (in a shell, put the whole query in single quotes)`
	case unknown.MatchString(reason):
		return "SHOW TABLES (or wplake tables --home aws) lists what there is"
	case column.MatchString(reason):
		return "DESCRIBE `table` lists a table's columns"
	}
	return ""
}

// printable leaves out what could drive a terminal.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || !unicode.IsControl(c) {
			return c
		}
		return ' '
	}, s)
}
