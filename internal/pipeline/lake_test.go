package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wplake/internal/catalog/sqlite"
	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/engine/duckdb"
	"wplake/internal/lake"
	"wplake/internal/pipeline"
	"wplake/internal/store"
	"wplake/internal/store/local"
	"wplake/internal/wordpress"
)

// testLake is a lake in a temporary folder whose source gives what a test puts
// into bodies.
type testLake struct {
	t      *testing.T
	root   string
	deps   pipeline.Deps
	bodies map[string]string // what the source gives, by object
	names  []string
	runs   int
	log    *bytes.Buffer
}

func newLake(t *testing.T) *testLake {
	t.Helper()
	root := t.TempDir()
	e, err := duckdb.Open(t.Context(), duckdb.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	now := func() time.Time { return time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC) }
	cat := sqlite.New(filepath.Join(root, "catalog.db"), now)
	t.Cleanup(func() { _ = cat.Close() })
	l := &testLake{t: t, root: root, bodies: map[string]string{}, log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(l.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	l.deps = pipeline.Deps{
		Config: config.Default(), Source: l, Engine: e, Catalog: cat, Log: log, Now: now, Parallel: 2, Scratch: t.TempDir(),
		Resolve: func(_ context.Context, r config.Ref) (string, error) { return string(r), nil },
		Buckets: map[lake.Layer]store.Bucket{},
	}
	for _, layer := range lake.Layers() {
		l.deps.Buckets[layer] = local.New(root, l.deps.Config.Buckets.Name(layer), log)
	}
	return l
}

// Objects, Fetch and Parallel make the lake its own source.
func (l *testLake) Objects(context.Context) ([]wordpress.Object, error) {
	var objects []wordpress.Object
	for _, name := range l.names {
		objects = append(objects, wordpress.Object{Name: name, From: "test"})
	}
	return objects, nil
}

func (l *testLake) Fetch(_ context.Context, o wordpress.Object, sink wordpress.Sink) error {
	if err := sink.Reset(); err != nil {
		return err
	}
	body := l.bodies[o.Name]
	for len(body) > 0 { // in small pieces, as a network would
		n := min(len(body), 1000)
		if _, err := sink.Write([]byte(body[:n])); err != nil {
			return err
		}
		body = body[n:]
	}
	return sink.Complete()
}

func (l *testLake) Parallel() int { return 2 }

// give sets what the source gives.
func (l *testLake) give(object, body string) {
	if _, ok := l.bodies[object]; !ok {
		l.names = append(l.names, object)
	}
	l.bodies[object] = body
}

// object changes the settings of an object.
func (l *testLake) object(name string, o config.Object) {
	if l.deps.Config.Objects == nil {
		l.deps.Config.Objects = map[string]config.Object{}
	}
	l.deps.Config.Objects[name] = o
}

// run runs stages (all by default).
func (l *testLake) run(stages ...string) lake.RunReport {
	return l.runWith(pipeline.Request{}, stages...)
}

func (l *testLake) runWith(req pipeline.Request, stages ...string) lake.RunReport {
	l.t.Helper()
	if len(stages) == 0 {
		stages = pipeline.Stages()
	}
	l.runs++
	req.RunID = fmt.Sprintf("run-%d", l.runs)
	return pipeline.Run(l.t.Context(), l.deps, stages, req)
}

// mustRun runs stages that have to succeed.
func (l *testLake) mustRun(stages ...string) lake.RunReport {
	l.t.Helper()
	r := l.run(stages...)
	if r.Status != lake.StatusRunSucceeded {
		l.t.Fatalf("the run is %s: %+v\n%s", r.Status, r.Stages, l.log)
	}
	return r
}

// path is the file of a layer's object.
func (l *testLake) path(layer lake.Layer, object string) string {
	return filepath.Join(l.root, l.deps.Config.Buckets.Name(layer), filepath.FromSlash(lake.ObjectKey(layer, l.deps.Config.Dataset, object)))
}

func (l *testLake) rejectsPath(layer lake.Layer, object string) string {
	return filepath.Join(l.root, l.deps.Config.Buckets.Name(layer), filepath.FromSlash(lake.RejectsKey(l.deps.Config.Dataset, object)))
}

// query runs SQL in which {name} stands for a Parquet file, and returns the
// rows as text.
func (l *testLake) query(sql string) []string {
	l.t.Helper()
	rows, err := l.deps.Engine.Query(l.t.Context(), sql)
	if err != nil {
		l.t.Fatalf("%s: %v", sql, err)
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		out = append(out, strings.TrimSuffix(fmt.Sprintln(rows.Values()...), "\n"))
	}
	if rows.Err() != nil {
		l.t.Fatal(rows.Err())
	}
	return out
}

// table is a layer's object as a relation.
func (l *testLake) table(layer lake.Layer, object string) string {
	return "read_parquet(" + engine.Literal(l.path(layer, object)) + ")"
}

// describe reads the footer of a layer's object.
func (l *testLake) describe(layer lake.Layer, object string) engine.Parquet {
	l.t.Helper()
	p, err := l.deps.Engine.Describe(l.t.Context(), l.path(layer, object))
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// objectOf finds an object in a stage of a report.
func objectOf(t *testing.T, r lake.RunReport, stage, object string) lake.ObjectReport {
	t.Helper()
	for _, s := range r.Stages {
		if s.Stage != stage {
			continue
		}
		for _, o := range s.Objects {
			if o.Object == object {
				return o
			}
		}
	}
	t.Fatalf("no %s of %s in %+v", stage, object, r)
	return lake.ObjectReport{}
}

// put writes a raw object as another tool would: without metadata.
func (l *testLake) put(layer lake.Layer, object, body string) {
	l.t.Helper()
	path := l.path(layer, object)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		l.t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", []byte(body), 0o644); err != nil {
		l.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		l.t.Fatal(err)
	}
}

// rejects lists row, reason and column of the rejected rows of an object.
func (l *testLake) rejects(layer lake.Layer, object string) []string {
	l.t.Helper()
	path := l.rejectsPath(layer, object)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return l.query("SELECT concat(_row, ' ', _reason, ' ', _column) FROM read_parquet(" + engine.Literal(path) + ") ORDER BY _row")
}

func acceptLoss() pipeline.Request { return pipeline.Request{AcceptLoss: true} }
