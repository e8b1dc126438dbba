package graph_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wplake/internal/asl"
	"wplake/internal/workflow/graph"
)

var update = flag.Bool("update", false, "write the golden files anew")

// machines are those of testdata and the fixtures of the task integrations.
func machines(t testing.TB) map[string]*asl.Machine {
	t.Helper()
	out := map[string]*asl.Machine{}
	for _, pattern := range []string{"testdata/*.asl.json", "../tasks/testdata/machines/2024-09.asl.json", "../tasks/testdata/machines/2025-jsonata.asl.json"} {
		files, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out[strings.TrimSuffix(filepath.Base(file), ".asl.json")] = parse(t, text)
		}
	}
	if len(out) < 5 {
		t.Fatal("there are no machines to draw")
	}
	return out
}

func parse(t testing.TB, text []byte) *asl.Machine {
	t.Helper()
	m, err := asl.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, written anew by -update):\n%s", path, diff)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, m := range machines(t) {
		for _, f := range graph.Formats() {
			t.Run(name+"."+string(f), func(t *testing.T) {
				t.Parallel()
				got, err := graph.Draw(m, f, graph.Options{Title: name})
				if err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+string(f), got)
			})
		}
	}
}

// driver answers tasks by state, on a clock that goes on by itself.
type driver struct {
	now     time.Time
	answers map[string][]asl.Answer
}

func (d *driver) Now() time.Time {
	d.now = d.now.Add(170 * time.Millisecond)
	return d.now
}
func (d *driver) Random() float64         { return 0.5 }
func (d *driver) TaskToken(string) string { return "token" }
func (d *driver) UUID() string            { return "00000000-0000-4000-8000-000000000000" }
func (d *driver) Sleep(_ context.Context, until time.Time) error {
	d.now = until
	return nil
}

var errStop = errors.New("stopped here")

func (d *driver) Perform(_ context.Context, e asl.Effect) (asl.Answer, error) {
	list := d.answers[e.State]
	if len(list) == 0 {
		return asl.Answer{Kind: asl.Done, Output: map[string]any{"status": "SUCCEEDED"}}, nil
	}
	if list[0].Kind == "" {
		return asl.Answer{}, errStop
	}
	d.answers[e.State] = list[1:]
	return list[0], nil
}

func failure(name, cause string) asl.Answer {
	return asl.Answer{Kind: asl.Failure, Error: &name, Cause: &cause}
}

// execute runs a machine with answers; an answer without a kind stops it there.
func execute(t *testing.T, m *asl.Machine, input any, answers map[string][]asl.Answer) *graph.Execution {
	t.Helper()
	d := &driver{now: time.Date(2024, 8, 1, 7, 0, 0, 0, time.UTC), answers: answers}
	x := &graph.Execution{Name: "20240801T070000", Start: d.now}
	var open []int // executions of a distributed Map's items come between
	out, err := asl.Run(t.Context(), m, asl.Info{Name: "one", Input: input, StartTime: d.now}, d, func(e asl.Event) {
		if e.Type == "ExecutionStarted" {
			open = append(open, len(x.Histories))
			x.Histories = append(x.Histories, nil)
		}
		i := open[len(open)-1]
		x.Histories[i] = append(x.Histories[i], e)
		if strings.HasPrefix(e.Type, "Execution") && e.Type != "ExecutionStarted" {
			open = open[:len(open)-1]
		}
	})
	if err != nil && !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	x.Status, x.Now = out.Status, d.now
	if out.Status != asl.Running {
		x.Stop = d.now
	}
	return x
}

