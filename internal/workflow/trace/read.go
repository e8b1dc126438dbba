package trace

import (
	"slices"
	"strings"
	"time"

	"wplake/internal/asl"
)

// read takes in one event.
func (r *reader) read(e *asl.Event) {
	from, ok := r.at[e.Previous]
	if !ok {
		from = place{visit: -1}
	}
	switch {
	case strings.HasSuffix(e.Type, "StateEntered"):
		r.at[e.ID] = place{visit: r.entered(e, from)}
		return
	case strings.HasSuffix(e.Type, "StateExited"):
		r.at[e.ID] = place{visit: r.exited(e, from), ended: true}
		return
	case strings.HasPrefix(e.Type, "MapIteration"):
		r.at[e.ID] = r.iteration(e, from)
		return
	case strings.HasPrefix(e.Type, "Execution"):
		r.execution(e, from)
		r.at[e.ID] = place{visit: -1}
		return
	}
	var i int
	switch {
	case e.Type == "EvaluationFailed":
		i = r.evaluated(e, from)
		if i >= 0 {
			r.fail(r.visits[i], e)
		}
	case strings.HasPrefix(e.Type, "Parallel"), strings.HasPrefix(e.Type, "Map"):
		i = r.group(e, from)
		r.at[e.ID] = place{visit: i, child: e.Type == "ParallelStateStarted"}
		return
	case strings.HasSuffix(e.Type, "StateAborted"):
		kind := asl.StateType(strings.TrimSuffix(e.Type, "StateAborted"))
		if i = r.climb(from.visit, func(v *Visit) bool { return v.open && v.Type == kind }); i >= 0 {
			r.end(i, e, Aborted)
		}
	default:
		is := func(v *Visit) bool { return v.open && v.Type == asl.Task }
		if i = r.climb(from.visit, is); i < 0 {
			i = r.latest(is) // where a redriven execution goes on
		}
		if i >= 0 {
			r.task(r.visits[i], e)
		}
	}
	r.at[e.ID] = place{visit: i}
}

// climb finds the nearest visit from i outwards that a condition holds for.
func (r *reader) climb(i int, is func(*Visit) bool) int {
	for i >= 0 {
		if is(r.visits[i]) {
			return i
		}
		i = r.visits[i].Parent
	}
	return -1
}

// latest finds the newest visit that a condition holds for.
func (r *reader) latest(is func(*Visit) bool) int {
	for i := len(r.visits) - 1; i >= 0; i-- {
		if is(r.visits[i]) {
			return i
		}
	}
	return -1
}

func (r *reader) entered(e *asl.Event, from place) int {
	v := &Visit{
		State: e.State, Type: asl.StateType(strings.TrimSuffix(e.Type, "StateEntered")), Status: Running, open: true,
		Entered: e.Time, EnteredID: e.ID, Input: e.Input, Parent: -1, Next: -1, before: e.Previous,
	}
	i := len(r.visits)
	r.visits = append(r.visits, v)
	at, known := r.homes[e.State]
	switch {
	case from.child:
		v.Parent = from.visit
	case known && at.container == "":
	case known:
		v.Parent = r.climb(from.visit, func(p *Visit) bool { return p.State == at.container })
		if v.Parent < 0 {
			v.Parent = r.latest(func(p *Visit) bool { return p.open && p.State == at.container })
		}
	case from.visit >= 0:
		v.Parent = r.visits[from.visit].Parent
	}
	if from.visit < 0 {
		r.again(v, e)
	}
	if v.Parent >= 0 {
		r.visits[v.Parent].children = append(r.visits[v.Parent].children, i)
	}
	if from.ended && from.visit >= 0 && r.visits[from.visit].Parent == v.Parent {
		before := r.visits[from.visit]
		before.Next = i
		v.Path = before.Path
		return i
	}
	if v.Parent < 0 {
		return i
	}
	p := r.visits[v.Parent]
	step := Step{State: p.State, Index: from.index}
	switch {
	case p.Type == asl.Map:
		step.Iteration = true
	case known:
		step.Index = at.branch
	default:
		step.Index = p.seen
		p.seen++
	}
	v.Path = append(slices.Clip(slices.Clone(p.Path)), step)
	return i
}

// again ends the visit that a redriven execution takes up by a new entry into
// the same state.
func (r *reader) again(v *Visit, e *asl.Event) {
	for i, old := range r.visits[:len(r.visits)-1] {
		if old.open && old.State == v.State && old.Parent == v.Parent {
			r.end(i, e, Aborted)
		}
	}
}

