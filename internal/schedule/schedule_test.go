package schedule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"wplake/internal/schedule"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("this machine has no time zone database: %v", err)
	}
	return z
}

func parse(t testing.TB, text string) schedule.Expression {
	t.Helper()
	e, err := schedule.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

// next lists the first times after one, in the plan's zone.
func next(p schedule.Plan, after time.Time, n int) []string {
	var all []string
	for range n {
		var ok bool
		if after, ok = p.Next(after); !ok {
			break
		}
		all = append(all, after.Format("Mon 2006-01-02 15:04:05 -0700"))
	}
	return all
}

// The examples of AWS's documentation, with what it says they mean.
func TestDocumentedExamples(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, zone, after, want string }{
		{"cron(0 10 * * ? *)", "UTC", "2026-11-24T10:00:00Z", "Wed 2026-11-25 10:00"},                                                      // 10:00 every day
		{"cron(15 12 * * ? *)", "UTC", "2026-11-24T10:00:00Z", "Tue 2026-11-24 12:15"},                                                     // 12:15 every day
		{"cron(0 18 ? * MON-FRI *)", "UTC", "2026-11-27T18:00:00Z", "Mon 2026-11-30 18:00"},                                                // Monday to Friday
		{"cron(0 8 1 * ? *)", "UTC", "2026-11-24T10:00:00Z", "Tue 2026-12-01 08:00"},                                                       // the first day of the month
		{"cron(0/15 * * * ? *)", "UTC", "2026-11-24T10:00:00Z", "Tue 2026-11-24 10:15, Tue 2026-11-24 10:30"},                              // every 15 minutes
		{"cron(0/10 * ? * MON-FRI *)", "UTC", "2026-11-27T23:50:00Z", "Mon 2026-11-30 00:00"},                                              // every 10 minutes, Monday to Friday
		{"cron(0/5 8-17 ? * MON-FRI *)", "UTC", "2026-11-27T17:50:00Z", "Fri 2026-11-27 17:55, Mon 2026-11-30 08:00"},                      // 08:00 to 17:55
		{"cron(0 9 ? * 2#1 *)", "UTC", "2026-11-24T10:00:00Z", "Mon 2026-12-07 09:00"},                                                     // the first Monday of the month
		{"cron(0/30 20-2 ? * MON-FRI *)", "UTC", "2026-11-24T23:45:00Z", "Wed 2026-11-25 00:00"},                                           // between 20:00 and 02:00
		{"cron(15 10 ? * 6L 2022-2023)", "UTC", "2022-01-01T00:00:00Z", "Fri 2022-01-28 10:15, Fri 2022-02-25 10:15"},                      // the last Friday
		{"cron(15 10 ? * 6L 2022-2023)", "UTC", "2023-12-29T10:15:00Z", ""},                                                                // until 2023
		{"cron(30 8 * * ? *)", "America/New_York", "2026-03-07T20:00:00Z", "Sun 2026-03-08 08:30"},                                         // 8:30 there, also on the day that the clocks change
		{"at(2022-11-20T13:00:00)", "America/Los_Angeles", "2022-01-01T00:00:00Z", "Sun 2022-11-20 13:00"},                                 // once
		{"at(2022-11-20T13:00:00)", "America/Los_Angeles", "2022-11-20T21:00:00Z", ""},                                                     // and never again
		{"cron(0 12 ? * 3#2 *)", "UTC", "2026-10-01T00:00:00Z", "Tue 2026-10-13 12:00"},                                                    // the second Tuesday
		{"cron(1/10 * * * ? *)", "UTC", "2026-10-01T00:00:00Z", "Thu 2026-10-01 00:01, Thu 2026-10-01 00:11"},                              // every tenth minute from the first
		{"cron(0 0 3W * ? *)", "UTC", "2026-10-01T00:00:00Z", "Fri 2026-10-02 00:00, Tue 2026-11-03 00:00"},                                // the weekday closest to the third
		{"cron(0 0 1 JAN,FEB,MAR ? *)", "UTC", "2026-10-01T00:00:00Z", "Fri 2027-01-01 00:00, Mon 2027-02-01 00:00, Mon 2027-03-01 00:00"}, // three months
		{"cron(0 0 ? * L *)", "UTC", "2026-10-01T00:00:00Z", "Sat 2026-10-03 00:00"},                                                       // the last day of the week
		{"cron(0 2 L * ? *)", "UTC", "2027-01-31T02:00:00Z", "Sun 2027-02-28 02:00, Wed 2027-03-31 02:00"},                                 // the last day of the month
		{"cron(0 7 * * ?)", "UTC", "2026-11-24T10:00:00Z", "Wed 2026-11-25 07:00"},                                                         // the year may be left out
	} {
		p := schedule.Plan{Expression: parse(t, c.text), Zone: zone(t, c.zone)}
		want := []string{}
		if c.want != "" {
			want = strings.Split(c.want, ", ")
		}
		got := next(p, at(t, c.after), max(1, len(want)))
		if len(got) != len(want) {
			t.Errorf("%s after %s: %v, want %v", c.text, c.after, got, want)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%s after %s: %v, want %v", c.text, c.after, got, want)
			}
		}
	}
}