func TestExecutions(t *testing.T) {
	t.Parallel()
	all := machines(t)
	items := map[string]any{"delay": json.Number("5"), "sites": []any{"a", "b"}}
	done := func(status string) asl.Answer {
		return asl.Answer{Kind: asl.Done, Output: map[string]any{"status": status, "delay": json.Number("5")}}
	}
	for name, test := range map[string]struct {
		machine string
		answers map[string][]asl.Answer
	}{
		"failed":  {"2024-09", map[string][]asl.Answer{"Glue Start Silver Python Shell": {failure("States.TaskFailed", "posts: SchemaFrozen")}}},
		"loop":    {"loop", map[string][]asl.Answer{"Submit job": {done("")}, "Get status": {failure("E", "x"), done("RUNNING"), done("RUNNING")}}},
		"nested":  {"nested", map[string][]asl.Answer{"Terms": {failure("A", ""), failure("A", ""), failure("A", ""), failure("A", "")}}},
		"running": {"errors", map[string][]asl.Answer{"Read": {{Kind: asl.Done, Output: map[string]any{"rows": json.Number("3")}}}, "Write the rows to the warehouse and tell_everybody_who_may_want_to_know": {failure("States.TaskFailed", "")}, "Write less": {{}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := all[test.machine]
			x := execute(t, m, items, test.answers)
			for _, f := range graph.Formats() {
				got, err := graph.Draw(m, f, graph.Options{Title: test.machine, Execution: x})
				if err != nil {
					t.Fatal(err)
				}
				golden(t, "execution-"+name+"."+string(f), got)
			}
		})
	}
}

// box is a rectangle of a drawing.
type box struct{ class, x, y, w, h string }

// elements reads a drawing: it must be well-formed, and all its numbers finite.
func elements(t *testing.T, svg string) (texts []string, boxes []box) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	inside := ""
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inside = token.Name.Local
			if inside == "script" || inside == "foreignObject" || inside == "image" {
				t.Errorf("the drawing has a %s", inside)
			}
			var b box
			for _, a := range token.Attr {
				switch a.Name.Local {
				case "class":
					b.class = a.Value
				case "x":
					b.x = a.Value
				case "y":
					b.y = a.Value
				case "width":
					b.w = a.Value
				case "height":
					b.h = a.Value
				}
				if strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
					t.Errorf("%s of %s is %s", a.Name.Local, inside, a.Value)
				}
			}
			if inside == "rect" {
				boxes = append(boxes, b)
			}
		case xml.CharData:
			if inside == "text" {
				texts = append(texts, string(token))
			}
		case xml.EndElement:
			inside = ""
		}
	}
	return texts, boxes
}

