package graph

import (
	"fmt"
	"strings"

	"wplake/internal/asl"
	"wplake/internal/workflow/trace"
)

// marker draws the start or an end of a flow.
func (c *canvas) marker(f *flow, v *vertex) {
	class := "marker"
	switch {
	case !c.path.shown:
	case v.kind == startVertex && len(f.edges) > 0 && f.edges[0].taken > 0, v.passed != nil:
		class += " on"
	default:
		class += " off"
	}
	if v.name != nil {
		c.put(`<rect class="`, class, `" x="`, num(v.left()), `" y="`, num(v.top()), `" width="`, num(v.w), `" height="`, num(v.h), `" rx="`, num(v.h/2), `"/>`, "\n")
		c.text("markerword"+strings.TrimPrefix(class, "marker"), v.x, v.y+detailSize*0.36, v.name[0])
		return
	}
	if v.kind == endVertex {
		c.put(`<circle class="`, class, ` ring" cx="`, num(v.x), `" cy="`, num(v.y), `" r="`, num(v.w/2-0.5), `"/>`, "\n")
		c.put(`<circle class="`, class, ` dot" cx="`, num(v.x), `" cy="`, num(v.y), `" r="`, num(v.w/2-3), `"/>`, "\n")
		return
	}
	c.put(`<circle class="`, class, ` dot" cx="`, num(v.x), `" cy="`, num(v.y), `" r="`, num(v.w/2-1), `"/>`, "\n")
}

// outcomeClass is the look that an outcome gives.
func outcomeClass(o outcome) string {
	if o == trace.TimedOut {
		return "failed"
	}
	return string(o)
}

// boxClass is the look of a state's box: of its type, or of how it went.
func (c *canvas) boxClass(v *vertex) string {
	switch {
	case !c.path.shown:
		return strings.ToLower(string(v.state.Type))
	case !v.reached():
		return "off"
	}
	return outcomeClass(v.outcome())
}

// state draws a box with all that is in it.
func (c *canvas) state(v *vertex) {
	class := c.boxClass(v)
	c.put(`<g class="`, class, `"><title>`, escape(tooltip(v.state, v.passed)), "</title>\n")
	c.outline(v)
	height := v.h
	if len(v.inner) > 0 {
		height = v.header
	}
	lines := nameSize*lineHeight*float64(len(v.name)) + detailSize*lineHeight*float64(len(v.detail)+len(v.note))
	if len(v.note) > 0 {
		lines += 5
	}
	y := v.top() + (height-lines)/2
	for _, line := range v.name {
		c.text("name", v.x, y+nameSize*0.98, line)
		y += nameSize * lineHeight
	}
	for _, line := range v.detail {
		c.text("detail", v.x, y+detailSize*1.05, line)
		y += detailSize * lineHeight
	}
	if len(v.note) > 0 {
		y += 5
	}
	for i, line := range v.note {
		x := v.x
		if i == 0 {
			w := detailFont().width(line)*0.96 + 14
			c.mark(v.outcome(), x-w/2+4, y+detailSize*0.68)
			x += 7
		}
		c.text("note", x, y+detailSize*1.05, line)
		y += detailSize * lineHeight
	}
	c.branches(v)
	if n := retries(v.state); n > 0 {
		c.badge(v, n)
	}
	c.put("</g>\n")
}

