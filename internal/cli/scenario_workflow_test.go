package cli_test

import (
	"encoding/json"
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

// outside is what is around a lake: its site, which gives what is in the
// folder site, and the people whom its alerts reach.
type outside struct {
	server *httptest.Server

	told chan struct{} // gets something when there are messages

	mu       sync.Mutex
	messages []message
}

// message is an alert as people get it.
type message struct{ Title, Message string }

// newOutside starts the outside of a lake that is in a place.
func newOutside(t *testing.T, p place) *outside {
	t.Helper()
	o := &outside{told: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.Handle(faultsite.Path, folderSite(filepath.Join(p.dir, "site")))
	mux.HandleFunc("/hook", func(w http.ResponseWriter, r *http.Request) {
		var m message
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		o.mu.Lock()
		defer o.mu.Unlock()
		o.messages = append(o.messages, m)
		select {
		case o.told <- struct{}{}:
		default: // it has been said
		}
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "broken", http.StatusInternalServerError)
	})
	o.server = httptest.NewServer(mux)
	t.Cleanup(o.server.Close)
	return o
}

// taken returns the messages since it was last called.
func (o *outside) taken() []message {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := o.messages
	o.messages = nil
	return m
}

// lakeOf writes the definition of a lake with such objects, whose alerts all
// go to one person.
func (o *outside) lakeOf(t *testing.T, p place, more string, objects ...string) {
	t.Helper()
	var urls []string
	for _, object := range objects {
		urls = append(urls, o.server.URL+faultsite.Path+object+"_endpoint/")
	}
	p.write(t, "wplake.yaml", definition(urls...)+`
alerts:
  channels: {hook: "generic+`+o.server.URL+`/hook?template=json"}
  topics:
    data-lakehouse-raw: [hook]
    data-lakehouse-bronze: [hook]
    data-lakehouse-silver: [hook]
    failure-stepfunction: [hook]
`+more)
}

// shown is what `workflow show --json` tells of an execution.
type shown struct {
	Name, Status, Error, Cause string
	States                     []struct{ State, Status, Error string }
	Output                     string
}

// last is the execution that began last.
func (p place) last(t *testing.T) shown {
	t.Helper()
	return p.shown(t, "last")
}

func (p place) shown(t *testing.T, name string) shown {
	t.Helper()
	var x shown
	r := p.run(t, 0, "workflow", "show", name, "--json")
	if err := json.Unmarshal([]byte(r.stdout), &x); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	return x
}

// path tells the states in order; one that did not succeed with what became of
// it and its error.
func (x shown) path() string {
	var parts []string
	for _, s := range x.States {
		part := s.State
		if s.Status != "succeeded" {
			part += " (" + s.Status + ": " + s.Error + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " > ")
}

// referenceMachine copies one of the reference's machines to a place.
func referenceMachine(t *testing.T, p place, version string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "workflow", "tasks", "testdata", "machines", version+".asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	p.write(t, "machine.asl.json", string(text))
}

// The paths of machines in which all is well.
var (
	marchPath   = []string{"data_wordpressapi_raw", "data_wordpressapi_bronze"}
	mayPath     = append(slices.Clone(marchPath), "Start Bronze Crawler")
	augustPath  = append(slices.Clone(mayPath), "Glue Start Silver Python Shell", "Start Silver Crawler")
	builtInPath = []string{
		"Begin", "data_wordpressapi_raw", "data_wordpressapi_bronze",
		"Bronze Tables", "data_wordpressapi_silver", "Silver Tables", "All Well?", "Done",
	}
)

// trouble is something that breaks one part of a run.
type trouble struct {
	name string
	// make breaks it; the lake is one of terms.
	make func(t *testing.T, o *outside, p place)
	args []string
	// state is where the reference's machines notice, error the name there.
	state, error string
	// object and code are what the report has, cause what explains it.
	object, code, cause string
	// layer is the one whose alert it is.
	layer string
}

const oneTerm = `[{"term_id":"1","name":"Allgemein","slug":"allgemein","term_group":"0"}]`

func troubles() []trouble {
	orders := func(more string) func(*testing.T, *outside, place) {
		return func(t *testing.T, o *outside, p place) {
			p.write(t, "site/orders.json", `[{"number":1,"colour":"red"}]`)
			o.lakeOf(t, p, more+"workflow: {definition: machine.asl.json}\n", "orders")
		}
	}
	return []trouble{
		{
			name: "the site answers a page", state: "data_wordpressapi_raw", error: "SourceHTML",
			object: "terms", code: "SourceHTML", cause: "the answer is an HTML page, not JSON", layer: "raw",
			make: func(t *testing.T, _ *outside, p place) {
				p.write(t, "site/terms.html", "<html>Please log in</html>")
				if err := os.Remove(filepath.Join(p.dir, "site", "terms.json")); err != nil {
					t.Fatal(err)
				}
			},
		},
		{
			name: "the endpoint is gone", state: "data_wordpressapi_raw", error: "SourceHTTPStatus",
			object: "terms", code: "SourceHTTPStatus", cause: "404", layer: "raw",
			make: func(t *testing.T, _ *outside, p place) {
				if err := os.Remove(filepath.Join(p.dir, "site", "terms.json")); err != nil {
					t.Fatal(err)
				}
			},
		},
		{
			name: "the schema changes under freeze", state: "data_wordpressapi_bronze", error: "SchemaFrozen",
			object: "orders", code: "SchemaFrozen", cause: "column colour is no longer sent", layer: "bronze",
			make: func(t *testing.T, o *outside, p place) {
				orders("bronze: {drift: freeze}\nsilver: {unmapped: pass}\n")(t, o, p)
				p.run(t, 0, "run", "--quiet")
				p.write(t, "site/orders.json", `[{"number":1,"weight":7}]`)
			},
		},
		{
			name: "a raw object is damaged", state: "data_wordpressapi_bronze", error: "SourceTruncated",
			args:   []string{"--only", "bronze,crawl-bronze,silver,crawl-silver"},
			object: "terms", code: "SourceTruncated", cause: "terms", layer: "bronze",
			make: func(t *testing.T, _ *outside, p place) {
				p.write(t, "lake/data-lakehouse-raw/wordpress_api/terms/terms.json", oneTerm[:40])
			},
		},
		{
			name: "an object has no rules", state: "Glue Start Silver Python Shell", error: "States.TaskFailed",
			object: "orders", code: "ObjectUnmapped", cause: "there are no rules for this object", layer: "silver",
			make: orders(""),
		},
		{
			name: "a stray object in bronze", state: "Start Bronze Crawler", args: []string{"--only", "raw,bronze,crawl-bronze"},
			object: "stray", code: "ObjectDamaged", cause: "is not a whole Parquet file", layer: "bronze",
			make: func(t *testing.T, _ *outside, p place) {
				p.write(t, "lake/data-lakehouse-bronze/wordpress_api/stray/stray.parquet", "garbage")
			},
		},
		{
			name: "a stray object in silver", state: "Start Silver Crawler",
			object: "stray", code: "ObjectDamaged", cause: "is not a whole Parquet file", layer: "silver",
			make: func(t *testing.T, _ *outside, p place) {
				p.write(t, "lake/data-lakehouse-silver/wordpress_api/stray/stray.parquet", "garbage")
			},
		},
	}
}

// until is a path up to a state where an error is caught.
func until(path []string, state, err string) string {
	i := slices.Index(path, state)
	return strings.Join(append(slices.Clone(path[:i]), state+" (caught: "+err+")", "PublishFailure"), " > ")
}

// TestReferenceMachines runs the reference's machines, and the built-in one,
// with each task failing in turn.
func TestReferenceMachines(t *testing.T) {
	t.Parallel()
	for version, path := range map[string][]string{"2024-03": marchPath, "2024-05": mayPath, "2024-08": augustPath, "": builtInPath} {
		name := version
		if name == "" {
			name = "built-in"
		}
		place := func(t *testing.T) (place, *outside) {
			t.Helper()
			p := newPlace(t, "")
			o := newOutside(t, p)
			p.write(t, "site/terms.json", oneTerm)
			if version == "" {
				p.write(t, "machine.asl.json", p.run(t, 0, "workflow", "export").stdout)
			} else {
				referenceMachine(t, p, version)
			}
			o.lakeOf(t, p, "workflow: {definition: machine.asl.json}\n", "terms")
			return p, o
		}
		t.Run(name+"/all is well", func(t *testing.T) {
			t.Parallel()
			p, o := place(t)
			if r := p.report(t, 0, "run"); r.Status != lake.StatusRunSucceeded || r.Error != nil {
				t.Errorf("the run: %+v", r)
			}
			x := p.last(t)
			if diff := cmp.Diff(strings.Join(path, " > "), x.path()); diff != "" || x.Status != "SUCCEEDED" {
				t.Errorf("%s by (-want +got):\n%s", x.Status, diff)
			}
			if m := o.taken(); m != nil {
				t.Errorf("people are told: %v", m)
			}
		})
		for _, bad := range troubles() {
			if version != "" && !slices.Contains(path, bad.state) {
				continue
			}
			t.Run(name+"/"+bad.name, func(t *testing.T) {
				t.Parallel()
				p, o := place(t)
				bad.make(t, o, p)
				o.taken()
				report := p.report(t, 1, append([]string{"run"}, bad.args...)...)
				checkReport(t, report, bad)
				if version == "" {
					checkBuiltIn(t, p.last(t), o.taken(), bad)
					return
				}
				checkReference(t, p.last(t), o.taken(), path, bad)
			})
		}
	}
}

// checkReport expects that the object failed, and why.
func checkReport(t *testing.T, r lake.RunReport, bad trouble) {
	t.Helper()
	for _, s := range r.Stages {
		for _, o := range s.Objects {
			if o.Object == bad.object && o.Error != nil && string(o.Error.Code) == bad.code && strings.Contains(o.Error.Message, bad.cause) {
				return
			}
		}
	}
	t.Errorf("the report does not say that %s failed with %s: %+v", bad.object, bad.code, r)
}

// checkReference expects what the reference's machines do: they succeed, having
// told people that something failed, or not even that where a crawler that they
// only start fails. wplake tells what failed.
func checkReference(t *testing.T, x shown, messages []message, path []string, bad trouble) {
	t.Helper()
	want, said := strings.Join(path, " > "), 0
	if bad.error != "" {
		want, said = until(path, bad.state, bad.error), 1
	}
	if diff := cmp.Diff(want, x.path()); diff != "" || x.Status != "SUCCEEDED" {
		t.Errorf("%s by (-want +got):\n%s", x.Status, diff)
	}
	if len(messages) != said+1 {
		t.Fatalf("%d messages, want %d: %v", len(messages), said+1, messages)
	}
	if said == 1 && !strings.Contains(messages[0].Message, `"$.Error"`) {
		t.Errorf("the machine's own message: %v", messages[0])
	}
	told := messages[said]
	if !strings.HasPrefix(told.Title, "data_wordpressapi_"+bad.layer+": ") {
		t.Errorf("the subject is %q", told.Title)
	}
	for _, part := range []string{"Run " + x.Name, bad.object, bad.cause, bad.code} {
		if !strings.Contains(told.Message, part) {
			t.Errorf("the message lacks %q: %s", part, told.Message)
		}
	}
	t.Logf("%s\n%s\n%s", x.path(), x.Status, titles(messages))
}

// checkBuiltIn expects that the built-in machine goes on, tells all in one
// message, and fails.
func checkBuiltIn(t *testing.T, x shown, messages []message, bad trouble) {
	t.Helper()
	var states []string
	for _, s := range x.States {
		states = append(states, s.State)
	}
	want := append(slices.Clone(builtInPath[:len(builtInPath)-1]), "PublishFailure", "Failed")
	if diff := cmp.Diff(want, states); diff != "" || x.Status != "FAILED" || x.Error != "StagesFailed" {
		t.Errorf("%s (%s) by (-want +got):\n%s", x.Status, x.Error, diff)
	}
	state := builtInState(bad.state)
	if !strings.Contains(x.Cause, state) {
		t.Errorf("the cause does not name the state: %s", x.Cause)
	}
	if len(messages) != 1 {
		t.Fatalf("%d messages, want one: %v", len(messages), messages)
	}
	if messages[0].Title != "wordpress_raw_to_silver: Ran With Failures" {
		t.Errorf("the subject is %q", messages[0].Title)
	}
	for _, part := range []string{"wplake workflow show " + x.Name, state, bad.object, bad.cause, bad.code, "what to do: "} {
		if !strings.Contains(messages[0].Message, part) {
			t.Errorf("the message lacks %q: %s", part, messages[0].Message)
		}
	}
	t.Logf("%s\n%s\n%s", x.path(), x.Status, titles(messages))
}

// builtInState is the state of the built-in machine that does what one of the
// reference's does.
func builtInState(state string) string {
	switch state {
	case "Start Bronze Crawler":
		return "Bronze Tables"
	case "Glue Start Silver Python Shell":
		return "data_wordpressapi_silver"
	case "Start Silver Crawler":
		return "Silver Tables"
	}
	return state
}

func titles(messages []message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Title)
	}
	return strings.Join(all, "; ")
}