func (r *reader) exited(e *asl.Event, from place) int {
	named := func(v *Visit) bool { return v.State == e.State && (v.open || v.Status == Failed) }
	i := r.climb(from.visit, named)
	if i < 0 {
		i = r.latest(named)
	}
	if i < 0 {
		return -1
	}
	v := r.visits[i]
	v.Output, v.HasOutput = e.Output, true
	status := Succeeded
	if v.failing {
		status = Caught
		// A Fail state inside, or a catcher, has told the error only here.
		if output, ok := e.Output.(map[string]any); ok && v.Error == nil {
			v.Error, v.Cause = textAt(output, "Error"), textAt(output, "Cause")
		}
	}
	r.close(i, e, status)
	r.tell(i)
	return i
}

// tell gives the failed states within a Parallel or Map its error where they
// have none: the history names that of a Fail state nowhere else.
func (r *reader) tell(i int) {
	v := r.visits[i]
	for _, k := range v.children {
		if c := r.visits[k]; c.Status == Failed && c.Error == nil && v.Error != nil {
			c.Error, c.Cause = v.Error, v.Cause
			r.tell(k)
		}
	}
}

func textAt(object map[string]any, key string) *string {
	if text, ok := object[key].(string); ok {
		return &text
	}
	return nil
}

// close ends a visit and those inside that have no end yet.
func (r *reader) close(i int, e *asl.Event, status Status) {
	v := r.visits[i]
	if len(v.Tries) > 0 && v.Tries[len(v.Tries)-1].Ended.IsZero() {
		v.Tries[len(v.Tries)-1].Ended = e.Time
	}
	v.open, v.Status, v.Left, v.LeftID = false, status, e.Time, e.ID
	if status == Succeeded {
		v.Error, v.Cause = nil, nil
	}
	r.closeInside(i, e)
}

// closeInside ends what is still open inside a Parallel or Map.
func (r *reader) closeInside(i int, e *asl.Event) {
	for _, k := range r.visits[i].children {
		if r.visits[k].open {
			r.end(k, e, Aborted)
		}
	}
}

// end ends a visit that has no exit: as failed when it had failed before, else
// with the status given.
func (r *reader) end(i int, e *asl.Event, otherwise Status) {
	if r.visits[i].failing || r.visits[i].Type == asl.Fail {
		otherwise = Failed
	}
	r.close(i, e, otherwise)
}

// iteration takes in an event of a Map's iteration.
func (r *reader) iteration(e *asl.Event, from place) place {
	named := func(v *Visit) bool { return v.State == e.State && v.Type == asl.Map && v.open }
	i := r.climb(from.visit, named)
	if i < 0 {
		i = r.latest(named)
	}
	if i < 0 {
		return place{visit: -1}
	}
	switch v := r.visits[i]; e.Type {
	case "MapIterationStarted":
		return place{visit: i, child: true, index: e.Index}
	case "MapIterationSucceeded":
		v.Done++
	case "MapIterationFailed":
		v.Failing++
		r.closeIteration(i, e)
	case "MapIterationAborted":
		r.closeIteration(i, e)
	}
	return place{visit: i}
}

func (r *reader) closeIteration(i int, e *asl.Event) {
	for _, k := range r.visits[i].children {
		v := r.visits[k]
		if v.open && v.Path[len(v.Path)-1].Index == e.Index {
			r.end(k, e, Aborted)
			r.blame(r.visits[i], v)
		}
	}
}

// blame gives a Parallel or Map the error of the child that failed.
func (r *reader) blame(v, child *Visit) {
	if child.Status == Failed && v.Error == nil {
		v.Error, v.Cause = child.Error, child.Cause
	}
}

// evaluated finds the visit whose expression failed. The event of a state that
// has done nothing yet follows what came before its entry.
func (r *reader) evaluated(e *asl.Event, from place) int {
	named := func(v *Visit) bool { return v.open && v.State == e.State }
	if i := r.climb(from.visit, named); i >= 0 {
		return i
	}
	if i := r.latest(func(v *Visit) bool { return named(v) && v.before == e.Previous }); i >= 0 {
		return i
	}
	return r.latest(named)
}

func (r *reader) fail(v *Visit, e *asl.Event) {
	v.failing, v.Error, v.Cause = true, e.Error, e.Cause
	if n := len(v.Tries); n > 0 && (v.Type == asl.Task || e.Type == "EvaluationFailed") {
		t := &v.Tries[n-1]
		t.Ended, t.Error, t.Cause = e.Time, e.Error, e.Cause
	}
}

