//go:build aws

package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"wplake/internal/lake"
)

// managed are the settings of a lake whose silver is a Glue job and whose
// tables are made by crawlers, as the reference has it.
const managed = "catalog: {crawler: true}\nsilver: {runtime: glue-pythonshell}\n"

// deployed is a lake that is deployed with these settings and reads these
// endpoints.
func deployed(t *testing.T, urls []string, more string) *deployment {
	t.Helper()
	url := emulator(t, "MINISTACK_URL")
	d := &deployment{account: newAccount(), dir: t.TempDir(), urls: urls}
	d.owner, d.environment = client(url, d.account), awsEnvironment(url, d.account)
	d.definition(t, more)
	return d
}

// apply deploys the lake and says where its endpoints are.
func (d *deployment) apply(t *testing.T) {
	t.Helper()
	wplake(t, d.dir, d.environment, "deploy", "apply", "--yes")
	wplake(t, d.dir, d.environment, "param", "set", "/wordpress/demo/api/mysqlendpoints", strings.Join(d.urls, ","), "--type", "StringList", "--home", "aws")
}

// execution is the last one.
func (d *deployment) execution(t *testing.T) *sfn.DescribeExecutionOutput {
	t.Helper()
	out, err := sfn.NewFromConfig(d.owner).DescribeExecution(t.Context(), &sfn.DescribeExecutionInput{ExecutionArn: d.executions(t)[0].ExecutionArn})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// entered are the states that an execution entered, in order.
func (d *deployment) entered(t *testing.T, execution string) []string {
	t.Helper()
	var states []string
	pages := sfn.NewGetExecutionHistoryPaginator(sfn.NewFromConfig(d.owner), &sfn.GetExecutionHistoryInput{ExecutionArn: &execution})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if e.StateEnteredEventDetails != nil {
				states = append(states, *e.StateEnteredEventDetails.Name)
			}
		}
	}
	return states
}

// atHome runs the same definition at home over a site's endpoints.
func (d *deployment) atHome(t *testing.T, urls []string) *deployment {
	t.Helper()
	local := &deployment{account: d.account, dir: t.TempDir(), urls: urls}
	local.definition(t, "")
	wplake(t, local.dir, nil, "param", "set", "/wordpress/demo/api/mysqlendpoints", strings.Join(urls, ","), "--type", "StringList")
	wplake(t, local.dir, nil, "run", "--json")
	return local
}

// asAtHome compares tables of these layers with those of a lake at home, value
// by value.
func (d *deployment) asAtHome(t *testing.T, local *deployment, layers ...lake.Layer) {
	t.Helper()
	here, there := t.TempDir(), t.TempDir()
	for _, layer := range layers {
		found := keys(t, objects(d.owner), d.bucket(layer))
		if len(found) != len(local.urls) {
			t.Errorf("%s has %d objects: %v", layer, len(found), found)
		}
		for _, key := range found {
			ours, err := os.ReadFile(filepath.Join(local.dir, "lake", d.bucket(layer), filepath.FromSlash(key)))
			if err != nil {
				t.Error(err)
				continue
			}
			keep(t, here, layer, key, ours)
			keep(t, there, layer, key, get(t, objects(d.owner), d.bucket(layer), key))
		}
	}
	if found := compareTables(t, here, there); len(found) != len(layers)*len(local.urls) {
		t.Errorf("%d tables were compared", len(found))
	}
}

// lastCrawls are when the layers' crawlers crawled last; all ended well.
func (d *deployment) lastCrawls(t *testing.T) map[lake.Layer]time.Time {
	t.Helper()
	found := map[lake.Layer]time.Time{}
	for _, l := range lake.TableLayers() {
		out, err := glue.NewFromConfig(d.owner).GetCrawler(t.Context(), &glue.GetCrawlerInput{Name: sdk.String(lake.CrawlerName(l))})
		if err != nil {
			t.Fatal(err)
		}
		last := out.Crawler.LastCrawl
		if out.Crawler.State != gluetypes.CrawlerStateReady || last == nil || last.Status != gluetypes.LastCrawlStatusSucceeded {
			t.Fatalf("the crawler of %s is %s, its last crawl %+v", l, out.Crawler.State, last)
		}
		found[l] = *last.StartTime
	}
	return found
}