// TestUnsentAlert: when nobody can be told, the run fails all the same, and
// says that nobody was told.
func TestUnsentAlert(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"2024-03": "data_wordpressapi_raw (caught: SourceHTTPStatus) > PublishFailure (failed: SNS.InternalErrorException)",
		"2024-08": "data_wordpressapi_raw (caught: SourceHTTPStatus) > PublishFailure (failed: SNS.InternalErrorException)",
		"":        "PublishFailure (caught: SNS.InternalErrorException) > Failed (failed: StagesFailed)",
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "")
			o := newOutside(t, p)
			if version == "" {
				// Its Retry takes 14 seconds, which are not looked at here.
				machine := p.run(t, 0, "workflow", "export").stdout
				const retry = `"IntervalSeconds": 2,
          "MaxAttempts": 3,`
				if strings.Count(machine, retry) != 1 {
					t.Fatalf("the Retry of PublishFailure is another one: %s", machine)
				}
				p.write(t, "machine.asl.json", strings.Replace(machine, retry, `"MaxAttempts": 0,`, 1))
			} else {
				referenceMachine(t, p, version)
			}
			o.lakeOf(t, p, "workflow: {definition: machine.asl.json}\n", "terms")
			text, err := os.ReadFile(filepath.Join(p.dir, "wplake.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			p.write(t, "wplake.yaml", strings.Replace(string(text), "/hook?", "/broken?", 1))

			r := p.run(t, 1, "run")
			if !strings.Contains(r.stderr, "did not reach hook") || !strings.Contains(r.stderr, "wplake notify test") {
				t.Errorf("it does not say that nobody was told: %s", r)
			}
			x := p.last(t)
			if x.Status != "FAILED" || !strings.HasSuffix(x.path(), want) {
				t.Errorf("%s by %s", x.Status, x.path())
			}
			if version == "" && x.Cause != "data_wordpressapi_raw: SourceHTTPStatus; the alert was not sent: SNS.InternalErrorException" {
				t.Errorf("the cause is %q", x.Cause)
			}
			t.Logf("%s\n%s: %s", x.path(), x.Status, x.Cause)
		})
	}
}

