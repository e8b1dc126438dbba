package jsonata

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Kind says in which way an evaluation failed.
type Kind uint8

// The kinds of failure.
const (
	// Thrown: the expression threw an error of JSONata.
	Thrown Kind = iota
	// Undefined: the expression gave no value.
	Undefined
	// Unsupported: the expression gave what is no JSON value, a function.
	Unsupported
	// Bound: the expression needed too much time, memory or depth.
	Bound
)

// Error is a failed evaluation, which Step Functions reports as
// States.QueryEvaluationError.
type Error struct {
	Kind    Kind
	Code    string // JSONata's, such as T1006; empty for other errors
	Message string // without the code
}

// Error is the end of the sentence that Cause begins.
func (e *Error) Error() string {
	switch {
	case e.Kind == Undefined:
		return "returned nothing (undefined)."
	case e.Kind == Unsupported:
		return "returned an unsupported result type."
	case e.Code != "":
		return "threw an error during evaluation. " + e.Code + ": " + e.Message
	default:
		return "threw an error during evaluation: " + e.Message
	}
}

// Cause returns Step Functions' sentence about the failure of an expression
// in a field, such as Output/name.
func (e *Error) Cause(expr, field string) string {
	return "The JSONata expression '" + expr + "' specified for the field '" + field + "' " + e.Error()
}

// SyntaxError tells why a text is no expression, in the words of Step
// Functions.
type SyntaxError struct {
	Code    string // JSONata's, such as S0202; empty for a limit
	Message string // without the code
}

// Error is the message, which Step Functions shows without the code.
func (e *SyntaxError) Error() string { return e.Message }

// Texts of the engine from which the parts of a message are taken.
const (
	patternSyntax   = `^JSONata error (S\d{4})(?: at token "((?s:.*?))")?: ((?s:.*))$`
	patternCode     = `^([A-Z]\d{4}): ((?s:.*))$`
	patternFunction = `^\$(\w+): `
	patternArgument = `(?:argument|requires|requires at least) (\d+)`
	patternQuoted   = `"(?:[^"\\]|\\.)*"`
)

func syntaxError(err error) *SyntaxError {
	parts := regexp.MustCompile(patternSyntax).FindStringSubmatch(err.Error())
	if parts == nil {
		if parts = regexp.MustCompile(patternCode).FindStringSubmatch(err.Error()); parts == nil {
			return &SyntaxError{Message: err.Error()}
		}
		parts = []string{"", parts[1], "", parts[2]}
	}
	code, token, message := parts[1], parts[2], parts[3]
	if token == "EOF" && code == "S0201" {
		code, token = "S0207", ""
	}
	switch code {
	case "S0202", "S0203", "S0204":
		if missing := missingSign(token, message); missing != nil {
			return missing
		}
	}
	if text, ok := fill(template(code), map[string]string{"token": quote(token)}); ok {
		return &SyntaxError{Code: code, Message: text}
	}
	return &SyntaxError{Code: code, Message: message}
}

// missingSign is the error that a sign does not come, nil if the message is
// about something else. The engine names the sign, or its number only.
func missingSign(token, message string) *SyntaxError {
	const first, signs = 7, ".[]{}(),@#;:?+-*/%|=<>^&!~"
	var sign string
	var want, got int
	if _, err := fmt.Sscanf(message, "expected token %d, got %d", &want, &got); err == nil && want >= first && want-first < len(signs) {
		sign = signs[want-first : want-first+1]
		if got == 0 {
			token = "EOF"
		}
	} else if rest, ok := strings.CutPrefix(message, "expected "); ok {
		rest = strings.TrimPrefix(rest, ", or ")
		if rest == "" || !strings.ContainsAny(rest[:1], ")]}") {
			return nil
		}
		sign = rest[:1]
	}
	switch {
	case sign == "":
		return nil
	case token == "EOF" || token == "":
		return &SyntaxError{Code: "S0203", Message: "Expected " + strconv.Quote(sign) + " before end of expression"}
	}
	return &SyntaxError{Code: "S0202", Message: "Expected " + strconv.Quote(sign) + ", got " + quote(token)}
}