// TestNothingOverlaps draws machines of one level and looks whether a box lies
// on another.
func TestNothingOverlaps(t *testing.T) {
	t.Parallel()
	for seed := range 60 {
		m := parse(t, generated(3+seed%40, seed))
		svg, err := graph.Draw(m, graph.SVG, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		texts, boxes := elements(t, svg)
		shown := strings.Join(texts, "\n")
		for _, name := range m.Names {
			if !strings.Contains(shown, name) {
				t.Errorf("seed %d: %s is not drawn", seed, name)
			}
		}
		number := func(s string) float64 {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		for i, a := range boxes {
			for _, b := range boxes[:i] {
				if a.class != "box" && a.class != "marker" || b.class != "box" && b.class != "marker" {
					continue
				}
				if number(a.x) < number(b.x)+number(b.w) && number(b.x) < number(a.x)+number(a.w) &&
					number(a.y) < number(b.y)+number(b.h) && number(b.y) < number(a.y)+number(a.h) {
					t.Errorf("seed %d: boxes %+v and %+v overlap", seed, a, b)
				}
			}
		}
	}
}

// generated is a machine of n tasks and choices that lead anywhere.
func generated(n, seed int) []byte {
	states := map[string]any{}
	next := func(i, k int) string { return fmt.Sprintf("State%d", (i*7+k*13+seed*5+1)%n) }
	for i := range n {
		s := map[string]any{}
		switch (i + seed) % 4 {
		case 0:
			s["Type"] = "Choice"
			s["Choices"] = []any{map[string]any{"Variable": "$.a", "IsNull": true, "Next": next(i, 1)}, map[string]any{"Variable": "$.b", "NumericEquals": i, "Next": next(i, 2)}}
			s["Default"] = fmt.Sprintf("State%d", min(i+1, n-1))
		case 1:
			s["Type"], s["Resource"] = "Task", "arn:aws:states:::lambda:invoke"
			s["Catch"] = []any{map[string]any{"ErrorEquals": []string{"States.ALL"}, "Next": next(i, 3)}}
			s["Next"] = fmt.Sprintf("State%d", min(i+1, n-1))
		case 2:
			s["Type"], s["Next"] = "Pass", fmt.Sprintf("State%d", (i+1)%n)
		default:
			s["Type"], s["End"] = "Pass", true
			if i < n-1 {
				delete(s, "End")
				s["Next"] = fmt.Sprintf("State%d", i+1)
			}
		}
		states[fmt.Sprintf("State%d", i)] = s
	}
	text, err := json.Marshal(map[string]any{"StartAt": "State0", "States": states})
	if err != nil {
		panic(err)
	}
	return text
}

func TestHostileTexts(t *testing.T) {
	t.Parallel()
	name := `</text><script>alert(1)</script> "x" & 'y' ]]> ` + "\u0000\u0007\u202e"
	text, err := json.Marshal(map[string]any{"Comment": name, "StartAt": name, "States": map[string]any{name: map[string]any{"Type": "Fail", "Error": name, "Cause": name, "Comment": name}}})
	if err != nil {
		t.Fatal(err)
	}
	m := parse(t, text)
	o := graph.Options{Title: name}
	svg, err := graph.Draw(m, graph.SVG, o)
	if err != nil {
		t.Fatal(err)
	}
	elements(t, svg)
	for _, f := range []graph.Format{graph.Mermaid, graph.DOT} {
		got, err := graph.Draw(m, f, o)
		if err != nil {
			t.Fatal(err)
		}
		if f == graph.Mermaid && strings.Contains(got[strings.Index(got, "flowchart"):], "<script") || strings.ContainsAny(got, "\x00\x07") {
			t.Errorf("%s has the text as it is:\n%s", f, got)
		}
		if f == graph.DOT && regexp.MustCompile(`[^\\]" *x"`).MatchString(got) {
			t.Errorf("a quotation mark ends a text:\n%s", got)
		}
	}
}

// TestLarge draws what no person would write: it must come to an end, and not
// be out of proportion.
func TestLarge(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1000} {
		svg, err := graph.Draw(parse(t, generated(n, 1)), graph.SVG, graph.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if len(svg) > n*20_000 {
			t.Errorf("%d bytes for %d states", len(svg), n)
		}
	}
}

func BenchmarkThousandStates(b *testing.B) {
	m := parse(b, generated(1000, 1))
	for b.Loop() {
		if _, err := graph.Draw(m, graph.SVG, graph.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzDraw draws whatever is a machine.
func FuzzDraw(f *testing.F) {
	for name := range machines(f) {
		if text, err := os.ReadFile(filepath.Join("testdata", name+".asl.json")); err == nil {
			f.Add(text)
		}
	}
	f.Add(generated(12, 3))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := asl.Parse(text)
		if err != nil {
			return
		}
		for _, format := range graph.Formats() {
			a, err := graph.Draw(m, format, graph.Options{Title: "T"})
			if err != nil {
				t.Fatal(err)
			}
			if format == graph.SVG {
				elements(t, a)
			}
			if b, _ := graph.Draw(m, format, graph.Options{Title: "T"}); a != b {
				t.Error("two drawings of the same machine differ")
			}
		}
	})
}

func TestFormatOf(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]graph.Format{"a.svg": graph.SVG, "a.mmd": graph.Mermaid, "a.mermaid": graph.Mermaid, "a.dot": graph.DOT, "a.gv": graph.DOT, "a.png": ""} {
		if got := graph.FormatOf(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
	if _, err := graph.Draw(parse(t, generated(3, 0)), "png", graph.Options{}); err == nil {
		t.Error("an unknown format must be refused")
	}
}
