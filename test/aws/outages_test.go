//go:build aws

package aws

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"wplake/internal/lake"
)

// stages are the invocations of one run, in order, with how many objects each
// deals with.
func stages() []invocation {
	return []invocation{
		{function: lake.FunctionRaw},
		{function: lake.FunctionBronze},
		{function: lake.FunctionCatalog, event: map[string]any{"stage": "crawl-bronze"}},
		{function: lake.FunctionSilver},
		{function: lake.FunctionCatalog, event: map[string]any{"stage": "crawl-silver"}},
	}
}

// content is all objects of the lake by bucket and key.
func (l *lakeByHand) content(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for layer, bucket := range l.buckets {
		for _, key := range keys(t, objects(l.owner), bucket) {
			all[string(layer)+"/"+key] = l.get(t, layer, key)
		}
	}
	return all
}

// complete fails the test unless the lake has the site's five objects in every
// layer, raw as the site gives them, and nothing else.
func (l *lakeByHand) complete(t *testing.T) {
	t.Helper()
	content := l.content(t)
	want := 0
	for _, endpoint := range l.endpoint {
		name := objectOf(endpoint)
		raw, ok := content["raw/wordpress_api/"+name+"/"+name+".json"]
		if !ok || !bytes.Equal(raw, fetched(t, endpoint)) {
			t.Errorf("raw has not what the site has at %s: %d bytes", endpoint, len(raw))
		}
		for _, layer := range []string{"bronze", "silver"} {
			parquet := content[layer+"/wordpress_api/"+name+"/"+name+".parquet"]
			if !bytes.HasPrefix(parquet, []byte("PAR1")) || !bytes.HasSuffix(parquet, []byte("PAR1")) {
				t.Errorf("%s of %s is no whole Parquet file: %d bytes", layer, name, len(parquet))
			}
		}
		want += 3
	}
	if len(content) != want {
		t.Errorf("the lake has %d objects instead of %d", len(content), want)
	}
}

// objectOf is the table that an endpoint gives.
func objectOf(endpoint string) string {
	return strings.TrimSuffix(filepath.Base(endpoint), "_endpoint")
}

// Every service throttles, or answers with 500, for a while: each stage does all
// its work, as if nothing had been.
func TestOutagesThatPass(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{
		"S3 throttles": throttled("s3"), "S3 is broken": broken("s3"),
		"SSM throttles": throttled("ssm"), "SSM is broken": broken("ssm"),
		"Glue throttles": throttled("glue"), "Glue is broken": broken("glue"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := behindFaults(t, emulator(t, "MINISTACK_URL"), f)
			l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
			for _, stage := range stages() {
				stage.url = proxy.url
				l.invoke(t, stage).well(t, 5)
			}
			l.complete(t)
		})
	}
}

// SNS throttles when there is something to tell: it is told all the same.
func TestAlertThroughAnOutage(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]fault{"throttled": throttled("sns"), "broken": broken("sns")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := behindFaults(t, emulator(t, "MINISTACK_URL"), f)
			l := byHand(t, emulator(t, "MINISTACK_URL"), withFaults(t), false)
			out := l.invoke(t, invocation{function: lake.FunctionRaw, url: proxy.url})
			if wrong := judged(out, planted{"gone", lake.SourceHTTPStatus}); wrong != "" || len(out.objects) != 7 {
				t.Errorf("raw dealt with %d objects: %s\n%s", len(out.objects), wrong, out.logs)
			}
			if n := proxy.count(func(q request) bool { return q.service == "sns" && q.action == "Publish" }); n != 2 {
				t.Errorf("the alert was sent %d times, want a refused and an accepted one", n)
			}
		})
	}
}

// Credentials that have expired are named as what is wrong, nothing is written
// and not much is tried.
func TestExpiredCredentials(t *testing.T) {
	t.Parallel()
	l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
	proxy := behindFaults(t, emulator(t, "MINISTACK_URL"), expired())
	for _, stage := range stages() {
		stage.url = proxy.url
		out := l.invoke(t, stage)
		if !out.failed || out.kind != string(lake.CredentialsBad) {
			t.Errorf("%s with expired credentials: %s\n%s", stage.function, out.said(), out.logs)
		}
	}
	if n := len(l.content(t)); n != 0 {
		t.Errorf("%d objects were written", n)
	}
	if n := proxy.count(func(request) bool { return true }); n > 2*len(stages()) {
		t.Errorf("%d requests were made with credentials that have expired", n)
	}
}

