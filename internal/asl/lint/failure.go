package lint

import (
	"fmt"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/asl/source"
)

// failuresThatSucceed warns of states that are reached by failures alone and
// end the execution as SUCCEEDED.
func (c *checker) failuresThatSucceed(f *flow) {
	var caught []string
	for _, name := range f.names {
		for _, k := range f.states[name].catchers {
			if k.all && f.usual[name] {
				caught = append(caught, k.next)
			}
		}
	}
	failed := f.closure(caught, func(s *state) []string { return s.next })
	for _, name := range f.names {
		s := f.states[name]
		if !failed[name] || f.usual[name] || !s.ends() {
			continue
		}
		at := s.at.with("End")
		if s.kind == asl.Succeed {
			at = s.at.with("Type")
		}
		c.warn(FailureSucceeds, name, at,
			"only failures lead here, and the execution then ends as SUCCEEDED: who looks at its status, or counts failed executions, sees none",
			`let a Fail state follow: "Next": "Failed", and "Failed": {"Type": "Fail", …}`)
	}
}

// dropsInput warns of a catcher that replaces the input by the error, where
// something that follows needs the input, or nothing reads the error either.
func (c *checker) dropsInput(f *flow, s *state, k catcher) {
	if s.language == asl.JSONata && k.value.Has("Output") || s.language == asl.JSONPath && !whole(k.value.Get("ResultPath")) {
		return
	}
	if s.language == asl.JSONPath && k.value.Get("ResultPath").Is(source.Null) {
		return
	}
	target := f.states[k.next]
	if target == nil {
		return
	}
	lost, reader, knows := f.lostAfter(k.next)
	const remedy = `keep both: "ResultPath": "$.Error"`
	switch {
	case lost != "":
		c.warn(CatchDropsInput, s.name, k.at,
			fmt.Sprintf("the error takes the place of the input, and '%s' then reads %s, which is gone", reader, lost), remedy)
	case !knows && s.language == asl.JSONPath && target.kind != asl.Fail:
		c.warn(CatchDropsInput, s.name, k.at,
			fmt.Sprintf("the error takes the place of the input, and '%s' reads neither: what failed, and with what, is lost", k.next), remedy)
	}
}

// lostAfter looks from a catcher's target on: for the first path that reads
// more than the error, and whether anything is read at all.
func (f *flow) lostAfter(name string) (lost, reader string, knows bool) {
	seen := map[string]bool{}
	for name != "" && !seen[name] && len(seen) < 20 {
		seen[name] = true
		s := f.states[name]
		if s == nil {
			return "", "", knows
		}
		r := readsOf(s)
		for _, p := range r.paths {
			knows = true
			if first := firstName(p); first != "" && !slices.Contains([]string{"Error", "Cause"}, first) {
				return p, name, true
			}
		}
		knows = knows || r.variables
		if replaces(s) || len(s.next) != 1 {
			return "", "", knows
		}
		name = s.next[0]
	}
	return "", "", knows
}

// firstName is the member of the input that a path goes into, "" for the
// input as a whole.
func firstName(text string) string {
	rest := strings.TrimPrefix(bare(text), ".")
	name, _, _ := strings.Cut(rest, ".")
	name, _, _ = strings.Cut(name, "[")
	return name
}