// Crawlers and a Python Shell job together: the machine awaits them, and the
// objects are those of home.
func TestCrawlersAndJob(t *testing.T) {
	d := deployed(t, site(t), managed)
	d.apply(t)
	d.do(t, 0, "run", "--home", "aws")
	d.judgeExecution(t)
	// The execution has ended, and the crawlers with it.
	crawled := d.lastCrawls(t)
	runs, err := glue.NewFromConfig(d.owner).GetJobRuns(t.Context(), &glue.GetJobRunsInput{JobName: sdk.String(lake.SilverJob)})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs.JobRuns) != 1 || runs.JobRuns[0].JobRunState != gluetypes.JobRunStateSucceeded {
		t.Errorf("runs of the job: %+v", runs.JobRuns)
	}
	d.asAtHome(t, d.atHome(t, d.urls), lake.Bronze, lake.Silver)

	// The command starts the crawlers too, and awaits them.
	var report lake.RunReport
	if err := json.Unmarshal(wplake(t, d.dir, d.environment, "crawl", "--home", "aws", "--json"), &report); err != nil {
		t.Fatal(err)
	}
	if report.Status != lake.StatusRunSucceeded || len(report.Stages) != 2 {
		t.Errorf("the crawl: %+v", report)
	}
	for l, again := range d.lastCrawls(t) {
		if !again.After(crawled[l]) {
			t.Errorf("the crawler of %s was started at %s and, by the command, at %s", l, crawled[l], again)
		}
	}

	// A job that fails is told of: all of bronze is damaged.
	for _, key := range keys(t, objects(d.owner), d.bucket(lake.Bronze)) {
		if _, err := objects(d.owner).PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: sdk.String(d.bucket(lake.Bronze)), Key: &key, Body: strings.NewReader("no Parquet"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.do(t, 1, "run", "--home", "aws", "--only", "silver")
	out := d.execution(t)
	if out.Status != sfntypes.ExecutionStatusFailed || !strings.Contains(sdk.ToString(out.Cause), "Glue Start Silver Python Shell") {
		t.Errorf("over damaged objects the execution is %s: %s", out.Status, sdk.ToString(out.Cause))
	}
}

// mailbox is a topic's subscriber.
type mailbox struct {
	mu       sync.Mutex
	messages []string
}

func (m *mailbox) read() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.messages)
}

// subscriber subscribes to a topic and confirms it.
func (d *deployment) subscriber(t *testing.T, topic string) *mailbox {
	t.Helper()
	m, confirmed := &mailbox{}, make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var in struct{ Type, SubscribeURL, Subject, Message string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
			return
		}
		if in.Type == "SubscriptionConfirmation" {
			if err := visit(r.Context(), in.SubscribeURL); err != nil {
				t.Error(err)
				return
			}
			confirmed <- struct{}{}
			return
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.messages = append(m.messages, strings.TrimSpace(in.Subject+"\n"+in.Message))
	}))
	t.Cleanup(server.Close)
	if _, err := sns.NewFromConfig(d.owner).Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: sdk.String(fmt.Sprintf("arn:aws:sns:%s:%s:%s", region, d.account, topic)), Protocol: sdk.String("http"), Endpoint: &server.URL,
	}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-confirmed:
	case <-t.Context().Done():
		t.Fatal("the subscription was not confirmed")
	}
	return m
}

// visit asks for a page, whatever it says.
func visit(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return errors.Join(err, answer.Body.Close())
}

