package scenario

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wplake/internal/asl"
)

// Errors that Step Functions raises when nothing answers in time.
const (
	errTimeout   = "States.Timeout"
	errHeartbeat = "States.HeartbeatTimeout"
)

// Made is a call that a task made.
type Made struct {
	State     string `json:"state"`
	Resource  string `json:"resource"`
	Arguments any    `json:"arguments"`
	// Item is the iteration that called, "2" or "0/2"; "" outside of Maps.
	Item string `json:"item,omitempty"`
	// At is how long after the start it was made, in seconds.
	At float64 `json:"at"`
}

// due is an answer that is on its way.
type due struct {
	id     string
	at     time.Time
	answer asl.Answer
	never  string // the state that nothing answers, "" otherwise
}

// play is one execution on a fast clock.
type play struct {
	machine *asl.Machine
	mocks   []Mocks // of the test, then of the file
	x       *asl.Execution
	now     time.Time
	start   time.Time
	open    []due
	calls   []Made
	used    map[string]int // answers given, by state and item
	uuids   int
	tracks  *tracks
}

func (p *play) Now() time.Time            { return p.now }
func (p *play) Random() float64           { return 0.5 }
func (p *play) TaskToken(e string) string { return "token-" + e }

func (p *play) UUID() string {
	p.uuids++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", p.uuids)
}

// unmocked is what a test comes to that calls what it has no answer for.
type unmocked struct{ text string }

func (e *unmocked) Error() string { return e.text }

// run plays the execution to its end. The error says why there is none.
func (p *play) run(ctx context.Context) (asl.Outcome, error) {
	for {
		if err := ctx.Err(); err != nil {
			return p.x.Outcome(), err
		}
		more, err := p.step()
		if err != nil || p.x.Outcome().Status != asl.Running {
			return p.x.Outcome(), err
		}
		if more {
			continue
		}
		if err := p.next(); err != nil {
			return p.x.Outcome(), err
		}
	}
}

// step advances the execution and finds the answers to what it asks for.
func (p *play) step() (more bool, err error) {
	progress := p.x.Step(p, 10_000)
	if err := p.take(progress); err != nil {
		return false, err
	}
	return progress.More, nil
}

func (p *play) take(progress asl.Progress) error {
	for _, e := range progress.Effects {
		if err := p.effect(e); err != nil {
			return err
		}
	}
	for _, id := range progress.Cancelled {
		for i := range p.open {
			if p.open[i].id == id {
				p.open = append(p.open[:i], p.open[i+1:]...)
				break
			}
		}
	}
	return nil
}

// next lets the clock jump to what comes first.
func (p *play) next() error {
	first := -1
	for i := range p.open {
		if p.open[i].never == "" && (first < 0 || p.open[i].at.Before(p.open[first].at)) {
			first = i
		}
	}
	end, limited := p.x.Deadline()
	if limited && (first < 0 || end.Before(p.open[first].at)) {
		p.now = end
		return p.take(p.x.TimeOut(p))
	}
	if first < 0 {
		states := make([]string, 0, len(p.open))
		for _, d := range p.open {
			states = append(states, d.never)
		}
		return &unmocked{"the execution waits for ever for " + strings.Join(states, ", ") + ", which has no time-out"}
	}
	d := p.open[first]
	p.open = append(p.open[:first], p.open[first+1:]...)
	if d.at.After(p.now) {
		p.now = d.at
	}
	progress, err := p.x.Deliver(p, d.id, d.answer)
	if err != nil {
		return err
	}
	return p.take(progress)
}

func (p *play) effect(e asl.Effect) error {
	switch e.Kind {
	case asl.TimerEffect:
		p.open = append(p.open, due{id: e.ID, at: e.Until, answer: asl.Timer()})
		return nil
	case asl.ReadEffect:
		return p.read(e)
	case asl.InvokeEffect:
		return p.invoke(e)
	}
	// Results of a distributed Map are taken and forgotten.
	p.open = append(p.open, due{id: e.ID, at: p.now, answer: asl.Answer{Kind: asl.Done}})
	return nil
}

