package graph

import (
	"math"
	"strconv"
	"strings"
)

// arrowGap is how far before a box a way ends: the arrow's point reaches on.
const arrowGap = 1.0

// corner is the radius of the corners of ways.
const corner = 9.0

// pen writes a way as SVG's path data.
type pen struct {
	b    strings.Builder
	x, y float64
}

// num writes a number with at most one decimal.
func num(v float64) string {
	v = math.Round(v*10) / 10
	if v == 0 {
		v = 0 // no -0
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func (p *pen) write(op string, values ...float64) {
	p.b.WriteString(op)
	for i, v := range values {
		if i > 0 {
			p.b.WriteByte(' ')
		}
		p.b.WriteString(num(v))
	}
	p.x, p.y = values[len(values)-2], values[len(values)-1]
}

func (p *pen) move(x, y float64) { p.write("M", x, y) }

func (p *pen) line(x, y float64) {
	if x != p.x || y != p.y {
		p.write("L", x, y)
	}
}

// curve goes to a place below or above, leaving and arriving upright.
func (p *pen) curve(x, y float64) {
	if math.Abs(x-p.x) < 0.5 {
		p.line(x, y)
		return
	}
	middle := (p.y + y) / 2
	p.write("C", p.x, middle, x, middle, x, y)
}

// corners goes along points by lines with round corners.
func (p *pen) corners(points []point) {
	p.move(points[0].x, points[0].y)
	before := points[0]
	for i, at := range points[1:] {
		rest := points[i+2:]
		if len(rest) == 0 {
			p.line(at.x, at.y)
			return
		}
		after := rest[0]
		dx, dy := at.x-before.x, at.y-before.y
		in, out := math.Hypot(dx, dy), math.Hypot(after.x-at.x, after.y-at.y)
		before = at
		if in == 0 || out == 0 {
			continue
		}
		far := out
		if len(rest) > 1 {
			out /= 2 // the other half is the next corner's
		}
		r := min(corner, in/2, out)
		p.line(at.x-dx/in*r, at.y-dy/in*r)
		p.write("Q", at.x, at.y, at.x+(after.x-at.x)/far*r, at.y+(after.y-at.y)/far*r)
	}
}

func (p *pen) String() string { return p.b.String() }
