package teststate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
)

// errTimeout is what a state fails with that takes longer than Options.Limit.
const errTimeout = "States.Timeout"

// Run tests a state. The error is an *Error for a request that is refused, or
// that of the context, of Options.Sleep or of Options.Perform.
func Run(ctx context.Context, r Request, o Options) (Answer, error) {
	q, err := read(&r, &o)
	if err != nil {
		return Answer{}, err
	}
	d := &driver{q: q, o: &o, now: o.now()}
	outer := ctx
	if o.Limit > 0 {
		d.end = d.now.Add(o.Limit)
		// A loop that never waits takes no time of the state's clock.
		limited, cancel := context.WithTimeout(ctx, o.Limit)
		defer cancel()
		ctx = limited
	}
	w := &watch{}
	v, err := asl.RunTrial(ctx, q.machine, info(q, &o, d.now), trial(ctx, q, &o), d, w.observe)
	switch {
	case errors.Is(err, errLimit), err != nil && ctx.Err() != nil && outer.Err() == nil:
		name := errTimeout
		v = asl.Verdict{Outcome: asl.Outcome{Status: asl.Failed, Error: &name}, Variables: q.variables, Retrier: -1, Catcher: -1}
	case errors.Is(err, asl.ErrTooManyFailed):
		return Answer{}, refuse(CodeValidation, "Map iteration failure count must be less than or equal to the number of Map iterations")
	case err != nil:
		return Answer{}, err
	}
	return answer(q, v, w), nil
}

func info(q *request, o *Options, now time.Time) asl.Info {
	name, machine := o.UUID(), o.UUID()
	prefix := "arn:aws:states:" + o.Region + ":" + o.Account
	return asl.Info{
		ID: prefix + ":express:" + machine + ":" + name, Name: name, RoleARN: q.RoleARN,
		MachineID: prefix + ":stateMachine:" + machine, MachineName: machine,
		Input: q.input, StartTime: now, Express: true,
	}
}

func trial(ctx context.Context, q *request, o *Options) asl.Trial {
	t := asl.Trial{State: q.state.Name, Variables: q.variables, Context: q.context, Mock: q.mock}
	if o.Strict {
		t.As = loneState
	}
	c := q.StateConfiguration
	if c == nil {
		return t
	}
	if c.RetrierRetryCount != nil {
		t.Retries = *c.RetrierRetryCount
	}
	if c.MapIterationFailureCount != nil {
		t.FailedIterations = *c.MapIterationFailureCount
	}
	if c.MapItemReaderData != nil {
		t.Items = func(config any) ([]any, error) { return readItems(ctx, *c.MapItemReaderData, config) }
	}
	return t
}

// watch keeps what was seen of the state under test.
type watch struct {
	seen map[asl.Sight]any
}

func (w *watch) observe(o asl.Observation) {
	if o.Parent != 0 {
		return
	}
	if w.seen == nil {
		w.seen = map[asl.Sight]any{}
	}
	w.seen[o.Sight] = o.Value
}

func (w *watch) text(q *request, s asl.Sight) *string {
	v, ok := w.seen[s]
	if !ok {
		return nil
	}
	return q.text(v)
}

func (w *watch) number(s asl.Sight) *int64 {
	if n, ok := w.seen[s].(int64); ok {
		return &n
	}
	return nil
}

func answer(q *request, v asl.Verdict, w *watch) Answer {
	a := Answer{Status: Failed, Error: v.Error, Cause: v.Cause}
	switch {
	case v.Again:
		a.Status = Retriable
	case v.Status == asl.Succeeded:
		a.Status, a.Output, a.NextState = Succeeded, q.text(v.Output), v.Next
		if v.Catcher >= 0 {
			a.Status, a.Error, a.Cause = CaughtError, v.Caught.Error, v.Caught.Cause
		}
	}
	if q.level != Info {
		a.InspectionData = inspection(q, v, w)
	}
	return a
}

