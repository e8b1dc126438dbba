package scenario

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads a file of tests. The error is a *FaultsError with all its faults.
func Parse(name string, text []byte) (*File, error) {
	root, faults := parseTree(text)
	d := &decoder{faults: faults}
	f := &File{Name: name}
	if len(faults) == 0 {
		d.file(root, f)
	}
	if len(d.faults) > 0 {
		return nil, &FaultsError{File: name, List: d.faults}
	}
	return f, nil
}

type decoder struct{ faults []Problem }

func (d *decoder) problem(n *node, format string, args ...any) {
	d.faults = append(d.faults, Problem{n.line, n.column, fmt.Sprintf(format, args...)})
}

// fields are the keys that a mapping may have, with what reads each.
type fields map[string]func(*node)

// mapping reads a mapping strictly.
func (d *decoder) mapping(n *node, what string, f fields) bool {
	if n.kind != isMapping {
		d.problem(n, "%s must be a mapping with some of %s", what, strings.Join(keys(f), ", "))
		return false
	}
	for _, e := range n.entries {
		read, ok := f[e.key]
		if !ok {
			d.problem(e.at, "%s has no %q (there are %s)", what, e.key, strings.Join(keys(f), ", "))
			continue
		}
		read(e.value)
	}
	return true
}

func keys(f fields) []string {
	out := make([]string, 0, len(f))
	for k := range f {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (n *node) has(key string) bool {
	return slices.ContainsFunc(n.entries, func(e entry) bool { return e.key == key })
}

func (d *decoder) text(to *string, what string) func(*node) {
	return func(n *node) {
		s, ok := n.scalar.(string)
		if n.kind != isScalar || !ok {
			d.problem(n, "%s must be a text", what)
			return
		}
		*to = s
	}
}

func (d *decoder) optional(to **string, what string) func(*node) {
	return func(n *node) {
		var s string
		d.text(&s, what)(n)
		*to = &s
	}
}

func (d *decoder) any(to **any) func(*node) {
	return func(n *node) {
		v := n.value()
		*to = &v
	}
}

func (d *decoder) object(to *map[string]any, what string) func(*node) {
	return func(n *node) {
		if n.kind != isMapping {
			d.problem(n, "%s must be a mapping", what)
			return
		}
		*to, _ = n.value().(map[string]any)
	}
}

func (d *decoder) time(to *time.Time, what string) func(*node) {
	return func(n *node) {
		s, _ := n.scalar.(string)
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			d.problem(n, "%s must be a time such as 2026-01-02T06:00:00Z", what)
			return
		}
		*to = t.UTC()
	}
}

// duration reads 90s, 1h30m or a number of seconds.
func (d *decoder) duration(to *time.Duration, what string) func(*node) {
	return func(n *node) {
		switch v := n.scalar.(type) {
		case string:
			if t, err := time.ParseDuration(v); err == nil && t >= 0 {
				*to = t
				return
			}
		case json.Number:
			if s, err := v.Float64(); err == nil && s >= 0 && s < 1e9 {
				*to = time.Duration(s * float64(time.Second))
				return
			}
		}
		d.problem(n, "%s must be a duration such as 90s or 1h30m, or a number of seconds", what)
	}
}

func (d *decoder) file(n *node, f *File) {
	if n == nil {
		d.faults = append(d.faults, Problem{Text: "the file is empty: it needs 'tests'"})
		return
	}
	ok := d.mapping(n, "the file", fields{
		"machine": d.text(&f.Machine, "machine"),
		"start":   d.time(&f.Start, "start"),
		"mocks":   func(n *node) { f.Mocks = d.mocks(n) },
		"tests": func(n *node) {
			if n.kind != isList {
				d.problem(n, "tests must be a list")
				return
			}
			for _, t := range n.list {
				f.Tests = append(f.Tests, d.test(t))
			}
		},
	})
	if ok && len(f.Tests) == 0 && len(d.faults) == 0 {
		d.problem(n, "there are no tests")
	}
	names := map[string]int{}
	for _, t := range f.Tests {
		if first, twice := names[t.Name]; twice && t.Name != "" {
			d.faults = append(d.faults, Problem{t.Line, 1, fmt.Sprintf("the name %q is there twice (first in line %d)", t.Name, first)})
		}
		names[t.Name] = t.Line
	}
}

func (d *decoder) test(n *node) Test {
	t := Test{Line: n.line, Input: map[string]any{}}
	ok := d.mapping(n, "a test", fields{
		"name":      d.text(&t.Name, "name"),
		"start_at":  d.text(&t.StartAt, "start_at"),
		"input":     func(n *node) { t.Input = n.value() },
		"variables": d.object(&t.Variables, "variables"),
		"context":   d.object(&t.Context, "context"),
		"start":     d.time(&t.Start, "start"),
		"mocks":     func(n *node) { t.Mocks = d.mocks(n) },
		"expect":    func(n *node) { d.expect(n, &t.Expect) },
	})
	if ok && t.Name == "" {
		d.problem(n, "a test needs a name")
	}
	for section, v := range t.Context {
		if _, isObject := v.(map[string]any); !isObject || section != "Execution" && section != "StateMachine" {
			d.problem(n, "context can give fields of Execution and StateMachine, not %s", section)
		}
	}
	e := &t.Expect
	if !e.StatusGiven {
		e.Status = "SUCCEEDED"
		if e.Error != nil || e.Cause != nil || e.CauseHas != nil {
			e.Status = "FAILED"
		}
	}
	return t
}

func (d *decoder) mocks(n *node) Mocks {
	if n.kind != isMapping {
		d.problem(n, "mocks must be a mapping by state")
		return nil
	}
	out := Mocks{}
	for _, e := range n.entries {
		s := &StateMocks{Line: e.at.line, Column: e.at.column}
		switch {
		case e.value.kind == isMapping && e.value.has("items"):
			d.mapping(e.value, "a mock by items", fields{"items": func(n *node) { d.items(n, s) }})
		case e.value.kind == isMapping && e.value.has("read"):
			d.mapping(e.value, "a mock of a reader", fields{"read": func(n *node) {
				if n.kind != isList {
					d.problem(n, "read must be the list of items")
					return
				}
				s.Read, _ = n.value().([]any)
				s.HasRead = true
			}})
		default:
			s.Sequence = d.sequence(e.value)
		}
		out[e.key] = s
	}
	return out
}

func (d *decoder) items(n *node, s *StateMocks) {
	if n.kind != isMapping {
		d.problem(n, "items must be a mapping by index")
		return
	}
	s.Items = map[string][]Mock{}
	for _, e := range n.entries {
		for _, part := range strings.Split(e.key, "/") {
			if i, err := strconv.Atoi(part); (err != nil || i < 0) && e.key != "*" {
				d.problem(e.at, "%q is no index of an item: 0, 1, … or 0/2 for a Map in a Map, * for all others", e.key)
				break
			}
		}
		s.Items[e.key] = d.sequence(e.value)
	}
}

// sequence reads one answer or a list of them.
func (d *decoder) sequence(n *node) []Mock {
	if n.kind != isList {
		return []Mock{d.mock(n)}
	}
	if len(n.list) == 0 {
		d.problem(n, "an empty list answers nothing")
	}
	out := make([]Mock, 0, len(n.list))
	for _, m := range n.list {
		out = append(out, d.mock(m))
	}
	return out
}

func (d *decoder) mock(n *node) Mock {
	var m Mock
	ok := d.mapping(n, "a mock", fields{
		"result": func(n *node) { m.Result = n.value() },
		"error":  d.optional(&m.Error, "error"),
		"cause":  d.optional(&m.Cause, "cause"),
		"delay":  d.duration(&m.Delay, "delay"),
		"never": func(n *node) {
			yes, isBool := n.scalar.(bool)
			if !isBool {
				d.problem(n, "never must be true or false")
			}
			m.Never = yes
		},
	})
	if !ok {
		return m
	}
	given := 0
	for _, key := range []string{"result", "error", "never"} {
		if n.has(key) {
			given++
		}
	}
	if given != 1 {
		d.problem(n, "a mock has exactly one of result, error and never")
	}
	if n.has("cause") && !n.has("error") {
		d.problem(n, "a cause needs an error")
	}
	return m
}

func (d *decoder) expect(n *node, e *Expect) {
	d.mapping(n, "expect", fields{
		"status": func(n *node) {
			d.text(&e.Status, "status")(n)
			e.StatusGiven = true
			switch e.Status {
			case "SUCCEEDED", "FAILED", "TIMED_OUT":
			default:
				d.problem(n, "status must be SUCCEEDED, FAILED or TIMED_OUT")
			}
		},
		"output":     d.any(&e.Output),
		"output_has": d.any(&e.OutputHas),
		"error":      d.optional(&e.Error, "error"),
		"cause":      d.optional(&e.Cause, "cause"),
		"cause_has":  d.optional(&e.CauseHas, "cause_has"),
		"path": func(n *node) {
			e.Path, e.HasPath = d.path(n, 0), true
		},
		"calls": func(n *node) {
			if n.kind != isList {
				d.problem(n, "calls must be a list")
				return
			}
			for _, c := range n.list {
				e.Calls = append(e.Calls, d.call(c))
			}
		},
		"duration": func(n *node) {
			var t time.Duration
			d.duration(&t, "duration")(n)
			e.Duration = &t
		},
	})
}

func (d *decoder) path(n *node, depth int) []Passage {
	if n.kind != isList || depth > maxNesting {
		d.problem(n, "a path must be a list of states")
		return nil
	}
	out := make([]Passage, 0, len(n.list))
	for _, s := range n.list {
		if name, ok := s.scalar.(string); ok && s.kind == isScalar {
			out = append(out, Passage{Name: name})
			continue
		}
		if s.kind != isMapping || len(s.entries) != 1 || s.entries[0].value.kind != isList {
			d.problem(s, "in a path stands a state, or a state: [[path of a branch], …]")
			continue
		}
		p := Passage{Name: s.entries[0].key, Inside: [][]Passage{}}
		for _, b := range s.entries[0].value.list {
			if b.kind == isScalar && b.scalar == nil {
				p.Inside = append(p.Inside, nil)
				continue
			}
			p.Inside = append(p.Inside, d.path(b, depth+1))
		}
		out = append(out, p)
	}
	return out
}

func (d *decoder) call(n *node) Call {
	c := Call{Line: n.line}
	d.mapping(n, "a call", fields{
		"state":         d.text(&c.State, "state"),
		"resource":      d.text(&c.Resource, "resource"),
		"arguments":     d.any(&c.Arguments),
		"arguments_has": d.any(&c.ArgumentsHas),
		"count": func(n *node) {
			v, _ := n.scalar.(json.Number)
			i, err := strconv.Atoi(string(v))
			if err != nil || i < 0 {
				d.problem(n, "count must be a whole number")
				return
			}
			c.Count = &i
		},
	})
	return c
}
