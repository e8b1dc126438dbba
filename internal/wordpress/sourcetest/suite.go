package sourcetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"wplake/internal/lake"
	"wplake/internal/wordpress"
)

// Run tests a driver. open gives a source of at least two objects, each of
// which can be fetched and has at least one row.
func Run(t *testing.T, open func(t *testing.T) wordpress.Source) {
	t.Run("objects are stable", func(t *testing.T) { t.Parallel(); objectsAreStable(t, open(t)) })
	t.Run("the same bytes again", func(t *testing.T) { t.Parallel(); sameBytes(t, open(t)) })
	t.Run("all at once", func(t *testing.T) { t.Parallel(); allAtOnce(t, open(t)) })
	t.Run("unknown object", func(t *testing.T) { t.Parallel(); unknownObject(t, open(t)) })
	t.Run("cancelled", func(t *testing.T) { t.Parallel(); cancelled(t, open(t)) })
	t.Run("cancelled while it streams", func(t *testing.T) { t.Parallel(); cancelledInBetween(t, open(t)) })
	t.Run("a sink that fails", func(t *testing.T) { t.Parallel(); failingSink(t, open(t)) })
	t.Run("a verdict is passed on", func(t *testing.T) { t.Parallel(); verdict(t, open(t)) })
}

func objects(t *testing.T, s wordpress.Source) []wordpress.Object {
	t.Helper()
	all, err := s.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 2 {
		t.Fatalf("%d objects; the suite needs two", len(all))
	}
	return all
}

func fetch(t *testing.T, s wordpress.Source, o wordpress.Object) []byte {
	t.Helper()
	var sink Sink
	if err := s.Fetch(t.Context(), o, &sink); err != nil {
		t.Fatalf("%s: %v", o.Name, err)
	}
	if sink.Rows() == 0 {
		t.Errorf("%s has no row", o.Name)
	}
	return sink.Bytes()
}

func objectsAreStable(t *testing.T, s wordpress.Source) {
	t.Helper()
	first, again := objects(t, s), objects(t, s)
	if !slices.Equal(first, again) {
		t.Errorf("objects differ:\n%v\n%v", first, again)
	}
	seen := map[string]bool{}
	for _, o := range first {
		table := lake.TableName(lake.Raw, o.Name)
		if !lake.ValidObjectName(o.Name) || seen[table] {
			t.Errorf("%q is not valid, or there twice", o.Name)
		}
		seen[table] = true
		if o.From == "" {
			t.Errorf("%s does not say where it is from", o.Name)
		}
	}
	if s.Parallel() < 1 {
		t.Errorf("Parallel is %d", s.Parallel())
	}
}

// A sink that holds something else before is emptied first.
func sameBytes(t *testing.T, s wordpress.Source) {
	t.Helper()
	for _, o := range objects(t, s) {
		first := fetch(t, s, o)
		var sink Sink
		if _, err := sink.Write([]byte("left over from another attempt")); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := s.Fetch(t.Context(), o, &sink); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(first, sink.Bytes()) {
				t.Errorf("%s: other bytes when fetched again", o.Name)
			}
		}
	}
}

func allAtOnce(t *testing.T, s wordpress.Source) {
	t.Helper()
	all := objects(t, s)
	want := make([][]byte, len(all))
	for i, o := range all {
		want[i] = fetch(t, s, o)
	}
	var wg sync.WaitGroup
	for i, o := range slices.Concat(all, all) {
		wg.Go(func() {
			var sink Sink
			if err := s.Fetch(t.Context(), o, &sink); err != nil {
				t.Errorf("%s: %v", o.Name, err)
			} else if !bytes.Equal(sink.Bytes(), want[i%len(all)]) {
				t.Errorf("%s: other bytes when all are fetched at once", o.Name)
			}
		})
	}
	wg.Wait()
}

func unknownObject(t *testing.T, s wordpress.Source) {
	t.Helper()
	var sink Sink
	err := s.Fetch(t.Context(), wordpress.Object{Name: "no_such_object", From: "nowhere"}, &sink)
	if !lake.HasCode(err, lake.ObjectMissing) || !strings.Contains(err.Error(), "no_such_object") {
		t.Errorf("got %v, want ObjectMissing with the name", err)
	}
	if sink.Bytes() != nil {
		t.Error("the sink holds an object")
	}
}

func cancelled(t *testing.T, s wordpress.Source) {
	t.Helper()
	all := objects(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var sink Sink
	err := s.Fetch(ctx, all[0], &sink)
	if !lake.HasCode(err, lake.Interrupted) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Interrupted with the context's error", err)
	}
	if sink.Bytes() != nil {
		t.Error("the sink holds an object")
	}
}

// cancelling cancels a context with the first bytes.
type cancelling struct {
	Sink
	cancel context.CancelFunc
}

func (c *cancelling) Write(p []byte) (int, error) {
	c.cancel()
	return c.Sink.Write(p)
}

// A small object may be through before the cancellation is seen: then it is
// whole.
func cancelledInBetween(t *testing.T, s wordpress.Source) {
	t.Helper()
	for _, o := range objects(t, s) {
		ctx, cancel := context.WithCancel(t.Context())
		sink := &cancelling{cancel: cancel}
		err := s.Fetch(ctx, o, sink)
		cancel()
		if err == nil && sink.Rows() > 0 {
			continue
		}
		if !lake.HasCode(err, lake.Interrupted) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v, want Interrupted with the context's error", o.Name, err)
		}
		if sink.Bytes() != nil {
			t.Errorf("%s: the sink holds an object", o.Name)
		}
	}
}

// A full disk ends a fetch with the sink's own error, and is not tried again.
func failingSink(t *testing.T, s wordpress.Source) {
	t.Helper()
	full := &lake.Error{Code: lake.StorageFull, Message: "no space left"}
	sink := &Sink{Fail: full}
	err := s.Fetch(t.Context(), objects(t, s)[0], sink)
	if !errors.Is(err, full) {
		t.Errorf("got %v, want the sink's error", err)
	}
	if sink.Attempts != 1 {
		t.Errorf("%d attempts, want 1", sink.Attempts)
	}
}

// refusing is a sink that does not like what it got.
type refusing struct{ Sink }

func (*refusing) Complete() error {
	return &lake.Error{Code: lake.SourceNotObjects, Message: "an array of numbers", Hint: "take another one"}
}

func verdict(t *testing.T, s wordpress.Source) {
	t.Helper()
	sink := &refusing{}
	err := s.Fetch(t.Context(), objects(t, s)[0], sink)
	e := lake.AsError(err, lake.Internal)
	if e.Code != lake.SourceNotObjects || !strings.Contains(e.Message, "an array of numbers") || e.Hint != "take another one" {
		t.Errorf("got %q: %s (%s), want the verdict of Complete", e.Code, e.Message, e.Hint)
	}
	if sink.Attempts != 1 {
		t.Errorf("%d attempts, want 1", sink.Attempts)
	}
}
