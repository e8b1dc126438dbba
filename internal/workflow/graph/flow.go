package graph

import (
	"fmt"
	"slices"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/workflow/trace"
)

type vertexKind uint8

const (
	stateVertex vertexKind = iota
	startVertex
	endVertex
	labelVertex // the words on an edge
	bendVertex  // a point of an edge that passes a layer
)

// vertex is a box, or a place that an edge goes through. x and y are those of
// its centre.
type vertex struct {
	kind       vertexKind
	state      *asl.State
	passed     *passed
	name       []string // lines
	detail     []string
	note       []string // what an execution did here
	inner      []*flow  // branches
	header     float64  // height of what is above the branches
	stack      float64  // how far the edges of more boxes show behind it
	w, h       float64
	x, y       float64
	layer, pos int
	// side is 0 for what the machine reaches without an error, else the number
	// of the group of states that only errors lead to.
	side  int
	links []link
}

// link is a neighbour in a layer above or below.
type link struct {
	to     *vertex
	weight float64
}

type edgeKind uint8

const (
	nextEdge edgeKind = iota
	choiceEdge
	catchEdge
)

// edge leads from a vertex to another.
type edge struct {
	kind     edgeKind
	from, to *vertex
	label    []string
	title    string
	taken    int
	back     bool
	// via are the vertices between from and to.
	via  []*vertex
	lane *lane
	// end is what the lane begins at: from, or the label. exit is how it gets
	// there.
	end  *vertex
	exit exit
	port float64 // where it leaves the side of its box
}

// flow is a machine, a branch or an item processor, laid out.
type flow struct {
	source   *asl.Flow
	outer    bool
	path     *path
	vertices []*vertex
	edges    []*edge
	lanes    []*lane
	layers   [][]*vertex
	rows     []row
	byName   map[string]*vertex
	start    *vertex
	w, h     float64
}

// Sizes, in pixels.
const (
	nameSize   = 13.5
	detailSize = 11
	labelSize  = 11.5
	padX       = 14.0
	padY       = 10.0
	lineHeight = 1.3
	minCard    = 148.0
	maxText    = 200.0
	maxLabel   = 150.0
	boxPad     = 16.0
	branchGap  = 18.0
)

func nameFont() font   { return font{size: nameSize, bold: true} }
func detailFont() font { return font{size: detailSize} }
func labelFont() font  { return font{size: labelSize} }

// newFlow takes a flow apart and lays it out, what is inside first.
func newFlow(source *asl.Flow, p *path, outer bool) *flow {
	f := &flow{source: source, path: p, outer: outer, byName: map[string]*vertex{}}
	f.start = f.add(&vertex{kind: startVertex})
	f.sizeMarker(f.start, "Start")
	for _, name := range source.Names {
		s := source.States[name]
		v := f.add(&vertex{kind: stateVertex, state: s, passed: p.states[name]})
		f.byName[name] = v
		for _, b := range s.Branches {
			v.inner = append(v.inner, newFlow(b, p, false))
		}
		f.measure(v)
	}
	f.even()
	f.connect()
	f.layOut()
	return f
}

func (f *flow) add(v *vertex) *vertex {
	f.vertices = append(f.vertices, v)
	return v
}

func (f *flow) sizeMarker(v *vertex, word string) {
	v.w, v.h = 12, 12
	if f.outer {
		v.name = []string{word}
		v.w, v.h = detailFont().width(word)+28, 24
	}
}

// measure gives a state's box its lines and its size.
func (f *flow) measure(v *vertex) {
	v.name = nameFont().wrap(v.state.Name, maxText, 4)
	v.detail = detailFont().wrap(detail(v.state), maxText, 2)
	if v.passed != nil {
		v.note = []string{v.passed.words()}
		if v.passed.err != "" {
			v.note = append(v.note, detailFont().cut(v.passed.err, maxText))
		}
	}
	w := max(nameFont().widest(v.name), detailFont().widest(v.detail), detailFont().widest(v.note)+14)
	h := nameSize*lineHeight*float64(len(v.name)) + detailSize*lineHeight*float64(len(v.detail)+len(v.note))
	if len(v.note) > 0 {
		h += 5
	}
	v.w, v.h = w+2*padX, h+2*padY
	if v.state.Type == asl.Choice {
		v.w += 2 * chamfer
	}
	if len(v.inner) == 0 {
		return
	}
	v.header = v.h
	if v.state.Type == asl.Map {
		v.stack = stackDepth
	}
	inner, tallest := -branchGap, 0.0
	for _, b := range v.inner {
		inner += b.w + branchGap
		tallest = max(tallest, b.h)
	}
	v.w = max(v.w, inner+2*boxPad)
	v.h = v.header + tallest + boxPad
}

