package scheduler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wplake/internal/asl"
	"wplake/internal/config"
	"wplake/internal/lake"
	"wplake/internal/schedule/scheduler"
)

// A bubble's clock begins at 2000-01-01T00:00:00Z, a Saturday.

func TestRunsWhenItIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = 10 * time.Minute
		s := w.scheduler(t, map[string]config.Schedule{
			"daily": daily(nil),
			"often": daily(func(s *config.Schedule) { s.Expression = "rate(12 hours)" }),
			"off":   daily(func(s *config.Schedule) { s.State = config.ScheduleDisabled }),
			"once":  daily(func(s *config.Schedule) { s.Expression = "at(2000-01-02T03:04:05)" }),
		})
		run(t, s, 50*time.Hour)
		expect(t, "started", w.due(), "01T00:00:00 01T07:00:00 01T12:00:00 02T00:00:00 02T03:04:05 02T07:00:00 02T12:00:00 03T00:00:00")
		if w.started[1].Name != "20000101T070000-daily" {
			t.Error(w.started[1].Name)
		}
		list, err := s.List(t.Context())
		if err != nil || len(list) != 4 {
			t.Fatal(err, list)
		}
		if l := list[0]; l.Name != "daily" || l.Last.Status != "SUCCEEDED" || !l.LastSuccess.Equal(l.Last.Ended) || l.Next.UTC().Day() != 3 || l.Next.UTC().Hour() != 7 {
			t.Error(text(l))
		}
		if l := list[3]; !l.Next.IsZero() || l.Last.Name != "20000102T030405-once" {
			t.Error(text(l))
		}
		if l := list[1]; l.State != "DISABLED" || !l.Next.IsZero() || l.Last != nil {
			t.Error(text(l))
		}
	})
}

func TestMissedRuns(t *testing.T) {
	t.Parallel()
	const off = 3*24*time.Hour + 8*time.Hour // from the 1st, 08:00, to the 4th, 16:00
	for _, c := range []struct {
		name     string
		change   func(s *config.Schedule)
		due      string
		subjects string
	}{
		{"once", nil, "01T07:00:00 04T07:00:00 05T07:00:00", ""},
		{"skip", func(s *config.Schedule) { s.Missed = config.MissedSkip }, "01T07:00:00 05T07:00:00", ""},
		{"all, as far as they are worth it", func(s *config.Schedule) { s.Missed = config.MissedAll },
			"01T07:00:00 04T07:00:00 05T07:00:00", "schedule daily: missed runs dropped"},
		{"all", func(s *config.Schedule) { s.Missed, s.Expression = config.MissedAll, "cron(0 7/8 * * ? *)" },
			"01T07:00:00 03T23:00:00 04T07:00:00 04T15:00:00 04T23:00:00 05T07:00:00", "schedule daily: missed runs dropped"},
		{"too long ago", func(s *config.Schedule) { s.MaximumAge = config.Duration(time.Hour) },
			"01T07:00:00 05T07:00:00", "schedule daily: missed runs dropped"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.takes = 5 * time.Minute
				schedules := one(daily(c.change))
				run(t, w.scheduler(t, schedules), 8*time.Hour)
				time.Sleep(off)
				run(t, w.scheduler(t, schedules), 16*time.Hour)
				expect(t, "started", w.due(), c.due)
				expect(t, "told", w.subjects(), c.subjects)
			})
		})
	}
}

// Those that are made up for run one after the other, whatever the policy for
// overlaps, and what comes due meanwhile joins them.
func TestCatchUpIsSerial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = 50 * time.Minute
		schedules := one(daily(func(s *config.Schedule) {
			s.Expression, s.Missed, s.Overlap = "cron(0 * * * ? *)", config.MissedAll, config.OverlapAllow
		}))
		run(t, w.scheduler(t, schedules), 10*time.Minute)
		time.Sleep(5 * time.Hour)
		run(t, w.scheduler(t, schedules), 24*time.Hour)
		for i := 1; i < len(w.started); i++ {
			a, b := w.started[i-1], w.started[i]
			if d := b.Due.Sub(a.Due); d != time.Hour {
				t.Errorf("%s after %s", b.Due, a.Due)
			}
			before, this := w.ended["arn:"+a.Name], w.ended["arn:"+b.Name]
			if late := this.Started.Sub(b.Due) > time.Minute; late && this.Started.Before(before.Started.Add(w.takes)) {
				t.Errorf("%s began while %s ran", b.Name, a.Name)
			}
		}
		if len(w.started) != 29 {
			t.Error(len(w.started))
		}
	})
}

