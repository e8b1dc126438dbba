package asl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// Trial says in what situation a single state is tried.
type Trial struct {
	// State is the name of the state, anywhere in the machine.
	State string
	// As is the name under which the state runs, "" for its own.
	As        string
	Variables map[string]any
	// Context holds fields that take the place of those of $$.
	Context map[string]any
	// Retries is how often the retrier that applies has granted an attempt.
	Retries int
	// Mock stands in for what a Task calls, or for all that a Map or Parallel
	// runs; nil to do it.
	Mock *Answer
	// Items reads the items of an ItemReader from its ReaderConfig in a mocked
	// Map; nil where they are unknown.
	Items func(config any) ([]any, error)
	// FailedIterations is how many iterations of a mocked Map failed.
	FailedIterations int
}

// Verdict is what came out of a Trial.
type Verdict struct {
	Outcome
	// Next is the state that would follow, "" for none.
	Next string
	// Caught is the error that the catcher took.
	Caught Outcome
	// Variables are those after the state.
	Variables map[string]any
	// Retrier and Catcher are the indexes of those that dealt with the error,
	// -1 for none. Again tells that the retrier grants another attempt, after
	// Delay; without it its attempts are used up.
	Retrier, Catcher int
	Again            bool
	Delay            time.Duration
}

// What a Trial cannot do.
var (
	ErrNoState       = errors.New("asl: no such state")
	ErrTooManyFailed = errors.New("asl: more iterations failed than there are")
)

// trial is the Trial of an execution that runs one state alone.
type trial struct {
	Trial
	verdict Verdict
	refused error
}

// ParseState reads the definition of one state alone; what follows it need not
// exist. The machine has only that state, under the given name.
func ParseState(definition []byte, name string) (*Machine, error) {
	p := &parser{names: map[string]bool{}, language: JSONPath}
	fields, err := p.document(definition)
	if err != nil {
		return nil, err
	}
	s := p.state(p.object("/", fields), name, 0)
	if err := p.err(); err != nil {
		return nil, err
	}
	flow := Flow{StartAt: name, States: map[string]*State{name: s}, Names: []string{name}}
	return &Machine{Language: JSONPath, Version: "1.0", Flow: flow}, nil
}

// Find looks for a state in the machine and all that is nested in it. inMap
// tells that the state is in an iteration of a Map.
func (m *Machine) Find(name string) (s *State, inMap, ok bool) {
	s, inMap = m.find(name, false)
	return s, inMap, s != nil
}

func (f *Flow) find(name string, inMap bool) (*State, bool) {
	if s, ok := f.States[name]; ok {
		return s, inMap
	}
	for _, n := range f.Names {
		outer := f.States[n]
		for _, b := range outer.Branches {
			if s, deep := b.find(name, inMap || outer.Type == Map); s != nil {
				return s, deep
			}
		}
	}
	return nil, false
}

// HasReader tells that a Map reads its items with an ItemReader.
func (s *State) HasReader() bool { return s.itemReader != nil }

// RunTrial evaluates one state of a machine to its end. The error is that of
// the driver or the context, or says that the trial makes no sense.
func RunTrial(ctx context.Context, m *Machine, info Info, t Trial, d Driver, observe func(Observation)) (Verdict, error) {
	found, _ := m.find(t.State, false)
	if found == nil {
		return Verdict{}, fmt.Errorf("%w: %s", ErrNoState, t.State)
	}
	s := *found
	if t.As != "" {
		s.Name = t.As
	}
	x := NewExecution(m, info, nil)
	x.observer = observe
	x.trial = &trial{Trial: t, verdict: Verdict{Retrier: -1, Catcher: -1}}
	// The state has been entered already, before the first event.
	x.nextEvent = 2
	f := x.root
	f.flow, f.State, f.Phase = &Flow{StartAt: s.Name, States: map[string]*State{s.Name: &s}, Names: []string{s.Name}}, s.Name, starting
	f.EnteredAt, f.RetryCount = info.StartTime, t.Retries
	if len(t.Variables) > 0 {
		f.Vars = maps.Clone(t.Variables)
	}
	x.given = t.Context
	out, err := x.Run(ctx, d)
	if err == nil {
		err = x.trial.refused
	}
	v := x.trial.verdict
	v.Outcome, v.Variables = out, f.Vars
	return v, err
}

// tries tells that a frame is the one that a trial is about.
func (x *Execution) tries(f *frame) bool { return x.trial != nil && f == x.root }

// mock is the answer that stands in for what a state would do, nil for none.
func (x *Execution) mock(f *frame) *Answer {
	if x.tries(f) {
		return x.trial.Mock
	}
	return nil
}

