package home

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"wplake/internal/catalog"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/params"
	"wplake/internal/pipeline"
)

// CheckStatus is the outcome of a check of doctor.
type CheckStatus string

// The outcomes of a check.
const (
	CheckOK      CheckStatus = "ok"
	CheckWarning CheckStatus = "warning" // works, but somebody should know
	CheckFailed  CheckStatus = "failed"  // a run would fail
)

// Check is one thing that doctor looked at.
type Check struct {
	Name   string      `json:"name"`
	Status CheckStatus `json:"status"`
	Detail string      `json:"detail"`
	Hint   string      `json:"hint,omitempty"` // the remedy

	code lake.Code // of the error that it is made of, if any
}

// Doctor looks at everything that a run needs and changes nothing.
func (h *Home) Doctor(ctx context.Context, o DoctorOptions) []Check {
	if h.Cloud != nil {
		return h.doctorAWS(ctx, o)
	}
	var checks []Check
	checks = append(checks, h.checkParameters(ctx)...)
	checks = append(checks, h.checkSource(ctx)...)
	checks = append(checks, h.checkBuckets(ctx)...)
	checks = append(checks, h.checkDisk(), h.checkClock(ctx), h.checkLock(ctx))
	checks = append(checks, h.checkCatalog(ctx), h.checkWorkflow(), h.checkExecutions(ctx), h.checkSchedules(), h.checkAlerts(), h.checkLastRun())
	return checks
}

func ok(name, format string, args ...any) Check {
	return Check{Name: name, Status: CheckOK, Detail: fmt.Sprintf(format, args...)}
}

func warning(name, hint, format string, args ...any) Check {
	return Check{Name: name, Status: CheckWarning, Detail: fmt.Sprintf(format, args...), Hint: hint}
}

func failed(name string, err error) Check {
	e := lake.AsError(err, lake.Internal)
	return Check{Name: name, Status: CheckFailed, Detail: fmt.Sprintf("%s: %s", e.Code, e.Error()), Hint: e.Hint, code: e.Code}
}

func (h *Home) checkParameters(ctx context.Context) []Check {
	names := h.parameterNames()
	var checks []Check
	for _, name := range names {
		p, err := h.Params.Get(ctx, name)
		switch {
		case errors.Is(err, params.ErrNotFound):
			checks = append(checks, failed("parameter "+name, &lake.Error{
				Code: lake.ParameterMissing, Message: "it is not set", Hint: h.settingParameter(name),
			}))
		case err != nil:
			checks = append(checks, failed("parameter "+name, err))
		case strings.TrimSpace(p.Value) == "":
			checks = append(checks, failed("parameter "+name, &lake.Error{
				Code: lake.ParameterMissing, Message: "it is empty", Hint: h.settingParameter(name),
			}))
		}
	}
	if len(checks) == 0 {
		checks = append(checks, ok("parameters", "all %d are set", len(names)))
	}
	return checks
}

// parameterNames are the parameters without which a run fails, in order.
func (h *Home) parameterNames() []string {
	names := []string{}
	for _, l := range lake.Layers() {
		names = append(names, lake.BucketParameter(l), lake.TopicParameter(l))
	}
	c := h.Config.Source.Endpoints
	if h.Config.Source.Kind == config.SourceEndpoints && len(c.URLs) == 0 {
		names = append(names, c.Parameter)
	}
	if h.Cloud == nil {
		return names
	}
	for _, r := range h.references() { // at home they are asked for when they are used
		if name, ok := r.Parameter(); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// checkSource asks for the beginning of every object, once.
func (h *Home) checkSource(ctx context.Context) []Check {
	once := *h
	once.Config.Source.Endpoints.Retries = -1
	source := once.Source()
	objects, err := source.Objects(ctx)
	if err != nil {
		return []Check{failed("source", err)}
	}
	if len(objects) == 0 {
		return []Check{failed("source", &lake.Error{
			Code: lake.ParameterMissing, Message: "it offers no object", Hint: "set source.endpoints.urls, or the parameter that lists them",
		})}
	}
	checks := make([]Check, len(objects))
	var all sync.WaitGroup
	slots := make(chan struct{}, 4) // a site that does not answer takes its time-out
	for i, o := range objects {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			checks[i] = ok("source "+o.Name, "answers with rows in JSON (%s)", o.From)
			if err := pipeline.Probe(ctx, source, o); err != nil {
				checks[i] = failed("source "+o.Name, err)
			}
		})
	}
	all.Wait()
	return checks
}

func (h *Home) checkBuckets(ctx context.Context) []Check {
	var checks []Check
	for _, l := range lake.Layers() {
		b := h.Buckets[l]
		if err := b.Check(ctx); err != nil {
			checks = append(checks, failed("bucket "+b.Name(), err))
			continue
		}
		checks = append(checks, ok("bucket "+b.Name(), "can be written to (%s)", b.URI("")))
	}
	return checks
}

