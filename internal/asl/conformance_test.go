package asl_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/asltest"
	"wplake/internal/asl/items"
)

// exceptions are recorded cases that are not to be met, with the reason.
var exceptions = map[string]string{
	"scenarios/test_base_scenarios.py::TestBaseScenarios::test_max_concurrency_path_negative#get_execution_history": "the history was read before the execution ended: its only event is ExecutionStarted",
	"scenarios/test_base_scenarios.py::TestBaseScenarios::test_parallel_state_nested#get_execution_history":         "the recorder dropped the inner ParallelStateExited, which the last events name as id 9",
}

var errNotReplayable = errors.New("the recording does not have this answer")

// replay answers tasks as they were recorded, on a clock that jumps.
type replay struct {
	now     time.Time
	results []asltest.TaskResult
	count   int
	wrong   string
	norm    *asltest.Normaliser
	// objects are those that a case lays down, by key.
	objects map[string]string
}

// read reads a page of the objects of a case.
func (r *replay) read(ctx context.Context, e asl.Effect) (asl.Answer, error) {
	ports := items.Ports{Open: func(_ context.Context, _, key, _ string) (io.ReadCloser, error) {
		text, ok := r.objects[key]
		if !ok {
			return nil, errNotReplayable
		}
		return io.NopCloser(strings.NewReader(text)), nil
	}}
	var page asl.Page
	reader, err := items.Open(ctx, ports, e)
	if err == nil {
		page, err = reader.Page(e.Limit)
		err = errors.Join(err, reader.Close())
	}
	if errors.Is(err, errNotReplayable) {
		return asl.Answer{}, err
	}
	return items.Answer(page, err), nil
}

func (r *replay) Now() time.Time            { return r.now }
func (r *replay) Random() float64           { return 0.5 }
func (r *replay) TaskToken(e string) string { return "token-" + e }

func (r *replay) UUID() string {
	r.count++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", r.count)
}

func (r *replay) Sleep(_ context.Context, until time.Time) error {
	if until.After(r.now) {
		r.now = until
	}
	return nil
}

func (r *replay) Perform(ctx context.Context, e asl.Effect) (asl.Answer, error) {
	if e.Kind == asl.ReadEffect {
		return r.read(ctx, e)
	}
	i := slices.IndexFunc(r.results, func(t asltest.TaskResult) bool { return t.State == e.State || t.State == "" })
	if i < 0 && e.Execution != "" {
		// What the children of distributed Maps called is not recorded. In the
		// cases that have such calls the function gives back what it gets.
		return asl.Answer{Kind: asl.Done, Output: e.Arguments}, nil
	}
	if i < 0 || e.Kind != asl.InvokeEffect {
		return asl.Answer{}, errNotReplayable
	}
	t := r.results[i]
	r.results = slices.Delete(r.results, i, i+1)
	if len(t.Arguments) > 0 && r.wrong == "" {
		if why := r.norm.Differ("arguments", asltest.Value(t.Arguments), e.Arguments); why != "" {
			r.wrong = why
		}
	}
	a := asl.Answer{Kind: asl.Failure, Error: t.Error}
	switch {
	case strings.HasSuffix(t.Event, "Succeeded"):
		return asl.Answer{Kind: asl.Done, Output: asltest.Value(t.Output)}, nil
	case strings.HasSuffix(t.Event, "TimedOut"):
		a.Kind = asl.TaskTimeout
	}
	if len(t.Cause) > 0 {
		text := string(t.Cause)
		if s, ok := asltest.Value(t.Cause).(string); ok {
			text = s
		}
		a.Cause = &text
	}
	return a, nil
}

// check runs a case and says what differs; replayable is false when it needs
// an answer that was not recorded.
func check(c *asltest.Case) (why string, replayable bool) {
	m, err := asl.Parse(c.Definition)
	if err != nil {
		return "parse: " + err.Error(), true
	}
	d := &replay{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), results: slices.Clone(c.Outcome.TaskResults), norm: asltest.NewNormaliser(c)}
	// Some cases were recorded before executions could be redriven.
	d.norm.Extra = func(key string) bool { return key == "RedriveCount" }
	for _, step := range c.Setup {
		key, _ := step.Kwargs["Key"].(string)
		if text, ok := step.Kwargs["Body"].(string); ok && step.Call == "aws.s3.put_object" {
			if d.objects == nil {
				d.objects = map[string]string{}
			}
			d.objects[key] = text
		}
	}
	info := asl.Info{
		ID: "arn:aws:states:us-east-1:111111111111:execution:machine:exec1", Name: "exec1",
		RoleARN: "arn:aws:iam::111111111111:role/snf_role_arn", MachineName: "machine",
		MachineID: "arn:aws:states:us-east-1:111111111111:stateMachine:machine",
		Input:     asltest.Value(c.Input), StartTime: d.now, Express: c.Type == "EXPRESS",
	}
	if info.Express {
		info.ID = "arn:aws:states:us-east-1:111111111111:express:machine:exec1:run1"
	}
	var events []asl.Event
	// Children of distributed Maps have histories of their own.
	out, err := asl.Run(context.Background(), m, info, d, func(e asl.Event) {
		if e.Execution == "" {
			events = append(events, e)
		}
	})
	if errors.Is(err, errNotReplayable) {
		return "", false
	}
	if err != nil {
		return err.Error(), true
	}
	return compareOutcome(c, d, out, events), true
}

