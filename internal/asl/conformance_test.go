package asl_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"wplake/internal/asl"
	"wplake/internal/asl/items"
)

// conformanceCases lies beside the repository, for those who have it.
const conformanceCases = "../../../shared/conformance/asl/cases.jsonl.gz"

// exceptions are recorded cases that are not to be met, with the reason.
var exceptions = map[string]string{
	"scenarios/test_base_scenarios.py::TestBaseScenarios::test_max_concurrency_path_negative#get_execution_history": "the history was read before the execution ended: its only event is ExecutionStarted",
	"scenarios/test_base_scenarios.py::TestBaseScenarios::test_parallel_state_nested#get_execution_history":         "the recorder dropped the inner ParallelStateExited, which the last events name as id 9",
}

type conformanceCase struct {
	ID, Kind, Group, Needs, Type string
	Comparable                   string
	EventOrder                   string          `json:"event_order"`
	Definition                   json.RawMessage `json:"definition"`
	Input                        json.RawMessage `json:"input"`
	Expected                     struct {
		Status      string
		Output      json.RawMessage
		Error       *string
		Cause       json.RawMessage
		EventTypes  []string `json:"event_types"`
		Events      []recordedEvent
		TaskResults []taskResult `json:"task_results"`
	}
	Setup []struct {
		Call   string
		Kwargs map[string]any
	}
	Transforms []struct {
		Kind   string
		Args   []any
		Kwargs struct{ JSONPath string }
	}
}

// recordedEvent is one event of a history; an ID in brackets stands for a
// group of events whose order does not count.
type recordedEvent struct {
	ID, Prev                    json.RawMessage
	Type, Name, State, Location string
	Resource, ResourceType      string
	Input, Output, Parameters   json.RawMessage
	Error                       *string
	Index, Length               *int
	AssignedVariables           map[string]json.RawMessage
}

type taskResult struct {
	State, Event  string
	Output, Cause json.RawMessage
	Error         *string
	Arguments     json.RawMessage
}

func readCases(t *testing.T) []conformanceCase {
	t.Helper()
	f, err := os.Open(filepath.FromSlash(conformanceCases))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no recorded cases beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []conformanceCase
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c struct {
			Kind string
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Kind != "execution" {
			continue
		}
		var full conformanceCase
		if err := json.Unmarshal(lines.Bytes(), &full); err != nil {
			t.Fatalf("%s: %v", lines.Text()[:100], err)
		}
		cases = append(cases, full)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
}

var errNotReplayable = errors.New("the recording does not have this answer")

// replay answers tasks as they were recorded, on a clock that jumps.
type replay struct {
	now     time.Time
	results []taskResult
	count   int
	wrong   string
	norm    *normaliser
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
	i := slices.IndexFunc(r.results, func(t taskResult) bool { return t.State == e.State || t.State == "" })
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
		if why := r.norm.differ("arguments", decode(t.Arguments), e.Arguments); why != "" {
			r.wrong = why
		}
	}
	a := asl.Answer{Kind: asl.Failure, Error: t.Error}
	switch {
	case strings.HasSuffix(t.Event, "Succeeded"):
		return asl.Answer{Kind: asl.Done, Output: decode(t.Output)}, nil
	case strings.HasSuffix(t.Event, "TimedOut"):
		a.Kind = asl.TaskTimeout
	}
	if len(t.Cause) > 0 {
		text := string(t.Cause)
		if s, ok := decode(t.Cause).(string); ok {
			text = s
		}
		a.Cause = &text
	}
	return a, nil
}

func decode(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	v, err := asl.Decode(raw)
	if err != nil {
		return string(raw)
	}
	return v
}

type normaliser struct {
	replacements []replacement
	keys         map[string]bool
}

type replacement struct {
	from *regexp.Regexp
	to   string
}

func newNormaliser(c *conformanceCase) *normaliser {
	n := &normaliser{keys: map[string]bool{}}
	for _, t := range c.Transforms {
		if path := t.Kwargs.JSONPath; path != "" {
			n.keys[path[strings.LastIndexByte(path, '.')+1:]] = true
		}
		if len(t.Args) < 2 {
			continue
		}
		from, _ := t.Args[0].(string)
		to, _ := t.Args[1].(string)
		if t.Kind == "JsonpathTransformer" {
			n.keys[from[strings.LastIndexByte(from, '.')+1:]] = true
			continue
		}
		if re, err := regexp.Compile(from); err == nil && len(from) > 2 {
			n.replacements = append(n.replacements, replacement{re, strings.ReplaceAll(to, "$", "$$")})
		}
	}
	return n
}

var isoTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)`)

func (n *normaliser) text(s string) string {
	for _, r := range n.replacements {
		s = r.from.ReplaceAllString(s, r.to)
	}
	s = strings.ReplaceAll(s, "arn:aws:", "arn:<partition>:")
	return strings.ReplaceAll(s, "us-east-1", "<region>")
}

var placeholder = regexp.MustCompile(`<[^<>]*>`)

func (n *normaliser) sameText(want, got string) bool {
	got = n.text(got)
	if want == got {
		return true
	}
	switch want {
	case "date", "start-time", "entered-time", "timestamp", "a_task_token":
		return isoTime.MatchString(got) || want == "timestamp" || want == "a_task_token"
	}
	pattern := "(?s)^"
	last := 0
	for _, m := range placeholder.FindAllStringIndex(want, -1) {
		pattern += regexp.QuoteMeta(want[last:m[0]]) + ".*"
		last = m[1]
	}
	if last == 0 {
		return false
	}
	re, err := regexp.Compile(pattern + regexp.QuoteMeta(want[last:]) + "$")
	return err == nil && re.MatchString(got)
}

// differ compares what was recorded with what came out; "" is equality.
func (n *normaliser) differ(at string, want, got any) string {
	if s, ok := want.(string); ok {
		if g, isText := got.(string); isText {
			if n.sameText(s, g) {
				return ""
			}
			if v, err := asl.Decode([]byte(s)); err == nil && len(s) > 0 && strings.ContainsAny(s[:1], "{[") {
				return n.differ(at, v, got)
			}
			return fmt.Sprintf("%s: want %q, got %q", at, s, g)
		}
		if v, err := asl.Decode([]byte(s)); err == nil && len(s) > 0 && strings.ContainsAny(s[:1], "{[") {
			return n.differ(at, v, got)
		}
	} else if g, isText := got.(string); isText {
		if v, err := asl.Decode([]byte(g)); err == nil && len(g) > 0 && strings.ContainsAny(g[:1], "{[") {
			return n.differ(at, want, v)
		}
	}
	switch w := want.(type) {
	case map[string]any:
		if _, masked := w["$unparsed"]; masked {
			return ""
		}
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		for k, v := range w {
			gv, has := g[k]
			if !has {
				return at + "." + k + " is missing"
			}
			if n.keys[k] {
				continue
			}
			if why := n.differ(at+"."+k, v, gv); why != "" {
				return why
			}
		}
		for k := range g {
			// Some cases were recorded before executions could be redriven.
			if _, has := w[k]; !has && k != "RedriveCount" {
				return at + "." + k + " is too much"
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			break
		}
		for i := range w {
			if why := n.differ(fmt.Sprintf("%s[%d]", at, i), w[i], g[i]); why != "" {
				return why
			}
		}
		return ""
	case json.Number:
		g, ok := got.(json.Number)
		if !ok {
			break
		}
		x, errX := w.Float64()
		y, errY := g.Float64()
		if errX == nil && errY == nil && x == y {
			return ""
		}
	default:
		if want == got {
			return ""
		}
	}
	return fmt.Sprintf("%s: want %s, got %s", at, asl.Text(want), asl.Text(got))
}

// jsonText reads what the recorder left as JSON text: all but objects.
func jsonText(raw json.RawMessage) any {
	v := decode(raw)
	if s, ok := v.(string); ok {
		if inner, err := asl.Decode([]byte(s)); err == nil {
			return inner
		}
	}
	return v
}

// check runs a case and says what differs; replayable is false when it needs
// an answer that was not recorded.
func check(c *conformanceCase) (why string, replayable bool) {
	m, err := asl.Parse(c.Definition)
	if err != nil {
		return "parse: " + err.Error(), true
	}
	d := &replay{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), results: slices.Clone(c.Expected.TaskResults), norm: newNormaliser(c)}
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
		Input:     decode(c.Input), StartTime: d.now, Express: c.Type == "EXPRESS",
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

func compareOutcome(c *conformanceCase, d *replay, out asl.Outcome, events []asl.Event) string {
	n := d.norm
	want := c.Expected
	if string(out.Status) != want.Status {
		return fmt.Sprintf("status: want %s, got %s (%s: %s)", want.Status, out.Status, deref(out.Error), deref(out.Cause))
	}
	if d.wrong != "" {
		return d.wrong
	}
	if c.Comparable != "shape-only" && want.Status == "SUCCEEDED" {
		if why := n.differ("output", decode(want.Output), out.Output); why != "" {
			return why
		}
	}
	if deref(want.Error) != "" && !n.sameText(*want.Error, deref(out.Error)) {
		return fmt.Sprintf("error: want %s, got %s", *want.Error, deref(out.Error))
	}
	if cause := decode(want.Cause); cause != nil {
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
func sameDetails(c *conformanceCase, n *normaliser, events []asl.Event) string {
	grouped := func(e recordedEvent) bool { return strings.HasPrefix(string(e.ID), "[") }
	if len(c.Expected.Events) != len(events) || slices.ContainsFunc(c.Expected.Events, grouped) {
		return ""
	}
	for i, want := range c.Expected.Events {
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
		if !n.sameText(want.Resource, got.Resource) || deref(want.Error) != n.text(deref(got.Error)) {
			return fmt.Sprintf("%s: resource %q, error %q", at, got.Resource, deref(got.Error))
		}
		input := want.Input
		if len(want.Parameters) > 0 {
			input = want.Parameters
		}
		if c.Comparable == "shape-only" {
			continue
		}
		if why := n.differ(at+" input", jsonText(input), got.Input); why != "" {
			return why
		}
		// What a submission answers is not among the recorded results.
		if len(want.Output) > 0 && got.Type != "TaskSubmitted" {
			if why := n.differ(at+" output", jsonText(want.Output), got.Output); why != "" {
				return why
			}
		}
		for k, v := range want.AssignedVariables {
			if why := n.differ(at+" $"+k, jsonText(v), decode(json.RawMessage(got.Assigned[k]))); why != "" {
				return why
			}
		}
	}
	return ""
}

var quotedInput = regexp.MustCompile(`'\{.*\}'`)

func sameCause(n *normaliser, want any, got string) string {
	if s, ok := want.(string); ok && n.sameText(s, quotedInput.ReplaceAllString(got, "<json-input:1>")) {
		return ""
	}
	return n.differ("cause", want, got)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func sameTypes(c *conformanceCase, got []string) string {
	want := slices.Clone(c.Expected.EventTypes)
	if len(want) == 0 {
		return ""
	}
	got = slices.Clone(got)
	for _, e := range c.Expected.Events {
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
	cases := readCases(t)
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
		if c.Needs == "pure" {
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
