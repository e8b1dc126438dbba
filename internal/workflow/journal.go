package workflow

import (
	"context"
	"sync"
)

// journal takes the changes of all executions and commits those that wait
// together: one write to the disk serves them all.
type journal struct {
	store Store

	mu      sync.Mutex
	waiting []*commit
	wake    chan struct{}
	closed  bool
	done    chan struct{}
	written chan written
}

// written is what has been committed, and how.
type written struct {
	batch []*commit
	err   error
}

// commit is a change that waits, and who is told of it.
type commit struct {
	change *Change
	// after is called when the change is on disk, or could not be made, while
	// the next ones are being written.
	after func(error)
}

// Limits of what is committed together.
const (
	maxTogether      = 512
	maxTogetherBytes = 8 << 20
)

func newJournal(s Store) *journal {
	j := &journal{store: s, wake: make(chan struct{}, 1), done: make(chan struct{}), written: make(chan written, 1)}
	go j.run()
	go j.tell()
	return j
}

func (j *journal) submit(c *commit) {
	j.mu.Lock()
	j.waiting = append(j.waiting, c)
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// close ends the journal when all that waits is written.
func (j *journal) close() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	select {
	case j.wake <- struct{}{}:
	default:
	}
	<-j.done
}

func (j *journal) run() {
	defer close(j.written)
	for {
		batch, closed := j.batch()
		if len(batch) == 0 {
			if closed {
				return
			}
			<-j.wake
			continue
		}
		changes := make([]*Change, len(batch))
		for i, c := range batch {
			changes[i] = c.change
		}
		// What has begun is written whole, whoever has stopped waiting.
		err := j.store.Commit(context.Background(), changes)
		j.written <- written{batch, err}
	}
}

// tell tells what has been written, in the order in which it was.
func (j *journal) tell() {
	defer close(j.done)
	for w := range j.written {
		for _, c := range w.batch {
			if w.err != nil {
				c.after(w.err)
				continue
			}
			c.after(c.change.Err)
		}
	}
}

// batch takes what waits, up to the limits.
func (j *journal) batch() (batch []*commit, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, size := 0, 0
	for n < len(j.waiting) && n < maxTogether && size < maxTogetherBytes {
		c := j.waiting[n].change
		size += len(c.Snapshot)
		for i := range c.Blocks {
			size += len(c.Blocks[i].Body)
		}
		size += 512 * len(c.Children)
		n++
	}
	batch = j.waiting[:n:n]
	j.waiting = j.waiting[n:]
	if len(j.waiting) == 0 {
		j.waiting = nil
	}
	return batch, j.closed
}
