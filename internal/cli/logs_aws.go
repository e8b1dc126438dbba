package cli

import (
	"context"
	"iter"
	"time"

	"wplake/internal/asl"
	"wplake/internal/home"
)

const (
	// deployedInterval is how often CloudWatch Logs is looked at for new lines:
	// a handful of groups each time, of the few calls a second that it takes.
	deployedInterval = 3 * time.Second
	// recentLog is how much of the whole deployed log is read unless told otherwise.
	recentLog = 24 * time.Hour
	// logsLate is how long after a run lines of it still come.
	logsLate = 2 * time.Minute
)

// deployedLogs is the log of the deployed lake, of the run that a person means,
// "" for all.
func (a *app) deployedLogs(ctx context.Context, h *home.Home, e executions, given string, f logFlags) (logSource, error) {
	if given == "" {
		since := f.since
		if since == 0 {
			since = recentLog
		}
		log := h.DeployedLog("", a.now().Add(-since), time.Time{})
		return logSource{lines: log.Lines(ctx), follow: func(caughtUp func() bool) iter.Seq2[home.LogLine, error] {
			return log.Follow(ctx, deployedInterval, caughtUp)
		}}, nil
	}
	x, err := findExecution(ctx, e, given)
	if err != nil {
		return logSource{}, err
	}
	var until time.Time
	if !x.Stopped.IsZero() {
		until = x.Stopped.Add(logsLate)
	}
	log := h.DeployedLog(x.Name, x.Started.Add(-logsLate), until)
	return logSource{
		run: x.Name, lines: log.Lines(ctx),
		follow: func(caughtUp func() bool) iter.Seq2[home.LogLine, error] {
			return log.Follow(ctx, deployedInterval, caughtUp)
		},
		over: func() bool {
			now, err := e.Describe(ctx, x.ARN)
			return err == nil && now.Status != asl.Running && a.now().After(now.Stopped.Add(deployedInterval))
		},
	}, nil
}