func TestOverlap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		overlap config.Overlap
		due     string
		skipped int64
		waiting int
	}{
		{config.OverlapSkip, "01T01:00:00 01T04:00:00", 2, 0},
		{config.OverlapQueue, "01T01:00:00 01T02:00:00", 0, 2},
		{config.OverlapAllow, "01T01:00:00 01T02:00:00 01T03:00:00 01T04:00:00", 0, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.takes = 150 * time.Minute
			s := w.scheduler(t, one(daily(func(s *config.Schedule) { s.Expression, s.Overlap = "cron(0 * * * ? *)", c.overlap })))
			run(t, s, 4*time.Hour+10*time.Minute)
			expect(t, string(c.overlap), w.due(), c.due)
			list, err := s.List(t.Context())
			if err != nil || list[0].Skipped != c.skipped || len(list[0].Waiting) != c.waiting {
				t.Errorf("%s: %v %+v", c.overlap, err, list[0])
			}
			if c.overlap != config.OverlapQueue {
				return
			}
			// The next begins within a second or so of the end.
			run(t, s, 5*time.Hour)
			first, second := w.ended["arn:"+w.started[0].Name], w.ended["arn:"+w.started[1].Name]
			if gap := second.Started.Sub(first.Started.Add(w.takes)); gap < 0 || gap > 2*time.Second {
				t.Errorf("it waited for %s", gap)
			}
		})
	}
}

// A run that waits for long is bounded in number and age.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.scheduler(t, one(daily(func(s *config.Schedule) { s.Expression, s.Overlap = "rate(1 minute)", config.OverlapQueue })))
		run(t, s, 3*time.Hour)
		list, err := s.List(t.Context())
		if err != nil || len(list[0].Waiting) != 100 || list[0].Dropped < 70 {
			t.Errorf("%v %d %d", err, len(list[0].Waiting), list[0].Dropped)
		}
		if int64(len(w.messages)) != list[0].Dropped {
			t.Errorf("%d messages for %d runs", len(w.messages), list[0].Dropped)
		}
		w.takes = time.Second
		w.end(asl.Succeeded)
		run(t, s, 25*time.Hour)
		if list, err = s.List(t.Context()); err != nil || len(list[0].Waiting) > 1 {
			t.Errorf("%v %+v", err, list)
		}
	})
}

func TestFlexibleWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = time.Minute
		schedules := one(daily(func(s *config.Schedule) {
			s.Expression, s.FlexibleWindow = "rate(1 hour)", config.Duration(40*time.Minute)
			s.MaximumAge = config.Duration(time.Minute) // counts from the end of the window
		}))
		// Restarted every ten minutes, it starts each once, at a time of its own.
		for range 48 * 6 {
			run(t, w.scheduler(t, schedules), 10*time.Minute)
		}
		offsets := map[time.Duration]bool{}
		var sum time.Duration
		for i, r := range w.started {
			offset := w.ended["arn:"+r.Name].Started.Sub(r.Due)
			if offset < 0 || offset > 40*time.Minute {
				t.Errorf("%s began %s after it was due", r.Name, offset)
			}
			if i > 0 && r.Due.Sub(w.started[i-1].Due) != time.Hour {
				t.Errorf("%s after %s", r.Name, w.started[i-1].Name)
			}
			offsets[offset.Truncate(time.Minute)] = true
			sum += offset
		}
		mean := sum / time.Duration(len(w.started))
		if len(w.started) < 47 || len(offsets) < 15 || mean < 12*time.Minute || mean > 28*time.Minute {
			t.Errorf("%d runs, %d minutes, on average after %s", len(w.started), len(offsets), mean)
		}
	})
}

func TestRetriesAndDeadLetter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		err    error
		change func(s *config.Schedule)
		calls  int
	}{
		{"retries", errors.New("no disk"), nil, 4},
		{"none", errors.New("no disk"), func(s *config.Schedule) { s.Retries = -1 }, 1},
		{"no use", &lake.Error{Code: lake.WorkflowInvalid, Message: "no such state"}, nil, 1},
		{"too old", errors.New("no disk"), func(s *config.Schedule) { s.Retries, s.MaximumAge = 185, config.Duration(time.Hour) }, 10},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld()
			w.refuse = c.err
			s := w.scheduler(t, one(daily(c.change)))
			run(t, s, 23*time.Hour)
			if w.calls != c.calls || w.subjects() != "schedule daily: not started" || w.messages[0].Topic != "failure-stepfunction" {
				t.Errorf("%s: %d calls, %s", c.name, w.calls, w.subjects())
			}
			why := c.err.Error()
			if c.name == "too old" {
				why = "more than 1h"
			}
			if body := w.messages[0].Body; !strings.Contains(body, why) || !strings.Contains(body, "20000101T070000-daily") {
				t.Errorf("%s: %s", c.name, body)
			}
			// The next day it is well again.
			w.refuse = nil
			run(t, s, 9*time.Hour)
			expect(t, c.name, w.due(), "02T07:00:00")
		})
	}
}

