package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/lake"
	"wplake/internal/workflow"
	"wplake/internal/workflow/tasks"
)

// course runs a machine over tasks, with a clock that jumps.
type course struct {
	tasks *tasks.Tasks
	now   time.Time
	path  []string
}

func (c *course) Now() time.Time            { return c.now }
func (c *course) UUID() string              { return "00000000-0000-4000-8000-000000000000" }
func (c *course) Random() float64           { return 0.5 }
func (c *course) TaskToken(e string) string { return e }
func (c *course) Sleep(_ context.Context, until time.Time) error {
	c.now = until
	return nil
}

func (c *course) Perform(ctx context.Context, e asl.Effect) (asl.Answer, error) {
	out, err := c.tasks.Do(ctx, workflow.Call{
		Execution: execution, ExecutionName: "run-7", State: e.State, Resource: e.Resource, Arguments: e.Arguments, Key: e.ID, Attempt: e.Attempt, Timeout: e.Timeout,
	})
	var failed *workflow.TaskError
	if errors.As(err, &failed) {
		return asl.Answer{Kind: asl.Failure, Error: &failed.Name, Cause: &failed.Cause}, nil
	}
	return asl.Answer{Kind: asl.Done, Output: out}, err
}

func machineFile(t *testing.T, name string) *asl.Machine {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "machines", name+".asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := asl.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

// stages are a home's parts by the names of the reference; one of them may fail.
type stages struct {
	mu     sync.Mutex
	ran    []string
	broken string
	err    error
}

func (s *stages) stage(name string) tasks.Stage {
	return func(context.Context, tasks.Invocation) (lake.StageReport, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.ran = append(s.ran, name)
		if s.broken == name {
			return lake.StageReport{}, s.err
		}
		return report("posts"), nil
	}
}

func (s *stages) home(o *tasks.Options) {
	for _, name := range []string{"data_wordpressapi_raw", "data_wordpressapi_bronze"} {
		o.Functions[name] = tasks.StageFunction(s.stage(name))
	}
	for _, name := range []string{"wordpressapi_silver", "WordPress_Gold_statisticspagespostsjoin"} {
		o.Jobs[name] = s.stage(name)
	}
	for _, name := range []string{"wordpress_bronze", "wordpress_silver", "wordpress-gold"} {
		o.Crawlers[name] = s.stage(name)
	}
}

func (h *home) run(m *asl.Machine, input any) (asl.Outcome, *course) {
	h.t.Helper()
	c := &course{tasks: h.tasks, now: time.Date(2026, 1, 2, 7, 0, 0, 0, time.UTC)}
	out, err := asl.Run(h.t.Context(), m, asl.Info{ID: execution, Name: "run-7", MachineName: "lake", Input: input, StartTime: c.now}, c, func(e asl.Event) {
		if strings.HasSuffix(e.Type, "StateEntered") {
			c.path = append(c.path, e.State)
		}
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return out, c
}

// The reference's machines run as they are, and each of their tasks may fail:
// the machine then tells people, and has succeeded, as it does on AWS.
func TestReferenceMachines(t *testing.T) {
	t.Parallel()
	parts := map[string][]string{
		"2024-03": {"data_wordpressapi_raw", "data_wordpressapi_bronze"},
		"2024-05": {"data_wordpressapi_raw", "data_wordpressapi_bronze", "wordpress_bronze"},
		"2024-08": {"data_wordpressapi_raw", "data_wordpressapi_bronze", "wordpress_bronze", "wordpressapi_silver", "wordpress_silver"},
	}
	for name, all := range parts {
		m := machineFile(t, name)
		for _, broken := range append([]string{""}, all...) {
			t.Run(name+"/"+broken, func(t *testing.T) {
				t.Parallel()
				s := &stages{broken: broken, err: &lake.Error{Code: lake.StorageFull, Message: "no space"}}
				h := newHome(t, s.home)
				for _, state := range m.States {
					if state.Type != asl.Task {
						continue
					}
					if err := h.tasks.Check(state.Resource, nil); err != nil {
						t.Errorf("%s: %v", state.Name, err)
					}
				}
				out, c := h.run(m, map[string]any{})
				failures := h.tasks.WaitFor(t.Context(), execution)
				if out.Status != asl.Succeeded {
					t.Errorf("%s: %v", out.Status, asl.Text(out.Output))
				}
				started := strings.HasPrefix(broken, "wordpress_") // a crawl, which the machine only starts
				expected := all
				if broken != "" && !started {
					expected = all[:slices.Index(all, broken)+1]
				}
				if !slices.Equal(s.ran, expected) {
					t.Errorf("it ran %v, want %v", s.ran, expected)
				}
				alerted := broken != "" && !started
				if (len(h.published) == 1) != alerted || slices.Contains(c.path, "PublishFailure") != alerted {
					t.Errorf("people got %v by %v", h.published, c.path)
				}
				if started != (len(failures) == 1) {
					t.Errorf("what failed in the background: %v", failures)
				}
			})
		}
	}
}

// Later machines need services that a home has not: they are named before
// anything runs.
func TestLaterMachines(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"2024-09": "glue:startDataQualityRulesetEvaluationRun", "2024-11": "glue:startDataQualityRulesetEvaluationRun", "2025-jsonata": "dynamodb:putItem",
	} {
		m := machineFile(t, name)
		h := newHome(t, (&stages{}).home)
		var refused []string
		var visit func(f *asl.Flow)
		visit = func(f *asl.Flow) {
			for _, s := range f.States {
				for _, b := range s.Branches {
					visit(b)
				}
				if s.Type != asl.Task {
					continue
				}
				if err := h.tasks.Check(s.Resource, nil); err != nil {
					refused = append(refused, err.Error())
				}
			}
		}
		visit(&m.Flow)
		if len(refused) == 0 || !strings.Contains(fmt.Sprint(refused), want) {
			t.Errorf("%s: refused are %v", name, refused)
		}
	}
}

// The machine of March as its author first had it, whose Catch sends the
// failure's text literally.
func TestLiteralError(t *testing.T) {
	t.Parallel()
	s := &stages{broken: "data_wordpressapi_raw", err: &tasks.FunctionError{Type: "Exception", Message: "oh"}}
	h := newHome(t, s.home)
	if out, _ := h.run(machineFile(t, "2024-03"), map[string]any{}); out.Status != asl.Succeeded {
		t.Fatal(out.Status)
	}
	if len(h.published) != 1 || !strings.Contains(h.published[0].Body, "$.Error") || h.published[0].Topic != "failure-stepfunction" {
		t.Errorf("people got %+v", h.published)
	}
}