func inspection(q *request, v asl.Verdict, w *watch) *InspectionData {
	s := q.state
	// AWS shows nothing of the way to what a mocked Parallel or a literal Result
	// replaces.
	if s.Type == asl.Parallel && q.mock != nil || s.Type == asl.Pass && w.seen[asl.RawResult] != nil {
		for _, hidden := range []asl.Sight{asl.AfterInputPath, asl.AfterParameters, asl.AfterArguments} {
			delete(w.seen, hidden)
		}
	}
	d := &InspectionData{
		Input:          q.text(q.input),
		AfterArguments: w.text(q, asl.AfterArguments), AfterInputPath: w.text(q, asl.AfterInputPath), AfterParameters: w.text(q, asl.AfterParameters),
		Result: w.text(q, asl.RawResult), AfterResultSelector: w.text(q, asl.AfterResultSelector), AfterResultPath: w.text(q, asl.AfterResultPath),
		AfterItemsPath: w.text(q, asl.AfterItemsPath), AfterItemSelector: w.text(q, asl.AfterItemSelector), AfterItemBatcher: w.text(q, asl.AfterItemBatcher),
		AfterItemsPointer: w.text(q, asl.AfterItemsPointer),
		MaxConcurrency:    w.number(asl.SetConcurrency), ToleratedFailureCount: w.number(asl.SetToleratedCount),
	}
	if share, ok := w.seen[asl.SetToleratedShare].(float64); ok {
		d.ToleratedFailurePercentage = &share
	}
	if len(v.Variables) > 0 {
		d.Variables = q.text(v.Variables)
	}
	d.ErrorDetails = errorDetails(v)
	if q.level == Trace && q.mock == nil && s.Type == asl.Task && s.Resource.Service == "http" {
		d.Request, d.Response = exchange(w, q.RevealSecrets)
	}
	return d
}

func errorDetails(v asl.Verdict) *ErrorDetails {
	if v.Retrier < 0 && v.Catcher < 0 {
		return nil
	}
	d := &ErrorDetails{}
	if v.Retrier >= 0 {
		d.RetryIndex = &v.Retrier
	}
	if v.Catcher >= 0 {
		d.CatchIndex = &v.Catcher
	}
	if v.Again {
		s := int64(v.Delay / time.Second)
		d.RetryBackoffIntervalSeconds = &s
	}
	return d
}

// exchange is the request and the response of an HTTP Task that was called.
func exchange(w *watch, secrets bool) (*HTTPRequest, *HTTPResponse) {
	arguments, ok := w.seen[asl.AfterParameters].(map[string]any)
	if !ok {
		arguments, ok = w.seen[asl.AfterArguments].(map[string]any)
	}
	if !ok {
		return nil, nil
	}
	r := &HTTPRequest{Protocol: "https", Method: str(arguments["Method"]), URL: str(arguments["ApiEndpoint"])}
	if secrets {
		r.Headers = str(arguments["Headers"])
	}
	if body, given := arguments["RequestBody"]; given {
		r.Body = asl.Text(body)
	}
	result, ok := w.seen[asl.RawResult].(map[string]any)
	if !ok {
		return r, nil
	}
	return r, &HTTPResponse{
		Protocol: "https", StatusCode: str(result["StatusCode"]), StatusMessage: str(result["StatusText"]),
		Headers: str(result["Headers"]), Body: str(result["ResponseBody"]),
	}
}

func str(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if v == nil {
		return ""
	}
	return asl.Text(v)
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// errLimit tells that the state took longer than it may.
var errLimit = errors.New("teststate: the state takes too long")

// driver answers what is not mocked.
type driver struct {
	q     *request
	o     *Options
	now   time.Time
	end   time.Time
	count int
}

func (d *driver) Now() time.Time  { return d.now }
func (d *driver) UUID() string    { return d.o.UUID() }
func (d *driver) Random() float64 { return d.o.Random() }
func (d *driver) TaskToken(e string) string {
	d.count++
	return d.o.UUID() + "-" + e + "-" + strconv.Itoa(d.count)
}

// Sleep lets the clock jump, or waits as Options.Sleep does.
func (d *driver) Sleep(ctx context.Context, until time.Time) error {
	late := !d.end.IsZero() && until.After(d.end)
	if late {
		until = d.end
	}
	if d.o.Sleep != nil {
		if err := d.o.Sleep(ctx, until); err != nil {
			return err
		}
	}
	if until.After(d.now) {
		d.now = until
	}
	if late {
		return errLimit
	}
	return nil
}

// Perform answers a call or a read.
func (d *driver) Perform(ctx context.Context, e asl.Effect) (asl.Answer, error) {
	if c := d.q.StateConfiguration; e.Kind == asl.ReadEffect && c != nil && c.MapItemReaderData != nil && len(e.Iterations) == 0 {
		return items.Answer(readPage(ctx, *c.MapItemReaderData, e)), nil
	}
	if d.o.Perform == nil {
		return asl.Answer{}, refuse(CodeValidation, "State '%s' calls %s, which nothing here can do: give the state a mock", e.State, e.Resource.ARN)
	}
	a, err := d.o.Perform(ctx, e)
	d.now = later(d.now, d.o.now())
	return a, err
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
