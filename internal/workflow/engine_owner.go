package workflow

import (
	"context"
	"encoding/json"

	"wplake/internal/asl"
)

// Owner is the engine's name among those of the store, as Execution.Owner has it.
func (e *Engine) Owner() string { return e.owner }

// StopOrphan stops an execution as Stop does, but only where the process that
// ran it has died. It reports false where the execution runs on, here or
// elsewhere, or has ended.
func (e *Engine) StopOrphan(ctx context.Context, arn string, name, cause *string) (bool, error) {
	k, err := e.find(ctx, arn)
	if err != nil || k.Status != asl.Running || k.Key < 0 || k.MapRun != "" || k.Owner == e.owner {
		return false, err
	}
	body, err := json.Marshal(stopBody{name, cause})
	if err != nil {
		return false, err
	}
	due, err := e.o.Store.Adopt(ctx, e.owner, k.Key)
	if err != nil || len(due) == 0 {
		return false, err
	}
	// The signal alone brings it into memory: it ends before any task begins.
	err = e.o.Store.Signal(ctx, Signal{Execution: k.Key, Kind: StopSignal, Body: body})
	for i := range due {
		due[i].Attention = false
	}
	e.own(due)
	if err != nil {
		return false, err
	}
	e.signalMu.Lock()
	e.seen = 0
	e.signalMu.Unlock()
	e.signals()
	_, err = e.Wait(ctx, arn)
	return err == nil, err
}
