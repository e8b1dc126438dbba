package scheduler

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/notify"
)

// start starts what waits and may begin.
func (s *Scheduler) start(ctx context.Context, k *kept, p planned, l *look) error {
	for i := 0; i < len(k.Queue) && ctx.Err() == nil; {
		e := k.Queue[i]
		if e.NotBefore.After(l.now) {
			i++
			continue
		}
		if len(k.Active) > 0 && p.Overlap == config.OverlapQueue {
			break
		}
		var out Outcome
		switch {
		case l.now.Sub(e.Due) > time.Duration(p.MaximumAge+p.FlexibleWindow):
			out = s.giveUp(k.record, p, e, fmt.Sprintf("it was due more than %s ago (maximum_age)", p.MaximumAge))
		case len(k.Active) > 0 && p.Overlap == config.OverlapSkip:
			out = s.leaveOut(k.record, p, e, "the run "+k.Active[0].Name+" has not ended")
		case len(k.Active) >= maxActive:
			out = s.giveUp(k.record, p, e, fmt.Sprintf("%d runs of the schedule have not ended", maxActive))
		default:
			waits, err := s.attempt(ctx, k, p, l, i)
			if err != nil {
				return err
			}
			if waits {
				i++
			}
			continue
		}
		k.Queue = slices.Delete(k.Queue, i, i+1)
		if err := k.save(ctx); err != nil {
			return err
		}
		l.outcomes = append(l.outcomes, out)
	}
	return nil
}

// attempt tries to start the i-th run that waits, and tells whether it waits
// on. That it is tried is written before.
func (s *Scheduler) attempt(ctx context.Context, k *kept, p planned, l *look, i int) (waits bool, err error) {
	k.Queue[i].Attempts++
	if err := k.save(ctx); err != nil {
		return false, err
	}
	e := k.Queue[i]
	arn, failure := s.o.Starter.Start(ctx, Request{Schedule: p.name, Name: e.Name, Due: e.Due, Input: s.input(p, e)})
	switch {
	case failure != nil && ctx.Err() != nil:
		return true, ctx.Err() // it waits for the next process
	case failure == nil:
		s.o.Log.Info("started "+e.Name, "schedule", p.name, "due", e.Due, "attempt", e.Attempts)
		k.Active = append(k.Active, active{Name: e.Name, ARN: arn, Due: e.Due})
	case final(failure) || e.Attempts > max(p.Retries, 0):
		l.outcomes = append(l.outcomes, s.giveUp(k.record, p, e, failureText(failure, e.Attempts)))
	default:
		k.Queue[i].NotBefore = l.now.Add(backoff(e.Attempts))
		s.o.Log.Warn("could not be started, will be tried again: "+failure.Error(), "schedule", p.name, "execution", e.Name, "attempt", e.Attempts, "next", k.Queue[i].NotBefore)
		return true, k.save(ctx)
	}
	k.Queue = slices.Delete(k.Queue, i, i+1)
	return false, k.save(context.WithoutCancel(ctx))
}

// final tells whether trying again is no use.
func final(err error) bool {
	return lake.HasCode(err, lake.ConfigInvalid) || lake.HasCode(err, lake.WorkflowInvalid)
}

func failureText(err error, attempts int) string {
	e := lake.AsError(err, lake.Internal)
	text := fmt.Sprintf("%s (%s; attempts: %d)", err.Error(), e.Code, attempts)
	if e.Hint != "" {
		text += "\n  what to do: " + e.Hint
	}
	return text
}

// backoff is how long to wait after an attempt, counted from 1.
func backoff(attempt int) time.Duration {
	const first, most = 10 * time.Second, 15 * time.Minute
	return min(first<<min(attempt-1, 10), most)
}

// leaveOut tells that a run is left out, as the schedule says.
func (s *Scheduler) leaveOut(r *record, p planned, e entry, why string) Outcome {
	r.Skipped++
	s.o.Log.Warn("a run is left out: "+why, "schedule", p.name, "due", e.Due)
	return Outcome{Schedule: p.name, Name: e.Name, Due: e.Due, Status: Skipped, Error: why}
}

// giveUp tells people that a run could not be started.
func (s *Scheduler) giveUp(r *record, p planned, e entry, why string) Outcome {
	r.Dropped++
	s.o.Log.Error("a run was not started: "+why, "schedule", p.name, "execution", e.Name)
	s.write(r, p.DeadLetter, "schedule "+p.name+": not started",
		fmt.Sprintf("The run %s of the schedule %s, due %s, was not started: %s\n\nIts input:\n%s\n", e.Name, p.name, s.clock(p, e.Due), why, s.input(p, e)))
	return Outcome{Schedule: p.name, Name: e.Name, Due: e.Due, Status: Dropped, Error: why}
}

