package schedule_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"wplake/internal/schedule"
)

// chance makes an expression by chance, and what it means in words of its own:
// whether a time of day is one of its times.
func chance(r *rand.Rand) (string, func(time.Time) bool) {
	minutes, isMinute := numbers(r, 0, 59)
	hours, isHour := numbers(r, 0, 23)
	months, isMonth := numbers(r, 1, 12)
	day, week := "?", "?"
	var isDay func(time.Time) bool
	last := func(t time.Time) int { return t.AddDate(0, 1, -t.Day()).Day() }
	switch r.IntN(6) {
	case 0:
		var is func(int) bool
		day, is = numbers(r, 1, 31)
		isDay = func(t time.Time) bool { return is(t.Day()) }
	case 1:
		day, isDay = "L", func(t time.Time) bool { return t.Day() == last(t) }
	case 2:
		n := 1 + r.IntN(31)
		day = fmt.Sprintf("%dW", n)
		isDay = func(t time.Time) bool {
			if n > last(t) || t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
				return false
			}
			// No other workday of the month is nearer; of two, Friday for a
			// Saturday and Monday for a Sunday are one day away.
			best, distance := 0, 99
			for d := 1; d <= last(t); d++ {
				w := t.AddDate(0, 0, d-t.Day()).Weekday()
				if w != time.Saturday && w != time.Sunday && max(d-n, n-d) < distance {
					best, distance = d, max(d-n, n-d)
				}
			}
			return t.Day() == best
		}
	case 3:
		var is func(int) bool
		week, is = numbers(r, 1, 7)
		week = strings.ReplaceAll(week, "*/", "1-7/") // day-of-week takes no step
		if strings.Contains(week, "/") {
			week, is = "*", func(int) bool { return true }
		}
		isDay = func(t time.Time) bool { return is(int(t.Weekday()) + 1) }
	case 4:
		d := r.IntN(7)
		week = fmt.Sprintf("%dL", d+1)
		isDay = func(t time.Time) bool { return int(t.Weekday()) == d && t.AddDate(0, 0, 7).Month() != t.Month() }
	case 5:
		d, n := r.IntN(7), 1+r.IntN(5)
		week = fmt.Sprintf("%d#%d", d+1, n)
		isDay = func(t time.Time) bool { return int(t.Weekday()) == d && (t.Day()+6)/7 == n }
	}
	return fmt.Sprintf("cron(%s %s %s %s %s *)", minutes, hours, day, months, week), func(t time.Time) bool {
		return isMinute(t.Minute()) && isHour(t.Hour()) && isMonth(int(t.Month())) && isDay(t)
	}
}

// numbers makes a field of numbers.
func numbers(r *rand.Rand, low, high int) (string, func(int) bool) {
	size := high - low + 1
	a, b := low+r.IntN(size), low+r.IntN(size)
	switch r.IntN(6) {
	case 0:
		return "*", func(int) bool { return true }
	case 1:
		return fmt.Sprint(a), func(n int) bool { return n == a }
	case 2:
		return fmt.Sprintf("%d,%d", a, b), func(n int) bool { return n == a || n == b }
	case 3:
		return fmt.Sprintf("%d-%d", a, b), func(n int) bool {
			if a <= b {
				return n >= a && n <= b
			}
			return n >= a || n <= b
		}
	case 4:
		step := 1 + r.IntN(size)
		return fmt.Sprintf("%d/%d", a, step), func(n int) bool { return n >= a && (n-a)%step == 0 }
	default:
		step := 1 + r.IntN(size)
		return fmt.Sprintf("*/%d", step), func(n int) bool { return (n-low)%step == 0 }
	}
}

// Next agrees with a walk minute by minute through a year in zones whose
// clocks change, where what the clocks have shown before does not count.
func TestNextAgreesWithAWalk(t *testing.T) {
	t.Parallel()
	names := []string{"UTC", "Europe/London", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kathmandu"}
	for i := range 48 {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		text, is := chance(r)
		in := zone(t, names[i%len(names)])
		p := schedule.Plan{Expression: parse(t, text), Zone: in}
		from := time.Date(2024+r.IntN(5), 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Minute)
		want, has := p.Next(from)
		shown := ""
		for minute := from.Add(time.Minute); minute.Before(from.AddDate(1, 0, 0)); minute = minute.Add(time.Minute) {
			local := minute.In(in)
			wall := local.Format("2006-01-02 15:04")
			if wall <= shown {
				continue // a second time
			}
			shown = wall
			if !is(local) {
				continue
			}
			if !has || !want.Equal(minute) {
				t.Fatalf("%s in %s: %s comes true, Next says %s %v", text, in, local, want, has)
			}
			want, has = p.Next(minute)
		}
		if has && want.Before(from.AddDate(1, 0, 0)) {
			t.Fatalf("%s in %s: Next says %s, which does not come true", text, in, want)
		}
	}
}

// From wherever one asks, the answer is the same as when walking there, and
// later than what was asked.
func TestNextIncreases(t *testing.T) {
	t.Parallel()
	names := []string{"Europe/London", "America/New_York", "Australia/Sydney", "Pacific/Apia", "Africa/Casablanca"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		text, is := chance(r)
		p := schedule.Plan{Expression: parse(t, text), Zone: zone(t, names[r.IntN(len(names))])}
		from := time.Unix(r.Int64N(5_000_000_000), r.Int64N(1e9))
		for range 20 {
			next, ok := p.Next(from)
			if !ok {
				break
			}
			if !next.After(from) || !is(next) || next.Second() != 0 || next.Nanosecond() != 0 {
				t.Fatalf("%s after %s: %s", text, from, next)
			}
			between := from.Add(time.Duration(r.Int64N(int64(next.Sub(from)))))
			if again, ok := p.Next(between); !ok || !again.Equal(next) {
				t.Fatalf("%s after %s: %s, but after %s: %s", text, from, next, between, again)
			}
			from = next
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"rate(5 minutes)", "rate(1 day)", "at(2026-12-24T18:00:00)", "cron(0 7 * * ? *)", "cron(0/15 8-17 ? * MON-FRI 2026-2030)",
		"cron(15 10 ? * 6L 2022-2023)", "cron(0 0 LW,15W,L * ? *)", "cron(0 9 ? * 2#1 *)", "cron(0 0 30 2 ? *)", "cron(* 1 ? 3 1L)",
		"cron(0 22-5/2 25-5 NOV-FEB ? 1970/7)", "cron()", "rate(-1 days)", "at()", "cron(((((", "",
	} {
		f.Add(text, int64(1_700_000_000))
	}
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		london = time.UTC
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		e, err := schedule.Parse(text)
		if err != nil {
			if e.Kind() != "" || strings.TrimSpace(err.Error()) == "" {
				t.Fatalf("%q: %v %v", text, e, err)
			}
			return
		}
		again, err := schedule.Parse(e.String())
		if err != nil || e.String() != text || again.Kind() != e.Kind() {
			t.Fatalf("%q does not survive: %v", text, err)
		}
		from := time.Unix(unix%7_000_000_000, 0)
		p := schedule.Plan{Expression: e, Zone: london, Anchor: time.Unix(0, 0)}
		for range 3 {
			next, ok := p.Next(from)
			if !ok {
				return
			}
			if !next.After(from) || next.Year() > 2200 {
				t.Fatalf("%q after %s: %s", text, from, next)
			}
			from = next
		}
	})
}
