package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"wplake/internal/asl"
)

// errNotMine says that an execution has ended or belongs to another engine.
var errNotMine = errors.New("the execution is not this engine's")

// Resume adopts executions whose process died, and goes on with them, as with
// those that this engine had to drop because the store failed.
func (e *Engine) Resume(ctx context.Context) error {
	due, err := e.o.Store.Adopt(ctx, e.owner, 0)
	if err != nil {
		return err
	}
	e.own(due)
	e.signalMu.Lock()
	e.seen = 0
	e.signalMu.Unlock()
	e.signals()
	return nil
}

// own takes over executions: those that only wait stay on disk until they are
// due.
func (e *Engine) own(due []Due) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, d := range due {
		delete(e.broken, d.Key)
		if _, known := e.mine[d.Key]; known {
			continue
		}
		e.mine[d.Key] = struct{}{}
		if d.Attention {
			e.postLocked(d.Key, message{kind: msgGo})
			continue
		}
		e.timers.set(d.Key, d.Wake)
	}
	e.poked()
}

// load brings an execution into memory: its last snapshot, and what followed.
func (e *Engine) load(r *execution) error {
	k, err := e.o.Store.Get(e.ctx, r.kept.Key)
	if errors.Is(err, ErrNotFound) || err == nil && (k.Status != asl.Running || k.Owner != e.owner) {
		return errNotMine
	}
	if err != nil {
		return err
	}
	r.kept = k
	return e.repeat(r)
}

// repeat brings an execution to where its journal ends.
func (e *Engine) repeat(r *execution) error {
	k := r.kept
	m, err := e.parse(k.Machine.Definition)
	if err != nil {
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	if err := r.init(k, m); err != nil {
		return err
	}
	r.replaying = true
	defer func() { r.replaying = false }()
	r.since = 0
	begun := false
	err = e.o.Store.Journal(e.ctx, k.Key, func(seq int64, body []byte) error {
		if seq > 0 {
			begun = true
			return r.repeat(body)
		}
		if body == nil {
			return nil
		}
		begun = true
		return r.restore(body)
	})
	if err != nil {
		return err
	}
	if begun && r.kept.Events != k.Events {
		return fmt.Errorf("%w (event %d instead of %d)", errDiverged, r.kept.Events, k.Events)
	}
	return nil
}

// decodeNumbers reads JSON into a struct, with numbers as they are written.
func decodeNumbers(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return d.Decode(into)
}
