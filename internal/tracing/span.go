// Package tracing tells what a run did as spans of OpenTelemetry, and sends them
// to a collector by OTLP over HTTP, in its JSON form. It is a small part of what
// OpenTelemetry's own library does: spans are made when the work is done, from
// the reports that there are anyway.
//
// The protocol is specified at https://opentelemetry.io/docs/specs/otlp/.
package tracing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"sync"
	"time"

	"wplake/internal/lake"
	"wplake/internal/pipeline"
)

// Span is one piece of work.
type Span struct {
	Trace      string // 32 hexadecimal digits
	ID, Parent string // 16 hexadecimal digits; Parent may be empty
	Name       string
	Start, End time.Time
	Attributes map[string]any // texts, int64s and booleans
	Failure    string         // why it failed; empty: it did not
}

// Stage says to which run and trace a stage belongs, and when it was at work.
type Stage struct {
	Run     string
	Attempt string // tells several attempts at the stage apart; may be empty
	// Header is what X-Ray passes on, as in Root=1-67891233-abcdef…;Parent=…;Sampled=1.
	// A trace that X-Ray samples is gone on with; else the run has a trace of
	// its own, the same for all of its stages.
	Header       string
	Began, Ended time.Time
}

// Recorder notes when objects were done. Its methods may be called concurrently.
type Recorder struct {
	now func() time.Time

	mu   sync.Mutex
	done map[string]time.Time // by stage and object
}

// NewRecorder makes a recorder with a clock.
func NewRecorder(now func() time.Time) *Recorder {
	return &Recorder{now: now, done: map[string]time.Time{}}
}

// Event takes note of a sign of progress; it is what pipeline.Deps.Progress wants.
func (r *Recorder) Event(e pipeline.Event) {
	if e.Report == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done[e.Stage+"/"+e.Object] = r.now()
}

// Spans are those of a stage and its objects, the stage's first.
func (r *Recorder) Spans(s Stage, report lake.StageReport) []Span {
	trace, parent := identity(s)
	stage := Span{
		Trace: trace, ID: id(trace, s.Attempt, report.Stage), Parent: parent, Name: report.Stage, Start: s.Began, End: s.Ended,
		Attributes: map[string]any{
			"wplake.run": s.Run, "wplake.stage": report.Stage,
			"wplake.succeeded": int64(report.Succeeded), "wplake.failed": int64(report.Failed),
		},
	}
	if s.Attempt != "" {
		stage.Attributes["faas.invocation_id"] = s.Attempt
	}
	switch {
	case report.Error != nil:
		stage.fail(report.Error)
	case report.Failed > 0:
		stage.Failure = fmt.Sprintf("%d Successful | %d Failed", report.Succeeded, report.Failed)
	}
	spans := []Span{stage}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range report.Objects {
		spans = append(spans, r.object(s, stage, report.Stage, o))
	}
	return spans
}

func (r *Recorder) object(s Stage, parent Span, stage string, o lake.ObjectReport) Span {
	end, known := r.done[stage+"/"+o.Object]
	if !known {
		end = s.Ended
	}
	start := end.Add(-time.Duration(o.DurationMS) * time.Millisecond)
	if start.Before(s.Began) { // milliseconds are rounded
		start = s.Began
	}
	span := Span{
		Trace: parent.Trace, ID: id(parent.Trace, s.Attempt, stage+"/"+o.Object), Parent: parent.ID,
		Name: stage + " " + o.Object, Start: start, End: end,
		Attributes: map[string]any{
			"wplake.run": s.Run, "wplake.stage": stage, "wplake.object": o.Object, "wplake.status": string(o.Status),
			"wplake.rows": o.Rows, "wplake.rejected": o.Rejected, "wplake.bytes": o.Bytes, "wplake.unchanged": o.Unchanged,
		},
	}
	if o.Error != nil {
		span.fail(o.Error)
	}
	return span
}

func (s *Span) fail(p *lake.Problem) {
	s.Failure = p.Message
	s.Attributes["error.type"] = string(p.Code)
}

var (
	xrayRoot   = regexp.MustCompile(`(?:^|;)Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)`)
	xrayParent = regexp.MustCompile(`(?:^|;)Parent=([0-9a-f]{16})(?:;|$)`)
	xraySample = regexp.MustCompile(`(?:^|;)Sampled=1(?:;|$)`)
)

// identity is the trace of a stage, and the span above it.
func identity(s Stage) (trace, parent string) {
	root := xrayRoot.FindStringSubmatch(s.Header)
	if root == nil || !xraySample.MatchString(s.Header) {
		sum := sha256.Sum256([]byte("wplake run " + s.Run))
		return hex.EncodeToString(sum[:16]), ""
	}
	if p := xrayParent.FindStringSubmatch(s.Header); p != nil {
		parent = p[1]
	}
	return root[1] + root[2], parent
}

// id is a span's, always the same for a piece of work.
func id(trace, attempt, what string) string {
	sum := sha256.Sum256([]byte(trace + "\n" + attempt + "\n" + what))
	return hex.EncodeToString(sum[:8])
}