// TestPartialRaw: where some objects are well, the machine goes its way; the
// run has failed, and people are told of the object.
func TestPartialRaw(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	o := newOutside(t, p)
	p.write(t, "site/terms.json", oneTerm)
	referenceMachine(t, p, "2024-08")
	o.lakeOf(t, p, "workflow: {definition: machine.asl.json}\n", "terms", "users")
	r := p.report(t, 1, "run")
	x := p.last(t)
	if r.Status != lake.StatusRunPartial || x.Status != "SUCCEEDED" || x.path() != strings.Join(augustPath, " > ") {
		t.Errorf("%s, %s by %s", r.Status, x.Status, x.path())
	}
	m := o.taken()
	if len(m) != 1 || m[0].Title != "data_wordpressapi_raw: Ran With Failures" || !strings.Contains(m[0].Message, "users") {
		t.Errorf("people are told %v", m)
	}
	if got := stageOf(t, r, "silver"); got.Succeeded != 1 || got.Failed != 0 {
		t.Errorf("silver: %+v", got)
	}
}

// TestDamagedCatalog: neither layer's tables are written, and nothing else does.
func TestDamagedCatalog(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "")
	o := newOutside(t, p)
	p.write(t, "site/terms.json", oneTerm)
	o.lakeOf(t, p, "", "terms")
	p.run(t, 0, "run", "--quiet")
	p.write(t, "lake/.wplake/catalog.db", strings.Repeat("x", 8192))
	r := p.report(t, 1, "run")
	x := p.last(t)
	if x.Cause != "Bronze Tables: StateDamaged; Silver Tables: StateDamaged" {
		t.Errorf("%s by %s", x.Cause, x.path())
	}
	if s := stageOf(t, r, "silver"); s.Failed != 0 || s.Succeeded != 1 {
		t.Errorf("silver: %+v", s)
	}
	m := o.taken()
	if len(m) != 1 || !strings.Contains(m[0].Message, "catalog.db is damaged") || !strings.Contains(m[0].Message, "what to do: delete it") {
		t.Errorf("people are told %v", m)
	}
	if err := os.Remove(filepath.Join(p.dir, "lake", ".wplake", "catalog.db")); err != nil {
		t.Fatal(err)
	}
	p.run(t, 0, "run", "--quiet")
	for _, told := range o.taken() {
		if !strings.HasSuffix(told.Title, ": Recovered") {
			t.Errorf("people are told %v", told)
		}
	}
}