func (c *canvas) outline(v *vertex) {
	switch v.state.Type {
	case asl.Choice:
		p := &pen{}
		l, r, t, b := v.left(), v.left()+v.w, v.top(), v.top()+v.h
		p.move(l+chamfer, t)
		p.line(r-chamfer, t)
		p.line(r, v.y)
		p.line(r-chamfer, b)
		p.line(l+chamfer, b)
		p.line(l, v.y)
		c.put(`<path class="box" d="`, p.String(), `Z"/>`, "\n")
		return
	case asl.Map:
		for _, off := range []float64{stackDepth, stackDepth / 2} {
			c.rect("box behind", v.left()+off, v.top()+off, v.w, v.h, 10)
		}
	}
	radius := 9.0
	if v.state.Type == asl.Succeed || v.state.Type == asl.Fail {
		radius = 20
	}
	if len(v.inner) == 0 {
		c.rect("box", v.left(), v.top(), v.w, v.h, radius)
		return
	}
	c.rect("box body", v.left(), v.top(), v.w, v.h, radius)
	l, r, t, b := v.left()+0.6, v.left()+v.w-0.6, v.top()+0.6, v.top()+v.header-6
	p := &pen{}
	p.corners([]point{{l, b}, {l, t}, {r, t}, {r, b}})
	c.put(`<path class="band" d="`, p.String(), `Z"/>`, "\n")
}

func (c *canvas) rect(class string, x, y, w, h, radius float64) {
	c.put(`<rect class="`, class, `" x="`, num(x), `" y="`, num(y), `" width="`, num(w), `" height="`, num(h), `" rx="`, num(min(radius, h/2)), `"/>`, "\n")
}

// branches draws what is within a Parallel or Map, side by side.
func (c *canvas) branches(v *vertex) {
	total, tallest := -branchGap, 0.0
	for _, b := range v.inner {
		total += b.w + branchGap
		tallest = max(tallest, b.h)
	}
	x, y := v.x-total/2, v.top()+v.header
	for i, b := range v.inner {
		if i > 0 {
			at := x - branchGap/2
			c.put(`<path class="divide" d="M`, num(at), " ", num(y), "V", num(y+tallest), `"/>`, "\n")
		}
		fmt.Fprintf(&c.b, `<g transform="translate(%s %s)">`+"\n", num(x), num(y))
		c.flow(b)
		c.put("</g>\n")
		x += b.w + branchGap
	}
}

// badge says at the corner of a box how often it is tried again.
func (c *canvas) badge(v *vertex, n int) {
	text := fmt.Sprintf("×%d", n)
	w := font{size: 10.5, bold: true}.width(text) + 25
	x, y := v.left()+v.w-w-8, v.top()-9
	c.put(`<g><title>tried again up to `, fmt.Sprint(n), " times</title>\n")
	c.rect("badge", x, y, w, 18, 9)
	cx, cy := x+11, y+9
	c.put(`<path class="turn" d="M`, num(cx+3.6), " ", num(cy-0.9), "A3.8 3.8 0 1 1 ", num(cx+1.2), " ", num(cy-3.6), `"/>`)
	c.put(`<path class="turnhead" d="M`, num(cx+0.1), " ", num(cy-6.4), "L", num(cx+4.2), " ", num(cy-3.5), "L", num(cx+0.1), " ", num(cy-0.9), `Z"/>`, "\n")
	c.text("badgeword", x+18, y+12.8, text)
	c.put("</g>\n")
}

// mark draws the sign of an outcome around a place.
func (c *canvas) mark(o outcome, x, y float64) {
	d := ""
	p := func(format string, dx, dy float64) { d += format + num(x+dx) + " " + num(y+dy) }
	switch o {
	case trace.Succeeded:
		p("M", -4, 0)
		p("L", -1.2, 3)
		p("L", 4, -3.5)
	case trace.Failed, trace.TimedOut:
		p("M", -3.2, -3.2)
		p("L", 3.2, 3.2)
		p("M", 3.2, -3.2)
		p("L", -3.2, 3.2)
	case trace.Caught:
		p("M", 0, -4)
		p("L", 0, 1)
		p("M", 0, 3.6)
		p("L", 0, 3.7)
	case trace.Aborted:
		p("M", -3.5, 0)
		p("L", 3.5, 0)
	default:
		p("M", -2.5, -3.5)
		p("L", 3.2, 0)
		p("L", -2.5, 3.5)
		d += "Z"
	}
	c.put(`<path class="mark `, outcomeClass(o), `" d="`, d, `"/>`, "\n")
}