// Credentials that expire in the middle of a stage: what was finished is whole,
// the rest is said, and the next invocation does it.
func TestCredentialsExpireInBetween(t *testing.T) {
	t.Parallel()
	l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
	var mu sync.Mutex
	puts := 0
	refuseAll := expired()
	proxy := behindFaults(t, emulator(t, "MINISTACK_URL"), func(w http.ResponseWriter, r *http.Request, q request, forward func(http.ResponseWriter)) bool {
		mu.Lock()
		if q.write() {
			puts++
		}
		late := puts > 2
		mu.Unlock()
		return late && refuseAll(w, r, q, forward)
	})
	out := l.invoke(t, invocation{function: lake.FunctionRaw, url: proxy.url})
	if !strings.Contains(out.said(), string(lake.CredentialsBad)) {
		t.Errorf("raw said: %s\n%s", out.said(), out.logs)
	}
	t.Logf("raw said:\n%s", out.said())
	for key, content := range l.content(t) {
		name := objectOf(filepath.Dir(key)) // the folder is the object's name
		for _, endpoint := range l.endpoint {
			if objectOf(endpoint) == name && !bytes.Equal(content, fetched(t, endpoint)) {
				t.Errorf("%s is not whole", key)
			}
		}
	}
	for _, stage := range stages() {
		l.invoke(t, stage).well(t, 5)
	}
	l.complete(t)
}

// The answer to a write that took place is lost: the write counts once.
func TestLostAnswerToAWrite(t *testing.T) {
	t.Parallel()
	l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
	proxy := behindFaults(t, emulator(t, "MINISTACK_URL"), lost(request.write))
	for _, stage := range stages() {
		stage.url = proxy.url
		l.invoke(t, stage).well(t, 5)
	}
	l.complete(t)
}

// The same over the strict S3, which knows of conditional writes and of
// multipart uploads.
func TestLostAnswerToAWriteOfTheStrictS3(t *testing.T) {
	t.Parallel()
	l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
	strict := sdk.Config{Region: region, BaseEndpoint: sdk.String(emulator(t, "SEAWEEDFS_URL")), Credentials: keysOf(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"))}
	for _, bucket := range l.buckets {
		if _, err := objects(strict).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
	}
	proxy := behindFaults(t, emulator(t, "SEAWEEDFS_URL"), lost(request.write))
	credentials := sdk.Credentials{AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY")}
	// The services beside S3 take the same key for an account of their own.
	other := &lakeByHand{account: l.account, url: l.url, owner: strict, dir: l.dir, buckets: l.buckets, endpoint: l.endpoint}
	services := behindAccount(t, l)
	for _, stage := range stages() {
		if stage.function == lake.FunctionCatalog {
			continue // it writes no objects
		}
		stage.url, stage.s3URL, stage.credentials = services, proxy.url, &credentials
		other.invoke(t, stage).well(t, 5)
	}
	other.complete(t)
}

// Somebody replaces an object between a stage's reading and its writing: the
// other's object stays, or ours replaces it knowingly, and the stage says so.
func TestObjectReplacedBetweenReadAndWrite(t *testing.T) {
	t.Parallel()
	l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
	for _, stage := range stages()[:2] {
		l.invoke(t, stage).well(t, 5)
	}
	const key = "wordpress_api/terms/terms.parquet"
	theirs := []byte("PAR1 somebody else's object PAR1")
	proxy := behindFaults(t, emulator(t, "MINISTACK_URL"), before(
		func(q request) bool { return q.write() && q.key("terms") },
		func() {
			bucket := l.buckets[lake.Bronze]
			if _, err := objects(l.owner).PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: sdk.String(key), Body: bytes.NewReader(theirs)}); err != nil {
				t.Error(err)
			}
		}))
	out := l.invoke(t, invocation{function: lake.FunctionBronze, event: map[string]any{"run_id": "run-2", "full": true}, url: proxy.url})
	t.Logf("bronze said: %s", out.said())
	if !strings.Contains(out.said(), string(lake.ObjectChanged)) {
		t.Errorf("bronze did not say that the object has changed: %s\n%s", out.said(), out.logs)
	}
	if !bytes.Equal(l.get(t, lake.Bronze, key), theirs) {
		t.Error("the other's object was overwritten")
	}
	for _, o := range out.objects {
		if o.Object != "terms" && o.Status != "succeeded" {
			t.Errorf("%s is %s", o.Object, o.Status)
		}
	}
}

// Two runs at once over one lake: each object is one of theirs and whole.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
	for _, stage := range stages() {
		var both [2]outcome
		var wait sync.WaitGroup
		for i := range both {
			one := stage
			one.event = map[string]any{"run_id": []string{"run-a", "run-b"}[i]}
			for key, value := range stage.event {
				one.event[key] = value
			}
			f := l.start(t, one)
			wait.Go(func() { both[i] = handle(t, f, one) })
			t.Cleanup(func() { _ = f.Stop() })
		}
		wait.Wait()
		for i, out := range both {
			for _, o := range out.objects {
				if o.Error != nil && o.Error.Code != string(lake.ObjectChanged) {
					t.Errorf("%s, run %d: %s: %s: %s", stage.function, i, o.Object, o.Error.Code, o.Error.Message)
				}
			}
		}
		t.Logf("%s: the first said %q, the second said %q", stage.function, both[0].said(), both[1].said())
	}
	l.complete(t)
	// Nothing is left to do, whoever won.
	for _, stage := range stages() {
		out := l.invoke(t, stage)
		out.well(t, 5)
	}
	l.complete(t)
}

