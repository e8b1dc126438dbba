package lint

import (
	"strconv"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

func itoa(i int) string { return strconv.Itoa(i) }

// state is a state of the flow that is being checked.
type state struct {
	name     string
	value    *source.Value
	at       path
	kind     asl.StateType
	language asl.QueryLanguage
	resource asl.Resource
	next     []string // the ways it goes when all is well
	catchers []catcher
}

type catcher struct {
	at    path
	value *source.Value
	next  string
	all   bool // it catches errors of every kind
}

// flow is a machine, a branch or a processor: states that lead to each other.
type flow struct {
	start  string
	names  []string
	states map[string]*state
	// usual are the states that are reached without a failure.
	usual map[string]bool
}

func (c *checker) newFlow(v *source.Value, at path) *flow {
	f := &flow{start: v.Get("StartAt").Str(), states: map[string]*state{}}
	states := v.Get("States")
	if !states.Is(source.Object) {
		return f
	}
	for _, m := range states.Members {
		if f.states[m.Name] == nil {
			f.names = append(f.names, m.Name)
		}
		f.states[m.Name] = c.newState(m.Name, m.Value, at.with("States", m.Name))
	}
	f.usual = f.closure([]string{f.start}, func(s *state) []string { return s.next })
	return f
}

func (c *checker) newState(name string, v *source.Value, at path) *state {
	s := &state{name: name, value: v, at: at, kind: asl.StateType(v.Get("Type").Str()), language: language(v, c.language)}
	s.resource, _ = asl.ParseResource(v.Get("Resource").Str())
	add := func(next *source.Value) {
		if next.Is(source.String) {
			s.next = append(s.next, next.Text)
		}
	}
	add(v.Get("Next"))
	add(v.Get("Default"))
	if choices := v.Get("Choices"); choices.Is(source.Array) {
		for _, r := range choices.Elements {
			add(r.Get("Next"))
		}
	}
	if list := v.Get("Catch"); list.Is(source.Array) {
		for i, e := range list.Elements {
			s.catchers = append(s.catchers, catcher{at: at.with("Catch", itoa(i)), value: e, next: e.Get("Next").Str(), all: catchesAll(e)})
		}
	}
	return s
}

func catchesAll(catcher *source.Value) bool {
	if names := catcher.Get("ErrorEquals"); names.Is(source.Array) {
		for _, n := range names.Elements {
			if n.Str() == "States.ALL" || n.Str() == "States.TaskFailed" {
				return true
			}
		}
	}
	return false
}

// ends tells whether an execution of the flow can end well in the state.
func (s *state) ends() bool {
	end := s.value.Get("End")
	return s.kind == asl.Succeed || end.Is(source.Boolean) && end.Bool
}

// closure is what can be reached from some states by the ways that follow
// gives.
func (f *flow) closure(from []string, follow func(*state) []string) map[string]bool {
	reached := map[string]bool{}
	pending := from
	for len(pending) > 0 {
		name := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		s := f.states[name]
		if s == nil || reached[name] {
			continue
		}
		reached[name] = true
		pending = append(pending, follow(s)...)
	}
	return reached
}

// leadTo is the states from which one can be reached that is wanted, after
// them.
func (f *flow) leadTo(wanted func(*state) bool) map[string]bool {
	before := map[string][]string{}
	var pending []string
	for _, name := range f.names {
		s := f.states[name]
		for _, next := range s.next {
			before[next] = append(before[next], name)
		}
		for _, c := range s.catchers {
			before[c.next] = append(before[c.next], name)
		}
		if wanted(s) {
			pending = append(pending, name)
		}
	}
	leads := map[string]bool{}
	for len(pending) > 0 {
		name := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		for _, b := range before[name] {
			if !leads[b] {
				leads[b] = true
				pending = append(pending, b)
			}
		}
	}
	return leads
}

// flow checks the states of one flow and of those inside it. whole is the
// machine itself; caught tells that failures are handled around it.
func (c *checker) flow(v *source.Value, at path, whole, caught bool) {
	f := c.newFlow(v, at)
	if len(at) > maxDepth {
		return
	}
	if whole {
		c.failuresThatSucceed(f)
	}
	c.nulls(f)
	c.notAwaited(f)
	for _, name := range f.names {
		s := f.states[name]
		c.literals(s)
		c.task(f, s, caught)
		for _, k := range s.catchers {
			c.dropsInput(f, s, k)
		}
		handled := caught || len(s.catchers) > 0
		for _, inner := range innerFlows(s) {
			c.flow(inner.value, inner.at, false, handled)
		}
	}
}

// maxDepth bounds how deep flows inside flows are looked into, in steps of a
// path: more than the language lets them be nested.
const maxDepth = 300

type innerFlow struct {
	value *source.Value
	at    path
}

func innerFlows(s *state) []innerFlow {
	var list []innerFlow
	for _, field := range []string{"ItemProcessor", "Iterator"} {
		if p := s.value.Get(field); p.Is(source.Object) {
			list = append(list, innerFlow{p, s.at.with(field)})
		}
	}
	if branches := s.value.Get("Branches"); branches.Is(source.Array) {
		for i, b := range branches.Elements {
			list = append(list, innerFlow{b, s.at.with("Branches", itoa(i))})
		}
	}
	return list
}