// The reference's own machines, deployed unchanged: account and region of the
// ARNs in them are blackened, and become those that they are deployed to.
func TestTheReferencesMachines(t *testing.T) {
	for _, test := range []struct {
		machine, settings string
		layers            []lake.Layer
		states            []string
	}{
		{"2024-03", "", []lake.Layer{lake.Bronze}, []string{"data_wordpressapi_raw", "data_wordpressapi_bronze"}},
		{"2024-05", "catalog: {crawler: true}\n", []lake.Layer{lake.Bronze},
			[]string{"data_wordpressapi_raw", "data_wordpressapi_bronze", "Start Bronze Crawler"}},
		{"2024-08", managed, lake.TableLayers(), []string{
			"data_wordpressapi_raw", "data_wordpressapi_bronze", "Start Bronze Crawler", "Glue Start Silver Python Shell", "Start Silver Crawler",
		}},
	} {
		t.Run(test.machine, func(t *testing.T) {
			broken := httptest.NewServer(http.NotFoundHandler())
			t.Cleanup(broken.Close)
			d := deployed(t, site(t), "workflow: {definition: machine.asl.json}\n"+test.settings)
			text, err := os.ReadFile(filepath.Join("..", "..", "internal", "workflow", "tasks", "testdata", "machines", test.machine+".asl.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(d.dir, "machine.asl.json"), text, 0o600); err != nil {
				t.Fatal(err)
			}
			d.apply(t)
			failures, raws := d.subscriber(t, lake.FailureTopic), d.subscriber(t, lake.TopicName(lake.Raw))
			d.do(t, 0, "run", "--home", "aws")
			d.judgeExecution(t)
			same(t, "states", test.states, d.entered(t, *d.execution(t).ExecutionArn))
			d.asAtHome(t, d.atHome(t, d.urls), test.layers...)
			if said := slices.Concat(failures.read(), raws.read()); len(said) != 0 {
				t.Errorf("all went well, and there were messages: %q", said)
			}

			// One endpoint fails: the layer's topic is told, the rest goes on.
			d.endpoints(t, append(slices.Clone(d.urls), broken.URL+"/wp-json/mo/v1/orders_endpoint/"))
			d.do(t, 1, "run", "--home", "aws")
			same(t, "states with an endpoint that fails", test.states, d.entered(t, *d.execution(t).ExecutionArn))
			await(t, time.Minute, "the message of raw", func() bool { return len(raws.read()) > 0 })
			t.Logf("data-lakehouse-raw: %q", raws.read())

			// All fail, so the function does: PublishFailure runs, as the machine says.
			d.endpoints(t, []string{broken.URL + "/wp-json/mo/v1/orders_endpoint/"})
			d.do(t, 1, "run", "--home", "aws")
			same(t, "states when all fails", []string{"data_wordpressapi_raw", "PublishFailure"}, d.entered(t, *d.execution(t).ExecutionArn))
			await(t, time.Minute, "the message of the workflow", func() bool { return len(failures.read()) > 0 })
			t.Logf("%s: %q", lake.FailureTopic, failures.read())
			if said := failures.read(); len(said) != 1 || !strings.Contains(said[0], "The workflow met an error") {
				t.Errorf("%s got %q", lake.FailureTopic, said)
			}
		})
	}
}

// endpoints says that the site has other endpoints, once the crawlers have ended
// that the reference's machines start and do not await: another run would
// find them running and fail.
func (d *deployment) endpoints(t *testing.T, urls []string) {
	t.Helper()
	await(t, time.Minute, "the crawlers", func() bool {
		out, err := glue.NewFromConfig(d.owner).GetCrawlers(t.Context(), &glue.GetCrawlersInput{})
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(out.Crawlers, func(c gluetypes.Crawler) bool { return c.State != gluetypes.CrawlerStateReady })
	})
	wplake(t, d.dir, d.environment, "param", "set", "/wordpress/demo/api/mysqlendpoints", strings.Join(urls, ","), "--type", "StringList", "--home", "aws")
}

// writtenAgain is JSON as the reference's raw function writes what it has read.
func writtenAgain(t *testing.T, body []byte) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, "python"), "-c", "import json, sys; sys.stdout.write(json.dumps(json.load(sys.stdin)))")
	cmd.Stdin = bytes.NewReader(body)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A lake of the reference is taken over: its buckets exist, and raw is as its
