package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wplake/internal/lake"
	"wplake/internal/store"
)

// keptReports is how many reports of runs are kept.
const keptReports = 200

// History keeps the reports of runs, a file each. Run ids sort by time.
type History struct {
	dir string
}

// Save keeps a report, whole or not at all, and forgets the oldest ones.
func (h History) Save(r lake.RunReport) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	// What a kill leaves of it lies where the next run sweeps.
	unfinished := filepath.Join(filepath.Dir(h.dir), "tmp", "report-"+r.RunID)
	for _, dir := range []string{h.dir, filepath.Dir(unfinished)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return store.Failure("create", dir, err)
		}
	}
	path := filepath.Join(h.dir, r.RunID+".json")
	if err := os.WriteFile(unfinished, append(text, '\n'), 0o644); err != nil {
		_ = os.Remove(unfinished) // may not be there
		return store.Failure("write", path, err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return store.Failure("write", path, err)
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

// Last returns the newest report, or nil when there is none.
func (h History) Last() (*lake.RunReport, error) {
	return h.find(func(lake.RunReport) bool { return true })
}

// LastWith returns the newest report that has one of the stages, or nil.
func (h History) LastWith(stages []string) (*lake.RunReport, error) {
	return h.find(func(r lake.RunReport) bool {
		return slices.ContainsFunc(r.Stages, func(s lake.StageReport) bool { return slices.Contains(stages, s.Stage) })
	})
}

// find returns the newest report that is wanted. One that cannot be read is
// passed over: it is a record, and nothing depends on it but a comparison.
func (h History) find(wanted func(lake.RunReport) bool) (*lake.RunReport, error) {
	ids, err := h.ids()
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		text, err := os.ReadFile(filepath.Join(h.dir, id+".json"))
		if err != nil {
			return nil, store.Failure("read", id, err)
		}
		var r lake.RunReport
		if json.Unmarshal(text, &r) == nil && wanted(r) {
			return &r, nil
		}
	}
	return nil, nil
}

// ids lists the runs, the newest first.
func (h History) ids() ([]string, error) {
	entries, err := os.ReadDir(h.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the reports of runs: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}
