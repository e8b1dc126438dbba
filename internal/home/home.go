// Package home puts the drivers of a home together. It is the only package
// that knows them all.
package home

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/catalog/sqlite"
	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/lock/filelock"
	"wplake/internal/notify"
	"wplake/internal/notify/people"
	"wplake/internal/params"
	"wplake/internal/params/yamlfile"
	"wplake/internal/store"
	"wplake/internal/store/local"
)

// Home is where a lake runs. What opens files or takes memory is opened when
// it is first asked for, and closed by Close. A Home is not for concurrent use;
// what it hands out is.
type Home struct {
	Config   config.Config
	Root     string // absolute path of the lake's folder
	State    string // absolute path of wplake's own folder within it: <root>/.wplake
	Buckets  map[lake.Layer]store.Bucket
	Params   params.Store
	Notifier notify.Notifier
	Catalog  catalog.Catalog
	Lock     lock.Locker
	History  History
	Log      *slog.Logger
	Now      func() time.Time
	Version  string // of wplake, as sites are told

	// Cloud is AWS in the home aws, nil in the home local.
	Cloud *Cloud

	dir      string // of the definition
	getenv   func(string) (string, bool)
	resolver config.Resolver
	engine   engine.Engine
	workflow *Workflow
	mu       *sync.Mutex // guards closers and temporary
	closers  []func() error
	// temporary are the folders of this process, which Close removes last.
	temporary map[string]struct{}
	holder    *atomic.Pointer[string] // the run of this process that holds the lake
}

// onClose adds what Close has to do.
func (h *Home) onClose(do func() error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closers = append(h.closers, do)
}

// Options are what a home gets from outside.
type Options struct {
	Dir    string // the definition's folder, absolute
	Root   string // the lake's folder instead of the definition's, if not empty
	Getenv func(string) (string, bool)
	Log    *slog.Logger
	Now    func() time.Time
	// Version of wplake, as sites are told.
	Version string
	// Mending says that the parameters are going to be looked at or set, not
	// the objects: names of buckets are taken as they are.
	Mending bool
	// LogFile is closed with the home; may be nil.
	LogFile io.Closer
	// Notice is told of calls to AWS that are made again, for a person who waits;
	// may be nil.
	Notice func(text string)
}

// Open puts together the embedded home of a lake. It creates nothing: folders
// appear when something is written. Which bucket a layer has is a parameter.
func Open(ctx context.Context, c config.Config, o Options) (*Home, error) {
	h := newHome(c, o)
	h.setState(filepath.Join(h.Root, ".wplake"))
	h.setParams(params.WithDefaults(yamlfile.New(filepath.Join(h.Root, "params.yaml")), defaultParameters(c)))
	h.Notifier = people.New(people.Options{Alerts: c.Alerts, Resolve: h.resolver.Resolve, Log: h.Log})
	h.Catalog = sqlite.New(filepath.Join(h.State, "catalog.db"), o.Now)
	h.closers = append(h.closers, h.Catalog.Close)
	return h, h.openBuckets(ctx, bucketOptions{mending: o.Mending, layers: lake.Layers()}, func(name string) store.Bucket { return local.New(h.Root, name, h.Log) })
}

// newHome is a home without drivers.
func newHome(c config.Config, o Options) *Home {
	root := c.Root
	if o.Root != "" {
		root = o.Root
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join(o.Dir, root)
	}
	holder := &atomic.Pointer[string]{}
	h := &Home{
		holder: holder,
		Config: c, Root: root, Buckets: map[lake.Layer]store.Bucket{},
		Log: slog.New(runHandler{Handler: o.Log.Handler(), holder: holder}), Now: o.Now, Version: o.Version,
		dir: o.Dir, getenv: o.Getenv, mu: &sync.Mutex{}, temporary: map[string]struct{}{},
	}
	if o.LogFile != nil {
		h.closers = append(h.closers, o.LogFile.Close)
	}
	return h
}

// setState says where wplake keeps its own files, and what is kept there in
// every home.
func (h *Home) setState(dir string) {
	h.State = dir
	h.Lock = filelock.New(filepath.Join(dir, "lock"), h.Now)
	h.History = History{dir: filepath.Join(dir, "runs")}
}

func (h *Home) setParams(p params.Store) {
	h.Params = p
	h.resolver = config.Resolver{Getenv: h.getenv, Params: p, Dir: h.dir}
}

// bucketOptions say which buckets are opened, and for whom.
type bucketOptions struct {
	layers  []lake.Layer
	mending bool // see Options.Mending
	// function names the function that asks; empty: that of the bucket's layer.
	function string
}

// openBuckets opens the buckets of layers, whose names are parameters. They are
// asked for side by side.
func (h *Home) openBuckets(ctx context.Context, o bucketOptions, open func(name string) store.Bucket) error {
	found := make([]params.Parameter, len(o.layers))
	errs := make([]error, len(o.layers))
	var wg sync.WaitGroup
	for i, l := range o.layers {
		wg.Go(func() { found[i], errs[i] = h.Params.Get(ctx, lake.BucketParameter(l)) })
	}
	wg.Wait()
	for i, l := range o.layers {
		if err := errs[i]; errors.Is(err, params.ErrNotFound) {
			return &lake.Error{
				Code: lake.ParameterMissing, Err: err,
				Message: fmt.Sprintf("%s: No S3 %s bucket returned", cmp.Or(o.function, lake.FunctionName(string(l))), l),
				Hint:    fmt.Sprintf("set it: wplake param set %s NAME", lake.BucketParameter(l)),
			}
		} else if err != nil {
			return err
		}
		name := found[i].Value
		if err := checkBucket(l, name, h.Buckets); err != nil && !o.mending {
			return err
		}
		h.Buckets[l] = open(name)
	}
	return nil
}

