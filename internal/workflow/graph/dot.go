package graph

import (
	"fmt"
	"strings"

	"wplake/internal/asl"
)

// dotText quotes a text for DOT.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return printable(r)
	}, s)) + `"`
}

// drawDOT writes a digraph for Graphviz.
func drawDOT(m *asl.Machine, o Options, p *path) string {
	s := newSource(p)
	s.name(&m.Flow)
	s.line(0, "digraph machine {")
	s.line(1, `graph [rankdir=TB compound=true fontname="Helvetica" fontsize=14 labelloc=t nodesep=0.4]`)
	if o.Title != "" {
		s.line(1, "label=%s", dotText(strings.TrimSpace(o.Title+"\n"+o.subtitle())))
	}
	s.line(1, `node [shape=box style="rounded,filled" fontname="Helvetica" fontsize=11 fillcolor="#ffffff" color="#c9d0da"]`)
	s.line(1, `edge [fontname="Helvetica" fontsize=10 color="#93a0b1"]`)
	s.dotFlow(&m.Flow, "", 1)
	s.line(0, "}")
	return s.b.String()
}

// inside is the node that an edge to or from a state is tied to: for one with
// branches the start of the first, where Graphviz cuts the edge at the cluster.
func (s *source) inside(st *asl.State, id string) string {
	if len(st.Branches) == 0 {
		return id
	}
	return "start_" + id + "_1"
}

func (s *source) dotFlow(f *asl.Flow, suffix string, depth int) {
	start, end := "start"+suffix, "end"+suffix
	s.line(depth, `%s [label="" shape=circle width=0.18 style=filled fillcolor="#8592a3" color="#8592a3" tooltip="start"]`, start)
	if hasEnd(f) {
		s.line(depth, `%s [label="" shape=doublecircle width=0.12 style=filled fillcolor="#8592a3" color="#8592a3" tooltip="end"]`, end)
	}
	clusters := map[string]*asl.State{}
	for _, name := range f.Names {
		st := f.States[name]
		id := s.ids[name]
		fill, line := "#ffffff", "#c9d0da"
		for _, look := range looks() {
			if look[0] == s.look(st) {
				fill, line = look[1], look[2]
			}
		}
		text := dotText(strings.Join(s.words(st), "\n"))
		if len(st.Branches) > 0 {
			clusters[id] = st
			s.line(depth, "subgraph cluster_%s {", id)
			s.line(depth+1, `label=%s style="rounded,filled" fillcolor="%s" color="%s" fontsize=11`, text, fill, line)
			for i, b := range st.Branches {
				s.line(depth+1, "subgraph cluster_%s_%d {", id, i+1)
				s.line(depth+2, `label="" style=dotted color="#c3cbd6"`)
				s.dotFlow(b, fmt.Sprintf("_%s_%d", id, i+1), depth+2)
				s.line(depth+1, "}")
			}
			s.line(depth, "}")
			continue
		}
		shape := ""
		switch st.Type {
		case asl.Choice:
			shape = ` shape=hexagon style=filled`
		case asl.Succeed, asl.Fail:
			shape = ` shape=ellipse style=filled`
		}
		s.line(depth, `%s [label=%s fillcolor="%s" color="%s" tooltip=%s%s]`, id, text, fill, line, dotText(tooltip(st, s.path.states[name])), shape)
	}
	for _, a := range s.arrows(f, start, end) {
		var more []string
		from, to := a.from, a.to
		if st := clusters[from]; st != nil {
			from = s.inside(st, from)
			more = append(more, "ltail=cluster_"+a.from)
		}
		if st := clusters[to]; st != nil {
			to = s.inside(st, to)
			more = append(more, "lhead=cluster_"+a.to)
		}
		if a.label != "" {
			more = append(more, "label="+dotText(a.label))
		}
		switch {
		case a.catch:
			more = append(more, `style=dashed color="#b3936b"`)
		case a.taken:
			more = append(more, `penwidth=2 color="#3f9a67"`)
		}
		s.line(depth, "%s -> %s [%s]", from, to, strings.Join(more, " "))
	}
}
