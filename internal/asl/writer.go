package asl

import (
	"encoding/json"
	"strconv"
	"strings"
)

// What is written at once; children wait while twice as much does.
const (
	writeResults = 1000
	writeBytes   = PageBytes
)

// The transformations of a ResultWriter.
const (
	transformNone    = "NONE"
	transformCompact = "COMPACT"
	transformFlatten = "FLATTEN"
)

// writing is the state of a ResultWriter that has a place to write to.
type writing struct {
	Resource  string
	Arguments any
	Config    any
	// Open tells that the place can be written to, Done that all is written;
	// Kept that what was added before a redrive has not been listed.
	Open, Done bool
	Kept       bool `json:",omitempty"`
	Part       int
	Effect     string `json:",omitempty"` // that is open
	// Queue are results that wait, Size about their bytes; Flight are those
	// that are being written.
	Queue  []Result `json:",omitempty"`
	Size   int      `json:",omitempty"`
	Flight []Result `json:",omitempty"`
	Final  bool     `json:",omitempty"` // the write that is open is the last
	Files  any      `json:",omitempty"` // what the last one answered
}

// openWriter evaluates a ResultWriter.
func (x *Execution) openWriter(sc *scope, r *mapRun) *failure {
	d := sc.state.resultWriter
	if d == nil {
		return nil
	}
	arguments, bad := sc.eval(d.arguments)
	if bad != nil {
		return bad
	}
	config, bad := sc.eval(d.config)
	if bad != nil {
		return bad
	}
	if d.resource != "" {
		r.Writer = &writing{Resource: d.resource, Arguments: arguments, Config: config}
		return nil
	}
	c, _ := config.(map[string]any)
	r.Transformation, _ = c["Transformation"].(string)
	if r.Transformation == "" {
		r.Transformation = transformCompact
	}
	r.Lines = c["OutputType"] == "JSONL"
	return nil
}

// add puts a result into the queue.
func (w *writing) add(res Result) {
	w.Queue = append(w.Queue, res)
	w.Size += 400 + size(res.Input, MaxPayload) + size(res.Output, MaxPayload)
}

// full tells that results have to be written before there are more.
func (w *writing) full() bool {
	return w != nil && (len(w.Queue) >= 2*writeResults || w.Size >= 2*writeBytes)
}

// write asks for a write when there is enough to write, or all is done.
func (x *Execution) write(f *frame, r *mapRun, done bool) {
	w := r.Writer
	if w == nil || w.Done || w.Effect != "" {
		return
	}
	if w.Open && !done && len(w.Queue) < writeResults && w.Size < writeBytes {
		return
	}
	e := Effect{Kind: WriteEffect, Arguments: w.Arguments, Config: w.Config, Write: &Write{Part: w.Part, Earlier: w.Files}}
	e.Resource, _ = ParseResource(w.Resource)
	if w.Open {
		w.Flight, w.Queue, w.Size, w.Final = w.Queue, nil, 0, done
		e.Write.Results, e.Write.Final = w.Flight, done
	} else {
		e.Write.Open, e.Write.Kept = true, w.Kept
	}
	w.Part++
	w.Effect = x.ask(f, r, e)
}

// written goes on after a write.
func (x *Execution) written(f *frame, g *children, a Answer) {
	r := g.Run
	w := r.Writer
	if a.Kind != Done {
		w.takeBack()
		if name := errWriter; r.Fault == nil {
			x.failRun(f, g, &failure{err: &name, cause: a.Cause})
			return
		}
		r.stopReading(x)
		x.closeRun(f, f.state(), g)
		return
	}
	w.Open, w.Kept = true, false
	for _, res := range w.Flight {
		if res.Status != Pending {
			r.Executions.ResultsWritten++
			r.Items.ResultsWritten += int64(res.Items)
		}
	}
	w.Flight = nil
	if w.Final {
		w.Done, w.Final, w.Files = true, false, a.Output
	}
	x.pump(f, f.state(), g)
}