func TestDaysOfTheMonth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"cron(0 12 LW * ? 2026)":          {"Fri 2026-01-30", "Fri 2026-02-27", "Tue 2026-03-31"},
		"cron(0 12 1W * ? 2026)":          {"Thu 2026-01-01", "Mon 2026-02-02", "Mon 2026-03-02"}, // a Sunday; never in the month before
		"cron(0 12 1W 8 ? 2026)":          {"Mon 2026-08-03"},                                     // a Saturday
		"cron(0 12 31W 1,4,5 ? 2026)":     {"Fri 2026-01-30", "Fri 2026-05-29"},                   // April has no 31st; the Sunday in May does not leave it
		"cron(0 12 15W,L 8 ? 2026)":       {"Fri 2026-08-14", "Mon 2026-08-31"},
		"cron(0 12 29 2 ? *)":             {"Tue 2028-02-29", "Sun 2032-02-29"},
		"cron(0 12 30-2 1,2 ? 2026)":      {"Thu 2026-01-01", "Fri 2026-01-02", "Fri 2026-01-30", "Sat 2026-01-31", "Sun 2026-02-01", "Mon 2026-02-02"},
		"cron(0 12 ? 1 1#5 *)":            {"Sun 2027-01-31"}, // a fifth Sunday
		"cron(0 12 ? 12 SAT-SUN 2026)":    {"Sat 2026-12-05", "Sun 2026-12-06", "Sat 2026-12-12"},
		"cron(0 12 ? 12 SUNL,2L 2026)":    {"Sun 2026-12-27", "Mon 2026-12-28"},
		"cron(0 12 */10 6 ? 2026)":        {"Mon 2026-06-01", "Thu 2026-06-11", "Sun 2026-06-21"},
		"cron(0 12 1 11-2/2 ? 2026-2027)": {"Thu 2026-01-01", "Sun 2026-11-01", "Fri 2027-01-01"},
		"cron(0 12 1 1 ? 2199)":           {"Tue 2199-01-01"},
		"cron(0 12 30 2 ? *)":             {},
		"cron(0 12 31 4,6,9,11 ? *)":      {},
		"cron(0 12 31 4 ? 1970-2000)":     {},
	} {
		p := schedule.Plan{Expression: parse(t, text)}
		after := at(t, "2025-12-31T23:00:00Z")
		if text == "cron(0 12 ? 1 1#5 *)" {
			after = at(t, "2026-01-31T23:00:00Z")
		}
		got := next(p, after, max(1, len(want)))
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", text, got, want)
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]+" 12:00:00") {
				t.Errorf("%s: %v, want %v", text, got, want)
			}
		}
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	anchor := at(t, "2026-03-28T10:00:30Z")
	daily := schedule.Plan{Expression: parse(t, "rate(1 day)"), Zone: zone(t, "Europe/London"), Anchor: anchor}
	got := next(daily, anchor.Add(-time.Hour), 3)
	// 24 hours, whatever the clocks do.
	want := "Sat 2026-03-28 10:00:30 +0000|Sun 2026-03-29 11:00:30 +0100|Mon 2026-03-30 11:00:30 +0100"
	if strings.Join(got, "|") != want {
		t.Errorf("%v, want %s", got, want)
	}
	bounded := schedule.Plan{
		Expression: parse(t, "rate(2 hours)"), Anchor: anchor,
		Start: at(t, "2026-04-01T00:00:00Z"), End: at(t, "2026-04-01T04:00:00Z"),
	}
	got = next(bounded, anchor, 9)
	if len(got) != 3 || !strings.HasPrefix(got[0], "Wed 2026-04-01 00:00:00") || !strings.HasPrefix(got[2], "Wed 2026-04-01 04:00:00") {
		t.Errorf("between start and end: %v", got)
	}
	// A moment within a second, before and after the grid.
	for after, want := range map[string]string{
		"2026-03-28T10:00:29.999Z": "2026-03-28T10:00:30Z", "2026-03-28T10:00:30Z": "2026-03-28T12:00:30Z",
		"2026-03-28T10:00:30.001Z": "2026-03-28T12:00:30Z", "2026-03-28T12:00:29.5Z": "2026-03-28T12:00:30Z",
	} {
		p := schedule.Plan{Expression: parse(t, "rate(2 hours)"), Anchor: anchor}
		if got, ok := p.Next(at(t, after)); !ok || !got.Equal(at(t, want)) {
			t.Errorf("after %s: %s", after, got)
		}
	}
	for text, want := range map[string]time.Duration{
		"rate(1 minutes)": time.Minute, "rate(5 minute)": 5 * time.Minute, "rate(10 MINUTES)": 10 * time.Minute,
		"rate(1 hour)": time.Hour, "rate(36500 days)": 36500 * 24 * time.Hour,
	} {
		if got := parse(t, text).Every(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// Daylight saving as the user guide has it: what the clocks skip is skipped,
// what they show twice comes once, the first time.
func TestDaylightSaving(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, zone, after, want string }{
		{"New York skips 02:30", "cron(30 2 * * ? *)", "America/New_York", "2026-03-06T12:00:00Z",
			"Sat 2026-03-07 02:30:00 -0500|Mon 2026-03-09 02:30:00 -0400"},
		{"New York has 01:30 twice", "cron(30 1 * * ? *)", "America/New_York", "2026-10-31T12:00:00Z",
			"Sun 2026-11-01 01:30:00 -0400|Mon 2026-11-02 01:30:00 -0500"},
		{"Los Angeles skips 02:30", "cron(30 2 * * ? *)", "America/Los_Angeles", "2026-03-07T12:00:00Z",
			"Mon 2026-03-09 02:30:00 -0700|Tue 2026-03-10 02:30:00 -0700"},
		{"London skips 01:30", "cron(30 1 * * ? *)", "Europe/London", "2026-03-27T12:00:00Z",
			"Sat 2026-03-28 01:30:00 +0000|Mon 2026-03-30 01:30:00 +0100"},
		{"London has 01:30 twice", "cron(30 1 * * ? *)", "Europe/London", "2026-10-24T12:00:00Z",
			"Sun 2026-10-25 01:30:00 +0100|Mon 2026-10-26 01:30:00 +0000"},
		{"Sydney skips 02:30 in October", "cron(30 2 * * ? *)", "Australia/Sydney", "2026-10-02T00:00:00Z",
			"Sat 2026-10-03 02:30:00 +1000|Mon 2026-10-05 02:30:00 +1100"},
		{"Sydney has 02:30 twice in April", "cron(30 2 * * ? *)", "Australia/Sydney", "2026-04-04T00:00:00Z",
			"Sun 2026-04-05 02:30:00 +1100|Mon 2026-04-06 02:30:00 +1000"},
		{"Lord Howe moves by half an hour", "cron(15 2 * * ? *)", "Australia/Lord_Howe", "2026-10-02T00:00:00Z",
			"Sat 2026-10-03 02:15:00 +1030|Mon 2026-10-05 02:15:00 +1100"},
		{"every half hour, forward", "cron(0/30 * * * ? *)", "Europe/London", "2026-03-29T00:00:00Z",
			"Sun 2026-03-29 00:30:00 +0000|Sun 2026-03-29 02:00:00 +0100|Sun 2026-03-29 02:30:00 +0100"},
		{"every half hour, backward", "cron(0/30 * * * ? *)", "Europe/London", "2026-10-25T00:00:00Z",
			"Sun 2026-10-25 01:30:00 +0100|Sun 2026-10-25 02:00:00 +0000"},
		{"asked within the second hour", "cron(0/30 * * * ? *)", "Europe/London", "2026-10-25T01:10:00Z",
			"Sun 2026-10-25 02:00:00 +0000"},
		{"Apia left out a day", "cron(0 12 * * ? *)", "Pacific/Apia", "2011-12-29T00:00:00Z",
			"Thu 2011-12-29 12:00:00 -1000|Sat 2011-12-31 12:00:00 +1400"},
		{"beyond the table", "cron(30 1 * 3 ? 2150)", "Europe/London", "2150-03-27T12:00:00Z",
			"Sat 2150-03-28 01:30:00 +0000|Mon 2150-03-30 01:30:00 +0100"},
		{"only in the gap", "cron(30 1 29 3 ? 2026)", "Europe/London", "2026-01-01T00:00:00Z", ""},
		{"once, in the gap", "at(2026-03-29T01:30:00)", "Europe/London", "2026-01-01T00:00:00Z", ""},
		{"once, twice shown", "at(2026-10-25T01:30:00)", "Europe/London", "2026-01-01T00:00:00Z", "Sun 2026-10-25 01:30:00 +0100"},
	} {
		p := schedule.Plan{Expression: parse(t, c.text), Zone: zone(t, c.zone)}
		got := strings.Join(next(p, at(t, c.after), strings.Count(c.want, "|")+1), "|")
		if c.name == "beyond the table" {
			// Which Sunday it is in 2150 is the calendar's affair; that the
			// rule goes on is not.
			if !strings.Contains(got, "+0000") || !strings.Contains(got, "+0100") {
				t.Errorf("%s: %s", c.name, got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestOccurrenceTellsWhatTheClocksDo(t *testing.T) {
	t.Parallel()
	p := schedule.Plan{Expression: parse(t, "cron(0/20 1 * * ? *)"), Zone: zone(t, "Europe/London")}
	o, ok := p.NextOccurrence(at(t, "2026-03-28T01:40:00Z"))
	if !ok || strings.Join(o.Skipped, "|") != "2026-03-29 01:00|2026-03-29 01:20|2026-03-29 01:40" || o.Doubled {
		t.Errorf("in spring: %v %+v", ok, o)
	}
	o, ok = p.NextOccurrence(at(t, "2026-10-24T23:00:00Z"))
	if !ok || !o.Doubled || len(o.Skipped) > 0 {
		t.Errorf("in autumn: %v %+v", ok, o)
	}
	o, ok = p.NextOccurrence(at(t, "2026-10-25T02:00:00Z"))
	if !ok || o.Doubled || len(o.Skipped) > 0 {
		t.Errorf("the day after: %v %+v", ok, o)
	}
}

func TestStartAndEnd(t *testing.T) {
	t.Parallel()
	p := schedule.Plan{
		Expression: parse(t, "cron(0 7 * * ? *)"),
		Start:      at(t, "2026-12-01T07:00:00Z"), End: at(t, "2026-12-03T07:00:00Z"),
	}
	got := next(p, at(t, "2026-01-01T00:00:00Z"), 9)
	if len(got) != 3 || !strings.HasPrefix(got[0], "Tue 2026-12-01 07:00") || !strings.HasPrefix(got[2], "Thu 2026-12-03 07:00") {
		t.Errorf("the bounds are part of it: %v", got)
	}
	p = schedule.Plan{Expression: parse(t, "at(2026-11-01T00:00:00)"), Start: p.Start, End: p.End}
	if got := next(p, at(t, "2026-01-01T00:00:00Z"), 2); len(got) != 1 {
		t.Errorf("once heeds no bounds: %v", got)
	}
	if _, ok := (schedule.Plan{}).Next(at(t, "2026-01-01T00:00:00Z")); ok {
		t.Error("nothing comes true")
	}
}

// Those with a star are refused by the service too, as was seen there.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"cron(0 1 * * * *)":           "day-of-week: one of day-of-month and day-of-week must be ?",    // *
		"cron(7 20 * * NOT *)":        `day-of-week: "NOT" is not allowed; allowed are 1-7 or SUN-SAT`, // *
		"cron(INVALID)":               "cron takes six fields",                                         // *
		"cron(0 dummy ? * MON-FRI *)": `hours: "dummy" is not allowed; allowed are 0-23, and , - * /`,  // *
		"cron(71 8 1 * ? *)":          `minutes: "71" is not allowed; allowed are 0-59, and , - * /`,   // *
		"cron()":                      "cron takes six fields",                                         // *
		"rate(10 seconds)":            `unit: "seconds" is not minutes, hours or days`,                 // *
		"rate(10 years)":              `unit: "years" is not minutes, hours or days`,                   // *
		"rate()":                      "rate takes a value and a unit, as in rate(5 minutes)",          // *
		"rate(10)":                    "rate takes a value and a unit",                                 // *
		"rate(10 minutess)":           `unit: "minutess" is not`,                                       // *
		"rate(foo minutes)":           `value: "foo" is not a whole number from 1`,                     // *
		"rate(-10 minutes)":           `value: "-10" is not a whole number from 1`,                     // *
		"rate( 10 minutes )":          "there is a space beside a bracket",                             // *
		" rate(10 minutes)":           "is not rate(…), cron(…) or at(…)",                              // *
		"at(2021-12-31T23:59:59Z)":    "time: \"2021-12-31T23:59:59Z\" is not a time as in at(",        // *
		"at(2021-12-31)":              "time: \"2021-12-31\" is not a time",                            // *
		"at(2021-02-30T00:00:00)":     "is not a time",
		"at(2021-01-01T00:00:00.5)":   "is not a time",
		"at(2200-01-01T00:00:00)":     "time: the year 2200 is not from 1970 to 2199",
		"rate(0 minutes)":             "value: \"0\" is not a whole number from 1",
		"rate(+1 minutes)":            "value: \"+1\" is not",
		"rate(1.5 hours)":             "value: \"1.5\" is not",
		"rate(99999999999 days)":      "value: 99999999999 days is more than a hundred years",
		"cron(0 1 ? * ? *)":           "day-of-week: only one of day-of-month and day-of-week can be ?",
		"cron(0 1 1 * 2 *)":           "day-of-week: one of day-of-month and day-of-week must be ?",
		"cron(? 1 1 * ? *)":           `minutes: "?" is not allowed`,
		"cron(0 24 * * ? *)":          `hours: "24" is not allowed`,
		"cron(0 0 0 * ? *)":           `day-of-month: "0" is not allowed; allowed are 1-31, and , - * ? / L W`,
		"cron(0 0 * 13 ? *)":          `month: "13" is not allowed; allowed are 1-12 or JAN-DEC`,
		"cron(0 0 ? * 0 *)":           `day-of-week: "0" is not allowed`,
		"cron(0 0 ? * 8 *)":           `day-of-week: "8" is not allowed`,
		"cron(0 0 ? * MON/2 *)":       `day-of-week: "MON/2" is not allowed; allowed are 1-7 or SUN-SAT, and , - * ? L #`,
		"cron(0 0 ? * 3#1,6#3 *)":     `day-of-week: "3#1,6#3": an expression with # stands alone`,
		"cron(0 0 ? * 3#6 *)":         `day-of-week: "3#6" is not a day of the week, # and which of the month`,
		"cron(0 0 ? * 2W *)":          `day-of-week: "2W" is not allowed`,
		"cron(0 0 0W * ? *)":          `day-of-month: "0W" is not allowed`,
		"cron(0 0 6#3 * ? *)":         `day-of-month: "6#3" is not allowed`,
		"cron(0 0 * * ? 1969)":        `year: "1969" is not allowed; allowed are 1970-2199, and , - * /`,
		"cron(0 0 * * ? 2030-2026)":   `year: "2030-2026": the range ends before it begins`,
		"cron(0/0 0 * * ? *)":         `minutes: "0/0": the step after / is from 1 to 60`,
		"cron(0/61 0 * * ? *)":        `minutes: "0/61": the step after / is from 1 to 60`,
		"cron(1,,2 0 * * ? *)":        `minutes: "" is not allowed`,
		"cron(1- 0 * * ? *)":          `minutes: "1-" is not allowed`,
		"cron(00000 0 * * ? *)":       `minutes: "00000" is not allowed`,
		"0 7 * * *":                   "a crontab's five fields become six",
		"5 minutes":                   "every so long is rate(value unit)",
		"every(5 minutes)":            "is not rate(…), cron(…) or at(…)",
		"CRON(0 7 * * ? *)":           "is not rate(…), cron(…) or at(…)",
		"":                            "is not rate(…), cron(…) or at(…)",
		"cron(" + strings.Repeat("0,", 200) + "0 7 * * ? *)": "an expression has at most 256 characters",
	} {
		_, err := schedule.Parse(text)
		var syntax *schedule.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
}
