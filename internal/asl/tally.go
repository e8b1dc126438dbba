package asl

// running counts a child that starts (1) or stops (-1) to run.
func (r *mapRun) running(c *frame, n int64) {
	r.Executions.Running += n
	r.Items.Running += n * int64(c.Child.Items)
}

// ended counts a child that has ended so, or with -1 takes it back.
func (r *mapRun) ended(c *frame, s Status, n int64) {
	for _, t := range []struct {
		tally *Tally
		n     int64
	}{{&r.Executions, n}, {&r.Items, n * int64(c.Child.Items)}} {
		switch s {
		case Succeeded:
			t.tally.Succeeded += t.n
		case TimedOut:
			t.tally.TimedOut += t.n
		case Aborted:
			t.tally.Aborted += t.n
		default:
			t.tally.Failed += t.n
		}
	}
}

// tally adds to what is counted what waits.
func (r *mapRun) tally(g *children, items bool) Tally {
	t, pending := r.Executions, int64(len(g.Items))
	if items {
		t = r.Items
	}
	b := r.Batch
	if r.Rest != nil && r.Fault != nil {
		b, pending = r.Rest.Batch, int64(len(r.Rest.Items))
	}
	if b != nil {
		// How many children the items will make is not known before.
		pending += int64(len(b.Items))
		if !items {
			pending = min(pending, 1)
		}
	}
	t.Pending = max(pending, r.Left)
	for _, c := range r.Queue {
		if items {
			t.PendingRedrive += int64(c.Child.Items)
		} else {
			t.PendingRedrive++
		}
	}
	t.Total = t.Pending + t.Running + t.Succeeded + t.Failed + t.TimedOut + t.Aborted + t.PendingRedrive
	return t
}

// park keeps a child that failed for a redrive, as long as there is room.
func (r *mapRun) park(c *frame) {
	n := c.weight(maxParked)
	if c.Child.Ended == Failed && r.ParkedSize+n > maxParked {
		r.Executions.FailuresNotRedrivable++
		r.Items.FailuresNotRedrivable += int64(c.Child.Items)
		return
	}
	r.ParkedSize += n
	r.Parked = append(r.Parked, c)
}

// weight is about how many bytes a frame and those below it hold.
func (f *frame) weight(limit int) int {
	n := 300 + size(f.Input, limit)
	if f.Child != nil {
		n += size(f.Child.Input, limit)
	}
	for _, v := range f.Vars {
		n += size(v, limit)
	}
	for _, g := range []*children{f.Children, f.Kept} {
		if g == nil {
			continue
		}
		n += g.Size
		for _, i := range g.Items {
			n += size(i.Value, limit)
		}
		for _, c := range g.all() {
			n += c.weight(limit)
		}
	}
	return n
}
