package home

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/lock"
	"wplake/internal/notify"
	"wplake/internal/pipeline"
	"wplake/internal/workflow"
)

// lockPatience is how long a stage of an execution waits for the lake. Its
// task's time-out ends the waiting sooner.
const lockPatience = 24 * time.Hour

// frames surround the executions that run stages: the lake's lock while a stage
// works, the report, and the alerts when the execution has ended. An execution
// is a run, and its name the run's id. The methods may be called concurrently;
// stages of this process run one at a time.
type frames struct {
	home *Home
	turn chan struct{} // one stage at a time
	deps *pipeline.Deps

	mu   sync.Mutex
	open map[string]*frame
	done map[string]doneRun // of runs that somebody waits for
	// held is the run that holds the lake from its beginning to its end, when
	// freed is closed.
	held     string
	freed    chan struct{}
	progress func(pipeline.Event)
}

// frame is what is known of one run.
type frame struct {
	mu     sync.Mutex
	report lake.RunReport
	// announced is what the machine itself told people on the failure topic, at least the beginning.
	announced string
	// unsent are the machine's messages that reached nobody, the last by topic.
	unsent map[string]error
	// stop ends the stages at work, which working counts.
	stop    context.CancelFunc
	stopped context.Context //nolint:containedctx // it is the life of the run, which its stages share
	working sync.WaitGroup
}

func newFrames(h *Home) *frames {
	return &frames{home: h, turn: make(chan struct{}, 1), open: map[string]*frame{}, done: map[string]doneRun{}}
}

// doneRun is how a run ended.
type doneRun struct {
	report lake.RunReport
	err    error // of what could not be told or kept
}

// take tells that a run has the lake until free is called.
func (f *frames) take(run string, progress func(pipeline.Event)) (free func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	freed := make(chan struct{})
	f.held, f.freed, f.progress = run, freed, progress
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.held, f.freed = "", nil
		close(freed)
	}
}

// frame returns the frame of a run, with what an earlier process found out
// when the execution was interrupted.
func (f *frames) frame(run string) *frame {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.open[run]; ok {
		return known
	}
	made := &frame{report: f.home.History.unfinished(run)}
	if made.report.RunID == "" {
		made.report = lake.RunReport{RunID: run, StartedAt: f.home.Now().UTC().Truncate(time.Millisecond), Stages: []lake.StageReport{}}
	}
	made.unsent = map[string]error{}
	made.stopped, made.stop = context.WithCancel(context.Background())
	f.open[run] = made
	f.home.Log.Info(runBegan, "run", run)
	return made
}

// stage runs one stage for an execution and adds it to the run's report.
func (f *frames) stage(ctx context.Context, run, name string, input any) (lake.StageReport, error) {
	asked := pipeline.InputOf(input)
	if len(asked.Only) > 0 && !slices.Contains(asked.Only, name) {
		return lake.StageReport{Stage: name, Objects: []lake.ObjectReport{}}, nil
	}
	r := f.frame(run)
	r.working.Add(1)
	defer r.working.Done()
	ctx, cancel := context.WithCancel(withRun(ctx, run))
	defer cancel()
	defer context.AfterFunc(r.stopped, cancel)()
	release, err := f.hold(ctx, run)
	if err != nil {
		return lake.StageReport{}, err
	}
	report, err := f.work(ctx, r, run, name, asked)
	return report, errors.Join(err, release())
}

