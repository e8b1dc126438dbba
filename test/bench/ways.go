package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/home"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/internal/store/local"
	"wplake/internal/transform"
	"wplake/internal/wordpress/model"
)

// floor is plain DuckDB, tuned as well as we know: typed columns, one thread,
// bounded row groups; no check of anything, no fsync, no rename.
func floor(ctx context.Context, dir string, limit int64) error {
	out := filepath.Join(dir, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	e, err := duckdb.Open(ctx, duckdb.Options{MemoryLimit: limit * 1e6, RowGroupBytes: 16 << 20, TempDir: out})
	if err != nil {
		return err
	}
	defer func() { _ = e.Close() }() // nothing is kept
	for _, object := range []string{"posts", "statistics_pages"} {
		table, _ := model.Lookup(object)
		in, sel := "", ""
		for i, c := range table.Columns {
			if i > 0 {
				in, sel = in+", ", sel+", "
			}
			name, t := engine.Ident(c.Name), engine.SQLType(c.Type)
			switch c.Type {
			case lake.Timestamp, lake.Date:
				in += engine.Literal(c.Name) + ": 'VARCHAR'"
				sel += fmt.Sprintf("TRY_CAST(%s AS %s) AS %s", name, t, name)
			default:
				in += engine.Literal(c.Name) + ": '" + t + "'"
				sel += name
			}
		}
		bronze, silver := filepath.Join(out, object+".bronze.parquet"), filepath.Join(out, object+".silver.parquet")
		raw := filepath.Join(dir, "lake", "data-lakehouse-raw", lake.ObjectKey(lake.Raw, "wordpress_api", object))
		if _, err := e.Copy(ctx, engine.Copy{Path: bronze, SQL: fmt.Sprintf(
			"SELECT %s FROM read_json(%s, format = 'array', columns = {%s})", sel, engine.Literal(raw), in)}); err != nil {
			return err
		}
		steps, _ := transform.Rules(transform.Reference, object)
		plan, err := transform.Compile(steps, "read_parquet("+engine.Literal(bronze)+")", table.Columns, transform.DuckDB, transform.Options{})
		if err != nil {
			return err
		}
		if _, err := e.Copy(ctx, engine.Copy{Setup: plan.Setup, SQL: plan.SQL, Path: silver}); err != nil {
			return err
		}
	}
	return nil
}

// wplake is what `wplake run --only bronze,silver` does, in a fresh lake over
// the same raw bucket.
func wplake(ctx context.Context, dir string, limit int64) error {
	h, err := open(ctx, dir, limit)
	if err != nil {
		return err
	}
	report, err := h.Run(ctx, home.RunRequest{
		Stages:  []string{pipeline.StageBronze, pipeline.StageSilver},
		Request: pipeline.Request{RunID: home.NewRunID(time.Now())},
		Command: "bench",
	})
	if err != nil {
		return err
	}
	if report.Status != lake.StatusRunSucceeded {
		return fmt.Errorf("the run is %s: %+v", report.Status, report.Stages)
	}
	for _, s := range report.Stages {
		for _, o := range s.Objects {
			if o.Unchanged || o.Rows == 0 {
				return fmt.Errorf("%s of %s did nothing", s.Stage, o.Object)
			}
		}
	}
	return h.Close()
}

func open(ctx context.Context, dir string, limit int64) (*home.Home, error) {
	c := config.Default()
	c.Engine.MemoryLimit = config.ByteSize(limit * 1e6)
	h, err := home.Open(ctx, c, home.Options{
		Dir: dir, Root: filepath.Join(dir, "out"), Getenv: os.LookupEnv, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		return nil, err
	}
	h.Buckets[lake.Raw] = rawBucket(dir)
	return h, nil
}

func rawBucket(dir string) store.Bucket {
	return local.New(filepath.Join(dir, "lake"), "data-lakehouse-raw", slog.New(slog.DiscardHandler))
}
