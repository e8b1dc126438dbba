package asl

import (
	"slices"
	"strings"
)

// String tells in short words when the rule holds: $.count > 5. An expression
// of JSONata is its own text.
func (r *Rule) String() string { return r.words(false) }

// words writes the rule; nested rules that join others stand in brackets.
func (r *Rule) words(nested bool) string {
	join := func(rules []*Rule, word string) string {
		parts := make([]string, len(rules))
		for i, c := range rules {
			parts[i] = c.words(len(rules) > 1)
		}
		text := strings.Join(parts, " "+word+" ")
		if nested && len(rules) > 1 {
			return "(" + text + ")"
		}
		return text
	}
	switch {
	case r.condition != nil:
		return r.condition.words()
	case r.and != nil:
		return join(r.and, "and")
	case r.or != nil:
		return join(r.or, "or")
	case r.not != nil:
		return "not " + r.not.words(true)
	case r.variable == nil:
		return ""
	case isTest(r.operator):
		return r.variable.text + " is " + testWords(r.operator, r.operand)
	}
	var operand string
	if r.operandAt != nil {
		operand = r.operandAt.text
	} else {
		operand = Text(r.operand)
	}
	_, relation, _ := comparison(r.operator)
	return r.variable.text + " " + relationSign(relation) + " " + operand
}

func testWords(operator string, operand any) string {
	word := map[string]string{
		"IsNull": "null", "IsPresent": "present", "IsNumeric": "a number",
		"IsString": "a string", "IsBoolean": "a boolean", "IsTimestamp": "a timestamp",
	}[operator]
	if operand == false {
		return "not " + word
	}
	return word
}

func relationSign(relation string) string {
	switch relation {
	case "Equals":
		return "="
	case "LessThan":
		return "<"
	case "GreaterThan":
		return ">"
	case "LessThanEquals":
		return "≤"
	case "GreaterThanEquals":
		return "≥"
	}
	return "matches"
}

// words is a setting as the definition has it: a text bare, another value as
// JSON, a path or an expression as its text; "" for none and for templates.
func (n *node) words() string {
	switch {
	case n == nil:
		return ""
	case n.path != nil:
		return n.path.text
	case n.expr != nil:
		return n.source
	case !n.isLiteral():
		return ""
	}
	if text, ok := n.literal.(string); ok {
		return text
	}
	return Text(n.literal)
}

// Delay tells how long a Wait waits, as the definition has it: a number of
// seconds or the path or expression for it, or else the time until which it
// waits.
func (s *State) Delay() (seconds, until string) {
	return s.seconds.words(), s.timestamp.words()
}

// FailsWith are the error and the cause of a Fail state, "" for none; paths
// and expressions are given as their text.
func (s *State) FailsWith() (err, cause string) {
	return s.failError.words(), s.failCause.words()
}

// ItemsFrom tells where a Map takes its items: a path or an expression, the
// service that lists or reads them, or "" for the state's input.
func (s *State) ItemsFrom() string {
	if s.itemReader != nil {
		return s.itemReader.resource
	}
	return s.items.words()
}

// Concurrency is a Map's limit of iterations at once as the definition has it,
// "" for none.
func (s *State) Concurrency() string {
	if text := s.concurrency.words(); text != "0" {
		return text
	}
	return ""
}

// Argument is the text of one field of a Task's Parameters or Arguments, if it
// is a text that stands in the definition itself.
func (s *State) Argument(key string) (text string, ok bool) {
	n := s.parameters
	if s.Language == JSONata {
		n = s.arguments
	}
	if n == nil {
		return "", false
	}
	if n.isLiteral() {
		fields, _ := n.literal.(map[string]any)
		text, ok = fields[key].(string)
		return text, ok
	}
	i := slices.Index(n.keys, key)
	if i < 0 || !n.members[i].isLiteral() {
		return "", false
	}
	text, ok = n.members[i].literal.(string)
	return text, ok
}

// Limit is TimeoutSeconds of a Task as the definition has it, "" for none.
func (s *State) Limit() string { return s.timeout.words() }
