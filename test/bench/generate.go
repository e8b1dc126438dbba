package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/test/bench/site"
)

// generate fills the raw bucket by wplake's own raw stage, and returns how
// many bytes of JSON there are.
func generate(ctx context.Context, o options) (int64, error) {
	report := pipeline.Raw(ctx, pipeline.Deps{
		Config: config.Default(), Source: site.Source{Posts: o.posts, Statistics: o.statistics},
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Buckets: map[lake.Layer]store.Bucket{lake.Raw: rawBucket(o.dir)},
	}, pipeline.Request{RunID: "generate"})
	var bytes int64
	for _, r := range report.Objects {
		if r.Error != nil {
			return 0, fmt.Errorf("%s: %s", r.Object, r.Error.Message)
		}
		bytes += r.Bytes
	}
	return bytes, nil
}
