package config

import "github.com/goccy/go-yaml/ast"

// startOf is where a node begins: of a mapping its first key, not its colon.
func startOf(n ast.Node) Position {
	switch t := n.(type) {
	case *ast.MappingNode:
		if !t.IsFlowStyle && len(t.Values) > 0 {
			return positionOf(t.Values[0].Key.GetToken())
		}
	case *ast.MappingValueNode:
		return positionOf(t.Key.GetToken())
	}
	return positionOf(n.GetToken())
}

// unwrap looks behind anchors, aliases and tags.
func (d *decoder) unwrap(n ast.Node) ast.Node {
	for range maxNesting {
		switch t := n.(type) {
		case *ast.AnchorNode:
			d.anchors[t.Name.GetToken().Value] = t.Value
			n = t.Value
		case *ast.AliasNode:
			name := t.Value.GetToken().Value
			target, ok := d.anchors[name]
			if !ok {
				d.problem(t, "*%s: there is no anchor of that name above", name)
				return nil
			}
			n = target
		case *ast.TagNode:
			d.problem(t, "tags such as %s are not used in a definition", t.GetToken().Value)
			return nil
		default:
			return n
		}
	}
	d.problem(n, "aliases of aliases more than %d deep", maxNesting)
	return nil
}

// entry is a key with its value.
type entry struct {
	name  string
	key   ast.Node
	value ast.Node
}

// entries lists a mapping's entries: its own, then those merged with <<.
func (d *decoder) entries(n ast.Node, depth int) ([]entry, bool) {
	m, ok := n.(ast.MapNode)
	if !ok {
		return nil, false
	}
	var own, merged []entry
	seen := map[string]Position{}
	for it := m.MapRange(); it.Next(); {
		key := it.Key()
		if key.IsMergeKey() {
			if depth >= maxNesting {
				d.problem(key, "nested more than %d deep", maxNesting)
				continue
			}
			more, ok := d.merge(it.Value(), depth+1)
			if !ok {
				d.problem(key, "<< takes a mapping or an alias of one")
			}
			merged = append(merged, more...)
			continue
		}
		name, ok := keyName(key)
		if !ok {
			d.problem(key, "a key is a word")
			continue
		}
		if first, twice := seen[name]; twice {
			d.problem(key, "%s is there twice (first in line %d)", name, first.Line)
			continue
		}
		seen[name] = positionOf(key.GetToken())
		own = append(own, entry{name, key, it.Value()})
	}
	for _, e := range merged {
		if _, there := seen[e.name]; !there {
			seen[e.name] = startOf(e.key)
			own = append(own, e)
		}
	}
	return own, true
}

// merge lists what << brings in.
func (d *decoder) merge(n ast.Node, depth int) ([]entry, bool) {
	d.nodes++
	if d.nodes > maxNodes {
		return nil, true
	}
	n = d.unwrap(n)
	if n == nil {
		return nil, true
	}
	if list, ok := n.(*ast.SequenceNode); ok {
		var all []entry
		for _, item := range list.Values {
			more, ok := d.merge(item, depth+1)
			if !ok || depth > maxNesting {
				return nil, false
			}
			all = append(all, more...)
		}
		return all, true
	}
	return d.entries(n, depth)
}

// keyName is the text of a key.
func keyName(key ast.Node) (string, bool) {
	if t, ok := key.(*ast.MappingKeyNode); ok {
		key = t.Value
	}
	text, ok := scalarText(key)
	return text, ok && text != ""
}

// unwrapQuietly is unwrap without new problems.
func (d *decoder) unwrapQuietly(n ast.Node) ast.Node {
	had := len(d.problems)
	n = d.unwrap(n)
	d.problems = d.problems[:had]
	return n
}
