package asl

import (
	"fmt"
	"slices"
	"strings"

	"wplake/internal/asl/source"
)

// stateFields lists what a state of a type may have, in both languages.
func stateFields(t StateType) []string {
	fields := map[StateType]string{
		Pass:     "InputPath OutputPath Result ResultPath Parameters Output Assign Next End",
		Task:     "InputPath OutputPath ResultPath Parameters Arguments Output Assign Resource Credentials ResultSelector Retry Catch TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds HeartbeatSecondsPath Next End",
		Wait:     "InputPath OutputPath Output Assign Seconds Timestamp SecondsPath TimestampPath Next End",
		Parallel: "InputPath OutputPath ResultPath Parameters Arguments Output Assign ResultSelector Retry Catch Branches Next End",
		Map: "InputPath OutputPath ResultPath Parameters Output Assign ResultSelector Retry Catch ItemProcessor Iterator ItemsPath Items ItemSelector ItemReader ItemBatcher " +
			"ResultWriter MaxConcurrency MaxConcurrencyPath ToleratedFailurePercentage ToleratedFailurePercentagePath ToleratedFailureCount ToleratedFailureCountPath Label Next End",
		Choice:  "InputPath OutputPath Output Assign Choices Default",
		Succeed: "InputPath OutputPath Output",
		Fail:    "Error Cause ErrorPath CausePath",
	}
	return append([]string{"Type", "Comment", "QueryLanguage"}, strings.Fields(fields[t])...)
}

// languageOf is the one language that has a field of a state, "" for both.
func languageOf(field string) QueryLanguage {
	switch field {
	case "InputPath", "OutputPath", "ResultPath", "Parameters", "ResultSelector", "Result", "ItemsPath",
		"TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath", "MaxConcurrencyPath",
		"ToleratedFailurePercentagePath", "ToleratedFailureCountPath", "ErrorPath", "CausePath",
		"MaxItemsPerBatchPath", "MaxInputBytesPerBatchPath", "MaxItemsPath", "Variable":
		return JSONPath
	case "Arguments", "Output", "Items", "Condition":
		return JSONata
	}
	return ""
}

// ofLanguage refuses fields of the other query language.
func (v *validator) ofLanguage(at string, object *source.Value, l QueryLanguage) {
	for _, m := range object.Members {
		if only := languageOf(m.Name); only != "" && only != l {
			v.schema(at, "The QueryLanguage is set to '%s', but field '%s' is only supported for the '%s' QueryLanguage", l, m.Name, only)
		}
	}
}

