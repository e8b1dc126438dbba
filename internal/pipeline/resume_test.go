package pipeline_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/wordpress"
)

// counting is a source that counts what is fetched and may be cut off.
type counting struct {
	wordpress.Source
	mu      sync.Mutex
	fetched []string
	before  func(object string) error
}

func (c *counting) Fetch(ctx context.Context, o wordpress.Object, sink wordpress.Sink) error {
	c.mu.Lock()
	c.fetched = append(c.fetched, o.Name)
	c.mu.Unlock()
	if c.before != nil {
		if err := c.before(o.Name); err != nil {
			return err
		}
	}
	return c.Source.Fetch(ctx, o, sink)
}

func (c *counting) taken() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := strings.Join(c.fetched, " ")
	c.fetched = nil
	return taken
}

func (c *counting) Parallel() int { return 1 }

func outcomes(s lake.StageReport) string {
	var all []string
	for _, o := range s.Objects {
		status := string(o.Status)
		if o.Error != nil {
			status = string(o.Error.Code)
		}
		all = append(all, o.Object+" "+status)
	}
	return strings.Join(all, ", ")
}

// A run that is cut off goes on where it was, and ends as if it had not been.
func TestResume(t *testing.T) {
	t.Parallel()
	for _, full := range []bool{false, true} {
		l := newLake(t)
		source := &counting{Source: l}
		l.deps.Source = source
		l.give("terms", `[{"term_id":1,"name":"a"},{"term_id":2,"name":"b"}]`)
		l.give("statistics_pages", stats(1, 2, 3))
		l.mustRun()
		source.taken()
		ctx, cancel := context.WithCancel(t.Context())
		source.before = func(object string) error {
			if object == "statistics_pages" {
				cancel()
			}
			return ctx.Err()
		}
		req := pipeline.Request{RunID: "day-2", Full: full, Resume: true}
		first := pipeline.Raw(ctx, l.deps, req)
		if got := outcomes(first); got != "terms succeeded, statistics_pages Interrupted" {
			t.Errorf("full %v: at first %s", full, got)
		}
		source.before = nil
		source.taken()
		second := pipeline.Raw(t.Context(), l.deps, req)
		if got := outcomes(second); got != "terms skipped, statistics_pages succeeded" {
			t.Errorf("full %v: then %s", full, got)
		}
		if got := source.taken(); got != "statistics_pages" {
			t.Errorf("full %v: fetched again: %s", full, got)
		}
		if o := second.Objects[0]; o.Rows != 2 || o.Bytes != first.Objects[0].Bytes || o.URI == "" {
			t.Errorf("full %v: what is told of the object that was fetched before: %+v", full, o)
		}
		for name, stage := range map[string]pipeline.Stage{"bronze": pipeline.Bronze, "silver": pipeline.Silver} {
			a, b := stage(t.Context(), l.deps, req), stage(t.Context(), l.deps, req)
			if a.Failed+b.Failed > 0 || b.Unchanged() != 2 || full == (a.Unchanged() > 0) {
				t.Errorf("full %v: %s: %s; then %s", full, name, outcomes(a), outcomes(b))
			}
		}
		if r := pipeline.Raw(t.Context(), l.deps, pipeline.Request{RunID: "day-3", Resume: true}); r.Unchanged() != 0 {
			t.Errorf("full %v: the next run fetches all: %s", full, outcomes(r))
		}
	}
}

// announcing tells the sink how much is coming before it comes.
type announcing struct {
	wordpress.Source
	size int64
}

func (a announcing) Fetch(ctx context.Context, o wordpress.Object, sink wordpress.Sink) error {
	if err := sink.(wordpress.Announced).Announce(a.size); err != nil {
		return err
	}
	return a.Source.Fetch(ctx, o, sink)
}

func TestRoom(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.give("terms", `[{"term_id":1,"name":"a"}]`)
	l.mustRun()
	l.give("terms", `[{"term_id":1,"name":"b"}]`)
	l.deps.Source = announcing{l, 900 << 20}
	l.deps.Room = &pipeline.Room{Hint: "more storage", Free: func(string) (int64, error) { return 512 << 20, nil }}
	r := l.run(pipeline.StageRaw)
	e := r.Stages[0].Objects[0].Error
	if e == nil || e.Code != lake.StorageFull || e.Hint != "more storage" ||
		!strings.Contains(e.Message, "terms") || !strings.Contains(e.Message, "900.0 MiB") || !strings.Contains(e.Message, "512.0 MiB") {
		t.Errorf("the object does not fit: %+v", e)
	}
	l.deps.Source = announcing{l, 500 << 20}
	l.mustRun()
}
