package graph

import (
	"fmt"
	"math"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/workflow/trace"
)

// margin is the empty edge of a drawing, in pixels.
const margin = 28.0

// canvas writes a drawing.
type canvas struct {
	b    strings.Builder
	path *path
}

// drawSVG draws a machine as a document that needs nothing else: no script, no
// font, no style sheet.
func drawSVG(m *asl.Machine, o Options, p *path) string {
	f := newFlow(&m.Flow, p, true)
	title, subtitle := font{size: 17, bold: true}, font{size: 12.5}
	head, width := 0.0, f.w
	if o.Title != "" {
		head += 26
		width = max(width, title.width(o.Title))
	}
	if text := o.subtitle(); text != "" {
		head += 20
		width = max(width, subtitle.width(text)+16)
	}
	if head > 0 {
		head += 12
	}
	w, h := width+2*margin, f.h+head+2*margin
	c := &canvas{path: p}
	fmt.Fprintf(&c.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" role="img">`+"\n", num(w), num(h), num(w), num(h))
	name := o.Title
	if name == "" {
		name = "state machine"
	}
	c.put("<title>", escape(name), "</title>\n")
	if m.Comment != "" {
		c.put("<desc>", escape(m.Comment), "</desc>\n")
	}
	c.put("<style>\n", style, "</style>\n")
	c.put(`<rect class="paper" width="`, num(w), `" height="`, num(h), `"/>`, "\n")
	y := margin
	if o.Title != "" {
		y += 17
		c.text("title", margin, y, o.Title)
		y += 9
	}
	if text := o.subtitle(); text != "" {
		y += 13
		c.mark(statusOutcome(o.Execution.Status), margin+5, y-4.3)
		c.text("subtitle", margin+16, y, text)
	}
	fmt.Fprintf(&c.b, `<g transform="translate(%s %s)">`+"\n", num(margin+(width-f.w)/2), num(margin+head))
	c.flow(f)
	c.put("</g>\n</svg>\n")
	return c.b.String()
}

func statusOutcome(s asl.Status) outcome {
	switch s {
	case asl.Succeeded:
		return trace.Succeeded
	case asl.Failed:
		return trace.Failed
	case asl.TimedOut:
		return trace.TimedOut
	case asl.Aborted:
		return trace.Aborted
	}
	return trace.Running
}

func (c *canvas) put(parts ...string) {
	for _, p := range parts {
		c.b.WriteString(p)
	}
}

// escape makes a text safe between tags and in attributes. Characters that XML
// does not allow are taken out.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\n' || r == '\t' || r >= ' ' && r < 0x7f || r > 0x9f && r != 0xfffe && r != 0xffff:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func (c *canvas) text(class string, x, y float64, text string) {
	fmt.Fprintf(&c.b, `<text class="%s" x="%s" y="%s">%s</text>`+"\n", class, num(x), num(y), escape(text))
}

// flow draws edges first, so that boxes and words lie on them.
func (c *canvas) flow(f *flow) {
	// What an execution went lies over what it did not.
	for _, taken := range []bool{false, true} {
		for _, t := range f.lanes {
			if t.trunk {
				c.trunk(f, t, taken)
			}
		}
		for _, e := range f.edges {
			if (e.taken > 0) == taken {
				c.edge(f, e)
			}
		}
	}
	for _, v := range f.vertices {
		switch v.kind {
		case stateVertex:
			c.state(v)
		case startVertex, endVertex:
			c.marker(f, v)
		}
	}
	c.words(f)
}

// edgeClass is the look of an edge.
func (c *canvas) edgeClass(kind edgeKind, taken bool) string {
	class := "edge"
	if kind == catchEdge {
		class += " catch"
	}
	switch {
	case !c.path.shown:
	case !taken:
		class += " off"
	case kind == catchEdge:
		class += " caught"
	default:
		class += " succeeded"
	}
	return class
}

