package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/lake"
	"wplake/internal/wordpress/faultsite"
)

// TestRunTwice runs the whole pipeline twice: the second run finds nothing to
// do, and no file's bytes or time change.
func TestRunTwice(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	first := p.report(t, 0, "run")
	before := p.files(t)
	if first.Status != lake.StatusRunSucceeded || len(before) != 15 {
		t.Fatalf("%s with %d files, want 5 objects in three layers: %v", first.Status, len(before), before)
	}
	second := p.report(t, 0, "run")
	for _, s := range second.Stages {
		if s.Succeeded != 5 || s.Failed != 0 || len(s.Objects) != 5 {
			t.Errorf("stage %s: %+v", s.Stage, s)
		}
		for i, o := range s.Objects {
			if o.Status != lake.StatusSkipped || !o.Unchanged {
				t.Errorf("stage %s: %s is %s (unchanged: %v)", s.Stage, o.Object, o.Status, o.Unchanged)
			}
			if was := stageOf(t, first, s.Stage).Objects[i]; o.Rows != was.Rows || o.Columns != was.Columns || o.Bytes != was.Bytes || o.URI != was.URI {
				t.Errorf("stage %s: %+v was %+v", s.Stage, o, was)
			}
		}
	}
	if diff := cmp.Diff(before, p.files(t)); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}

	// --full makes them again: the same rows, other files.
	full := p.report(t, 0, "run", "--full")
	if s := stageOf(t, full, "silver"); s.Unchanged() != 0 {
		t.Errorf("--full: %d objects unchanged", s.Unchanged())
	}
	if len(p.files(t)) != len(before) {
		t.Errorf("--full: %v", p.files(t))
	}
}

// faultySite is a site that is well until it breaks, and the messages that it
// got as a webhook.
type faultySite struct {
	faults *faultsite.Site
	good   http.Handler

	mu       sync.Mutex
	broken   bool
	messages []map[string]any
}

func (s *faultySite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/hook" {
		var m map[string]any
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		s.messages = append(s.messages, m)
		s.mu.Unlock()
		return
	}
	s.mu.Lock()
	broken := s.broken
	s.mu.Unlock()
	if broken {
		s.faults.ServeHTTP(w, r)
		return
	}
	s.good.ServeHTTP(w, r)
}

func (s *faultySite) set(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// taken returns the messages since it was last called.
func (s *faultySite) taken() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.messages
	s.messages = nil
	return m
}

// TestFaults is a site's bad day: every endpoint fails in its own way but some.
// Each failure is named, the others are taken, the last good objects stay,
// people get one message, and another one when all is well again.
func TestFaults(t *testing.T) {
	t.Parallel()
	site := &faultySite{faults: faultsite.Handler(), good: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, faultsite.Good)
	})}
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	p := newPlace(t, `
source:
  kind: endpoints
  endpoints:
    urls:
      - `+strings.Join(faultsite.URLs(server.URL), "\n      - ")+`
    parallel: 16
    retries: 2
    max_bytes: 1MB
    idle_timeout: 200ms
silver: {unmapped: pass}
bronze: {max_loss: 1}
alerts:
  channels: {hook: "${HOOK}"}
  topics:
    data-lakehouse-raw: [hook]
    data-lakehouse-bronze: [hook]
    data-lakehouse-silver: [hook]
`)
	p.env = append(p.env, "HOOK=generic+"+server.URL+"/hook?template=json")
	p.report(t, 0, "run")
	before := p.files(t)
	if m := site.taken(); len(m) > 0 {
		t.Errorf("a good run sends messages: %v", m)
	}

	site.set(true)
	report := p.report(t, 1, "run")
	if report.Status != lake.StatusRunPartial {
		t.Errorf("the run is %s", report.Status)
	}
	after := p.files(t)
	raw := stageOf(t, report, "raw")
	for _, fault := range faultsite.Faults() {
		i := slices.IndexFunc(raw.Objects, func(o lake.ObjectReport) bool { return o.Object == fault.Name })
		if i < 0 {
			t.Errorf("%s is not in the report", fault.Name)
			continue
		}
		checkFault(t, fault, raw.Objects[i])
		if fault.Code == "" && fault.Name != "no_rows" {
			continue // taken
		}
		if fault.Name == "no_rows" {
			continue // an empty table is the good answer that differs
		}
		for _, layer := range lake.Layers() {
			name := fmt.Sprintf("lake/data-lakehouse-%s/wordpress_api/%s/%[2]s.%s", layer, fault.Name, layer.Extension())
			if before[name] == "" || before[name] != after[name] {
				t.Errorf("%s was touched: %s, then %s", name, before[name], after[name])
			}
		}
	}
	if left := p.temporary(t); left != nil {
		t.Errorf("files are left: %v", left)
	}
	checkMessages(t, site.taken(), "Ran With Failures", "html_login")

	site.set(false)
	p.report(t, 0, "run")
	checkMessages(t, site.taken(), "Recovered", "html_login")
	p.report(t, 0, "run")
	if m := site.taken(); len(m) > 0 {
		t.Errorf("a good run after a good run sends messages: %v", m)
	}
}

func checkFault(t *testing.T, fault faultsite.Fault, o lake.ObjectReport) {
	t.Helper()
	switch {
	case fault.Code == "":
		if o.Status == lake.StatusFailed {
			t.Errorf("%s: %+v", fault.Name, o.Error)
		}
	case o.Error == nil || o.Status != lake.StatusFailed:
		t.Errorf("%s is %s, want %s", fault.Name, o.Status, fault.Code)
	case o.Error.Code != fault.Code || !strings.Contains(o.Error.Message, fault.Name) || o.Error.Hint == "":
		t.Errorf("%s: want %s, the object's name and a remedy: %+v", fault.Name, fault.Code, *o.Error)
	}
}

// checkMessages expects one message.
func checkMessages(t *testing.T, messages []map[string]any, subject, within string) {
	t.Helper()
	if len(messages) != 1 {
		t.Fatalf("%d messages, want one: %v", len(messages), messages)
	}
	text := fmt.Sprint(messages[0])
	if !strings.Contains(text, subject) || !strings.Contains(text, within) {
		t.Errorf("the message lacks %q or %q: %s", subject, within, text)
	}
}

// TestLogAlone: without a channel the alert is in the log, once.
func TestLogAlone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(faultsite.Handler())
	t.Cleanup(server.Close)
	p := newPlace(t, definition(server.URL+faultsite.Path+"bom_endpoint/", server.URL+faultsite.Path+"scalar_endpoint/"))
	report := p.report(t, 1, "run")
	if report.Status != lake.StatusRunFailed {
		t.Errorf("nothing went well, and the run is %s", report.Status)
	}
	log, err := os.ReadFile(filepath.Join(p.dir, "lake", ".wplake", "wplake.log"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "data_wordpressapi_raw: "); n != 1 {
		t.Errorf("%d alerts in the log, want one:\n%s", n, log)
	}
}
