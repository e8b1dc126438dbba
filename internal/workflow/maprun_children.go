package workflow

import (
	"strings"

	"wplake/internal/asl"
)

// childEvent takes an event of an item of a distributed Map: its execution is
// kept beside its parent's, and all that is told of it comes from its events.
func (r *execution) childEvent(v *asl.Event) {
	t := r.turn
	ct := t.children[v.Execution]
	if ct == nil {
		ct = &childTurn{child: Child{ARN: v.Execution}}
		t.children[v.Execution] = ct
		t.order = append(t.order, v.Execution)
	}
	ct.events.event(v, &ct.id, &ct.at)
	switch v.Type {
	case "ExecutionStarted":
		if v.ID > 1 {
			// An Express child of a run that is redriven begins again, under its name.
			ct.end(asl.Running, v)
			return
		}
		k := &Kept{Execution: Execution{
			ARN: v.Execution, Name: lastPart(v.Execution), Machine: childMachine(r.kept.Machine, v.Execution), Status: asl.Running,
			Input: appendJSON(nil, v.Input), Started: v.Time, MapRun: v.MapRun, Parent: r.kept.ARN,
		}}
		ct.child.Create = k
	case "ExecutionRedriven":
		ct.end(asl.Running, v).Redrives = v.Redrives
		ct.child.End.Redriven = v.Time
	case "ExecutionSucceeded":
		ct.end(asl.Succeeded, v).Output = appendJSON(nil, v.Output)
	case "ExecutionFailed":
		ct.end(asl.Failed, v)
	case "ExecutionTimedOut":
		ct.end(asl.TimedOut, v)
	case "ExecutionAborted":
		ct.end(asl.Aborted, v)
	}
}

// end notes how a child stands.
func (ct *childTurn) end(s asl.Status, v *asl.Event) *Kept {
	k := &Kept{Execution: Execution{Status: s, Error: v.Error, Cause: v.Cause}}
	if s != asl.Running {
		k.Stopped = v.Time
	}
	if before := ct.child.End; before != nil {
		k.Redrives, k.Redriven = before.Redrives, before.Redriven
	}
	ct.child.End = k
	return k
}

// childMachine is the machine of an item's execution: its parent's, under the
// name MACHINE/LABEL.
func childMachine(m StateMachine, child string) StateMachine {
	parts := strings.Split(child, ":")
	if len(parts) < 8 {
		return m
	}
	m.Name = parts[6]
	m.ARN = strings.Join(parts[:5], ":") + ":stateMachine:" + parts[6]
	m.Version, m.Alias = "", ""
	return m
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }
