package cloudwatch

import (
	"strings"

	"wplake/internal/logs"
)

// mostHeld bounds the invocations whose run is not known yet.
const mostHeld = 1000

// chooser hands on the lines that a query asks for. Lambda's line about the
// beginning of an invocation does not tell the run: it is held until another
// line of the invocation does.
type chooser struct {
	q     Query
	known map[string]bool // invocations of the run, by request
	held  []logs.Line
}

// take hands a line on where it is asked for. It returns false when the reader
// has enough.
func (c *chooser) take(l logs.Line, yield func(logs.Line, error) bool) bool {
	if c.q.Run == "" {
		return c.hand(l, yield)
	}
	request := l.Field(requestKey)
	switch {
	case l.Run() == c.q.Run:
		if request != "" && !c.known[request] {
			c.known[request] = true
			if !c.release(request, yield) {
				return false
			}
		}
		return c.hand(l, yield)
	case l.Run() != "" || request == "":
		return true
	case c.known[request]:
		return c.hand(l, yield)
	}
	if c.held = append(c.held, l); len(c.held) > mostHeld {
		c.held = c.held[1:]
	}
	return true
}

// release hands on the lines of an invocation that were held.
func (c *chooser) release(request string, yield func(logs.Line, error) bool) bool {
	rest := c.held[:0]
	enough := false
	for _, l := range c.held {
		if l.Field(requestKey) != request {
			rest = append(rest, l)
			continue
		}
		enough = enough || !c.hand(l, yield)
	}
	c.held = rest
	return !enough
}

func (c *chooser) hand(l logs.Line, yield func(logs.Line, error) bool) bool {
	if l.Level < c.q.Level || !strings.Contains(strings.ToLower(l.Text), strings.ToLower(c.q.Text)) {
		return true
	}
	return yield(l, nil)
}
