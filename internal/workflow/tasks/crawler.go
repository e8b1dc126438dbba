package tasks

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"wplake/internal/lake"
)

// crawlers holds the last crawl of each crawler.
type crawlers struct {
	mu   sync.Mutex
	last map[string]*crawl
}

// crawl is one crawl, running or ended.
type crawl struct {
	id      string
	started time.Time
	work    *piece

	mu       sync.Mutex
	stopping bool
	status   string // SUCCEEDED, CANCELLED, FAILED; "" while it runs
	message  string
	finished time.Time
	changed  int // tables
}

func (t *Tasks) crawlerCalls() map[string]integration {
	name := []field{{"Name", text, true}}
	check := func(args map[string]any) error {
		name, ok := textOf(args, "Name")
		if !ok {
			return nil
		}
		return t.checkCrawler(name)
	}
	return map[string]integration{
		"glue:startCrawler": {sdk: true, fields: name, check: check, do: t.startCrawler},
		"glue:stopCrawler":  {sdk: true, fields: name, check: check, do: t.stopCrawler},
		"glue:getCrawler":   {sdk: true, fields: name, check: check, do: t.getCrawler},
		"glue:getCrawlerMetrics": {
			sdk: true, do: t.crawlerMetrics,
			fields: []field{{"CrawlerNameList", list, false}, {"MaxResults", integer, false}, {"NextToken", text, false}},
			check: func(args map[string]any) error {
				names, _ := args["CrawlerNameList"].([]any)
				for _, n := range names {
					if name, ok := n.(string); ok {
						if err := t.checkCrawler(name); err != nil {
							return err
						}
					}
				}
				return nil
			},
		},
	}
}

func (t *Tasks) checkCrawler(name string) error {
	if _, ok := t.o.Crawlers[name]; ok {
		return nil
	}
	return unknown(fmt.Sprintf("there is no crawler %q at this home", name), name, slices.Sorted(maps.Keys(t.o.Crawlers)))
}

func noCrawler(r request, name string) error {
	return r.refuse(glueService(), "EntityNotFoundException", 400, "Crawler entry with name %s does not exist", name)
}

// startGrace is how long startCrawler waits for the end of the crawl before it
// answers that it has begun: most have ended by then, and cannot be lost any
// more when the process dies.
const startGrace = time.Second

func (t *Tasks) startCrawler(ctx context.Context, r request) (any, error) {
	name := r.text("Name")
	stage, ok := t.o.Crawlers[name]
	if !ok {
		return nil, noCrawler(r, name)
	}
	c := &crawl{id: r.uuid("crawl"), started: t.o.Now()}
	t.crawlers.mu.Lock()
	if last, ok := t.crawlers.last[name]; ok && !last.work.over() {
		t.crawlers.mu.Unlock()
		return nil, r.refuse(glueService(), "CrawlerRunningException", 400, "Crawler with name %s has already started", name)
	}
	c.work = t.work.begin(ctx, r.call, "crawler", name, func(ctx context.Context) error {
		report, err := runJob(ctx, stage, Invocation{Name: name, Call: r.call})
		c.end(ctx, t.o.Now(), report, err)
		return err
	})
	t.crawlers.last[name] = c
	t.crawlers.mu.Unlock()
	c.work.within(ctx, min(startGrace, r.patience()))
	return map[string]any{}, nil
}

// end notes how a crawl ended.
func (c *crawl) end(ctx context.Context, now time.Time, report lake.StageReport, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finished = now
	for _, o := range report.Objects {
		if o.Status == lake.StatusSucceeded {
			c.changed++
		}
	}
	switch {
	case ctx.Err() != nil:
		c.status = "CANCELLED"
	case err != nil:
		c.status, c.message = "FAILED", shorten(failureText(err), maxMessage)
	case report.Failed > 0:
		c.status, c.message = "FAILED", score(report)+"\n"+Failures(report)
	default:
		c.status = "SUCCEEDED"
	}
}

// crawl returns the last crawl of a crawler, nil when there was none in this
// process. The error says that there is no such crawler.
func (t *Tasks) lastCrawl(r request, name string) (*crawl, error) {
	if _, ok := t.o.Crawlers[name]; !ok {
		return nil, noCrawler(r, name)
	}
	t.crawlers.mu.Lock()
	defer t.crawlers.mu.Unlock()
	return t.crawlers.last[name], nil
}