// checkDisk compares the free space with what a run needs at most: all that
// the last one wrote, beside what is there, and as much for temporary files.
func (h *Home) checkDisk() Check {
	free, err := freeSpace(h.Root)
	if err != nil {
		return warning("disk", "", "the free space is not known: %v", err)
	}
	need := int64(64 << 20)
	last, err := h.History.LastWith(pipeline.StageRaw)
	if err != nil {
		return failed("disk", err)
	}
	if last != nil {
		for _, s := range last.Stages {
			if strings.HasPrefix(s.Stage, "crawl") {
				continue
			}
			for _, o := range s.Objects {
				need += 2 * o.Bytes
			}
		}
	}
	if free < need {
		return failed("disk", &lake.Error{
			Code: lake.StorageFull, Message: fmt.Sprintf("%d MB are free in %s, and a run may need %d MB", free/1e6, h.Root, need/1e6),
			Hint: "free some space, or move the lake to a larger disk",
		})
	}
	return ok("disk", "%d MB are free, a run may need %d MB", free/1e6, need/1e6)
}

// checkClock finds a clock that is behind the lake's own past.
func (h *Home) checkClock(ctx context.Context) Check {
	now := h.Now()
	newest := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, b := range h.Buckets {
		infos, err := b.List(ctx, h.Config.Dataset+"/")
		if err != nil {
			return failed("clock", err)
		}
		for _, info := range infos {
			if info.Modified.After(newest) {
				newest = info.Modified
			}
		}
	}
	if newest.After(now.Add(time.Minute)) {
		return warning("clock", "set the system's clock, e.g. by NTP: times in the lake are taken from it",
			"it shows %s, but there is an object of %s", now.UTC().Format(time.RFC3339), newest.UTC().Format(time.RFC3339))
	}
	return ok("clock", "%s", now.UTC().Format(time.RFC3339))
}

func (h *Home) checkLock(ctx context.Context) Check {
	holder, held, err := h.Lock.Holder(ctx)
	if err != nil {
		return failed("lock", err)
	}
	if held {
		return warning("lock", "wait for it to end", "the lake is held by %s (run %s, process %d on %s) since %s",
			holder.Command, holder.RunID, holder.PID, holder.Host, holder.Since.UTC().Format(time.RFC3339))
	}
	return ok("lock", "nobody holds the lake")
}

// checkCatalog compares the catalog with the objects.
func (h *Home) checkCatalog(ctx context.Context) Check {
	tables, err := h.Catalog.List(ctx, h.Config.Dataset)
	if err != nil {
		return failed("catalog", err)
	}
	var without []string
	backed := map[string]bool{} // names of tables
	for _, l := range lake.TableLayers() {
		infos, err := h.Buckets[l].List(ctx, h.Config.Dataset+"/")
		if err != nil {
			return failed("catalog", err)
		}
		for _, info := range infos {
			object, isObject := lake.ObjectOfKey(l, h.Config.Dataset, info.Key)
			name := lake.TableName(l, object)
			backed[name] = backed[name] || isObject
			if isObject && !slices.ContainsFunc(tables, func(t catalog.Table) bool { return t.Name == name }) {
				without = append(without, name)
			}
		}
	}
	var found []string
	if len(without) > 0 {
		found = append(found, "objects without a table: "+strings.Join(without, ", "))
	}
	var empty []string
	for _, t := range tables {
		if slices.Contains(lake.TableLayers(), t.Layer) && !backed[t.Name] {
			empty = append(empty, t.Name)
		}
	}
	if len(empty) > 0 {
		found = append(found, "tables without an object: "+strings.Join(empty, ", "))
	}
	if len(found) > 0 {
		return warning("catalog", "wplake crawl"+h.homeFlag(), "%s", strings.Join(found, "; "))
	}
	return ok("catalog", "%d tables", len(tables))
}

func (h *Home) checkAlerts() Check {
	var silent []string
	for _, l := range lake.Layers() {
		topic := "data-lakehouse-" + string(l)
		if len(h.Config.Alerts.Topics[topic]) == 0 {
			silent = append(silent, topic)
		}
	}
	if len(h.Config.Alerts.Topics[lake.FailureTopic]) == 0 {
		silent = append(silent, lake.FailureTopic)
	}
	if len(silent) > 0 {
		return warning("alerts", "set alerts.channels and alerts.topics, then try: wplake notify test", "failures are only written to the log: no channel for %s", strings.Join(silent, ", "))
	}
	return ok("alerts", "every topic has a channel; try them with: wplake notify test")
}

func (h *Home) checkLastRun() Check {
	last, err := h.History.Last()
	switch {
	case err != nil:
		return failed("last run", err)
	case last == nil:
		return ok("last run", "there was none yet")
	case last.Status != lake.StatusRunSucceeded:
		return warning("last run", "wplake run", "%s was %s at %s", last.RunID, last.Status, last.StartedAt.Format(time.RFC3339))
	}
	return ok("last run", "%s %s at %s", last.RunID, last.Status, last.StartedAt.Format(time.RFC3339))
}
