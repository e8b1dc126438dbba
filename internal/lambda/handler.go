package lambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/metrics"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
	"wplake/internal/tracing"
	"wplake/internal/workflow/tasks"
)

// handler deals with events, one at a time.
type handler struct {
	config   config.Config
	function string // "" for one that does what the event names
	name     string // of the Lambda function, or what stands for it
	scratch  string
	lake     Lake
	out      *lines
	log      *slog.Logger
	at       *atomic.Pointer[current]
	now      func() time.Time
	began    time.Time // of the process
	tracer   *tracing.Exporter
	version  string
	warm     bool // an event was dealt with before
}

// job is what one event asks for.
type job struct {
	pipeline.Input
	request string
	stage   string
	layer   lake.Layer
	began   time.Time
	limit   time.Duration // that the invocation has; 0: no deadline
}

// handle deals with an event. The error is what the function fails with. ctx
// ends when the process is told to stop; the invocation's deadline is its own.
func (h *handler) handle(ctx context.Context, inv invocation) (answer any, err error) {
	j, err := h.job(inv)
	h.at.Store(&current{request: inv.id, run: j.RunID})
	defer h.at.Store(nil)
	h.begin(j)
	if err != nil {
		return nil, err
	}
	if len(j.Only) > 0 && !slices.Contains(j.Only, j.stage) {
		h.log.Info("the run was asked for other stages only", "stage", j.stage)
		return tasks.Answer(lake.StageReport{Stage: j.stage, Objects: []lake.ObjectReport{}})
	}
	if err := emptied(h.scratch); err != nil {
		return nil, err
	}
	// Stages end before the invocation does; what comes after them may take the
	// rest of its time, also when the process is told to stop.
	rest := context.WithoutCancel(ctx)
	if !inv.deadline.IsZero() {
		var cancel context.CancelFunc
		rest, cancel = context.WithDeadline(rest, inv.deadline)
		defer cancel()
		ctx, cancel = context.WithDeadline(ctx, inv.deadline.Add(-margin(j.limit)))
		defer cancel()
	}
	answer, err = h.stage(ctx, rest, j, inv.trace)
	if err != nil {
		e := tasks.AsFunctionError(err)
		level := slog.LevelError
		if e.Type == string(lake.StageUnfinished) {
			level = slog.LevelWarn
		}
		h.log.Log(rest, level, "the invocation failed", "stage", j.stage, "errorType", e.Type, "error", e.Message)
	}
	return answer, err
}

// job reads an event.
func (h *handler) job(inv invocation) (job, error) {
	j := job{request: inv.id, began: h.now()}
	if !inv.deadline.IsZero() {
		j.limit = inv.deadline.Sub(j.began)
	}
	event, err := asl.Decode(inv.payload)
	if err == nil {
		j.Input = pipeline.InputOf(event)
	}
	if j.RunID == "" {
		j.RunID = inv.id // the same when Lambda tries again
	}
	possible := pipeline.Stages()
	switch h.function {
	case lake.FunctionRaw, lake.FunctionBronze, lake.FunctionSilver:
		j.Stage = h.function
	case lake.FunctionCatalog:
		possible = []string{pipeline.StageCrawlBronze, pipeline.StageCrawlSilver}
	}
	if !slices.Contains(possible, j.Stage) {
		return j, &lake.Error{
			Code: lake.WorkflowInvalid, Message: fmt.Sprintf("%s: the event names no stage", h.name),
			Hint: fmt.Sprintf(`pass {"stage": "%s"}`, strings.Join(possible, `"} or {"stage": "`)),
		}
	}
	j.stage = j.Stage
	j.layer = lake.Layer(strings.TrimPrefix(j.stage, "crawl-"))
	return j, nil
}

// begin logs that an invocation began, and whether it is the process's first.
func (h *handler) begin(j job) {
	attrs := []any{"function", h.function, "stage", j.Stage, "cold_start", !h.warm, "limit_ms", j.limit.Milliseconds()}
	if !h.warm {
		attrs = append(attrs, "init_ms", h.now().Sub(h.began).Milliseconds(), "version", h.version)
	}
	h.warm = true
	h.log.Info("invocation began", attrs...)
}

// stage runs a stage under ctx, and with the rest of the time tells of it.
func (h *handler) stage(ctx, rest context.Context, j job, trace string) (any, error) {
	topic, err := h.lake.Topic(ctx, j.layer)
	if err != nil {
		return nil, err // nobody can be told
	}
	recorder := tracing.NewRecorder(h.now)
	report, err := h.lake.Stage(ctx, j.stage, pipeline.Request{
		RunID: j.RunID, Objects: j.Objects, Full: j.Full, AcceptLoss: j.AcceptLoss, Resume: true,
	}, recorder.Event)
	if err != nil {
		report = lake.StageReport{Stage: j.stage, Objects: []lake.ObjectReport{}, Error: lake.ProblemOf(err, lake.Internal)}
		report.Count()
	}
	report, unfinished := h.judge(ctx, j, report)
	h.trace(rest, j, recorder, report, trace)
	if unfinished != nil {
		h.measure(j, finished(report))
		return nil, unfinished
	}
	h.measure(j, report)
	answer, failure := tasks.Answer(report)
	if err := h.tell(rest, j, topic, report, lake.HasCode(err, lake.ParameterMissing)); err != nil {
		e := tasks.AsFunctionError(err)
		if failure != nil { // the stage's own failure is what machines look at
			own := tasks.AsFunctionError(failure)
			e = &tasks.FunctionError{Type: own.Type, Message: own.Message + "\n" + e.Message}
		}
		return nil, e
	}
	return answer, failure
}