func compareOutcome(c *asltest.Case, d *replay, out asl.Outcome, events []asl.Event) string {
	n := d.norm
	want := c.Outcome
	if string(out.Status) != want.Status {
		return fmt.Sprintf("status: want %s, got %s (%s: %s)", want.Status, out.Status, deref(out.Error), deref(out.Cause))
	}
	if d.wrong != "" {
		return d.wrong
	}
	if c.Comparable != "shape-only" && want.Status == "SUCCEEDED" {
		if why := n.Differ("output", asltest.Value(want.Output), out.Output); why != "" {
			return why
		}
	}
	if deref(want.Error) != "" && !n.SameText(*want.Error, deref(out.Error)) {
		return fmt.Sprintf("error: want %s, got %s", *want.Error, deref(out.Error))
	}
	if cause := asltest.Value(want.Cause); cause != nil {
		if why := sameCause(n, cause, deref(out.Cause)); why != "" {
			return why
		}
	}
	types := make([]string, len(events))
	for i, e := range events {
		types[i] = e.Type
	}
	if why := sameTypes(c, types); why != "" {
		return why
	}
	return sameDetails(c, n, events)
}

// sameDetails compares the events one by one where none was recorded
// as one of a group without order.
func sameDetails(c *asltest.Case, n *asltest.Normaliser, events []asl.Event) string {
	grouped := func(e asltest.Event) bool { return strings.HasPrefix(string(e.ID), "[") }
	if len(c.Outcome.Events) != len(events) || slices.ContainsFunc(c.Outcome.Events, grouped) {
		return ""
	}
	for i, want := range c.Outcome.Events {
		got := events[i]
		at := fmt.Sprintf("event %d %s", got.ID, got.Type)
		follows := string(want.Prev) == fmt.Sprint(got.Previous)
		if got.Type == "MapStateExited" && i > 1 && events[i-2].Type == "MapRunSucceeded" {
			// Cases recorded before the end of 2024 have it follow the end of the
			// run, later ones its start.
			follows = follows || string(want.Prev) == fmt.Sprint(events[i-2].ID)
		}
		if string(want.ID) != fmt.Sprint(got.ID) || !follows {
			return fmt.Sprintf("%s: want %s after %s, got it after %d", at, want.ID, want.Prev, got.Previous)
		}
		for _, pair := range [][2]string{{want.Name + want.State, got.State}, {want.Location, got.Location}, {want.ResourceType, got.Service}} {
			if pair[0] != pair[1] {
				return fmt.Sprintf("%s: want %q, got %q", at, pair[0], pair[1])
			}
		}
		if !n.SameText(want.Resource, got.Resource) || deref(want.Error) != n.Text(deref(got.Error)) {
			return fmt.Sprintf("%s: resource %q, error %q", at, got.Resource, deref(got.Error))
		}
		input := want.Input
		if len(want.Parameters) > 0 {
			input = want.Parameters
		}
		if c.Comparable == "shape-only" {
			continue
		}
		if why := n.Differ(at+" input", asltest.Inner(input), got.Input); why != "" {
			return why
		}
		// What a submission answers is not among the recorded results.
		if len(want.Output) > 0 && got.Type != "TaskSubmitted" {
			if why := n.Differ(at+" output", asltest.Inner(want.Output), got.Output); why != "" {
				return why
			}
		}
		for k, v := range want.AssignedVariables {
			if why := n.Differ(at+" $"+k, asltest.Inner(v), asltest.Value(json.RawMessage(got.Assigned[k]))); why != "" {
				return why
			}
		}
	}
	return ""
}

var quotedInput = regexp.MustCompile(`'\{.*\}'`)

func sameCause(n *asltest.Normaliser, want any, got string) string {
	if s, ok := want.(string); ok && n.SameText(s, quotedInput.ReplaceAllString(got, "<json-input:1>")) {
		return ""
	}
	return n.Differ("cause", want, got)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func sameTypes(c *asltest.Case, got []string) string {
	want := slices.Clone(c.Outcome.EventTypes)
	if len(want) == 0 {
		return ""
	}
	got = slices.Clone(got)
	for _, e := range c.Outcome.Events {
		if strings.HasPrefix(string(e.ID), "[") {
			drop := func(s string) bool { return s == "ParallelStateSucceeded" || s == "ParallelStateFailed" }
			want, got = slices.DeleteFunc(want, drop), slices.DeleteFunc(got, drop)
			break
		}
	}
	if c.EventOrder != "total" {
		sort.Strings(want)
		sort.Strings(got)
	}
	if !slices.Equal(want, got) {
		return fmt.Sprintf("events:\n  want %v\n  got  %v", want, got)
	}
	return ""
}

// TestRecordedExecutions compares with what Step Functions answered.
func TestRecordedExecutions(t *testing.T) {
	t.Parallel()
	cases := asltest.Cases(t, asltest.Execution)
	type score struct{ right, all int }
	groups := map[string]*score{}
	total, pure := &score{}, &score{}
	skipped := 0
	for i := range cases {
		c := &cases[i]
		if _, excepted := exceptions[c.ID]; excepted {
			skipped++
			continue
		}
		why, replayable := check(c)
		if !replayable {
			skipped++
			continue
		}
		if groups[c.Group] == nil {
			groups[c.Group] = &score{}
		}
		counts := []*score{groups[c.Group], total}
		if c.Needs == asltest.Pure {
			counts = append(counts, pure)
		}
		for _, s := range counts {
			s.all++
			if why == "" {
				s.right++
			}
		}
		if why != "" {
			t.Errorf("%s [%s]: %s", c.ID, c.Needs, why)
		}
	}
	names := make([]string, 0, len(groups))
	for g := range groups {
		names = append(names, g)
	}
	sort.Strings(names)
	for _, g := range names {
		t.Logf("%-22s %4d of %4d", g, groups[g].right, groups[g].all)
	}
	t.Logf("%-22s %4d of %4d, of them pure %d of %d; %d not replayable or excepted", "all", total.right, total.all, pure.right, pure.all, skipped)
}
