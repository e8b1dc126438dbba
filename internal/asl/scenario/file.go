// Package scenario runs tests of state machines. A file of tests says for each
// what the machine gets, what the services that it calls would answer, and what
// should come of it; Run plays that through with a clock that jumps, so waits,
// time-outs and retries take no time. It does no I/O.
package scenario

import (
	"time"
)

// File is a file of tests.
type File struct {
	// Name is the file's, as errors and reports call it.
	Name string
	// Machine is the definition that is tested, a path relative to the file;
	// "" when it does not say.
	Machine string
	// Start is when the executions start.
	Start time.Time
	Mocks Mocks
	Tests []Test
}

// Test is one execution and what is expected of it.
type Test struct {
	Name string
	// Line is where the test begins in its file.
	Line int
	// StartAt is the state to start with, "" for that of the machine.
	StartAt   string
	Input     any
	Variables map[string]any
	// Context takes the place of fields of the context object.
	Context map[string]any
	Start   time.Time
	Mocks   Mocks
	Expect  Expect
}

// Mocks are the answers of services, by the state that calls; "*" is for all
// states that are not named.
type Mocks map[string]*StateMocks

// StateMocks are the answers that one state gets.
type StateMocks struct {
	// Line and Column are where they stand.
	Line, Column int
	// Sequence is consumed call by call; the last one answers all later calls.
	Sequence []Mock
	// Items are sequences for the iterations of the Map around the state, by
	// index ("2", or "0/2" for item 2 within item 0 of a Map in a Map); "*" is
	// for those that are not named.
	Items map[string][]Mock
	// Read are the items that a Map's ItemReader reads; HasRead tells that they
	// are given.
	Read    []any
	HasRead bool
}

// Mock is one answer.
type Mock struct {
	Result any
	// Error makes the answer a failure.
	Error, Cause *string
	// Delay is how long the answer takes on the fast clock.
	Delay time.Duration
	// Never tells that no answer comes: the state's time-outs decide.
	Never bool
}

// Expect is what should come of a test. Nil pointers expect nothing.
type Expect struct {
	// Status is SUCCEEDED unless the file says otherwise or expects an error.
	Status      string
	Output      *any
	OutputHas   *any
	Error       *string
	Cause       *string
	CauseHas    *string
	Path        []Passage
	HasPath     bool
	Calls       []Call
	Duration    *time.Duration
	StatusGiven bool
}

// Passage is one state of an expected path. Name is "..." for any states.
type Passage struct {
	Name string
	// Inside are the paths of the branches or iterations; nil to leave them
	// open. A nil path in it leaves that one open.
	Inside [][]Passage
}

// Call describes calls that are expected.
type Call struct {
	Line         int
	State        string
	Resource     string
	Arguments    *any
	ArgumentsHas *any
	// Count is how many such calls there are; nil for at least one.
	Count *int
}
