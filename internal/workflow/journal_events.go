package workflow

import (
	"slices"
	"time"

	"wplake/internal/asl"
)

// Which fields of an event are there.
const (
	hasState = 1 << iota
	hasInput
	hasOutput
	hasError
	hasCause
	hasAssigned
	hasLocation
	hasResource
	hasLimits
	hasIndex
	hasLength
	hasMapRun
	hasRedrives
	hasRole
	hasWorker
)

// event appends an event. Its number and time are told from the one before.
func (e *encoder) event(v *asl.Event, id *int64, at *int64) {
	flags := uint64(0)
	set := func(flag uint64, ok bool) {
		if ok {
			flags |= flag
		}
	}
	set(hasState, v.State != "")
	set(hasInput, v.HasInput)
	set(hasOutput, v.HasOutput)
	set(hasError, v.Error != nil)
	set(hasCause, v.Cause != nil)
	set(hasAssigned, len(v.Assigned) > 0)
	set(hasLocation, v.Location != "")
	set(hasResource, v.Resource != "" || v.Service != "")
	set(hasLimits, v.Timeout != 0 || v.Heartbeat != 0)
	set(hasIndex, v.Index != 0)
	set(hasLength, v.Length != 0)
	set(hasMapRun, v.MapRun != "")
	set(hasRedrives, v.Redrives != 0)
	set(hasRole, v.RoleARN != "")
	set(hasWorker, v.Worker != "")
	e.natural(flags)
	e.number(v.ID - *id)
	e.number(v.ID - v.Previous)
	now := v.Time.UnixNano()
	e.number(now - *at)
	*id, *at = v.ID, now
	e.text(v.Type)
	if flags&hasState != 0 {
		e.text(v.State)
	}
	if v.HasInput {
		e.value(v.Input)
	}
	if v.HasOutput {
		e.value(v.Output)
	}
	if v.Error != nil {
		e.text(*v.Error)
	}
	if v.Cause != nil {
		e.text(*v.Cause)
	}
	if flags&hasAssigned != 0 {
		keys := make([]string, 0, len(v.Assigned))
		for k := range v.Assigned {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		e.natural(uint64(len(keys)))
		for _, k := range keys {
			e.text(k)
			e.text(v.Assigned[k])
		}
	}
	if flags&hasLocation != 0 {
		e.text(v.Location)
	}
	if flags&hasResource != 0 {
		e.text(v.Resource)
		e.text(v.Service)
	}
	if flags&hasLimits != 0 {
		e.number(v.Timeout)
		e.number(v.Heartbeat)
	}
	if flags&hasIndex != 0 {
		e.number(int64(v.Index))
	}
	if flags&hasLength != 0 {
		e.number(int64(v.Length))
	}
	if flags&hasMapRun != 0 {
		e.text(v.MapRun)
	}
	if flags&hasRedrives != 0 {
		e.number(int64(v.Redrives))
	}
	if flags&hasRole != 0 {
		e.text(v.RoleARN)
	}
	if flags&hasWorker != 0 {
		e.text(v.Worker)
	}
}

// event reads what encoder.event wrote.
func (d *decoder) event(id *int64, at *int64) asl.Event {
	flags := d.natural()
	has := func(flag uint64) bool { return flags&flag != 0 && d.err == nil }
	var v asl.Event
	v.ID = *id + d.number()
	v.Previous = v.ID - d.number()
	*at += d.number()
	*id = v.ID
	v.Time = time.Unix(0, *at).UTC()
	v.Type = d.text()
	if has(hasState) {
		v.State = d.text()
	}
	if has(hasInput) {
		v.Input, v.HasInput = d.value(), true
	}
	if has(hasOutput) {
		v.Output, v.HasOutput = d.value(), true
	}
	if has(hasError) {
		s := d.text()
		v.Error = &s
	}
	if has(hasCause) {
		s := d.text()
		v.Cause = &s
	}
	if has(hasAssigned) {
		v.Assigned = map[string]string{}
		for n := d.natural(); n > 0 && d.err == nil; n-- {
			k := d.text()
			v.Assigned[k] = d.text()
		}
	}
	if has(hasLocation) {
		v.Location = d.text()
	}
	if has(hasResource) {
		v.Resource, v.Service = d.text(), d.text()
	}
	if has(hasLimits) {
		v.Timeout, v.Heartbeat = d.number(), d.number()
	}
	if has(hasIndex) {
		v.Index = int(d.number())
	}
	if has(hasLength) {
		v.Length = int(d.number())
	}
	if has(hasMapRun) {
		v.MapRun = d.text()
	}
	if has(hasRedrives) {
		v.Redrives = int(d.number())
	}
	if has(hasRole) {
		v.RoleARN = d.text()
	}
	if has(hasWorker) {
		v.Worker = d.text()
	}
	return v
}

// decodeEvents reads the events of a block.
func decodeEvents(events []byte) ([]asl.Event, error) {
	d := decoder{b: events}
	var out []asl.Event
	id, at := int64(0), int64(0)
	for len(d.b) > 0 {
		out = append(out, d.event(&id, &at))
		if d.err != nil {
			return nil, d.err
		}
	}
	return out, nil
}
