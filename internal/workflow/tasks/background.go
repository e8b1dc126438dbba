package tasks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// maxUntold bounds the failures that wait for somebody to ask.
const maxUntold = 100

// background keeps what goes on after its state has ended.
type background struct {
	log *slog.Logger

	mu    sync.Mutex
	going []*piece
	// untold are pieces that failed, and of whose failure no state has been
	// told; lost counts those that were too many to keep.
	untold []*piece
	lost   int
}

// Outcome is how work ended that went on in the background.
type Outcome struct {
	Kind      string // function, job, crawler or query
	Name      string // of the function, job or crawler; the id of a query
	Execution string // the ARN of the execution that began it
	// Err is why it failed. Objects that failed in a crawl or a job are in its
	// report, and no error.
	Err error
}

// piece is one piece of background work.
type piece struct {
	kind, name, execution string
	cancel                context.CancelFunc
	done                  chan struct{}
	err                   error       // after done
	told                  atomic.Bool // a state has been told how it ended
}

// begin runs work in the background, detached from the state that began it. An
// error is logged, and kept until somebody is told.
func (b *background) begin(ctx context.Context, c workflow.Call, kind, name string, work func(context.Context) error) *piece {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &piece{kind: kind, name: name, execution: c.Execution, cancel: cancel, done: make(chan struct{})}
	b.mu.Lock()
	b.going = append(b.going, p)
	b.mu.Unlock()
	go func() {
		defer cancel()
		p.err = guarded(func() error { return work(ctx) })
		if p.err != nil {
			b.log.Error(kind+" "+name+" failed", "execution", c.Execution, "error", p.err)
		}
		b.mu.Lock()
		b.going = slices.DeleteFunc(b.going, func(o *piece) bool { return o == p })
		if p.err != nil {
			b.keep(p)
		}
		b.mu.Unlock()
		close(p.done)
	}()
	return p
}

// keep notes a failure. The caller holds mu.
func (b *background) keep(p *piece) {
	b.untold = slices.DeleteFunc(b.untold, func(o *piece) bool { return o.told.Load() })
	if len(b.untold) == maxUntold {
		b.untold = b.untold[1:]
		b.lost++
	}
	b.untold = append(b.untold, p)
}

// guarded turns a panic of work into an error.
func guarded(work func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &lake.Error{
				Code: lake.Internal, Message: fmt.Sprintf("a defect of wplake: %v", p),
				Hint: "please report it with this text: " + shorten(string(debug.Stack()), maxCause),
			}
		}
	}()
	return work()
}

// of lists what an execution has going on; all for "".
func (b *background) of(execution string) []*piece {
	b.mu.Lock()
	defer b.mu.Unlock()
	var pieces []*piece
	for _, p := range b.going {
		if execution == "" || p.execution == execution {
			pieces = append(pieces, p)
		}
	}
	return pieces
}

// stop ends what an execution has going on.
func (b *background) stop(execution string) {
	for _, p := range b.of(execution) {
		p.cancel()
	}
}

// wait waits for what an execution has going on, or for all that goes on, and
// stops it when ctx ends. It returns the failures that no state has been told
// of, each once.
func (b *background) wait(ctx context.Context, execution string) []Outcome {
	for pieces := b.of(execution); len(pieces) > 0; pieces = b.of(execution) {
		for _, p := range pieces {
			select {
			case <-p.done:
			case <-ctx.Done():
				p.cancel()
				<-p.done
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var failed []Outcome
	b.untold = slices.DeleteFunc(b.untold, func(p *piece) bool {
		if execution != "" && p.execution != execution {
			return false
		}
		if !p.told.Load() {
			failed = append(failed, Outcome{Kind: p.kind, Name: p.name, Execution: p.execution, Err: p.err})
		}
		return true
	})
	return failed
}

// drain waits for all, and tells the failures that nobody was told of.
func (b *background) drain(ctx context.Context) error {
	var errs []error
	for _, o := range b.wait(ctx, "") {
		errs = append(errs, fmt.Errorf("%s %s failed: %w", o.Kind, o.Name, o.Err))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost > 0 {
		errs = append(errs, fmt.Errorf("%d more failed in the background; the log has them", b.lost))
		b.lost = 0
	}
	return errors.Join(errs...)
}

// within waits until the piece has ended, at most for so long.
func (p *piece) within(ctx context.Context, most time.Duration) {
	patience := time.NewTimer(most)
	defer patience.Stop()
	select {
	case <-p.done:
	case <-ctx.Done():
	case <-patience.C:
	}
}

// over reports whether the piece has ended.
func (p *piece) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
