package lambda

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
	"wplake/internal/workflow/tasks"
)

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, test := range []struct {
		definition int64
		function   string
		want       int64
	}{
		{512e6, "", 512e6},
		{512e6, "nonsense", 512e6},
		{512e6, "0", 512e6},
		{512e6, "128", 96 * mib},
		{512e6, "256", 224 * mib},
		{512e6, "512", 448 * mib},
		{512e6, "1024", 512e6},
		{0, "1024", 896 * mib},
		{100e9, "2048", 1792 * mib},
		{100e9, "3072", 2816 * mib},
		{100e9, "10240", 9984 * mib},
	} {
		if got := memoryLimit(test.definition, test.function); got != test.want {
			t.Errorf("memoryLimit(%d, %q) = %d, want %d", test.definition, test.function, got, test.want)
		}
	}
}

// What a process left that died is removed; what is somebody else's is not.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const nobody = 1 << 30 // above every system's largest number of a process
	names := []string{scratchName(nobody), scratchName(os.Getpid()), "wplake-function-x", "other"}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(dir, name, "deep"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := sweep(dir); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != (i > 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMargin(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]time.Duration{
		15 * time.Minute: 10 * time.Second, 100 * time.Second: 5 * time.Second, 30 * time.Second: 3 * time.Second,
		4 * time.Second: 2 * time.Second,
	} {
		if got := margin(left); got != want {
			t.Errorf("margin(%s) = %s, want %s", left, got, want)
		}
	}
}

// site is a lake whose raw stage takes minutes for each of its objects, one
// after the other, and goes on where it was.
type site struct {
	minutes map[string]int
	order   []string
	done    map[string]bool
	told    []notify.Message
}

func (s *site) Topic(context.Context, lake.Layer) (string, error)   { return "arn", nil }
func (s *site) Resolve(context.Context, config.Ref) (string, error) { return "", nil }
func (s *site) Close() error                                        { return nil }
func (s *site) Publish(_ context.Context, m notify.Message) error {
	s.told = append(s.told, m)
	return nil
}
func (s *site) Stage(ctx context.Context, name string, _ pipeline.Request, _ func(pipeline.Event)) (lake.StageReport, error) {
	r := lake.StageReport{Stage: name}
	for _, object := range s.order {
		o := lake.ObjectReport{Object: object, Status: lake.StatusSucceeded}
		if s.done[object] {
			o.Status = lake.StatusSkipped
		} else {
			select {
			case <-time.After(time.Duration(s.minutes[object]) * time.Minute):
				s.done[object] = true
			case <-ctx.Done():
				o.Status, o.Error = lake.StatusFailed, &lake.Problem{Code: lake.Interrupted, Message: object + ": interrupted"}
			}
		}
		r.Objects = append(r.Objects, o)
	}
	r.Count()
	return r, nil
}

// A site that needs more than an invocation takes as many as it needs; what
// needs more than one by itself fails, and in nobody's way.
func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &site{
			order:   []string{"terms", "comments", "posts", "statistics"},
			minutes: map[string]int{"terms": 5, "comments": 6, "posts": 9, "statistics": 20}, done: map[string]bool{},
		}
		c := config.Default()
		out := &strings.Builder{}
		l := &lines{out: out}
		log, at := newLog(l, logLevel(func(string) (string, bool) { return "", false }))
		h := &handler{
			config: c, function: "raw", name: "data_wordpressapi_raw", scratch: t.TempDir(), lake: s, out: l, log: log, at: at, now: time.Now, began: time.Now(),
		}
		invoke := func() (string, *tasks.FunctionError) {
			deadline := time.Now().Add(15 * time.Minute)
			a, failure, broken := deal(t.Context(), h, invocation{id: "r", deadline: deadline, payload: []byte(`{"run_id":"run-7"}`)})
			if broken || !time.Now().Before(deadline) {
				t.Fatalf("broken %v, at %s of %s", broken, time.Now(), deadline)
			}
			return string(a), failure
		}
		_, failure := invoke()
		if failure == nil || failure.Type != "StageUnfinished" || !strings.Contains(failure.Message, "finished and kept: terms, comments; left: posts, statistics;") {
			t.Fatalf("first: %+v", failure)
		}
		if _, failure = invoke(); failure == nil || failure.Type != "StageUnfinished" || !strings.Contains(failure.Message, "left: statistics;") {
			t.Fatalf("second: %+v", failure)
		}
		if len(s.told) > 0 {
			t.Errorf("people are told before the end: %+v", s.told)
		}
		answer, failure := invoke()
		var a tasks.StageAnswer
		if err := json.Unmarshal([]byte(answer), &a); failure != nil || err != nil || a.Succeeded != 3 || a.Failed != 1 {
			t.Fatalf("third: %s, %+v", answer, failure)
		}
		e := a.Objects[3].Error
		if e.Code != lake.OutOfTime || !strings.Contains(e.Message, "statistics") || !strings.Contains(e.Hint, "the time-out is 15m0s already") {
			t.Errorf("%+v", e)
		}
		if len(s.told) != 1 || s.told[0].Subject != "data_wordpressapi_raw: Ran With Failures" {
			t.Errorf("people are told %+v", s.told)
		}
		if made := strings.Count(out.String(), `"Duration":`); made != 4 { // three objects once each, and the failure
			t.Errorf("%d lines of metrics:\n%s", made, out)
		}
	})
}

// A stage that the deadline keeps from beginning is not tried for ever.
func TestDeadlineBeforeTheStage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &lines{out: io.Discard}
		log, at := newLog(l, 0)
		s := &stuck{}
		h := &handler{config: config.Default(), function: "bronze", scratch: t.TempDir(), lake: s, out: l, log: log, at: at, now: time.Now}
		_, failure, _ := deal(t.Context(), h, invocation{id: "r", deadline: time.Now().Add(time.Minute), payload: []byte(`{}`)})
		if failure == nil || failure.Type != string(lake.OutOfTime) || !strings.Contains(failure.Message, "the bucket does not answer") || len(s.told) != 1 {
			t.Errorf("%+v, told %v", failure, s.told)
		}
	})
}

type stuck struct{ site }

func (s *stuck) Stage(ctx context.Context, name string, _ pipeline.Request, _ func(pipeline.Event)) (lake.StageReport, error) {
	<-ctx.Done()
	return lake.StageReport{}, &lake.Error{Code: lake.Interrupted, Message: "the bucket does not answer"}
}