// A site is larger than one invocation: the function stops before its deadline,
// keeps what it has finished and says so, and the next invocation goes on.
func TestDeadlineInTheMiddle(t *testing.T) {
	t.Parallel()
	slow := newSlowSite(t, "statistics_pages")
	l := byHand(t, emulator(t, "MINISTACK_URL"), slow.endpoints, false)
	out := l.invoke(t, invocation{function: lake.FunctionRaw, time: 6 * time.Second})
	t.Logf("the first invocation said: %s", out.said())
	if !out.failed || out.kind != string(lake.StageUnfinished) {
		t.Fatalf("the first invocation: %s\n%s", out.said(), out.logs)
	}
	var kept []string
	for key, content := range l.content(t) {
		kept = append(kept, key)
		if !bytes.HasSuffix(content, []byte("]")) {
			t.Errorf("%s is not whole", key)
		}
	}
	slices.Sort(kept)
	t.Logf("it kept: %v", kept)
	if len(kept) != 4 || slices.Contains(kept, "raw/wordpress_api/statistics_pages/statistics_pages.json") {
		t.Errorf("it kept %v instead of the four that were finished", kept)
	}
	asked := slow.asked()
	slow.resume()
	second := l.invoke(t, invocation{function: lake.FunctionRaw})
	second.well(t, 5)
	again := slow.asked()
	t.Logf("requests at the site, by object: %v in the first invocation, %v after the second", asked, again)
	for name, n := range again {
		if name != "statistics_pages" && n != asked[name] {
			t.Errorf("%s was fetched again though it was finished", name)
		}
	}
	for _, stage := range stages()[1:] {
		l.invoke(t, stage).well(t, 5)
	}
	l.complete(t)
}

// A bucket that was taken away is an error that names it, not an empty lake.
func TestBucketIsGone(t *testing.T) {
	t.Parallel()
	l := byHand(t, emulator(t, "MINISTACK_URL"), site(t), false)
	bucket := l.buckets[lake.Raw]
	if _, err := objects(l.owner).DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	for _, function := range []string{lake.FunctionRaw, lake.FunctionBronze} {
		out := l.invoke(t, invocation{function: function})
		if out.said() == "" || !strings.Contains(out.said(), bucket) {
			t.Errorf("%s without its bucket said: %q\n%s", function, out.said(), out.logs)
		}
	}
	var missing *s3types.NoSuchBucket
	if _, err := objects(l.owner).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket}); !errors.As(err, &missing) {
		t.Errorf("the bucket was made anew: %v", err)
	}
}