// function writes it, parsed, written again by Python and without any metadata.
func TestExistingBuckets(t *testing.T) {
	d := deployed(t, site(t), "")
	text := fmt.Sprintf("site: demo\nsource: {kind: endpoints}\nbuckets: {raw: %[1]s-raw, bronze: %[1]s-bronze, silver: %[1]s-silver}\n"+
		"aws:\n  region: %[2]s\n  existing: {buckets: true}\n", d.account, region)
	if err := os.WriteFile(filepath.Join(d.dir, "wplake.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	store := objects(d.owner)
	for _, l := range lake.Layers() {
		if _, err := store.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: sdk.String(d.bucket(l))}); err != nil {
			t.Fatal(err)
		}
	}
	written := map[string]string{} // ETags of raw
	for _, url := range d.urls {
		key := lake.ObjectKey(lake.Raw, "wordpress_api", objectOf(url))
		put, err := store.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: sdk.String(d.bucket(lake.Raw)), Key: &key, Body: bytes.NewReader(writtenAgain(t, fetched(t, url))),
		})
		if err != nil {
			t.Fatal(err)
		}
		written[key] = *put.ETag
	}
	d.apply(t)
	d.do(t, 0, "run", "--home", "aws", "--only", "bronze,crawl-bronze,silver,crawl-silver")
	d.judgeExecution(t)
	local := d.atHome(t, d.urls)
	d.asAtHome(t, local, lake.TableLayers()...)
	same(t, "columns in Glue", listed(t, wplake(t, local.dir, nil, "tables", "--json")), glueTables(t, d.owner, "wordpress_api"))
	for key, tag := range written {
		head, err := store.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: sdk.String(d.bucket(lake.Raw)), Key: &key})
		if err != nil || *head.ETag != tag {
			t.Errorf("the reference's %s was touched: %v", key, err)
		}
	}
	// The whole run writes raw over the reference's, and bronze and silver say the same.
	d.do(t, 0, "run", "--home", "aws")
	d.asAtHome(t, local, lake.TableLayers()...)

	// The buckets are not the stack's: they stay with all that is in them.
	d.do(t, 0, "deploy", "destroy", "--yes", "--delete-data=wplake-demo")
	for _, l := range lake.Layers() {
		if n := len(keys(t, store, d.bucket(l))); n != len(d.urls) {
			t.Errorf("destroy left %d objects of %s", n, l)
		}
	}
}

// The functions over the reference's raw, with the article's policies and
// nothing more.
func TestTheReferencesRawUnderItsPolicies(t *testing.T) {
	l := byHand(t, emulator(t, "MINISTACK_AUTH_URL"), site(t), false)
	for _, url := range l.endpoint {
		l.put(t, lake.Raw, lake.ObjectKey(lake.Raw, "wordpress_api", objectOf(url)), writtenAgain(t, fetched(t, url)))
	}
	invoke := func(function, run string, layers ...lake.Layer) {
		t.Helper()
		policy, credentials := l.roleOf(t, function+"-"+run)
		document := articlePolicy(t, l.account, layers...)
		policy(bytes.ReplaceAll(document, []byte("arn:aws:s3:::data-lakehouse-"), []byte("arn:aws:s3:::"+l.account+"-")))
		l.invoke(t, invocation{function: function, credentials: &credentials, event: map[string]any{"run_id": run}}).well(t, len(l.endpoint))
	}
	invoke(lake.FunctionBronze, "run-1", lake.Raw, lake.Bronze)
	before := modified(t, objects(l.owner), l.buckets[lake.Bronze])
	invoke(lake.FunctionRaw, "run-2", lake.Raw)
	invoke(lake.FunctionBronze, "run-2", lake.Raw, lake.Bronze)
	if len(before) != len(l.endpoint) || len(keys(t, objects(l.owner), l.buckets[lake.Bronze])) != len(before) {
		t.Errorf("bronze had %d objects", len(before))
	}
}
