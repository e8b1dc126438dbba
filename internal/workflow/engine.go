package workflow

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
)

// Machines is the port to the state machines that nested executions start.
type Machines interface {
	// Machine returns a machine by its ARN, or that of a version or an alias.
	// The error is an *Error where there is none.
	Machine(ctx context.Context, arn string) (StateMachine, error)
}

// Options says what an Engine works with.
type Options struct {
	Store    Store
	Tasks    Tasks
	Objects  Objects
	Machines Machines
	// Parquet opens the rows of a Parquet object, for ItemReaders; nil where
	// nothing can.
	Parquet func(ctx context.Context, bucket, key string) (items.Rows, error)
	Log     *slog.Logger
	Now     func() time.Time
	// Account and Region are those of the ARNs.
	Account, Region string
	Interrupted     Interrupted
	// Parallel bounds the tasks in flight, over all executions; 0 means 16.
	Parallel int
}

// Engine runs executions. Its methods may be called concurrently.
//
// A turn of work on an execution takes what has arrived for it, evaluates the
// language as far as it goes, and commits all of that with the effects noted
// as begun; only then are the effects performed. One that only waits leaves
// memory after a moment: what remains is the time when it is due.
type Engine struct {
	o       Options
	owner   string
	release func() error
	journal *journal
	pack    packer
	//nolint:containedctx // it is the life of the engine, which tasks and workers share
	ctx    context.Context
	cancel context.CancelFunc

	poke    chan struct{} // the clock has to look again
	workers sync.WaitGroup
	flights sync.WaitGroup // tasks
	streams *itemStreams

	signalMu sync.Mutex
	seen     int64 // last signal that was read

	mu       sync.Mutex
	ready    *sync.Cond
	queue    []*execution         // those with work to do
	loaded   map[int64]*execution // in memory
	idle     []*execution         // of them, those that only wait, by since when
	mine     map[int64]struct{}   // all that have not ended
	timers   *timers
	free     int // slots for tasks
	lined    []slotRequest
	inLine   map[slotRequest]struct{}
	waiters  map[string][]chan struct{}
	express  map[string]*execution
	expressN int64
	posted   map[int64]int64 // signals on their way, and for which execution
	fetch    bool            // there are new ones
	broken   map[int64]error
	pollers  map[string][]chan struct{}
	machines map[[sha256.Size]byte]*asl.Machine
	closing  bool // nothing new begins
	drained  bool // no task will answer any more
	missed   bool // a signal came for an execution that is being created
	draining bool // no further tasks begin
	watching int  // calls that wait for others' changes
	poll     time.Duration
}

// Limits of what is held in memory.
const (
	// linger is how long an execution that waits stays in memory.
	linger = time.Second
	// mostIdle is how many such executions stay.
	mostIdle = 128
	// pollInterval is how often others' changes are looked for.
	pollInterval = 250 * time.Millisecond
	// cachedMachines is how many parsed machines stay.
	cachedMachines = 64
	// stepBudget is how many transitions a turn makes at most.
	stepBudget = 500
)

// Open makes an engine over a store. It runs what is started with it; Resume
// adopts what others left.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Parallel <= 0 {
		o.Parallel = 16
	}
	if o.Interrupted == "" {
		o.Interrupted = RetryInterrupted
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	owner := newUUID()
	release, err := o.Store.Enlist(ctx, owner)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		o: o, owner: owner, release: release, journal: newJournal(o.Store), poke: make(chan struct{}, 1),
		loaded: map[int64]*execution{}, mine: map[int64]struct{}{}, timers: newTimers(), free: o.Parallel,
		inLine: map[slotRequest]struct{}{}, waiters: map[string][]chan struct{}{}, express: map[string]*execution{},
		posted: map[int64]int64{}, broken: map[int64]error{}, pollers: map[string][]chan struct{}{},
		machines: map[[sha256.Size]byte]*asl.Machine{}, poll: pollInterval,
	}
	e.ready = sync.NewCond(&e.mu)
	e.ctx, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
	e.streams = newItemStreams(e.ctx, o)
	for range max(4, 2*runtime.GOMAXPROCS(0)) {
		e.workers.Go(e.work)
	}
	e.workers.Go(e.clock)
	return e, nil
}

// Close ends the engine. Tasks in flight are told to stop and waited for; what
// they answer in time still counts. Executions that run can be resumed by
// another engine.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closing {
		e.mu.Unlock()
		return nil
	}
	e.closing = true
	e.mu.Unlock()
	e.cancel()
	e.flights.Wait()
	e.mu.Lock()
	e.drained = true
	e.ready.Broadcast()
	e.mu.Unlock()
	e.poked()
	e.workers.Wait()
	e.journal.close()
	e.mu.Lock()
	for arn := range e.waiters {
		e.tellLocked(arn)
	}
	e.mu.Unlock()
	e.streams.close()
	return e.release()
}

// errClosed says that the engine has been closed.
var errClosed = errors.New("the engine is closed")

// poked wakes the clock.
func (e *Engine) poked() {
	select {
	case e.poke <- struct{}{}:
	default:
	}
}

// parse returns the machine of a definition.
func (e *Engine) parse(definition string) (*asl.Machine, error) {
	hash := sha256.Sum256([]byte(definition))
	e.mu.Lock()
	m, ok := e.machines[hash]
	e.mu.Unlock()
	if ok {
		return m, nil
	}
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.machines) >= cachedMachines {
		clear(e.machines)
	}
	e.machines[hash] = m
	return m, nil
}

// clock wakes executions that are due, lets those that only wait leave memory,
// and looks for what other processes have written.
func (e *Engine) clock() {
	var looked time.Time
	for {
		now := e.o.Now()
		e.mu.Lock()
		if e.closing {
			e.mu.Unlock()
			return
		}
		for {
			key, ok := e.timers.due(now)
			if !ok {
				break
			}
			e.postLocked(key, message{kind: msgWake})
		}
		e.evictLocked(now)
		next, timed := e.timers.next()
		if len(e.idle) > 0 {
			next, timed = earlier(next, e.idle[0].idle.Add(linger)), true
		}
		fetch, poll := e.fetch, e.poll
		e.fetch = false
		watch := len(e.mine) > 0 || len(e.pollers) > 0 || e.watching > 0
		e.mu.Unlock()
		if fetch {
			e.signals()
		}
		if watch {
			if !now.Before(looked.Add(poll)) {
				looked = now
				e.look()
			}
			next, timed = earlier(next, looked.Add(poll)), true
		}
		if !timed {
			<-e.poke
			continue
		}
		timer := time.NewTimer(max(0, next.Sub(e.o.Now())))
		select {
		case <-timer.C:
		case <-e.poke:
			timer.Stop()
		}
	}
}

// look asks whether another process has written, and passes on what it says.
func (e *Engine) look() {
	changed, err := e.o.Store.Changed(e.ctx)
	if err != nil {
		if e.ctx.Err() == nil {
			e.o.Log.Error("the executions could not be looked at", "error", err)
		}
		return
	}
	if !changed {
		return
	}
	e.signals()
	e.mu.Lock()
	defer e.mu.Unlock()
	for arn := range e.waiters {
		e.tellLocked(arn)
	}
	for _, list := range e.pollers {
		wakeFirst(list)
	}
}
