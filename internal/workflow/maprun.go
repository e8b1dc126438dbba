package workflow

import (
	"context"
	"encoding/json"

	"wplake/internal/asl"
)

// MapRun is the run of a distributed Map, as DescribeMapRun tells it.
type MapRun = asl.MapRun

// MapRunUpdate changes the limits of a run; nil leaves one as it is.
type MapRunUpdate = asl.MapRunUpdate

// mapRunBody is what a signal with new limits carries.
type mapRunBody struct {
	ARN    string
	Update MapRunUpdate
}

// UpdateMapRun changes the limits of a run that has not ended.
func (e *Engine) UpdateMapRun(ctx context.Context, arn string, u MapRunUpdate) error {
	m, err := e.MapRun(ctx, arn)
	if err != nil {
		return err
	}
	switch {
	case m.Status != asl.Running:
		return Errorf(ValidationException, "The Map Run '%s' is %s and cannot be updated", arn, m.Status)
	case u.MaxConcurrency != nil && *u.MaxConcurrency < 0,
		u.ToleratedFailureCount != nil && *u.ToleratedFailureCount < 0,
		u.ToleratedFailurePercentage != nil && !(*u.ToleratedFailurePercentage >= 0 && *u.ToleratedFailurePercentage <= 100):
		return Errorf(ValidationException, "1 validation error detected: a limit is out of its range")
	}
	k, err := e.find(ctx, m.Execution)
	if err == nil && k.MapRun != "" {
		// The Map is in an item of another one: the root runs both.
		k, err = e.find(ctx, k.Parent)
	}
	if err != nil {
		return err
	}
	body, err := json.Marshal(mapRunBody{arn, u})
	if err != nil {
		return err
	}
	if err := e.o.Store.Signal(ctx, Signal{Execution: k.Key, Kind: MapRunSignal, Body: body}); err != nil {
		return err
	}
	e.signals()
	return nil
}
