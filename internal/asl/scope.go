package asl

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// failure is an error in the language: what Retry and Catch see.
type failure struct {
	err, cause *string
	// location is the field of JSONata whose evaluation failed, "" otherwise.
	location string
	// value tells that the expression gave a value that its field cannot take.
	value bool
}

func fail(name, cause string) *failure { return &failure{err: &name, cause: &cause} }

func (f *failure) name() string {
	if f.err == nil {
		return ""
	}
	return *f.err
}

// output is what a Catcher hands on.
func (f *failure) output() map[string]any {
	out := map[string]any{"Error": nil, "Cause": nil}
	if f.err != nil {
		out["Error"] = *f.err
	}
	if f.cause != nil {
		out["Cause"] = *f.cause
	} else if f.name() == errTimeout || f.name() == errHeartbeat {
		out["Cause"] = ""
	}
	return out
}

// Names of errors that Step Functions raises itself.
const (
	errRuntime   = "States.Runtime"
	errQuery     = "States.QueryEvaluationError"
	errTimeout   = "States.Timeout"
	errHeartbeat = "States.HeartbeatTimeout"
	errTask      = "States.TaskFailed"
	errAll       = "States.ALL"
	errLimit     = "States.DataLimitExceeded"
	errReader    = "States.ItemReaderFailed"
	errWriter    = "States.ResultWriterFailed"
	errTolerated = "States.ExceedToleratedFailureThreshold"
)

// scope is what the expressions of one state can see.
type scope struct {
	x     *Execution
	frame *frame
	state *State
	host  Host
	// input is $ of JSONPath and $states.input of JSONata.
	input       any
	result      any
	hasResult   bool
	errorOutput any
	hasError    bool
	// item is the iteration that is about to start, for ItemSelector.
	item    *mapItem
	context any
}

func (sc *scope) with(input any) *scope {
	c := *sc
	c.input = input
	return &c
}

func (sc *scope) prefix() string {
	return "An error occurred while executing the state '" + sc.state.Name + "' (entered at the event id #" +
		strconv.FormatInt(sc.frame.EnteredID, 10) + "). "
}

func (sc *scope) runtime(reason string) *failure { return fail(errRuntime, sc.prefix()+reason) }

// evaluation is a failure in a field of a JSONata state.
func (sc *scope) evaluation(field, reason string) *failure {
	f := fail(errQuery, sc.prefix()+reason)
	f.location = field
	return f
}

// unusable is a failure of a JSONata field whose value makes no sense there.
func (sc *scope) unusable(field, reason string) *failure {
	f := sc.evaluation(field, reason)
	f.value = true
	return f
}

// contextObject builds $$ once for each scope.
func (sc *scope) contextObject() any {
	if sc.context == nil {
		sc.context = sc.x.contextObject(sc)
	}
	return sc.context
}

func (x *Execution) contextObject(sc *scope) map[string]any {
	i := x.infoOf(sc.frame)
	execution := map[string]any{
		"Id": i.ID, "Input": i.Input, "Name": i.Name, "RoleArn": i.RoleARN, "StartTime": formatTime(i.StartTime),
	}
	if !i.Express {
		execution["RedriveCount"] = json.Number(strconv.Itoa(i.RedriveCount))
		if i.RedriveCount > 0 {
			execution["RedriveTime"] = formatTime(i.RedriveTime)
		}
	}
	state := map[string]any{"EnteredTime": formatTime(sc.frame.EnteredAt), "Name": sc.state.Name}
	switch sc.state.Type {
	case Task, Parallel, Map:
		state["RetryCount"] = json.Number(strconv.Itoa(sc.frame.RetryCount))
	}
	ctx := map[string]any{
		"Execution":    execution,
		"State":        state,
		"StateMachine": map[string]any{"Id": i.MachineID, "Name": i.MachineName},
	}
	item := sc.item
	// A child execution of a distributed Map does not know its item.
	for f := sc.frame; item == nil && f != nil && f.Child == nil; f = f.parent {
		item = f.Item
	}
	if item != nil {
		ctx["Map"] = map[string]any{"Item": item.object(sc.item != nil && sc.state.Distributed)}
	}
	if sc.state.Type == Task && sc.frame.Token != "" {
		ctx["Task"] = map[string]any{"Token": sc.frame.Token}
	}
	if x.trial != nil || x.given != nil {
		x.replace(ctx, sc.frame)
	}
	return ctx
}

// lookup evaluates a path or call. found is false where a definite path leads
// nowhere.
func (sc *scope) lookup(e *expression) (v any, found bool, f *failure) {
	if e.call != nil {
		v, f = sc.callIntrinsic(e)
		return v, f == nil, f
	}
	root, ok := sc.root(e)
	if !ok {
		return nil, false, nil
	}
	v, found, err := e.path.Get(root)
	if err != nil {
		return nil, false, sc.runtime("Invalid path '" + e.text + "' : " + err.Error())
	}
	if !found && !e.path.Definite() {
		// A path that asks for many finds none where its way ends early.
		return []any{}, true, nil
	}
	return v, found, nil
}

