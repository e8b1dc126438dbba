package asl

import (
	"encoding/json"
	"strconv"
)

// distributedConcurrency is how many children of a distributed Map run at once.
const distributedConcurrency = 10_000

func (x *Execution) mapState(f *frame, s *State) {
	if a := x.mock(f); a != nil {
		x.mockedMap(f, s, a)
		return
	}
	sc := x.scope(f)
	in, bad := sc.filter(s.inputPath, f.Input)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if s.Language == JSONPath {
		sc.saw(AfterInputPath, in)
	}
	sc.input = in
	g := &children{Input: in, MaxCount: -1, MaxShare: -1}
	limit, set, bad := sc.count(s.concurrency)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if limit < 0 {
		x.failed(f, sc.runtime("MaxConcurrency must be a positive integer or zero."))
		return
	}
	if set {
		sc.saw(SetConcurrency, limit)
	}
	g.Limit = concurrency(limit, s.Distributed)
	if s.Distributed {
		x.distributedMap(f, sc, g, limit)
		return
	}
	items, _, bad := sc.mapItems(s)
	if bad != nil {
		x.failed(f, bad)
		return
	}
	if s.Language == JSONPath {
		sc.saw(AfterItemsPath, items)
	}
	x.event(f, Event{Type: "MapStateStarted", Length: len(items)})
	f.Phase, f.Children = joining, g
	g.After = f.Last
	g.Items, g.Open = asItems(items, nil), len(items)
	x.next(f, s, g)
}

func concurrency(limit int64, distributed bool) int {
	most := int64(inlineConcurrency)
	if distributed {
		most = distributedConcurrency
	}
	if limit == 0 || limit > most {
		limit = most
	}
	return int(limit)
}

// asItems makes items of values; keys are nil unless they are members of an
// object.
func asItems(values []any, keys []string) []Item {
	items := make([]Item, len(values))
	for i, v := range values {
		items[i].Value = v
		if keys != nil {
			items[i].Key, items[i].Keyed = keys[i], true
		}
	}
	return items
}

// mapItems finds what a Map goes over: an array, and for a distributed Map the
// members of an object too, by key. keys are nil for an array.
func (sc *scope) mapItems(s *State) (values []any, keys []string, bad *failure) {
	v, text := sc.input, "$"
	switch {
	case s.items == nil:
	case s.Language == JSONata:
		v, bad = sc.eval(s.items)
	default:
		v, bad = sc.must(s.items.path)
		text = s.items.path.text
		if s.items.path.origin == fromContext {
			text = text[1:]
		}
	}
	if bad != nil {
		return nil, nil, bad
	}
	switch v := v.(type) {
	case []any:
		return v, nil, nil
	case map[string]any:
		if s.Distributed {
			keys = sortedKeys(v)
			values = make([]any, len(keys))
			for i, k := range keys {
				values[i] = v[k]
			}
			return values, keys, nil
		}
	}
	switch {
	case s.Language == JSONPath:
		return nil, nil, fail(errRuntime, "Reference path \""+text+"\" must point to array.")
	case s.items != nil && s.items.expr != nil:
		return nil, nil, sc.wrongType(s.items, v, "array")
	}
	return nil, nil, sc.evaluation("Items", "Map state input must be an array but was: "+typeName(v))
}

// tolerance evaluates how much of a Map may fail.
func (sc *scope) tolerance(g *children) *failure {
	s := sc.state
	count, set, f := sc.count(s.toleratedCount)
	if f != nil {
		return f
	}
	if set {
		if count < 0 {
			return sc.runtime("ToleratedFailureCount cannot be negative.")
		}
		g.MaxCount = count
		sc.saw(SetToleratedCount, count)
	}
	share, set, f := sc.number(s.toleratedShare)
	if f != nil {
		return f
	}
	if set {
		if share < 0 || share > 100 {
			return sc.runtime("ToleratedFailurePercentage must be between 0 and 100.")
		}
		g.MaxShare = share
		sc.saw(SetToleratedShare, share)
	}
	return nil
}

// startIterations starts as many iterations of an inline Map as may run.
func (x *Execution) startIterations(f *frame, s *State, g *children) *failure {
	for len(g.Items) > 0 && len(g.Running) < g.Limit {
		item := g.Items[0].at(g.Next)
		in, bad := x.selected(f, s, g, item)
		if bad != nil {
			return bad
		}
		g.take()
		c := x.newFrame(f, s.Branches[0], in)
		c.Slot, c.Item = g.Next, item
		g.Next++
		g.Running = append(g.Running, c)
		c.Last = g.After
		x.event(c, Event{Type: "MapIterationStarted", State: s.Name, Index: c.Slot})
	}
	return nil
}

// take removes the next item, and lets go of its value.
func (g *children) take() {
	g.Items[0] = Item{}
	g.Items = g.Items[1:]
}

func (i Item) at(index int) *mapItem {
	return &mapItem{Index: index, Value: i.Value, Key: i.Key, Keyed: i.Keyed, Source: i.Source}
}

// selected is what ItemSelector makes of an item, or the item.
func (x *Execution) selected(f *frame, s *State, g *children, item *mapItem) (any, *failure) {
	if s.itemSelector == nil {
		return item.Value, nil
	}
	sc := x.scope(f)
	sc.input, sc.item = g.Input, item
	return sc.eval(s.itemSelector)
}

// mapItem is $$.Map.Item.
type mapItem struct {
	Index int
	Value any
	// Key is that of a member of an object, Keyed tells that there is one.
	Key   string `json:",omitempty"`
	Keyed bool   `json:",omitempty"`
	// Source is the URI that the item was read from, "" for the state's input.
	Source string `json:",omitempty"`
}

// object is how the context object shows the item. Only that of a distributed
// Map has a source.
func (m *mapItem) object(distributed bool) map[string]any {
	o := map[string]any{"Index": json.Number(strconv.Itoa(m.Index)), "Value": m.Value}
	if m.Keyed {
		o["Key"] = m.Key
	}
	switch {
	case m.Source != "":
		o["Source"] = m.Source
	case distributed:
		o["Source"] = "STATE_DATA"
	}
	return o
}