// state judges one state, depth flows deep.
func (v *validator) state(at string, s *source.Value, depth int) {
	if !v.typed(at, s, source.Object) {
		v.lost = true
		return
	}
	t := StateType(s.Get("Type").Str())
	if !v.required(at, s, "Type") {
		v.lost = true
		return
	}
	types := []StateType{Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map}
	if !slices.Contains(types, t) {
		v.lost = true
		v.schema(at+"/Type", "The field 'Type' should have one of these values: %v", strings.ReplaceAll(fmt.Sprint(types), " ", ", "))
		return
	}
	p := &place{at: at, state: s, kind: t, depth: depth, language: v.language(at+"/QueryLanguage", s.Get("QueryLanguage"), v.machine)}
	downgraded := v.machine == JSONata && p.language == JSONPath
	if downgraded {
		v.schema(at, "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
	}
	allowed := stateFields(t)
	v.fields(at, s, allowed...)
	if !downgraded {
		v.ofLanguage(at, known(s, allowed), p.language)
	}
	v.needed(p)
	for _, m := range s.Members {
		if only := languageOf(m.Name); slices.Contains(allowed, m.Name) && (only == "" || only == p.language) {
			v.field(p, m.Name, m.Value)
		}
	}
}

// place is a state that is being judged.
type place struct {
	at       string
	state    *source.Value
	kind     StateType
	language QueryLanguage
	depth    int
}

// known leaves of an object the members that may be there at all.
func known(object *source.Value, allowed []string) *source.Value {
	members := slices.DeleteFunc(slices.Clone(object.Members), func(m source.Member) bool { return !slices.Contains(allowed, m.Name) })
	return &source.Value{Kind: source.Object, Members: members}
}

// needed asks for the fields that a type must have, and that exclude others.
func (v *validator) needed(p *place) {
	s, at := p.state, p.at
	switch p.kind {
	case Pass, Task, Wait, Parallel, Map:
		v.leaves(p)
	}
	switch p.kind {
	case Task:
		v.required(at, s, "Resource")
		v.atMostOne(at, s, "TimeoutSeconds", "TimeoutSecondsPath")
		v.atMostOne(at, s, "HeartbeatSeconds", "HeartbeatSecondsPath")
	case Wait:
		v.exactlyOne(at, s, "SecondsPath", "Seconds", "TimestampPath", "Timestamp")
	case Choice:
		v.required(at, s, "Choices")
	case Parallel:
		v.required(at, s, "Branches")
	case Map:
		v.exactlyOne(at, s, "ItemProcessor", "Iterator")
		v.atMostOne(at, s, "ItemSelector", "Parameters")
		v.atMostOne(at, s, "MaxConcurrency", "MaxConcurrencyPath")
		v.atMostOne(at, s, "ToleratedFailurePercentage", "ToleratedFailurePercentagePath")
		v.atMostOne(at, s, "ToleratedFailureCount", "ToleratedFailureCountPath")
	case Fail:
		v.atMostOne(at, s, "Error", "ErrorPath")
		v.atMostOne(at, s, "Cause", "CausePath")
	}
}

// leaves asks for one of Next and End. "End": false is no end.
func (v *validator) leaves(p *place) {
	end := p.state.Get("End")
	ends := end != nil && (end.Kind != source.Boolean || end.Bool)
	switch {
	case ends && p.state.Has("Next"):
		v.schema(p.at, "There should only be one of the following fields: [Next, End]")
	case !ends && !p.state.Has("Next"):
		v.lost = true
		v.schema(p.at, "This object should have only one of the following fields: [Next, End]")
	}
}

// field judges one field of a state that its type and language have.
func (v *validator) field(p *place, name string, value *source.Value) {
	at := p.at + "/" + name
	switch name {
	case "Comment", "Next", "Default":
		v.typed(at, value, source.String)
	case "End":
		v.typed(at, value, source.Boolean)
	case "InputPath", "OutputPath":
		if value.Kind != source.Null {
			v.path(at, value)
		}
	case "ResultPath":
		v.resultPath(at, value)
	case "ItemsPath":
		v.itemsPath(at, value)
	case "TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath", "MaxConcurrencyPath", "ToleratedFailurePercentagePath", "ToleratedFailureCountPath":
		v.referencePath(at, value)
	case "ErrorPath", "CausePath":
		v.pathOrCall(p.at, name, value)
	case "Result":
		v.staticResult(at, value)
	case "Parameters", "ResultSelector", "ItemSelector":
		v.template(p, name, value)
	case "Arguments", "Output", "Items":
		v.expressions(p, at, name, value)
	case "Assign":
		v.assign(p, at, value, false)
	case "Error", "Cause":
		if v.typed(at, value, source.String) && p.language == JSONata {
			v.expressions(p, at, name, value)
		}
	case "Seconds":
		v.setting(p, at, value, 0, maxSeconds)
	case "Timestamp":
		v.timestamp(p, at, value)
	case "TimeoutSeconds", "HeartbeatSeconds":
		v.setting(p, at, value, 1, maxSeconds)
		v.heartbeat(p, name)
	case "Resource":
		v.resource(p, at, value)
	case "Credentials":
		v.credentials(p, at, value)
	case "Retry":
		v.retry(at, value)
	case "Catch":
		v.catch(p, at, value)
	case "Choices":
		v.choices(p, at, value)
	case "Branches":
		v.branches(p, at, value)
	default:
		v.mapField(p, name, value)
	}
}

// setting judges a whole number, or in JSONata an expression for one.
func (v *validator) setting(p *place, at string, value *source.Value, least, most int64) {
	if p.language == JSONata && value.Is(source.String) {
		v.onlyExpression(p, at, value)
		return
	}
	v.integer(at, value, least, most)
}

func (v *validator) timestamp(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.String) {
		return
	}
	if _, ok := jsonataSource(value.Text); ok && p.language == JSONata {
		v.expressions(p, at, "Timestamp", value)
		return
	}
	if !rfc3339(value.Text) {
		v.schema(at, "String does not match RFC3339 timestamp")
	}
}

