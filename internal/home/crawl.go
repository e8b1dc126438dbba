package home

import (
	"context"

	"wplake/internal/lake"
	"wplake/internal/pipeline"
)

// Crawl brings the catalog up to date with the objects of the layers, and
// removes the tables of objects that are gone. It writes the catalog alone, so
// it takes no lock and runs beside whatever else is under way. On AWS, where the
// definition wants crawlers, those are started and awaited.
func (h *Home) Crawl(ctx context.Context, layers []lake.Layer, runID string) (lake.RunReport, error) {
	if h.Cloud != nil && h.Config.Catalog.Crawler {
		return h.crawlDeployed(ctx, layers, runID), nil
	}
	scratch, err := h.scratch("crawl")
	if err != nil {
		return lake.RunReport{}, err
	}
	e, err := h.Engine(ctx)
	if err != nil {
		return lake.RunReport{}, err
	}
	var stages []string
	for _, l := range layers {
		stages = append(stages, "crawl-"+string(l))
	}
	return pipeline.Run(ctx, pipeline.Deps{
		Config: h.Config, Buckets: h.Buckets, Engine: e, Catalog: h.Catalog, Log: h.Log, Now: h.Now, Scratch: scratch,
	}, stages, pipeline.Request{RunID: runID}), nil
}
