package asl

import "iter"

// All iterates over the states of a flow in the order of the definition, each
// followed by those of its branches.
func (f *Flow) All() iter.Seq[*State] {
	return func(yield func(*State) bool) { f.all(yield) }
}

func (f *Flow) all(yield func(*State) bool) bool {
	for _, name := range f.Names {
		s := f.States[name]
		if !yield(s) {
			return false
		}
		for _, b := range s.Branches {
			if !b.all(yield) {
				return false
			}
		}
	}
	return true
}

// Template is a Task's Parameters or Arguments as the definition has them: what
// is only known at run time stands there as a path under a name that ends in
// .$, or as {% … %}. It is nil where there are none.
func (s *State) Template() any {
	n := s.parameters
	if s.Language == JSONata {
		n = s.arguments
	}
	return n.template()
}

func (n *node) template() any {
	switch {
	case n == nil:
		return nil
	case n.path != nil:
		return n.path.text
	case n.expr != nil:
		return "{% " + n.source + " %}"
	case n.isLiteral():
		return n.literal
	}
	if n.array {
		out := make([]any, len(n.members))
		for i, m := range n.members {
			out[i] = m.template()
		}
		return out
	}
	out := make(map[string]any, len(n.members))
	for i, m := range n.members {
		name := n.keys[i]
		if m.path != nil {
			name += ".$"
		}
		out[name] = m.template()
	}
	return out
}
