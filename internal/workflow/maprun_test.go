package workflow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/workflow"
)

// objects is a store of objects in memory.
type objects struct {
	mu    sync.Mutex
	all   map[string][]byte
	opens int
}

func (o *objects) Open(_ context.Context, bucket, key, _ string) (io.ReadCloser, int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.opens++
	body, ok := o.all[bucket+"/"+key]
	if !ok {
		return nil, 0, &workflow.TaskError{Name: "S3.NoSuchKey", Cause: "The specified key does not exist."}
	}
	return io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
}

func (o *objects) List(_ context.Context, bucket, prefix string) iter.Seq2[workflow.ObjectInfo, error] {
	o.mu.Lock()
	defer o.mu.Unlock()
	var found []workflow.ObjectInfo
	for _, path := range slices.Sorted(maps.Keys(o.all)) {
		if key, ok := strings.CutPrefix(path, bucket+"/"); ok && strings.HasPrefix(key, prefix) {
			found = append(found, workflow.ObjectInfo{Key: key, Size: int64(len(o.all[path])), ETag: "e"})
		}
	}
	return func(yield func(workflow.ObjectInfo, error) bool) {
		for _, f := range found {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (o *objects) Put(_ context.Context, bucket, key string, body io.Reader) error {
	raw, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all[bucket+"/"+key] = raw
	return nil
}

func (o *objects) get(key string) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all[key]
}

const mapOverFile = `{"StartAt": "M", "States": {"M": {"Type": "Map", "Label": "L", "MaxConcurrency": 5, "End": true,
	"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}, "Parameters": {"Bucket": "b", "Key": "in.json"}},
	"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "T", "States": {
		"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true}}},
	"ToleratedFailureCount": 2,
	"ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "out"}}}}}`

func TestDistributedMap(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, b *bench) {
		const count = 1500
		o := &objects{all: map[string][]byte{}}
		var list []string
		for i := range count {
			list = append(list, fmt.Sprint(i))
		}
		o.all["b/in.json"] = []byte("[" + strings.Join(list, ",") + "]")
		b.options = func(w *workflow.Options) { w.Objects = o }
		b.tasks.do = func(ctx context.Context, c workflow.Call) (any, error) {
			wait := time.NewTimer(time.Second)
			defer wait.Stop()
			select {
			case <-wait.C:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if n, _ := c.Arguments.(json.Number); n == "7" || n == "1499" {
				return nil, &workflow.TaskError{Name: "Odd", Cause: "no"}
			}
			return c.Arguments, nil
		}
		e := b.open(t)
		x := start(t, e, machine("m", mapOverFile), "one", "")
		// The engine dies three times under it.
		for range 3 {
			time.Sleep(60*time.Second + 500*time.Millisecond)
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			e = b.open(t)
			if err := e.Resume(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		runs, err := e.MapRuns(t.Context(), x.ARN)
		if err != nil || len(runs) != 1 || runs[0].Status != asl.Running || runs[0].MaxConcurrency != 5 || !strings.HasPrefix(runs[0].ARN, arnPrefix+"mapRun:m/L:") {
			t.Fatalf("runs: %+v, %v", runs, err)
		}
		many := int64(1000)
		begun := time.Now()
		if err := e.UpdateMapRun(t.Context(), runs[0].ARN, workflow.MapRunUpdate{MaxConcurrency: &many}); err != nil {
			t.Fatal(err)
		}
		got := ended(t, e, x.ARN)
		if got.Status != asl.Succeeded {
			t.Fatalf("got %s %s %s", got.Status, text(got.Error), text(got.Cause))
		}
		// 16 tasks at once now, not 5.
		if took := time.Since(begun); took > 60*time.Second {
			t.Errorf("the rest took %s", took)
		}
		run, err := e.MapRun(t.Context(), runs[0].ARN)
		if err != nil || run.Items.Total != count || run.Items.Succeeded != count-2 || run.Items.Failed != 2 || run.Stopped.IsZero() || run.Items.ResultsWritten != count {
			t.Errorf("run: %+v, %v", run, err)
		}
		children := 0
		failed := 0
		f := workflow.Filter{MapRun: run.ARN, Limit: 400}
		for {
			page, next, err := e.List(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page {
				children++
				if c.Status == asl.Failed {
					failed++
				}
				if c.Machine.Name != "m/L" || c.Parent != x.ARN {
					t.Fatalf("child: %+v", c)
				}
			}
			if f.Next = next; next == "" {
				if h := types(t, e, page[0].ARN); h != "ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSucceeded TaskStateExited ExecutionSucceeded" {
					t.Errorf("events of a child: %s", h)
				}
				break
			}
		}
		if children != count || failed != 2 {
			t.Errorf("%d children, %d failed", children, failed)
		}
		// The results are in their files, each once.
		var manifest struct {
			ResultFiles map[string][]struct{ Key string }
		}
		var details struct{ ResultWriterDetails struct{ Bucket, Key string } }
		if err := json.Unmarshal(got.Output, &details); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(o.get("b/"+details.ResultWriterDetails.Key), &manifest); err != nil {
			t.Fatal(err)
		}
		written := map[string]int{}
		for kind, want := range map[string]int{"SUCCEEDED": count - 2, "FAILED": 2} {
			n := 0
			for _, f := range manifest.ResultFiles[kind] {
				var results []struct{ Input string }
				if err := json.Unmarshal(o.get("b/"+f.Key), &results); err != nil {
					t.Fatal(err)
				}
				for _, r := range results {
					written[r.Input]++
					n++
				}
			}
			if n != want {
				t.Errorf("%d results that %s", n, kind)
			}
		}
		if len(written) != count {
			t.Errorf("results of %d items", len(written))
		}
		synctest.Wait()
		if slots, lined, posted, _, _ := e.Leaks(); slots+lined+posted != 0 {
			t.Errorf("left behind: %d slots, %d in line, %d signals", slots, lined, posted)
		}
		if code(e.UpdateMapRun(t.Context(), run.ARN, workflow.MapRunUpdate{MaxConcurrency: &many})) != workflow.ValidationException {
			t.Error("a run that has ended was changed")
		}
		if code(e.UpdateMapRun(t.Context(), run.ARN+"x", workflow.MapRunUpdate{})) != workflow.ResourceNotFound {
			t.Error("a run that is not there was changed")
		}
	})
}

func TestDistributedMapThatCannotRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.options = func(w *workflow.Options) { w.Objects = &objects{all: map[string][]byte{}} }
	e := b.open(t)
	x := ended(t, e, start(t, e, machine("m", mapOverFile), "", "").ARN)
	if text(x.Error) != "States.ItemReaderFailed" || !strings.Contains(text(x.Cause), "does not exist") {
		t.Errorf("got %s %s %s", x.Status, text(x.Error), text(x.Cause))
	}
}

// TestRedriveOfDistributedMap: what failed goes on under its name; children that
// are Express begin again.
func TestRedriveOfDistributedMap(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"STANDARD", "EXPRESS"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			redriveDistributedMap(t, kind)
		})
	}
}