func (p *play) read(e asl.Effect) error {
	for _, m := range p.mocks {
		if s := m[e.State]; s != nil && s.HasRead {
			p.open = append(p.open, due{id: e.ID, at: p.now, answer: asl.Answer{Kind: asl.Done, Page: page(s.Read, e)}})
			return nil
		}
	}
	return &unmocked{fmt.Sprintf("state %q reads items from %s and has no mock: give it 'read: [item, …]'", e.State, e.Resource.ARN)}
}

// page is the part of the items that a read asks for; its cursor is the index
// of the first.
func page(items []any, e asl.Effect) *asl.Page {
	from, _ := strconv.Atoi(e.Cursor)
	to := len(items)
	if e.Limit > 0 {
		to = min(to, from+e.Limit)
	}
	out := &asl.Page{}
	for _, v := range items[min(from, to):to] {
		out.Items = append(out.Items, asl.Item{Value: v})
	}
	if to < len(items) {
		out.Next = strconv.Itoa(to)
	}
	return out
}

func (p *play) invoke(e asl.Effect) error {
	item := itemKey(e.Iterations)
	p.calls = append(p.calls, Made{
		State: e.State, Resource: e.Resource.ARN, Arguments: e.Arguments, Item: item, At: p.now.Sub(p.start).Seconds(),
	})
	m, ok := p.mock(e.State, item)
	if !ok {
		return &unmocked{fmt.Sprintf("state %q calls %s with %s and has no mock", e.State, e.Resource.ARN, brief(e.Arguments))}
	}
	kinds := []asl.AnswerKind{asl.Started}
	if e.Resource.Kind == asl.ServiceResource && e.Resource.Pattern != asl.RequestResponse {
		kinds = append(kinds, asl.Submitted)
	}
	for _, k := range kinds {
		if _, err := p.x.Deliver(p, e.ID, asl.Answer{Kind: k}); err != nil {
			return err
		}
	}
	d := due{id: e.ID, at: p.now.Add(m.Delay), answer: asl.Answer{Kind: asl.Done, Output: m.Result}}
	if m.Error != nil {
		d.answer = asl.Answer{Kind: asl.Failure, Error: m.Error, Cause: m.Cause}
	}
	if m.Never {
		d.never = strconv.Quote(e.State)
	}
	for _, limit := range []struct {
		after time.Duration
		name  string
	}{{e.Timeout, errTimeout}, {e.Heartbeat, errHeartbeat}} {
		if limit.after > 0 && (d.never != "" || d.at.After(p.now.Add(limit.after))) {
			d.at, d.never = p.now.Add(limit.after), ""
			d.answer = asl.Answer{Kind: asl.TaskTimeout, Error: &limit.name}
		}
	}
	p.open = append(p.open, d)
	return nil
}

func itemKey(iterations []int) string {
	parts := make([]string, len(iterations))
	for i, n := range iterations {
		parts[i] = strconv.Itoa(n)
	}
	return strings.Join(parts, "/")
}

// mock finds the answer to a call: the test's before the file's, the state's
// before "*".
func (p *play) mock(state, item string) (Mock, bool) {
	for _, name := range []string{state, "*"} {
		for level, m := range p.mocks {
			s := m[name]
			if s == nil {
				continue
			}
			sequence, key := s.sequence(item)
			if len(sequence) == 0 {
				continue
			}
			if name == "*" {
				key += "\x00" + state
			}
			key = strconv.Itoa(level) + "\x00" + name + "\x00" + key
			n := p.used[key]
			p.used[key]++
			return sequence[min(n, len(sequence)-1)], true
		}
	}
	return Mock{}, false
}

// sequence finds the answers for an iteration, and under what key they are
// counted.
func (s *StateMocks) sequence(item string) ([]Mock, string) {
	if s.Items == nil {
		return s.Sequence, ""
	}
	if m, ok := s.Items[item]; ok {
		return m, item
	}
	// One index alone means that of the innermost Map.
	if i := strings.LastIndexByte(item, '/'); i >= 0 {
		if m, ok := s.Items[item[i+1:]]; ok {
			return m, item
		}
	}
	return s.Items["*"], item
}
