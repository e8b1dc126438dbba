package home

import (
	"context"
	"errors"
	"fmt"

	"wplake/internal/awsapi"
	"wplake/internal/catalog"
	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
	"wplake/internal/lambda"
	"wplake/internal/notify"
	"wplake/internal/notify/sns"
	"wplake/internal/params"
	"wplake/internal/params/ssm"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/internal/wordpress"
)

// function is the lake as a Lambda function sees it: what a stage needs is
// opened when the stage runs, so that a function needs no permission but those
// of its stage.
type function struct {
	home    *Home
	name    string // data_wordpressapi_bronze, for people
	room    *pipeline.Room
	scratch string
	source  wordpress.Source // of raw; opened once
	opening chan opened      // the engine, while it is being opened; nil otherwise
}

// opened is what came of opening the engine.
type opened struct {
	engine engine.Engine
	err    error
}

// FunctionOpener opens the lake of Lambda functions; version is wplake's.
func FunctionOpener(version string) lambda.Opener {
	return func(ctx context.Context, o lambda.OpenOptions) (lambda.Lake, error) {
		cfg, err := awsapi.Load(ctx, awsapi.Options{Notice: func(text string) { o.Log.Warn(text) }})
		if err != nil {
			return nil, err
		}
		h := newHome(o.Config, Options{Dir: o.Dir, Root: o.Scratch, Getenv: o.Getenv, Log: o.Log, Now: o.Now, Version: version})
		h.Cloud = &Cloud{Config: cfg, Identity: awsapi.Identity{Region: cfg.Region}}
		h.setState(o.Scratch)
		h.setParams(ssm.New(cfg, ssm.Options{}))
		h.Notifier = sns.New(cfg, sns.Options{})
		f := &function{home: h, room: o.Room, scratch: o.Scratch}
		if o.Function != "" {
			f.name = lake.FunctionName(o.Function)
		}
		if o.Function != lake.FunctionRaw && o.Function != "" {
			f.openEngine(ctx) // while the first event is on its way
		}
		return f, nil
	}
}

// Topic is the ARN of a layer's topic; see lambda.Lake.
func (f *function) Topic(ctx context.Context, l lake.Layer) (string, error) {
	p, err := f.home.Params.Get(ctx, lake.TopicParameter(l))
	if errors.Is(err, params.ErrNotFound) {
		return "", &lake.Error{
			Code: lake.ParameterMissing, Err: err,
			Message: fmt.Sprintf("%s: No SNS %s topic returned", lake.FunctionName(string(l)), l),
			Hint:    fmt.Sprintf("set it: wplake param set %s ARN --home aws", lake.TopicParameter(l)),
		}
	}
	return p.Value, err
}

// layersOf are the layers whose buckets a stage uses.
func layersOf(stage string) []lake.Layer {
	switch stage {
	case pipeline.StageRaw:
		return []lake.Layer{lake.Raw}
	case pipeline.StageBronze:
		return []lake.Layer{lake.Raw, lake.Bronze}
	case pipeline.StageSilver:
		return []lake.Layer{lake.Bronze, lake.Silver}
	case pipeline.StageCrawlBronze:
		return []lake.Layer{lake.Bronze}
	case pipeline.StageCrawlSilver:
		return []lake.Layer{lake.Silver}
	}
	return nil
}

// Stage runs a stage; see lambda.Lake. The names of buckets are asked for each
// time, since they may change between invocations of one process.
func (f *function) Stage(ctx context.Context, name string, r pipeline.Request, progress func(pipeline.Event)) (lake.StageReport, error) {
	h := f.home
	h.Buckets = map[lake.Layer]store.Bucket{}
	err := h.openBuckets(ctx, bucketOptions{layers: layersOf(name), function: f.name}, func(bucket string) store.Bucket { return h.s3Bucket(bucket, f.scratch) })
	if err != nil {
		return lake.StageReport{}, err
	}
	h.openCatalog()
	tables := h.Catalog
	if name == pipeline.StageBronze {
		tables = silent{tables}
	}
	d := pipeline.Deps{
		Config: h.Config, Buckets: h.Buckets, Catalog: tables, Resolve: h.Resolve,
		Log: h.Log, Now: h.Now, Parallel: h.Parallel(), Small: h.small(), Scratch: f.scratch, Room: f.room, Progress: progress,
	}
	if name == pipeline.StageRaw {
		if f.source == nil {
			f.source = h.Source()
		}
		d.Source = f.source
	} else if d.Engine, err = f.engine(ctx); err != nil {
		return lake.StageReport{}, err
	}
	stage := pipeline.ByName(name)
	if stage == nil {
		return lake.StageReport{}, &lake.Error{
			Code: lake.WorkflowInvalid, Message: fmt.Sprintf("there is no stage %q", name), Hint: "a function's stage is one of raw, bronze, crawl-bronze, silver, crawl-silver",
		}
	}
	return stage(ctx, d, r), nil
}

// silent is a catalog that is told nothing of drift. Bronze tells it at home; on
// AWS its function has no permission for the catalog, as the reference's has
// none. The drift is in the stage's answer and in the log.
type silent struct{ catalog.Catalog }

// Record does nothing.
func (silent) Record(context.Context, string, string, string, []catalog.Change) error { return nil }

// openEngine begins to open the engine, whose temporary files are in the scratch
// folder itself, which outlives what is in it.
func (f *function) openEngine(ctx context.Context) {
	bound()
	f.opening = make(chan opened, 1)
	options := duckdb.Options{
		MemoryLimit: engineMemory(int64(f.home.Config.Engine.MemoryLimit)), TempDir: f.scratch, Log: f.home.Log,
	}
	go func(ctx context.Context, done chan<- opened) {
		e, err := duckdb.Open(ctx, options)
		if err != nil {
			done <- opened{err: err}
			return
		}
		done <- opened{engine: e}
	}(context.WithoutCancel(ctx), f.opening)
}

// engine is opened once a process. Where that failed it is tried again.
func (f *function) engine(ctx context.Context) (engine.Engine, error) {
	if f.home.engine != nil {
		return f.home.engine, nil
	}
	if f.opening == nil {
		f.openEngine(ctx)
	}
	o := <-f.opening
	f.opening = nil
	if o.err != nil {
		return nil, o.err
	}
	f.home.engine = o.engine
	f.home.onClose(o.engine.Close)
	return o.engine, nil
}

// Publish delivers a message; see lambda.Lake.
func (f *function) Publish(ctx context.Context, m notify.Message) error {
	return f.home.Notifier.Publish(ctx, m)
}

// Resolve gives the value of a reference; see lambda.Lake.
func (f *function) Resolve(ctx context.Context, r config.Ref) (string, error) {
	return f.home.Resolve(ctx, r)
}

// Close closes what was opened.
func (f *function) Close() error {
	if f.opening == nil {
		return f.home.Close()
	}
	o := <-f.opening // nobody has asked for it
	f.opening = nil
	if o.engine == nil {
		return f.home.Close()
	}
	return errors.Join(o.engine.Close(), f.home.Close())
}