func redriveDistributedMap(t *testing.T, kind string) {
	t.Helper()
	bubble(t, func(t *testing.T, b *bench) {
		broken := true
		b.tasks.do = func(_ context.Context, c workflow.Call) (any, error) {
			if broken && c.Arguments == json.Number("2") {
				return nil, &workflow.TaskError{Name: "Odd", Cause: "no"}
			}
			return c.Arguments, nil
		}
		e := b.open(t)
		x := start(t, e, machine("m", `{"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$", "End": true,
			"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "`+kind+`"}, "StartAt": "T", "States": {
				"T": {"Type": "Task", "Resource": "arn:aws:states:::test:do", "End": true}}}}}}`), "one", `[1,2,3]`)
		if got := ended(t, e, x.ARN); got.Status != asl.Failed {
			t.Fatalf("got %s", got.Status)
		}
		broken = false
		if _, err := e.Redrive(t.Context(), x.ARN); err != nil {
			t.Fatal(err)
		}
		if got := ended(t, e, x.ARN); string(got.Output) != `[1,2,3]` {
			t.Fatalf("got %s %s %s", got.Status, got.Output, text(got.Cause))
		}
		runs, err := e.MapRuns(t.Context(), x.ARN)
		if err != nil || len(runs) != 1 || runs[0].Redrives != 1 || runs[0].Status != asl.Succeeded {
			t.Fatalf("runs: %+v, %v", runs, err)
		}
		list, _, err := e.List(t.Context(), workflow.Filter{MapRun: runs[0].ARN})
		if err != nil || len(list) != 3 {
			t.Fatalf("%d children, %v", len(list), err)
		}
		redriven := 0
		for _, c := range list {
			types(t, e, c.ARN)
			if c.Status != asl.Succeeded {
				t.Errorf("%s is %s", c.ARN, c.Status)
			}
			redriven += c.Redrives
		}
		if (redriven == 0) != (kind == "EXPRESS") {
			t.Errorf("%d redrives of children", redriven)
		}
		if n, err := e.Retain(t.Context(), time.Nanosecond, 0); err != nil || n > 1 {
			t.Errorf("removed %d, %v", n, err)
		}
	})
}
