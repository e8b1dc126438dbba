// Package jsonpath evaluates the JSONPath dialect that Amazon States Language
// uses: Jayway's, with children, wildcards, deep scans, unions, slices,
// filters and functions.
//
// Values are those of encoding/json with UseNumber: nil, bool, string,
// json.Number, []any and map[string]any. A value found is shared with the
// input, so treat it as read-only. As a map has no order, members come sorted
// by name wherever a path visits all of them.
//
// A path comes from a definition that anybody may have written, so each
// evaluation has a budget of work: an expression can be refused, but it cannot
// hang or fill the memory.
package jsonpath

import (
	"errors"
	"strconv"
	"strings"
)

// ErrBudget is what Get returns when a path visits more values than one
// evaluation may.
var ErrBudget = errors.New("the path visits too many values")

// Path is a compiled JSONPath. It is immutable and safe for concurrent use.
type Path struct {
	source string
	steps  []step
}

// SyntaxError tells why a text is no path.
type SyntaxError struct {
	Path   string // the whole text
	Offset int    // byte where the trouble was noticed
	Reason string // without the path
}

// Error names the path, the place and the reason.
func (e *SyntaxError) Error() string {
	return "invalid JSONPath '" + e.Path + "' at offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

type kind uint8

const (
	kindProperty kind = iota // one or more names
	kindIndex                // one or more indexes
	kindSlice
	kindWildcard
	kindScan // the values below, for the step that follows
	kindFilter
	kindFunction
)

type step struct {
	kind     kind
	names    []string
	indexes  []int
	from, to *int
	filter   *filter
	function string
	args     []argument
}

// argument of a function: a literal or a path from the root or the current value.
type argument struct {
	literal any
	path    *Path
	current bool // the path starts at @
}

// String returns the path as it was written.
func (p *Path) String() string { return p.source }

// Root tells whether the path is $ alone, the whole value.
func (p *Path) Root() bool { return len(p.steps) == 0 }

// Definite tells whether the path can lead to one value at most. Get gives an
// array of all matches for a path that is not definite.
func (p *Path) Definite() bool {
	for i := range p.steps {
		if i == len(p.steps)-1 && p.steps[i].kind == kindProperty {
			return true // several names at the end make one object
		}
		if !p.steps[i].single() {
			return false
		}
	}
	return true
}

// Reference tells whether the path is a reference path: members and indexes
// alone, so that it names one place in a value and Set can write there.
func (p *Path) Reference() bool {
	for i := range p.steps {
		s := &p.steps[i]
		if s.kind != kindProperty && s.kind != kindIndex || !s.single() {
			return false
		}
		if s.kind == kindIndex && s.indexes[0] < 0 {
			return false
		}
	}
	return true
}

// Normalised returns the path in bracket notation, as error texts show it.
func (p *Path) Normalised() string { return "$" + normalise(p.steps) }

func normalise(steps []step) string {
	var b strings.Builder
	for i := range steps {
		steps[i].write(&b)
	}
	return b.String()
}

func (s *step) single() bool {
	switch s.kind {
	case kindProperty:
		return len(s.names) == 1
	case kindIndex:
		return len(s.indexes) == 1
	case kindFunction:
		return true
	default:
		return false
	}
}

func (s *step) write(b *strings.Builder) {
	switch s.kind {
	case kindProperty:
		b.WriteByte('[')
		for i, name := range s.names {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("'" + name + "'")
		}
		b.WriteByte(']')
	case kindIndex:
		b.WriteByte('[')
		for i, n := range s.indexes {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Itoa(n))
		}
		b.WriteByte(']')
	case kindSlice:
		b.WriteByte('[')
		if s.from != nil {
			b.WriteString(strconv.Itoa(*s.from))
		}
		b.WriteByte(':')
		if s.to != nil {
			b.WriteString(strconv.Itoa(*s.to))
		}
		b.WriteByte(']')
	case kindWildcard:
		b.WriteString("[*]")
	case kindScan:
		b.WriteString("..")
	case kindFilter:
		b.WriteString("[?]")
	case kindFunction:
		b.WriteString("." + s.function + "()")
	}
}
