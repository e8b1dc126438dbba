package home

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"wplake/internal/lake"
	"wplake/internal/logs/cloudwatch"
)

// DeployedLog reads what the deployed functions and state machines logged.
type DeployedLog struct {
	reader *cloudwatch.Reader
	query  cloudwatch.Query
}

// DeployedLog returns the log of the deployed lake: of a run, "" for all, and
// between two times, zero for the oldest and the newest.
func (h *Home) DeployedLog(run string, since, until time.Time) DeployedLog {
	return DeployedLog{
		reader: cloudwatch.New(h.Cloud.Config, cloudwatch.Options{Groups: h.logGroups(), Log: h.Log}),
		query:  cloudwatch.Query{Run: run, Since: since, Until: until, Level: slog.LevelDebug},
	}
}

// Lines are the lines that there are, oldest first.
func (l DeployedLog) Lines(ctx context.Context) iter.Seq2[LogLine, error] {
	return l.reader.Lines(ctx, l.query)
}

// Follow is Lines and goes on with those that are written then; see
// cloudwatch.Reader.Follow.
func (l DeployedLog) Follow(ctx context.Context, interval time.Duration, caughtUp func() bool) iter.Seq2[LogLine, error] {
	return l.reader.Follow(ctx, l.query, interval, caughtUp)
}

// logGroups are those that a deployment makes.
func (h *Home) logGroups() []string {
	var groups []string
	for _, f := range []string{lake.FunctionRaw, lake.FunctionBronze, lake.FunctionSilver, lake.FunctionCatalog} {
		groups = append(groups, "/aws/lambda/"+lake.FunctionName(f))
	}
	const machines = "/aws/vendedlogs/states/"
	groups = append(groups, machines+h.Config.Workflow.Name)
	for _, name := range slices.Sorted(maps.Keys(h.Config.Schedules)) {
		if h.Config.Schedules[name].Definition != "" {
			groups = append(groups, machines+strings.ReplaceAll(name, ".", "_"))
		}
	}
	return groups
}