func (t *Tasks) stopCrawler(_ context.Context, r request) (any, error) {
	c, err := t.lastCrawl(r, r.text("Name"))
	if err != nil {
		return nil, err
	}
	if c == nil || c.work.over() {
		return nil, r.refuse(glueService(), "CrawlerNotRunningException", 400, "Crawler with name %s isn't running", r.text("Name"))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return nil, r.refuse(glueService(), "CrawlerStoppingException", 400, "Crawler with name %s is stopping", r.text("Name"))
	}
	c.stopping = true
	c.work.told.Store(true)
	c.work.cancel()
	return map[string]any{}, nil
}

// getCrawler tells how a crawler stands. While it crawls the answer is held
// back for a while, see patience.
func (t *Tasks) getCrawler(ctx context.Context, r request) (any, error) {
	name := r.text("Name")
	c, err := t.lastCrawl(r, name)
	if err != nil {
		return nil, err
	}
	crawler := map[string]any{
		"Name": name, "State": "READY", "DatabaseName": t.o.Database, "CrawlElapsedTime": number(0),
		"SchemaChangePolicy": map[string]any{"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DELETE_FROM_DATABASE"},
	}
	if c == nil {
		return map[string]any{"Crawler": crawler}, nil
	}
	c.work.within(ctx, r.patience())
	over := c.work.over()
	c.work.tell()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !over {
		crawler["State"] = "RUNNING"
		if c.stopping {
			crawler["State"] = "STOPPING"
		}
		crawler["CrawlElapsedTime"] = number(t.o.Now().Sub(c.started).Milliseconds())
		return map[string]any{"Crawler": crawler}, nil
	}
	last := map[string]any{
		"Status": c.status, "StartTime": r.time(c.started), "MessagePrefix": c.id, "LogGroup": "/aws-glue/crawlers", "LogStream": name,
	}
	if c.message != "" {
		last["ErrorMessage"] = c.message
	}
	crawler["LastCrawl"] = last
	return map[string]any{"Crawler": crawler}, nil
}

func (t *Tasks) crawlerMetrics(_ context.Context, r request) (any, error) {
	names := slices.Sorted(maps.Keys(t.o.Crawlers))
	if given, _ := r.args["CrawlerNameList"].([]any); len(given) > 0 {
		names = nil
		for _, n := range given {
			name, _ := n.(string)
			if _, ok := t.o.Crawlers[name]; ok {
				names = append(names, name)
			}
		}
	}
	from, err := strconv.Atoi(defaultText(r.text("NextToken"), "0"))
	if err != nil || from < 0 || from > len(names) {
		return nil, r.refuse(glueService(), "InvalidInputException", 400, "NextToken is not one of this list")
	}
	names = names[from:]
	answer := map[string]any{}
	if most := int(min(max(r.integer("MaxResults", 1000), 1), 1000)); len(names) > most {
		names = names[:most]
		answer["NextToken"] = strconv.Itoa(from + most)
	}
	metrics := []any{}
	for _, name := range names {
		metrics = append(metrics, t.metrics(name))
	}
	answer["CrawlerMetricsList"] = metrics
	return answer, nil
}

// metrics are the figures of a crawler's last crawl.
func (t *Tasks) metrics(name string) map[string]any {
	m := map[string]any{
		"CrawlerName": name, "StillEstimating": false, "TimeLeftSeconds": number(0),
		"LastRuntimeSeconds": number(0), "MedianRuntimeSeconds": number(0),
		"TablesCreated": number(0), "TablesUpdated": number(0), "TablesDeleted": number(0),
	}
	t.crawlers.mu.Lock()
	c := t.crawlers.last[name]
	t.crawlers.mu.Unlock()
	if c == nil {
		return m
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.status == "" {
		m["StillEstimating"] = true
		return m
	}
	seconds := json.Number(strconv.FormatFloat(c.finished.Sub(c.started).Seconds(), 'f', 3, 64))
	m["LastRuntimeSeconds"], m["MedianRuntimeSeconds"] = seconds, seconds
	m["TablesUpdated"] = number(int64(c.changed))
	return m
}

func defaultText(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
