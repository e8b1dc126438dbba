// Package lint warns of what a valid definition will do that its author will
// hardly have meant: data that gets lost, failures that end as success, jobs
// that nobody waits for, permissions that the role lacks. Each finding says
// where, why and what to do.
//
// The package is pure. Its time grows with the size of the definition alone.
package lint

import (
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// Codes of findings, beside those of asl's diagnostics.
const (
	NullInput        = "NULL_INPUT"           // a path will meet null
	LiteralPath      = "LITERAL_PATH"         // a path inside a plain string is sent as it stands
	LiteralJSONata   = "LITERAL_EXPRESSION"   // an expression inside a longer string is sent as it stands
	CatchDropsInput  = "CATCH_DROPS_INPUT"    // a catcher replaces the input by the error
	FailureSucceeds  = "FAILURE_SUCCEEDS"     // a caught failure ends the execution as SUCCEEDED
	StartOnly        = "NOT_AWAITED"          // work is started and nobody waits for its end
	NoCatch          = "NO_CATCH"             // a task's failure is handled nowhere
	NoTimeout        = "NO_TIMEOUT"           // a task may take for ever
	DuplicateMember  = "DUPLICATE_FIELD"      // JSON keeps the last of two fields with one name
	MissingAction    = "MISSING_PERMISSION"   // the role may not do what a state does
	ConditionsUnread = "CONDITION_NOT_JUDGED" // a statement has conditions
	UnknownResource  = "UNKNOWN_RESOURCE"     // this home does not know what a task calls
)

// Finding is one fault of a definition.
type Finding struct {
	Severity asl.Severity
	Code     string
	// State names the state concerned, "" for the machine as a whole.
	State string
	// Pointer is the JSON pointer (RFC 6901) of the place in the definition.
	Pointer  string
	Position source.Position
	Message  string // what happens, and why
	Remedy   string // what to do; "" where the message says it
}

// Check warns of a definition. What is not JSON gives nothing: that is asl's
// Validate's to say.
func Check(definition []byte) []Finding {
	root, err := source.Read(definition)
	if err != nil || !root.Is(source.Object) {
		return nil
	}
	c := &checker{root: root, language: language(root, asl.JSONPath), timed: root.Has("TimeoutSeconds")}
	c.duplicates(root, nil)
	c.flow(root, nil, true, false)
	sortFindings(c.found)
	return c.found
}

func sortFindings(list []Finding) {
	slices.SortStableFunc(list, func(a, b Finding) int { return a.Position.Offset - b.Position.Offset })
}

type checker struct {
	root     *source.Value
	language asl.QueryLanguage
	timed    bool // the machine as a whole has a time-out
	found    []Finding
}

// path is the way to a value, as the steps of a JSON pointer.
type path []string

func (p path) with(steps ...string) path { return append(slices.Clone(p), steps...) }

// Pointer writes a path as a JSON pointer.
func (p path) Pointer() string {
	var b strings.Builder
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	for _, step := range p {
		b.WriteByte('/')
		b.WriteString(escape.Replace(step))
	}
	return b.String()
}

func (c *checker) warn(code, state string, at path, message, remedy string) {
	c.warnOf(c.root.At(at...), code, state, at, message, remedy)
}

// warnOf warns of a value that is at hand.
func (c *checker) warnOf(v *source.Value, code, state string, at path, message, remedy string) {
	c.found = append(c.found, Finding{
		Severity: asl.SeverityWarning, Code: code, State: state, Pointer: at.Pointer(), Position: v.Position, Message: message, Remedy: remedy,
	})
}

func language(v *source.Value, outer asl.QueryLanguage) asl.QueryLanguage {
	switch v.Get("QueryLanguage").Str() {
	case string(asl.JSONata):
		return asl.JSONata
	case string(asl.JSONPath):
		return asl.JSONPath
	}
	return outer
}

// duplicates warns of members that replace others of the same name.
func (c *checker) duplicates(v *source.Value, at path) {
	seen := map[string]bool{}
	for _, m := range v.Members {
		if seen[m.Name] {
			c.found = append(c.found, Finding{
				Severity: asl.SeverityWarning, Code: DuplicateMember, Pointer: at.with(m.Name).Pointer(), Position: m.Position,
				Message: "the field '" + m.Name + "' stands here a second time: the first one is lost",
				Remedy:  "keep one of the two",
			})
		}
		seen[m.Name] = true
		if m.Value.Is(source.Object) || m.Value.Is(source.Array) {
			c.duplicates(m.Value, at.with(m.Name))
		}
	}
	for i, e := range v.Elements {
		if e.Is(source.Object) || e.Is(source.Array) {
			c.duplicates(e, at.with(itoa(i)))
		}
	}
}