// TestLaterMachines: a machine that needs what this home has not is refused
// before anything runs, with all that is missing.
func TestLaterMachines(t *testing.T) {
	t.Parallel()
	for version, missing := range map[string][]string{
		"2024-09":      {`state "Check silver-posts"`, "startDataQualityRulesetEvaluationRun"},
		"2024-11":      {"startDataQualityRulesetEvaluationRun", `there is no job "WordPress_Gold_statisticspagespostsjoin"`, `there is no crawler "wordpress-gold"`},
		"2025-jsonata": {`state "Load": there is no function "load_object"`, `state "Note"`, "dynamodb:putItem"},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "")
			o := newOutside(t, p)
			p.write(t, "site/terms.json", oneTerm)
			referenceMachine(t, p, version)
			o.lakeOf(t, p, "workflow: {definition: machine.asl.json}\n", "terms")
			for _, args := range [][]string{{"run"}, {"run", "--json"}, {"workflow", "run"}, {"workflow", "run", "machine.asl.json", "--json"}} {
				r := p.run(t, 2, args...)
				for _, want := range append(missing, "hint: ") {
					if !strings.Contains(r.stderr, want) {
						t.Errorf("wplake %v does not say %q: %s", args, want, r)
					}
				}
				if r.stdout != "" {
					t.Errorf("wplake %v prints a report of what did not run: %s", args, r)
				}
			}
			if files := p.files(t); len(files) > 0 {
				t.Errorf("files were written: %v", files)
			}
			if r := p.run(t, 0, "workflow", "list", "--json"); !strings.Contains(r.stdout, `"executions": []`) {
				t.Errorf("there are executions: %s", r)
			}
			m := o.taken()
			if len(m) != 2 || m[0].Title != "wplake run: could not run" || !strings.Contains(m[0].Message, missing[0]) {
				t.Errorf("people are told %v", m)
			}
			// A run of the next day works, with a machine that can run.
			o.lakeOf(t, p, "", "terms")
			p.run(t, 0, "run", "--quiet")
		})
	}
}

