package home

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wplake/internal/lake"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
)

// RunRequest says what a run is to do.
type RunRequest struct {
	Stages   []string // names of stages, in order
	Request  pipeline.Request
	Wait     time.Duration // for another run to end
	Command  string        // as other runs are told who holds the lake
	Progress func(pipeline.Event)
}

// NewRunID makes the name of a run: its time and a random part. Names sort by
// time.
func NewRunID(now time.Time) string {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails
	return strings.ReplaceAll(now.UTC().Format("20060102T150405.000Z"), ".", "") + "-" + hex.EncodeToString(random)
}

// Run runs stages of the pipeline: it takes the lake's lock, removes what
// interrupted runs left behind, runs the stages, tells people about failures
// and recoveries, and keeps the report. The error says that the run could not
// begin, which people are told as well, or that an alert or the report could
// not be delivered; failures of objects are in the report.
func (h *Home) Run(ctx context.Context, r RunRequest) (lake.RunReport, error) {
	report, err := h.run(ctx, r)
	if report.RunID != "" || err == nil || ctx.Err() != nil {
		return report, err
	}
	return report, errors.Join(err, h.couldNotRun(ctx, r, err))
}

func (h *Home) run(ctx context.Context, r RunRequest) (report lake.RunReport, err error) {
	release, err := h.hold(ctx, r.Request.RunID, r.Command, r.Wait)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, release()) }()
	d, err := h.deps(ctx, r)
	if err != nil {
		return report, err
	}
	d.Progress = h.traced(ctx, r.Request.RunID, d.Progress)
	previous, err := h.History.States()
	if err != nil {
		return report, err
	}
	h.Log.Info(runBegan, "run", r.Request.RunID, "command", r.Command)
	report = pipeline.Run(ctx, d, r.Stages, r.Request)
	err = errors.Join(h.alert(ctx, report, previous, ""), h.History.Save(report))
	h.Log.Info(runEnded, "run", r.Request.RunID, "status", string(report.Status))
	return report, err
}

func (h *Home) deps(ctx context.Context, r RunRequest) (pipeline.Deps, error) {
	scratch, err := h.scratch("run")
	if err != nil {
		return pipeline.Deps{}, err
	}
	e, err := h.Engine(ctx)
	if err != nil {
		return pipeline.Deps{}, err
	}
	return pipeline.Deps{
		Config: h.Config, Source: h.Source(), Buckets: h.Buckets, Engine: e, Catalog: h.Catalog,
		Resolve: h.Resolve, Log: h.Log, Now: h.Now, Parallel: h.Parallel(), Scratch: scratch, Progress: r.Progress,
	}, nil
}

// sweep removes what runs left behind that did not end by themselves. The lock
// is held, so nobody else writes objects; the temporary folders of processes that
// live, such as readers, are theirs.
func (h *Home) sweep(ctx context.Context) error {
	for l, b := range h.Buckets {
		n, err := b.Sweep(ctx)
		if err != nil {
			return err
		}
		if n > 0 {
			h.Log.Info(fmt.Sprintf("%d temporary files of an interrupted run were removed", n), "bucket", b.Name(), "layer", string(l))
		}
	}
	left, err := filepath.Glob(filepath.Join(h.State, "tmp", "*"))
	if err != nil {
		return err
	}
	for _, dir := range left {
		if ownerLives(dir) {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// alert publishes at most one message a layer. announced is what the machine
// itself told people; those whom it told of a layer's failures are not told again.
func (h *Home) alert(ctx context.Context, report lake.RunReport, previous *lake.RunReport, announced string) error {
	var errs []error
	for _, m := range notify.RunMessages(report, previous) {
		layer := lake.Layer(strings.TrimPrefix(m.Topic, "data-lakehouse-"))
		if p, err := h.Params.Get(ctx, lake.TopicParameter(layer)); err == nil {
			m.Topic = p.Value
		}
		if isFailure(m) && h.covered(m.Topic) && tells(announced, report, layer) {
			continue
		}
		// Whoever is told of failures on the failure topic alone hears there
		// that all is well again.
		topics := h.Config.Alerts.Topics
		if !isFailure(m) && len(topics[m.Topic]) == 0 && len(topics[lake.FailureTopic]) > 0 {
			m.Topic = lake.FailureTopic
		}
		// Also when the run was interrupted: a failure reaches a person.
		errs = append(errs, h.Notifier.Publish(context.WithoutCancel(ctx), m))
	}
	return errors.Join(errs...)
}

// tells reports whether a text says of a layer's failures what failed and why:
// one that only says that something did, as the reference's machines do, helps
// nobody. It need not have room for all of them.
func tells(text string, report lake.RunReport, l lake.Layer) bool {
	for _, s := range report.Stages {
		if strings.TrimPrefix(s.Stage, "crawl-") != string(l) {
			continue
		}
		if s.Error != nil && strings.Contains(text, string(s.Error.Code)) {
			return true
		}
		for _, o := range s.Objects {
			if o.Error != nil && strings.Contains(text, o.Object) && strings.Contains(text, string(o.Error.Code)) {
				return true
			}
		}
	}
	return false
}
