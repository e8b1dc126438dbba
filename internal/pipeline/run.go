package pipeline

import (
	"context"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/lake"
)

// Names of the stages, in the order of a run.
const (
	StageRaw         = "raw"
	StageBronze      = "bronze"
	StageCrawlBronze = "crawl-bronze"
	StageSilver      = "silver"
	StageCrawlSilver = "crawl-silver"
)

// Stages lists the names of all stages in the order of a run.
func Stages() []string {
	return []string{StageRaw, StageBronze, StageCrawlBronze, StageSilver, StageCrawlSilver}
}

// ByName returns a stage, or nil.
func ByName(name string) Stage {
	return map[string]Stage{
		StageRaw: Raw, StageBronze: Bronze, StageCrawlBronze: crawl(lake.Bronze),
		StageSilver: Silver, StageCrawlSilver: crawl(lake.Silver),
	}[name]
}

// Run runs stages one after the other and reports them. A stage works with all
// that the one before left in good order, also after a failure: what failed
// keeps its last good state. Only an interruption ends a run early.
func Run(ctx context.Context, d Deps, stages []string, req Request) lake.RunReport {
	began := d.Now()
	report := lake.RunReport{RunID: req.RunID, StartedAt: began.UTC().Truncate(time.Millisecond), Stages: []lake.StageReport{}}
	for _, name := range stages {
		if ctx.Err() != nil {
			break
		}
		d.progress(Event{Stage: name})
		stage := ByName(name)(ctx, d, req)
		report.Stages = append(report.Stages, stage)
		d.progress(Event{Stage: name, Done: &stage})
	}
	report.DurationMS = d.Now().Sub(began).Milliseconds()
	report.Conclude()
	if ctx.Err() != nil && report.Status == lake.StatusRunSucceeded {
		report.Status = lake.StatusRunPartial // stages are missing
	}
	return report
}

// crawl brings the catalog up to date with a layer's objects.
func crawl(l lake.Layer) Stage {
	return func(ctx context.Context, d Deps, req Request) lake.StageReport {
		return catalog.Crawl(ctx, catalog.Crawler{
			Catalog: d.Catalog, Bucket: d.Buckets[l], Describe: d.Engine.Describe,
			Database: d.Config.Dataset, Layer: l, Scratch: d.Scratch, Log: d.Log, Now: d.Now,
			Done: func(r lake.ObjectReport) {
				d.progress(Event{Stage: "crawl-" + string(l), Object: r.Object, Report: &r})
			},
		}, req.RunID, req.Objects)
	}
}
