package workflow

import (
	"context"
	"errors"
	"slices"
	"strings"

	"wplake/internal/asl"
)

// Describe returns an execution as it stands.
func (e *Engine) Describe(ctx context.Context, arn string) (Execution, error) {
	k, err := e.find(ctx, arn)
	return k.Execution, err
}

// find returns an execution from the store, or an express one that runs.
func (e *Engine) find(ctx context.Context, arn string) (Kept, error) {
	e.mu.Lock()
	r, express := e.express[arn]
	if express {
		k := Kept{Execution: Execution{
			ARN: arn, Name: r.kept.Name, Machine: r.kept.Machine, Status: asl.Running, Input: r.kept.Input, Started: r.kept.Started,
			TraceHeader: r.kept.TraceHeader, Parent: r.kept.Parent, Owner: e.owner,
		}, Key: r.kept.Key}
		e.mu.Unlock()
		return k, nil
	}
	e.mu.Unlock()
	k, err := e.o.Store.Find(ctx, arn)
	if !errors.Is(err, ErrNotFound) {
		return k, err
	}
	if !validARN(arn) {
		return k, Errorf(InvalidArn, "Invalid Arn: 'Invalid ARN prefix: %s'", arn)
	}
	return k, Errorf(ExecutionDoesNotExist, "Execution Does Not Exist: '%s'", arn)
}

func validARN(arn string) bool {
	parts := strings.Split(arn, ":")
	return len(parts) >= 8 && parts[0] == "arn" && parts[2] == "states" && (parts[5] == "execution" || parts[5] == "express")
}

// List returns executions, and what to give as Filter.Next for those that
// follow, "" for none.
func (e *Engine) List(ctx context.Context, f Filter) ([]Execution, string, error) {
	return e.o.Store.List(ctx, f)
}

// History returns at most limit events (0: all) with an ID above after; newest
// first: below after (0: from the last).
func (e *Engine) History(ctx context.Context, arn string, after int64, limit int, newestFirst bool) ([]asl.Event, error) {
	k, err := e.find(ctx, arn)
	if err != nil {
		return nil, err
	}
	if k.Key < 0 {
		return nil, nil // of an express execution there is a history when it has ended
	}
	from, before := after, int64(0)
	if newestFirst {
		from, before = 0, after
	}
	var out []asl.Event
	err = e.o.Store.Blocks(ctx, k.Key, from, before, newestFirst, func(body []byte) (bool, error) {
		_, raw, err := splitBlock(body)
		if err != nil {
			return false, err
		}
		events, err := decodeEvents(raw)
		if err != nil {
			return false, err
		}
		if newestFirst {
			slices.Reverse(events)
		}
		for i := range events {
			if newestFirst && before > 0 && events[i].ID >= before || events[i].ID <= from {
				continue
			}
			if limit > 0 && len(out) == limit {
				return false, nil
			}
			out = append(out, events[i])
		}
		return true, nil
	})
	return out, err
}

// Wait waits until an execution has ended. When ctx ends first, it returns the
// execution as it stands, and ctx's error.
func (e *Engine) Wait(ctx context.Context, arn string) (Execution, error) {
	e.mu.Lock()
	e.watching++
	e.mu.Unlock()
	e.poked()
	defer func() {
		e.mu.Lock()
		e.watching--
		e.mu.Unlock()
	}()
	for {
		changed := make(chan struct{})
		e.mu.Lock()
		closing := e.closing
		e.waiters[arn] = append(e.waiters[arn], changed)
		e.mu.Unlock()
		k, err := e.find(ctx, arn)
		if err == nil && k.Status == asl.Running {
			err = e.trouble(k.Key)
			if closing {
				err = errClosed
			}
		}
		if err != nil || k.Status != asl.Running {
			e.unwait(arn, changed)
			return k.Execution, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			e.unwait(arn, changed)
			return k.Execution, ctx.Err()
		}
	}
}

// trouble is why an execution cannot go on in this process.
func (e *Engine) trouble(key int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.broken[key]
}

func (e *Engine) unwait(arn string, w chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.waiters[arn]
	if i := slices.Index(list, w); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(e.waiters, arn)
		return
	}
	e.waiters[arn] = list
}

// MapRun returns the run of a distributed Map.
func (e *Engine) MapRun(ctx context.Context, arn string) (MapRun, error) {
	m, err := e.o.Store.MapRun(ctx, arn)
	if errors.Is(err, ErrNotFound) {
		err = Errorf(ResourceNotFound, "Resource not found: '%s'", arn)
	}
	return m, err
}

// MapRuns returns the runs of an execution's distributed Maps, newest first.
func (e *Engine) MapRuns(ctx context.Context, executionARN string) ([]MapRun, error) {
	if _, err := e.find(ctx, executionARN); err != nil {
		return nil, err
	}
	return e.o.Store.MapRuns(ctx, executionARN)
}
