package asl

import "time"

// Item is one thing that a Map goes over.
type Item struct {
	Value any
	// Key is that of a member of a JSON object; Keyed tells that there is one.
	Key   string `json:",omitempty"`
	Keyed bool   `json:",omitempty"`
	// Source is the URI of what the item was read from, "" for the state's
	// input.
	Source string `json:",omitempty"`
}

// PageBytes is about how much JSON a Page should hold at most; one item is
// always allowed.
const PageBytes = 1 << 20

// Page is the answer to a ReadEffect.
type Page struct {
	Items []Item
	// Next is where the next page begins, "" when this was the last one. The
	// execution keeps it and hands it back; it means something to the caller
	// alone.
	Next string
}

// Result is what became of one child execution of a distributed Map, as a
// ResultWriter gets it.
type Result struct {
	// Execution and Machine are ARNs.
	Execution, Name, Machine string
	// Status is Pending for an item whose execution was never started; it then
	// has only an Input.
	Status        Status
	Input, Output any
	// Error and Cause are nil where there is none.
	Error, Cause     *string
	Started, Stopped time.Time
	Redrives         int
	// Items counts the items that the child was given: more than one when they
	// are batched.
	Items int
}

// Pending is the status of a child execution that has not been started.
const Pending Status = "PENDING"

// Write is what a WriteEffect asks for. Each adds results to the files of their
// status. What was added must outlive the process until a Final write lists it;
// a run that failed or was aborted may be redriven and go on with it.
type Write struct {
	// Part numbers the writes of a run, from 0. One that is asked for again after
	// an interruption has the same number.
	Part int
	// Open begins: it has no results, and asks whether the place can be written
	// to, before any child is started. What was added by parts from this one on
	// is to be forgotten, and so are results of all parts that are no successes:
	// a redrive tells them anew. Kept tells that the successes of the parts
	// before are still to be listed; without it they are to be forgotten too.
	Open, Kept bool
	Results    []Result
	// Final asks to finish the files and to write the manifest.
	Final bool
	// Earlier is the Output of the answer to the last Final write of this run,
	// before it was redriven; nil for none. Its files of successes belong into
	// the new manifest too.
	Earlier any
}

// Tally counts the child executions of a Map run, or their items.
type Tally struct {
	Pending, Running, Succeeded, Failed, TimedOut, Aborted, Total int64
	// ResultsWritten have been taken by the ResultWriter.
	ResultsWritten int64
	// FailuresNotRedrivable are failures that a redrive leaves alone;
	// PendingRedrive those that wait for their turn in one.
	FailuresNotRedrivable, PendingRedrive int64
}

// MapRun is the run of a distributed Map, as it stands.
type MapRun struct {
	ARN string
	// Execution is the ARN of the execution that started it, itself maybe a
	// child; State is the Map.
	Execution, State string
	// Status is Running, Succeeded, Failed or Aborted.
	Status           Status
	Started, Stopped time.Time // Stopped is zero while it runs
	// MaxConcurrency is 0 for no limit but the service's.
	MaxConcurrency             int64
	ToleratedFailureCount      int64
	ToleratedFailurePercentage float64
	Executions, Items          Tally
	// Redrives counts them; Redriven is the time of the last one.
	Redrives int
	Redriven time.Time
}

// MapRunUpdate changes a run; what is nil stays.
type MapRunUpdate struct {
	MaxConcurrency             *int64
	ToleratedFailureCount      *int64
	ToleratedFailurePercentage *float64
}
