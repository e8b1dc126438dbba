package workflow

import (
	"encoding/json"
	"time"

	"wplake/internal/asl"
)

// operation is one thing that was done to an execution.
type operation struct {
	kind   opKind
	budget int // of a step
	// effect and answer are those of a delivery; worker took an activity.
	effect string
	answer asl.Answer
	// err and cause are those of an abort.
	err, cause *string
	mapRun     string
	update     asl.MapRunUpdate
}

// opKind says what was done. The numbers are in journals.
type opKind uint64

const (
	opStep opKind = iota + 1
	opDeliver
	opAbort
	opTimeOut
	opRedrive
	opMapRun
)

// record is what one entry of a journal repeats: operations at one time, with
// one seed.
type record struct {
	at     time.Time
	seed   [16]byte
	seeded bool
	ops    []operation
}

func answerKinds() []asl.AnswerKind {
	return []asl.AnswerKind{asl.Started, asl.Submitted, asl.Done, asl.Failure, asl.StartFailed, asl.TaskTimeout}
}

func (e *encoder) record(r *record) {
	e.number(r.at.UnixNano())
	if r.seeded {
		e.natural(1)
		e.b = append(e.b, r.seed[:]...)
	} else {
		e.natural(0)
	}
	e.natural(uint64(len(r.ops)))
	for i := range r.ops {
		e.operation(&r.ops[i])
	}
}

func (e *encoder) operation(o *operation) {
	e.natural(uint64(o.kind))
	switch o.kind {
	case opStep:
		e.natural(uint64(max(0, o.budget)))
	case opDeliver:
		e.text(o.effect)
		for i, k := range answerKinds() {
			if k == o.answer.Kind {
				e.natural(uint64(i))
			}
		}
		e.answer(&o.answer)
	case opAbort:
		e.optional(o.err)
		e.optional(o.cause)
	case opMapRun:
		e.text(o.mapRun)
		body, err := json.Marshal(o.update)
		if err != nil {
			body = []byte("{}") // numbers alone: it cannot fail but for NaN, which JSON had not let in
		}
		e.text(string(body))
	}
}

func (e *encoder) answer(a *asl.Answer) {
	e.value(a.Output)
	e.optional(a.Error)
	e.optional(a.Cause)
	e.text(a.Worker)
	if a.Page == nil {
		e.natural(0)
		return
	}
	e.natural(uint64(len(a.Page.Items)) + 1)
	e.text(a.Page.Next)
	for i := range a.Page.Items {
		item := &a.Page.Items[i]
		e.value(item.Value)
		e.text(item.Key)
		keyed := uint64(0)
		if item.Keyed {
			keyed = 1
		}
		e.natural(keyed)
		e.text(item.Source)
	}
}

func (d *decoder) record() record {
	r := record{at: time.Unix(0, d.number()).UTC(), seeded: d.natural() == 1}
	if r.seeded {
		copy(r.seed[:], d.bytes(uint64(len(r.seed))))
	}
	for n := d.natural(); n > 0 && d.err == nil; n-- {
		r.ops = append(r.ops, d.operation())
	}
	return r
}

func (d *decoder) operation() operation {
	o := operation{kind: opKind(d.natural())}
	switch o.kind {
	case opStep:
		o.budget = int(d.natural() & (1<<31 - 1))
	case opDeliver:
		o.effect = d.text()
		kinds := answerKinds()
		k := d.natural()
		if k >= uint64(len(kinds)) {
			d.fail()
			return o
		}
		o.answer = d.answer()
		o.answer.Kind = kinds[k]
	case opAbort:
		o.err, o.cause = d.optional(), d.optional()
	case opTimeOut, opRedrive:
	case opMapRun:
		o.mapRun = d.text()
		if err := json.Unmarshal([]byte(d.text()), &o.update); err != nil {
			d.fail()
		}
	default:
		d.fail()
	}
	return o
}

func (d *decoder) answer() asl.Answer {
	a := asl.Answer{Output: d.value(), Error: d.optional(), Cause: d.optional(), Worker: d.text()}
	n := d.natural()
	if n == 0 || d.err != nil {
		return a
	}
	a.Page = &asl.Page{Next: d.text()}
	for ; n > 1 && d.err == nil; n-- {
		item := asl.Item{Value: d.value(), Key: d.text()}
		item.Keyed = d.natural() == 1
		item.Source = d.text()
		a.Page.Items = append(a.Page.Items, item)
	}
	return a
}
