package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"wplake/internal/lake"
)

// What a stage's answer may have at most: well below the 256 KiB of a state's
// data, of which an answer is only a part.
const (
	maxAnswer      = 100_000 // bytes
	maxObjectError = 600     // bytes of an object's message, and of its hint
	maxTold        = 60      // objects, where the answer would be too long
)

// StageAnswer is what a stage function answers: the stage's report, shortened.
type StageAnswer struct {
	Stage      string              `json:"stage"`
	Succeeded  int                 `json:"succeeded"`
	Failed     int                 `json:"failed"`
	DurationMS int64               `json:"duration_ms"`
	Objects    []lake.ObjectReport `json:"objects"`
	// Omitted counts the objects that are left out, those that are well first.
	Omitted int `json:"omitted,omitempty"`
}

// StageFunction makes a stage a function. It answers a StageAnswer. Where the
// stage could not run, or where something failed and nothing was well, the
// function fails: the error's type is the lake's code, the message names the
// objects, their causes and what to do.
func StageFunction(s Stage) Function {
	return func(ctx context.Context, i Invocation) (any, error) {
		report, err := s(ctx, i)
		if err != nil {
			return nil, AsFunctionError(err)
		}
		return Answer(report)
	}
}

// Answer is what a stage function answers to a report: a StageAnswer, or a
// *FunctionError where something failed and nothing was well.
func Answer(report lake.StageReport) (any, error) {
	if report.Failed > 0 && report.Succeeded == 0 {
		return nil, &FunctionError{Type: string(firstCode(report)), Message: shorten(Failures(report), maxMessage)}
	}
	return answerOf(report), nil
}

// AsFunctionError is any error as one that a function tells: itself where it
// wraps one, else under its lake code, with what to do.
func AsFunctionError(err error) *FunctionError {
	if e, ok := errors.AsType[*FunctionError](err); ok {
		return e
	}
	l := lake.AsError(err, lake.Internal)
	e := &FunctionError{Type: string(l.Code), Message: l.Error()}
	if l.Hint != "" {
		e.Message += " (what to do: " + l.Hint + ")"
	}
	e.Message = shorten(e.Message, maxMessage)
	return e
}

// answerOf shortens a report.
func answerOf(report lake.StageReport) StageAnswer {
	a := StageAnswer{
		Stage: report.Stage, Succeeded: report.Succeeded, Failed: report.Failed, DurationMS: report.DurationMS,
		Objects: make([]lake.ObjectReport, 0, len(report.Objects)),
	}
	for _, o := range report.Objects {
		if o.Error != nil {
			o.Error = &lake.Problem{
				Code: o.Error.Code, Message: shorten(o.Error.Message, maxObjectError), Hint: shorten(o.Error.Hint, maxObjectError),
			}
		}
		for len(o.Warnings) > 0 && len(strings.Join(o.Warnings, "")) > maxObjectError {
			o.Warnings = o.Warnings[:len(o.Warnings)-1]
		}
		a.Objects = append(a.Objects, o)
	}
	raw, err := json.Marshal(a)
	if err == nil && len(raw) <= maxAnswer {
		return a
	}
	var told []lake.ObjectReport
	for _, status := range []lake.Status{lake.StatusFailed, lake.StatusSucceeded, lake.StatusSkipped} {
		for _, o := range a.Objects {
			if o.Status == status && len(told) < maxTold {
				told = append(told, o)
			}
		}
	}
	a.Omitted, a.Objects = len(a.Objects)-len(told), told
	return a
}

// firstCode is the code of a report's first failure.
func firstCode(report lake.StageReport) lake.Code {
	if report.Error != nil {
		return report.Error.Code
	}
	for _, o := range report.Objects {
		if o.Status == lake.StatusFailed && o.Error != nil {
			return o.Error.Code
		}
	}
	return lake.Internal
}

// Failures says what failed in a stage, one line each: object, cause and
// remedy; "" when nothing did. It is a few kilobytes at most.
func Failures(report lake.StageReport) string {
	const most = 20
	var lines []string
	if report.Error != nil {
		lines = append(lines, problem("", report.Error))
	}
	left := 0
	for _, o := range report.Objects {
		switch {
		case o.Status != lake.StatusFailed:
		case len(lines) == most:
			left++
		default:
			lines = append(lines, problem(o.Object, o.Error))
		}
	}
	if left > 0 {
		lines = append(lines, fmt.Sprintf("and %d more: see the run's report", left))
	}
	return strings.Join(lines, "\n")
}

// problem is one line about a failure.
func problem(object string, p *lake.Problem) string {
	if p == nil {
		return object + ": failed without saying why"
	}
	line := shorten(p.Message, maxObjectError)
	if object != "" {
		line = object + ": " + strings.TrimPrefix(line, object+": ")
	}
	line += fmt.Sprintf(" (%s)", p.Code)
	if p.Hint != "" {
		line += "; what to do: " + shorten(p.Hint, maxObjectError)
	}
	return line
}