// replace puts what is given in the place of fields of $$. What is about a
// state is for the one under trial alone.
func (x *Execution) replace(ctx map[string]any, f *frame) {
	if execution, ok := ctx["Execution"].(map[string]any); ok && x.trial != nil && x.info.RoleARN == "" {
		execution["RoleArn"] = nil
	}
	for section, given := range x.given {
		if !x.tries(f) && section != "Execution" && section != "StateMachine" {
			continue
		}
		fields, isObject := given.(map[string]any)
		old, has := ctx[section].(map[string]any)
		if !isObject || !has {
			ctx[section] = given
			continue
		}
		for k, v := range fields {
			old[k] = v
		}
	}
}

// mockedParallel takes the mock for what the branches would have come to.
func (x *Execution) mockedParallel(f *frame, s *State, a *Answer) {
	sc := x.scope(f)
	if _, bad := x.effective(sc); bad != nil {
		x.failed(f, bad)
		return
	}
	x.mockedGroup(f, s, a)
}

// mockedMap does all that a Map does but run its iterations.
func (x *Execution) mockedMap(f *frame, s *State, a *Answer) {
	sc := x.scope(f)
	in, bad := sc.filter(s.inputPath, f.Input)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if s.Language == JSONPath {
		sc.saw(AfterInputPath, in)
	}
	sc.input = in
	items, known, bad := x.mockedItems(sc, s)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	g := &children{MaxCount: -1, MaxShare: -1}
	limit, set, bad := sc.count(s.concurrency)
	if bad == nil && limit < 0 {
		bad = sc.runtime("MaxConcurrency must be a positive integer or zero.")
	}
	if bad == nil {
		if set {
			sc.saw(SetConcurrency, limit)
		}
		bad = sc.tolerance(g)
	}
	if bad == nil && known {
		bad = sc.sawItems(items)
	}
	if bad != nil {
		x.failed(f, bad)
		return
	}
	n := len(items)
	if results, ok := a.Output.([]any); ok && !known {
		n = len(results)
	}
	failed := x.trial.FailedIterations
	if failed > n {
		x.trial.refused = ErrTooManyFailed
		x.end(Outcome{Status: Failed})
		return
	}
	if a.Kind == Done && !within(int64(failed), int64(n), g.MaxCount, g.MaxShare) {
		x.failed(f, exceeded())
		return
	}
	x.mockedGroup(f, s, a)
}

// mockedItems finds what a mocked Map goes over; known is false where that
// lies with a reader whose data is not given.
func (x *Execution) mockedItems(sc *scope, s *State) (items []any, known bool, bad *failure) {
	if s.itemReader == nil {
		if items, _, bad = sc.mapItems(s); bad == nil && s.Language == JSONPath {
			sc.saw(AfterItemsPath, items)
		}
		return items, true, bad
	}
	if _, bad = sc.eval(s.itemReader.arguments); bad != nil {
		return nil, false, bad
	}
	config, bad := sc.eval(s.itemReader.config)
	if bad != nil || x.trial.Items == nil {
		return nil, false, bad
	}
	most, set, bad := sc.count(s.itemReader.maxItems)
	if bad != nil {
		return nil, false, bad
	}
	items, err := x.trial.Items(config)
	if err != nil {
		return nil, false, fail(errReader, err.Error())
	}
	if c, ok := config.(map[string]any); ok && c["ItemsPointer"] != nil {
		sc.saw(AfterItemsPointer, items)
	}
	if set && most > 0 && most < int64(len(items)) {
		items = items[:most]
	}
	return items, true, nil
}

// sawItems shows what the iterations of a Map would get.
func (sc *scope) sawItems(items []any) *failure {
	s := sc.state
	if s.itemSelector != nil {
		selected := make([]any, len(items))
		for i, v := range items {
			one := *sc
			one.item, one.context = &mapItem{Index: i, Value: v}, nil
			var bad *failure
			if selected[i], bad = one.eval(s.itemSelector); bad != nil {
				return bad
			}
		}
		sc.saw(AfterItemSelector, selected)
	}
	if s.batcher == nil {
		return nil
	}
	batches, bad := sc.batches(items)
	if bad == nil {
		sc.saw(AfterItemBatcher, batches)
	}
	return bad
}

// mockedGroup ends a Map or Parallel with a mocked result or error.
func (x *Execution) mockedGroup(f *frame, s *State, a *Answer) {
	if a.Kind != Done {
		x.failed(f, &failure{err: a.Error, cause: a.Cause})
		return
	}
	if x.tooLarge(f, s.Name, a.Output) {
		return
	}
	sc := x.scope(f)
	sc.result, sc.hasResult = a.Output, true
	x.complete(f, sc, a.Output, s.Next)
}

// Begin has the execution, before its first Step, start at another state of its
// own flow ("" for the usual one), with variables, and with fields of the
// context object replaced.
func (x *Execution) Begin(state string, variables, context map[string]any) error {
	if state != "" {
		if x.machine.States[state] == nil {
			return fmt.Errorf("%w: %s", ErrNoState, state)
		}
		x.root.State = state
	}
	if len(variables) > 0 {
		x.root.Vars = maps.Clone(variables)
	}
	x.given = context
	return nil
}
