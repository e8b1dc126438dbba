package workflow

import (
	"context"
	"errors"
	"time"

	"wplake/internal/asl"
)

// Errors of a Store. Others are failures of the disk or the file.
var (
	// ErrNotFound says that there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrExists says that an execution of that ARN is kept already.
	ErrExists = errors.New("it exists already")
	// ErrConflict says that a document is not at the revision it should be.
	ErrConflict = errors.New("it has changed meanwhile")
)

// Store is the port to where executions are kept. Its methods may be called
// concurrently, and several processes may have the same store open. What a
// method has returned from is on disk; what failed has left nothing behind.
type Store interface {
	DocumentStore

	// Enlist makes an owner known as alive until release is called or the
	// process dies.
	Enlist(ctx context.Context, owner string) (release func() error, err error)
	// Adopt gives the executions of dead owners to owner, and returns all that
	// it has now and that have not ended. A key other than 0 restricts both to
	// one execution.
	Adopt(ctx context.Context, owner string, key int64) ([]Due, error)
	// Commit writes changes in one transaction. A change that cannot be made
	// alone says so in its Err and leaves nothing; an error of Commit itself
	// means that none was made.
	Commit(ctx context.Context, changes []*Change) error
	// Find returns an execution by ARN, or ErrNotFound.
	Find(ctx context.Context, arn string) (Kept, error)
	// Get returns an execution by key, or ErrNotFound.
	Get(ctx context.Context, key int64) (Kept, error)
	// List returns executions, newest first unless told otherwise, and what
	// to give as Next for those that follow, "" for none.
	List(ctx context.Context, f Filter) ([]Execution, string, error)
	// Journal calls yield for the blocks of an execution that follow its last
	// snapshot, in order, and returns that snapshot, nil for none, before the
	// first of them: with seq 0.
	Journal(ctx context.Context, key int64, yield func(seq int64, body []byte) error) error
	// Blocks calls yield for the blocks of an execution that hold events with
	// an ID above after and below before, oldest or newest first, until yield
	// returns false.
	Blocks(ctx context.Context, key, after, before int64, newestFirst bool, yield func(body []byte) (bool, error)) error

	// Signal lays down messages for executions, whoever runs them. Those for
	// executions that have ended are dropped.
	Signal(ctx context.Context, signals ...Signal) error
	// Signals returns messages for the executions of an owner whose ID is above
	// after, oldest first, at most 1000.
	Signals(ctx context.Context, owner string, after int64) ([]Signal, error)
	// Token returns an open token, or ErrNotFound.
	Token(ctx context.Context, token string) (Token, error)
	// Answer closes an open token and lays down the signal in the same
	// transaction; ErrNotFound where it is not open or its Beat is over.
	Answer(ctx context.Context, token string, now time.Time, s Signal) error
	// Beat sets the time until which an open token lives; ErrNotFound as
	// Answer.
	Beat(ctx context.Context, token string, now, until time.Time) error
	// Take takes the oldest piece of work for an activity and lays down the
	// signal that start makes of it, in one transaction; ErrNotFound for none.
	Take(ctx context.Context, activity string, start func(Work) Signal) (Work, error)

	// MapRun returns the run of a distributed Map, or ErrNotFound.
	MapRun(ctx context.Context, arn string) (MapRun, error)
	// MapRuns returns those of an execution, newest first.
	MapRuns(ctx context.Context, executionARN string) ([]MapRun, error)

	// Remove removes whole executions that have ended, with all that belongs
	// to them (the documents of ResultsKind included): those that ended before a time, and then the oldest until all
	// together take no more than size bytes (0: any size).
	Remove(ctx context.Context, before time.Time, size int64) (int, error)
	// Changed tells whether another process has written since it was last
	// asked.
	Changed(ctx context.Context) (bool, error)
	Close() error
}

// DocumentStore keeps small things by kind and key.
type DocumentStore interface {
	// Document returns one, or ErrNotFound.
	Document(ctx context.Context, kind, key string) (Document, error)
	// PutDocument writes one whose revision must be replaces (0: it must not
	// exist), or returns ErrConflict. It then has the revision d.Revision,
	// which is above replaces.
	PutDocument(ctx context.Context, d Document, replaces int64) error
	// DeleteDocument removes one; there need not be one.
	DeleteDocument(ctx context.Context, kind, key string) error
	// Documents returns those of a kind whose keys follow after, by key; a
	// limit of 0 means all.
	Documents(ctx context.Context, kind, after string, limit int) ([]Document, error)
}

