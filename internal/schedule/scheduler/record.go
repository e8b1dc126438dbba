package scheduler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wplake/internal/lake"
	"wplake/internal/workflow"
)

// kind is that of the scheduler's documents; their keys are names of schedules.
const kind = "schedule"

// Bounds of what one schedule keeps.
const (
	maxQueue  = 100
	maxActive = 100
)

// record is the state of one schedule.
type record struct {
	// Plan is what due times follow from; when it changes, they begin anew.
	Plan string `json:"plan"`
	// Since is when the plan was first seen: a rate begins then.
	Since time.Time `json:"since"`
	// Handled is the last due time that has been dealt with.
	Handled time.Time `json:"handled"`
	// Until tells, when it is later than Handled, that what is due in between
	// is made up for, one after the other.
	Until    time.Time `json:"until,omitzero"`
	Disabled bool      `json:"disabled,omitempty"`
	Queue    []entry   `json:"queue,omitempty"`
	Active   []active  `json:"active,omitempty"`
	Last     *Outcome  `json:"last,omitempty"`
	// Success is when the last run that succeeded ended; Watched from when on
	// its absence counts; Alerted when people were told of that.
	Success time.Time `json:"success,omitzero"`
	Watched time.Time `json:"watched,omitzero"`
	Alerted time.Time `json:"alerted,omitzero"`
	// Letters are messages that have not been sent.
	Letters []letter `json:"letters,omitempty"`
	// How many due times became no run of their own.
	Skipped int64 `json:"skipped,omitempty"` // the one before had not ended, or the policy says so
	Missed  int64 `json:"missed,omitempty"`  // another run made up for them
	Dropped int64 `json:"dropped,omitempty"` // too late, or could not be started
}

// entry is a run that waits to be started.
type entry struct {
	Name      string    `json:"name"`
	Due       time.Time `json:"due"`
	NotBefore time.Time `json:"not_before"`
	Attempts  int       `json:"attempts,omitempty"`
}

// active is a run that was started and is not known to have ended.
type active struct {
	Name string    `json:"name"`
	ARN  string    `json:"arn"`
	Due  time.Time `json:"due"`
}

// letter is a message for a topic.
type letter struct {
	Topic   string `json:"topic"`
	Subject string `json:"subject"`
	Body    string `json:"body"`
}

// catchingUp tells whether runs are made up for one after the other.
func (r *record) catchingUp() bool { return r.Until.After(r.Handled) }

// fingerprint is what due times follow from.
func (p planned) fingerprint() string {
	return fmt.Sprintf("%s|%s|%s", p.Expression, p.Timezone, p.Start)
}

// load returns a schedule's record and its revision; a nil record when there
// is none yet.
func (s *Scheduler) load(ctx context.Context, name string) (*record, int64, error) {
	d, err := s.o.Documents.Document(ctx, kind, name)
	if errors.Is(err, workflow.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	var r record
	if err := json.Unmarshal(d.Body, &r); err != nil {
		return nil, 0, &lake.Error{Code: lake.StateDamaged, Message: fmt.Sprintf("the state of the schedule %s cannot be read", name), Err: err}
	}
	return &r, d.Revision, nil
}

// kept is a record with what writing it needs.
type kept struct {
	*record
	s        *Scheduler
	name     string
	revision int64
	written  string // as it is in the store
}

// open loads a record, or begins one.
func (s *Scheduler) open(ctx context.Context, p planned, now time.Time) (*kept, error) {
	r, revision, err := s.load(ctx, p.name)
	if err != nil {
		return nil, err
	}
	k := &kept{record: r, s: s, name: p.name, revision: revision}
	if r != nil {
		if k.written, err = r.text(); err != nil {
			return nil, err
		}
	}
	switch {
	case r == nil:
		k.record = &record{Watched: now}
		k.begin(p, now)
	case r.Plan != p.fingerprint():
		s.o.Log.Info("the schedule has changed: it holds from now on", "schedule", p.name, "before", r.Plan, "now", p.fingerprint())
		k.begin(p, now)
	}
	return k, nil
}

// begin lets a plan hold from now on. A rate comes true at once.
func (k *kept) begin(p planned, now time.Time) {
	k.Plan, k.Since, k.Handled, k.Until = p.fingerprint(), now.Truncate(time.Second), now, time.Time{}
	if p.plan.Expression.Every() > 0 {
		k.Handled = k.Since.Add(-time.Second)
		if !p.plan.Start.IsZero() {
			k.Handled = now
		}
	}
}

func (r *record) text() (string, error) {
	text, err := json.Marshal(r)
	return string(text), err
}

// save writes the record if it has changed. When somebody else has changed it
// meanwhile, the error is workflow.ErrConflict.
func (k *kept) save(ctx context.Context) error {
	text, err := k.text()
	if err != nil || text == k.written {
		return err
	}
	d := workflow.Document{Kind: kind, Key: k.name, Revision: k.revision + 1, Body: []byte(text)}
	if err := k.s.o.Documents.PutDocument(ctx, d, k.revision); err != nil {
		return err
	}
	k.revision, k.written = d.Revision, text
	return nil
}
