package glue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"wplake/internal/awsapi"
	"wplake/internal/lake"
)

// ErrCrawlerRunning says that a crawler could not be started, since it runs. Its
// present crawl may have begun before what is to be crawled was written.
var ErrCrawlerRunning = errors.New("the crawler is running already")

// CrawlerOptions configure Crawlers.
type CrawlerOptions struct {
	// Poll is the pause between two looks at a crawler; 0: ten seconds.
	Poll time.Duration
	// Wait pauses; nil waits in real time.
	Wait func(context.Context, time.Duration) error
}

// Crawlers starts the account's crawlers and waits for them. Its methods may
// be called concurrently.
type Crawlers struct {
	client *glue.Client
	o      CrawlerOptions
}

// NewCrawlers returns the crawlers of cfg's account and region. No request is
// made.
func NewCrawlers(cfg aws.Config, o CrawlerOptions) *Crawlers {
	o.Poll = cmp.Or(o.Poll, 10*time.Second)
	if o.Wait == nil {
		o.Wait = awsapi.Wait
	}
	return &Crawlers{client: glue.NewFromConfig(cfg), o: o}
}

// Crawl is one crawl of a crawler.
type Crawl struct {
	Crawler string
	Status  string    // SUCCEEDED, FAILED, CANCELLED
	Started time.Time // UTC
	Message string    // why it failed
	Log     string    // group and stream of CloudWatch Logs
	// Tables that the crawler created, updated and deleted, by Glue's metrics.
	Created, Updated, Deleted int
}

// Started is a crawl that was begun.
type Started struct {
	Crawler string
	before  *types.LastCrawlInfo // the crawl before; nil for none
}

// Start begins a crawl. A crawler that runs already gives an error that is
// ErrCrawlerRunning. It needs glue:GetCrawler and glue:StartCrawler.
func (c *Crawlers) Start(ctx context.Context, name string) (Started, error) {
	now, err := c.get(ctx, name)
	if err != nil {
		return Started{}, err
	}
	_, err = c.client.StartCrawler(ctx, &glue.StartCrawlerInput{Name: &name})
	if _, running := errors.AsType[*types.CrawlerRunningException](err); running {
		return Started{}, fmt.Errorf("%w: %s", ErrCrawlerRunning, name)
	}
	if err != nil {
		return Started{}, failure(err, "start the crawler "+name, "glue:StartCrawler")
	}
	return Started{Crawler: name, before: now.LastCrawl}, nil
}

// Run crawls and waits for the end. Where the crawler runs already, that crawl
// is awaited first: it may have looked before the newest objects were there.
func (c *Crawlers) Run(ctx context.Context, name string) (Crawl, error) {
	for {
		started, err := c.Start(ctx, name)
		if err == nil {
			return c.Await(ctx, started)
		}
		if !errors.Is(err, ErrCrawlerRunning) {
			return Crawl{}, err
		}
		if _, err := c.ready(ctx, name); err != nil {
			return Crawl{}, err
		}
	}
}

// idleLooks is how often a crawler that was started may look as if it had not
// been, before that is taken for a failure.
const idleLooks = 6

// Await waits until the crawler is ready again and tells how the crawl ended.
// One that did not succeed is an error, a *lake.Error with the code
// CatalogFailed, beside what is known of it. It needs glue:GetCrawler, and
// glue:GetCrawlerMetrics for the counts, which are 0 without.
func (c *Crawlers) Await(ctx context.Context, started Started) (Crawl, error) {
	name := started.Crawler
	for range idleLooks {
		now, err := c.ready(ctx, name)
		if err != nil {
			return Crawl{}, err
		}
		if another(started.before, now.LastCrawl) {
			return c.ended(ctx, name, *now.LastCrawl)
		}
		if err := c.pause(ctx, name); err != nil {
			return Crawl{}, err
		}
	}
	return Crawl{}, &lake.Error{
		Code:    lake.CatalogFailed,
		Message: fmt.Sprintf("the crawler %s was started and is ready, but Glue tells of no crawl", name),
		Hint:    "look at the crawler's runs in Glue's console, then run again",
	}
}

// another reports whether now is a crawl, and not the one before.
func another(before, now *types.LastCrawlInfo) bool {
	if now == nil || now.Status == "" {
		return false
	}
	if before == nil {
		return true
	}
	return !aws.ToTime(before.StartTime).Equal(aws.ToTime(now.StartTime)) ||
		aws.ToString(before.MessagePrefix) != aws.ToString(now.MessagePrefix)
}

// ready looks at a crawler until it is ready.
func (c *Crawlers) ready(ctx context.Context, name string) (types.Crawler, error) {
	for {
		now, err := c.get(ctx, name)
		if err != nil || now.State == types.CrawlerStateReady {
			return now, err
		}
		if err := c.pause(ctx, name); err != nil {
			return types.Crawler{}, err
		}
	}
}

func (c *Crawlers) pause(ctx context.Context, name string) error {
	if err := c.o.Wait(ctx, c.o.Poll); err != nil {
		return failure(err, "wait for the crawler "+name, "")
	}
	return nil
}

func (c *Crawlers) get(ctx context.Context, name string) (types.Crawler, error) {
	out, err := c.client.GetCrawler(ctx, &glue.GetCrawlerInput{Name: &name})
	if missing(err) || err == nil && out.Crawler == nil {
		return types.Crawler{}, &lake.Error{
			Code: lake.CatalogFailed, Message: "there is no crawler " + name,
			Hint: "`wplake deploy apply` makes it where the definition says catalog.crawler: true",
		}
	}
	if err != nil {
		return types.Crawler{}, failure(err, "look at the crawler "+name, "glue:GetCrawler")
	}
	return *out.Crawler, nil
}

// ended tells of a crawl that is over.
func (c *Crawlers) ended(ctx context.Context, name string, last types.LastCrawlInfo) (Crawl, error) {
	crawl := Crawl{
		Crawler: name, Status: string(last.Status), Started: aws.ToTime(last.StartTime).UTC(), Message: aws.ToString(last.ErrorMessage),
	}
	if last.LogGroup != nil {
		crawl.Log = *last.LogGroup + " " + aws.ToString(last.LogStream)
	}
	if last.Status != types.LastCrawlStatusSucceeded {
		return crawl, &lake.Error{
			Code:    lake.CatalogFailed,
			Message: fmt.Sprintf("the crawl of %s ended as %s: %s", name, crawl.Status, cmp.Or(crawl.Message, "Glue does not say why")),
			Hint:    "its log is in CloudWatch: " + cmp.Or(crawl.Log, "/aws-glue/crawlers "+name),
		}
	}
	out, err := c.client.GetCrawlerMetrics(ctx, &glue.GetCrawlerMetricsInput{CrawlerNameList: []string{name}})
	if awsapi.Code(err) == "AccessDeniedException" {
		return crawl, nil // the crawl is what counts
	}
	if err != nil {
		return crawl, failure(err, "read the metrics of the crawler "+name, "glue:GetCrawlerMetrics")
	}
	for _, m := range out.CrawlerMetricsList {
		if aws.ToString(m.CrawlerName) == name {
			crawl.Created, crawl.Updated, crawl.Deleted = int(m.TablesCreated), int(m.TablesUpdated), int(m.TablesDeleted)
		}
	}
	return crawl, nil
}