// stackDepth is how far the boxes behind a Map's show.
const stackDepth = 8.0

// chamfer is how far the ends of a choice's box are cut off.
const chamfer = 14.0

// even makes the plain boxes of a flow equally wide.
func (f *flow) even() {
	plain := func(v *vertex) bool { return v.kind == stateVertex && len(v.inner) == 0 }
	w := minCard
	for _, v := range f.vertices {
		if plain(v) {
			w = max(w, v.w)
		}
	}
	for _, v := range f.vertices {
		if plain(v) {
			v.w = w
		}
	}
}

// connect makes the edges: those of a choice that lead to the same state are
// one, as are those of catchers.
func (f *flow) connect() {
	if first := f.byName[f.source.StartAt]; first != nil {
		f.join(nextEdge, f.start, first, "")
	}
	for _, name := range f.source.Names {
		v := f.byName[name]
		s := v.state
		for _, r := range s.Choices {
			if to := f.byName[r.Next]; to != nil {
				f.join(choiceEdge, v, to, r.String())
			}
		}
		if to := f.byName[s.Default]; to != nil {
			f.join(choiceEdge, v, to, "otherwise")
		}
		if to := f.byName[s.Next]; to != nil && s.Type != asl.Choice {
			f.join(nextEdge, v, to, "")
		}
		for _, c := range s.Catch {
			if to := f.byName[c.Next]; to != nil {
				f.join(catchEdge, v, to, errorWords(c.ErrorEquals))
			}
		}
	}
}

// join adds an edge or, where there is one of its kind, its label to that.
func (f *flow) join(kind edgeKind, from, to *vertex, label string) {
	i := slices.IndexFunc(f.edges, func(e *edge) bool { return e.from == from && e.to == to && e.kind == kind })
	if i < 0 {
		i = len(f.edges)
		f.edges = append(f.edges, &edge{kind: kind, from: from, to: to, taken: f.taken(kind, from, to)})
	}
	e := f.edges[i]
	if label == "" {
		return
	}
	if e.title == "" {
		e.title = label
	} else {
		e.title += "\n" + label
	}
	e.label = e.labelLines()
}

// maxLabelLines bounds the lines on an edge; the whole text is its tooltip.
const maxLabelLines = 4

func (e *edge) labelLines() []string {
	texts := strings.Split(e.title, "\n")
	var lines []string
	for i, text := range texts {
		if e.kind == choiceEdge && i > 0 {
			text = "or " + text
		}
		if len(lines) == maxLabelLines-1 && i < len(texts)-1 {
			return append(lines, fmt.Sprintf("or %d more", len(texts)-i))
		}
		lines = append(lines, labelFont().wrap(text, maxLabel, min(3, maxLabelLines-len(lines)))...)
		if len(lines) >= maxLabelLines {
			break
		}
	}
	return lines
}

// taken is how often an execution went an edge.
func (f *flow) taken(kind edgeKind, from, to *vertex) int {
	if !f.path.shown {
		return 0
	}
	switch {
	case from.kind == startVertex:
		if to.passed != nil {
			return max(1, f.path.steps[step{to: to.state.Name}])
		}
		return 0
	case to.kind == endVertex:
		return f.path.steps[step{from: from.state.Name}]
	}
	return f.path.steps[step{from: from.state.Name, to: to.state.Name, caught: kind == catchEdge}]
}

// ends tells whether a state ends its flow without being a Succeed or Fail.
func ends(s *asl.State) bool {
	return s.Next == "" && s.Type != asl.Choice && s.Type != asl.Succeed && s.Type != asl.Fail
}

func (v *vertex) left() float64   { return v.x - v.w/2 }
func (v *vertex) right() float64  { return v.x + v.w/2 + v.stack }
func (v *vertex) top() float64    { return v.y - v.h/2 }
func (v *vertex) bottom() float64 { return v.y + v.h/2 + v.stack }

// solid tells boxes from the places that edges go through.
func (v *vertex) solid() bool { return v.kind != bendVertex }

func (v *vertex) outcome() outcome {
	if v.passed == nil {
		return ""
	}
	return v.passed.outcome
}

// reached tells whether an execution got to a vertex at all.
func (v *vertex) reached() bool { return v.passed != nil && v.passed.outcome != trace.Status("") }
