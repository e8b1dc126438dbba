// Package asl is Amazon States Language as a language: it parses definitions
// and evaluates them, with both query languages, as Step Functions does.
//
// The package is pure. Parse gives an immutable Machine. An Execution is a
// state machine over it that does nothing by itself: Step advances it as far as
// it can go and returns the effects it wants (a task to invoke, a timer to
// set, items to read); the caller performs them whenever and wherever it
// likes and hands each answer back with Deliver. Between two steps the whole
// execution can be written out with Snapshot and read back with Restore, so an
// engine can lay it down on disk. Time, chance and identifiers come from the
// Host that the caller hands in, so the same answers in the same order give the
// same history.
//
// Run is the simple driver on top: it evaluates an execution to its end with a
// Driver that answers each effect at once.
//
// JSON values are those of encoding/json with UseNumber: nil, bool, string,
// json.Number, []any and map[string]any. They are shared, never changed.
package asl

import "time"

// QueryLanguage names how a state reads its data.
type QueryLanguage string

// The two query languages.
const (
	JSONPath QueryLanguage = "JSONPath"
	JSONata  QueryLanguage = "JSONata"
)

// StateType is the Type of a state.
type StateType string

// The eight types of states.
const (
	Pass     StateType = "Pass"
	Task     StateType = "Task"
	Choice   StateType = "Choice"
	Wait     StateType = "Wait"
	Succeed  StateType = "Succeed"
	Fail     StateType = "Fail"
	Parallel StateType = "Parallel"
	Map      StateType = "Map"
)

// Limits that Step Functions sets on every execution.
const (
	// MaxPayload is the largest input, output or result of a state, in bytes
	// of JSON.
	MaxPayload = 256 * 1024
	// MaxEvents is the largest history of a standard execution.
	MaxEvents = 25_000
	// MaxDefinition is the largest definition, in bytes.
	MaxDefinition = 1024 * 1024
	// maxNesting bounds Parallel and Map inside each other.
	maxNesting = 50
	// inlineConcurrency is how many iterations of an inline Map run at once.
	inlineConcurrency = 40
)

// Machine is a parsed definition. It is immutable and safe for concurrent use.
type Machine struct {
	Comment  string
	Version  string
	Language QueryLanguage
	// Timeout is how long an execution may take, 0 for no limit.
	Timeout time.Duration
	Flow
}

// Flow is a start and its states: a machine, a branch or an item processor.
type Flow struct {
	StartAt string
	States  map[string]*State
	// Names lists the states in the order of the definition.
	Names []string
}

// State is one state of a Flow. Only the fields of its Type are set.
type State struct {
	Name     string
	Type     StateType
	Comment  string
	Language QueryLanguage
	// Next is the state that follows, "" when the state ends its flow.
	Next string
	// Resource is what a Task calls.
	Resource Resource
	// Branches are those of a Parallel, or the one processor of a Map.
	Branches []*Flow
	// Distributed tells a Map that runs its items as executions of their own.
	Distributed bool
	Choices     []*Rule
	// Default is where a Choice goes when no rule matches, "" for nowhere.
	Default string
	Retry   []*Retrier
	Catch   []*Catcher

	inputPath      *expression
	outputPath     *expression
	parameters     *node
	arguments      *node
	resultSelector *node
	resultPath     *resultPath
	output         *node
	assign         *node
	result         any
	hasResult      bool
	failError      *node
	failCause      *node
	seconds        *node
	timestamp      *node
	timeout        *node
	heartbeat      *node
	credentials    *node
	items          *node
	itemSelector   *node
	itemReader     *itemReader
	resultWriter   *resultWriter
	batcher        *batcher
	concurrency    *node
	toleratedCount *node
	toleratedShare *node
	label          string
	// express tells that the items of a distributed Map run as Express
	// executions.
	express bool
}

// Retrier is one entry of Retry.
type Retrier struct {
	ErrorEquals []string
	// Interval is the first delay, at least a second.
	Interval time.Duration
	// MaxAttempts is how often the state is tried again.
	MaxAttempts int
	// BackoffRate multiplies the delay after each attempt, at least 1.
	BackoffRate float64
	// MaxDelay caps the delay, 0 for no cap.
	MaxDelay time.Duration
	// FullJitter draws the delay between nothing and its full length.
	FullJitter bool
}

// Catcher is one entry of Catch.
type Catcher struct {
	ErrorEquals []string
	Next        string

	resultPath *resultPath
	output     *node
	assign     *node
}

// itemReader says where a distributed Map reads its items.
type itemReader struct {
	resource  string
	arguments *node
	config    *node
	maxItems  *node
}

// resultWriter says where a distributed Map writes its results, and how. Its
// resource is "" when they are only to be formed.
type resultWriter struct {
	resource  string
	arguments *node
	config    *node
}

// batcher groups the items of a distributed Map.
type batcher struct {
	maxItems *node
	maxBytes *node
	input    *node
}
