package workflow

import (
	"context"
	"encoding/json"
	"errors"
)

// ActivityTask waits for a task of an activity until ctx ends; token is "" when
// there was none. worker may be "". Workers are served in the order in which
// they came, and tasks in the order in which they were scheduled.
func (e *Engine) ActivityTask(ctx context.Context, activityARN, worker string) (token string, input json.RawMessage, err error) {
	me := make(chan struct{}, 1)
	e.mu.Lock()
	e.pollers[activityARN] = append(e.pollers[activityARN], me)
	first := len(e.pollers[activityARN]) == 1
	e.mu.Unlock()
	if first {
		me <- struct{}{}
	}
	e.poked()
	defer e.leavePoll(activityARN, me)
	for {
		select {
		case <-ctx.Done():
			return "", nil, nil
		case <-e.ctx.Done():
			return "", nil, errClosed
		case <-me:
		}
		w, err := e.o.Store.Take(ctx, activityARN, func(w Work) Signal {
			return Signal{Execution: w.Execution, Kind: StartedSignal, Effect: w.Effect, Body: []byte(worker)}
		})
		switch {
		case err == nil:
			e.signals()
			return w.Token, w.Input, nil
		case ctx.Err() != nil:
			return "", nil, nil
		case !errors.Is(err, ErrNotFound):
			return "", nil, err
		}
	}
}
