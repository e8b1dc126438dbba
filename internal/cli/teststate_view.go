package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"wplake/internal/asl/teststate"
)

// wideValue is how long a value may be to stand on one line.
const wideValue = 90

func sortedNames(names []string) []string {
	slices.Sort(names)
	return names
}

// printTestState prints what became of a state for people.
func (a *app) printTestState(r teststate.Request, answer teststate.Answer) error {
	v := &stateView{}
	var request teststate.InspectionData
	if answer.InspectionData != nil {
		request = *answer.InspectionData
	} else {
		request.Input = r.Input
	}
	v.steps(&request)
	if answer.Output != nil {
		v.value("output", *answer.Output)
	}
	if request.Variables != nil {
		v.last = ""
		v.value("variables", *request.Variables)
	}
	v.text("error", answer.Error)
	v.text("cause", answer.Cause)
	v.handled(answer)
	code := green
	switch answer.Status {
	case teststate.Failed:
		code = red
	case teststate.Retriable, teststate.CaughtError:
		code = yellow
	}
	name := "the state"
	if r.StateName != nil {
		name = *r.StateName
	}
	line := fmt.Sprintf("%s: %s", name, a.color(code, string(answer.Status)))
	if answer.NextState != "" {
		line += " → " + answer.NextState
	}
	_, err := fmt.Fprintf(a.stdout, "%s\n%s\n", clean(v.out.String()), line)
	return err
}

type stateView struct {
	out  strings.Builder
	last string // the value above, to tell what did not change it
}

func (v *stateView) steps(d *teststate.InspectionData) {
	for _, s := range []struct {
		name  string
		value *string
	}{
		{"input", d.Input}, {"InputPath", d.AfterInputPath}, {"Parameters", d.AfterParameters}, {"Arguments", d.AfterArguments},
		{"ItemsPath", d.AfterItemsPath}, {"ItemSelector", d.AfterItemSelector}, {"ItemBatcher", d.AfterItemBatcher},
	} {
		if s.value != nil {
			v.value(s.name, *s.value)
		}
	}
	v.setting("MaxConcurrency", d.MaxConcurrency)
	v.setting("tolerated failures", d.ToleratedFailureCount)
	if d.ToleratedFailurePercentage != nil {
		v.line("tolerated failures", strconv.FormatFloat(*d.ToleratedFailurePercentage, 'g', -1, 64)+" %")
	}
	if q := d.Request; q != nil {
		v.line("request", strings.TrimSpace(q.Method+" "+q.URL+" "+q.Headers+" "+q.Body))
	}
	if q := d.Response; q != nil {
		v.line("response", strings.TrimSpace(q.StatusCode+" "+q.StatusMessage+" "+q.Headers))
	}
	for _, s := range []struct {
		name  string
		value *string
	}{{"result", d.Result}, {"ResultSelector", d.AfterResultSelector}, {"ResultPath", d.AfterResultPath}} {
		if s.value != nil {
			v.value(s.name, *s.value)
		}
	}
}

func (v *stateView) setting(name string, n *int64) {
	if n != nil {
		v.line(name, strconv.FormatInt(*n, 10))
	}
}

func (v *stateView) text(name string, s *string) {
	if s != nil {
		v.line(name, *s)
	}
}

func (v *stateView) line(name, text string) { fmt.Fprintf(&v.out, "%-15s %s\n", name, text) }

// value prints a value of JSON, long ones over several lines.
func (v *stateView) value(name, text string) {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(text)) == nil {
		text = compact.String()
	}
	if text == v.last {
		v.line(name, "(the same)")
		return
	}
	v.last = text
	if len(text) <= wideValue {
		v.line(name, text)
		return
	}
	var wide bytes.Buffer
	if json.Indent(&wide, []byte(text), strings.Repeat(" ", 16), "  ") == nil {
		text = wide.String()
	}
	v.line(name, text)
}

// handled tells which Retry or Catch dealt with the error.
func (v *stateView) handled(answer teststate.Answer) {
	if answer.InspectionData == nil || answer.InspectionData.ErrorDetails == nil {
		return
	}
	d := answer.InspectionData.ErrorDetails
	switch {
	case d.RetryIndex != nil && d.RetryBackoffIntervalSeconds != nil:
		v.line("retry", fmt.Sprintf("Retry %d tries again after %d s", *d.RetryIndex+1, *d.RetryBackoffIntervalSeconds))
	case d.RetryIndex != nil:
		v.line("retry", fmt.Sprintf("Retry %d has used up its attempts", *d.RetryIndex+1))
	}
	if d.CatchIndex != nil {
		v.line("catch", fmt.Sprintf("Catch %d takes the error", *d.CatchIndex+1))
	}
}