func TestInput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.scheduler(t, map[string]config.Schedule{
			"a": daily(func(s *config.Schedule) {
				s.Input = `{"t":"<aws.scheduler.scheduled-time>","arn":"<aws.scheduler.schedule-arn>","n":"<aws.scheduler.attempt-number>","id":"<aws.scheduler.execution-id>"}`
			}),
			"b": daily(nil),
		})
		run(t, s, 8*time.Hour)
		var a struct{ T, Arn, N, ID string }
		if err := json.Unmarshal(w.started[0].Input, &a); err != nil || len(a.ID) != 16 {
			t.Error(err, a)
		}
		expect(t, "filled in", a.T+" "+a.Arn+" "+a.N, "2000-01-01T07:00:00Z arn:aws:scheduler:eu-west-1:000000000000:schedule/default/a 1")
		var b map[string]any
		if err := json.Unmarshal(w.started[1].Input, &b); err != nil || b["detail-type"] != "Scheduled Event" || b["source"] != "aws.scheduler" || b["time"] != "2000-01-01T07:00:00Z" {
			t.Error(err, b)
		}
	})
}

func TestAlertAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.scheduler(t, one(daily(func(s *config.Schedule) { s.AlertAfter = config.Duration(26 * time.Hour) })))
		run(t, s, 8*time.Hour)
		w.end(asl.Failed)
		run(t, s, 16*time.Hour)
		expect(t, "a day is not too long", w.subjects(), "")
		run(t, s, 24*time.Hour) // the 2nd
		expect(t, "told once", w.subjects(), "schedule daily: no run has succeeded")
		if body := w.messages[0].Body; !strings.Contains(body, "since 2000-01-01 00:00:00 UTC") || !strings.Contains(body, "20000101T070000-daily, is FAILED: Boom: it broke") {
			t.Error(body)
		}
		w.end(asl.Failed)
		run(t, s, 32*time.Hour) // the 4th, 08:00
		expect(t, "still once", w.subjects(), "schedule daily: no run has succeeded")
		w.end(asl.Succeeded)
		run(t, s, 2*time.Hour)
		expect(t, "and when it is well", w.subjects(), "schedule daily: no run has succeeded|schedule daily: Recovered")
		run(t, s, 50*time.Hour)
		if got := w.subjects(); strings.Count(got, "no run has succeeded") != 2 {
			t.Error(got)
		}
	})
}

// A machine that slept, and a clock that is set.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = time.Minute
		var shift time.Duration
		w.now = func() time.Time { return time.Now().Add(shift) }
		s := w.scheduler(t, one(daily(nil)))
		run(t, s, 2*time.Hour)
		shift = 8 * time.Hour // asleep from 02:00 to 10:00
		run(t, s, time.Hour)
		expect(t, "after a sleep", w.due(), "01T07:00:00")
		shift = 30 * 24 * time.Hour // a wrong clock
		run(t, s, 10*time.Hour)
		shift = 8 * time.Hour // and put right: the 1st, 21:00
		run(t, s, 36*time.Hour)
		expect(t, "after a wrong clock", w.due(), "01T07:00:00 30T07:00:00 31T07:00:00 02T07:00:00 03T07:00:00")
		shift -= 30 * time.Minute // back a little, over a due time
		run(t, s, 24*time.Hour)
		expect(t, "after a small step", w.due(), "01T07:00:00 30T07:00:00 31T07:00:00 02T07:00:00 03T07:00:00 04T07:00:00")
	})
}

func TestChangedAndDisabled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = time.Minute
		run(t, w.scheduler(t, one(daily(nil))), 8*time.Hour)
		off := daily(func(s *config.Schedule) { s.State = config.ScheduleDisabled })
		run(t, w.scheduler(t, one(off)), 24*time.Hour)
		run(t, w.scheduler(t, one(daily(nil))), 24*time.Hour) // the 3rd, 08:00
		expect(t, "what comes due while disabled is none", w.due(), "01T07:00:00 03T07:00:00")
		time.Sleep(4 * time.Hour)
		moved := daily(func(s *config.Schedule) { s.Expression = "cron(0 9 * * ? *)" })
		run(t, w.scheduler(t, one(moved)), 24*time.Hour)
		expect(t, "a changed one holds from now on", w.due(), "01T07:00:00 03T07:00:00 04T09:00:00")
	})
}

func TestRunDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = 10 * time.Minute
		schedules := map[string]config.Schedule{"daily": daily(nil), "rare": daily(func(s *config.Schedule) { s.Missed = config.MissedSkip })}
		call := func() []scheduler.Outcome {
			t.Helper()
			outcomes, kept, err := w.scheduler(t, schedules).RunDue(t.Context())
			if err != nil || kept {
				t.Fatal(err, kept)
			}
			return outcomes
		}
		if got := call(); len(got) != 0 {
			t.Errorf("at first nothing is due: %v", got)
		}
		time.Sleep(7*time.Hour + 20*time.Minute)
		got := call()
		if len(got) != 2 || got[0].Status != "SUCCEEDED" || got[0].Name != "20000101T070000-daily" || got[0].Failed() || time.Since(got[1].Ended) > 2*time.Second {
			t.Errorf("what was due less than an hour ago: %+v", got)
		}
		if got := call(); len(got) != 0 {
			t.Errorf("and not again: %v", got)
		}
		time.Sleep(26 * time.Hour) // the 2nd, 09:30
		if got = call(); len(got) != 1 || got[0].Schedule != "daily" {
			t.Errorf("what was missed: %+v", got)
		}
		w.refuse = &lake.Error{Code: lake.ConfigInvalid, Message: "no"}
		time.Sleep(22 * time.Hour)
		if got = call(); len(got) != 2 || got[0].Status != scheduler.Dropped || !got[0].Failed() {
			t.Errorf("what cannot be started: %+v", got)
		}
	})
}

// What comes due while it waits is left to the next call: it ends.
func TestRunDueEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = 10 * time.Minute
		s := w.scheduler(t, one(daily(func(s *config.Schedule) { s.Expression, s.Missed = "rate(1 minute)", config.MissedAll })))
		outcomes, _, err := s.RunDue(t.Context())
		if err != nil || len(outcomes) != 1 || time.Since(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) > 11*time.Minute {
			t.Error(err, outcomes, time.Now())
		}
	})
}

func TestOneKeeper(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.takes = time.Minute
		s := w.scheduler(t, one(daily(nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()
		other := w.scheduler(t, one(daily(nil)))
		if err := other.Run(t.Context()); !lake.HasCode(err, lake.Locked) || !strings.Contains(err.Error(), "kept by wplake serve (process 7 on here)") {
			t.Error(err)
		}
		if outcomes, kept, err := other.RunDue(t.Context()); err != nil || !kept || len(outcomes) > 0 {
			t.Error(outcomes, kept, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, kept, err := other.RunDue(t.Context()); err != nil || kept {
			t.Error(kept, err)
		}
	})
}

// Killed before or after any effect and restarted, every run takes place once,
// and every message is sent, once unless the kill fell between.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	schedules := map[string]config.Schedule{
		"a": daily(func(s *config.Schedule) { s.Expression, s.Overlap = "rate(1 hour)", config.OverlapQueue }),
		"b": daily(func(s *config.Schedule) {
			s.Expression, s.Missed, s.Overlap = "cron(0/30 * * * ? *)", config.MissedAll, config.OverlapQueue
			s.FlexibleWindow = config.Duration(10 * time.Minute)
		}),
		"c": daily(func(s *config.Schedule) {
			s.Expression, s.AlertAfter = "cron(0 2 * * ? *)", config.Duration(90*time.Minute)
		}),
	}
	undisturbed, effects := "", 0
	for kill := 0; kill <= effects; kill++ {
		for _, after := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.takes = 7 * time.Minute
				run(t, w.scheduler(t, schedules), time.Minute) // the schedules are known from now on
				w.kill, w.after = kill, after
				if kill == 0 {
					w.kill = 1 << 30
				}
				run(t, w.scheduler(t, schedules), 2*time.Hour+15*time.Minute)
				if kill == 0 {
					effects = 1<<30 - w.kill
				}
				w.dead, w.kill = false, -1
				run(t, w.scheduler(t, schedules), 3*time.Hour)
				got := map[string]int{}
				for _, r := range w.started {
					got[r.Name]++
				}
				names := fmt.Sprint(got)
				if kill == 0 {
					undisturbed = names
				}
				// Dead for hours, the hourly one makes up for what it missed
				// with one run; all others are to be there.
				for name, n := range got {
					if n != 1 {
						t.Errorf("killed at %d: %s was started %d times", kill, name, n)
					}
				}
				for hour := range 5 {
					for _, minute := range []int{0, 30} {
						name := time.Date(2000, 1, 1, hour, minute, 0, 0, time.UTC).Format("20060102T150405") + "-b"
						if hour+minute > 0 && got[name] != 1 {
							t.Errorf("killed at %d (after: %v): %s is missing\n%s", kill, after, name, names)
						}
					}
				}
				if told := strings.Count(w.subjects(), "c: no run has succeeded"); told != 2 && (told != 3 || kill == 0) {
					t.Errorf("killed at %d: told %d times", kill, told)
				}
			})
		}
	}
	if effects < 40 || undisturbed == "" {
		t.Errorf("%d effects", effects)
	}
}
