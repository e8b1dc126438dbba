package workflow

import (
	"time"

	"wplake/internal/asl"
)

// MapRun is the run of a distributed Map, as DescribeMapRun tells it.
type MapRun struct {
	ARN       string
	Execution string // ARN of the execution whose Map it is
	State     string
	Status    asl.Status
	Started   time.Time
	Stopped   time.Time // zero while it runs
	// MaxConcurrency is 0 for no limit of the machine's own.
	MaxConcurrency             int64
	ToleratedFailureCount      int64
	ToleratedFailurePercentage float64
	Items, Children            Counts
	Redrives                   int
	Redriven                   time.Time
}

// Counts tells how many items, or executions, of a MapRun stand how.
type Counts struct {
	Pending, Running, Succeeded, Failed, TimedOut, Aborted, Total, ResultsWritten int64
}

// MapRunUpdate changes the limits of a run; nil leaves one as it is.
type MapRunUpdate struct {
	MaxConcurrency             *int64
	ToleratedFailureCount      *int64
	ToleratedFailurePercentage *float64
}