// TestExample runs the tests of examples/workflow: each task of the built-in
// machine fails in turn, and nothing of it is left out.
func TestExample(t *testing.T) {
	t.Parallel()
	for example, tests := range map[string]int{"workflow": 10, "workflow-crawlers": 17} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			tryExample(t, example, tests)
		})
	}
}

func tryExample(t *testing.T, example string, tests int) {
	t.Helper()
	p := newPlace(t, "")
	if err := os.CopyFS(filepath.Join(p.dir, "example"), os.DirFS(filepath.Join("..", "..", "examples", example))); err != nil {
		t.Fatal(err)
	}
	s := p.start(t, "workflow", "test", "example/lake.test.yaml", "--config", "example/wplake.yaml", "--coverage", "100", "--json")
	r := s.wait(t)
	var report struct {
		Passed, Failed int
		Tests          []struct {
			Name     string
			Passed   bool
			Status   string
			Path     []any
			Failures []string
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		t.Fatalf("%v: %s", err, r)
	}
	if r.exit != 0 || report.Failed != 0 || report.Passed < tests {
		t.Errorf("exit status %d: %d passed, %d failed", r.exit, report.Passed, report.Failed)
	}
	for _, one := range report.Tests {
		if !one.Passed {
			t.Errorf("%s: %v", one.Name, one.Failures)
		}
		if last := one.Path[len(one.Path)-1]; last != "Done" && last != "Failed" {
			t.Errorf("%s ends at %v", one.Name, last)
		}
	}
	if left, err := os.ReadDir(filepath.Join(p.dir, "example")); err != nil || len(left) != 2 {
		t.Errorf("tests leave something: %v, %v", left, err)
	}
}
