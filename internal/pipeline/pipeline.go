// Package pipeline has the stages that move a site's data: raw, bronze,
// silver, and the crawls between them. Each stage is a plain function of its
// dependencies and a request; it does all it can, never lets one object's
// failure harm another, and reports every object.
//
// The package sees ports only. It writes each object in one atomic step, so a
// stage can be killed at any instruction and run again.
package pipeline

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/config"
	"wplake/internal/engine"
	"wplake/internal/lake"
	"wplake/internal/store"
	"wplake/internal/wordpress"
)

// Deps is what the stages work with.
type Deps struct {
	Config   config.Config
	Source   wordpress.Source
	Buckets  map[lake.Layer]store.Bucket
	Engine   engine.Engine
	Catalog  catalog.Catalog
	Resolve  func(context.Context, config.Ref) (string, error) // a reference's value
	Log      *slog.Logger
	Now      func() time.Time
	Parallel int         // objects at once in bronze and silver, at least 1
	Small    int         // small objects that may be under way in the place of any one object; 0: one
	Scratch  string      // a directory for temporary files; the caller removes it
	Room     *Room       // of that directory, where it is bounded; may be nil
	Progress func(Event) // may be nil; called concurrently
}

// Request says what a stage is to do.
type Request struct {
	RunID      string
	Objects    []string // only these; empty: all
	Full       bool     // also what has not changed
	AcceptLoss bool     // take a snapshot that would lose more than max_loss
	// Resume says that the run may have been cut off within this stage, and goes
	// on: what it finished then is not done again, also under Full. So that this
	// can be told, raw writes an object with the run's id also when it is the
	// same as before.
	Resume bool
}

// finished reports whether an object was finished by this run already, by the
// object's metadata.
func (r Request) finished(metadata map[string]string) bool {
	return r.Resume && r.RunID != "" && metadata[keyRun] == r.RunID
}

// wants reports whether the request covers an object.
func (r Request) wants(object string) bool {
	return len(r.Objects) == 0 || slices.Contains(r.Objects, object)
}

// weight is the weight of an object of that size. The largest are begun first,
// for they take longest; where a run may be cut off, the smallest: what is cut
// off then, having had all the time, is in nobody's way.
func (r Request) weight(size int64) int64 {
	if r.Resume {
		return -size
	}
	return size
}

// anew reports whether an object with that metadata is to be made also when it
// would come out the same.
func (r Request) anew(metadata map[string]string) bool { return r.Full && !r.finished(metadata) }

// Event is a sign of progress.
type Event struct {
	Stage  string
	Object string             // empty: the stage as a whole
	Bytes  int64              // dealt with so far
	Total  int64              // bytes altogether; 0 when nobody knows
	Report *lake.ObjectReport // set when the object is done
	Done   *lake.StageReport  // set when the stage is done
}

// Stage is one stage of the pipeline.
type Stage func(context.Context, Deps, Request) lake.StageReport