func (c *canvas) edge(f *flow, e *edge) {
	class := c.edgeClass(e.kind, e.taken > 0)
	p := &pen{}
	switch {
	case e.lane == nil:
		p = f.down(e)
		c.way(class, p, e.tip())
		c.arrow(class, point{e.to.x, e.to.top()}, 0, 1)
	case e.lane.trunk:
		points := f.stub(e)
		last := points[len(points)-1]
		p.corners(append(points, point{last.x, last.y + corner}))
		c.way(class, p, e.tip())
	default:
		points := f.around(e)
		whole := f.farthest(e, c.path.shown) == e
		if len(e.via) > 0 { // by its label first
			first := &pen{}
			first.move(e.from.x, e.from.bottom())
			first.curve(e.end.x, e.end.y)
			c.way(class, first, "")
		}
		if !whole {
			points = f.stub(e)
			last := points[len(points)-1]
			p.corners(append(points, point{last.x, last.y + math.Copysign(corner, e.to.y-last.y)}))
			c.way(class, p, e.tip())
			return
		}
		p.corners(points)
		c.way(class, p, e.tip())
		a, b := points[len(points)-2], points[len(points)-1]
		switch {
		case a.x < b.x:
			c.arrow(class, point{b.x + arrowGap, b.y}, 1, 0)
		case a.x > b.x:
			c.arrow(class, point{b.x - arrowGap, b.y}, -1, 0)
		default:
			c.arrow(class, point{b.x, b.y + arrowGap}, 0, 1)
		}
	}
}

// farthest is the edge of e's lane that is drawn in full, for all those that
// look like e and join it on its way.
func (f *flow) farthest(e *edge, shown bool) *edge {
	far := e
	for _, other := range e.lane.edges {
		alike := !shown || (other.taken > 0) == (e.taken > 0)
		sameWay := (other.end.y < e.to.y) == (e.end.y < e.to.y)
		if alike && sameWay && math.Abs(other.end.y-e.to.y) > math.Abs(far.end.y-e.to.y) {
			far = other
		}
	}
	return far
}

// tip is what an edge tells in full.
func (e *edge) tip() string {
	from, to := "start", "end"
	if e.from.state != nil {
		from = e.from.state.Name
	}
	if e.to.state != nil {
		to = e.to.state.Name
	}
	text := from + " → " + to
	switch {
	case e.kind == catchEdge:
		text += "\non " + strings.ReplaceAll(e.title, "\n", "\nor ")
	case e.title != "":
		text += "\n" + strings.ReplaceAll(e.title, "\n", "\nor ")
	}
	if e.taken > 1 {
		text += fmt.Sprintf("\ntaken %d times", e.taken)
	}
	return text
}

func (c *canvas) way(class string, p *pen, tip string) {
	c.put(`<path class="`, class, `" d="`, p.String(), `"`)
	if tip == "" {
		c.put("/>\n")
		return
	}
	c.put("><title>", escape(tip), "</title></path>\n")
}

// arrow draws a head whose point is at a place, in a direction.
func (c *canvas) arrow(class string, at point, dx, dy float64) {
	const long, wide = 8.0, 4.0
	p := &pen{}
	p.move(at.x, at.y)
	p.line(at.x-dx*long-dy*wide, at.y-dy*long-dx*wide)
	p.line(at.x-dx*long+dy*wide, at.y-dy*long+dx*wide)
	c.put(`<path class="head `, class, `" d="`, p.String(), `Z"/>`, "\n")
}

