package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/config"
	"wplake/internal/lake"
)

func TestScheduleDefaults(t *testing.T) {
	t.Parallel()
	daily := config.Schedule{
		Expression: "cron(0 7 * * ? *)", Timezone: "UTC", State: config.ScheduleEnabled, Missed: config.MissedOnce,
		Overlap: config.OverlapSkip, Retries: 3, MaximumAge: config.Duration(24 * time.Hour), DeadLetter: "failure-stepfunction",
	}
	for text, want := range map[string]map[string]config.Schedule{
		"":                {"daily": daily},
		"schedules: {}\n": {},
		"schedules: {daily: {expression: cron(0 7 * * ? *)}}\n": {"daily": daily},
	} {
		c, _ := parse(t, text)
		if diff := cmp.Diff(want, c.Schedules); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	// What is given stays, also where it is nothing.
	c, f := parse(t, "schedules:\n  a.b: {expression: rate(1 hour), retries: 0, dead_letter: '', missed: all, flexible_window: 15m}\n")
	s := c.Schedules["a.b"]
	if s.Retries != -1 || s.DeadLetter != "" || s.Missed != config.MissedAll || s.FlexibleWindow != config.Duration(15*time.Minute) {
		t.Errorf("%+v", s)
	}
	if text := config.Effective(c, f); !strings.Contains(text, "retries: 0 ") {
		t.Errorf("none is 0 in the file:\n%s", text)
	}
}

func TestScheduleProblems(t *testing.T) {
	t.Parallel()
	if _, err := config.Zone("Europe/London"); err != nil {
		t.Skip(err)
	}
	for text, want := range map[string]string{
		"expression: 0 7 * * *":                                                                   "a crontab's five fields become six",
		"expression: cron(0 25 * * ? *)":                                                          `hours: "25" is not allowed; allowed are 0-23`,
		"expression: cron(0 7 30 2 ? *)":                                                          "never comes true: no such day",
		"{expression: at(2026-03-29T01:30:00), timezone: Europe/London}":                          "never comes true: the clocks in Europe/London skip this time",
		"{expression: rate(1 day), timezone: Europe/Londn}":                                       `there is no time zone "Europe/Londn"`,
		"{expression: rate(1 day), timezone: Local}":                                              `there is no time zone "Local"`,
		"{expression: rate(1 day), start: tomorrow}":                                              `"tomorrow" is not a time such as 2026-12-01T00:00:00Z`,
		"{expression: rate(1 day), start: 2027-01-02T00:00:00Z, end: 2027-01-01T00:00:00Z}":       "end is before its start",
		"{expression: cron(0 7 1 1 ? *), start: 2027-01-02T00:00:00Z, end: 2027-02-01T00:00:00Z}": "never comes true: it does not between its start and its end",
		"{expression: rate(1 day), flexible_window: 90s}":                                         "flexible_window is whole minutes up to 24h",
		"{expression: rate(1 day), maximum_age: 25h}":                                             "maximum_age is from 1m to 24h",
		"{expression: rate(1 day), alert_after: 1s}":                                              "alert_after is at least 1m",
		"{expression: rate(1 day), retries: 186}":                                                 "retries is from 0 to 185",
		"{expression: rate(1 day), input: '{a: 1}'}":                                              "input is not JSON",
		"{expression: rate(1 day), missed: twice}":                                                `missed cannot be "twice"`,
		"{timezone: UTC}": "s needs expression",
	} {
		if !strings.HasPrefix(text, "{") {
			text = "{" + strings.Replace(text, ": ", ": \"", 1) + "\"}"
		}
		_, _, err := config.Parse("wplake.yaml", "/lake", []byte("schedules:\n  s: "+text+"\n"))
		if !lake.HasCode(err, lake.ConfigInvalid) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "wplake.yaml:2:") {
			t.Errorf("%s: error %v, want %s", text, err, want)
		}
	}
	_, _, err := config.Parse("wplake.yaml", "/lake", []byte("schedules: {'no spaces': {expression: rate(1 day)}}\n"))
	if err == nil || !strings.Contains(err.Error(), "is not a schedule's name") {
		t.Errorf("a name: %v", err)
	}
}

func TestScheduleWarnings(t *testing.T) {
	t.Parallel()
	c, f, err := config.Parse("wplake.yaml", "/lake", []byte(`
alerts: {channels: {me: "${ME}"}, topics: {ops: [me]}}
schedules: {once: {expression: at(2026-12-24T18:00:00), end: 2027-01-01T00:00:00Z, dead_letter: ops}}
`))
	if err != nil || len(f.Warnings) != 1 || !strings.Contains(f.Warnings[0].Text, "mean nothing to at(…)") {
		t.Fatalf("%v, %v", err, f.Warnings)
	}
	p, err := c.Schedules["once"].Plan()
	if next, ok := p.Next(time.Unix(0, 0)); err != nil || !ok || !next.Equal(time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)) {
		t.Errorf("%s %v %v", next, ok, err)
	}
}

// What the template shows in comments is a definition.
func TestTemplateSchedules(t *testing.T) {
	t.Parallel()
	_, tail, ok := strings.Cut(string(config.Template(config.TemplateOptions{Kind: config.SourceSample})), "\n# workflow:")
	if !ok {
		t.Fatal("the template has no workflow")
	}
	var b strings.Builder
	for line := range strings.Lines("# workflow:" + tail) {
		line = strings.TrimPrefix(line, "# ")
		if strings.HasPrefix(line, " ") || strings.HasSuffix(line, ":\n") && !strings.Contains(line, " ") {
			b.WriteString(line)
		}
	}
	c, f := parse(t, b.String())
	if len(f.Warnings) > 0 || c.Schedules["daily"].Timezone != "Europe/London" || c.Workflow.Definition == "" || !c.Serve.AccessKey.IsReference() {
		t.Errorf("%v\n%s", f.Warnings, b.String())
	}
}