// judge completes a report. A stage that was cut off and finished something is
// unfinished: the next invocation goes on. One that finished nothing would be
// cut off again and again: what it did not finish has failed.
func (h *handler) judge(ctx context.Context, j job, report lake.StageReport) (lake.StageReport, error) {
	report.Error = h.remedied(report.Error)
	report.Objects = slices.Clone(report.Objects)
	var done, left []string
	progress := false
	for i, o := range report.Objects {
		report.Objects[i].Error = h.remedied(o.Error)
		switch {
		case o.Status != lake.StatusFailed:
			progress = progress || o.Status == lake.StatusSucceeded
			done = append(done, o.Object)
		case o.Error != nil && o.Error.Code == lake.Interrupted:
			left = append(left, o.Object)
		}
	}
	if ctx.Err() == nil || len(left) == 0 && report.Error == nil {
		return report, nil
	}
	told := errors.Is(ctx.Err(), context.Canceled) // the process was, not the clock's doing
	if progress || told {
		message := fmt.Sprintf("%s: finished and kept: %s; left: %s; the next invocation of run %s goes on with what is left",
			j.stage, few(done), few(left), j.RunID)
		if told {
			message = "the process was told to stop; " + message
		}
		return report, &lake.Error{Code: lake.StageUnfinished, Message: message}
	}
	out := func(what string) *lake.Problem {
		return &lake.Problem{
			Code:    lake.OutOfTime,
			Message: fmt.Sprintf("%s: not finished within the %s of an invocation that finished nothing else", what, j.limit.Round(time.Second)),
			Hint:    timeHint(j.stage, time.Duration(h.config.AWS.Functions.Timeout)),
		}
	}
	for i, o := range report.Objects {
		if o.Error != nil && o.Error.Code == lake.Interrupted {
			report.Objects[i].Error = out(o.Object)
		}
	}
	if cause := report.Error; cause != nil {
		report.Error = out(j.stage)
		report.Error.Message += ": " + cause.Message
	}
	return report, nil
}

// finished is a report without what was not.
func finished(report lake.StageReport) lake.StageReport {
	var kept []lake.ObjectReport
	for _, o := range report.Objects {
		if o.Status == lake.StatusSucceeded {
			kept = append(kept, o)
		}
	}
	report.Objects, report.Error = kept, nil
	return report
}

// few names some objects.
func few(names []string) string {
	const most = 20
	if len(names) == 0 {
		return "none"
	}
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// measure writes the metrics of a report.
func (h *handler) measure(j job, report lake.StageReport) {
	for _, line := range metrics.Lines(metrics.Source{Lake: h.config.AWS.Stack, Run: j.RunID, Request: j.request}, h.now(), report) {
		h.out.line(line)
	}
}

// trace sends the spans of a stage, where traces are switched on.
func (h *handler) trace(ctx context.Context, j job, r *tracing.Recorder, report lake.StageReport, header string) {
	if h.tracer == nil {
		return
	}
	spans := r.Spans(tracing.Stage{Run: j.RunID, Attempt: j.request, Header: header, Began: j.began, Ended: h.now()}, report)
	if err := h.tracer.Send(ctx, spans); err != nil {
		h.log.Warn("the trace was not taken", "endpoint", h.tracer.Endpoint(), "error", err)
	}
}

// tell publishes what failed: the reference's words first, then the objects.
func (h *handler) tell(ctx context.Context, j job, topic string, report lake.StageReport, noBucket bool) error {
	m, ok := notify.StageMessage(report, nil, j.RunID)
	if !ok {
		return nil
	}
	name := lake.FunctionName(string(j.layer))
	first := fmt.Sprintf("%s ran with %d errors.  Please check logs.", name, report.Failed)
	if noBucket {
		first = fmt.Sprintf("%s: No S3 %s bucket returned.", name, bucketOf(report.Error, j.layer))
	}
	m.Topic, m.Body = topic, first+"\n\n"+m.Body
	err := h.lake.Publish(ctx, m)
	if err == nil {
		return nil
	}
	e := lake.AsError(err, lake.AlertFailed)
	return &lake.Error{
		Code: e.Code, Message: fmt.Sprintf("nobody could be told that %s: %s", strings.TrimSuffix(first, "."), e.Error()), Hint: e.Hint, Err: err,
	}
}

// bucketOf is the layer whose bucket's parameter an error misses, as a title.
func bucketOf(p *lake.Problem, otherwise lake.Layer) string {
	layer := otherwise
	for _, l := range lake.Layers() {
		if p != nil && (strings.Contains(p.Message, "S3 "+string(l)) || strings.Contains(p.Message, lake.BucketParameter(l))) {
			layer = l
		}
	}
	return strings.ToUpper(string(layer[:1])) + string(layer[1:])
}
