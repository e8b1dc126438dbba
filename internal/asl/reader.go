package asl

// What a page may have, and when the next one is asked for.
const (
	pageItems = 1000
	lowItems  = 100
	// mostItems is the largest number of items that a reader gives.
	mostItems = 100_000_000
)

// reading is the state of an ItemReader.
type reading struct {
	Resource  string
	Arguments any
	Config    any
	Most      int64  // 0 for no limit
	Read      int64  // items so far
	Cursor    string // of the next page
	Effect    string `json:",omitempty"` // that is open
	Ended     bool   `json:",omitempty"`
}

func (r *reading) copied() *reading {
	if r == nil {
		return nil
	}
	c := *r
	c.Effect = ""
	return &c
}

// openReader evaluates an ItemReader.
func (x *Execution) openReader(sc *scope, r *mapRun) *failure {
	d := sc.state.itemReader
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
	most, _, bad := sc.count(d.maxItems)
	if bad != nil {
		return bad
	}
	r.Reader = &reading{Resource: d.resource, Arguments: arguments, Config: config, Most: most}
	return nil
}

// reads checks what can only be told once the run has begun.
func (r *mapRun) reads() *failure {
	switch d := r.Reader; {
	case d == nil:
	case d.Most < 0:
		return fail(errReader, "field MaxItems must be positive")
	case d.Most == 0 || d.Most > mostItems:
		d.Most = mostItems
	}
	return nil
}

// read asks for the next page when few items are left.
func (x *Execution) read(f *frame, g *children) {
	d := g.Run.Reader
	if d == nil || d.Ended || d.Effect != "" || len(g.Items) >= lowItems {
		return
	}
	resource, _ := ParseResource(d.Resource)
	d.Effect = x.ask(f, g.Run, Effect{Kind: ReadEffect, Resource: resource, Arguments: d.Arguments, Config: d.Config,
		Cursor: d.Cursor, Limit: int(min(pageItems, d.Most-d.Read))})
}

// ask asks for something that a run needs, beside what its children ask for.
func (x *Execution) ask(f *frame, r *mapRun, e Effect) string {
	e.ID, e.State, e.Iterations, e.MapRun, e.Attempt = x.effectID(), f.State, f.iterations(), r.ARN, f.RetryCount
	if f.own != nil {
		e.Execution = f.own.ARN
	}
	x.waiting[e.ID] = f
	x.steps.Effects = append(x.steps.Effects, e)
	return e.ID
}

// runAnswered takes an answer that a run waits for; it tells whether it was one.
func (x *Execution) runAnswered(f *frame, effect string, a Answer) bool {
	g := f.Children
	if g == nil || g.Run == nil {
		return false
	}
	r := g.Run
	switch {
	case r.Reader != nil && r.Reader.Effect == effect:
		r.Reader.Effect = ""
		x.pageRead(f, g, a)
	case r.Writer != nil && r.Writer.Effect == effect:
		r.Writer.Effect = ""
		x.written(f, g, a)
	default:
		return false
	}
	return true
}

// pageRead goes on with the items that were read.
func (x *Execution) pageRead(f *frame, g *children, a Answer) {
	r := g.Run
	d := r.Reader
	page := a.Page
	if page == nil && a.Kind == Done {
		items, ok := a.Output.([]any)
		if !ok {
			cause := "Attempting to map over non-iterable node."
			a = Answer{Kind: Failure, Cause: &cause}
		}
		page = &Page{Items: asItems(items, nil)}
	}
	if a.Kind != Done {
		if r.Fault != nil {
			// What is left only mattered for the list of what is pending.
			d.Ended = true
			x.pump(f, f.state(), g)
			return
		}
		name := errReader
		if a.Error == nil {
			a.Error = &name
		}
		x.failRun(f, g, &failure{err: a.Error, cause: a.Cause})
		return
	}
	items := page.Items
	if left := d.Most - d.Read; int64(len(items)) > left {
		items = items[:left]
	}
	d.Read += int64(len(items))
	d.Cursor = page.Next
	d.Ended = page.Next == "" || d.Read >= d.Most
	g.Items = append(g.Items[:len(g.Items):len(g.Items)], items...)
	if r.Fault == nil && d.Ended && g.exceeded() {
		x.failRun(f, g, exceeded())
		return
	}
	x.pump(f, f.state(), g)
}

// stopReading lets the reader go.
func (r *mapRun) stopReading(x *Execution) {
	if r.Reader != nil {
		x.cancel(&r.Reader.Effect)
		r.Reader.Ended = true
	}
}
