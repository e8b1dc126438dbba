package graph

import (
	"fmt"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/workflow/trace"
)

// source writes a machine for a program that does the layout itself.
type source struct {
	b    strings.Builder
	path *path
	ids  map[string]string // of states
	next int
}

func newSource(p *path) *source { return &source{path: p, ids: map[string]string{}} }

func (s *source) line(depth int, format string, args ...any) {
	s.b.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(&s.b, format, args...)
	s.b.WriteByte('\n')
}

// name gives every state of a flow, and of those within, a short name.
func (s *source) name(f *asl.Flow) {
	for _, name := range f.Names {
		s.next++
		s.ids[name] = fmt.Sprintf("s%d", s.next)
		for _, b := range f.States[name].Branches {
			s.name(b)
		}
	}
}

// look is the class of a state: its outcome, or its type.
func (s *source) look(state *asl.State) string {
	if !s.path.shown {
		return strings.ToLower(string(state.Type))
	}
	if p := s.path.states[state.Name]; p != nil {
		return strings.ReplaceAll(outcomeClass(p.outcome), " ", "")
	}
	return "off"
}

// looks are the colours of the classes: fill and line.
func looks() [][3]string {
	return [][3]string{
		{"task", "#f3f7fe", "#b4c7ea"}, {"choice", "#fdf8ec", "#dfcb98"}, {"wait", "#f7f4fd", "#cabfe6"}, {"pass", "#f7f8fa", "#c9d0da"},
		{"succeed", "#eff8f2", "#a5d3b6"}, {"fail", "#fdf2f2", "#e5b3b3"}, {"parallel", "#f5fafa", "#afcfd2"}, {"map", "#f5fafa", "#afcfd2"},
		{"succeeded", "#edf8f1", "#5cae7f"}, {"failed", "#fdeeee", "#d65a5a"}, {"caught", "#fef4e6", "#db9238"}, {"running", "#ebf3fe", "#4b87dc"},
		{"aborted", "#f4f5f7", "#9aa5b3"}, {"off", "#fbfbfc", "#dde2e8"},
	}
}

// words are the lines that a state's box holds.
func (s *source) words(state *asl.State) []string {
	lines := []string{state.Name, detail(state)}
	if n := retries(state); n > 0 {
		lines[1] += fmt.Sprintf(" · ×%d", n)
	}
	if p := s.path.states[state.Name]; p != nil {
		lines = append(lines, noteSign(p.outcome)+p.words())
		if p.err != "" {
			lines = append(lines, p.err)
		}
	}
	return lines
}

func noteSign(o outcome) string {
	switch o {
	case trace.Succeeded:
		return "✓ "
	case trace.Failed, trace.TimedOut:
		return "✗ "
	case trace.Caught:
		return "! "
	}
	return ""
}

// arrow is an edge between states, or from a start or to an end.
type arrow struct {
	from, to string
	label    string
	catch    bool
	taken    bool
}

// arrows lists the edges of a flow; start and end are names for those places.
func (s *source) arrows(f *asl.Flow, start, end string) []arrow {
	went := func(from, to string, caught bool) bool { return s.path.steps[step{from, to, caught}] > 0 }
	out := []arrow{{from: start, to: s.ids[f.StartAt], taken: s.path.states[f.StartAt] != nil}}
	for _, name := range f.Names {
		st := f.States[name]
		at := len(out)
		join := func(to, label string, catch bool) {
			for i := at; i < len(out); i++ {
				if out[i].to == s.ids[to] && out[i].catch == catch {
					out[i].label += "\nor " + label
					return
				}
			}
			out = append(out, arrow{from: s.ids[name], to: s.ids[to], label: label, catch: catch, taken: went(name, to, catch)})
		}
		for _, r := range st.Choices {
			join(r.Next, r.String(), false)
		}
		if st.Default != "" {
			join(st.Default, "otherwise", false)
		}
		switch {
		case ends(st):
			out = append(out, arrow{from: s.ids[name], to: end, taken: went(name, "", false)})
		case st.Next != "" && st.Type != asl.Choice:
			join(st.Next, "", false)
		}
		for _, c := range st.Catch {
			join(c.Next, errorWords(c.ErrorEquals), true)
		}
	}
	return out
}

// hasEnd tells whether a state of a flow leads to its end.
func hasEnd(f *asl.Flow) bool {
	for _, st := range f.States {
		if ends(st) {
			return true
		}
	}
	return false
}

// mermaidText makes a text safe within quotation marks: what means something
// to Mermaid, or to the HTML that it writes, is given by number.
func mermaidText(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString("<br/>")
		case strings.ContainsRune("\"#&<>;`\\[]{}()|*_~$", r):
			fmt.Fprintf(&b, "#%d;", r)
		case r < ' ' || r == 0x7f:
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// drawMermaid writes a flowchart for Mermaid.
func drawMermaid(m *asl.Machine, o Options, p *path) string {
	s := newSource(p)
	s.name(&m.Flow)
	if o.Title != "" {
		title := o.Title
		if text := o.subtitle(); text != "" {
			title += " – " + text
		}
		s.line(0, "---\ntitle: %q\n---", strings.Map(printable, title))
	}
	s.line(0, "flowchart TD")
	s.mermaidFlow(&m.Flow, "", 1)
	for _, look := range looks() {
		s.line(1, "classDef %s fill:%s,stroke:%s,color:#1e2530", look[0], look[1], look[2])
	}
	return s.b.String()
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

// mermaidFlow writes a flow; suffix tells its start and end from those of
// others.
func (s *source) mermaidFlow(f *asl.Flow, suffix string, depth int) {
	start, end := "start"+suffix, "end"+suffix+"_"
	s.line(depth, "%s((Start))", start)
	if hasEnd(f) {
		s.line(depth, "%s((End))", end)
	}
	for _, name := range f.Names {
		st := f.States[name]
		id, text := s.ids[name], mermaidText(strings.Join(s.words(st), "\n"))
		switch {
		case len(st.Branches) > 0:
			s.line(depth, `subgraph %s["%s"]`, id, text)
			for i, b := range st.Branches {
				s.line(depth+1, `subgraph %s_%d[" "]`, id, i+1)
				s.mermaidFlow(b, fmt.Sprintf("_%s_%d", id, i+1), depth+2)
				s.line(depth+1, "end")
			}
			s.line(depth, "end")
			s.line(depth, "class %s %s", id, s.look(st))
			continue
		case st.Type == asl.Choice:
			s.line(depth, `%s{{"%s"}}:::%s`, id, text, s.look(st))
		case st.Type == asl.Succeed, st.Type == asl.Fail:
			s.line(depth, `%s(["%s"]):::%s`, id, text, s.look(st))
		default:
			s.line(depth, `%s("%s"):::%s`, id, text, s.look(st))
		}
	}
	for _, a := range s.arrows(f, start, end) {
		way := "-->"
		switch {
		case a.catch:
			way = "-.->"
		case a.taken:
			way = "==>"
		}
		if a.label != "" {
			way += `|"` + mermaidText(a.label) + `"|`
		}
		s.line(depth, "%s %s %s", a.from, way, a.to)
	}
}