func (sc *scope) root(e *expression) (any, bool) {
	switch e.origin {
	case fromContext:
		return sc.contextObject(), true
	case fromVariable:
		return sc.frame.variable(e.variable)
	}
	return sc.input, true
}

// filter evaluates InputPath and OutputPath.
func (sc *scope) filter(e *expression, v any) (any, *failure) {
	switch {
	case e == nil || e.origin == fromInput && e.path != nil && e.path.Root():
		return v, nil
	case e.discard:
		return map[string]any{}, nil
	case v == nil && e.origin == fromInput && e.path != nil:
		return nil, sc.runtime("Invalid path '" + e.text + "' : Unable to apply Path transformation to null or empty input.")
	}
	return sc.with(v).must(e)
}

// must evaluates a path that has to lead somewhere.
func (sc *scope) must(e *expression) (any, *failure) {
	v, found, f := sc.lookup(e)
	if f != nil {
		return nil, f
	}
	if !found {
		reason := "No results for path: $['" + e.variable + "']"
		if root, ok := sc.root(e); ok {
			reason = e.path.Missing(root)
		}
		return nil, sc.runtime("Invalid path '" + e.text + "' : " + reason)
	}
	return v, nil
}

// eval evaluates a template; nil is null.
func (sc *scope) eval(n *node) (any, *failure) {
	switch {
	case n == nil:
		return nil, nil
	case n.path != nil:
		return sc.evalPath(n)
	case n.expr != nil:
		return sc.evalJSONata(n)
	case n.members == nil:
		return n.literal, nil
	case n.array:
		out := make([]any, len(n.members))
		for i, m := range n.members {
			v, f := sc.eval(m)
			if f != nil {
				return nil, f
			}
			out[i] = v
		}
		return out, nil
	}
	out := make(map[string]any, len(n.members))
	for i, m := range n.members {
		v, f := sc.eval(m)
		if f != nil {
			return nil, f
		}
		out[n.keys[i]] = v
	}
	return out, nil
}

func (sc *scope) evalPath(n *node) (any, *failure) {
	v, found, f := sc.lookup(n.path)
	if f != nil || found {
		return v, f
	}
	root, _ := sc.root(n.path)
	if n.path.path.PastEnd(root) {
		return nil, nil // an index behind the end is null in a template, and nowhere else
	}
	return nil, sc.runtime(fmt.Sprintf("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'",
		n.path.text, n.field, Text(root)))
}

// count evaluates a setting that is a whole number; set is false when the
// state does not have it.
func (sc *scope) count(n *node) (v int64, set bool, f *failure) {
	raw, set, f := sc.setting(n)
	if f != nil || !set {
		return 0, set, f
	}
	if s, isString := raw.(string); isString && n.path != nil {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i, true, nil
		}
	}
	if i, ok := integer(raw); ok {
		return i, true, nil
	}
	return 0, true, sc.wrongNumber(n, raw, "integer")
}

// number is count for numbers that need not be whole.
func (sc *scope) number(n *node) (v float64, set bool, f *failure) {
	raw, set, f := sc.setting(n)
	if f != nil || !set {
		return 0, set, f
	}
	if num, ok := raw.(json.Number); ok {
		if v, err := num.Float64(); err == nil {
			return v, true, nil
		}
	}
	return 0, true, sc.wrongNumber(n, raw, "float")
}

func (sc *scope) wrongNumber(n *node, raw any, kind string) *failure {
	if n.expr != nil {
		if _, isNumber := raw.(json.Number); isNumber {
			return sc.unusable(n.field, "The "+n.field+" field cannot be parsed as an integer: "+display(raw))
		}
		return sc.wrongType(n, raw, "number")
	}
	if n.path == nil {
		return sc.runtime(fmt.Sprintf("The %s field refers to value %q which is not a valid %s", n.field, display(raw), kind))
	}
	return sc.runtime(fmt.Sprintf("The %s field refers to value \"%s\" which is not a valid %s: %s", n.field, display(raw), kind, n.path.text))
}

func (sc *scope) setting(n *node) (any, bool, *failure) {
	if n == nil {
		return nil, false, nil
	}
	if n.path != nil {
		v, f := sc.must(n.path)
		return v, true, f
	}
	v, f := sc.eval(n)
	return v, true, f
}

// display is a value as error texts show it: strings bare, the rest as JSON.
func display(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Text(v)
}

func (sc *scope) wrongType(n *node, v any, want string) *failure {
	return sc.evaluation(n.field, fmt.Sprintf(
		"The JSONata expression '%s' specified for the field '%s' returned an unexpected result type. Expected '%s', but was '%s' for value: %s",
		n.source, n.field, want, typeName(v), Text(v)))
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}