// group takes in an event of a Parallel or Map as a whole.
func (r *reader) group(e *asl.Event, from place) int {
	kind := asl.Parallel
	if strings.HasPrefix(e.Type, "Map") {
		kind = asl.Map
	}
	is := func(v *Visit) bool { return v.open && v.Type == kind }
	i := r.climb(from.visit, is)
	if i < 0 {
		if i = r.latest(is); i < 0 {
			return -1
		}
	}
	v := r.visits[i]
	switch e.Type {
	case "ParallelStateStarted", "MapStateStarted":
		r.closeInside(i, e)
		if n := len(v.Tries); n > 0 && v.Tries[n-1].Ended.IsZero() { // the try before failed, and nothing said so
			v.Tries[n-1].Ended = e.Time
			r.blameChildren(i)
			v.Tries[n-1].Error, v.Tries[n-1].Cause = v.Error, v.Cause
		}
		v.Tries = append(v.Tries, Try{Started: e.Time})
		v.failing, v.Error, v.Cause, v.Items, v.Done, v.Failing, v.seen = false, nil, nil, e.Length, 0, 0, 0
	case "MapRunStarted":
		v.MapRun = e.MapRun
	case "ParallelStateSucceeded", "MapStateSucceeded":
		v.failing = false
	case "MapRunFailed":
		v.failing, v.Error, v.Cause = true, e.Error, e.Cause
	case "ParallelStateFailed", "MapStateFailed":
		v.failing = true
		r.closeInside(i, e)
		r.blameChildren(i)
		if n := len(v.Tries); n > 0 {
			t := &v.Tries[n-1]
			t.Ended, t.Error, t.Cause = e.Time, v.Error, v.Cause
		}
	case "ParallelStateAborted", "MapStateAborted":
		r.end(i, e, Aborted)
	}
	return i
}

func (r *reader) blameChildren(i int) {
	for _, k := range r.visits[i].children {
		r.blame(r.visits[i], r.visits[k])
	}
}

// task takes in an event of a Task's call.
func (r *reader) task(v *Visit, e *asl.Event) {
	what := e.Type
	for _, family := range []string{"Task", "LambdaFunction", "Activity"} {
		if rest, ok := strings.CutPrefix(e.Type, family); ok {
			what = rest
			break
		}
	}
	switch what {
	case "Scheduled":
		v.Tries = append(v.Tries, Try{Started: e.Time})
		v.failing, v.Error, v.Cause, v.Submitted = false, nil, nil, false
	case "Submitted":
		v.Submitted = true
	case "Succeeded":
		v.failing = false
		if n := len(v.Tries); n > 0 {
			v.Tries[n-1].Ended = e.Time
		}
	case "Failed", "TimedOut", "StartFailed", "SubmitFailed", "ScheduleFailed":
		r.fail(v, e)
		if what == "TimedOut" && e.Error == nil {
			name := "States.Timeout"
			v.Error = &name
		}
	}
}

// execution takes in the beginning or the end of the whole.
func (r *reader) execution(e *asl.Event, from place) {
	status := Aborted
	switch e.Type {
	case "ExecutionStarted":
		return
	case "ExecutionRedriven":
		r.redriven()
		return
	case "ExecutionTimedOut":
		status = TimedOut
	case "ExecutionFailed":
		r.blameLast(e, from)
	}
	r.ended = e.ID
	for i := len(r.visits) - 1; i >= 0; i-- {
		if v := r.visits[i]; v.open {
			r.end(i, e, status)
			if v.Parent >= 0 {
				r.blame(r.visits[v.Parent], v)
			}
		}
	}
	for i := range r.visits {
		r.tell(i)
	}
}

// blameLast marks what ended the execution: the state that was dealt with last,
// unless what the end follows had failed already, and all around it.
func (r *reader) blameLast(e *asl.Event, from place) {
	i := from.visit
	if i < 0 || !r.visits[i].open || !r.visits[i].failing {
		if last, ok := r.at[e.ID-1]; ok && last.visit >= 0 && r.visits[last.visit].open {
			i = last.visit
		}
	}
	for ; i >= 0; i = r.visits[i].Parent {
		v := r.visits[i]
		if !v.open {
			continue
		}
		v.failing = true
		if v.Error == nil {
			v.Error, v.Cause = e.Error, e.Cause
		}
	}
}

// redriven opens again what the execution's end closed: it goes on there.
func (r *reader) redriven() {
	for _, v := range r.visits {
		if v.LeftID == r.ended && r.ended != 0 && !v.HasOutput {
			v.open, v.Status, v.Left, v.LeftID = true, Running, time.Time{}, 0
		}
	}
	r.ended = 0
}
