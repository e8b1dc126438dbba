package asl

// batching groups items into the inputs of children.
type batching struct {
	// Items are those of the batch that is being filled, Size about its bytes.
	Items []any
	Size  int
	// Index is that of the next item.
	Index int
	// Most items and Bytes may be in a batch, 0 items for no limit.
	Most, Bytes int64
	// Shared is BatchInput, which each batch gets.
	Shared    any
	HasShared bool `json:",omitempty"`
	Base      int  // bytes of an empty batch
}

// batching evaluates an ItemBatcher.
func (sc *scope) batching() (*batching, *failure) {
	b := sc.state.batcher
	most, _, f := sc.count(b.maxItems)
	if f != nil {
		return nil, f
	}
	bytes, _, f := sc.count(b.maxBytes)
	if f != nil {
		return nil, f
	}
	if bytes <= 0 || bytes > MaxPayload {
		bytes = MaxPayload
	}
	shared, f := sc.eval(b.input)
	if f != nil {
		return nil, f
	}
	out := &batching{Most: most, Bytes: bytes, Base: 2 + len(`"Items":[]`)}
	if b.input != nil {
		out.Shared, out.HasShared = shared, true
		out.Base += size(shared, MaxPayload) + len(`"BatchInput":,`)
	}
	out.Size = out.Base
	return out, nil
}

// add puts an item into the batch. When the batch was full before, it is
// returned with the number of its items, and the item begins the next one.
func (b *batching) add(v any) (in any, n int) {
	bytes := size(v, MaxPayload) + 1
	if b.Most > 0 && int64(len(b.Items)) >= b.Most || int64(b.Size+bytes) > b.Bytes {
		in, n = b.flush()
	}
	b.Items, b.Size = append(b.Items, v), b.Size+bytes
	return in, n
}

// flush returns the batch and the number of its items, 0 for an empty one.
func (b *batching) flush() (in any, n int) {
	if len(b.Items) == 0 {
		return nil, 0
	}
	batch := map[string]any{"Items": b.Items}
	if b.HasShared {
		batch["BatchInput"] = b.Shared
	}
	n = len(b.Items)
	b.Items, b.Size = nil, b.Base
	return batch, n
}

func (b *batching) copied() *batching {
	if b == nil {
		return nil
	}
	c := *b
	return &c
}

// batches groups all items, each selected first, into the inputs of children.
func (sc *scope) batches(items []any) ([]any, *failure) {
	b, f := sc.batching()
	if f != nil {
		return nil, f
	}
	out := []any{}
	for i, v := range items {
		if sc.state.itemSelector != nil {
			one := *sc
			one.item, one.context = &mapItem{Index: i, Value: v}, nil
			if v, f = one.eval(sc.state.itemSelector); f != nil {
				return nil, f
			}
		}
		if in, n := b.add(v); n > 0 {
			out = append(out, in)
		}
	}
	if in, n := b.flush(); n > 0 {
		out = append(out, in)
	}
	return out, nil
}
