package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/lake"
	"wplake/internal/notify"
)

// stage makes a report of objects that are well, and of others ("!posts") that failed.
func stage(name string, objects ...string) lake.StageReport {
	s := lake.StageReport{Stage: name}
	for _, o := range objects {
		r := lake.ObjectReport{Object: strings.TrimPrefix(o, "!"), Status: lake.StatusSucceeded}
		if r.Object != o {
			r.Status = lake.StatusFailed
			r.Error = &lake.Problem{Code: lake.SourceTruncated, Message: r.Object + " ends early", Hint: "ask the host"}
		}
		s.Objects = append(s.Objects, r)
	}
	s.Count()
	return s
}

func unable(name string, code lake.Code) lake.StageReport {
	s := lake.StageReport{Stage: name, Error: &lake.Problem{Code: code, Message: "no way", Hint: "find one"}}
	s.Count()
	return s
}

func interrupted(name string) lake.StageReport {
	s := stage(name, "posts", "!terms")
	s.Objects[1].Error.Code = lake.Interrupted
	return s
}

func TestStageMessage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		now      lake.StageReport
		previous []lake.StageReport // none or one
		subject  string             // "": no message
		body     []string
	}{
		"all well, first run":  {now: stage("raw", "posts")},
		"all well, as before":  {now: stage("raw", "posts"), previous: []lake.StageReport{stage("raw", "posts")}},
		"nothing to do at all": {now: stage("raw")},
		"a failure": {
			now:     stage("raw", "posts", "!terms", "!users"),
			subject: "data_wordpressapi_raw: Ran With Failures",
			body:    []string{"Run run-7: 1 Successful | 2 Failed", "terms: terms ends early (SourceTruncated)", "what to do: ask the host", "users:"},
		},
		"the same failure again": {
			now: stage("silver", "!terms"), previous: []lake.StageReport{stage("silver", "!terms")},
			subject: "data_wordpressapi_silver: Ran With Failures",
		},
		"the stage could not run": {
			now: unable("bronze", lake.StorageFull), previous: []lake.StageReport{stage("bronze", "posts")},
			subject: "data_wordpressapi_bronze: Failed",
			body:    []string{"The stage could not run: no way (StorageFull)", "find one"},
		},
		"well again": {
			now: stage("raw", "posts", "terms"), previous: []lake.StageReport{stage("raw", "posts", "!terms")},
			subject: "data_wordpressapi_raw: Recovered",
			body:    []string{"run-7", "2 Successful | 0 Failed", "well again: terms"},
		},
		"well again as a whole": {
			now: stage("raw", "posts"), previous: []lake.StageReport{unable("raw", lake.StorageFull)},
			subject: "data_wordpressapi_raw: Recovered",
		},
		"what failed was not tried": {now: stage("raw", "posts"), previous: []lake.StageReport{stage("raw", "!terms")}},
		"stopped by a person":       {now: interrupted("raw")},
		"stopped as a whole":        {now: unable("raw", lake.Interrupted)},
		"well after being stopped":  {now: stage("raw", "posts", "terms"), previous: []lake.StageReport{interrupted("raw")}},
		"a crawl is of its layer": {
			now: stage("crawl-bronze", "!posts"), subject: "data_wordpressapi_bronze: Ran With Failures",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var previous *lake.StageReport
			if len(test.previous) > 0 {
				previous = &test.previous[0]
			}
			m, ok := notify.StageMessage(test.now, previous, "run-7")
			if ok != (test.subject != "") || m.Subject != test.subject {
				t.Fatalf("StageMessage = %+v, %v; want the subject %q", m, ok, test.subject)
			}
			if ok && !strings.HasPrefix(m.Topic, "data-lakehouse-") {
				t.Errorf("the topic is %q", m.Topic)
			}
			for _, want := range test.body {
				if !strings.Contains(m.Body, want) {
					t.Errorf("%q is not in the body:\n%s", want, m.Body)
				}
			}
		})
	}
}

// However many objects fail, however long their causes, the message fits.
func TestStageMessageIsBounded(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 100, 10_000} {
		s := stage("raw")
		for i := range 500 {
			s.Objects = append(s.Objects, lake.ObjectReport{
				Object: fmt.Sprintf("object-%03d", i), Status: lake.StatusFailed,
				Error: &lake.Problem{Code: lake.SourceHTML, Message: strings.Repeat("m", length), Hint: strings.Repeat("h", length)},
			})
		}
		s.Count()
		m, ok := notify.StageMessage(s, nil, "run")
		if !ok || len(m.Subject)+len(m.Body) > 4000 {
			t.Errorf("length %d: %v, %d bytes", length, ok, len(m.Body))
		}
		told := strings.Count(m.Body, "object-")
		if told == 0 || !strings.Contains(m.Body, fmt.Sprintf("and %d more", 500-told)) {
			t.Errorf("length %d: %d objects are told, and the rest is not counted:\n%s", length, told, m.Body)
		}
	}
}

func TestRunMessages(t *testing.T) {
	t.Parallel()
	before := lake.RunReport{RunID: "run-1", Stages: []lake.StageReport{
		stage("raw", "!posts"), stage("bronze", "posts"), stage("crawl-bronze", "!posts"), stage("silver", "!posts"),
	}}
	now := lake.RunReport{RunID: "run-2", Stages: []lake.StageReport{
		stage("raw", "posts"),
		stage("bronze", "posts", "!terms"), stage("crawl-bronze", "!posts", "terms"),
		stage("silver", "posts"), stage("crawl-silver", "!posts"),
	}}
	var subjects []string
	for _, m := range notify.RunMessages(now, &before) {
		subjects = append(subjects, m.Topic+" "+m.Subject)
		if m.Topic == "data-lakehouse-bronze" && (!strings.Contains(m.Body, "terms:") || !strings.Contains(m.Body, "posts:")) {
			t.Errorf("the layer's message lacks a stage's failure:\n%s", m.Body)
		}
	}
	want := []string{
		"data-lakehouse-raw data_wordpressapi_raw: Recovered",
		"data-lakehouse-bronze data_wordpressapi_bronze: Ran With Failures",
		"data-lakehouse-silver data_wordpressapi_silver: Ran With Failures",
	}
	if diff := cmp.Diff(want, subjects); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := notify.RunMessages(lake.RunReport{Stages: []lake.StageReport{stage("raw", "posts")}}, nil); len(got) != 0 {
		t.Errorf("all well, yet %v", got)
	}
}
