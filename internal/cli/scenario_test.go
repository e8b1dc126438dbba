package cli_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/wordpress/faultsite"
)

// slowSite is a site with one endpoint. The first request gets half of the
// table, and the rest when the site is told to; later ones get it at once.
type slowSite struct {
	first  sync.Once
	asked  chan struct{} // closed when the first request was half answered
	resume chan struct{}
}

func newSlowSite(t *testing.T) (*slowSite, string) {
	t.Helper()
	s := &slowSite{asked: make(chan struct{}), resume: make(chan struct{})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL + faultsite.Path + "terms_endpoint/"
}

func (s *slowSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	slow := false
	s.first.Do(func() { slow = true })
	if !slow {
		_, _ = io.WriteString(w, faultsite.Good) // a client that has left is no fault of the site
		return
	}
	half := len(faultsite.Good) / 2
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, faultsite.Good[:half])
	if err := http.NewResponseController(w).Flush(); err != nil {
		return
	}
	close(s.asked)
	select {
	case <-s.resume:
		_, _ = io.WriteString(w, faultsite.Good[half:])
	case <-r.Context().Done():
	}
}

// await waits until a command has asked the site.
func (s *slowSite) await(t *testing.T, run *started) {
	t.Helper()
	select {
	case <-s.asked:
	case err := <-run.ended:
		t.Fatalf("it ended (%v) and has not asked the site: %s %s", err, run.stdout.String(), run.stderr.String())
	}
}

// definition takes tables from endpoints, without a second attempt.
func definition(urls ...string) string {
	return "source:\n  kind: endpoints\n  endpoints:\n    retries: 0\n    urls:\n      - " + strings.Join(urls, "\n      - ") + "\n"
}

// TestTwoRuns: the second run at once is refused with the first one's name and
// age, or waits; readers are not concerned.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	site, url := newSlowSite(t)
	p := newPlace(t, definition(url))
	first := p.start(t, "run")
	site.await(t, first)

	refused := p.run(t, 4, "run")
	for _, want := range []string{"process " + strconv.Itoa(first.cmd.Process.Pid), "wplake run", " ago", "--wait"} {
		if !strings.Contains(refused.stderr, want) {
			t.Errorf("the refusal lacks %q: %s", want, refused)
		}
	}
	if refused.stdout != "" {
		t.Errorf("refused, and there is a report: %s", refused)
	}
	if r := p.run(t, 4, "stage", "bronze", "--json"); r.stdout != "" && !strings.HasPrefix(r.stdout, "{") {
		t.Errorf("--json: %s", r)
	}
	p.run(t, 0, "tables")
	if r := p.run(t, 0, "doctor", "--json"); !strings.Contains(r.stdout, "wplake run") {
		t.Errorf("doctor does not name the run that holds the lake: %s", r)
	}
	waiting := p.start(t, "run", "--wait", "50s", "--json")
	close(site.resume)
	if r := first.wait(t); r.exit != 0 {
		t.Errorf("the first run: %s", r)
	}
	if r := waiting.wait(t); r.exit != 0 || !strings.Contains(r.stdout, `"unchanged": true`) {
		t.Errorf("the run that waited: %s", r)
	}
}

// TestInterrupt: Ctrl-C ends a run with exit status 3, what was there is as it
// was, and nothing of the run is left after the next one.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			site, url := newSlowSite(t)
			p := newPlace(t, definition(url))
			p.write(t, "lake/data-lakehouse-raw/wordpress_api/terms/terms.json", `[{"term_id":"1","name":"old"}]`)
			p.run(t, 0, "run", "--only", "bronze,silver")
			before := p.files(t)

			run := p.start(t, "run")
			site.await(t, run)
			if err := run.cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			r := run.wait(t)
			if r.exit != 3 || !strings.Contains(r.stdout, "interrupted after") || strings.Contains(r.stdout, "What failed") {
				t.Errorf("want exit status 3 and a word about it: %s", r)
			}
			if diff := cmp.Diff(before, p.files(t)); diff != "" {
				t.Errorf("files changed (-before +after):\n%s", diff)
			}

			p.run(t, 0, "run")
			if left := p.temporary(t); left != nil {
				t.Errorf("files are left: %v", left)
			}
			if got := p.run(t, 0, "tables", "silver.terms").stdout; !strings.Contains(got, "3 rows") {
				t.Errorf("the next run did not take the table: %s", got)
			}
		})
	}
}

// TestInterruptedWait: Ctrl-C also ends the waiting for another run.
func TestInterruptedWait(t *testing.T) {
	t.Parallel()
	site, url := newSlowSite(t)
	p := newPlace(t, definition(url))
	first := p.start(t, "run")
	site.await(t, first)
	waiting := p.start(t, "run", "--wait", "50s", "--verbose")
	if err := waiting.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if r := waiting.wait(t); r.exit != 3 && r.exit != -1 { // -1: before it could listen
		t.Errorf("want exit status 3: %s", r)
	}
	close(site.resume)
	if r := first.wait(t); r.exit != 0 {
		t.Errorf("the first run: %s", r)
	}
}

// TestInterruptedDoctor: what was not looked at is no finding.
func TestInterruptedDoctor(t *testing.T) {
	t.Parallel()
	site, url := newSlowSite(t)
	p := newPlace(t, definition(url))
	doctor := p.start(t, "doctor", "--json")
	site.await(t, doctor)
	if err := doctor.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if r := doctor.wait(t); r.exit != 3 || r.stdout != "" {
		t.Errorf("want exit status 3 and no findings: %s", r)
	}
}

// TestUnwritable: a lake that cannot be written to is found by doctor, and a
// run says so before it asks the site for anything.
func TestUnwritable(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root writes everywhere")
	}
	p := newPlace(t, "source: {sample: {posts: 50, statistics: 100}}\n")
	folder := p.dir + "/lake"
	if err := os.Mkdir(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	if r := p.run(t, 1, "doctor"); !strings.Contains(r.stdout, "failed   bucket data-lakehouse-raw") {
		t.Errorf("doctor has not found it: %s", r)
	}
	if r := p.run(t, 4, "run"); !strings.Contains(r.stderr, folder) || !strings.Contains(r.stderr, "hint: ") {
		t.Errorf("want the folder and a remedy: %s", r)
	}
	p.run(t, 0, "tables")
	p.run(t, 0, "query", "SELECT 1")
}