// Document is a small thing that is kept beside executions.
type Document struct {
	Kind, Key string
	Revision  int64
	Body      []byte
}

// Filter chooses executions. Zero fields do not restrict.
type Filter struct {
	// MachineARN is that of the machine, a version or an alias.
	MachineARN string
	// MapRun lists the children of a run; without it children are left out.
	MapRun string
	Status asl.Status
	// Redriven: true lists those that were redriven, false those that were not.
	Redriven *bool
	Limit    int    // 0: 100
	Next     string // where the list before ended
	Oldest   bool   // oldest first
}

// Kept is an execution as a store keeps it.
type Kept struct {
	Execution
	// Key is given by the store when the execution is created.
	Key int64
	// ParentEffect is the effect of the parent that started it.
	ParentEffect string
	// Notify tells that the parent waits for its end.
	Notify bool
	// Wake is when a timer of it is due next, zero for never.
	Wake time.Time
	// Attention tells that it does not only wait: it has to be loaded when its
	// owner died.
	Attention bool
	// Events is the ID of its last event, Seq the number of its last block.
	Events, Seq int64
}

// Due is an execution that its owner has to watch.
type Due struct {
	Key       int64
	Wake      time.Time
	Attention bool
}

// Change is what happened to one execution. The zero value of a field changes
// nothing.
type Change struct {
	// Create is a new execution, which may have ended already. After Commit its
	// Key is set.
	Create *Kept
	// Key is the execution's otherwise.
	Key int64
	// Replaces is an ended execution of the same ARN that makes way, 0 for
	// none.
	Replaces int64
	// Update holds the execution's new state: Status, Output, Error, Cause,
	// Stopped, Redrives, Redriven, Owner, Wake and Attention. When the status
	// is no longer RUNNING, its tokens, work and signals go.
	Update *Kept
	// Reopen asks that the execution has ended and nobody owns it; otherwise
	// Err is ErrConflict.
	Reopen bool
	// Blocks are added to the journal.
	Blocks []Block
	// Snapshot stands for the journal up to the last of Blocks.
	Snapshot []byte

	Tokens     []Token
	DropTokens []string
	Work       []Work
	Signals    []Signal // for others
	Handled    []int64  // signals that have been dealt with
	Children   []Child
	MapRuns    []MapRun // new or changed

	// Err says why this change could not be made.
	Err error
}

// Child is an item of a distributed Map, an execution that its parent runs.
type Child struct {
	// Create is set when it is new.
	Create *Kept
	// ARN is its name otherwise.
	ARN string
	// End is set when it has ended: Status, Output, Error, Cause, Stopped.
	End *Kept
	// Blocks are added to its history.
	Blocks []Block
}

// Block is an entry of a journal: its number, the ID of the last event up to
// it, and what it holds.
type Block struct {
	Seq, Last int64
	Body      []byte
}

// Token opens a task to answers from outside.
type Token struct {
	Token     string
	Execution int64 // key; 0 in a change: its execution
	Effect    string
	// Heartbeat is how often it must be told to live, 0 for never; Beat is when
	// it dies otherwise.
	Heartbeat time.Duration
	Beat      time.Time
}

// Work is a task for the workers of an activity.
type Work struct {
	Activity  string // ARN
	Execution int64  // key; 0 in a change: its execution
	Effect    string
	Token     string
	Input     []byte
	Heartbeat time.Duration
}

// SignalKind says what a signal tells.
type SignalKind string

// The kinds of signals.
const (
	StopSignal    SignalKind = "stop"
	AnswerSignal  SignalKind = "answer"  // of a token
	StartedSignal SignalKind = "started" // a worker has taken the work
	ChildSignal   SignalKind = "child"   // a nested execution has ended
	MapRunSignal  SignalKind = "maprun"  // new limits of a run
)

// Signal is a message for an execution, from this process or another.
type Signal struct {
	ID        int64 // given by the store
	Execution int64 // key; 0: that of ARN
	ARN       string
	Kind      SignalKind
	Effect    string
	Body      []byte
}
