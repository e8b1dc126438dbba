package workflow

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The resource types of Step Functions' ARNs.
const (
	MachineARN   = "stateMachine"
	ExecutionARN = "execution"
	ExpressARN   = "express"
	ActivityARN  = "activity"
	MapRunARN    = "mapRun"
)

// ARN is an ARN of Step Functions, taken apart. Account and region do not count
// at home, where there is only one of each.
type ARN struct {
	Text string
	Type string
	// Name is that of the machine or the activity.
	Name string
	// Rest is what follows the name: a version or an alias, an execution's name.
	Rest string
}

// ParseARN takes an ARN apart that must be of one of some resource types. The
// error is an *Error with the code InvalidArn.
func ParseARN(text string, types ...string) (ARN, error) {
	parts := strings.SplitN(text, ":", 7)
	if parts[0] != "arn" || len(parts) < 7 {
		return ARN{}, Errorf(InvalidArn, "Invalid Arn: 'Invalid ARN prefix: %s'", text)
	}
	if parts[2] != "states" {
		return ARN{}, Errorf(InvalidArn, "Invalid Arn: 'Invalid service in ARN: %s'", parts[2])
	}
	a := ARN{Text: text, Type: parts[5]}
	known := false
	for _, t := range types {
		known = known || t == a.Type
	}
	if !known {
		return ARN{}, Errorf(InvalidArn, "Invalid Arn: 'Resource type not valid in this context: %s'", strings.ToLower(a.Type))
	}
	a.Name, a.Rest, _ = strings.Cut(parts[6], ":")
	if a.Name == "" || strings.HasSuffix(text, ":") {
		return ARN{}, Errorf(InvalidArn, "Invalid Arn: 'Resource name not valid: %s'", text)
	}
	return a, nil
}

// isVersion tells whether what follows a machine's name is a version's number.
func isVersion(qualifier string) bool {
	if qualifier == "" || len(qualifier) > 9 || qualifier[0] == '0' {
		return false
	}
	return strings.Trim(qualifier, "0123456789") == ""
}

// checkName holds a name of a machine, an activity or an execution to the rules
// of Step Functions: 1 to 80 characters, no white space, brackets, wildcards,
// control and certain other characters.
func checkName(name string) error {
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError || r > 0xFFFD && !unicode.IsPrint(r) ||
			strings.ContainsRune("<>{}[]?*\"#%\\^|~`$&,;:/", r)
	}
	if n := utf8.RuneCountInString(name); n < 1 || n > 80 || strings.ContainsFunc(name, bad) {
		return Errorf(InvalidName, "Invalid Name: '%s'", name)
	}
	return nil
}

// CheckExecutionName holds the name of an execution to the rules of Step
// Functions. The error is an *Error with the code InvalidName.
func CheckExecutionName(name string) error { return checkName(name) }

// Own is an ARN in this home's own writing: with its region and account.
func (r *Registry) Own(a ARN) string {
	own := r.arn(a.Type, a.Name)
	if a.Rest != "" {
		own += ":" + a.Rest
	}
	return own
}
