package params

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"wplake/internal/lake"
)

// The bounds that Parameter Store puts on names.
const (
	maxName  = 2048 // characters
	maxDepth = 15   // segments
)

var nameForm = regexp.MustCompile(`^[A-Za-z0-9._/-]+$`)

// ValidName reports whether name can name a parameter: letters, digits, '.',
// '-', '_' and '/', at most 2048 of them and 15 segments, no empty segment,
// and a leading '/' where there is more than one segment.
func ValidName(name string) bool { return nameProblem(name) == "" }

// CheckName returns nil for a valid name, else a *lake.Error with the code
// ConfigInvalid that says what is wrong with it.
func CheckName(name string) error {
	if wrong := nameProblem(name); wrong != "" {
		return &lake.Error{
			Code:    lake.ConfigInvalid,
			Message: fmt.Sprintf("%q cannot be a parameter's name: %s", name, wrong),
			Hint:    "a name looks like /wordpress/site/api/mysqlendpoints",
		}
	}
	return nil
}

func nameProblem(name string) string {
	segments := strings.Split(strings.TrimPrefix(name, "/"), "/")
	first := strings.ToLower(segments[0])
	switch {
	case name == "":
		return "it is empty"
	case len(name) > maxName:
		return fmt.Sprintf("it is longer than %d characters", maxName)
	case !nameForm.MatchString(name):
		return "it may have letters, digits, '.', '-', '_' and '/' only"
	case len(segments) > maxDepth:
		return fmt.Sprintf("it has more than %d segments", maxDepth)
	case len(segments) > 1 && !strings.HasPrefix(name, "/"):
		return "a name of several segments begins with '/'"
	case strings.HasPrefix(first, "aws") || strings.HasPrefix(first, "ssm"):
		return "names that begin with aws or ssm are reserved"
	}
	for _, s := range segments {
		if s == "" {
			return "it has an empty segment"
		}
	}
	return ""
}

// maxValue is the largest value that Parameter Store keeps, in bytes.
const maxValue = 8192

// Check returns nil for a parameter that any store can keep, else a
// *lake.Error with the code ConfigInvalid. It never shows the value.
func Check(p Parameter) error {
	if err := CheckName(p.Name); err != nil {
		return err
	}
	wrong := ""
	switch {
	case p.Type != String && p.Type != StringList && p.Type != SecureString:
		wrong = fmt.Sprintf("has the type %q, which is none of String, StringList, SecureString", p.Type)
	case p.Value == "":
		wrong = "has an empty value"
	case len(p.Value) > maxValue:
		wrong = fmt.Sprintf("has a value of %d bytes; %d is the most", len(p.Value), maxValue)
	case !utf8.ValidString(p.Value) || strings.ContainsRune(p.Value, 0):
		wrong = "has a value that is not text"
	}
	if wrong == "" {
		return nil
	}
	return &lake.Error{Code: lake.ConfigInvalid, Message: fmt.Sprintf("the parameter %s %s", p.Name, wrong)}
}