// evalError gives an error of the engine the words of JSONata itself.
func (e *Expr) evalError(err error) *Error {
	var own *Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, errMemory):
		return &Error{Kind: Bound, Message: memoryMessage}
	case errors.Is(err, errTime), errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: Bound, Message: timeMessage}
	}
	parts := regexp.MustCompile(patternCode).FindStringSubmatch(err.Error())
	if parts == nil {
		return &Error{Kind: Thrown, Message: err.Error()}
	}
	code, message := parts[1], parts[2]
	switch code {
	case "U1001":
		return &Error{Kind: Bound, Message: stackMessage}
	case "D3141", "D3137":
		return &Error{Kind: Thrown, Code: code, Message: message}
	case "T2001":
		if strings.Contains(message, "right operand") {
			code = "T2002"
		}
	case "D3010":
		if strings.HasPrefix(message, "$pad") {
			return &Error{Kind: Bound, Message: memoryMessage}
		}
	case "D3006":
		code = "T0410"
	case "D1002":
		if strings.Contains(message, "regex") {
			return &Error{Kind: Thrown, Code: code, Message: message}
		}
	}
	values := e.values(err, code, message)
	if text, ok := fill(template(code), values); ok {
		return &Error{Kind: Thrown, Code: code, Message: text}
	}
	return &Error{Kind: Thrown, Code: code, Message: message}
}

// values finds what a message of JSONata names: in the fields of the engine's
// error and in its text.
func (e *Expr) values(err error, code, message string) map[string]string {
	out := map[string]string{"index": "1"}
	if v := reflect.Indirect(reflect.ValueOf(err)); v.Kind() == reflect.Struct {
		if token := v.FieldByName("Token"); token.IsValid() && token.Kind() == reflect.String && token.String() != "" {
			out["token"] = quote(token.String())
		}
		if value := v.FieldByName("Value"); value.IsValid() && value.CanInterface() && value.Interface() != nil {
			if shown, err := shown(value.Interface()); err == nil {
				out["value"] = shown
			}
		}
	}
	if m := regexp.MustCompile(patternFunction).FindStringSubmatch(message); m != nil {
		out["token"], out["functionName"] = quote(m[1]), m[1]
		out["type"] = elementType(m[1])
	} else if strings.Contains(message, "function signature") {
		for _, name := range []string{"uppercase", "lowercase"} {
			if e.names[name] {
				out["token"] = quote(name)
			}
		}
	}
	if m := regexp.MustCompile(patternArgument).FindStringSubmatch(message); m != nil {
		out["index"] = m[1]
	}
	if m := regexp.MustCompile(patternQuoted).FindString(message); m != "" {
		if _, ok := out["token"]; !ok {
			out["token"] = m
		}
		if _, ok := out["value"]; !ok && (code == "D3030" || code == "D1009") {
			out["value"] = m
		}
	}
	if m := regexp.MustCompile(`the value '((?s:.*))' does not match`).FindStringSubmatch(message); m != nil {
		out["value"] = quote(m[1])
	}
	return out
}

func elementType(name string) string {
	switch name {
	case "join":
		return quote("strings")
	case "merge":
		return quote("objects")
	default:
		return quote("numbers")
	}
}

func shown(v any) (string, error) {
	switch t := v.(type) {
	case string:
		return quote(t), nil
	case float64:
		return fmt.Sprint(number(t)), nil
	case bool:
		return strconv.FormatBool(t), nil
	default:
		return "", errors.New("not shown")
	}
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// fill puts the values into a template. ok is false when there is no template
// or one of its values is unknown.
func fill(text string, values map[string]string) (filled string, ok bool) {
	if text == "" {
		return "", false
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{{")
		b.WriteString(before)
		if !found {
			return b.String(), true
		}
		name, after, _ := strings.Cut(rest, "}}")
		v, known := values[name]
		if !known || v == "" || v == `""` {
			return "", false
		}
		b.WriteString(v)
		text = after
	}
}
