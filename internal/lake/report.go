package lake

import "time"

// Status is the outcome of an object, a stage or a run.
type Status string

// Outcomes. A run or a stage is Partial when some of its objects failed and
// some did not; an object is Skipped when nothing had to be done for it.
const (
	StatusSucceeded    Status = "succeeded"
	StatusFailed       Status = "failed"
	StatusSkipped      Status = "skipped"
	StatusRunSucceeded Status = "SUCCEEDED"
	StatusRunPartial   Status = "PARTIAL"
	StatusRunFailed    Status = "FAILED"
)

// RunReport is what a run did. It is what `wplake run --json` prints.
type RunReport struct {
	RunID      string        `json:"run_id"`
	Status     Status        `json:"status"`
	StartedAt  time.Time     `json:"started_at"`
	DurationMS int64         `json:"duration_ms"`
	Stages     []StageReport `json:"stages"`
	Error      *Problem      `json:"error,omitempty"` // the execution as a whole did not succeed
}

// StageReport is what a stage did.
type StageReport struct {
	Stage      string         `json:"stage"` // raw, bronze, crawl-bronze, silver, crawl-silver
	Succeeded  int            `json:"succeeded"`
	Failed     int            `json:"failed"`
	DurationMS int64          `json:"duration_ms"`
	Objects    []ObjectReport `json:"objects"`
	Error      *Problem       `json:"error,omitempty"` // the stage as a whole could not run
}

// ObjectReport is what a stage did with one object.
type ObjectReport struct {
	Object     string   `json:"object"`
	Status     Status   `json:"status"`
	Rows       int64    `json:"rows"`
	Rejected   int64    `json:"rejected"`
	Columns    int      `json:"columns"`
	Bytes      int64    `json:"bytes"`
	URI        string   `json:"uri,omitempty"`
	DurationMS int64    `json:"duration_ms"`
	Unchanged  bool     `json:"unchanged,omitempty"` // why it was skipped
	Warnings   []string `json:"warnings"`
	Error      *Problem `json:"error,omitempty"`
}

// Problem is an Error as a report carries it.
type Problem struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// ProblemOf turns err into a Problem; otherwise is the code of an error that
// carries none.
func ProblemOf(err error, otherwise Code) *Problem {
	e := AsError(err, otherwise)
	return &Problem{Code: e.Code, Message: e.Error(), Hint: e.Hint}
}

// Count fills in Succeeded and Failed from the objects. A skipped object is
// one that was well already, so it counts as succeeded; a stage that could not
// run at all counts as one failure.
func (s *StageReport) Count() {
	s.Succeeded, s.Failed = 0, 0
	for _, o := range s.Objects {
		if o.Status == StatusFailed {
			s.Failed++
		} else {
			s.Succeeded++
		}
	}
	if s.Error != nil {
		s.Failed++
	}
}

// Unchanged counts the objects that were skipped because nothing changed.
func (s *StageReport) Unchanged() int {
	n := 0
	for _, o := range s.Objects {
		if o.Unchanged {
			n++
		}
	}
	return n
}

// Conclude fills in the run's Status from its stages.
func (r *RunReport) Conclude() {
	succeeded, failed := 0, 0
	for _, s := range r.Stages {
		succeeded += s.Succeeded
		failed += s.Failed
	}
	switch {
	case failed == 0:
		r.Status = StatusRunSucceeded
	case succeeded == 0:
		r.Status = StatusRunFailed
	default:
		r.Status = StatusRunPartial
	}
}