func (f *frames) work(ctx context.Context, r *frame, run, name string, asked pipeline.Input) (lake.StageReport, error) {
	d, err := f.dependencies(ctx)
	if err != nil {
		return lake.StageReport{}, err
	}
	d.Log = d.Log.With("run", run)
	d.Progress = f.home.traced(ctx, run, d.Progress)
	if d.Progress != nil {
		d.Progress(pipeline.Event{Stage: name})
	}
	report := pipeline.ByName(name)(ctx, d, pipeline.Request{
		RunID: run, Objects: asked.Objects, Full: asked.Full, AcceptLoss: asked.AcceptLoss,
	})
	if d.Progress != nil {
		d.Progress(pipeline.Event{Stage: name, Done: &report})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(report)
	return report, f.home.History.saveUnfinished(r.report)
}

// add puts a stage in its place: a stage that ran before, and again after an
// interruption, is in the report once.
func (r *frame) add(s lake.StageReport) {
	if i := slices.IndexFunc(r.report.Stages, func(old lake.StageReport) bool { return old.Stage == s.Stage }); i >= 0 {
		r.report.Stages[i] = s
		return
	}
	r.report.Stages = append(r.report.Stages, s)
	order := pipeline.Stages()
	slices.SortStableFunc(r.report.Stages, func(a, b lake.StageReport) int {
		return slices.Index(order, a.Stage) - slices.Index(order, b.Stage)
	})
}

// hold waits for this process's turn and for the lake, and clears away what
// dead runs left.
func (f *frames) hold(ctx context.Context, run string) (release func() error, err error) {
	f.mu.Lock()
	held, freed := f.held, f.freed
	f.mu.Unlock()
	if held != "" && held != run {
		// Who waited for the lake's lock with the turn would wait for ever: it is
		// this process that has it.
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f.mu.Lock()
	mine := f.held == run
	f.mu.Unlock()
	free := func() error { return nil }
	if !mine {
		free, err = f.home.hold(ctx, run, "wplake workflow", lockPatience)
	}
	if err != nil {
		<-f.turn
		return nil, err
	}
	return func() error {
		defer func() { <-f.turn }()
		return free()
	}, nil
}

// hold takes the lake's lock for a run and sweeps.
func (h *Home) hold(ctx context.Context, run, command string, wait time.Duration) (func() error, error) {
	host, _ := os.Hostname() // "" will do
	release, err := h.Lock.Acquire(ctx, lock.Holder{
		RunID: run, Host: host, PID: os.Getpid(), Command: command, Since: h.Now(),
	}, wait)
	if err != nil {
		return nil, err
	}
	h.holder.Store(&run)
	free := func() error {
		h.holder.Store(nil)
		return release()
	}
	if err := h.sweep(ctx); err != nil {
		return nil, errors.Join(err, free())
	}
	return free, nil
}

// dependencies are made once a process. The caller has the turn.
func (f *frames) dependencies(ctx context.Context) (pipeline.Deps, error) {
	if f.deps == nil {
		d, err := f.home.deps(ctx, RunRequest{Progress: f.progress})
		if err != nil {
			return pipeline.Deps{}, err
		}
		f.deps = &d
	}
	return *f.deps, nil
}

// publish hands a machine's message on, and takes note of what people were told
// of the failure of a run.
func (f *frames) publish(ctx context.Context, run string, m notify.Message) error {
	err := f.home.Notifier.Publish(withRun(ctx, run), m)
	r := f.frame(run)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.unsent[m.Topic] = err
		return err
	}
	delete(r.unsent, m.Topic)
	if m.Topic != lake.FailureTopic {
		return nil
	}
	if len(r.announced) < asl.MaxPayload { // a machine may tell as much as it likes
		r.announced += m.Body + "\n"
	}
	return nil
}

// end tells people about failures and recoveries of a run whose execution has
// ended, and keeps its report. failures are those of work that no state awaited.
// Executions that ran no stage are no runs.
func (f *frames) end(ctx context.Context, x workflow.Execution, failures []string) {
	f.mu.Lock()
	_, ok := f.open[x.Name]
	f.mu.Unlock()
	if !ok && f.home.History.unfinished(x.Name).RunID == "" {
		return
	}
	r := f.frame(x.Name) // also of a run whose stages an earlier process did, all of them
	f.mu.Lock()
	delete(f.open, x.Name)
	f.mu.Unlock()
	// A stage may still be at work that nobody waits for: the execution was
	// stopped, or another branch failed.
	r.stop()
	r.working.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.report.Stages) == 0 {
		return
	}
	report := r.report
	report.DurationMS = f.home.Now().Sub(report.StartedAt).Milliseconds()
	report.Conclude()
	if x.Status != asl.Succeeded {
		report.Error = executionProblem(x.Error, x.Cause)
		if report.Status == lake.StatusRunSucceeded {
			report.Status = lake.StatusRunPartial // what it did was well, but it did not do all
		}
	}
	if len(failures) > 0 && report.Error == nil {
		report.Error = &lake.Problem{
			Code: lake.WorkflowFailed, Message: strings.Join(failures, "\n"), Hint: "see it: wplake logs " + x.Name,
		}
		report.Status = lake.StatusRunPartial
	}
	previous, err := f.home.History.States()
	if err == nil {
		err = errors.Join(slices.Collect(maps.Values(r.unsent))...)
		err = errors.Join(err, f.home.alert(ctx, report, previous, r.announced), f.background(ctx, x.Name, failures))
	}
	err = errors.Join(err, f.home.History.Save(report))
	if err != nil {
		f.home.Log.Error("the end of a run could not be told or kept", "run", x.Name, "error", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held == x.Name {
		f.done[x.Name] = doneRun{report, err}
	}
}

// background tells people of failures that no state was there to hear of.
func (f *frames) background(ctx context.Context, run string, failures []string) error {
	if len(failures) == 0 {
		return nil
	}
	return f.home.Notifier.Publish(ctx, notify.Message{
		Topic: lake.FailureTopic, Subject: "Run " + run + ": work failed that nobody awaited",
		Body: strings.Join(failures, "\n") + "\n\nSee it: wplake logs " + run + "\n",
	})
}

// covered reports whether whoever is told of a topic has been told by the
// failure topic already.
func (h *Home) covered(topic string) bool {
	told := h.Config.Alerts.Topics[lake.FailureTopic]
	for _, channel := range h.Config.Alerts.Topics[topic] {
		if !slices.Contains(told, channel) {
			return false
		}
	}
	return true
}

// isFailure tells an alert about failures from one about a recovery.
func isFailure(m notify.Message) bool { return !strings.HasSuffix(m.Subject, ": Recovered") }

// interrupted is the error of executions that ended because their process did.
const interrupted = "Interrupted"

// executionProblem words the error of an execution for its run's report.
func executionProblem(name, cause *string) *lake.Problem {
	if name == nil && cause == nil {
		return nil
	}
	var parts []string
	for _, s := range []*string{name, cause} {
		if s != nil && *s != "" {
			parts = append(parts, *s)
		}
	}
	code := lake.WorkflowFailed
	if name != nil && *name == interrupted {
		code = lake.Interrupted
	}
	return &lake.Problem{Code: code, Message: fmt.Sprintf("the execution failed: %s", strings.Join(parts, ": "))}
}
