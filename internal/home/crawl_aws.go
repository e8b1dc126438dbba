package home

import (
	"cmp"
	"context"
	"slices"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/catalog/glue"
	"wplake/internal/lake"
)

// deprecated is the parameter that a crawler gives a table whose object it does
// not find any more.
const deprecated = "DEPRECATED_BY_CRAWLER"

// crawlDeployed starts the deployed crawlers of the layers, one after the other,
// and waits until they have ended. The report is made of the catalog's tables
// before and after.
func (h *Home) crawlDeployed(ctx context.Context, layers []lake.Layer, runID string) lake.RunReport {
	began := h.Now()
	report := lake.RunReport{RunID: runID, StartedAt: began.UTC().Truncate(time.Millisecond), Stages: []lake.StageReport{}}
	crawlers := glue.NewCrawlers(h.Cloud.Config, glue.CrawlerOptions{})
	for _, l := range layers {
		if ctx.Err() != nil {
			break
		}
		began := h.Now()
		stage := lake.StageReport{Stage: "crawl-" + string(l), Objects: []lake.ObjectReport{}}
		objects, err := h.crawlLayer(ctx, crawlers, l)
		stage.Objects = append(stage.Objects, objects...)
		if err != nil {
			stage.Error = lake.ProblemOf(err, lake.CatalogFailed)
		}
		stage.Count()
		stage.DurationMS = h.Now().Sub(began).Milliseconds()
		report.Stages = append(report.Stages, stage)
	}
	report.DurationMS = h.Now().Sub(began).Milliseconds()
	report.Conclude()
	if ctx.Err() != nil && report.Status == lake.StatusRunSucceeded {
		report.Status = lake.StatusRunPartial // stages are missing
	}
	return report
}

// crawlLayer runs the crawler of one layer and tells what it did.
func (h *Home) crawlLayer(ctx context.Context, crawlers *glue.Crawlers, l lake.Layer) ([]lake.ObjectReport, error) {
	before, err := h.Catalog.List(ctx, h.Config.Dataset)
	if err != nil {
		return nil, err
	}
	name := lake.CrawlerName(l)
	h.Log.Info("crawls", "crawler", name)
	crawl, err := crawlers.Run(ctx, name)
	if ctx.Err() != nil {
		err = &lake.Error{
			Code: lake.Interrupted, Message: "told to stop while " + name + " crawls", Err: err,
			Hint: "the crawler goes on by itself: `wplake tables --home aws` shows what it makes",
		}
	}
	if err != nil {
		return nil, err
	}
	h.Log.Info("crawled", "crawler", name, "log", crawl.Log, "created", crawl.Created, "updated", crawl.Updated, "deleted", crawl.Deleted)
	after, err := h.Catalog.List(ctx, h.Config.Dataset)
	if err != nil {
		return nil, err
	}
	return crawled(l, before, after), nil
}

// crawled reports on a layer's tables, by what they were before a crawl and
// what they are after it.
func crawled(l lake.Layer, before, after []catalog.Table) []lake.ObjectReport {
	reports := []lake.ObjectReport{}
	for _, t := range after {
		if t.Layer != l {
			continue
		}
		r := lake.ObjectReport{
			Object: t.Object, Status: lake.StatusSucceeded, URI: t.Location, Warnings: []string{},
			Rows: t.Rows, Rejected: t.Rejected(), Columns: len(t.Columns), Bytes: t.Bytes,
		}
		if was := tableOf(before, t.Name); was != nil {
			for _, change := range catalog.Diff(was.Columns, t.Columns) {
				r.Warnings = append(r.Warnings, change.String())
			}
			if len(r.Warnings) == 0 && was.Rows == t.Rows && was.Bytes == t.Bytes {
				r.Status, r.Unchanged = lake.StatusSkipped, true
			}
		}
		if t.Parameters[deprecated] != "" {
			r.Warnings = append(r.Warnings, "its object is gone: the crawler calls the table deprecated and leaves it")
		}
		reports = append(reports, r)
	}
	for _, t := range before {
		if t.Layer == l && tableOf(after, t.Name) == nil {
			reports = append(reports, lake.ObjectReport{
				Object: t.Object, Status: lake.StatusSucceeded, URI: t.Location, Warnings: []string{"its object is gone: the crawler removed the table"},
			})
		}
	}
	slices.SortStableFunc(reports, func(a, b lake.ObjectReport) int { return cmp.Compare(a.Object, b.Object) })
	return reports
}

// tableOf finds a table by its name; nil for none.
func tableOf(tables []catalog.Table, name string) *catalog.Table {
	for i := range tables {
		if tables[i].Name == name {
			return &tables[i]
		}
	}
	return nil
}
