package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// keptReports is how many reports of runs are kept.
const keptReports = 200

// History keeps the reports of runs, a file each.
type History struct {
	dir string
}

// Save keeps a report, whole or not at all, and forgets the oldest ones.
func (h History) Save(r lake.RunReport) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := h.write(r.RunID, filepath.Join(h.dir, r.RunID+".json"), text); err != nil {
		return err
	}
	if err := os.Remove(h.unfinishedPath(r.RunID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return store.Failure("remove", h.unfinishedPath(r.RunID), err)
	}
	ids, err := h.ids()
	if err != nil {
		return err
	}
	for _, id := range ids[min(keptReports, len(ids)):] {
		if err := os.Remove(filepath.Join(h.dir, id+".json")); err != nil {
			return store.Failure("remove", id, err)
		}
	}
	return nil
}

// unfinishedPath is where the report of a run lies that has not ended.
func (h History) unfinishedPath(run string) string { return filepath.Join(h.dir, run+".unfinished") }

// saveUnfinished keeps what is known of a run that has not ended, so that
// whoever goes on with it after a kill has a whole report to give.
func (h History) saveUnfinished(r lake.RunReport) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return h.write(r.RunID, h.unfinishedPath(r.RunID), text)
}

// write makes text the file at path, whole or not at all. What a kill leaves of
// it lies where the next run sweeps, under the name of this process.
func (h History) write(run, path string, text []byte) error {
	part := filepath.Join(filepath.Dir(h.dir), "tmp", fmt.Sprintf("report-%d-%s", os.Getpid(), strings.ReplaceAll(run, "-", "_")))
	for _, dir := range []string{h.dir, filepath.Dir(part)} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return store.Failure("create", dir, err)
		}
	}
	if err := os.WriteFile(part, append(text, '\n'), 0o600); err != nil {
		_ = os.Remove(part) // may not be there
		return store.Failure("write", path, err)
	}
	if err := os.Rename(part, path); err != nil {
		return store.Failure("write", path, err)
	}
	return nil
}

// unfinished returns what is known of a run that has not ended, an empty
// report where nothing is.
func (h History) unfinished(run string) lake.RunReport {
	var r lake.RunReport
	text, err := os.ReadFile(h.unfinishedPath(run))
	if err != nil || json.Unmarshal(text, &r) != nil {
		return lake.RunReport{} // torn by a kill: its stages' results are in the journal, the report begins anew
	}
	return r
}

// Last returns the newest report, or nil when there is none.
func (h History) Last() (*lake.RunReport, error) {
	for r, err := range h.newest() {
		return r, err
	}
	return nil, nil
}

// LastWith returns the newest report that has the stage, or nil.
func (h History) LastWith(stage string) (*lake.RunReport, error) {
	for r, err := range h.newest() {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(r.Stages, func(s lake.StageReport) bool { return s.Stage == stage }) {
			return r, nil
		}
	}
	return nil, nil
}

// States returns how every stage and object stood when it was dealt with last,
// as one report. Runs of a few objects or stages lie between runs of all, so
// the newest report alone does not tell.
func (h History) States() (*lake.RunReport, error) {
	var states lake.RunReport
	for r, err := range h.newest() {
		if err != nil {
			return nil, err
		}
		for _, stage := range r.Stages {
			i := slices.IndexFunc(states.Stages, func(s lake.StageReport) bool { return s.Stage == stage.Stage })
			if i < 0 {
				states.Stages = append(states.Stages, lake.StageReport{Stage: stage.Stage, Error: stage.Error})
				i = len(states.Stages) - 1
			}
			known := &states.Stages[i]
			for _, o := range stage.Objects {
				if !slices.ContainsFunc(known.Objects, func(k lake.ObjectReport) bool { return k.Object == o.Object }) {
					known.Objects = append(known.Objects, o)
				}
			}
		}
	}
	for i := range states.Stages {
		states.Stages[i].Count()
	}
	return &states, nil
}

// newest iterates over the reports, the newest first. One that cannot be
// understood is passed over: it is a record, and nothing depends on it but a
// comparison.
func (h History) newest() iter.Seq2[*lake.RunReport, error] {
	return func(yield func(*lake.RunReport, error) bool) {
		ids, err := h.ids()
		if err != nil {
			yield(nil, err)
			return
		}
		for _, id := range ids {
			text, err := os.ReadFile(filepath.Join(h.dir, id+".json"))
			if err != nil {
				yield(nil, store.Failure("read", id, err))
				return
			}
			var r lake.RunReport
			if json.Unmarshal(text, &r) == nil && !yield(&r, nil) {
				return
			}
		}
	}
}

// ids lists the runs, those first that ended last. A run that makes up for a
// missed one is named after the time when that was due, so names do not tell.
func (h History) ids() ([]string, error) {
	entries, err := os.ReadDir(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the reports of runs: %w", err)
	}
	type run struct {
		id    string
		ended time.Time
	}
	var runs []run
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // another run has just forgotten it
		}
		if err != nil {
			return nil, fmt.Errorf("the reports of runs: %w", err)
		}
		runs = append(runs, run{id, info.ModTime()})
	}
	slices.SortFunc(runs, func(a, b run) int {
		if c := b.ended.Compare(a.ended); c != 0 {
			return c
		}
		return strings.Compare(b.id, a.id)
	})
	ids := make([]string, len(runs))
	for i, r := range runs {
		ids[i] = r.id
	}
	return ids, nil
}