// rfc3339 tells whether a text is a timestamp as definitions must write it:
// with T, and with Z or an offset.
func rfc3339(text string) bool {
	if len(text) < len("2006-01-02T15:04:05Z") || text[10] != 'T' {
		return false
	}
	_, ok := parseTimestamp(text)
	return ok
}

// heartbeat is judged once, where the second of the two times stands.
func (v *validator) heartbeat(p *place, name string) {
	timeout, beat := p.state.Get("TimeoutSeconds"), p.state.Get("HeartbeatSeconds")
	if name != "HeartbeatSeconds" || !timeout.Is(source.Number) || !beat.Is(source.Number) {
		return
	}
	t, okT := integer(timeout.Any())
	b, okB := integer(beat.Any())
	if okT && okB && b >= t {
		v.schema(p.at, "HeartbeatSeconds must be smaller than TimeoutSeconds")
	}
}

func (v *validator) branches(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.Array) {
		return
	}
	if len(value.Elements) == 0 {
		v.schema(at, "Value cannot be empty")
	}
	for i, b := range value.Elements {
		v.inner(p, fmt.Sprintf("%s[%d]", at, i), b, "Comment", "StartAt", "States")
	}
}

// inner judges a flow inside a state.
func (v *validator) inner(p *place, at string, flow *source.Value, allowed ...string) {
	if !v.typed(at, flow, source.Object) {
		return
	}
	v.fields(at, flow, allowed...)
	if !v.required(at, flow, "States", "StartAt") {
		v.lost = true
	}
	if start := flow.Get("StartAt"); start != nil {
		v.typed(at+"/StartAt", start, source.String)
	}
	v.flow(at, flow, p.depth+1)
}

func (v *validator) retry(at string, value *source.Value) {
	if !v.typed(at, value, source.Array) {
		return
	}
	for i, r := range value.Elements {
		at := fmt.Sprintf("%s[%d]", at, i)
		if !v.typed(at, r, source.Object) {
			continue
		}
		v.fields(at, r, "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment")
		v.required(at, r, "ErrorEquals")
		for _, m := range r.Members {
			at := at + "/" + m.Name
			switch m.Name {
			case "ErrorEquals":
				v.errorEquals(at, m.Value, i == len(value.Elements)-1)
			case "IntervalSeconds":
				v.integer(at, m.Value, 1, maxSeconds)
			case "MaxAttempts":
				v.integer(at, m.Value, 0, maxSeconds)
			case "BackoffRate":
				v.real(at, m.Value, 1, 0)
			case "MaxDelaySeconds":
				v.integer(at, m.Value, 1, 31622400)
			case "JitterStrategy":
				v.enum(at, m.Value, "NONE", "FULL")
			}
		}
	}
}

func (v *validator) catch(p *place, at string, value *source.Value) {
	if !v.typed(at, value, source.Array) {
		return
	}
	for i, c := range value.Elements {
		at := fmt.Sprintf("%s[%d]", at, i)
		if !v.typed(at, c, source.Object) {
			continue
		}
		v.fields(at, c, "ErrorEquals", "ResultPath", "Next", "Comment", "Assign", "Output")
		v.ofLanguage(at, c, p.language)
		v.required(at, c, "ErrorEquals", "Next")
		for _, m := range c.Members {
			at := at + "/" + m.Name
			switch {
			case m.Name == "ErrorEquals":
				v.errorEquals(at, m.Value, i == len(value.Elements)-1)
			case m.Name == "Next":
				v.typed(at, m.Value, source.String)
			case m.Name == "ResultPath" && p.language == JSONPath:
				v.resultPath(at, m.Value)
			case m.Name == "Output" && p.language == JSONata:
				v.expressionsIn(at, m.Value, map[string]bool{"input": true, "context": true, "errorOutput": true})
			case m.Name == "Assign":
				v.assign(p, at, m.Value, true)
			}
		}
	}
}

func (v *validator) errorEquals(at string, value *source.Value, last bool) {
	if !v.typed(at, value, source.Array) {
		return
	}
	if len(value.Elements) == 0 {
		v.schema(at, "Value cannot be empty")
	}
	for i, e := range value.Elements {
		if !v.typed(fmt.Sprintf("%s[%d]", at, i), e, source.String) {
			continue
		}
		if e.Text == "States.ALL" && (len(value.Elements) > 1 || !last) {
			v.schema(at, "States.ALL must appear alone and at end of list")
			return
		}
	}
}