// checkBucket holds a bucket's name that a parameter gave to the rules of the
// definition's own.
func checkBucket(l lake.Layer, name string, others map[lake.Layer]store.Bucket) error {
	e := &lake.Error{
		Code: lake.ConfigInvalid, Message: fmt.Sprintf("the parameter %s: %q is not a bucket's name", lake.BucketParameter(l), name),
		Hint: fmt.Sprintf("3 to 63 lower-case letters, digits, '.' and '-': wplake param set %s NAME", lake.BucketParameter(l)),
	}
	if !config.ValidBucketName(name) {
		return e
	}
	for other, b := range others {
		if b.Name() == name {
			e.Message = fmt.Sprintf("the parameter %s: %q is the bucket of %s already", lake.BucketParameter(l), name, other)
			e.Hint = fmt.Sprintf("each layer has its own: wplake param set %s NAME", lake.BucketParameter(l))
			return e
		}
	}
	return nil
}

// defaultParameters are the parameters that a lake has without setting any.
func defaultParameters(c config.Config) []params.Parameter {
	var defaults []params.Parameter
	for _, l := range lake.Layers() {
		defaults = append(defaults,
			params.Parameter{Name: lake.BucketParameter(l), Type: params.String, Value: c.Buckets.Name(l)},
			params.Parameter{Name: lake.TopicParameter(l), Type: params.String, Value: lake.TopicName(l)})
	}
	return defaults
}

// Resolve returns the value of a reference in the definition.
func (h *Home) Resolve(ctx context.Context, r config.Ref) (string, error) {
	return h.resolver.Resolve(ctx, r)
}

// goMemory bounds Go's own heap, in bytes.
const goMemory = 40 << 20

// engineMemory is what DuckDB may allocate so that the process keeps to limit,
// both in bytes. Of the process DuckDB counts only a part: there are the binary
// and its libraries, Go's heap, and what DuckDB takes uncounted, which grows
// with what it counts (measured: at most a third, in joins that spill).
func engineMemory(limit int64) int64 {
	const fixed = 72 << 20
	return max((limit-fixed)*2/3, 32<<20)
}

// Parallel is how many objects the stages deal with at once: one for each 256
// MB of memory and for each core, unless the definition says.
func (h *Home) Parallel() int {
	if h.Config.Engine.Parallel > 0 {
		return h.Config.Engine.Parallel
	}
	return max(1, min(runtime.NumCPU(), int(h.Config.Engine.MemoryLimit/250e6)))
}

// smallObjects is how many small objects share an object's place in a function,
// where each of a few requests takes as long as the work itself.
const smallObjects = 4

// small is pipeline.Deps.Small for functions: a definition that says how many
// objects there are at once is kept to.
func (h *Home) small() int {
	if h.Config.Engine.Parallel > 0 {
		return 1
	}
	return smallObjects
}

// bound keeps Go's heap small.
func bound() { debug.SetMemoryLimit(goMemory) }

// Engine opens the engine that runs the stages' SQL, and bounds the process to
// the definition's memory limit.
func (h *Home) Engine(ctx context.Context) (engine.Engine, error) {
	if h.engine != nil {
		return h.engine, nil
	}
	dir, err := h.scratch("engine")
	if err != nil {
		return nil, err
	}
	bound()
	e, err := duckdb.Open(ctx, duckdb.Options{
		MemoryLimit: engineMemory(int64(h.Config.Engine.MemoryLimit)), TempDir: dir, Log: h.Log,
	})
	if err != nil {
		return nil, err
	}
	h.engine = e
	h.onClose(e.Close)
	return e, nil
}

// scratch makes a temporary folder in the lake's own folder, so that objects
// can be linked into it; Close removes it. Its name has the process's id, so that
// nobody else takes it for left-overs. Where the lake cannot be written to,
// it is made in the system's folder for such files.
func (h *Home) scratch(purpose string) (string, error) {
	dir := filepath.Join(h.State, "tmp")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		dir = "" // the system's
	}
	pattern := fmt.Sprintf("%s-%d-", purpose, os.Getpid())
	made, err := os.MkdirTemp(dir, pattern)
	if err != nil && dir != "" {
		made, err = os.MkdirTemp("", pattern)
	}
	if err != nil {
		return "", store.Failure("create a temporary folder in", dir, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.temporary[made] = struct{}{}
	return made, nil
}

// discard removes a temporary folder before Close does.
func (h *Home) discard(dir string) error {
	h.mu.Lock()
	delete(h.temporary, dir)
	h.mu.Unlock()
	return os.RemoveAll(dir)
}

// Close closes all that was opened, the last first.
func (h *Home) Close() error {
	h.mu.Lock()
	closers := h.closers
	h.closers = nil
	h.mu.Unlock()
	var errs []error
	for _, do := range slices.Backward(closers) {
		errs = append(errs, do())
	}
	for dir := range h.temporary {
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}

// DuckDBVersion is the version of the SQL engine in the binary.
func DuckDBVersion() string { return duckdb.Version() }