// trunk draws the part of a trunk that an execution went, or the other.
func (c *canvas) trunk(f *flow, t *lane, taken bool) {
	first, firstTaken := -1.0, -1.0
	for _, e := range t.edges {
		points := f.stub(e)
		y := points[len(points)-1].y + corner
		if first < 0 || y < first {
			first = y
		}
		if e.taken > 0 && (firstTaken < 0 || y < firstTaken) {
			firstTaken = y
		}
	}
	from, to := first, firstTaken
	if taken {
		from, to = firstTaken, -1
	}
	if from < 0 || from == to {
		return
	}
	class := c.edgeClass(catchEdge, taken)
	end := t.to.top() - arrowGap
	if to >= 0 {
		end = to
	}
	p := &pen{}
	started := false
	for _, v := range append(append([]*vertex{}, t.via...), t.to) {
		r := &f.rows[v.layer]
		for _, y := range []float64{r.top, r.top + r.height} {
			if v == t.to {
				y = t.to.top() - arrowGap
			}
			switch {
			case y < from:
				if !started {
					p = &pen{}
					p.move(v.x, from)
				}
			case !started:
				started = true
				if p.String() == "" {
					p.move(v.x, from)
				}
				p.curve(v.x, min(y, end))
			case p.y < end:
				p.curve(v.x, min(y, end))
			}
		}
	}
	c.way(class, p, "")
	if to < 0 {
		c.arrow(class, point{t.to.x, t.to.top()}, 0, 1)
	}
}

// words writes what stands on the edges.
func (c *canvas) words(f *flow) {
	for _, e := range f.edges {
		class := "word"
		if c.path.shown && e.taken == 0 {
			class += " off"
		}
		if e.kind != catchEdge {
			if len(e.via) > 0 && e.via[0].kind == labelVertex {
				v := e.via[0]
				c.label(class, v.x, v.y, v.name)
			}
			continue
		}
		if f.stubLabel(e) == 0 {
			continue
		}
		points := f.stub(e)
		at := points[len(points)-2]
		x, anchor := at.x+8, " start"
		if points[len(points)-1].x < at.x {
			x, anchor = at.x-8, " end"
		}
		c.lines(class+anchor, x, at.y-5-labelSize*1.25*float64(len(e.label)-1), e.label)
	}
	for _, t := range f.lanes {
		if t.label == nil {
			continue
		}
		class := "word"
		if c.path.shown && !anyTaken(t.edges) {
			class += " off"
		}
		height := labelSize * 1.25 * float64(len(t.label))
		switch {
		case t.trunk:
			c.label(class, t.to.x, t.to.y-f.rows[t.to.layer].height/2-height/2-14, t.label)
		case t.self:
			c.lines(class+" start", t.x+6, sideY(t.to)-height/2+labelSize*0.98, t.label)
		case t.entry != nil && t.x > t.to.x:
			c.lines(class+" start", t.entry.from+12, t.entry.y-5-labelSize*1.25*float64(len(t.label)-1), t.label)
		case t.entry != nil:
			c.lines(class+" end", t.entry.from-12, t.entry.y-5-labelSize*1.25*float64(len(t.label)-1), t.label)
		case t.x > t.to.x:
			c.lines(class+" start", t.to.right()+14, t.port-5-labelSize*1.25*float64(len(t.label)-1), t.label)
		default:
			c.lines(class+" end", t.to.left()-14, t.port-5-labelSize*1.25*float64(len(t.label)-1), t.label)
		}
	}
}

func anyTaken(edges []*edge) bool {
	for _, e := range edges {
		if e.taken > 0 {
			return true
		}
	}
	return false
}

// label writes words on an edge, around a place.
func (c *canvas) label(class string, x, y float64, lines []string) {
	w := labelFont().widest(lines) + 8
	h := labelSize * 1.25 * float64(len(lines))
	c.put(`<rect class="under" x="`, num(x-w/2), `" y="`, num(y-h/2-1), `" width="`, num(w), `" height="`, num(h+2), `" rx="4"/>`, "\n")
	c.lines(class, x, y-h/2+labelSize*0.98, lines)
}

// lines writes words below each other.
func (c *canvas) lines(class string, x, y float64, lines []string) {
	for _, line := range lines {
		c.text(class, x, y, line)
		y += labelSize * 1.25
	}
}