// tooLate tells people of missed runs that are not made up for. The last of
// them stands for all.
func (s *Scheduler) tooLate(r *record, p planned, n int, last time.Time) []Outcome {
	if n == 0 {
		return nil
	}
	r.Dropped += int64(n)
	many := strconv.Itoa(n)
	if n >= maxCounted {
		many += " or more"
	}
	why := fmt.Sprintf("%s missed, the last due %s: too long ago to make up for (maximum_age %s)", many, s.clock(p, last), p.MaximumAge)
	s.o.Log.Error("missed runs are not made up for: "+why, "schedule", p.name)
	s.write(r, p.DeadLetter, "schedule "+p.name+": missed runs dropped",
		fmt.Sprintf("Runs of the schedule %s: %s.\nTo run it now: wplake run\n", p.name, why))
	return []Outcome{{Schedule: p.name, Name: executionName(p.name, last), Due: last, Status: Dropped, Error: why}}
}

// clock is a time as the schedule's owner reads it.
func (s *Scheduler) clock(p planned, t time.Time) string {
	return t.In(p.plan.Zone).Format("2006-01-02 15:04:05 MST")
}

// write puts a message down to be sent. Without a topic the log has said it.
func (s *Scheduler) write(r *record, topic, subject, body string) {
	if topic != "" {
		r.Letters = append(r.Letters, letter{Topic: topic, Subject: subject, Body: body})
	}
}

// post sends the messages that were put down. After a crash in between they
// are sent again. A topic's channel that is not reached is the log's to tell:
// others of the topic were, and would hear it twice.
func (s *Scheduler) post(ctx context.Context, k *kept) error {
	if len(k.Letters) == 0 {
		return nil
	}
	if err := k.save(ctx); err != nil {
		return err
	}
	for _, l := range k.Letters {
		m := notify.Message{Topic: l.Topic, Subject: l.Subject, Body: l.Body}
		if err := s.o.Notifier.Publish(context.WithoutCancel(ctx), m); err != nil {
			s.o.Log.Error("an alert was not delivered: "+err.Error(), "schedule", k.name, "topic", l.Topic, "subject", l.Subject)
		}
	}
	k.Letters = nil
	return k.save(context.WithoutCancel(ctx))
}

// watch tells people when no run has succeeded for too long, and when one has.
func (s *Scheduler) watch(r *record, p planned, now time.Time) {
	topic := p.DeadLetter
	if topic == "" {
		topic = config.FailureTopic
	}
	since := latest(r.Success, r.Watched)
	switch overdue := now.Sub(since); {
	case !r.Alerted.IsZero() && r.Success.After(r.Alerted):
		r.Alerted = time.Time{}
		s.write(r, topic, "schedule "+p.name+": Recovered", fmt.Sprintf("A run of the schedule %s has succeeded again, at %s.\n", p.name, s.clock(p, r.Success)))
	case p.AlertAfter == 0 || p.State == config.ScheduleDisabled || !r.Alerted.IsZero() || overdue <= time.Duration(p.AlertAfter):
	default:
		r.Alerted = now
		s.o.Log.Error("no run has succeeded for too long", "schedule", p.name, "since", since)
		s.write(r, topic, "schedule "+p.name+": no run has succeeded", s.overdue(r, p, since))
	}
}

func (s *Scheduler) overdue(r *record, p planned, since time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "No run of the schedule %s has succeeded since %s (alert_after %s).\n", p.name, s.clock(p, since), p.AlertAfter)
	switch {
	case len(r.Active) > 0:
		fmt.Fprintf(&b, "The run %s has not ended.\n", r.Active[0].Name)
	case r.Last == nil:
		b.WriteString("None has ended at all.\n")
	default:
		fmt.Fprintf(&b, "The last one, %s, is %s: %s\nSee it: wplake workflow show %s\n", r.Last.Name, r.Last.Status, r.Last.Error, r.Last.Name)
	}
	return b.String()
}

// scheduleARN is the schedule's name in EventBridge Scheduler.
func (s *Scheduler) scheduleARN(name string) string {
	return fmt.Sprintf("arn:aws:scheduler:%s:%s:schedule/default/%s", s.o.Region, s.o.Account, name)
}

// input is what the execution gets: the schedule's input with what EventBridge
// Scheduler fills in, or the notification that it sends without one.
func (s *Scheduler) input(p planned, e entry) json.RawMessage {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s|%d", e.Name, e.Attempts) // never fails
	id, due, arn := hex.EncodeToString(h.Sum(nil)), e.Due.UTC().Format(time.RFC3339), s.scheduleARN(p.name)
	if p.Input == "" {
		text, err := json.Marshal(map[string]any{
			"version": "0", "id": id, "detail-type": "Scheduled Event", "source": "aws.scheduler", "account": s.o.Account,
			"time": due, "region": s.o.Region, "resources": []string{arn}, "detail": "{}",
		})
		if err != nil {
			panic(err) // strings always encode
		}
		return text
	}
	return json.RawMessage(strings.NewReplacer(
		"<aws.scheduler.schedule-arn>", arn,
		"<aws.scheduler.scheduled-time>", due,
		"<aws.scheduler.execution-id>", id,
		"<aws.scheduler.attempt-number>", strconv.Itoa(e.Attempts),
	).Replace(p.Input))
}
