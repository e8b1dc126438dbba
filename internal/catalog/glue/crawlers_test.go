package glue_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/catalog/glue"
	"wplake/internal/lake"
)

// crawler plays one: each of its looks is the next of states, the last for ever.
type crawler struct {
	mu     sync.Mutex
	states []object
	starts []string // the fault of each start; "" for none
	denied bool     // its metrics
}

func (c *crawler) reply(op string, _ object) (int, object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch op {
	case "GetCrawler":
		now := c.states[0]
		if len(c.states) > 1 {
			c.states = c.states[1:]
		}
		return http.StatusOK, object{"Crawler": now}
	case "StartCrawler":
		code := ""
		if len(c.starts) > 0 {
			code, c.starts = c.starts[0], c.starts[1:]
		}
		if code != "" {
			return fault(code, "of the start")
		}
		return http.StatusOK, object{}
	case "GetCrawlerMetrics":
		if c.denied {
			return fault("AccessDeniedException", "no metrics")
		}
		return http.StatusOK, object{"CrawlerMetricsList": []any{object{"CrawlerName": "wordpress_bronze", "TablesCreated": 5, "TablesUpdated": 2, "TablesDeleted": 1}}}
	}
	return fault("InvalidAction", op)
}

func look(state string, at float64, status, message string) object {
	c := object{"Name": "wordpress_bronze", "State": state}
	if status != "" {
		c["LastCrawl"] = object{
			"Status": status, "StartTime": at, "ErrorMessage": message, "MessagePrefix": "p",
			"LogGroup": "/aws-glue/crawlers", "LogStream": "wordpress_bronze",
		}
	}
	return c
}

func TestCrawlers(t *testing.T) {
	t.Parallel()
	before := look("READY", 1, "SUCCEEDED", "")
	for name, test := range map[string]struct {
		crawler *crawler
		status  string
		created int
		code    lake.Code // "": no error
		says    string
	}{
		"the first crawl": {
			&crawler{states: []object{look("READY", 0, "", ""), look("RUNNING", 0, "", ""), look("STOPPING", 0, "", ""), before}},
			"SUCCEEDED", 5, "", "",
		},
		"looks ready too early": {
			&crawler{states: []object{before, before, look("RUNNING", 1, "SUCCEEDED", ""), look("READY", 2, "SUCCEEDED", "")}},
			"SUCCEEDED", 5, "", "",
		},
		"fails": {
			&crawler{states: []object{before, look("RUNNING", 1, "SUCCEEDED", ""), look("READY", 2, "FAILED", "Access Denied to s3://x")}},
			"FAILED", 0, lake.CatalogFailed, "Access Denied to s3://x",
		},
		"is cancelled": {&crawler{states: []object{before, look("READY", 2, "CANCELLED", "")}}, "CANCELLED", 0, lake.CatalogFailed, "CANCELLED"},
		"runs already": {
			&crawler{
				states: []object{before, look("RUNNING", 1, "SUCCEEDED", ""), look("READY", 2, "FAILED", ""), look("READY", 2, "FAILED", ""), look("READY", 3, "SUCCEEDED", "")},
				starts: []string{"CrawlerRunningException"},
			},
			"SUCCEEDED", 5, "", "",
		},
		"no metrics":   {&crawler{denied: true, states: []object{before, look("READY", 2, "SUCCEEDED", "")}}, "SUCCEEDED", 0, "", ""},
		"never crawls": {&crawler{states: []object{before}}, "", 0, lake.CatalogFailed, "no crawl"},
		"is refused":   {&crawler{states: []object{before}, starts: []string{"AccessDeniedException"}}, "", 0, lake.AccessDenied, "glue:StartCrawler"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.before = test.crawler.reply
			crawl, err := glue.NewCrawlers(f.config(), glue.CrawlerOptions{Wait: noWait}).Run(t.Context(), "wordpress_bronze")
			if crawl.Status != test.status || crawl.Created != test.created {
				t.Errorf("%+v", crawl)
			}
			if test.code == "" && err != nil {
				t.Errorf("Run: %v", err)
			}
			if e := lake.AsError(errors.Join(err, errors.New("none")), ""); e.Code != test.code || !strings.Contains(e.Message+e.Hint, test.says) {
				t.Errorf("%s: %v", e.Code, err)
			}
		})
	}
}

func TestNoCrawler(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.before = func(string, object) (int, object) { return fault("EntityNotFoundException", "") }
	_, err := glue.NewCrawlers(f.config(), glue.CrawlerOptions{}).Start(t.Context(), "x")
	if !lake.HasCode(err, lake.CatalogFailed) || !strings.Contains(err.Error(), "no crawler x") {
		t.Errorf("Start: %v", err)
	}
}

// Whoever waits can be stopped.
func TestAwaitCancelled(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	c := crawler{states: []object{look("READY", 0, "", ""), look("RUNNING", 0, "", "")}}
	f.before = c.reply
	ctx, cancel := context.WithCancel(t.Context())
	o := glue.CrawlerOptions{Wait: func(ctx context.Context, d time.Duration) error {
		if d != 10*time.Second {
			t.Errorf("it waits %s", d)
		}
		cancel()
		return ctx.Err()
	}}
	if _, err := glue.NewCrawlers(f.config(), o).Run(ctx, "wordpress_bronze"); !errors.Is(err, context.Canceled) || !lake.HasCode(err, lake.Interrupted) {
		t.Errorf("Run: %v", err)
	}
}