// leave hands items that are not started to the writer, as a run that failed
// has them written.
func (r *mapRun) leave(g *children) {
	add := func(v any) {
		r.Writer.add(Result{Machine: r.Machine, Status: Pending, Input: v, Items: 1})
		r.Left++
	}
	if b := r.Batch; b != nil {
		for _, v := range b.Items {
			add(v)
		}
		b.Items = nil
	}
	for len(g.Items) > 0 && !r.Writer.full() {
		add(g.Items[0].Value)
		g.Items = g.Items[1:]
	}
}

// takeBack puts the results of a write that may have failed into the queue: a
// redrive writes them again, under the same number.
func (w *writing) takeBack() {
	w.Part--
	w.Queue, w.Flight, w.Final = append(w.Flight, w.Queue...), nil, false
}

// stopWriting lets the writer go.
func (r *mapRun) stopWriting(x *Execution) {
	if w := r.Writer; w != nil && w.Effect != "" {
		x.cancel(&w.Effect)
		w.takeBack()
	}
}

// form keeps a result as WriterConfig has it, without a place to write to.
func (g *children) form(slot int, res Result) {
	v := res.Output
	switch transformation := g.Run.Transformation; {
	case res.Status != Succeeded || transformation == transformNone:
		v = res.Entry()
	case transformation == transformFlatten:
		if list, isList := v.([]any); isList {
			// Its members become members of the whole.
			g.keep(slot, v, max(size(list, MaxPayload)-3, -1))
			return
		}
	}
	g.keep(slot, v, size(v, MaxPayload))
}

// output is what the state hands on.
func (r *mapRun) output(g *children) any {
	if w := r.Writer; w != nil {
		return map[string]any{"MapRunArn": r.ARN, "ResultWriterDetails": r.Place()}
	}
	list := g.list()
	if r.Transformation == transformFlatten {
		flat := make([]any, 0, len(list))
		for _, v := range list {
			if inner, isList := v.([]any); isList {
				flat = append(flat, inner...)
			} else {
				flat = append(flat, v)
			}
		}
		list = flat
	}
	if !r.Lines {
		return list
	}
	var b strings.Builder
	for _, v := range list {
		b.WriteString(Text(v))
		b.WriteByte('\n')
	}
	return b.String()
}

// Place is where a ResultWriter lists its files.
func (r *mapRun) Place() map[string]any {
	arguments, _ := r.Writer.Arguments.(map[string]any)
	bucket, _ := arguments["Bucket"].(string)
	return map[string]any{"Bucket": bucket, "Key": WriterPrefix(r.Writer.Arguments, r.ARN) + "manifest.json"}
}

// WriterPrefix is what the keys of all files of a ResultWriter begin with:
// Prefix/UUID/. arguments are those of the ResultWriter.
func WriterPrefix(arguments any, mapRun string) string {
	m, _ := arguments.(map[string]any)
	prefix, _ := m["Prefix"].(string)
	if prefix != "" {
		prefix += "/"
	}
	return prefix + mapRun[strings.LastIndexByte(mapRun, ':')+1:] + "/"
}

// Entry is the result as it stands in a file, or in the output of a state,
// without a transformation.
func (r *Result) Entry() map[string]any {
	e := map[string]any{
		"Input": Text(r.Input), "InputDetails": map[string]any{"Included": true},
		"StateMachineArn": r.Machine, "Status": string(r.Status),
	}
	if r.Status == Pending {
		return e
	}
	e["ExecutionArn"], e["Name"] = r.Execution, r.Name
	e["RedriveCount"] = json.Number(strconv.Itoa(r.Redrives))
	e["StartDate"], e["StopDate"] = formatTime(r.Started), formatTime(r.Stopped)
	if r.Status == Succeeded {
		e["Output"], e["OutputDetails"] = Text(r.Output), map[string]any{"Included": true}
		e["RedriveStatus"] = "NOT_REDRIVABLE"
		e["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
		return e
	}
	e["RedriveStatus"] = "REDRIVABLE"
	if r.Error != nil {
		e["Error"] = *r.Error
	}
	if r.Cause != nil {
		e["Cause"] = *r.Cause
	}
	return e
}
