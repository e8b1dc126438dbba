package home

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/params"
	"wplake/internal/params/yamlfile"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/internal/store/local"
)

// testFunction is a function without AWS.
func testFunction(t *testing.T, name string, c config.Config) *function {
	t.Helper()
	h := newHome(c, Options{Root: t.TempDir(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	h.setParams(yamlfile.New(filepath.Join(h.Root, "params.yaml")))
	return &function{home: h, name: lake.FunctionName(name), scratch: t.TempDir()}
}

// TestFunctionNamesItself: a bucket may be another layer's; the message says
// which function it is that misses it.
func TestFunctionNamesItself(t *testing.T) {
	t.Parallel()
	f := testFunction(t, lake.FunctionBronze, config.Default())
	_, err := f.Stage(t.Context(), pipeline.StageBronze, pipeline.Request{}, nil)
	if !lake.HasCode(err, lake.ParameterMissing) || !strings.Contains(err.Error(), "data_wordpressapi_bronze: No S3 raw bucket returned") {
		t.Errorf("a missing bucket of raw: %v", err)
	}
}

// TestBucketsInOrder: buckets are asked for at once, and the first layer's
// trouble is told.
func TestBucketsInOrder(t *testing.T) {
	t.Parallel()
	f := testFunction(t, lake.FunctionSilver, config.Default())
	h := f.home
	open := func(name string) store.Bucket { return local.New(h.Root, name, nil) }
	layers := bucketOptions{layers: lake.Layers()}
	put := func(l lake.Layer, name string) {
		t.Helper()
		if err := h.Params.Put(t.Context(), params.Parameter{Name: lake.BucketParameter(l), Type: params.String, Value: name}); err != nil {
			t.Fatal(err)
		}
	}
	put(lake.Silver, "the-silver")
	err := h.openBuckets(t.Context(), layers, open)
	if !lake.HasCode(err, lake.ParameterMissing) || !strings.Contains(err.Error(), "data_wordpressapi_raw: No S3 raw bucket returned") {
		t.Errorf("without two of three: %v", err)
	}
	put(lake.Raw, "the-raw")
	put(lake.Bronze, "the-raw")
	if err := h.openBuckets(t.Context(), layers, open); !lake.HasCode(err, lake.ConfigInvalid) {
		t.Errorf("two layers with one bucket: %v", err)
	}
	put(lake.Bronze, "the-bronze")
	h.Buckets = map[lake.Layer]store.Bucket{}
	if err := h.openBuckets(t.Context(), layers, open); err != nil {
		t.Fatal(err)
	}
	for l, want := range map[lake.Layer]string{lake.Raw: "the-raw", lake.Bronze: "the-bronze", lake.Silver: "the-silver"} {
		if got := h.Buckets[l].Name(); got != want {
			t.Errorf("%s: %s, want %s", l, got, want)
		}
	}
}

// TestFunctionEngine: the engine is opened once, or closed unused.
func TestFunctionEngine(t *testing.T) {
	t.Parallel()
	f := testFunction(t, lake.FunctionBronze, config.Default())
	f.openEngine(t.Context())
	first, err := f.engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if second, err := f.engine(t.Context()); err != nil || first != second {
		t.Errorf("the second time: %v, %v, want %v", second, err, first)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	unused := testFunction(t, lake.FunctionBronze, config.Default())
	unused.openEngine(context.Background())
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
}

// TestSmallObjects: who says how many objects there are at once is kept to.
func TestSmallObjects(t *testing.T) {
	t.Parallel()
	c := config.Default()
	if n := testFunction(t, lake.FunctionBronze, c).home.small(); n != smallObjects {
		t.Errorf("by default %d small objects share a place, want %d", n, smallObjects)
	}
	c.Engine.Parallel = 1
	if n := testFunction(t, lake.FunctionBronze, c).home.small(); n != 1 {
		t.Errorf("with engine.parallel %d small objects share a place, want 1", n)
	}
}
