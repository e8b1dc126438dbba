package home

import (
	"context"

	"wplake/internal/pipeline"
)

// Preview tells what an object's silver steps do to some of its rows. It only
// reads the lake, and takes no lock: a run may go on meanwhile.
func (h *Home) Preview(ctx context.Context, req pipeline.PreviewRequest) (pipeline.Preview, error) {
	dir, err := h.scratch("preview")
	if err != nil {
		return pipeline.Preview{}, err
	}
	e, err := h.Engine(ctx)
	if err != nil {
		return pipeline.Preview{}, err
	}
	return pipeline.PreviewSilver(ctx, pipeline.Deps{
		Config: h.Config, Buckets: h.Buckets, Engine: e, Resolve: h.Resolve, Log: h.Log, Now: h.Now, Parallel: 1, Scratch: dir,
	}, req)
}
